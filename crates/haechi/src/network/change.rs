//! `network diff BEFORE AFTER`: what a change of manifests opens and closes.

use std::fmt::Write as _;

use anyhow::Result;
use clap::ArgMatches;
use haechi_network::diff::{self, Change, ChangeKind};
use haechi_network::format;
use haechi_report::{Args, Texts};

use super::arguments::{focus, paths, profile, text};
use super::load::load;
use super::reach::cell;
use super::words;
use crate::Exit;
use crate::commands::to_stdout;

pub(super) fn diff(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let focus = focus(matches, texts)?;
    let before = load(&paths(matches, "before"), profile(matches));
    let after = load(&paths(matches, "after"), profile(matches));
    let (mut old, mut new) = (before.engine(), after.engine());
    let changes = diff::diff((&mut old, &before.snapshot), (&mut new, &after.snapshot), &focus);
    let printed = match text(matches, "output") {
        "json" => serde_json::to_string_pretty(&format::diff_json(&changes))? + "\n",
        "csv" => format::diff_csv(&changes),
        "markdown" => markdown(texts, &changes),
        "dot" => format::diff_dot(&changes, "before") + "\n",
        _ => lines(texts, &changes),
    };
    to_stdout(|out| out.write_all(printed.as_bytes()))?;
    before.tell_problems_of_primary(&old, texts)?;
    after.tell_problems_of_primary(&new, texts)?;
    let is_failed = match text(matches, "fail-on") {
        "any" => changes.iter().any(|change| change.kind != ChangeKind::Unchanged),
        "added" => changes.iter().any(|change| change.gains),
        "removed" => changes.iter().any(|change| change.loses),
        _ => false,
    };
    Ok(before.exit(after.exit(if is_failed { Exit::Findings } else { Exit::Clean })))
}

fn shown(changes: &[Change]) -> impl Iterator<Item = &Change> {
    changes.iter().filter(|change| change.kind != ChangeKind::Unchanged)
}

fn what(texts: &Texts, change: &Change) -> String {
    let (old, new) = (words::set(texts, &change.old), words::set(texts, &change.new));
    match change.kind {
        ChangeKind::Added => new,
        ChangeKind::Removed => old,
        _ => texts.message("network-from-to", &Args::new().text("old", old).text("new", new)),
    }
}

fn note(texts: &Texts, change: &Change) -> String {
    let mut names = Vec::new();
    if change.is_from_new_or_lost {
        names.push(change.from.to_string());
    }
    if change.is_to_new_or_lost {
        names.push(change.to.to_string());
    }
    if names.is_empty() {
        return String::new();
    }
    let id = if change.kind == ChangeKind::Added { "network-new-workload" } else { "network-lost-workload" };
    texts.message(id, &Args::new().text("names", names.join(", ")))
}

fn lines(texts: &Texts, changes: &[Change]) -> String {
    let mut out = String::new();
    for change in shown(changes) {
        let sign = match change.kind {
            ChangeKind::Added => '+',
            ChangeKind::Removed => '-',
            _ => '~',
        };
        let (from, to) = (words::end(texts, &change.from), words::end(texts, &change.to));
        let note = note(texts, change);
        let note = if note.is_empty() { note } else { format!(" ({note})") };
        let _ = writeln!(out, "{sign} {from} => {to} : {}{note}", what(texts, change));
    }
    if out.is_empty() { words::message(texts, "network-no-change") + "\n" } else { out }
}

fn markdown(texts: &Texts, changes: &[Change]) -> String {
    if shown(changes).next().is_none() {
        return words::message(texts, "network-no-change") + "\n";
    }
    let header = [
        "network-column-change",
        "network-column-from",
        "network-column-to",
        "network-column-before",
        "network-column-after",
        "network-column-note",
    ]
    .map(|id| words::message(texts, id));
    let mut out = format!("| {} |\n|{}\n", header.join(" | "), "---|".repeat(header.len()));
    for change in shown(changes) {
        let fields = [
            words::message(texts, &format!("network-change-{}", change.kind.as_str())),
            words::end(texts, &change.from),
            words::end(texts, &change.to),
            words::set(texts, &change.old),
            words::set(texts, &change.new),
            note(texts, change),
        ];
        let _ = writeln!(out, "| {} |", fields.map(|field| cell(&field)).join(" | "));
    }
    out
}
