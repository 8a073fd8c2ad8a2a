//! `access generate`, `access unused`, `access diff`: what is used, what is not, what changed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Result;
use clap::ArgMatches;
use haechi_access::{
    GenerateOptions, Generated, GeneratedRole, Identity, Observations, Observed, PolicyRule, ScopedPart,
    Subject, Use, diff as diff_of, generate as generate_of, unused as unused_of,
};
use haechi_report::{Args, Texts};
use serde_json::{Value as Json, json};

use super::arguments::{paths, subject, text};
use super::ask::{is_json, print_json, print_lines};
use super::load::{load, load_events, load_paths};
use super::words;
use crate::Exit;
use crate::commands::to_stdout;

/// `access generate SUBJECT --audit LOG`
pub(super) fn generate(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches);
    let (observations, unread) = load_events(matches);
    let subject = subject(matches, "subject", texts)?;
    let requests = requests_of(&observations, &subject, matches.get_flag("include-refused"));
    let name = text(matches, "name");
    let options = if matches.get_flag("widen") {
        GenerateOptions::generous(name)
    } else {
        GenerateOptions { name: name.to_owned(), ..GenerateOptions::default() }
    };
    let is_compared = !paths(matches, "file").is_empty();
    let granted = is_compared.then(|| loaded.snapshot.permissions(&Identity::new(&subject, &[])));
    let generated = generate_of(&subject, &requests, None, granted.as_deref(), &options);
    print_roles(matches, texts, &observations, &generated, requests.len())?;
    tell(&unread)?;
    loaded.tell_problems(texts)?;
    let is_verified =
        generated.not_covered.is_empty() && generated.not_granted.as_ref().is_none_or(Vec::is_empty);
    if !is_verified {
        tell_unverified(texts, &generated)?;
        return Ok(Exit::Findings);
    }
    Ok(if unread.is_empty() { loaded.exit(Exit::Clean) } else { Exit::Incomplete })
}

fn tell(lines: &[String]) -> Result<()> {
    let mut out = io::stderr().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}

fn tell_unverified(texts: &Texts, generated: &Generated) -> Result<()> {
    let mut lines = Vec::new();
    for request in &generated.not_covered {
        lines.push(texts.message("access-not-covered", &Args::new().text("request", request_text(request))));
    }
    for (namespace, rule) in generated.not_granted.iter().flatten() {
        let text = format!("{} {}", namespace.as_deref().unwrap_or("*"), words::rule(rule));
        lines.push(texts.message("access-not-granted", &Args::new().text("rule", text)));
    }
    tell(&lines)
}

fn request_text(request: &Observed) -> String {
    let action = request.action();
    match action.target {
        haechi_access::Target::Url(path) => format!("{} {path}", action.verb),
        haechi_access::Target::Resource { group, resource, subresource, name } => {
            let parts = [action.verb, group, resource, subresource, action.namespace, name];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        }
    }
}

fn requests_of(observations: &Observations, subject: &Subject, with_refused: bool) -> Vec<Observed> {
    let refused = observations.forbidden.keys().filter(|_| with_refused);
    let is_theirs = |request: &&Observed| match subject {
        Subject::Group { name } => request.groups.contains(name),
        other => other.user_name().is_some_and(|user| user == request.user),
    };
    observations.allowed.keys().chain(refused).filter(is_theirs).cloned().collect()
}

fn print_roles(
    matches: &ArgMatches,
    texts: &Texts,
    observations: &Observations,
    generated: &Generated,
    requests: usize,
) -> Result<()> {
    let window = observations.window.clone().unwrap_or_default();
    let objects: Vec<Json> =
        generated.roles.iter().flat_map(|role| role_objects(role, &window, observations.events)).collect();
    if is_json(matches) {
        return print_json(&json!({
            "apiVersion": "v1",
            "kind": "List",
            "items": objects,
        }));
    }
    let head = texts.message(
        "access-generated-head",
        &Args::new()
            .number("requests", requests)
            .number("events", usize::try_from(observations.events).unwrap_or(usize::MAX))
            .text("first", window.0)
            .text("last", window.1),
    );
    to_stdout(|out| {
        writeln!(out, "# {head}")?;
        for object in &objects {
            writeln!(out, "---")?;
            write_yaml(object, 0, out)?;
        }
        Ok(())
    })
}

/// A role and its binding, with what they were made from in annotations.
fn role_objects(role: &GeneratedRole, window: &(String, String), events: u64) -> [Json; 2] {
    let (prefix, mut metadata) = match &role.namespace {
        Some(namespace) => ("", json!({ "name": role.name, "namespace": namespace })),
        None => ("Cluster", json!({ "name": role.name })),
    };
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert(
            "annotations".to_owned(),
            json!({
                "haechi/observed-from": window.0,
                "haechi/observed-until": window.1,
                "haechi/observed-events": events.to_string(),
            }),
        );
    }
    let subject = match &role.subject {
        Subject::ServiceAccount { namespace, name } => {
            json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name })
        }
        Subject::User { name } => {
            json!({ "kind": "User", "apiGroup": haechi_access::RBAC_GROUP, "name": name })
        }
        Subject::Group { name } => {
            json!({ "kind": "Group", "apiGroup": haechi_access::RBAC_GROUP, "name": name })
        }
    };
    let version = format!("{}/v1", haechi_access::RBAC_GROUP);
    [
        json!({ "apiVersion": version, "kind": format!("{prefix}Role"), "metadata": metadata, "rules": role.rules }),
        json!({
            "apiVersion": version,
            "kind": format!("{prefix}RoleBinding"),
            "metadata": metadata,
            "roleRef": { "apiGroup": haechi_access::RBAC_GROUP, "kind": format!("{prefix}Role"), "name": role.name },
            "subjects": [subject],
        }),
    ]
}

