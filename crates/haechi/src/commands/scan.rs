use std::io::{self, IsTerminal, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ArgMatches;
use clap::parser::ValueSource;
use haechi_checks::{CHECKS, Check};
use haechi_model::Severity;
use haechi_policy::pss::LevelVersion;
use haechi_report::{
    Args, Context, GroupBy, Texts, write_csv, write_github, write_html, write_json, write_junit, write_sarif,
    write_table,
};
use haechi_sources::{DiscoverOptions, discover};
use haechi_syntax::Limits;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{catalogue, terminal, to_stdout};
use crate::Exit;
use crate::baseline::Baseline;
use crate::config::Config;
use crate::exit::UsageError;
use crate::scan::{RenderOptions, ScanOptions, Scanned, scan};

/// `haechi scan PATH…`
pub(super) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let mut scanned = scan_paths(matches, texts)?;
    if let Some(path) = matches.get_one::<PathBuf>("baseline") {
        let gone = baseline(path)?.subtract(&mut scanned.report);
        if gone > 0 {
            let note = texts.message("cli-baseline-gone", &Args::new().number("count", gone));
            writeln!(io::stderr(), "{note}")?;
        }
    }
    let exit = exit(&scanned);
    let least = scanned.min_severity;
    let before = scanned.report.findings.len();
    scanned.report.findings.retain(|finding| finding.severity >= least);
    let hidden = before - scanned.report.findings.len();
    print(&scanned, hidden, matches, texts)?;
    Ok(exit)
}

/// `haechi baseline PATH…`: writes down what is known today.
pub(super) fn write_baseline(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let scanned = scan_paths(matches, texts)?;
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

/// A scan, and how it is to be shown and judged.
#[derive(Debug)]
struct Outcome {
    scanned: Scanned,
    /// `None`: findings never fail.
    fail_on: Option<Severity>,
    min_severity: Severity,
}

impl std::ops::Deref for Outcome {
    type Target = Scanned;

    fn deref(&self) -> &Scanned {
        &self.scanned
    }
}

impl std::ops::DerefMut for Outcome {
    fn deref_mut(&mut self) -> &mut Scanned {
        &mut self.scanned
    }
}

fn scan_paths(matches: &ArgMatches, texts: &Texts) -> Result<Outcome> {
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
        limits: Limits { bytes: megabytes(matches) << 20, ..Limits::default() },
        threads: threads(matches),
        today: today(),
        config,
    };
    let bar = progress_bar(discovery.files.len() as u64 * 2);
    let scanned = scan(discovery, &options, &|| bar.inc(1));
    bar.finish_and_clear();
    Ok(Outcome { scanned, fail_on, min_severity })
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

#[expect(clippy::disallowed_methods, reason = "this is the edge that reads the clock")]
fn today() -> String {
    let today = time::OffsetDateTime::from(std::time::SystemTime::now()).date();
    format!("{:04}-{:02}-{:02}", today.year(), u8::from(today.month()), today.day())
}

/// Findings decide by `--fail-on` alone, whatever is shown; but what could not be judged goes first.
fn exit(outcome: &Outcome) -> Exit {
    if !outcome.report.is_complete() {
        return Exit::Incomplete;
    }
    let fails = |threshold| outcome.report.findings.iter().any(|finding| finding.severity >= threshold);
    if outcome.fail_on.is_some_and(fails) { Exit::Findings } else { Exit::Clean }
}

fn print(scanned: &Scanned, hidden: usize, matches: &ArgMatches, texts: &Texts) -> Result<()> {
    let rules = catalogue();
    let source = |path: &str| scanned.sources.get(path).map(|source| Arc::from(source.text().as_bytes()));
    let mut context = Context::new(texts, &rules, env!("CARGO_PKG_VERSION"));
    context.source = &source;
    context.hidden = hidden;
    context.group_by = group_by(matches);
    context.terminal = terminal(matches);
    let report = &scanned.report;
    to_stdout(|out| match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => write_json(report, &context, out),
        Some("sarif") => write_sarif(report, &context, out),
        Some("junit") => write_junit(report, &context, out),
        Some("csv") => write_csv(report, &context, out),
        Some("html") => write_html(report, &context, out),
        Some("github") => write_github(report, &context, out),
        _ => write_table(report, &context, out),
    })
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
