use std::io::{self, IsTerminal, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ArgMatches;
use clap::parser::ValueSource;
use haechi_checks::{CHECKS, Check};
use haechi_model::{Finding, Problem, ProblemGroup, ProblemKind, Severity};
use haechi_policy::pss::LevelVersion;
use haechi_report::{
    Args, Context, Fixing, GroupBy, Texts, write_csv, write_fixes, write_github, write_html, write_json,
    write_junit, write_openreports, write_sarif, write_table,
};
use haechi_sources::{ClusterKind, DiscoverOptions, Discovery, discover};
use haechi_syntax::Limits;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{catalogue, terminal, to_stdout};
use crate::Exit;
use crate::baseline::Baseline;
use crate::config::Config;
use crate::connection::{self, Namespaces};
use crate::exit::UsageError;
use crate::fix::{FixOptions, Fixed, write_diff};
use crate::scan::{
    BroughtPolicies, RenderOptions, ScanOptions, Scanned, Text, scan_and_fix, scan_with, text,
};

/// `haechi scan PATH…`
pub(super) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let request = Request::read(matches, texts)?;
    let known = matches.get_one::<PathBuf>("baseline").map(|path| baseline(path)).transpose()?;
    let fixing = matches
        .get_flag("fix")
        .then(|| Fixing { planned: matches.get_flag("diff"), with_unsafe: matches.get_flag("unsafe-fixes") });
    let (mut scanned, fixed) = match fixing {
        None => (request.scan(), None),
        Some(fixing) => {
            let is_input = |path: &PathBuf| path.as_os_str() == "-";
            if request.paths.len() > 1 && request.paths.iter().any(is_input) {
                return Err(UsageError(texts.message("cli-fix-input-alone", &Args::new())).into());
            }
            let fixed = request.fix(fixing, known.as_ref());
            (fixed.scanned, Some((fixing, fixed.changed, fixed.input)))
        }
    };
    if let Some(known) = known {
        let gone = known.subtract(&mut scanned.report);
        if gone > 0 {
            let note = texts.message("cli-baseline-gone", &Args::new().number("count", gone));
            writeln!(io::stderr(), "{note}")?;
        }
    }
    let exit = exit(&scanned, request.fail_on);
    let before = scanned.report.findings.len();
    scanned.report.findings.retain(|finding| finding.severity >= request.min_severity);
    let hidden = before - scanned.report.findings.len();
    match fixed {
        None => {
            to_stdout(|out| print(&scanned, hidden, None, matches, texts, out))?;
            Ok(exit)
        }
        Some((fixing, changed, _)) if fixing.planned => {
            to_stdout(|out| write_diff(&changed, out))?;
            fix_notes(&scanned, hidden, fixing, texts)?;
            Ok(if exit == Exit::Clean && !changed.is_empty() { Exit::Findings } else { exit })
        }
        // The text goes where the next program of a pipe reads it, the report to the reader.
        Some((fixing, _, Some(input))) => {
            to_stdout(|out| out.write_all(&input))?;
            print(&scanned, hidden, Some(fixing), matches, texts, &mut io::stderr().lock())?;
            Ok(exit)
        }
        Some((fixing, _, None)) => {
            to_stdout(|out| print(&scanned, hidden, Some(fixing), matches, texts, out))?;
            if matches.get_one::<String>("output").is_some_and(|format| format != "table") {
                fix_notes(&scanned, hidden, fixing, texts)?;
            }
            Ok(exit)
        }
    }
}

/// What was fixed, beside an output that has no place for it.
fn fix_notes(scanned: &Scanned, hidden: usize, fixing: Fixing, texts: &Texts) -> Result<()> {
    let rules = catalogue();
    let mut context = Context::new(texts, &rules, env!("CARGO_PKG_VERSION"));
    context.hidden = hidden;
    context.fixing = Some(fixing);
    write_fixes(&scanned.report, &context, &mut io::stderr().lock())?;
    Ok(())
}