/// Block style; texts in JSON's quotes, which YAML reads alike.
fn write_yaml(value: &Json, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                write!(out, "{:indent$}{key}:", "")?;
                write_value(value, indent, out)?;
            }
            Ok(())
        }
        other => writeln!(out, "{:indent$}{other}", ""),
    }
}

fn write_value(value: &Json, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Json::Object(map) if !map.is_empty() => {
            writeln!(out)?;
            write_yaml(value, indent + 2, out)
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            writeln!(out)?;
            for item in items {
                let mut text = Vec::new();
                write_yaml(item, indent + 2, &mut text)?;
                let text = String::from_utf8_lossy(&text);
                // The dash takes the place of the first line's indentation.
                write!(out, "{:indent$}- {}", "", text.trim_start())?;
            }
            Ok(())
        }
        other => writeln!(out, " {other}"),
    }
}

/// `access unused --audit LOG`
pub(super) fn unused(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches);
    let (observations, unread) = load_events(matches);
    let only = match text(matches, "subject") {
        "" => None,
        _ => Some(subject(matches, "subject", texts)?),
    };
    let snapshot = &loaded.snapshot;
    let found: Vec<_> = unused_of(snapshot, &observations)
        .into_iter()
        .filter(|grant| {
            only.as_ref().is_none_or(|only| {
                snapshot.binding_subjects(grant.binding).iter().any(|(subject, _)| subject == only)
            })
        })
        .collect();
    if is_json(matches) {
        print_json(&json!({
            "events": observations.events,
            "window": observations.window,
            "unused": found.iter().map(|grant| json!({
                "binding": snapshot.binding_view(grant.binding).map(|view| view.to_string()),
                "role": snapshot.role_view(grant.role).map(|view| view.to_string()),
                "rule": snapshot.rule_view(grant.rule).map(|view| view.rule),
                "use": grant.use_,
                "unused": haechi_access::gather(&grant.unused),
            })).collect::<Vec<_>>(),
        }))?;
    } else {
        let mut lines = Vec::new();
        for grant in &found {
            let binding =
                snapshot.binding_view(grant.binding).map(|view| view.to_string()).unwrap_or_default();
            let role = snapshot.role_view(grant.role).map(|view| view.to_string()).unwrap_or_default();
            let id = match grant.use_ {
                Use::Nothing => "access-unused-nothing",
                Use::Part => "access-unused-part",
                Use::Wildcard => "access-unused-wildcard",
            };
            lines.push(format!("{binding} → {role}: {}", texts.message(id, &Args::new())));
            let rules = match grant.use_ {
                Use::Wildcard => snapshot.rule_view(grant.rule).map(|view| view.rule).into_iter().collect(),
                _ => haechi_access::gather(&grant.unused),
            };
            lines.extend(rules.iter().map(|rule| format!("  {}", words::rule(rule))));
        }
        print_lines(&lines)?;
    }
    tell(&unread)?;
    loaded.tell_problems(texts)?;
    Ok(if unread.is_empty() { loaded.exit(Exit::Clean) } else { Exit::Incomplete })
}

/// `access diff BEFORE AFTER`
pub(super) fn diff(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let before = load_paths(&paths(matches, "before"), false);
    let after = load_paths(&paths(matches, "after"), false);
    let changes = diff_of(&before.snapshot, &after.snapshot);
    if is_json(matches) {
        print_json(&json!({ "changes": changes }))?;
    } else {
        let mut lines = Vec::new();
        for change in &changes {
            lines.push(change.subject.to_string());
            lines.extend(part_lines("+", &change.gained));
            lines.extend(part_lines("-", &change.lost));
        }
        if lines.is_empty() {
            lines.push(texts.message("access-no-change", &Args::new()));
        }
        print_lines(&lines)?;
    }
    before.tell_problems(texts)?;
    after.tell_problems(texts)?;
    Ok(before.exit(after.exit(Exit::Clean)))
}

fn part_lines(sign: &str, parts: &[ScopedPart]) -> Vec<String> {
    let mut by_scope: BTreeMap<&Option<String>, Vec<PolicyRule>> = BTreeMap::new();
    for part in parts {
        by_scope.entry(&part.namespace).or_default().push(part.part.clone());
    }
    let mut lines = Vec::new();
    for (scope, rules) in by_scope {
        for rule in haechi_access::gather(&rules) {
            lines.push(format!("  {sign} {}: {}", scope.as_deref().unwrap_or("*"), words::rule(&rule)));
        }
    }
    lines
}
