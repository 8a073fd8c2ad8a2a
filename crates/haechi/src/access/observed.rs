//! `access generate`, `access unused`, `access diff`: what is used, what is not, what changed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Result;
use clap::ArgMatches;
use haechi_access::cloud::Cloud;
use haechi_access::{
    GenerateOptions, Generated, GeneratedRole, Identity, Inventory, Observations, Observed, Place,
    PolicyRule, RbacChange, RbacOutcome, ScopedPart, SnapshotBuilder, Subject, Unclear, Use, apply_event,
    diff as diff_of, generate as generate_of, given_to_everybody, unclear_for_anybody, unused as unused_of,
};
use haechi_model::Span;
use haechi_report::{Args, Texts, visible};
use haechi_syntax::{Limits, Node, Source, parse_json};
use serde_json::{Value as Json, json};

use super::arguments::{paths, subject, text};
use super::ask::{is_json, print_json, print_lines, tell};
use super::load::{Loaded, Log, Need, each_event, is_whole, load, load_events, load_paths, read_paths};
use super::words;
use crate::commands::to_stdout;
use crate::{Exit, connection};

/// `access generate SUBJECT --audit LOG`
pub(super) fn generate(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let subject = subject(matches, "subject", texts)?;
    let loaded = load(matches, texts, Need::Rights)?;
    let Log { observations, unread } = load_events(matches, texts);
    let requests = requests_of(&observations, &subject, matches.get_flag("include-refused"));
    let name = text(matches, "name");
    let options = if matches.get_flag("widen") {
        GenerateOptions::generous(name)
    } else {
        GenerateOptions { name: name.to_owned(), ..GenerateOptions::default() }
    };
    let is_compared = !paths(matches, "file").is_empty() || connection::is_asked(matches);
    // The groups that the authenticator gave, beside those that the API server adds.
    let mut groups: Vec<String> = Vec::new();
    if subject.user_name().is_some() {
        groups.extend(requests.iter().flat_map(|request| request.groups.iter().cloned()));
        groups.sort();
        groups.dedup();
    }
    let granted = is_compared.then(|| loaded.snapshot.permissions(&Identity::new(&subject, &groups)));
    let generated =
        generate_of(&subject, &requests, Some(&given_to_everybody()), granted.as_deref(), &options);
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
    // Times come from the log and must not end the comment that they stand in.
    let (first, last) = observations.window.clone().unwrap_or_default();
    let window = (visible(&first).into_owned(), visible(&last).into_owned());
    let objects: Vec<Json> =
        generated.roles.iter().flat_map(|role| role_objects(role, &window, observations.events)).collect();
    if is_json(matches) {
        return print_json(&json!({
            "apiVersion": "v1",
            "kind": "List",
            "items": objects,
        }));
    }
    let id = if observations.window.is_some() {
        "access-generated-head"
    } else {
        "access-generated-head-timeless"
    };
    let args = Args::new()
        .number("requests", requests)
        .number("events", usize::try_from(observations.events).unwrap_or(usize::MAX))
        .text("first", window.0)
        .text("last", window.1);
    let head = texts.message(id, &args);
    let kept = texts.message("access-generated-kept", &Args::new());
    to_stdout(|out| {
        writeln!(out, "# {head}\n# {kept}")?;
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
        other => writeln!(out, "{:indent$}{}", "", quoted(other)),
    }
}

/// JSON that YAML reads alike: characters that YAML does not take as they are stand as escapes.
fn quoted(value: &Json) -> String {
    let text = value.to_string();
    if !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        return text;
    }
    let escape = |c: char| match c {
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
            format!("\\u{:04x}", u32::from(c))
        }
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
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
        other => writeln!(out, " {}", quoted(other)),
    }
}

/// `access unused --audit LOG`
pub(super) fn unused(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches, texts, Need::Rights)?;
    let Log { observations, unread } = load_events(matches, texts);
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
        let (first, last) = observations.window.clone().unwrap_or_default();
        let id =
            if observations.window.is_some() { "access-unused-head" } else { "access-unused-head-timeless" };
        let args = Args::new()
            .number("count", found.len())
            .number("events", usize::try_from(observations.events).unwrap_or(usize::MAX))
            .text("first", first)
            .text("last", last);
        let mut lines = vec![texts.message(id, &args)];
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

