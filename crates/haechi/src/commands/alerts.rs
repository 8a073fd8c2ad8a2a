//! `haechi alerts`: whether the configuration of alerts is right, where an alert would go, and whether it arrives.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use haechi_alerts::alert::{Alert, AllTexts, Context};
use haechi_alerts::deliver::{SystemSecrets, send};
use haechi_alerts::receivers::{Answer, Receiver};
use haechi_alerts::route::Step;
use haechi_alerts::secret::{SecretSource, Secrets as _};
use haechi_alerts::{Config, Dispatcher, Silence};
use haechi_model::Severity;
use haechi_report::{Args, Texts, visible};
use serde_json::json;

use super::to_stdout;
use crate::Exit;
use crate::exit::UsageError;

/// The command and its options; texts are put in later.
pub(crate) fn command() -> Command {
    let word = |name: &'static str| Arg::new(name).long(name);
    let config = || word("config").value_parser(value_parser!(PathBuf));
    Command::new("alerts")
        .arg_required_else_help(true)
        .subcommand_required(true)
        .subcommand(
            Command::new("check")
                .arg(config())
                .arg(word("severity").value_parser(value_parser!(Severity)).default_value("critical"))
                .arg(word("source").default_value("k8s_audit"))
                .arg(word("rule").default_value("example"))
                .arg(word("cluster").default_value("example"))
                .arg(word("namespace"))
                .arg(word("resource"))
                .arg(word("framework").action(ArgAction::Append))
                .arg(word("label").action(ArgAction::Append))
                .arg(word("at"))
                .arg(crate::cli::output(&["text", "json"], "text")),
        )
        .subcommand(Command::new("test").arg(config()).arg(word("receiver").required(true)))
        .subcommand(super::silences::silence())
        .subcommand(super::silences::dead())
}

fn configured(matches: &ArgMatches, texts: &Texts) -> Result<Config> {
    let config = super::scan::config(matches, &[PathBuf::from(".")])?;
    let missing = || UsageError(texts.message("cli-alerts-none", &Args::new()));
    Ok(config.alerts.ok_or_else(missing)?)
}

/// Now, in microseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge: everything below gets the time as an argument"
)]
pub(super) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn text<'m>(matches: &'m ArgMatches, name: &str) -> Option<&'m String> {
    matches.get_one::<String>(name)
}

/// The alert that the options describe.
fn example(matches: &ArgMatches, now_us: i64, texts: &Texts) -> Result<Alert> {
    let list = |name: &str| matches.get_many::<String>(name).into_iter().flatten().cloned();
    let label = |given: String| match given.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(UsageError(texts.message("cli-alerts-label", &Args::new().text("given", given.clone())))),
    };
    let context = Context {
        cluster: text(matches, "cluster").cloned().unwrap_or_default(),
        link: None,
        frameworks: list("framework").collect(),
        controls: Vec::new(),
        labels: list("label").map(label).collect::<Result<_, _>>()?,
    };
    let mut alert = Alert::test("example", now_us, &AllTexts::default(), context);
    alert.severity = matches.get_one::<Severity>("severity").copied().unwrap_or(Severity::Critical);
    alert.source = text(matches, "source").cloned().unwrap_or_default();
    alert.rule = text(matches, "rule").cloned().unwrap_or_default();
    alert.namespace = text(matches, "namespace").cloned();
    alert.resource = text(matches, "resource").cloned();
    Ok(alert)
}

/// What of a receiver is not there, by sentence.
fn lacks(receiver: &Receiver, texts: &Texts) -> Vec<String> {
    let mut lacks = Vec::new();
    for (key, from) in receiver.secrets() {
        let detail = match SystemSecrets.read(from) {
            Ok(secret) if secret.trim().is_empty() => texts.message("cli-alerts-empty", &Args::new()),
            Ok(_) => continue,
            Err(detail) => detail,
        };
        let args = Args::new().text("key", key).text("from", place(from)).text("detail", detail);
        lacks.push(texts.message("cli-alerts-secret", &args));
    }
    if let Some(path) = &receiver.ca_file
        && let Err(error) = std::fs::File::open(path)
    {
        let from = format!("`{}`", path.display());
        let args = Args::new().text("key", "ca-file").text("from", from).text("detail", error.to_string());
        lacks.push(texts.message("cli-alerts-secret", &args));
    }
    lacks
}

/// Where a secret is kept, in no language.
fn place(from: &SecretSource) -> String {
    match from {
        SecretSource::File(path) => format!("`{}`", path.display()),
        SecretSource::Env(name) => format!("`${name}`"),
    }
}

/// What a branch says to an alert, as a sentence.
fn said(step: &Step<'_>, texts: &Texts) -> String {
    let args = Args::new().text("route", step.route.id.as_str()).number("line", line(step));
    match &step.mismatch {
        Some(mismatch) => {
            let found = match mismatch.found.is_empty() {
                true => texts.message("cli-alerts-nothing", &Args::new()),
                false => format!("`{}`", visible(&mismatch.found)),
            };
            let args = args
                .text("property", mismatch.property.as_str())
                .text("wanted", mismatch.wanted.as_str())
                .text("found", found);
            texts.message("cli-alerts-mismatch", &args)
        }
        None if !step.takes => texts.message("cli-alerts-below", &args),
        None if step.route.receivers.is_empty() => texts.message("cli-alerts-nobody", &args),
        None => texts.message("cli-alerts-takes", &args.text("receivers", step.route.receivers.join(", "))),
    }
}

