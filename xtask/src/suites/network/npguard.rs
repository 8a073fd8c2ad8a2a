//! `network/npguard`: lists, diffs, exposure and explanations, in every format that the corpus has.

mod explanation;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use haechi_network::diff;
use haechi_network::exposure;
use haechi_network::format;
use haechi_network::l4::Protocol;
use haechi_network::list::{self, Focus};
use haechi_network::networks;
use haechi_network::read::{self, Options, Snapshot};
use haechi_network::world::Direction;
use haechi_network::{Engine, Profile, Tri};
use serde_json::Value as Json;

use super::{Documents, field};
use crate::conformance::{Outcome, Suite};
use crate::suites::yaml::json_lines;

pub(super) const SUITE: Suite = Suite { name: "network/npguard", needs: "network/npguard/index.jsonl", run };

/// An `ipBlock` never means a pod there, nodes do not matter, and a pod in its node's network is a pod.
const PROFILE: Profile = Profile {
    name: "analyzer",
    blocks_match_pods: Tri::No,
    host_network_as_pod: true,
    node_always: false,
    ..Profile::STRICT
};

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("network/npguard");
    let mut outcome = Outcome::default();
    for row in json_lines(&folder.join("index.jsonl"))? {
        let id = field(&row, "id")?;
        let expected =
            std::fs::read_to_string(folder.join(field(&row, "file")?)).with_context(|| id.to_owned())?;
        let inputs = folder.join("open/inputs");
        let got = match field(&row, "kind")? {
            "diff" => diff_case(&inputs, &row)?,
            _ => list_case(&inputs, &row)?,
        };
        let difference = match got {
            Some(got) if same(&got, &expected) => None,
            Some(got) => Some(first_difference(&got, &expected)),
            None => Some("not done".to_owned()),
        };
        outcome.judge(id, difference);
    }
    Ok(outcome)
}

fn same(got: &str, expected: &str) -> bool {
    got.trim_end() == expected.trim_end()
}

fn first_difference(got: &str, expected: &str) -> String {
    let (mut ours, mut theirs) = (got.lines(), expected.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (ours.next(), theirs.next()) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return "differs at its end".to_owned(),
            (a, b) => {
                return format!("line {number}: `{}`, expected `{}`", a.unwrap_or("-"), b.unwrap_or("-"));
            }
        }
    }
}

fn load(folder: &Path) -> Result<Snapshot> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut documents = Documents::default();
    for file in files {
        documents.add(&file.to_string_lossy(), &std::fs::read(&file)?);
    }
    let mut snapshot = documents.read(&Options { profile: PROFILE, any_group: true, ..Options::default() });
    if !snapshot.entries.is_empty() {
        read::add_ingress_controller(&mut snapshot.world);
    }
    Ok(snapshot)
}

pub(super) fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|ext| ["yaml", "yml", "json"].iter().any(|known| ext == *known))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// What the name of a case asks for.
struct Arguments {
    focus: Focus,
    only: explanation::Only,
}

fn arguments(text: &str, engine: &Engine) -> Arguments {
    let mut focus = Focus::default();
    let mut tokens: Vec<&str> = text.split('_').filter(|token| !token.is_empty()).collect();
    if tokens.last() == Some(&"explain") {
        tokens.pop();
    }
    let mut only = explanation::Only::Both;
    if let Some(word @ (&"allow" | &"deny")) = tokens.last() {
        only = if *word == "allow" { explanation::Only::Allowed } else { explanation::Only::Denied };
        tokens.pop();
    }
    if let Some((protocol, port)) = tokens.last().and_then(|token| token.split_once('-'))
        && let (Some(protocol), Ok(port)) = (Protocol::parse(protocol), port.parse())
    {
        focus.connection = Some((protocol, port));
        tokens.pop();
    }
    if tokens.starts_with(&["focus", "workload"]) {
        let names = tokens.split_off(2);
        let (left, right) = match names.iter().position(|token| *token == "with") {
            Some(at) => (names.get(..at).unwrap_or_default(), names.get(at + 1..).unwrap_or_default()),
            None => (names.as_slice(), [].as_slice()),
        };
        let (left, direction) = match left.split_last() {
            Some((&"ingress", rest)) => (rest, Some(Direction::Ingress)),
            Some((&"egress", rest)) => (rest, Some(Direction::Egress)),
            _ => (left, None),
        };
        focus.direction = direction;
        focus.workloads = workload_names(left, engine);
        focus.peers = workload_names(right, engine);
    }
    Arguments { focus, only }
}

