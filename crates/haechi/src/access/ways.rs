//! `access paths`: how somebody could become more.

use anyhow::Result;
use clap::ArgMatches;
use haechi_access::Subject;
use haechi_access::attack::{AttackGraph, FactId, Goal, Labels, Path, Start, dot, svg};
use haechi_report::{Args, Texts};
use serde_json::json;

use super::arguments::text;
use super::ask::{print_json, print_lines};
use super::load::{Loaded, load};
use super::{export, words};
use crate::Exit;
use crate::commands::to_stdout;
use crate::exit::UsageError;

pub(super) fn paths(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches);
    let graph = loaded.graph();
    let goal = goal(text(matches, "to"), texts)?;
    let goals = graph.goal_facts(&goal);
    if goals.is_empty() {
        let message =
            texts.message("access-no-such-goal", &Args::new().text("given", text(matches, "to").to_owned()));
        return Err(UsageError(message).into());
    }
    let (paths, starts) = find_paths(matches, texts, &loaded, &graph, &goals)?;
    match text(matches, "output") {
        "json" => print_json(&json!({
            "goal": text(matches, "to"),
            "paths": paths.iter().map(|path| export::path(&loaded.snapshot, path)).collect::<Vec<_>>(),
            "cut": cut(matches, texts, &loaded, &graph, &goals, &starts),
        }))?,
        format @ ("dot" | "svg") => {
            let fact = |view: &haechi_access::attack::FactView| words::fact(texts, view);
            let technique = |id: &str| words::technique(texts, id);
            let labels = Labels { fact: &fact, technique: &technique };
            let drawn = if format == "dot" { dot(&paths, labels) } else { svg(&paths, labels) };
            to_stdout(|out| out.write_all(drawn.as_bytes()))?;
        }
        _ => {
            let mut lines = Vec::new();
            for path in &paths {
                lines.extend(path_lines(texts, &loaded, path));
                lines.push(String::new());
            }
            if paths.is_empty() {
                lines.push(texts.message("access-no-path", &Args::new()));
            }
            if let Some(changes) = cut(matches, texts, &loaded, &graph, &goals, &starts) {
                lines.push(texts.message("access-cut", &Args::new().number("count", changes.len())));
                lines.extend(changes.iter().map(|change| format!("  {change}")));
            }
            print_lines(&lines)?;
        }
    }
    loaded.tell_problems(texts)?;
    Ok(loaded.exit(if paths.is_empty() { Exit::Clean } else { Exit::Findings }))
}

/// The paths that are asked for, and where they begin.
fn find_paths(
    matches: &ArgMatches,
    texts: &Texts,
    loaded: &Loaded,
    graph: &AttackGraph,
    goals: &[FactId],
) -> Result<(Vec<Path>, Vec<FactId>)> {
    let given = text(matches, "from");
    if matches.get_flag("exposed") {
        let starts: Vec<FactId> = graph.exposed_pods().into_iter().map(|(fact, ..)| fact).collect();
        let paths = starts.iter().filter_map(|start| graph.path(&loaded.snapshot, *start, goals)).collect();
        return Ok((paths, starts));
    }
    if given.is_empty() {
        let found = graph.paths_to(&loaded.snapshot, goals);
        let found: Vec<_> = found.into_iter().filter(|(subject, _)| !subject.is_system()).collect();
        let starts = found
            .iter()
            .flat_map(|(subject, _)| graph.start_facts(&Start::Subject(subject.clone())))
            .collect();
        return Ok((found.into_iter().map(|(_, path)| path).collect(), starts));
    }
    let starts = graph.start_facts(&start(given, texts)?);
    if starts.is_empty() {
        let message = texts.message("access-no-such-start", &Args::new().text("given", given.to_owned()));
        return Err(UsageError(message).into());
    }
    let paths = starts.iter().filter_map(|start| graph.path(&loaded.snapshot, *start, goals)).collect();
    Ok((paths, starts))
}

