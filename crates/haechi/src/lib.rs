//! The command line: configuration, wiring and exit codes.
//!
//! ```text
//! arguments ─► command ─► sources ─► engines ─► report ─► standard output, exit code
//! ```
//!
//! Invariants:
//! - nothing is above this crate; it decides nothing that an engine could decide;
//! - data goes to standard output, progress and errors to standard error;
//! - the exit code tells what happened: see [`Exit`].

mod access;
#[cfg(feature = "serve")]
mod alerting;
mod baseline;
mod cli;
#[cfg(all(feature = "cluster", feature = "serve"))]
mod cluster_policies;
#[cfg(all(feature = "cluster", feature = "serve"))]
mod clusters;
mod commands;
mod config;
mod connection;
#[cfg(feature = "serve")]
mod demo;
mod exit;
pub mod fix;
#[cfg(feature = "serve")]
mod found;
#[cfg(feature = "serve")]
mod incidents;
#[cfg(all(feature = "cluster", feature = "serve"))]
mod keep;
#[cfg(feature = "serve")]
mod keys;
mod kustomize;
mod language;
mod network;
mod policy;
#[cfg(feature = "serve")]
mod remote;
pub mod scan;
mod suppress;
mod told;
#[cfg(all(feature = "cluster", feature = "serve"))]
mod webhooks;
#[cfg(all(feature = "cluster", feature = "serve"))]
mod written;

pub use cli::command;
pub use config::Config;
pub use exit::Exit;

use std::ffi::OsString;

use haechi_report::Texts;

/// Runs the command that `args` (the program's name first) asks for.
pub fn run(args: Vec<OsString>) -> Exit {
    let texts = Texts::new(language::choose(&args));
    let matches = match cli::command(&texts).try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version come as errors too, but are data.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Clean };
            return if error.print().is_ok() { exit } else { Exit::Internal };
        }
    };
    match commands::run(&matches, &texts) {
        Ok(exit) => exit,
        Err(error) if commands::is_broken_pipe(&error) => Exit::Clean,
        Err(error) => {
            commands::print_error(&error, &texts);
            Exit::of_error(&error)
        }
    }
}
