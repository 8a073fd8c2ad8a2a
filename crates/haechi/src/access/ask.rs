//! Questions: may they, who may, what may they, who reaches whom.

use std::io::Write as _;

use anyhow::Result;
use clap::ArgMatches;
use haechi_access::attack::Goal;
use haechi_access::{
    Answer, Authority, Authorizers, Doubt, Identity, MASTERS, NearMiss, Request, Snapshot,
    matrix as matrix_of,
};
use haechi_report::{Args, Texts, visible};
use serde_json::{Value as Json, json};

use super::arguments::{Asked, subject, text};
use super::load::{Loaded, Need, issue_detail, load};
use super::{export, words};
use crate::Exit;
use crate::commands::to_stdout;

pub(super) fn is_json(matches: &ArgMatches) -> bool {
    text(matches, "output") == "json"
}

pub(super) fn print_json(value: &Json) -> Result<()> {
    to_stdout(|out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })
}

pub(super) fn print_lines(lines: &[String]) -> Result<()> {
    // Names come from the cluster and from logs: what would steer the terminal is made visible.
    to_stdout(|out| lines.iter().try_for_each(|line| writeln!(out, "{}", visible(line))))
}

/// Lines beside the result, on standard error.
pub(super) fn tell(lines: &[String]) -> Result<()> {
    let mut out = std::io::stderr().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{}", visible(line)))?;
    Ok(())
}

/// `access can-i VERB RESOURCE --as SUBJECT`
pub(super) fn can_i(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let subject = subject(matches, "as", texts)?;
    let loaded = load(matches, texts, Need::Rights)?;
    let groups: Vec<String> = matches.get_many("as-group").into_iter().flatten().cloned().collect();
    let identity = Identity::new(&subject, &groups);
    let group_names = identity.group_names();
    let asked = Asked::read(matches, texts);
    let request = Request { user: &identity.user, groups: &group_names, action: asked.action() };
    let authorizers = match text(matches, "authorization-mode") {
        "" => Authorizers::default(),
        modes => Authorizers::from_modes(modes),
    };
    let decision = authorizers.decide(&loaded.snapshot, &request);
    let snapshot = &loaded.snapshot;
    let misses =
        if decision.rbac.answer == Answer::Allowed { Vec::new() } else { snapshot.near_misses(&request, 5) };
    let witness = decision.rbac.witness.map(|witness| words::witness(snapshot, &witness));
    let doubts: Vec<String> =
        decision.rbac.doubts.iter().map(|doubt| doubt_text(texts, snapshot, doubt)).collect();
    if is_json(matches) {
        print_json(&json!({
            "question": asked.describe(),
            "namespace": asked.namespace(),
            "notes": asked.notes,
            "subject": subject,
            "groups": identity.groups,
            "cluster": { "answer": decision.answer, "by": decision.by },
            "rbac": {
                "answer": decision.rbac.answer,
                "witness": decision.rbac.witness.map(|witness| export::witness(snapshot, &witness)),
                "dependsOn": doubts,
            },
            "nearMisses": misses.iter().map(|miss| json!({
                "lack": miss.lack,
                "namespace": miss.permission.namespace,
                "rule": miss.permission.rule,
                "witness": export::witness(snapshot, &miss.permission.witness),
            })).collect::<Vec<_>>(),
        }))?;
    } else {
        let answer =
            |answer: Answer| texts.message(&format!("access-answer-{}", answer.as_str()), &Args::new());
        let mut lines = vec![
            texts
                .message(
                    "access-cluster-says",
                    &Args::new()
                        .text("answer", answer(decision.answer))
                        .text("by", authority(texts, decision.by)),
                )
                .trim_end()
                .to_owned(),
            texts.message("access-rbac-says", &Args::new().text("answer", answer(decision.rbac.answer))),
        ];
        lines.extend(witness.map(|witness| format!("  {witness}")));
        lines.extend(doubts.iter().map(|doubt| format!("  {doubt}")));
        if !misses.is_empty() {
            lines.push(texts.message("access-near-misses", &Args::new()));
            let mut of_misses: Vec<String> =
                misses.iter().map(|miss| format!("  {}", miss_text(texts, snapshot, miss))).collect();
            of_misses.dedup();
            lines.extend(of_misses);
        }
        print_lines(&lines)?;
    }
    tell(&asked.notes)?;
    loaded.tell_problems(texts)?;
    Ok(match decision.answer {
        Answer::Allowed => Exit::Clean,
        Answer::Denied => Exit::Findings,
        Answer::Unknown => Exit::Incomplete,
    })
}