/// A smallest set of changes after which no start reaches the goal.
fn cut(
    matches: &ArgMatches,
    texts: &Texts,
    loaded: &Loaded,
    graph: &AttackGraph,
    goals: &[FactId],
    starts: &[FactId],
) -> Option<Vec<String>> {
    if !matches.get_flag("cut") || starts.is_empty() {
        return None;
    }
    let change = |edge| graph.change_of(edge);
    let edges = graph.minimal_cut(starts, *goals.first()?, &change);
    let Some(edges) = edges else { return Some(vec![texts.message("access-no-cut", &Args::new())]) };
    let describe = |edge| {
        let shown: Vec<String> = graph
            .edge_evidence(&loaded.snapshot, edge)
            .iter()
            .map(|shown| export::evidence_line(&loaded.snapshot, shown))
            .collect();
        let technique = graph.technique(edge).map_or("", |technique| technique.id());
        format!("{technique}: {}", shown.join(" · "))
    };
    Some(edges.into_iter().map(describe).collect())
}

pub(super) fn path_lines(texts: &Texts, loaded: &Loaded, path: &Path) -> Vec<String> {
    let mut lines = vec![
        texts.message(
            "access-path",
            &Args::new()
                .text("start", words::fact(texts, &path.start))
                .text("goal", words::fact(texts, &path.goal)),
        ),
    ];
    if path.steps.is_empty() {
        lines.push(format!("  {}", texts.message("access-already", &Args::new())));
    }
    for (number, step) in path.steps.iter().enumerate() {
        lines.push(format!("  {}. {}", number + 1, words::step(texts, step)));
        for shown in &step.evidence {
            lines.push(format!("     {}", export::evidence_line(&loaded.snapshot, shown)));
        }
        for assumption in &step.assumptions {
            let text = words::assumption(texts, *assumption);
            lines.push(format!(
                "     {}",
                texts.message("access-assumes", &Args::new().text("assumption", text))
            ));
        }
    }
    lines
}

/// `internet`, `pod-network`, `pod:NS/NAME`, `node:NAME`, `cloud-role:ARN`, or a subject.
fn start(given: &str, texts: &Texts) -> Result<Start> {
    let (kind, rest) = given.split_once(':').unwrap_or((given, ""));
    let pair = || rest.split_once('/').map(|(namespace, name)| (namespace.to_owned(), name.to_owned()));
    let start = match kind {
        "internet" => Some(Start::Internet),
        "pod-network" => Some(Start::PodNetwork),
        "pod" => pair().map(|(namespace, name)| Start::Pod(namespace, name)),
        "node" => Some(Start::Node(rest.to_owned())),
        "cloud-role" => Some(Start::CloudRole(rest.to_owned())),
        _ => Subject::parse(given).map(Start::Subject),
    };
    start.ok_or_else(|| {
        UsageError(texts.message("access-bad-start", &Args::new().text("given", given.to_owned()))).into()
    })
}

/// `cluster-admin`, `node`, `node:NAME`, `secret:NS/NAME`, `cloud-role`, `cloud-role:ARN`, `pod:NS/NAME`, or a subject.
fn goal(given: &str, texts: &Texts) -> Result<Goal> {
    let (kind, rest) = given.split_once(':').unwrap_or((given, ""));
    let pair = || rest.split_once('/').map(|(namespace, name)| (namespace.to_owned(), name.to_owned()));
    let goal = match (kind, rest) {
        ("cluster-admin", _) => Some(Goal::ClusterAdmin),
        ("node", "") => Some(Goal::AnyNode),
        ("node", name) => Some(Goal::Node(name.to_owned())),
        ("cloud-role", "") => Some(Goal::CloudRole(None)),
        ("cloud-role", arn) => Some(Goal::CloudRole(Some(arn.to_owned()))),
        ("secret", _) => pair().map(|(namespace, name)| Goal::Secret(namespace, name)),
        ("pod", _) => pair().map(|(namespace, name)| Goal::Pod(namespace, name)),
        _ => Subject::parse(given).map(Goal::Subject),
    };
    goal.ok_or_else(|| {
        UsageError(texts.message("access-bad-goal", &Args::new().text("given", given.to_owned()))).into()
    })
}
