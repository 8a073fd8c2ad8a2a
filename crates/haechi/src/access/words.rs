//! What people read about facts, techniques and rules.

use haechi_access::attack::{Assumption, FactKind, FactView, PathStep};
use haechi_access::{PolicyRule, Snapshot, Witness};
use haechi_report::{Args, Texts};

/// A fact in a few words.
pub(super) fn fact(texts: &Texts, view: &FactView) -> String {
    let kind = match view.kind {
        FactKind::Internet => "internet",
        FactKind::PodNetwork => "pod-network",
        FactKind::ClusterAdmin => "cluster-admin",
        FactKind::User => "user",
        FactKind::Group => "group",
        FactKind::ServiceAccount => "service-account",
        FactKind::Permissions => "permissions",
        FactKind::Power => return power(texts, view),
        FactKind::Pod => "pod",
        FactKind::Container => "container",
        FactKind::Volume => "volume",
        FactKind::Node => "node",
        FactKind::NodeCredential => "node-credential",
        FactKind::Secret => "secret",
        FactKind::CloudRole => "cloud-role",
        FactKind::Effect => return technique(texts, &view.name),
    };
    let name = match &view.namespace {
        Some(namespace) if !matches!(view.kind, FactKind::Permissions) => {
            format!("{namespace}/{}", view.name)
        }
        _ => view.name.clone(),
    };
    texts.message(&format!("access-fact-{kind}"), &Args::new().text("name", name))
}

fn power(texts: &Texts, view: &FactView) -> String {
    let scope = match &view.namespace {
        Some(namespace) => {
            texts.message("access-in-namespace", &Args::new().text("namespace", namespace.clone()))
        }
        None => texts.message("access-in-cluster", &Args::new()),
    };
    texts.message(&format!("access-power-{}", view.name), &Args::new().text("scope", scope))
}

/// The name of a technique.
pub(super) fn technique(texts: &Texts, id: &str) -> String {
    texts.message(&format!("technique-{id}"), &Args::new())
}

pub(super) fn assumption(texts: &Texts, assumption: Assumption) -> String {
    texts.message(&format!("access-assumption-{}", assumption.as_str()), &Args::new())
}

/// `from → to`, by which technique.
pub(super) fn step(texts: &Texts, step: &PathStep) -> String {
    let from: Vec<String> = step.from.iter().map(|view| fact(texts, view)).collect();
    format!(
        "{} → {}: {} [{}]",
        from.join(" + "),
        fact(texts, &step.to),
        technique(texts, step.technique.id()),
        step.technique.id()
    )
}

/// A rule on one line.
pub(super) fn rule(rule: &PolicyRule) -> String {
    let mut parts = vec![rule.verbs.join(",")];
    if !rule.resources.is_empty() {
        let groups: Vec<&str> =
            rule.api_groups.iter().map(|group| if group.is_empty() { "core" } else { group }).collect();
        parts.push(format!("{} ({})", rule.resources.join(","), groups.join(",")));
    }
    if !rule.resource_names.is_empty() {
        parts.push(format!("[{}]", rule.resource_names.join(",")));
    }
    if !rule.non_resource_urls.is_empty() {
        parts.push(rule.non_resource_urls.join(","));
    }
    parts.join(" ")
}

/// Binding, role and rule of a witness, with the place of the rule's role.
pub(super) fn witness(snapshot: &Snapshot, witness: &Witness) -> String {
    let binding = snapshot.binding_view(witness.binding).map(|view| (view.to_string(), view.place));
    let role = snapshot.role_view(witness.role).map(|view| view.to_string()).unwrap_or_default();
    let rule = snapshot.rule_view(witness.rule).map(|view| rule_at(snapshot, &view)).unwrap_or_default();
    match binding {
        Some((name, place)) => format!("{name} ({}) → {role} → {rule}", snapshot.place_text(place)),
        None => format!("{role} → {rule}"),
    }
}

fn rule_at(snapshot: &Snapshot, view: &haechi_access::RuleView) -> String {
    let place = snapshot.place_text(view.place);
    let text = rule(&view.rule);
    if place.is_empty() { text } else { format!("{text} ({place})") }
}