fn authority(texts: &Texts, by: Option<Authority>) -> String {
    let id = match by {
        None => return String::new(),
        Some(Authority::SystemMasters) => "masters",
        Some(Authority::AlwaysAllow) => "always-allow",
        Some(Authority::Node) => "node",
        Some(Authority::Rbac) => "rbac",
        Some(Authority::Beside) => "beside",
    };
    texts.message(&format!("access-authority-{id}"), &Args::new())
}

pub(super) fn doubt_text(texts: &Texts, snapshot: &Snapshot, doubt: &Doubt) -> String {
    let binding = |id| {
        snapshot
            .binding_view(id)
            .map(|view| (view.to_string(), format!("{} {}", view.role_kind, view.role_name)))
    };
    match doubt {
        Doubt::MissingRole(id) => {
            let (binding, role) = binding(*id).unwrap_or_default();
            texts.message(
                "access-doubt-missing-role",
                &Args::new().text("binding", binding).text("role", role),
            )
        }
        Doubt::MalformedRule(witness) => {
            let role = snapshot.role_view(witness.role).map(|role| role.to_string()).unwrap_or_default();
            texts.message("access-doubt-malformed-rule", &Args::new().text("role", role))
        }
        Doubt::MalformedBinding(id) => {
            let (binding, _) = binding(*id).unwrap_or_default();
            texts.message("access-doubt-malformed-binding", &Args::new().text("binding", binding))
        }
        Doubt::Truncated => texts.message("access-doubt-truncated", &Args::new()),
    }
}

fn miss_text(texts: &Texts, snapshot: &Snapshot, miss: &NearMiss) -> String {
    let id = match miss.lack {
        haechi_access::Lack::Scope => "scope",
        haechi_access::Lack::Verb => "verb",
        haechi_access::Lack::Group => "group",
        haechi_access::Lack::Subresource => "subresource",
        haechi_access::Lack::Name => "name",
    };
    let lack = texts.message(&format!("access-lack-{id}"), &Args::new());
    format!("{lack}: {}", words::witness(snapshot, &miss.permission.witness))
}

/// `access who-can VERB RESOURCE`
pub(super) fn who_can(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches, texts, Need::Rights)?;
    let asked = Asked::read(matches, texts);
    let found = loaded.snapshot.who_can(&asked.action());
    let snapshot = &loaded.snapshot;
    let doubts: Vec<String> = found.doubts.iter().map(|doubt| doubt_text(texts, snapshot, doubt)).collect();
    if is_json(matches) {
        print_json(&json!({
            "question": asked.describe(),
            "namespace": asked.namespace(),
            "notes": asked.notes,
            "subjects": found.subjects.iter().map(|(key, witness)| json!({
                "subject": snapshot.subject(*key),
                "witness": export::witness(snapshot, witness),
            })).collect::<Vec<_>>(),
            "alwaysAllowed": [MASTERS],
            "dependsOn": doubts,
        }))?;
    } else {
        let mut lines: Vec<String> = found
            .subjects
            .iter()
            .map(|(key, witness)| {
                format!("{}  {}", snapshot.subject(*key), words::witness(snapshot, witness))
            })
            .collect();
        if lines.is_empty() {
            lines.push(texts.message("access-nobody", &Args::new()));
        }
        lines.push(texts.message("access-masters-too", &Args::new()));
        lines.extend(doubts);
        print_lines(&lines)?;
    }
    tell(&asked.notes)?;
    loaded.tell_problems(texts)?;
    Ok(if found.doubts.is_empty() { loaded.exit(Exit::Clean) } else { Exit::Incomplete })
}

