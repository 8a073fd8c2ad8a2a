//! `haechi network`: what reaches what, why, and the policies that close it.

mod arguments;
mod change;
mod explain;
mod exposed;
mod load;
mod observed;
mod reach;
mod words;

use anyhow::{Result, bail};
use clap::ArgMatches;
use haechi_report::Texts;

use crate::Exit;

pub(crate) use arguments::command;

/// Runs the subcommand that was asked for.
pub(crate) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    match matches.subcommand() {
        Some(("reach", matches)) => reach::reach(matches, texts),
        Some(("explain", matches)) => explain::explain(matches, texts),
        Some(("exposed", matches)) => exposed::exposed(matches, texts),
        Some(("diff", matches)) => change::diff(matches, texts),
        Some(("generate", matches)) => observed::generate(matches, texts),
        Some(("observe", matches)) => observed::observe(matches, texts),
        // The parser demands a command that it knows.
        _ => bail!("no such command"),
    }
}
