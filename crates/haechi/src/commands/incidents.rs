//! `haechi incidents`: what a running service knows of incidents, and what becomes of them.

use std::io::{self, Write};

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use haechi_model::Severity;
use haechi_report::{Args, Texts, visible};
use serde_json::Value as Json;

use super::silences::{is_json, rows, text, time, with_output};
use super::to_stdout;
use crate::Exit;
use crate::remote::{Remote, arguments, encoded};

/// What is done with an incident: the command, and what is said then.
const MOVES: [(&str, &str); 3] = [
    ("acknowledge", "cli-incident-acknowledged"),
    ("close", "cli-incident-closed"),
    ("reopen", "cli-incident-reopened"),
];

/// The command and its options; texts are put in later.
pub(crate) fn command() -> Command {
    let word = |name: &'static str| Arg::new(name).long(name);
    let id = || Arg::new("id").required(true);
    let list = Command::new("list")
        .arg(word("cluster"))
        .arg(word("severity").value_parser(value_parser!(Severity)))
        .arg(word("all").action(ArgAction::SetTrue));
    let mut command = Command::new("incidents")
        .arg_required_else_help(true)
        .subcommand_required(true)
        .subcommand(with_output(arguments(list)))
        .subcommand(with_output(arguments(Command::new("show").arg(id()))));
    for (name, _) in MOVES {
        command = command.subcommand(arguments(Command::new(name).arg(id()).arg(word("note"))));
    }
    command
}

/// `haechi incidents …`
pub(super) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches, texts),
        Some(("show", matches)) => show(matches, texts),
        Some((name, matches)) => match MOVES.iter().find(|(known, _)| *known == name) {
            Some((what, told)) => bring(matches, texts, what, told),
            None => anyhow::bail!("no such command"),
        },
        None => anyhow::bail!("no such command"),
    }
}

fn path(matches: &ArgMatches) -> String {
    let id = matches.get_one::<String>("id").map(String::as_str).unwrap_or_default();
    format!("/api/incidents/{}", encoded(id))
}

fn bring(matches: &ArgMatches, texts: &Texts, what: &str, told: &str) -> Result<Exit> {
    let note = matches.get_one::<String>("note").cloned().unwrap_or_default();
    let moved = Remote::new(matches, texts)?.post(&format!("{}/{what}", path(matches)), &[("note", note)])?;
    let incident = moved.get("incident").unwrap_or(&Json::Null);
    let args = Args::new()
        .text("id", visible(text(incident, "id")).into_owned())
        .text("title", visible(text(incident, "title")).into_owned());
    to_stdout(|out| writeln!(out, "{}", texts.message(told, &args)))?;
    Ok(Exit::Clean)
}

fn list(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let remote = Remote::new(matches, texts)?;
    let mut path = "/api/incidents?limit=1000".to_owned();
    if !matches.get_flag("all") {
        path.push_str("&closed=false");
    }
    if let Some(cluster) = matches.get_one::<String>("cluster") {
        path.push_str(&format!("&cluster={}", encoded(cluster)));
    }
    if let Some(severity) = matches.get_one::<Severity>("severity") {
        path.push_str(&format!("&severity={severity}"));
    }
    let mut incidents: Vec<Json> = Vec::new();
    let mut after = String::new();
    loop {
        let page = remote.get(&format!("{path}{after}"))?;
        incidents.extend_from_slice(rows(&page, "incidents"));
        match text(&page, "next") {
            "" => break,
            next => after = format!("&after={}", encoded(next)),
        }
    }
    to_stdout(|out| {
        if is_json(matches) {
            return writeln!(out, "{:#}", serde_json::json!({"incidents": incidents}));
        }
        if incidents.is_empty() {
            return writeln!(out, "{}", texts.message("cli-incidents-none", &Args::new()));
        }
        incidents.iter().try_for_each(|incident| tell(out, incident, texts))
    })?;
    Ok(Exit::Clean)
}

/// An incident in a few lines.
fn tell(out: &mut dyn Write, incident: &Json, texts: &Texts) -> io::Result<()> {
    let severity = text(incident, "severity").parse().map(|severity| texts.severity(severity));
    let state = texts.message(&format!("serve-incident-{}", text(incident, "state")), &Args::new());
    let detections = incident.get("detections").and_then(Json::as_u64).unwrap_or_default();
    let seen = |name: &str| visible(text(incident, name)).into_owned();
    let severity = severity.unwrap_or_default();
    writeln!(out, "{}  {severity}  {}  {state}", seen("id"), seen("cluster"))?;
    writeln!(out, "  {}", seen("title"))?;
    let args = Args::new()
        .text("first", time(incident, "opened_us"))
        .text("last", time(incident, "last_us"))
        .number("detections", usize::try_from(detections).unwrap_or(usize::MAX));
    writeln!(out, "  {}", texts.message("cli-incident-times", &args))?;
    for (name, id) in [
        ("acknowledged_by", "cli-incident-by"),
        ("closed_by", "cli-incident-ended-by"),
        ("follows", "cli-incident-follows"),
    ] {
        let value = text(incident, name);
        if !value.is_empty() {
            let args = Args::new().text("value", visible(value).into_owned());
            writeln!(out, "  {}", texts.message(id, &args))?;
        }
    }
    text(incident, "notes").lines().try_for_each(|note| writeln!(out, "  | {}", visible(note)))
}

fn show(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let shown = Remote::new(matches, texts)?.get(&format!("{}?limit=1000", path(matches)))?;
    to_stdout(|out| {
        if is_json(matches) {
            return writeln!(out, "{shown:#}");
        }
        tell(out, shown.get("incident").unwrap_or(&Json::Null), texts)?;
        for detection in rows(&shown, "detections") {
            let output = detection.pointer("/detection/output").and_then(Json::as_str).unwrap_or_default();
            let (at, rule) = (time(detection, "time_us"), visible(text(detection, "rule")));
            writeln!(out, "  {at}  {rule}: {}", visible(output))?;
        }
        for finding in rows(&shown, "findings") {
            writeln!(out, "  {}: {}", visible(text(finding, "rule")), visible(text(finding, "message")))?;
        }
        if !text(&shown, "next").is_empty() {
            writeln!(out, "  {}", texts.message("cli-incident-more", &Args::new()))?;
        }
        Ok(())
    })?;
    Ok(Exit::Clean)
}
