//! Applies the fixes that findings carry, until nothing more can be fixed.
//!
//! ```text
//! files ─► judge ─► fixes that are wanted ─► those that do not meet ─► edit ─► read again ─► judge again ─┐
//!             ▲                                                                     │ otherwise than meant │
//!             └──────────────────────── until none is left ◄──────────────── the file stays as it was ◄────┘
//! ```
//!
//! Invariants:
//! - a file is changed as a whole or not at all: if one edit reads otherwise than meant, leaves its finding in place or
//!   makes a part of the file unreadable, the file stays as it was and a problem tells why;
//! - only findings that count are fixed: not what is accepted, known or below the severity that is looked at;
//! - nothing of a file changes but what the fixes say, comments and line ends included;
//! - one file is written at a time, whole, and only if it still is what was scanned.

mod diff;
mod select;
mod write;

pub use diff::write_diff;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use haechi_model::{Alteration, Finding, Fingerprint, Fix, FixSafety, Position, Problem, ProblemKind, Span};
use haechi_syntax::{Source, edit};

use crate::scan::{
    Judged, Loaded, ScanOptions, Scanned, assemble, judge_some, load_text, report_order, sort_problems, text,
};
use select::Selected;
pub(crate) use select::keep_whole;

/// Fixes of findings make room for others; so many times at most.
const ROUNDS: usize = 64;

/// Which fixes are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixOptions {
    /// Also those that may change how a workload runs.
    pub with_unsafe: bool,
    /// Whether files are written; otherwise the result tells what would be.
    pub write: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Fixed {
    /// What is left, and what was fixed.
    pub scanned: Scanned,
    /// The files that changed, or would.
    pub changed: Vec<Changed>,
    /// Standard input, where it was among the files and could be read, fixed or as it was.
    pub input: Option<Vec<u8>>,
}

/// Why a file is left as it is. The names are those of the message's variants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unreadable,
    Template,
    SymbolicLink,
    HardLink,
    ReadOnly,
    Changed,
    Owner,
    NotAsIntended,
    NotClean(String),
    NotStable,
    NewProblem,
    /// What the system said.
    Write(String),
}

impl Refusal {
    fn problem(&self, path: &Arc<str>) -> Problem {
        let why = match self {
            Refusal::Unreadable => "unreadable",
            Refusal::Template => "template",
            Refusal::SymbolicLink => "symbolic-link",
            Refusal::HardLink => "hard-link",
            Refusal::ReadOnly => "read-only",
            Refusal::Changed => "changed",
            Refusal::Owner => "owner",
            Refusal::NotAsIntended => "not-as-intended",
            Refusal::NotClean(_) => "not-clean",
            Refusal::NotStable => "not-stable",
            Refusal::NewProblem => "new-problem",
            Refusal::Write(_) => "write",
        };
        let mut args = vec![text("why", why)];
        match self {
            Refusal::NotClean(rule) => args.push(text("rule", rule.clone())),
            Refusal::Write(detail) => args.push(text("detail", detail.clone())),
            _ => {}
        }
        Problem { kind: ProblemKind::FixRefused, path: path.clone(), position: None, args }
    }
}

/// A file that fixes change.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The path to open; `-` is standard input.
    pub path: PathBuf,
    /// The path as findings name it.
    pub shown: Arc<str>,
    /// The text that was scanned.
    pub before: Arc<Source>,
    /// The text after all fixes.
    pub after: Arc<Source>,
}

/// Which of the findings, given in the order of the report, count: accepted ones are not among them, but known and mild
/// ones are.
pub type Counts<'c> = &'c dyn Fn(&[&Finding]) -> Vec<bool>;

/// Files on their way to being fixed.
pub(crate) struct Fixing<'o> {
    options: &'o ScanOptions,
    fix: FixOptions,
    counts: Counts<'o>,
    /// What the user named: links below these are not followed.
    roots: Vec<PathBuf>,
    /// The files as they would be.
    files: Vec<Loaded>,
    judged: Vec<Judged>,
    /// What is known of the fixing of each file.
    states: Vec<State>,
}

/// One file's way.
#[derive(Debug, Default)]
struct State {
    /// The file as it was scanned, once it is changed.
    original: Option<Loaded>,
    /// The edits of each round, in the text before that round.
    rounds: Vec<Vec<(Span, u32)>>,
    /// What was fixed so far, placed in the text that was scanned.
    applied: Vec<Finding>,
    /// How many findings like those that were fixed may be left.
    left: BTreeMap<(String, Fingerprint), usize>,
    /// How many problems made the file incomplete before.
    incomplete: Option<usize>,
    refused: Option<Refusal>,
}

