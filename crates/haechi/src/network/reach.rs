//! `network reach`: every connection that passes or may pass.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;
use clap::ArgMatches;
use haechi_network::encryption::{self, Protection};
use haechi_network::list::{self, End, Focus, Row, Workload};
use haechi_network::mesh::Encryption;
use haechi_network::networks::{self, POD_NETWORK};
use haechi_network::{Engine, format, svg};
use haechi_report::{Args, Texts};

use super::arguments::{focus, paths, profile, text};
use super::load::{Loaded, load};
use super::words;
use crate::Exit;
use crate::commands::to_stdout;
use crate::exit::UsageError;

/// One connection with all that is told of it.
struct Shown {
    row: Row,
    protection: Option<Protection>,
    network: String,
}

pub(super) fn reach(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let focus = focus(matches, texts)?;
    let loaded = load(&paths(matches, "file"), profile(matches));
    let mut engine = loaded.engine();
    let workloads = list::workloads(&engine);
    check_names(texts, &workloads, &focus)?;
    let shown = rows(&loaded, &mut engine, &workloads, &focus);
    let is_many = networks::has_many(&loaded.snapshot);
    let rows: Vec<Row> = shown.iter().map(|shown| shown.row.clone()).collect();
    let printed = match text(matches, "output") {
        "json" => json(&shown, is_many)?,
        "csv" => csv(&shown, is_many),
        "markdown" => markdown(texts, &shown, is_many),
        "dot" => {
            let ends: Vec<End> = workloads
                .iter()
                .map(|workload| workload.end.clone())
                .filter(|end| {
                    focus.workloads.is_empty() || rows.iter().any(|row| row.from == *end || row.to == *end)
                })
                .collect();
            if is_many {
                networks::connections(&loaded.snapshot, loaded.profile, &focus).dot(&ends) + "\n"
            } else {
                let protection = |row: &Row| {
                    let of = shown.iter().find(|shown| shown.row.from == row.from && shown.row.to == row.to);
                    of.and_then(|shown| shown.protection.as_ref())
                        .map(|of| format!("encryption: {}", of.text()))
                };
                format::dot_with(&rows, &ends, &protection) + "\n"
            }
        }
        "svg" => drawing(texts, &shown, &rows),
        _ => lines(texts, &shown, &workloads, is_many),
    };
    to_stdout(|out| out.write_all(printed.as_bytes()))?;
    loaded.tell_problems(&engine, texts)?;
    Ok(loaded.exit(Exit::Clean))
}

/// A name that means no workload is a mistake: an empty answer would look like a closed one.
pub(super) fn check_names(texts: &Texts, workloads: &[Workload], focus: &Focus) -> Result<()> {
    for name in focus.workloads.iter().chain(&focus.peers) {
        let is_known = End::IngressController.is_named(name)
            || name.ends_with("[External]")
            || workloads.iter().any(|workload| workload.end.is_named(name));
        if !is_known {
            let message = texts.message("network-no-such-workload", &Args::new().text("given", name.clone()));
            return Err(UsageError(message).into());
        }
    }
    Ok(())
}

fn rows(loaded: &Loaded, engine: &mut Engine, workloads: &[Workload], focus: &Focus) -> Vec<Shown> {
    let snapshot = &loaded.snapshot;
    if networks::has_many(snapshot) {
        let listing = networks::connections(snapshot, loaded.profile, focus);
        let mut shown = Vec::new();
        for (_, network, rows) in listing.networks {
            shown.extend(rows.into_iter().map(|row| Shown {
                row,
                protection: None,
                network: network.clone(),
            }));
        }
        return shown;
    }
    let is_layered = encryption::is_in_use(snapshot);
    let rows = list::connections(engine, snapshot, focus);
    rows.into_iter()
        .map(|row| Shown {
            protection: is_layered.then(|| encryption::of_row(engine, snapshot, workloads, &row)),
            row,
            network: POD_NETWORK.to_owned(),
        })
        .collect()
}

fn lines(texts: &Texts, shown: &[Shown], workloads: &[Workload], is_many: bool) -> String {
    let mut out = String::new();
    if workloads.is_empty() {
        return words::message(texts, "network-no-workloads") + "\n";
    }
    if shown.is_empty() {
        return words::message(texts, "network-nothing-passes") + "\n";
    }
    let mut network = "";
    for shown in shown {
        if is_many && shown.network != network {
            network = &shown.network;
            let head = texts.message("network-in", &Args::new().text("network", network.to_owned()));
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}{head}");
        }
        let (from, to) = (words::end(texts, &shown.row.from), words::end(texts, &shown.row.to));
        let _ = write!(out, "{from} => {to} : {}", words::passes(texts, &shown.row));
        if let Some(protection) = &shown.protection {
            let _ = write!(out, " [{}]", words::protection(texts, protection));
        }
        out.push('\n');
    }
    if shown.iter().any(|shown| !shown.row.conditional.is_empty()) {
        let _ = writeln!(out, "\n{}", words::message(texts, "network-braces"));
    }
    out
}

