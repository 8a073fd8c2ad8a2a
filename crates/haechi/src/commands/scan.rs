use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::ArgMatches;
use haechi_checks::{CHECKS, Check, Options};
use haechi_model::Severity;
use haechi_objects::PodTemplates;
use haechi_policy::pss::LevelVersion;
use haechi_report::{
    Args, Context, Texts, write_csv, write_github, write_html, write_json, write_junit, write_sarif,
    write_table,
};
use haechi_sources::{DiscoverOptions, discover};
use haechi_syntax::Limits;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{catalogue, terminal, to_stdout};
use crate::Exit;
use crate::exit::UsageError;
use crate::scan::{ScanOptions, Scanned, scan};

/// `haechi scan PATH…`
pub(super) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let paths: Vec<PathBuf> = matches.get_many("paths").into_iter().flatten().cloned().collect();
    let options = ScanOptions {
        checks: chosen_checks(matches, texts)?,
        check_options: Options::default(),
        templates: PodTemplates::default(),
        pod_security: matches.get_one::<LevelVersion>("pod-security").copied(),
        limits: Limits { bytes: megabytes(matches) << 20, ..Limits::default() },
        threads: threads(matches),
    };
    let discovery =
        discover(&paths, &DiscoverOptions { honour_ignore_files: !matches.get_flag("no-ignore") });
    let bar = progress_bar(discovery.files.len() as u64 * 2);
    let mut scanned = scan(discovery, &options, &|| bar.inc(1));
    bar.finish_and_clear();

    let exit = exit(&scanned, matches);
    let least = severity(matches, "min-severity").unwrap_or(Severity::Info);
    let before = scanned.report.findings.len();
    scanned.report.findings.retain(|finding| finding.severity >= least);
    let hidden = before - scanned.report.findings.len();
    print(&scanned, hidden, matches, texts)?;
    Ok(exit)
}

/// Findings decide by `--fail-on` alone, whatever is shown; but what could not be judged goes first.
fn exit(scanned: &Scanned, matches: &ArgMatches) -> Exit {
    if !scanned.report.is_complete() {
        return Exit::Incomplete;
    }
    match severity(matches, "fail-on") {
        Some(threshold) if scanned.report.findings.iter().any(|finding| finding.severity >= threshold) => {
            Exit::Findings
        }
        _ => Exit::Clean,
    }
}

fn print(scanned: &Scanned, hidden: usize, matches: &ArgMatches, texts: &Texts) -> Result<()> {
    let rules = catalogue();
    let source = |path: &str| scanned.sources.get(path).map(|source| Arc::from(source.text().as_bytes()));
    let mut context = Context::new(texts, &rules, env!("CARGO_PKG_VERSION"));
    context.source = &source;
    context.hidden = hidden;
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

fn severity(matches: &ArgMatches, option: &str) -> Option<Severity> {
    matches.get_one::<String>(option)?.parse().ok()
}

/// The checks that are asked unless told otherwise, or all of them with `--all`, or those that `--only` names; less
/// those that `--skip` takes away. An unknown name is a mistake, not an empty choice.
fn chosen_checks(matches: &ArgMatches, texts: &Texts) -> Result<Vec<&'static Check>> {
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
    let all = matches.get_flag("all");
    let is_chosen = |check: &&'static Check| {
        let is_in = |names: &[&String]| names.iter().any(|name| *name == check.info.slug);
        let is_asked = if only.is_empty() { all || !check.opt_in } else { is_in(&only) };
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
