//! `haechi alerts silence` and `haechi alerts dead`: what a running service is not to alert for a while, and what nobody got.

use std::io::{self, Write};

use anyhow::Result;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use haechi_model::Severity;
use haechi_report::{Args, Texts, visible};
use serde_json::Value as Json;

use super::to_stdout;
use crate::Exit;
use crate::exit::UsageError;
use crate::remote::{Remote, arguments, encoded};

/// Conditions that may be given several times.
const PATTERNS: [&str; 7] = ["source", "namespace", "rule", "framework", "cluster", "resource", "label"];

/// `haechi alerts silence`; texts are put in later.
pub(crate) fn silence() -> Command {
    let word = |name: &'static str| Arg::new(name).long(name);
    let mut add = Command::new("add").arg(word("severity").value_parser(value_parser!(Severity)));
    for name in PATTERNS {
        add = add.arg(word(name).action(ArgAction::Append));
    }
    add = add
        .arg(word("reason").required(true))
        .arg(word("for").value_parser(seconds))
        .arg(word("until"))
        .group(ArgGroup::new("end").args(["for", "until"]).required(true));
    Command::new("silence")
        .arg_required_else_help(true)
        .subcommand_required(true)
        .subcommand(with_output(arguments(add)))
        .subcommand(with_output(arguments(Command::new("list").arg(word("all").action(ArgAction::SetTrue)))))
        .subcommand(arguments(Command::new("end").arg(Arg::new("id").required(true))))
}

/// `haechi alerts dead`.
pub(crate) fn dead() -> Command {
    let id = || Arg::new("id").required(true).num_args(1..);
    Command::new("dead")
        .arg_required_else_help(true)
        .subcommand_required(true)
        .subcommand(with_output(arguments(Command::new("list"))))
        .subcommand(arguments(Command::new("retry").arg(id())))
        .subcommand(arguments(Command::new("drop").arg(id())))
}

pub(super) fn with_output(command: Command) -> Command {
    command.arg(crate::cli::output(&["text", "json"], "text"))
}

/// `2h`, `30m`, `1h 30m`, in whole seconds.
fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || "30m, 2h, 1h 30m".to_owned();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(wrong());
    }
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Some(duration.as_secs()).filter(|seconds| *seconds > 0).ok_or_else(wrong)
}

pub(super) fn is_json(matches: &ArgMatches) -> bool {
    matches.get_one::<String>("output").is_some_and(|output| output == "json")
}

pub(super) fn text<'j>(value: &'j Json, name: &str) -> &'j str {
    value.get(name).and_then(Json::as_str).unwrap_or_default()
}

pub(super) fn time(value: &Json, name: &str) -> String {
    let time = value.get(name).and_then(Json::as_i64).unwrap_or_default();
    jiff::Timestamp::from_microsecond(time).map(|time| format!("{time:.0}")).unwrap_or_default()
}

pub(super) fn rows<'j>(value: &'j Json, name: &str) -> &'j [Json] {
    value.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `haechi alerts silence …`
pub(super) fn run_silence(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    match matches.subcommand() {
        Some(("add", matches)) => add(matches, texts),
        Some(("list", matches)) => list(matches, texts),
        Some(("end", matches)) => {
            let id = matches.get_one::<String>("id").cloned().unwrap_or_default();
            Remote::new(matches, texts)?.post(&format!("/api/silences/{}/end", encoded(&id)), &[])?;
            say(texts, "cli-silence-ended", &Args::new().text("id", visible(&id).into_owned()))?;
            Ok(Exit::Clean)
        }
        _ => anyhow::bail!("no such command"),
    }
}

fn say(texts: &Texts, id: &str, args: &Args) -> Result<()> {
    to_stdout(|out| writeln!(out, "{}", texts.message(id, args)))
}