impl<'o> Fixing<'o> {
    /// Judges the files. `roots` are the paths that the user named.
    pub(crate) fn new(
        files: Vec<Loaded>,
        roots: &[PathBuf],
        options: &'o ScanOptions,
        fix: FixOptions,
        counts: Counts<'o>,
    ) -> Self {
        let all = vec![true; files.len()];
        let judged = judge_some(&files, &all, options, &|| {}).into_iter().flatten().collect();
        let states = files.iter().map(|_| State::default()).collect();
        let roots = roots.iter().map(|root| write::literal_part(root)).collect();
        Self { options, fix, counts, roots, files, judged, states }
    }

    /// Fixes what can be fixed, in memory. Returns how the findings that counted at the beginning were.
    pub(crate) fn run(&mut self) -> Vec<Finding> {
        let at_first: Vec<Finding> = self.wanted(|_| true).into_iter().flatten().collect();
        let mut is_whole = true;
        for round in 0.. {
            let groups = self.wanted(|finding| finding.fix.is_some());
            let mut touched: Vec<bool> = vec![false; self.files.len()];
            for (at, findings) in groups.into_iter().enumerate() {
                let Some(selected) = self.select(at, findings) else { continue };
                if let Some(touched) = touched.get_mut(at) {
                    *touched = true;
                }
                if round >= ROUNDS {
                    self.refuse(at, Refusal::NotStable);
                } else {
                    self.apply(at, selected);
                }
            }
            if touched.contains(&true) {
                self.judge_again(&touched);
                is_whole = false;
            } else if is_whole {
                return at_first;
            } else {
                // A file may matter for what is found in another.
                touched.fill(true);
                self.judge_again(&touched);
                is_whole = true;
            }
        }
        at_first
    }

    /// The findings that count and that this run may fix, by file.
    fn wanted(&self, is_wanted: impl Fn(&Finding) -> bool) -> Vec<Vec<Finding>> {
        let mut all: Vec<(usize, &Finding)> = self
            .judged
            .iter()
            .enumerate()
            .flat_map(|(at, judged)| judged.findings.iter().map(move |finding| (at, finding)))
            .collect();
        all.sort_by(|(_, a), (_, b)| report_order(a, b));
        let findings: Vec<&Finding> = all.iter().map(|(_, finding)| *finding).collect();
        let counts = (self.counts)(&findings);
        let mut groups: Vec<Vec<Finding>> = self.files.iter().map(|_| Vec::new()).collect();
        for ((at, finding), counts) in all.into_iter().zip(counts) {
            let is_open = self.states.get(at).is_some_and(|state| state.refused.is_none());
            if let Some(group) = groups.get_mut(at).filter(|_| counts && is_open && is_wanted(finding)) {
                group.push(finding.clone());
            }
        }
        groups
    }

    /// Fixes of a file that can be applied together; nothing where there is none, or the file must stay as it is.
    fn select(&mut self, at: usize, mut findings: Vec<Finding>) -> Option<Selected> {
        let with_unsafe = self.fix.with_unsafe;
        let is_wanted = |fix: &Fix| with_unsafe || fix.safety == FixSafety::Safe;
        findings.retain(|finding| finding.fix.as_ref().is_some_and(is_wanted));
        select::keep_whole(&mut findings);
        let selected = select::together(findings)?;
        let (file, judged, state) = (self.files.get(at)?, self.judged.get(at)?, self.states.get_mut(at)?);
        if state.original.is_none() {
            let link = || write::is_behind_link(&file.entry, &self.roots).then_some(Refusal::SymbolicLink);
            let write = || if self.fix.write { write::refusal(&file.entry) } else { None };
            let refusal = file.refusal(judged).or_else(link).or_else(write);
            if let Some(refusal) = refusal {
                state.refused = Some(refusal);
                return None;
            }
            state.incomplete = Some(incomplete(file, judged));
        }
        Some(selected)
    }

    /// Edits a file in memory and holds what comes out against what was meant.
    fn apply(&mut self, at: usize, selected: Selected) {
        let Some(file) = self.files.get(at) else { return };
        match edited(file, &selected, self.options) {
            Ok(after) => {
                let (Some(file), Some(state)) = (self.files.get_mut(at), self.states.get_mut(at)) else {
                    return;
                };
                let before = std::mem::replace(file, after);
                let mut fixed = selected.fixed;
                let here = self.judged.get(at).map(|judged| counts(&judged.findings)).unwrap_or_default();
                for (key, gone) in counts(&fixed) {
                    let left = here.get(&key).copied().unwrap_or(0).saturating_sub(gone);
                    state.left.insert(key, left);
                }
                fixed.iter_mut().for_each(|finding| {
                    let source = state.original.as_ref().unwrap_or(&before).source.as_deref();
                    state.rounds.iter().rev().for_each(|edits| to_before(finding, edits));
                    set_positions(finding, source);
                    // Edits speak of a text that may never have been written.
                    finding.fix.iter_mut().for_each(|fix| fix.edits.clear());
                });
                state.applied.extend(fixed);
                let lengths = selected.edits.iter();
                let lengths = lengths.map(|edit| (edit.span, u32::try_from(edit.text.len()).unwrap_or(0)));
                state.rounds.push(lengths.collect());
                state.original.get_or_insert(before);
            }
            Err(refusal) => self.refuse(at, refusal),
        }
    }

