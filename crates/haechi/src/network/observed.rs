//! `network generate` and `network observe`: policies and the connections that were seen.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::ArgMatches;
use haechi_network::flows::{self, Flow, Observed, Replay};
use haechi_network::generate::{self, Options};
use haechi_report::{Args, Texts};
use haechi_sources::{DiscoverOptions, discover, read};
use haechi_syntax::Limits;
use serde_json::json;

use super::arguments::{paths, profile, text};
use super::load::{Loaded, load};
use super::words;
use crate::Exit;
use crate::commands::to_stdout;
use crate::exit::UsageError;

/// Lines of logs that are named one by one.
const MOST_NAMED: usize = 10;

/// Connections of the logs, and what of them could not be used.
struct Logs {
    observed: Observed,
    problems: Vec<String>,
}

fn logs(files: &[PathBuf], format: &str, loaded: &Loaded, texts: &Texts) -> Logs {
    let mut logs = Logs { observed: Observed::default(), problems: Vec::new() };
    let discovery = discover(files, &DiscoverOptions { honour_ignore_files: false });
    for problem in discovery.problems.iter().filter(|problem| problem.kind.is_incomplete()) {
        logs.problems.push(format!("{}: {}", problem.path, problem.kind.as_str()));
    }
    // A log of a busy day is larger than any manifest.
    let limits = Limits { bytes: 1 << 30, ..Limits::default() };
    for entry in &discovery.files {
        let bytes = match read(entry, limits.bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                logs.problems.push(format!("{}: {error:?}", entry.shown));
                continue;
            }
        };
        let world = &loaded.snapshot.world;
        let is_hubble = match format {
            "vpc" => false,
            "hubble" => true,
            _ => bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{'),
        };
        let observed =
            if is_hubble { flows::read_hubble(&bytes, world) } else { flows::read_vpc(&bytes, world) };
        for skipped in observed.skipped.iter().take(MOST_NAMED) {
            logs.problems.push(format!("{}:{}: {}", entry.shown, skipped.line, skipped.reason));
        }
        if observed.left_out > MOST_NAMED {
            let args = Args::new()
                .text("path", entry.shown.to_string())
                .number("count", observed.left_out - MOST_NAMED);
            logs.problems.push(texts.message("network-more-skipped", &args));
        }
        logs.observed.merge(observed);
    }
    logs
}

fn tell(lines: &[String]) -> Result<()> {
    let mut out = io::stderr().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}

/// `network generate`
pub(super) fn generate(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(&paths(matches, "file"), profile(matches));
    let files = paths(matches, "flows");
    let is_from_flows = !files.is_empty();
    let mut logs = if is_from_flows {
        logs(&files, text(matches, "format"), &loaded, texts)
    } else {
        Logs { observed: flows::from_services(&loaded.snapshot, &loaded.mentions), problems: Vec::new() }
    };
    let ingress_namespace = text(matches, "ingress-namespace");
    if !ingress_namespace.is_empty() && !generate::is_name(ingress_namespace) {
        let args = Args::new().text("given", ingress_namespace.to_owned());
        return Err(UsageError(texts.message("network-bad-namespace", &args)).into());
    }
    let options = Options {
        default_deny: !matches.get_flag("no-default-deny"),
        allow_dns: !matches.get_flag("no-dns"),
        include_refused: matches.get_flag("include-refused"),
        // What comes in from outside is in the flows, where there are any.
        entries: !is_from_flows,
        ingress_namespace: (!ingress_namespace.is_empty()).then(|| ingress_namespace.to_owned()),
    };
    let generated = generate::generate(&loaded.snapshot, &logs.observed, &options);
    let refused = generate::verify(&loaded.snapshot, &generated, &logs.observed, loaded.profile, &options);
    let manifests = generated.manifests.join("---\n");
    if text(matches, "output") == "json" {
        let items = generate::as_json(&generated);
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
        to_stdout(|out| {
            serde_json::to_writer_pretty(&mut *out, &list)?;
            writeln!(out)
        })?;
    } else {
        let id =
            if is_from_flows { "network-generated-from-flows" } else { "network-generated-from-services" };
        let count: u64 = logs.observed.flows.values().sum();
        let head = texts.message(
            id,
            &Args::new()
                .number("connections", logs.observed.flows.len())
                .number("records", usize::try_from(count).unwrap_or(usize::MAX)),
        );
        to_stdout(|out| {
            writeln!(out, "# {head}")?;
            out.write_all(manifests.as_bytes())
        })?;
    }
    let world = &loaded.snapshot.world;
    for (flow, reason) in &generated.unmet {
        let args = Args::new().text("flow", flow_text(&loaded, flow)).text("reason", reason.clone());
        logs.problems.push(texts.message("network-unmet", &args));
    }
    for entry in &generated.unmet_entries {
        let args = Args::new().text("entry", entry.clone());
        logs.problems.push(texts.message("network-unmet-entry", &args));
    }
    let is_unmet = |flow: &Flow| generated.unmet.iter().any(|(unmet, _)| unmet == flow);
    let mut is_refused = false;
    for (flow, replay) in refused.iter().filter(|(flow, _)| !is_unmet(flow)) {
        is_refused |= *replay == Replay::Refused;
        let args =
            Args::new().text("flow", flow_text(&loaded, flow)).text("answer", words::answer(texts, *replay));
        logs.problems.push(texts.message("network-not-verified", &args));
    }
    debug_assert!(world.endpoints.len() <= u32::MAX as usize);
    tell(&logs.problems)?;
    loaded.tell_problems(&loaded.engine(), texts)?;
    Ok(match (is_refused, logs.problems.is_empty()) {
        (true, _) => Exit::Findings,
        (false, false) => Exit::Incomplete,
        (false, true) => loaded.exit(Exit::Clean),
    })
}