/// `access list SUBJECT`
pub(super) fn list(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let subject = subject(matches, "subject", texts)?;
    let loaded = load(matches, texts, Need::Rights)?;
    let mut permissions = loaded.snapshot.permissions(&Identity::new(&subject, &[]));
    let only = text(matches, "namespace");
    if !only.is_empty() {
        permissions
            .retain(|permission| permission.namespace.as_deref().is_none_or(|namespace| namespace == only));
    }
    let snapshot = &loaded.snapshot;
    if is_json(matches) {
        print_json(&json!({
            "subject": subject,
            "permissions": permissions.iter().map(|permission| json!({
                "namespace": permission.namespace,
                "rule": permission.rule,
                "unreadable": permission.is_doubtful,
                "witness": export::witness(snapshot, &permission.witness),
            })).collect::<Vec<_>>(),
        }))?;
    } else {
        let mut lines = Vec::new();
        let mut last = None;
        let mut last_rule = None;
        permissions.sort_by_cached_key(|permission| {
            (permission.namespace.clone(), words::rule(&permission.rule), permission.witness)
        });
        for permission in &permissions {
            if last != Some(&permission.namespace) {
                last_rule = None;
                lines.push(match &permission.namespace {
                    Some(namespace) => texts
                        .message("access-in-namespace", &Args::new().text("namespace", namespace.clone())),
                    None => texts.message("access-in-cluster", &Args::new()),
                });
                last = Some(&permission.namespace);
            }
            let rule = format!("  {}", words::rule(&permission.rule));
            let source = format!("    {}", words::source(snapshot, &permission.witness));
            // The same rule by several ways is shown once, with all of them.
            if last_rule.as_ref() != Some(&rule) {
                lines.push(rule.clone());
                last_rule = Some(rule);
            }
            lines.push(source);
        }
        if lines.is_empty() {
            lines.push(texts.message("access-nothing", &Args::new()));
        }
        print_lines(&lines)?;
    }
    loaded.tell_problems(texts)?;
    Ok(loaded.exit(Exit::Clean))
}

/// `access matrix`
pub(super) fn matrix(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches, texts, Need::Rights)?;
    let entries = matrix_of(&loaded.snapshot, matches.get_flag("system"));
    if is_json(matches) {
        print_json(&json!({ "entries": entries }))?;
    } else {
        let mut lines: Vec<String> = entries
            .iter()
            .map(|entry| {
                let target = entry.target.clone().unwrap_or_else(|| "*".to_owned());
                let level = texts.message(&format!("access-level-{}", entry.level.as_str()), &Args::new());
                format!("{} → {target}: {level}", entry.subject)
            })
            .collect();
        if lines.is_empty() {
            lines.push(texts.message("access-matrix-nobody", &Args::new()));
        }
        print_lines(&lines)?;
    }
    loaded.tell_problems(texts)?;
    Ok(loaded.exit(Exit::Clean))
}

/// `access audit`: what is wrong with the roles as a whole.
pub(super) fn audit(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches, texts, Need::Paths)?;
    let graph = loaded.graph();
    let ways = graph.paths_to(&loaded.snapshot, &graph.goal_facts(&Goal::ClusterAdmin));
    // Kubernetes' own controllers are meant to have what they have.
    let ways: Vec<_> = ways.into_iter().filter(|(subject, _)| !subject.is_system()).collect();
    if is_json(matches) {
        print_json(&json!({
            "roles": loaded.snapshot.role_count(),
            "bindings": loaded.snapshot.binding_count(),
            "issues": issues(&loaded, texts),
            "waysToClusterAdmin": ways.iter().map(|(subject, path)| json!({
                "subject": subject,
                "techniques": path.steps.iter().map(|step| step.technique.id()).collect::<Vec<_>>(),
                "certain": path.is_certain(),
            })).collect::<Vec<_>>(),
        }))?;
    } else {
        let mut lines = vec![
            texts.message(
                "access-audit-head",
                &Args::new()
                    .number("roles", loaded.snapshot.role_count())
                    .number("bindings", loaded.snapshot.binding_count())
                    .number("ways", ways.len()),
            ),
        ];
        for (subject, path) in &ways {
            let steps: Vec<&str> = path.steps.iter().map(|step| step.technique.id()).collect();
            let certainty = if path.is_certain() {
                String::new()
            } else {
                format!(" {}", texts.message("access-perhaps", &Args::new()))
            };
            lines.push(format!("{subject}: {}{certainty}", steps.join(" → ")));
        }
        if loaded.is_incomplete() {
            lines.push(texts.message("access-audit-in-part", &Args::new()));
        }
        print_lines(&lines)?;
    }
    loaded.tell_problems(texts)?;
    Ok(loaded.exit(if ways.is_empty() { Exit::Clean } else { Exit::Findings }))
}

pub(super) fn issues(loaded: &Loaded, texts: &Texts) -> Vec<Json> {
    let issue = |issue: &haechi_access::Issue| {
        json!({
            "kind": issue.kind,
            "object": issue.object,
            "detail": issue_detail(issue, texts),
            "place": loaded.snapshot.place_text(issue.place),
        })
    };
    loaded.snapshot.issues().iter().map(issue).collect()
}