    /// Judges changed files; one that is not better than before stays as it was.
    fn judge_again(&mut self, which: &[bool]) {
        self.judge(which);
        let mut reverted = vec![false; self.files.len()];
        for at in 0..self.files.len() {
            if let Some(refusal) = self.fault(at)
                && let Some(reverted) = reverted.get_mut(at)
            {
                *reverted = true;
                self.refuse(at, refusal);
            }
        }
        let refused_before =
            self.states.iter().zip(which).map(|(state, touched)| *touched && state.refused.is_some());
        for (reverted, refused) in reverted.iter_mut().zip(refused_before) {
            *reverted |= refused;
        }
        if reverted.contains(&true) {
            self.judge(&reverted);
        }
    }

    fn judge(&mut self, which: &[bool]) {
        let judged = judge_some(&self.files, which, self.options, &|| {});
        for (old, new) in self.judged.iter_mut().zip(judged) {
            if let Some(new) = new {
                *old = new;
            }
        }
    }

    /// What is wrong with a changed file.
    fn fault(&self, at: usize) -> Option<Refusal> {
        let (file, judged, state) = (self.files.get(at)?, self.judged.get(at)?, self.states.get(at)?);
        state.original.as_ref()?;
        if state.incomplete.is_some_and(|before| incomplete(file, judged) > before) {
            return Some(Refusal::NewProblem);
        }
        let now = counts(&judged.findings);
        let back = state.left.iter().find(|(key, left)| now.get(*key).is_some_and(|now| now > *left));
        back.map(|((rule, _), _)| Refusal::NotClean(rule.clone()))
    }

    /// Leaves a file as it was scanned.
    fn refuse(&mut self, at: usize, refusal: Refusal) {
        let (Some(file), Some(state)) = (self.files.get_mut(at), self.states.get_mut(at)) else { return };
        if let Some(original) = state.original.take() {
            *file = original;
        }
        state.rounds.clear();
        state.applied.clear();
        state.left.clear();
        state.refused = Some(refusal);
    }

    /// The files that fixes change.
    pub(crate) fn changed(&self) -> Vec<Changed> {
        let files = self.files.iter().zip(&self.states);
        let changed = files.filter_map(|(file, state)| {
            let before = state.original.as_ref()?.source.clone()?;
            let (path, shown) = (file.entry.path.clone(), file.entry.shown.clone());
            Some(Changed { path, shown, before, after: file.source.clone()? })
        });
        changed.collect()
    }

    /// Writes the changed files; one that cannot be written stays as it was.
    pub(crate) fn write(&mut self) {
        let mut reverted = vec![false; self.files.len()];
        for at in 0..self.files.len() {
            let (Some(file), Some(state)) = (self.files.get(at), self.states.get(at)) else { continue };
            let before = state.original.as_ref().and_then(|original| original.source.as_deref());
            let (Some(before), Some(after)) = (before, file.source.as_deref()) else { continue };
            if file.is_standard_input() {
                continue;
            }
            if let Err(refusal) = write::write(&file.entry.path, before.text(), after.text()) {
                self.refuse(at, refusal);
                if let Some(reverted) = reverted.get_mut(at) {
                    *reverted = true;
                }
            }
        }
        if reverted.contains(&true) {
            // What the file would have changed may matter for others.
            reverted.fill(true);
            self.judge(&reverted);
        }
    }

    /// The report on what is left, and what was fixed: `at_first` is what [`Fixing::run`] gave.
    pub(crate) fn finish(self, problems: Vec<Problem>, at_first: Vec<Finding>) -> Scanned {
        let mut fixed = Vec::new();
        let mut refused = Vec::new();
        for (at, state) in self.states.into_iter().enumerate() {
            let (Some(file), Some(judged)) = (self.files.get(at), self.judged.get(at)) else { continue };
            refused.extend(state.refused.map(|refusal| refusal.problem(&file.entry.shown)));
            if state.original.is_none() {
                continue;
            }
            let gone = gone(&at_first, &file.entry.shown, judged, &state.applied);
            fixed.extend(gone);
            fixed.extend(state.applied);
        }
        fixed.sort_by(report_order);
        let mut scanned = assemble(problems, self.files, self.judged, self.options);
        scanned.report.fixed = fixed;
        scanned.report.problems.extend(refused);
        sort_problems(&mut scanned.report.problems);
        scanned
    }
}