fn flow_text(loaded: &Loaded, flow: &Flow) -> String {
    let world = &loaded.snapshot.world;
    let (from, to) = (words::flow_end(world, &flow.from), words::flow_end(world, &flow.to));
    format!("{from} => {to} : {} {}", flow.protocol, flow.port)
}

/// `network observe`
pub(super) fn observe(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(&paths(matches, "file"), profile(matches));
    let logs = logs(&paths(matches, "flows"), text(matches, "format"), &loaded, texts);
    let mut engine = loaded.engine();
    let observation = flows::observe(&mut engine, &logs.observed);
    let world = &loaded.snapshot.world;
    let of = |list: &[(Flow, u64)]| words::flows(world, list.iter().map(|(flow, count)| (flow, *count)));
    let (refused, unknown) = (of(&observation.refused), of(&observation.unknown));
    let unused: Vec<(String, &'static str, usize, String)> = observation
        .unused
        .iter()
        .filter_map(|(policy, direction, rule)| {
            let of = engine.world().policies.get(*policy)?;
            let place = of.rules(*direction)?.get(*rule)?.origin.as_ref().or(of.origin.as_ref());
            let direction = match direction {
                haechi_network::world::Direction::Ingress => "ingress",
                haechi_network::world::Direction::Egress => "egress",
            };
            Some((of.id.to_string(), direction, rule + 1, place.map(ToString::to_string).unwrap_or_default()))
        })
        .collect();
    if text(matches, "output") == "json" {
        let rows = |list: &[(String, String, String, u64)]| {
            list.iter()
                .map(
                    |(from, to, port, count)| json!({ "src": from, "dst": to, "conn": port, "count": count }),
                )
                .collect::<Vec<_>>()
        };
        let value = json!({
            "connections": logs.observed.flows.len(),
            "refused": rows(&refused),
            "unknown": rows(&unknown),
            "unusedRules": unused.iter().map(|(policy, direction, rule, place)| json!({
                "policy": policy, "direction": direction, "rule": rule, "place": place,
            })).collect::<Vec<_>>(),
        });
        to_stdout(|out| {
            serde_json::to_writer_pretty(&mut *out, &value)?;
            writeln!(out)
        })?;
    } else {
        let mut lines = vec![
            texts.message("network-observed", &Args::new().number("connections", logs.observed.flows.len())),
        ];
        for (id, list) in [("network-observed-refused", &refused), ("network-observed-unknown", &unknown)] {
            if !list.is_empty() {
                lines.push(texts.message(id, &Args::new().number("count", list.len())));
                lines.extend(list.iter().map(|(from, to, port, count)| {
                    let times = texts.message(
                        "network-times",
                        &Args::new().number("count", usize::try_from(*count).unwrap_or(usize::MAX)),
                    );
                    format!("  {from} => {to} : {port} ({times})")
                }));
            }
        }
        if !unused.is_empty() {
            lines.push(texts.message("network-observed-unused", &Args::new().number("count", unused.len())));
            for (policy, direction, rule, place) in &unused {
                let direction = words::message(texts, &format!("network-direction-{direction}"));
                let args = Args::new()
                    .text("policy", policy.clone())
                    .text("direction", direction)
                    .number("rule", *rule)
                    .text("place", place.clone());
                lines.push(format!("  {}", texts.message("network-unused-rule", &args)));
            }
        }
        to_stdout(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    }
    tell(&logs.problems)?;
    loaded.tell_problems(&engine, texts)?;
    Ok(match (logs.problems.is_empty() && unknown.is_empty(), refused.is_empty()) {
        (false, _) => Exit::Incomplete,
        (true, false) => loaded.exit(Exit::Findings),
        (true, true) => loaded.exit(Exit::Clean),
    })
}
