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
mod standing;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use haechi_model::{Arg, Problem, ProblemKind, Rendered};
use haechi_sources::{Chart, Discovery, RenderBounds, RenderError, find_program};
use haechi_syntax::{Limits, Source};

use super::{Loaded, ScanOptions, in_parallel, number, text};
use kustomization::Kustomizations;
use standing::{Comments, RenderedText};
pub(super) use standing::{Standing, Told, leftover_comments};
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

/// Renders what the scan holds, and puts the rendered texts behind the files. Problems of charts that are rendered are taken
/// out of `discovery`.
pub(super) fn render(
    loaded: &mut Vec<Loaded>,
    discovery: &mut Discovery,
    options: &ScanOptions,
    render: &RenderOptions,
) {
    let outcome = Outcome::of(loaded, discovery, options, render);
    for (at, standing) in outcome.standings {
        if let Some(file) = loaded.get_mut(at) {
            file.standing = standing;
        }
    }
    loaded.extend(outcome.texts);
}

/// What became of the charts and kustomizations of a scan.
struct Outcome {
    /// The files of the scan that something became of.
    standings: BTreeMap<usize, Standing>,
    /// The rendered texts, read as if they were files.
    texts: Vec<Loaded>,
}

impl Outcome {
    fn of(
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
        let results = in_parallel(jobs, options.threads, |job| match job {
            Job::Kustomization(plan) => kustomization::render(plan, &scan, kustomize.as_ref(), render),
            Job::Chart(chart) => helm::render(chart, helm.as_ref(), render, &options.limits),
        });

        let mut standings = BTreeMap::new();
        let mut products = Vec::new();
        let mut used_by_failed = BTreeSet::new();
        let mut results = results.into_iter();
        for (plan, result) in kustomizations.plans.iter().zip(results.by_ref()) {
            match result {
                Ok(product) => {
                    standings.extend(plan.files.iter().map(|at| (*at, Standing::Covered)));
                    products.push(product);
                }
                Err(failure) => {
                    used_by_failed.extend(&plan.files);
                    standings.insert(plan.root, Standing::NotRendered(failure.args("kustomize")));
                }
            }
        }
        for at in used_by_failed {
            if let Some(standing) = standings.get_mut(at).filter(|standing| standing.is_covered()) {
                *standing = Standing::Shared;
            }
        }
        for (chart, result) in charts.iter().zip(results) {
            match result {
                Ok(product) => {
                    let within = helm::parts(chart, &discovery.charts);
                    let is_rendered = |problem: &Problem| {
                        problem.kind == ProblemKind::Template && within.contains(&problem.path)
                    };
                    discovery.problems.retain(|problem| !is_rendered(problem));
                    products.push(product);
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
        let comments = Arc::new(comments(loaded, &standings, &products));
        let texts = products.into_iter().map(|product| {
            let Product { mut file, trace, rendered, others } = product;
            let text = RenderedText { trace, rendered, others, comments: comments.clone() };
            file.standing = Standing::Rendered(Box::new(text));
            file
        });
        Self { texts: texts.collect(), standings }
    }
}

/// The comments of files that findings may be led back to, and of those that are judged as rendered.
fn comments(loaded: &[Loaded], standings: &BTreeMap<usize, Standing>, products: &[Product]) -> Comments {
    let is_covered = |at: &usize| standings.get(at).is_some_and(Standing::is_covered);
    let covered = loaded.iter().enumerate().filter(|(at, _)| is_covered(at)).map(|(_, file)| file);
    let alone = loaded.iter().enumerate().filter(|(at, _)| !is_covered(at));
    let alone = alone.map(|(_, file)| file.entry.shown.clone()).collect();
    let traced = products.iter().flat_map(|product| product.trace.files(loaded));
    Comments::read(traced.chain(covered), alone)
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
