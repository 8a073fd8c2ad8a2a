//! `access paths`: how somebody could become more.

use anyhow::Result;
use clap::ArgMatches;
use haechi_access::Subject;
use haechi_access::attack::{AttackGraph, Cut, FactId, FactView, Gain, Goal, Labels, Path, Start, dot, svg};
use haechi_report::{Args, Texts, visible};
use serde_json::json;

use super::arguments::text;
use super::ask::{print_json, print_lines};
use super::load::{Loaded, Need, load};
use super::{export, words};
use crate::Exit;
use crate::commands::to_stdout;
use crate::exit::UsageError;

/// `access paths`
pub(super) fn paths(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let wanted = text(matches, "to");
    if wanted == "anything" {
        return reach(matches, texts);
    }
    let goal = goal(wanted, texts)?;
    let mut loaded = load(matches, texts, Need::Paths)?;
    if let Goal::Secret(namespace, name) = &goal {
        loaded.inventory.ask_for_secret(namespace, name);
    }
    let graph = loaded.graph();
    let goals = graph.goal_facts(&goal);
    if goals.is_empty() {
        loaded.tell_problems(texts)?;
        let message = texts.message("access-no-such-goal", &Args::new().text("given", wanted.to_owned()));
        return Err(UsageError(message).into());
    }
    let (paths, starts) = find_paths(matches, texts, &loaded, &graph, &goals)?;
    let cut = matches.get_flag("cut").then(|| graph.smallest_cut(&loaded.snapshot, &starts, &goals));
    match text(matches, "output") {
        "json" => print_json(&json!({
            "goal": wanted,
            "paths": paths.iter().map(|path| export::path(&loaded.snapshot, path)).collect::<Vec<_>>(),
            "cut": cut.as_ref().map(|cut| cut.as_ref().map(|cut| export::cut(&loaded.snapshot, cut))),
            "complete": !loaded.is_incomplete(),
        }))?,
        format @ ("dot" | "svg") => draw(texts, &paths, format)?,
        _ => {
            let mut lines = Vec::new();
            for path in &paths {
                lines.extend(path_lines(texts, &loaded, path));
                lines.push(String::new());
            }
            match &cut {
                _ if paths.is_empty() => lines.push(no_path(texts, &loaded)),
                None => {
                    lines.pop();
                }
                Some(cut) => lines.extend(cut_lines(texts, &loaded, cut.as_ref())),
            }
            print_lines(&lines)?;
        }
    }
    loaded.tell_problems(texts)?;
    Ok(loaded.exit(if paths.is_empty() { Exit::Clean } else { Exit::Findings }))
}

pub(super) fn no_path(texts: &Texts, loaded: &Loaded) -> String {
    let id = if loaded.is_incomplete() { "access-no-path-in-part" } else { "access-no-path" };
    texts.message(id, &Args::new())
}

fn draw(texts: &Texts, paths: &[Path], format: &str) -> Result<()> {
    let fact = |view: &FactView| visible(&words::fact(texts, view)).into_owned();
    let technique = |id: &str| words::technique(texts, id);
    let labels = Labels { fact: &fact, technique: &technique };
    let drawn = if format == "dot" { dot(paths, labels) } else { svg(paths, labels) };
    to_stdout(|out| out.write_all(drawn.as_bytes()))
}

fn cut_lines(texts: &Texts, loaded: &Loaded, cut: Option<&Cut>) -> Vec<String> {
    let Some(cut) = cut else { return vec![texts.message("access-no-cut", &Args::new())] };
    let mut lines = vec![texts.message("access-cut", &Args::new().number("count", cut.changes.len()))];
    lines.extend(
        cut.changes.iter().map(|change| format!("  - {}", words::change(texts, &loaded.snapshot, change))),
    );
    if !cut.is_smallest {
        lines.push(format!("  {}", texts.message("access-cut-not-proven", &Args::new())));
    }
    lines
}

/// `access paths --to anything`: all that is worth something and that each start reaches.
fn reach(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches, texts, Need::Paths)?;
    let graph = loaded.graph();
    let starts: Vec<FactId> = if matches.get_flag("exposed") {
        graph.exposed_pods().into_iter().map(|(fact, ..)| fact).collect()
    } else if text(matches, "from").is_empty() {
        let is_own = |subject: &Subject| !subject.is_system();
        graph
            .subject_starts()
            .into_iter()
            .filter(|(_, subject)| is_own(subject))
            .map(|(fact, _)| fact)
            .collect()
    } else {
        start_facts(matches, texts, &loaded, &graph)?
    };
    let reached: Vec<(FactView, Vec<Gain>)> = starts
        .iter()
        .map(|fact| (graph.view(&loaded.snapshot, *fact), graph.gains(&loaded.snapshot, *fact)))
        .filter(|(_, gains)| !gains.is_empty())
        .collect();
    match text(matches, "output") {
        "json" => print_json(&json!({
            "goal": "anything",
            "starts": reached.iter().map(|(start, gains)| json!({
                "start": start,
                "reaches": gains.iter().map(|gain| json!({
                    "fact": gain.fact,
                    "steps": gain.steps,
                    "certain": gain.is_certain,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "complete": !loaded.is_incomplete(),
        }))?,
        format @ ("dot" | "svg") => {
            let mut paths = Vec::new();
            for start in &starts {
                let goals = graph.gain_facts(*start);
                paths.extend(goals.iter().filter_map(|goal| graph.path(&loaded.snapshot, *start, &[*goal])));
            }
            draw(texts, &paths, format)?;
        }
        _ => {
            let mut lines = Vec::new();
            for (start, gains) in &reached {
                lines.push(words::fact(texts, start));
                for gain in gains {
                    let certainty = if gain.is_certain { "access-certain" } else { "access-perhaps" };
                    let certainty = texts.message(certainty, &Args::new());
                    let steps = texts.message("access-steps", &Args::new().number("count", gain.steps));
                    lines.push(format!("  {} · {steps} {certainty}", words::fact(texts, &gain.fact)));
                }
            }
            if reached.is_empty() {
                lines.push(no_path(texts, &loaded));
            }
            print_lines(&lines)?;
        }
    }
    loaded.tell_problems(texts)?;
    Ok(loaded.exit(if reached.is_empty() { Exit::Clean } else { Exit::Findings }))
}

/// The facts that `--from` names.
fn start_facts(
    matches: &ArgMatches,
    texts: &Texts,
    loaded: &Loaded,
    graph: &AttackGraph,
) -> Result<Vec<FactId>> {
    let given = text(matches, "from");
    let starts = graph.start_facts(&start(given, texts)?);
    if starts.is_empty() {
        loaded.tell_problems(texts)?;
        let message = texts.message("access-no-such-start", &Args::new().text("given", given.to_owned()));
        return Err(UsageError(message).into());
    }
    Ok(starts)
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
    let starts = start_facts(matches, texts, loaded, graph)?;
    let paths = starts.iter().filter_map(|start| graph.path(&loaded.snapshot, *start, goals)).collect();
    Ok((paths, starts))
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
