//! `haechi access`: who may do what, how they could become more, and what to take away.

mod arguments;
mod ask;
mod export;
mod load;
mod observed;
mod resources;
mod threat;
mod ways;
mod words;

use anyhow::{Result, bail};
use clap::ArgMatches;
use haechi_report::Texts;

use crate::Exit;

pub(crate) use arguments::command;

/// Runs the subcommand that was asked for.
pub(crate) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    match matches.subcommand() {
        Some(("can-i", matches)) => ask::can_i(matches, texts),
        Some(("who-can", matches)) => ask::who_can(matches, texts),
        Some(("list", matches)) => ask::list(matches, texts),
        Some(("matrix", matches)) => ask::matrix(matches, texts),
        Some(("audit", matches)) => ask::audit(matches, texts),
        Some(("paths", matches)) => ways::paths(matches, texts),
        Some(("threat-model", matches)) => threat::threat_model(matches, texts),
        Some(("generate", matches)) => observed::generate(matches, texts),
        Some(("unused", matches)) => observed::unused(matches, texts),
        Some(("diff", matches)) => observed::diff(matches, texts),
        // The parser demands a command that it knows.
        _ => bail!("no such command"),
    }
}
