//! Charts and kustomizations, rendered by the programs that exist for that, and findings led back to what people wrote.
//!
//! ```text
//! files ─► plan (what belongs to what, what would be fetched) ─► helm / kubectl kustomize ─► Loaded + Trace
//!                                                judge ─► Finding in the rendered text ─► Trace ─► Finding in a file
//! ```
//!
//! A kustomization that another one uses is not rendered by itself, nor is a chart in another chart. Files that went into a
//! rendered text are not judged by themselves, unless something else that uses them could not be rendered.

mod helm;
mod kustomization;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use haechi_model::{Arg, ArgValue, Finding, Location, Problem, ProblemKind, Rendered, RuleSource};
use haechi_sources::{Chart, Discovery, RenderBounds, RenderError, find_program};
use haechi_syntax::{Limits, Source};

use super::{
    Judged, Loaded, ScanOptions, in_parallel, is_asked, number, suppress_configured, suppress_written, text,
};
use crate::suppress::{self, Collected};
use kustomization::Kustomizations;
use trace::Trace;

/// How charts and kustomizations are rendered.
#[derive(Debug, Clone, Default)]
pub struct RenderOptions {
    /// Where the programs are looked for, as the `PATH` variable is written.
    pub search_path: OsString,
    /// Files with values for charts; the last one counts.
    pub helm_values: Vec<PathBuf>,
    /// What bounds each run.
    pub bounds: RenderBounds,
}

/// What became of the charts and kustomizations of a scan.
#[derive(Debug, Default)]
pub(super) struct Rendering {
    /// The rendered texts, read as if they were files; taken out to stand behind the files of the scan.
    pub(super) files: Vec<Loaded>,
    /// How to lead findings of each of them back.
    pub(super) traces: Vec<Trace>,
    /// Which files of the scan went into a rendered text and are judged there.
    pub(super) covered: BTreeSet<usize>,
    /// Why the kustomization in a file of the scan was not rendered.
    pub(super) failures: BTreeMap<usize, Vec<Arg>>,
    /// What locations in rendered texts refer to.
    pub(super) rendered: BTreeMap<Arc<str>, Rendered>,
    /// Files that are no part of the scan, or no manifests, and that findings may point into.
    pub(super) others: BTreeMap<Arc<str>, Arc<Source>>,
    /// What comments in the files accept that are judged as rendered.
    comments: BTreeMap<Arc<str>, Collected>,
    /// Files of the scan that are judged by themselves.
    judged_alone: BTreeSet<Arc<str>>,
}