fn add(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    if let Some(severity) = matches.get_one::<Severity>("severity") {
        fields.push(("severity", severity.to_string()));
    }
    for name in PATTERNS {
        fields.extend(
            matches.get_many::<String>(name).into_iter().flatten().map(|given| (name, given.clone())),
        );
    }
    if fields.is_empty() {
        return Err(UsageError(texts.message("cli-silence-everything", &Args::new())).into());
    }
    fields.push(("reason", matches.get_one::<String>("reason").cloned().unwrap_or_default()));
    if let Some(seconds) = matches.get_one::<i64>("for") {
        fields.push(("lasts_s", seconds.to_string()));
    }
    if let Some(until) = matches.get_one::<String>("until") {
        let wrong =
            |_| UsageError(texts.message("cli-alerts-time", &Args::new().text("given", until.as_str())));
        until.parse::<jiff::Timestamp>().map_err(wrong)?;
        fields.push(("ends", until.clone()));
    }
    let made = Remote::new(matches, texts)?.post("/api/silences", &fields)?;
    to_stdout(|out| match is_json(matches) {
        true => writeln!(out, "{made:#}"),
        false => {
            let args = Args::new().text("id", text(&made, "id")).text("until", time(&made, "ends_us"));
            writeln!(out, "{}", texts.message("cli-silence-added", &args))
        }
    })?;
    Ok(Exit::Clean)
}

fn list(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let all = Remote::new(matches, texts)?.get("/api/silences")?;
    let counts = |silence: &&Json| {
        matches.get_flag("all") || silence.get("counts").and_then(Json::as_bool).unwrap_or_default()
    };
    let shown: Vec<&Json> = rows(&all, "silences").iter().filter(counts).collect();
    to_stdout(|out| {
        if is_json(matches) {
            return writeln!(out, "{:#}", serde_json::json!({"silences": shown}));
        }
        if shown.is_empty() {
            return writeln!(out, "{}", texts.message("cli-silence-none", &Args::new()));
        }
        shown.iter().try_for_each(|silence| show_silence(out, silence, texts))
    })?;
    Ok(Exit::Clean)
}

fn show_silence(out: &mut dyn Write, silence: &Json, texts: &Texts) -> io::Result<()> {
    let conditions = silence.get("conditions").map(ToString::to_string).unwrap_or_default();
    let args = Args::new()
        .text("id", text(silence, "id"))
        .text("from", time(silence, "starts_us"))
        .text("until", time(silence, "ends_us"))
        .text("by", visible(text(silence, "createdBy")).into_owned())
        .text("reason", visible(text(silence, "reason")).into_owned())
        .text("conditions", visible(&conditions).into_owned());
    writeln!(out, "{}", texts.message("cli-silence-shown", &args))
}

/// `haechi alerts dead …`
pub(super) fn run_dead(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    match matches.subcommand() {
        Some(("list", matches)) => list_dead(matches, texts),
        Some(("retry", matches)) => each(matches, texts, "retry", "cli-dead-retried"),
        Some(("drop", matches)) => each(matches, texts, "drop", "cli-dead-dropped"),
        _ => anyhow::bail!("no such command"),
    }
}

fn each(matches: &ArgMatches, texts: &Texts, what: &str, told: &str) -> Result<Exit> {
    let remote = Remote::new(matches, texts)?;
    for id in matches.get_many::<String>("id").into_iter().flatten() {
        remote.post(&format!("/api/alerts/dead/{}/{what}", encoded(id)), &[])?;
        say(texts, told, &Args::new().text("id", visible(id).into_owned()))?;
    }
    Ok(Exit::Clean)
}

fn list_dead(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let dead = Remote::new(matches, texts)?.get("/api/alerts/dead")?;
    let shown = rows(&dead, "dead");
    let count = dead.get("count").and_then(Json::as_u64).unwrap_or_default();
    to_stdout(|out| {
        if is_json(matches) {
            return writeln!(out, "{dead:#}");
        }
        if shown.is_empty() {
            return writeln!(out, "{}", texts.message("cli-dead-none", &Args::new()));
        }
        for alert in shown {
            let titles: Vec<&str> = rows(alert, "titles").iter().filter_map(Json::as_str).collect();
            let attempts = alert.get("attempts").and_then(Json::as_u64).unwrap_or_default();
            let args = Args::new()
                .text("id", text(alert, "id"))
                .text("receiver", visible(text(alert, "receiver")).into_owned())
                .text("time", time(alert, "created_us"))
                .number("attempts", usize::try_from(attempts).unwrap_or(usize::MAX))
                .text("why", visible(text(alert, "why")).into_owned())
                .text("titles", visible(&titles.join(", ")).into_owned());
            writeln!(out, "{}", texts.message("cli-dead-shown", &args))?;
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        match count.saturating_sub(shown.len()) {
            0 => Ok(()),
            more => writeln!(out, "{}", texts.message("cli-dead-more", &Args::new().number("count", more))),
        }
    })?;
    // Somebody has to act.
    Ok(if shown.is_empty() { Exit::Clean } else { Exit::Findings })
}