fn line(step: &Step<'_>) -> usize {
    usize::try_from(step.route.line).unwrap_or_default()
}

/// `haechi alerts check`
pub(super) fn check(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let config = configured(matches, texts)?;
    let now_us = match text(matches, "at") {
        None => now_us(),
        Some(at) => {
            let mistake =
                || UsageError(texts.message("cli-alerts-time", &Args::new().text("given", at.as_str())));
            at.parse::<jiff::Timestamp>().map_err(|_| mistake())?.as_microsecond()
        }
    };
    let alert = example(matches, now_us, texts)?;
    let steps = config.root.explain(&alert, now_us);
    let told: Vec<&str> =
        config.root.destinations(&alert, now_us).into_iter().map(|(_, receiver)| receiver).collect();
    let lacking: Vec<(&str, Vec<String>)> = config
        .receivers
        .values()
        .map(|receiver| (receiver.name.as_str(), lacks(receiver, texts)))
        .filter(|(_, lacks)| !lacks.is_empty())
        .collect();
    let unused = config.unused_receivers();
    if text(matches, "output").is_some_and(|output| output == "json") {
        let steps: Vec<_> = steps
            .iter()
            .map(|step| {
                json!({
                    "route": step.route.id,
                    "line": step.route.line,
                    "takes": step.takes,
                    "receivers": step.route.receivers,
                    "mismatch": step.mismatch.as_ref().map(|mismatch| json!({
                        "property": mismatch.property, "wanted": mismatch.wanted, "found": mismatch.found,
                    })),
                })
            })
            .collect();
        let receivers: Vec<_> = config
            .receivers
            .values()
            .map(|receiver| {
                json!({
                    "name": receiver.name,
                    "kind": receiver.service.kind(),
                    "used": !unused.contains(&receiver.name.as_str()),
                    "lacks": lacks(receiver, texts),
                })
            })
            .collect();
        let report = json!({ "receivers": receivers, "routes": steps, "told": told });
        to_stdout(|out| writeln!(out, "{report:#}"))?;
    } else {
        to_stdout(|out| {
            let args = Args::new()
                .number("receivers", config.receivers.len())
                .number("routes", config.root.walk().len().saturating_sub(1));
            writeln!(out, "{}", texts.message("cli-alerts-read", &args))?;
            for receiver in config.receivers.values() {
                writeln!(out, "  {} ({})", receiver.name, receiver.service.kind())?;
                for lack in lacks(receiver, texts) {
                    writeln!(out, "    {lack}")?;
                }
                if unused.contains(&receiver.name.as_str()) {
                    writeln!(out, "    {}", texts.message("cli-alerts-unused", &Args::new()))?;
                }
            }
            writeln!(out, "\n{}", texts.message("cli-alerts-way", &Args::new()))?;
            for step in &steps {
                let indent = "  ".repeat(step.route.id.matches('.').count() + 1);
                writeln!(out, "{indent}{}", said(step, texts))?;
            }
            let told = match told.is_empty() {
                true => texts.message("cli-alerts-told-nobody", &Args::new()),
                false => texts.message("cli-alerts-told", &Args::new().text("receivers", told.join(", "))),
            };
            writeln!(out, "\n{told}")
        })?;
    }
    // Whether a receiver without its secret works is not known.
    Ok(if lacking.is_empty() { Exit::Clean } else { Exit::Incomplete })
}

/// `haechi alerts test`: goes the way of every alert, from the dispatcher to the service.
pub(super) fn test(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let mut config = configured(matches, texts)?;
    let name = text(matches, "receiver").cloned().unwrap_or_default();
    let Some(receiver) = config.receiver(&name).cloned() else {
        let known = config.receivers.keys().cloned().collect::<Vec<_>>().join(", ");
        let args = Args::new().text("name", name.as_str()).text("known", known);
        return Err(UsageError(texts.message("cli-alerts-no-receiver", &args)).into());
    };
    config.root.receivers = vec![name.clone()];
    config.root.children.clear();
    config.root.timing.wait = std::time::Duration::ZERO;
    let now_us = now_us();
    let all = AllTexts::default();
    let mut dispatcher = Dispatcher::new(Arc::new(config));
    let alert = Alert::test(&now_us.to_string(), now_us, &all, Context::default());
    dispatcher.offer(vec![alert], now_us)?;
    let none: [Silence; 0] = [];
    let notifications = dispatcher.tick(now_us, &none);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for notification in &notifications {
        let answer = runtime.block_on(send(&receiver, notification, &SystemSecrets, &all, now_us, 1));
        let args = Args::new().text("name", name.as_str());
        let (id, why) = match answer {
            Answer::Accepted => {
                to_stdout(|out| writeln!(out, "{}", texts.message("cli-alerts-accepted", &args)))?;
                continue;
            }
            Answer::Later { why, .. } => ("cli-alerts-later", why),
            Answer::Refused { why } => ("cli-alerts-refused", why),
        };
        let told = texts.message(id, &args.text("why", visible(&why).into_owned()));
        // Where standard error is closed, nobody is there to tell.
        let _ = writeln!(io::stderr(), "{told}");
        return Ok(Exit::Internal);
    }
    Ok(Exit::Clean)
}
