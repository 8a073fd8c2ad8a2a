//! What files are to charts and kustomizations that were rendered, and what that means for their findings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use haechi_model::{Arg, ArgValue, Finding, Location, Problem, ProblemKind, Rendered, RuleSource};
use haechi_syntax::Source;

use super::trace::Trace;
use crate::scan::{Judged, Loaded, ScanOptions, is_asked};
use crate::suppress::{self, Collected};

/// What a file is to charts and kustomizations that were rendered.
#[derive(Debug)]
pub(in crate::scan) enum Standing {
    /// Nothing went into a rendered text from it.
    Alone,
    /// It is judged in the rendered text that it went into.
    Covered,
    /// It went into a rendered text, and is judged by itself because something else that uses it was not rendered.
    Shared,
    /// It holds a kustomization that could not be rendered, and that is why.
    NotRendered(Vec<Arg>),
    /// It is no file: a program made it.
    Rendered(Box<RenderedText>),
}

/// A rendered text.
#[derive(Debug)]
pub(in crate::scan) struct RenderedText {
    /// How findings are led back.
    pub(super) trace: Trace,
    /// What was rendered.
    pub(in crate::scan) rendered: Rendered,
    /// Files that are no part of the scan, or no manifests, and that findings may point into.
    pub(in crate::scan) others: BTreeMap<Arc<str>, Arc<Source>>,
    /// The comments of the files that went into rendered texts, shared by all of these.
    pub(super) comments: Arc<Comments>,
}

/// What comments in files accept that went into rendered texts.
#[derive(Debug, Default)]
pub(super) struct Comments {
    by_file: BTreeMap<Arc<str>, Collected>,
    /// Files that are judged by themselves: what is left over in them is told there.
    judged_alone: BTreeSet<Arc<str>>,
}

impl Comments {
    /// Reads those of `files`; `judged_alone` are the paths of files that are judged by themselves.
    pub(super) fn read<'l>(
        files: impl Iterator<Item = &'l Loaded>,
        judged_alone: BTreeSet<Arc<str>>,
    ) -> Self {
        let files: BTreeMap<Arc<str>, &Loaded> = files.map(|file| (file.entry.shown.clone(), file)).collect();
        let mut by_file = BTreeMap::new();
        for (path, file) in files {
            let mut collected = Collected::default();
            for document in file.documents.iter().filter(|document| !document.comments().is_empty()) {
                collected.comments(document, &path);
            }
            by_file.insert(path, collected);
        }
        Self { by_file, judged_alone }
    }
}

impl Standing {
    /// Whether the file is judged in a rendered text.
    pub(in crate::scan) fn is_covered(&self) -> bool {
        matches!(self, Standing::Covered)
    }

    /// Leads the findings of a rendered text back to files, and takes out what comments accept there. To be done after
    /// what the text itself accepts, and before what the configuration does, see [`Standing::configured`].
    pub(in crate::scan) fn lead_back(
        &self,
        file: &Loaded,
        loaded: &[Loaded],
        options: &ScanOptions,
        judged: &mut Judged,
    ) {
        let text = match self {
            Standing::Rendered(text) => text,
            Standing::Shared => {
                // Edited, it would be another file than the one that was rendered.
                judged.findings.iter_mut().for_each(|finding| finding.fix = None);
                return;
            }
            Standing::Alone | Standing::Covered | Standing::NotRendered(_) => return,
        };
        for finding in all_findings(judged) {
            // What was rendered cannot be edited, and what it was made of may serve others.
            finding.fix = None;
            if let Some(location) = text.trace.back(finding, file, loaded) {
                finding.location = location;
            }
        }
        let mut by_file: BTreeMap<Arc<str>, Vec<Finding>> = BTreeMap::new();
        for finding in judged.findings.drain(..) {
            by_file.entry(finding.location.path.clone()).or_default().push(finding);
        }
        for (path, mut findings) in by_file {
            if let Some(collected) = text.comments.by_file.get(&path) {
                let mut used = vec![false; collected.suppressions.len()];
                let accepted =
                    suppress::apply(&mut findings, &collected.suppressions, &mut used, &options.today);
                judged.suppressed.extend(accepted);
                judged.used_comments.insert(path, used);
            }
            judged.findings.append(&mut findings);
        }
    }