/// `haechi baseline PATH…`: writes down what is known today.
pub(super) fn write_baseline(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let scanned = Request::read(matches, texts)?.scan();
    let known = Baseline::of(&scanned.report);
    match matches.get_one::<PathBuf>("write") {
        Some(path) => {
            let mut bytes = Vec::new();
            known.write(&mut bytes)?;
            std::fs::write(path, bytes).with_context(|| path.display().to_string())?;
            let args = Args::new().number("count", known.len()).text("path", path.display().to_string());
            writeln!(io::stderr(), "{}", texts.message("cli-baseline-written", &args))?;
        }
        None => to_stdout(|out| known.write(out))?,
    }
    // A baseline of a part would call everything else new.
    if scanned.report.is_complete() {
        return Ok(Exit::Clean);
    }
    writeln!(io::stderr(), "{}", texts.message("cli-baseline-incomplete", &Args::new()))?;
    Ok(Exit::Incomplete)
}

fn baseline(path: &Path) -> Result<Baseline> {
    let refuse = |error: String| UsageError(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    Ok(Baseline::read(&text).map_err(refuse)?)
}

/// What is to be scanned, and how it is judged.
#[derive(Debug)]
struct Request {
    paths: Vec<PathBuf>,
    discovery: Discovery,
    /// Objects of a live cluster.
    live: Vec<Text>,
    options: ScanOptions,
    /// `None`: findings never fail.
    fail_on: Option<Severity>,
    min_severity: Severity,
}

impl Request {
    fn read(matches: &ArgMatches, texts: &Texts) -> Result<Self> {
        let paths: Vec<PathBuf> = matches.get_many("paths").into_iter().flatten().cloned().collect();
        let config = config(matches, &paths)?;
        let written = |name: &str| {
            matches.try_contains_id(name).is_ok_and(|there| there)
                && matches.value_source(name) == Some(ValueSource::CommandLine)
        };
        let min_severity = match config.min_severity {
            Some(severity) if !written("min-severity") => severity,
            _ => severity(matches, "min-severity").unwrap_or(Severity::Info),
        };
        let fail_on = match &config.fail_on {
            Some(threshold) if !written("fail-on") => threshold.parse().ok(),
            _ => severity(matches, "fail-on"),
        };
        let pod_security = matches.get_one::<LevelVersion>("pod-security").copied().or(config.pod_security);
        let mut discovery =
            discover(&paths, &DiscoverOptions { honour_ignore_files: !matches.get_flag("no-ignore") });
        if let Some(exclude) = &config.exclude {
            discovery.files.retain(|file| file.is_named || !exclude.is_match(file.shown.as_ref()));
        }
        let owner_labels = match (group_by(matches), &config.owner_labels) {
            (GroupBy::Owner, Some(labels)) if !written("owner-label") => labels.clone(),
            (GroupBy::Owner, _) => matches.get_many("owner-label").into_iter().flatten().cloned().collect(),
            _ => Vec::new(),
        };
        let options = ScanOptions {
            owner_labels,
            render: rendering(matches, &config, texts)?,
            checks: chosen_checks(matches, &config, texts)?,
            check_options: config.check_options.clone(),
            templates: config.templates.clone(),
            pod_security,
            policies: BroughtPolicies::of_arguments(matches, texts)?.map(Arc::new),
            limits: Limits { bytes: megabytes(matches) << 20, ..Limits::default() },
            threads: threads(matches),
            today: today(),
            config,
        };
        let live =
            if connection::is_asked(matches) { live_objects(matches, texts)? } else { Live::default() };
        discovery.problems.extend(live.problems);
        Ok(Self { paths, discovery, live: live.texts, options, fail_on, min_severity })
    }

    fn scan(&self) -> Scanned {
        let bar = progress_bar((self.discovery.files.len() + self.live.len()) as u64 * 2);
        let scanned = scan_with(self.discovery.clone(), self.live.clone(), &self.options, &|| bar.inc(1));
        bar.finish_and_clear();
        scanned
    }

    /// Fixes what is shown: neither what the baseline knows nor what is less severe than was asked for.
    fn fix(&self, fixing: Fixing, known: Option<&Baseline>) -> Fixed {
        let counts = |findings: &[&Finding]| {
            let mut counts = match known {
                Some(known) => known.compare(findings).0,
                None => vec![true; findings.len()],
            };
            for (counts, finding) in counts.iter_mut().zip(findings) {
                *counts &= finding.severity >= self.min_severity;
            }
            counts
        };
        let fix = FixOptions { with_unsafe: fixing.with_unsafe, write: !fixing.planned };
        let bar = progress_bar(self.discovery.files.len() as u64);
        let fixed =
            scan_and_fix(self.discovery.clone(), &self.paths, &self.options, fix, &counts, &|| bar.inc(1));
        bar.finish_and_clear();
        fixed
    }
}

/// What a live cluster holds.
#[derive(Debug, Default)]
struct Live {
    texts: Vec<Text>,
    problems: Vec<Problem>,
}

/// Lists what checks judge. What a controller made is left out where the controller's own object is judged.
fn live_objects(matches: &ArgMatches, texts: &Texts) -> Result<Live> {
    let namespaces = match matches.get_one::<String>("namespace") {
        Some(namespace) => Namespaces::Only(namespace),
        None => Namespaces::All(None),
    };
    let (documents, missing) = connection::read(matches, texts, ClusterKind::SCAN, namespaces)?;
    let mut live = Live::default();
    for document in documents {
        if !is_made_by_controller(&document.text) {
            live.texts.push(Text { shown: document.origin, text: document.text.into() });
        }
    }
    live.problems = missing
        .into_iter()
        .map(|missing| Problem {
            kind: ProblemKind::NotListed,
            path: format!("cluster/{}", missing.kind.kind).into(),
            position: None,
            args: vec![text("detail", missing.detail)],
        })
        .collect();
    Ok(live)
}

/// Whether one of the workloads that are listed themselves made the object.
pub(crate) fn is_made_by_controller(json: &str) -> bool {
    const WORKLOADS: [&str; 7] =
        ["CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"];
    let Ok(object) = serde_json::from_str::<serde_json::Value>(json) else { return false };
    let owners = object.pointer("/metadata/ownerReferences").and_then(serde_json::Value::as_array);
    owners.into_iter().flatten().any(|owner| {
        owner.get("controller").and_then(serde_json::Value::as_bool) == Some(true)
            && owner
                .get("kind")
                .and_then(serde_json::Value::as_str)
                .is_some_and(|kind| WORKLOADS.contains(&kind))
    })
}

/// How to render, if that was asked for. Values that cannot be read are a mistake of the command line, not of a chart.
fn rendering(matches: &ArgMatches, config: &Config, texts: &Texts) -> Result<Option<RenderOptions>> {
    if !(matches.get_flag("render") || config.render.unwrap_or(false)) {
        return Ok(None);
    }
    let given: Vec<PathBuf> = matches.get_many("helm-values").into_iter().flatten().cloned().collect();
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let seen_from_here = |path: &PathBuf| {
        here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
    };
    let configured = || config.helm_values.iter().map(seen_from_here).collect();
    let helm_values: Vec<PathBuf> = if given.is_empty() { configured() } else { given };
    for path in &helm_values {
        if let Err(error) = std::fs::File::open(path) {
            let args = Args::new().text("path", path.display().to_string()).text("detail", error.to_string());
            return Err(UsageError(texts.message("cli-render-values", &args)).into());
        }
    }
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    Ok(Some(RenderOptions { search_path, helm_values, ..RenderOptions::default() }))
}

/// The configuration that `--config` names, else the one above the first path, else none.
pub(super) fn config(matches: &ArgMatches, paths: &[PathBuf]) -> Result<Config> {
    let named = matches.get_one::<PathBuf>("config").cloned();
    let found = named.or_else(|| {
        let first = paths.first().filter(|path| path.as_os_str() != "-").cloned();
        Config::find(&first.unwrap_or_else(|| PathBuf::from(".")))
    });
    found.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))
}