/// What counted at first and is gone, although no fix of its own was applied: one for another finding was enough. What
/// is found elsewhere in the object now (a key has another name, say) is not gone.
fn gone(at_first: &[Finding], path: &str, judged: &Judged, applied: &[Finding]) -> Vec<Finding> {
    let mut gone: Vec<&Finding> =
        at_first.iter().filter(|finding| finding.location.path.as_ref() == path).collect();
    let mut left: Vec<&Finding> = judged.findings.iter().chain(applied).collect();
    cancel(&mut gone, &mut left, key);
    cancel(&mut gone, &mut left, |finding| (&finding.rule, &finding.resource, &finding.args));
    gone.into_iter().map(|finding| Finding { fix: None, ..finding.clone() }).collect()
}

/// Takes pairs of equal keys out of both.
fn cancel<'f, K: Ord>(
    one: &mut Vec<&'f Finding>,
    other: &mut Vec<&'f Finding>,
    key: impl Fn(&'f Finding) -> K,
) {
    let mut counts: BTreeMap<K, usize> = BTreeMap::new();
    for finding in other.iter() {
        *counts.entry(key(finding)).or_default() += 1;
    }
    let mut cancelled: BTreeMap<K, usize> = BTreeMap::new();
    one.retain(|finding| match counts.get_mut(&key(finding)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            *cancelled.entry(key(finding)).or_default() += 1;
            false
        }
        _ => true,
    });
    other.retain(|finding| match cancelled.get_mut(&key(finding)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
}

fn key(finding: &Finding) -> (String, Fingerprint) {
    (finding.rule.to_string(), finding.fingerprint)
}

/// How many findings of each identity there are.
fn counts(findings: &[Finding]) -> BTreeMap<(String, Fingerprint), usize> {
    let mut counts = BTreeMap::new();
    findings.iter().for_each(|finding| *counts.entry(key(finding)).or_default() += 1);
    counts
}

/// How many problems keep a file from being judged as a whole.
fn incomplete(file: &Loaded, judged: &Judged) -> usize {
    file.problems.iter().chain(&judged.problems).filter(|problem| problem.kind.is_incomplete()).count()
}

/// The file after the edits, if it reads as was meant.
fn edited(file: &Loaded, selected: &Selected, options: &ScanOptions) -> Result<Loaded, Refusal> {
    let source = file.source.as_deref().ok_or(Refusal::Unreadable)?;
    let text = edit::apply(source.text(), &selected.edits).ok_or(Refusal::NotAsIntended)?;
    let after = load_text(file.entry.clone(), text.as_bytes(), &options.limits);
    let alterations: Vec<&Alteration> = selected.alterations.iter().collect();
    let is_meant = edit::verify(&file.documents, &after.documents, &alterations).is_ok();
    if is_meant && after.problems.is_empty() { Ok(after) } else { Err(Refusal::NotAsIntended) }
}

/// Moves the place of a finding from the text after some edits to the text before them.
fn to_before(finding: &mut Finding, edits: &[(Span, u32)]) {
    let span = finding.location.span;
    finding.location.span = Span::new(offset_before(span.start, edits), offset_before(span.end, edits));
}

/// Where an offset was before the edits; what they inserted was nowhere, and takes the place where it was inserted.
fn offset_before(offset: u32, edits: &[(Span, u32)]) -> u32 {
    let (mut removed, mut inserted) = (0, 0);
    for (span, len) in edits {
        let start = span.start + inserted - removed;
        if offset < start {
            break;
        }
        if offset < start + len {
            return span.start;
        }
        removed += span.len();
        inserted += len;
    }
    offset + removed - inserted
}

fn set_positions(finding: &mut Finding, source: Option<&Source>) {
    let at = |offset| source.map_or(Position { line: 1, column: 1 }, |source| source.position(offset));
    let location = &mut finding.location;
    (location.start, location.end) = (at(location.span.start), at(location.span.end));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_again_in_the_text_before() {
        // `ab` ─► `aXXb`, and `cd` is gone: `abcde` ─► `aXXbe`.
        let edits = [(Span::new(1, 1), 2), (Span::new(2, 4), 0)];
        let before: Vec<u32> = (0..=5).map(|offset| offset_before(offset, &edits)).collect();
        assert_eq!(before, [0, 1, 1, 1, 4, 5]);
    }
}