/// Names stand one after another, each with or without its namespace before it.
fn workload_names(tokens: &[&str], engine: &Engine) -> Vec<String> {
    let is_name = |token: &str| engine.world().endpoints.iter().any(|endpoint| endpoint.name == token);
    let mut names = Vec::new();
    let mut rest = tokens.iter();
    while let Some(token) = rest.next() {
        if is_name(token) || *token == "ingress-controller" {
            names.push((*token).to_owned());
        } else if let Some(name) = rest.next() {
            names.push(format!("{token}/{name}"));
        }
    }
    names
}

fn list_case(inputs: &Path, row: &Json) -> Result<Option<String>> {
    let snapshot = load(&inputs.join(field(row, "dir")?))?;
    let mut engine = Engine::new(snapshot.world.clone(), PROFILE);
    let arguments = arguments(field(row, "args")?, &engine);
    let focus = &arguments.focus;
    let is_explained = field(row, "args")?.ends_with("explain");
    if field(row, "query")? == "explain_output" || is_explained {
        let mut text = explanation::text(&snapshot, focus, arguments.only);
        if field(row, "query")? == "exposure_output" {
            let exposures = exposure::analyze(&snapshot, PROFILE, focus);
            let on = focus.connection.map(|(protocol, port)| format!("{protocol} {port}"));
            let whole = exposures.text(on.as_deref());
            let from = whole.find("Exposure Analysis Result").unwrap_or(0);
            text.push('\n');
            text.push_str(whole.get(from..).unwrap_or_default());
        }
        return Ok(Some(text));
    }
    if field(row, "query")? == "exposure_output" {
        let exposures = exposure::analyze(&snapshot, PROFILE, focus);
        let on = focus.connection.map(|(protocol, port)| format!("{protocol} {port}"));
        return Ok(Some(match field(row, "format")? {
            "txt" => exposures.text(on.as_deref()),
            "json" => exposures.json()?,
            "csv" => exposures.csv(),
            "md" => exposures.markdown(),
            _ => exposures.dot(),
        }));
    }
    let on = focus.connection.map(|(protocol, port)| format!("{protocol} {port}"));
    if networks::has_many(&snapshot) {
        let listing = networks::connections(&snapshot, PROFILE, focus);
        return Ok(Some(match field(row, "format")? {
            "txt" => listing.text(on.as_deref()),
            "json" => listing.json(on.is_some())?,
            "csv" => listing.csv(on.is_some()),
            "md" => listing.markdown(on.is_some()),
            _ => {
                let ends: Vec<_> = listing.workloads.iter().map(|(end, ..)| end.clone()).collect();
                let is_shown = |end: &haechi_network::list::End| {
                    focus.workloads.is_empty()
                        || focus.workloads.iter().chain(&focus.peers).any(|name| end.is_named(name))
                };
                listing.dot(&ends.into_iter().filter(is_shown).collect::<Vec<_>>())
            }
        }));
    }
    let rows = list::connections(&mut engine, &snapshot, focus);
    Ok(Some(match field(row, "format")? {
        "txt" if focus.connection.is_some() => {
            let (protocol, port) = focus.connection.context("connection")?;
            let lines = rows.iter().map(|row| format!("{} => {}\n", row.from, row.to));
            format!("Permitted connections on {protocol} {port}:\n{}", lines.collect::<String>())
        }
        "txt" => format::text(&rows),
        "json" => serde_json::to_string_pretty(&format::json(&rows))?,
        "csv" => format::csv(&rows),
        "md" => format::markdown(&rows),
        _ => {
            let workloads = list::workloads(&engine).into_iter().map(|workload| workload.end);
            let ends: Vec<_> = workloads
                .filter(|end| {
                    focus.workloads.is_empty() || rows.iter().any(|row| row.from == *end || row.to == *end)
                })
                .collect();
            format::dot(&rows, &ends)
        }
    }))
}

fn diff_case(inputs: &Path, row: &Json) -> Result<Option<String>> {
    let old_snapshot = load(&inputs.join(field(row, "dir_ref")?))?;
    let new_snapshot = load(&inputs.join(field(row, "dir_new")?))?;
    let mut old = Engine::new(old_snapshot.world.clone(), PROFILE);
    let mut new = Engine::new(new_snapshot.world.clone(), PROFILE);
    let changes = diff::diff((&mut old, &old_snapshot), (&mut new, &new_snapshot), &Focus::default());
    Ok(Some(match field(row, "format")? {
        "txt" => format::diff_text(&changes),
        "csv" => format::diff_csv(&changes),
        "md" => format::diff_markdown(&changes),
        _ => format::diff_dot(&changes, "ref1"),
    }))
}