/// `access diff BEFORE AFTER`, `access diff BEFORE --audit LOG`
pub(super) fn diff(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let is_whole = is_whole(matches);
    let files = |name: &str| paths(matches, name);
    let mut applied = Vec::new();
    let mut unread = Vec::new();
    let (before, after) = if files("audit").is_empty() {
        let before = load_paths(&files("before"), is_whole, None, texts, Need::Rights)?;
        (before, load_paths(&files("after"), is_whole, Some(matches), texts, Need::Rights)?)
    } else {
        let mut before = read_paths(&files("before"), is_whole, None, texts, Need::Rights)?;
        let mut after = before.builder.clone();
        (applied, unread) = replay(matches, &mut before.builder, &mut after);
        let after = Loaded {
            snapshot: after.finish(),
            inventory: Inventory::default(),
            cloud: Cloud::default(),
            unread: Vec::new(),
        };
        (before.finish(), after)
    };
    let changes = diff_of(&before.snapshot, &after.snapshot);
    let for_anybody = unclear_for_anybody(&before.snapshot, &after.snapshot);
    if is_json(matches) {
        print_json(&json!({ "events": applied, "changes": changes, "unclearForAnybody": for_anybody }))?;
    } else {
        let mut lines = Vec::new();
        for change in &applied {
            lines.push(event_line(texts, change));
        }
        if !applied.is_empty() {
            lines.push(String::new());
        }
        for change in &changes {
            lines.push(change.subject.to_string());
            lines.extend(part_lines(texts, "+", &change.gained));
            lines.extend(part_lines(texts, "-", &change.lost));
            lines.extend(part_lines(texts, "+?", &change.perhaps_gained));
            lines.extend(part_lines(texts, "-?", &change.perhaps_lost));
            lines.extend(change.unclear.iter().map(|unclear| unclear_line(texts, unclear)));
        }
        if !for_anybody.is_empty() {
            lines.push(texts.message("access-anybody", &Args::new()));
            lines.extend(for_anybody.iter().map(|unclear| unclear_line(texts, unclear)));
        }
        if changes.is_empty() && for_anybody.is_empty() {
            let is_whole = unread.is_empty() && !before.is_incomplete() && !after.is_incomplete();
            let id = if is_whole { "access-no-change" } else { "access-no-change-in-part" };
            lines.push(texts.message(id, &Args::new()));
        }
        print_lines(&lines)?;
    }
    tell(&unread)?;
    before.tell_problems(texts)?;
    // What the files said already is not said again.
    if files("audit").is_empty() {
        after.tell_problems(texts)?;
    } else {
        let known = before.snapshot.issues();
        after.tell_issues(texts, |issue| !known.contains(issue))?;
    }
    Ok(if unread.is_empty() { before.exit(after.exit(Exit::Clean)) } else { Exit::Incomplete })
}

/// Applies the changes of the log in the order of their time, which files and lines need not have.
fn replay(
    matches: &ArgMatches,
    before: &mut SnapshotBuilder,
    after: &mut SnapshotBuilder,
) -> (Vec<RbacChange>, Vec<String>) {
    let mut events: Vec<(String, String, Arc<Source>)> = Vec::new();
    let mut unread = each_event(matches, &mut |at, source, event| {
        let text = |path: &[&str]| event.at(path).and_then(Node::as_str).unwrap_or_default();
        if text(&["objectRef", "apiGroup"]) == haechi_access::RBAC_GROUP {
            let time = match text(&["stageTimestamp"]) {
                "" => text(&["requestReceivedTimestamp"]),
                time => time,
            };
            let event = Source::new(source.slice(event.span()).to_owned());
            events.push((time.trim_end_matches('Z').to_owned(), at.to_owned(), Arc::new(event)));
        }
        Ok(())
    });
    events.sort_by(|a, b| a.0.cmp(&b.0));
    let mut applied = Vec::new();
    for (_, at, event) in events {
        let parsed = parse_json(event.text().as_bytes(), &Limits::default());
        let Some(document) = parsed.documents.first() else { continue };
        let path: Arc<str> = at.as_str().into();
        let source = after.add_source(path.clone(), None);
        before.add_source(path, None);
        let place = Place { source, span: Span::at(0) };
        match apply_event(before, after, place, document.root()) {
            Ok(change) => applied.extend(change),
            Err(error) => unread.push(format!("{at}: {error}")),
        }
    }
    (applied, unread)
}

fn event_line(texts: &Texts, change: &RbacChange) -> String {
    let name = if change.name.is_empty() { "*" } else { &change.name };
    let object = match &change.namespace {
        Some(namespace) => format!("{} {namespace}/{name}", change.kind),
        None => format!("{} {name}", change.kind),
    };
    let line = format!("{} {}: {} {object}", change.time, change.user, change.verb);
    match change.outcome {
        RbacOutcome::NotRecorded => {
            format!("{line} ({})", texts.message("access-not-recorded", &Args::new()))
        }
        RbacOutcome::Written | RbacOutcome::Removed => line,
    }
}

fn unclear_line(texts: &Texts, unclear: &Unclear) -> String {
    let id = match (unclear.is_before, unclear.role.is_empty()) {
        (true, true) => "access-unclear-before",
        (true, false) => "access-unclear-before-role",
        (false, true) => "access-unclear-after",
        (false, false) => "access-unclear-after-role",
    };
    let args = Args::new().text("binding", unclear.binding.clone()).text("role", unclear.role.clone());
    format!("  ? {}", texts.message(id, &args))
}

fn part_lines(texts: &Texts, sign: &str, parts: &[ScopedPart]) -> Vec<String> {
    let mut by_scope: BTreeMap<&Option<String>, Vec<PolicyRule>> = BTreeMap::new();
    for part in parts {
        by_scope.entry(&part.namespace).or_default().push(part.part.clone());
    }
    let mut lines = Vec::new();
    for (scope, rules) in by_scope {
        for rule in haechi_access::gather(&rules) {
            lines.push(format!("  {sign} {}: {}", words::scope(texts, scope.as_deref()), words::rule(&rule)));
        }
    }
    lines
}
