//! The commands, one file each.

#[cfg(feature = "serve")]
pub(crate) mod alerts;
mod config;
mod detect;
mod explain;
#[cfg(feature = "serve")]
pub(crate) mod incidents;
mod policy;
mod rules;
pub(crate) mod scan;
#[cfg(feature = "serve")]
pub(crate) mod serve;
#[cfg(feature = "serve")]
mod serve_start;
#[cfg(feature = "serve")]
pub(crate) mod silences;
#[cfg(feature = "serve")]
pub(crate) mod store;

use std::io::{self, BufWriter, IsTerminal, Write};

use anyhow::{Result, bail};
use clap::ArgMatches;
use haechi_model::RuleInfo;
use haechi_report::{Args, Terminal, Texts};

use crate::Exit;
use crate::told::Told;

/// Runs the command that was asked for.
pub(crate) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    match matches.subcommand() {
        Some(("scan", matches)) => scan::run(matches, texts),
        Some(("baseline", matches)) => scan::write_baseline(matches, texts),
        #[cfg(feature = "serve")]
        Some(("alerts", matches)) => match matches.subcommand() {
            Some(("check", matches)) => alerts::check(matches, texts),
            Some(("test", matches)) => alerts::test(matches, texts),
            Some(("silence", matches)) => silences::run_silence(matches, texts),
            Some(("dead", matches)) => silences::run_dead(matches, texts),
            _ => bail!("no such command"),
        },
        #[cfg(feature = "serve")]
        Some(("incidents", matches)) => incidents::run(matches, texts),
        Some(("config", matches)) => match matches.subcommand() {
            Some(("show", matches)) => config::show(matches, texts),
            _ => bail!("no such command"),
        },
        Some(("explain", matches)) => explain::explain(matches, texts),
        Some(("completions", matches)) => completions(matches, texts),
        Some(("detect", matches)) => detect::run(matches, texts),
        Some(("rules", matches)) => match matches.subcommand() {
            Some(("builtin", _)) => rules::print_builtin(texts),
            Some(("list", matches)) => rules::list(matches, texts),
            Some(("test", matches)) => rules::test(matches, texts),
            Some(("explain", matches)) => rules::explain(matches, texts),
            _ => bail!("no such command"),
        },
        Some(("policy", matches)) => match matches.subcommand() {
            Some(("apply", matches)) => policy::apply(matches, texts),
            Some(("test", matches)) => policy::test(matches, texts),
            Some(("explain", matches)) => policy::explain(matches, texts),
            _ => bail!("no such command"),
        },
        Some(("checks", matches)) => explain::checks(matches, texts),
        Some(("access", matches)) => crate::access::run(matches, texts),
        Some(("network", matches)) => crate::network::run(matches, texts),
        #[cfg(feature = "serve")]
        Some(("serve", matches)) => serve::run(matches, texts),
        #[cfg(feature = "serve")]
        Some(("store", matches)) => store::run(matches, texts),
        // The parser demands a command that it knows.
        _ => bail!("no such command"),
    }
}

/// Prints what went wrong, cause by cause.
pub(crate) fn print_error(error: &anyhow::Error, texts: &Texts) {
    let told = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<Told>() {
        Some(told) => told.text(texts),
        None => cause.to_string(),
    };
    let text = error.chain().map(told).collect::<Vec<_>>().join(": ");
    let line = texts.message("cli-error", &Args::new().text("error", text));
    // Where standard error is closed, nobody is there to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether the reader of our output went away, as `| head` does.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Writes to standard output, buffered, to the end.
pub(crate) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut out)?;
    out.flush()?;
    Ok(())
}

/// Colour and width of standard output.
pub(crate) fn terminal(matches: &ArgMatches) -> Terminal {
    let is_terminal = io::stdout().is_terminal();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let colour = match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => true,
        Some("never") => false,
        _ => is_terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    };
    let width =
        is_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0));
    Terminal { colour, width }
}

/// `haechi completions SHELL`: what the shell needs to complete our command line.
fn completions(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    if let Some(shell) = matches.get_one::<clap_complete::Shell>("shell") {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut crate::command(texts), "haechi", &mut script);
        to_stdout(|out| out.write_all(&script))?;
    }
    Ok(Exit::Clean)
}

/// The catalogue of built-in rules.
pub(crate) fn catalogue() -> Vec<RuleInfo> {
    haechi_checks::CHECKS.iter().map(|check| check.info).collect()
}