/// The day in UTC, so that a suppression ends everywhere at once. This is the edge that reads the clock.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// Findings decide by `--fail-on` alone, whatever is shown; but what could not be judged, or not be mended, goes first.
fn exit(scanned: &Scanned, fail_on: Option<Severity>) -> Exit {
    let is_unfixed = |problem: &Problem| problem.kind.group() == ProblemGroup::NotFixed;
    if !scanned.report.is_complete() || scanned.report.problems.iter().any(is_unfixed) {
        return Exit::Incomplete;
    }
    let fails = |threshold| scanned.report.findings.iter().any(|finding| finding.severity >= threshold);
    if fail_on.is_some_and(fails) { Exit::Findings } else { Exit::Clean }
}

fn print(
    scanned: &Scanned,
    hidden: usize,
    fixing: Option<Fixing>,
    matches: &ArgMatches,
    texts: &Texts,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let rules = catalogue();
    let source = |path: &str| scanned.sources.get(path).map(|source| Arc::from(source.text().as_bytes()));
    let mut context = Context::new(texts, &rules, env!("CARGO_PKG_VERSION"));
    context.source = &source;
    context.hidden = hidden;
    context.fixing = fixing;
    context.group_by = group_by(matches);
    context.terminal = terminal(matches);
    let report = &scanned.report;
    match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => write_json(report, &context, out),
        Some("sarif") => write_sarif(report, &context, out),
        Some("junit") => write_junit(report, &context, out),
        Some("csv") => write_csv(report, &context, out),
        Some("openreports") => write_openreports(report, &context, out),
        Some("html") => write_html(report, &context, out),
        Some("github") => write_github(report, &context, out),
        _ => write_table(report, &context, out),
    }
}