/// Why something was not rendered.
#[derive(Debug, Clone)]
enum Failure {
    Missing(&'static str),
    Network(String),
    Run(&'static str, RunFailure),
}

#[derive(Debug, Clone)]
enum RunFailure {
    Said(String),
    TooLong(f32),
    TooLarge(usize),
}

impl Failure {
    fn said(program: &'static str, said: impl Into<String>) -> Self {
        Failure::Run(program, RunFailure::Said(said.into()))
    }

    fn of_run(program: &'static str, error: RenderError) -> Self {
        let failure = match error {
            RenderError::Failed { said } => RunFailure::Said(reason(&said)),
            RenderError::Start(error) => RunFailure::Said(error.to_string()),
            RenderError::TooLong(wall) => RunFailure::TooLong(wall.as_secs_f32()),
            RenderError::TooLarge(limit) => RunFailure::TooLarge(limit),
        };
        Failure::Run(program, failure)
    }

    fn args(&self, engine: &'static str) -> Vec<Arg> {
        let mut args = vec![text("engine", engine)];
        match self {
            Failure::Missing(program) => {
                args.extend([text("reason", "missing"), text("program", *program)]);
            }
            Failure::Network(reference) => {
                args.extend([text("reason", "network"), text("reference", reference.clone())]);
            }
            Failure::Run(program, failure) => {
                args.push(text("program", *program));
                args.extend(match failure {
                    RunFailure::Said(said) => {
                        let short: String = said.chars().take(SAID_CHARS).collect();
                        [text("reason", "failed"), text("said", short)]
                    }
                    RunFailure::TooLong(seconds) => {
                        [text("reason", "timeout"), text("seconds", seconds.to_string())]
                    }
                    RunFailure::TooLarge(limit) => [text("reason", "output"), number("limit", *limit as u64)],
                });
            }
        }
        args
    }
}

/// What a program said, in one line: without warnings, the header of its log, and the way that kustomize took to the place
/// where it failed.
fn reason(said: &str) -> String {
    let is_warning = |line: &&str| line.starts_with("# Warning") || line.starts_with("WARNING");
    let lines: Vec<&str> = said.lines().filter(|line| !is_warning(line)).collect();
    let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
    let line = words.join(" ");
    let mut reason = line.as_str();
    if let Some((_, logged)) = reason.split_once("\"command failed\" err=\"") {
        reason = logged.strip_suffix('"').unwrap_or(logged);
    }
    if let Some((_, last)) = reason.rsplit_once("recursed accumulation of path '") {
        reason = last.split_once("': ").map_or(last, |(_, reason)| reason);
    }
    for prefix in ["error: ", "Error: "] {
        reason = reason.strip_prefix(prefix).unwrap_or(reason);
    }
    reason.to_owned()
}

/// How much of what a program said is told.
const SAID_CHARS: usize = 1000;

/// A program that renders.
#[derive(Debug, Clone)]
struct Renderer {
    /// The name that users know it by.
    name: &'static str,
    path: PathBuf,
    /// What goes before the arguments of ours.
    command: &'static str,
}

/// What is rendered.
enum Job<'j> {
    Kustomization(&'j kustomization::Plan),
    Chart(&'j Chart),
}

/// A rendered text on its way into the scan.
struct Product {
    file: Loaded,
    trace: Trace,
    rendered: Rendered,
    others: BTreeMap<Arc<str>, Arc<Source>>,
}

impl Rendering {
    /// Renders what the scan holds. Problems of charts that are rendered are taken out of `discovery`.
    pub(super) fn of(
        loaded: &[Loaded],
        discovery: &mut Discovery,
        options: &ScanOptions,
        render: &RenderOptions,
    ) -> Self {
        let scan = Scan::new(loaded, &options.limits);
        let kustomizations = Kustomizations::of(&scan);
        let charts = helm::roots(&discovery.charts);
        let jobs: Vec<Job<'_>> = (kustomizations.plans.iter().map(Job::Kustomization))
            .chain(charts.iter().map(|chart| Job::Chart(chart)))
            .collect();
        let kustomize = renderer(
            &[("kubectl", "kubectl kustomize", "kustomize"), ("kustomize", "kustomize build", "build")],
            render,
        );
        let helm = renderer(&[("helm", "helm template", "template")], render);
        let products = in_parallel(jobs, options.threads, |job| match job {
            Job::Kustomization(plan) => kustomization::render(plan, &scan, kustomize.as_ref(), render),
            Job::Chart(chart) => helm::render(chart, helm.as_ref(), render, &options.limits),
        });

        let mut rendering = Self::default();
        let mut products = products.into_iter();
        let mut used_by_failed = BTreeSet::new();
        for (plan, product) in kustomizations.plans.iter().zip(products.by_ref()) {
            match product {
                Ok(product) => {
                    rendering.covered.extend(&plan.files);
                    rendering.add(product);
                }
                Err(failure) => {
                    rendering.failures.insert(plan.root, failure.args("kustomize"));
                    used_by_failed.extend(&plan.files);
                }
            }
        }
        for at in used_by_failed {
            rendering.covered.remove(at);
        }
        for (chart, product) in charts.iter().zip(products) {
            match product {
                Ok(product) => {
                    let within = helm::parts(chart, &discovery.charts);
                    let is_rendered = |problem: &Problem| {
                        problem.kind == ProblemKind::Template && within.contains(&problem.path)
                    };
                    discovery.problems.retain(|problem| !is_rendered(problem));
                    rendering.add(product);
                }
                Err(failure) => {
                    let is_own = |problem: &&mut Problem| {
                        problem.kind == ProblemKind::Template && problem.path == chart.shown
                    };
                    if let Some(problem) = discovery.problems.iter_mut().find(is_own) {
                        problem.kind = ProblemKind::NotRendered;
                        problem.args = failure.args("helm");
                    }
                }
            }
        }
        rendering.read_comments(&scan);
        rendering
    }

    fn add(&mut self, product: Product) {
        self.rendered.insert(product.file.entry.shown.clone(), product.rendered);
        self.others.extend(product.others);
        self.files.push(product.file);
        self.traces.push(product.trace);
    }

    /// The comments of files that findings may be led back to, and of those that are judged as rendered.
    fn read_comments(&mut self, scan: &Scan<'_>) {
        let all = self.traces.iter().flat_map(|trace| trace.files(scan.loaded));
        let covered = self.covered.iter().filter_map(|at| scan.loaded.get(*at));
        let files: BTreeMap<Arc<str>, &Loaded> =
            all.chain(covered).map(|file| (file.entry.shown.clone(), file)).collect();
        for (path, file) in files {
            let mut collected = Collected::default();
            for document in file.documents.iter().filter(|document| !document.comments().is_empty()) {
                collected.comments(document, &path);
            }
            self.comments.insert(path, collected);
        }
        // Where a file is judged by itself as well, its mistakes and what is left over are told there.
        let is_whole = |(at, _): &(usize, &Loaded)| !self.covered.contains(at);
        let whole = scan.loaded.iter().enumerate().filter(is_whole);
        self.judged_alone = whole.map(|(_, file)| file.entry.shown.clone()).collect();
    }

    /// Leads the findings of a rendered text back, and takes out what is accepted: by annotations and comments of the
    /// rendered text, by comments where a finding was led back to, by the configuration.
    pub(super) fn settle(
        &self,
        file: &Loaded,
        trace: &Trace,
        scanned: Option<&[Loaded]>,
        options: &ScanOptions,
        judged: &mut Judged,
    ) {
        let label = &file.entry.shown;
        suppress_written(file, options, judged);
        let all = judged.findings.iter_mut().chain(judged.suppressed.iter_mut().map(|it| &mut it.finding));
        for finding in all {
            // What was rendered cannot be edited, and what it was made of may serve others.
            finding.fix = None;
            if let Some(location) = trace.back(finding, file, scanned.unwrap_or_default()) {
                finding.location = location;
            }
        }
        let mut by_file: BTreeMap<Arc<str>, Vec<Finding>> = BTreeMap::new();
        for finding in judged.findings.drain(..) {
            by_file.entry(finding.location.path.clone()).or_default().push(finding);
        }
        for (path, mut findings) in by_file {
            if let Some(collected) = self.comments.get(&path) {
                let mut used = vec![false; collected.suppressions.len()];
                let accepted =
                    suppress::apply(&mut findings, &collected.suppressions, &mut used, &options.today);
                judged.suppressed.extend(accepted);
                judged.used_comments.insert(path, used);
            }
            judged.findings.append(&mut findings);
        }
        // For the configuration a rendered text is the file that says what to render.
        let from = self.rendered.get(label).map_or(label, |rendered| &rendered.from);
        let rename = |judged: &mut Judged, old: &Arc<str>, new: &Arc<str>| {
            let accepted = judged.suppressed.iter_mut().map(|accepted| &mut accepted.finding);
            for finding in judged.findings.iter_mut().chain(accepted) {
                if finding.location.path == *old {
                    finding.location.path = new.clone();
                }
            }
        };
        rename(judged, label, from);
        suppress_configured(options, judged);
        rename(judged, from, label);
    }

    /// Comments that nothing needed, and those that were refused, in files that are judged as rendered.
    pub(super) fn leftover_comments(&self, judged: &[Judged], options: &ScanOptions) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (path, collected) in &self.comments {
            if self.judged_alone.contains(path) {
                continue;
            }
            let mut used = vec![false; collected.suppressions.len()];
            for here in judged.iter().filter_map(|judged| judged.used_comments.get(path)) {
                for (used, here) in used.iter_mut().zip(here) {
                    *used |= here;
                }
            }
            // A finding that could not be led back may be the one that was meant.
            let is_open = |rule: &str| {
                let mut all = judged.iter().flat_map(|judged| &judged.findings);
                all.any(|finding| {
                    self.rendered.contains_key(&finding.location.path)
                        && rule.ends_with(finding.rule.as_ref())
                })
            };
            let is_asked = |rule: &str| is_asked(rule, options) && !is_open(rule);
            problems.extend(suppress::leftovers(&collected.suppressions, &used, &options.today, is_asked));
            problems.extend(collected.problems.iter().cloned());
        }
        problems
    }

    /// Says of a kustomization why it was not rendered.
    pub(super) fn name_failure(&self, at: usize, judged: &mut Judged) {
        let Some(args) = self.failures.get(&at) else { return };
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

/// What was told of places in files, so that it is not told again for each text that they went into.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeSet<(Key, bool)>);

/// Rule, place, and what the message says.
type Key = (RuleSource, String, Location, Vec<Arg>);

impl Told {
    /// Takes out what was told before; `is_written` if the findings are those of a file as it stands.
    pub(super) fn tell_once(&mut self, judged: &mut Judged, is_written: bool, path: &Arc<str>) {
        let mut is_new = |finding: &Finding, is_accepted: bool| {
            if !is_written && finding.location.path == *path {
                return true;
            }
            let location = finding.location.clone();
            let key = (finding.source, finding.rule.to_string(), location, finding.args.clone());
            self.0.insert((key, is_accepted)) || is_written
        };
        judged.findings.retain(|finding| is_new(finding, false));
        judged.suppressed.retain(|accepted| is_new(&accepted.finding, true));
    }
}

fn renderer(
    known: &[(&'static str, &'static str, &'static str)],
    render: &RenderOptions,
) -> Option<Renderer> {
    known.iter().find_map(|(file, name, command)| {
        Some(Renderer { name, path: find_program(file, &render.search_path)?, command })
    })
}

/// The path that stands for the rendered text of a folder.
fn label(folder: &str) -> Arc<str> {
    format!("{folder} (rendered)").into()
}

/// The files of a scan, by their paths without symbolic links.
struct Scan<'s> {
    loaded: &'s [Loaded],
    by_path: BTreeMap<PathBuf, usize>,
    limits: &'s Limits,
}

impl<'s> Scan<'s> {
    fn new(loaded: &'s [Loaded], limits: &'s Limits) -> Self {
        let canonical = |(at, file): (usize, &Loaded)| Some((file.entry.path.canonicalize().ok()?, at));
        Self { loaded, by_path: loaded.iter().enumerate().filter_map(canonical).collect(), limits }
    }
}

impl Failure {
    /// Names folders in what a program said as the user would.
    fn in_words_of_the_user(self, names: &[(&str, &str)]) -> Self {
        match self {
            Failure::Run(program, RunFailure::Said(mut said)) => {
                for (theirs, ours) in names {
                    said = said.replace(theirs, ours);
                }
                Failure::Run(program, RunFailure::Said(said))
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn what_a_program_says_is_told_without_what_surrounds_it() {
        let said = "# Warning: 'vars' is deprecated.\nE1122 15:49:06.5 316 run.go:72] \"command failed\" err=\"accumulating: \
                    recursed accumulation of path '/a': accumulating: recursed accumulation of path '/a/b': no such \
                    file\"";
        assert_eq!(reason(said), "no such file");
        assert_eq!(
            reason("Error: library charts\n  are not installable\n"),
            "library charts are not installable"
        );
    }
}
