use anyhow::Result;
use clap::ArgMatches;
use haechi_report::{Args, Texts, write_explain, write_rule_list, write_rule_list_json};

use super::{catalogue, terminal, to_stdout};
use crate::Exit;
use crate::exit::UsageError;

/// `haechi explain SLUG`: also by another tool's id, as `haechi explain C-0057`.
pub(super) fn explain(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let id = matches.get_one::<String>("id").map(String::as_str).unwrap_or_default();
    let rules = catalogue();
    let found: Vec<_> = match rules.iter().find(|rule| rule.slug == id) {
        Some(rule) => vec![*rule],
        None => rules
            .iter()
            .filter(|rule| rule.peers.iter().any(|peer| peer.id.eq_ignore_ascii_case(id)))
            .copied()
            .collect(),
    };
    if found.is_empty() {
        let message = texts.message("cli-unknown-rule", &Args::new().text("id", id.to_owned()));
        return Err(UsageError(message).into());
    }
    if matches.get_one::<String>("output").is_some_and(|format| format == "json") {
        to_stdout(|out| write_rule_list_json(&found, texts, out))?;
        return Ok(Exit::Clean);
    }
    let terminal = terminal(matches);
    to_stdout(|out| {
        for (at, rule) in found.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            write_explain(rule, texts, terminal, out)?;
        }
        Ok(())
    })?;
    Ok(Exit::Clean)
}

/// `haechi checks`: all of them.
pub(super) fn checks(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let rules = catalogue();
    match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => to_stdout(|out| write_rule_list_json(&rules, texts, out))?,
        _ => to_stdout(|out| write_rule_list(&rules, texts, terminal(matches), out))?,
    }
    Ok(Exit::Clean)
}
