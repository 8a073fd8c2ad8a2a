//! `network exposed`: who is open to the internet, and to pods of other namespaces.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use clap::ArgMatches;
use haechi_network::doors::{self, Door};
use haechi_network::exposure::{self, Exposures, Other};
use haechi_network::flows::Replay;
use haechi_network::list::{self, End, Focus};
use haechi_network::world::Direction;
use haechi_network::{Engine, format};
use haechi_report::{Args, Texts};
use serde_json::{Value as Json, json};

use super::arguments::{focus, paths, profile, text};
use super::load::{Loaded, load};
use super::reach::{cell, check_names};
use super::words;
use crate::Exit;
use crate::commands::to_stdout;

/// What other pods may reach of a workload.
struct Inside {
    workload: End,
    /// Any pod of the cluster, whatever its labels and namespace: as text.
    anybody: Option<String>,
    /// Pods that do not exist yet but that a rule describes.
    described: Vec<(Other, String)>,
    /// Known workloads of other namespaces, by namespace.
    namespaces: BTreeMap<String, Vec<(String, String)>>,
}

pub(super) fn exposed(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let focus = focus(matches, texts)?;
    let loaded = load(&paths(matches, "file"), profile(matches));
    let mut engine = loaded.engine();
    check_names(texts, &list::workloads(&engine), &focus)?;
    let found = doors::doors(&mut engine, &loaded.snapshot, &focus);
    let exposures = exposure::analyze(&loaded.snapshot, loaded.profile, &focus);
    let inside = inside(&loaded, &mut engine, &exposures, &focus);
    let printed = match text(matches, "output") {
        "json" => {
            let value = json!({
                "internet": found.iter().map(door_json).collect::<Vec<_>>(),
                "cluster": inside.iter().map(inside_json).collect::<Vec<_>>(),
            });
            serde_json::to_string_pretty(&value)? + "\n"
        }
        "csv" => csv(&found, &inside),
        "markdown" => markdown(texts, &found, &inside),
        "dot" => exposures.dot() + "\n",
        _ => lines(texts, &found, &inside),
    };
    to_stdout(|out| out.write_all(printed.as_bytes()))?;
    loaded.tell_problems_of_primary(&engine, texts)?;
    let is_open = match text(matches, "fail-on") {
        "internet" => found.iter().any(|door| door.passes != Replay::Refused),
        "namespaces" => inside.iter().any(|of| of.anybody.is_some() || !of.namespaces.is_empty()),
        _ => false,
    };
    Ok(loaded.exit(if is_open { Exit::Findings } else { Exit::Clean }))
}

fn inside(loaded: &Loaded, engine: &mut Engine, exposures: &Exposures, focus: &Focus) -> Vec<Inside> {
    let mut found: BTreeMap<String, Inside> = BTreeMap::new();
    let entry = |found: &mut BTreeMap<String, Inside>, end: &End, add: &mut dyn FnMut(&mut Inside)| {
        add(found.entry(end.to_string()).or_insert_with(|| Inside {
            workload: end.clone(),
            anybody: None,
            described: Vec::new(),
            namespaces: BTreeMap::new(),
        }));
    };
    for exposure in exposures.exposures.iter().filter(|exposure| exposure.direction == Direction::Ingress) {
        entry(&mut found, &exposure.workload, &mut |of| match &exposure.other {
            Other::EntireCluster => of.anybody = Some(exposure.text.clone()),
            Other::Described(_) => of.described.push((exposure.other.clone(), exposure.text.clone())),
            Other::Outside(_) => {}
        });
    }
    let inward = Focus { direction: Some(Direction::Ingress), ..focus.clone() };
    for row in list::connections(engine, &loaded.snapshot, &inward) {
        let (End::Workload { namespace: from, .. }, End::Workload { namespace: to, .. }) =
            (&row.from, &row.to)
        else {
            continue;
        };
        let is_wanted =
            focus.workloads.is_empty() || focus.workloads.iter().any(|name| row.to.is_named(name));
        if from != to && is_wanted {
            let text = match &row.unknown {
                None => row.text.clone(),
                Some(unknown) => format!("{} (unknown: {unknown})", row.text),
            };
            entry(&mut found, &row.to, &mut |of| {
                of.namespaces.entry(from.clone()).or_default().push((row.from.to_string(), text.clone()));
            });
        }
    }
    found
        .into_values()
        .filter(|of| of.anybody.is_some() || !of.described.is_empty() || !of.namespaces.is_empty())
        .collect()
}

fn door_json(door: &Door) -> Json {
    json!({
        "workload": door.workload.to_string(),
        "by": door.by,
        "kind": door.kind.as_str(),
        "protocol": door.protocol.to_string(),
        "outerPort": door.outer,
        "port": door.port,
        "hosts": door.hosts,
        "tls": door.tls,
        "policies": words::answer_word(door.passes),
        "place": door.origin.as_ref().map(ToString::to_string),
    })
}