/// Not every command that scans shows its findings.
fn group_by(matches: &ArgMatches) -> GroupBy {
    let name = matches.try_get_one::<String>("group-by").ok().flatten();
    GroupBy::ALL.into_iter().find(|by| name.is_some_and(|name| name == by.as_str())).unwrap_or_default()
}

fn severity(matches: &ArgMatches, option: &str) -> Option<Severity> {
    // Not every command that scans has every option.
    matches.try_get_one::<String>(option).ok().flatten()?.parse().ok()
}

/// The checks that are asked unless told otherwise, or all of them with `--all`, or those that `--only` names; less
/// those that `--skip` takes away. An unknown name is a mistake, not an empty choice.
fn chosen_checks(matches: &ArgMatches, config: &Config, texts: &Texts) -> Result<Vec<&'static Check>> {
    let named = |option: &str| -> Result<Vec<&String>> {
        let names: Vec<&String> = matches.get_many(option).into_iter().flatten().collect();
        for name in &names {
            if haechi_checks::find(name).is_none() {
                let message = texts.message("cli-unknown-rule", &Args::new().text("id", name.as_str()));
                return Err(UsageError(message).into());
            }
        }
        Ok(names)
    };
    let (only, skip) = (named("only")?, named("skip")?);
    let all = matches.get_flag("all") || config.all.unwrap_or(false);
    let is_chosen = |check: &&'static Check| {
        let is_in = |names: &[&String]| names.iter().any(|name| *name == check.info.slug);
        let by_default = || config.enabled.get(check.info.slug).copied().unwrap_or(all || !check.opt_in);
        let is_asked = if only.is_empty() { by_default() } else { is_in(&only) };
        is_asked && !is_in(&skip)
    };
    let checks: Vec<&'static Check> = CHECKS.iter().copied().filter(is_chosen).collect();
    if checks.is_empty() {
        return Err(UsageError(texts.message("cli-no-check-left", &Args::new())).into());
    }
    Ok(checks)
}

fn megabytes(matches: &ArgMatches) -> usize {
    matches.get_one::<u32>("max-file-size").map_or(64, |size| *size as usize)
}

fn threads(matches: &ArgMatches) -> usize {
    let available = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    matches.get_one::<u16>("threads").map_or_else(available, |threads| usize::from(*threads))
}

/// A bar on standard error, where that is a terminal and the scan takes long enough to be waited for.
fn progress_bar(steps: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let bar = ProgressBar::with_draw_target(Some(steps), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {percent:>3} %") {
        bar.set_style(style);
    }
    bar.reset_eta();
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