    /// Runs `suppress`, for which a rendered text is the file that says what to render: its own path is no file's.
    pub(in crate::scan) fn configured(
        &self,
        file: &Loaded,
        judged: &mut Judged,
        suppress: impl FnOnce(&mut Judged),
    ) {
        let Standing::Rendered(text) = self else { return suppress(judged) };
        let (own, from) = (&file.entry.shown, &text.rendered.from);
        let rename = |judged: &mut Judged, old: &Arc<str>, new: &Arc<str>| {
            for finding in all_findings(judged).filter(|finding| finding.location.path == *old) {
                finding.location.path = new.clone();
            }
        };
        rename(judged, own, from);
        suppress(judged);
        rename(judged, from, own);
    }

    /// Says of a kustomization why it was not rendered.
    pub(in crate::scan) fn name_failure(&self, judged: &mut Judged) {
        let Standing::NotRendered(args) = self else { return };
        let engine = ArgValue::from("kustomize");
        let is_kustomization = |problem: &&mut Problem| {
            problem.kind == ProblemKind::Template && problem.args.iter().any(|arg| arg.value == engine)
        };
        if let Some(problem) = judged.problems.iter_mut().find(is_kustomization) {
            problem.kind = ProblemKind::NotRendered;
            problem.args.clone_from(args);
        }
    }
}

fn all_findings(judged: &mut Judged) -> impl Iterator<Item = &mut Finding> {
    judged.findings.iter_mut().chain(judged.suppressed.iter_mut().map(|accepted| &mut accepted.finding))
}

/// Comments that nothing needed, and those that were refused, in files that are judged as rendered.
pub(in crate::scan) fn leftover_comments(
    loaded: &[Loaded],
    judged: &[Judged],
    options: &ScanOptions,
) -> Vec<Problem> {
    let text = loaded.iter().find_map(|file| match &file.standing {
        Standing::Rendered(text) => Some(text),
        _ => None,
    });
    let Some(comments) = text.map(|text| &text.comments) else { return Vec::new() };
    // A finding that could not be led back may be the one that a comment meant.
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for (file, judged) in loaded.iter().zip(judged) {
        let own = judged.findings.iter().filter(|finding| finding.location.path == file.entry.shown);
        open.extend(
            own.filter(|_| matches!(file.standing, Standing::Rendered(_))).map(|it| it.rule.as_ref()),
        );
    }
    let is_open = |rule: &str| open.contains(rule.rsplit('/').next().unwrap_or(rule)) || open.contains(rule);
    let mut problems = Vec::new();
    for (path, collected) in &comments.by_file {
        if comments.judged_alone.contains(path) {
            continue;
        }
        let mut used = vec![false; collected.suppressions.len()];
        for here in judged.iter().filter_map(|judged| judged.used_comments.get(path)) {
            for (used, here) in used.iter_mut().zip(here) {
                *used |= here;
            }
        }
        let is_asked = |rule: &str| is_asked(rule, options) && !is_open(rule);
        problems.extend(suppress::leftovers(&collected.suppressions, &used, &options.today, is_asked));
        problems.extend(collected.problems.iter().cloned());
    }
    problems
}

/// What was told of places in files, so that it is not told again for each text that they went into.
#[derive(Debug, Default)]
pub(in crate::scan) struct Told(BTreeSet<(Key, bool)>);

/// Rule, place, and what the message says.
type Key = (RuleSource, String, Location, Vec<Arg>);

impl Told {
    /// Takes out what was told before of a file. `rendered` is the path of the text that the findings are of; the
    /// findings of a file itself stay.
    pub(in crate::scan) fn tell_once(&mut self, judged: &mut Judged, rendered: Option<&Arc<str>>) {
        let mut is_new = |finding: &Finding, is_accepted: bool| {
            if rendered == Some(&finding.location.path) {
                return true;
            }
            let location = finding.location.clone();
            let key = (finding.source, finding.rule.to_string(), location, finding.args.clone());
            self.0.insert((key, is_accepted)) || rendered.is_none()
        };
        judged.findings.retain(|finding| is_new(finding, false));
        judged.suppressed.retain(|accepted| is_new(&accepted.finding, true));
    }
}