fn inside_json(of: &Inside) -> Json {
    json!({
        "workload": of.workload.to_string(),
        "anyPod": of.anybody,
        "describedPods": of.described.iter().map(|(who, text)| json!({ "who": who.to_string(), "conn": text })).collect::<Vec<_>>(),
        "namespaces": of.namespaces.iter().map(|(namespace, rows)| json!({
            "namespace": namespace,
            "from": rows.iter().map(|(from, text)| json!({ "src": from, "conn": text })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// `TCP 443 -> 8443`, or `TCP 8443` where the outer port is not known.
fn door_ports(door: &Door) -> String {
    match door.outer {
        Some(outer) if outer != door.port => format!("{} {outer} -> {}", door.protocol, door.port),
        _ => format!("{} {}", door.protocol, door.port),
    }
}

fn csv(found: &[Door], inside: &[Inside]) -> String {
    let header = ["workload", "from", "by", "ports", "hosts", "tls", "policies"];
    let mut table: Vec<Vec<String>> = vec![header.map(str::to_owned).into()];
    for door in found {
        table.push(vec![
            door.workload.to_string(),
            "internet".to_owned(),
            door.by.clone(),
            door_ports(door),
            door.hosts.join(" "),
            door.tls.to_string(),
            words::answer_word(door.passes).to_owned(),
        ]);
    }
    let mut row = |workload: &End, from: String, text: &str| {
        let (tls, policies) = (String::new(), String::new());
        table.push(vec![
            workload.to_string(),
            from,
            String::new(),
            text.to_owned(),
            String::new(),
            tls,
            policies,
        ]);
    };
    for of in inside {
        if let Some(text) = &of.anybody {
            row(&of.workload, "any-pod".to_owned(), text);
        }
        for (who, text) in &of.described {
            row(&of.workload, who.to_string(), text);
        }
        for (from, text) in of.namespaces.values().flatten() {
            row(&of.workload, from.clone(), text);
        }
    }
    format::csv_table(&table)
}

fn door_words(texts: &Texts, door: &Door) -> (String, String) {
    let mut how = vec![words::message(texts, &format!("network-door-{}", door.kind.as_str()))];
    if !door.hosts.is_empty() {
        how.push(door.hosts.join(", "));
    }
    if door.tls {
        how.push("TLS".to_owned());
    }
    let policies =
        words::message(texts, &format!("network-door-policies-{}", words::answer_word(door.passes)));
    (how.join(", "), policies)
}

fn lines(texts: &Texts, found: &[Door], inside: &[Inside]) -> String {
    let mut out = words::message(texts, "network-exposed-internet") + "\n";
    if found.is_empty() {
        let _ = writeln!(out, "  {}", words::message(texts, "network-exposed-none"));
    }
    let mut last = String::new();
    for door in found {
        let workload = door.workload.to_string();
        if workload != last {
            let _ = writeln!(out, "  {workload}");
            last = workload;
        }
        let (how, policies) = door_words(texts, door);
        let _ = writeln!(out, "    {} : {} ({how}): {policies}", door.by, door_ports(door));
    }
    let _ = writeln!(out, "\n{}", words::message(texts, "network-exposed-cluster"));
    if inside.is_empty() {
        let _ = writeln!(out, "  {}", words::message(texts, "network-exposed-none"));
    }
    for of in inside {
        let _ = writeln!(out, "  {}", of.workload);
        if let Some(text) = &of.anybody {
            let anybody = words::message(texts, "network-any-pod");
            let _ = writeln!(out, "    {anybody} : {}", words::set(texts, text));
            // Whoever may be anybody is not told one by one, unless more is open to some.
        }
        for (who, text) in &of.described {
            let _ = writeln!(out, "    {} : {}", words::other(texts, who), words::set(texts, text));
        }
        for (namespace, rows) in &of.namespaces {
            let is_more = |text: &String| of.anybody.as_ref() != Some(text);
            let rows: Vec<_> = rows.iter().filter(|(_, text)| is_more(text)).collect();
            if rows.is_empty() {
                continue;
            }
            let head =
                texts.message("network-from-namespace", &Args::new().text("namespace", namespace.clone()));
            let _ = writeln!(out, "    {head}");
            for (from, text) in rows {
                let _ = writeln!(out, "      {from} : {}", words::set(texts, text));
            }
        }
    }
    out
}

fn markdown(texts: &Texts, found: &[Door], inside: &[Inside]) -> String {
    let header = |ids: &[&str]| {
        let names: Vec<String> = ids.iter().map(|id| words::message(texts, id)).collect();
        format!("| {} |\n|{}\n", names.join(" | "), "---|".repeat(names.len()))
    };
    let mut out = format!("## {}\n\n", words::message(texts, "network-exposed-internet"));
    if found.is_empty() {
        let _ = writeln!(out, "{}", words::message(texts, "network-exposed-none"));
    } else {
        out.push_str(&header(&[
            "network-column-workload",
            "network-column-by",
            "network-column-connections",
            "network-column-how",
            "network-column-policies",
        ]));
        for door in found {
            let (how, policies) = door_words(texts, door);
            let fields = [door.workload.to_string(), door.by.clone(), door_ports(door), how, policies];
            let _ = writeln!(out, "| {} |", fields.map(|field| cell(&field)).join(" | "));
        }
    }
    let _ = writeln!(out, "\n## {}\n", words::message(texts, "network-exposed-cluster"));
    if inside.is_empty() {
        let _ = writeln!(out, "{}", words::message(texts, "network-exposed-none"));
        return out;
    }
    out.push_str(&header(&["network-column-workload", "network-column-from", "network-column-connections"]));
    for of in inside {
        let anybody = of.anybody.iter().map(|text| (words::message(texts, "network-any-pod"), text.clone()));
        let described = of.described.iter().map(|(who, text)| (words::other(texts, who), text.clone()));
        let rows = anybody.chain(described).chain(of.namespaces.values().flatten().cloned());
        for (from, text) in rows {
            let fields = [of.workload.to_string(), from, words::set(texts, &text)];
            let _ = writeln!(out, "| {} |", fields.map(|field| cell(&field)).join(" | "));
        }
    }
    out
}