fn json(shown: &[Shown], is_many: bool) -> Result<String> {
    /// Ports that are open for some requests only.
    #[derive(serde::Serialize)]
    struct JsonConditional<'r> {
        conn: &'r str,
        only: &'r [String],
    }
    /// As other tools have it, with what they do not tell.
    #[derive(serde::Serialize)]
    struct JsonRow<'r> {
        src: String,
        dst: String,
        conn: &'r str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        conditional: Vec<JsonConditional<'r>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        unknown: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encryption: Option<Vec<&'static str>>,
        /// Of UDP and SCTP, where it is another.
        #[serde(rename = "encryptionOfRest", skip_serializing_if = "Option::is_none")]
        encryption_of_rest: Option<Vec<&'static str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        network: Option<&'r str>,
    }
    let ways = |ways: &BTreeSet<Encryption>| ways.iter().map(|way| way.as_str()).collect::<Vec<_>>();
    let rows: Vec<JsonRow<'_>> = shown
        .iter()
        .map(|shown| JsonRow {
            src: shown.row.from.to_string(),
            dst: shown.row.to.to_string(),
            conn: &shown.row.text,
            conditional: shown
                .row
                .conditional
                .iter()
                .map(|of| JsonConditional { conn: &of.ports, only: &of.only })
                .collect(),
            unknown: shown.row.unknown.as_deref(),
            encryption: shown.protection.as_ref().map(|of| ways(&of.tcp)),
            encryption_of_rest: shown.protection.as_ref().and_then(Protection::differing_rest).map(ways),
            network: is_many.then_some(&shown.network),
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rows)? + "\n")
}

/// Which columns the table has beside the ends and the connections.
fn columns(shown: &[Shown], is_many: bool) -> (bool, bool, bool) {
    let has_unknown = shown.iter().any(|shown| shown.row.unknown.is_some());
    (has_unknown, shown.iter().any(|shown| shown.protection.is_some()), is_many)
}

fn csv(shown: &[Shown], is_many: bool) -> String {
    let (has_unknown, has_protection, has_network) = columns(shown, is_many);
    let mut header = vec!["src", "dst", "conn"];
    header.extend(has_unknown.then_some("unknown"));
    header.extend(has_protection.then_some("encryption"));
    header.extend(has_network.then_some("network"));
    let mut table: Vec<Vec<String>> = vec![header.into_iter().map(str::to_owned).collect()];
    for shown in shown {
        let row = &shown.row;
        let mut fields = vec![row.from.to_string(), row.to.to_string(), row.text.clone()];
        fields.extend(has_unknown.then(|| row.unknown.clone().unwrap_or_default()));
        fields.extend(
            has_protection.then(|| shown.protection.as_ref().map(Protection::text).unwrap_or_default()),
        );
        fields.extend(has_network.then(|| shown.network.clone()));
        table.push(fields);
    }
    format::csv_table(&table)
}

/// A cell: a bar would end it.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn markdown(texts: &Texts, shown: &[Shown], is_many: bool) -> String {
    let (_, has_protection, has_network) = columns(shown, is_many);
    let mut header = vec!["network-column-from", "network-column-to", "network-column-connections"];
    header.extend(has_protection.then_some("network-column-encryption"));
    header.extend(has_network.then_some("network-column-network"));
    let header: Vec<String> = header.into_iter().map(|id| words::message(texts, id)).collect();
    let mut out = format!("| {} |\n|{}\n", header.join(" | "), "---|".repeat(header.len()));
    for shown in shown {
        let row = &shown.row;
        let mut fields =
            vec![words::end(texts, &row.from), words::end(texts, &row.to), words::passes(texts, row)];
        if has_protection {
            let protection = shown.protection.as_ref();
            fields.push(protection.map(|of| words::protection(texts, of)).unwrap_or_default());
        }
        fields.extend(has_network.then(|| shown.network.clone()));
        let fields: Vec<String> = fields.iter().map(|field| cell(field)).collect();
        let _ = writeln!(out, "| {} |", fields.join(" | "));
    }
    out
}

fn drawing(texts: &Texts, shown: &[Shown], rows: &[Row]) -> String {
    let description = texts.message("network-svg-description", &Args::new().number("count", rows.len()));
    let legend = |kind: svg::Kind| {
        words::message(
            texts,
            match kind {
                svg::Kind::All => "network-svg-all",
                svg::Kind::Some => "network-svg-some",
                svg::Kind::Conditional => "network-svg-conditional",
                svg::Kind::Unknown => "network-svg-unknown",
            },
        )
    };
    let end = |end: &End| words::end(texts, end);
    let protection = |row: &Row| {
        let of = shown.iter().find(|shown| shown.row.from == row.from && shown.row.to == row.to);
        of.and_then(|shown| shown.protection.as_ref())
    };
    let row = |row: &Row| {
        let passes = format!("{} => {} : {}", end(&row.from), end(&row.to), words::passes(texts, row));
        match protection(row) {
            Some(of) => format!("{passes} [{}]", words::protection(texts, of)),
            None => passes,
        }
    };
    let has_layer = shown.iter().any(|shown| shown.protection.is_some());
    let encrypted = words::message(texts, "network-svg-encrypted");
    svg::matrix(
        rows,
        &svg::Words {
            title: &words::message(texts, "network-svg-title"),
            description: &description,
            axes: &words::message(texts, "network-svg-axes"),
            legend: &legend,
            end: &end,
            row: &row,
            is_encrypted: &|row| protection(row).is_some_and(Protection::is_encrypted),
            encrypted: has_layer.then_some(encrypted.as_str()),
        },
    )
}
