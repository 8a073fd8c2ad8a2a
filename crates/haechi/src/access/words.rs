//! What people read about facts, techniques and rules.

use haechi_access::attack::{Assumption, Change, FactKind, FactView, PathStep, SOME_NODE};
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
        FactKind::Node if view.name == SOME_NODE => "some-node",
        FactKind::NodeCredential if view.name == SOME_NODE => "some-node-credential",
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
    let scope = scope(texts, view.namespace.as_deref());
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

/// A namespace, or the whole cluster.
pub(super) fn scope(texts: &Texts, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => {
            texts.message("access-in-namespace", &Args::new().text("namespace", namespace.to_owned()))
        }
        None => texts.message("access-in-cluster", &Args::new()),
    }
}

/// A change that cuts paths.
pub(super) fn change(texts: &Texts, snapshot: &Snapshot, change: &Change) -> String {
    let place = |place| {
        let text = snapshot.place_text(place);
        if text.is_empty() { text } else { format!(" ({text})") }
    };
    match change {
        Change::RemoveBinding(id) => {
            let view = snapshot.binding_view(*id);
            let name = view.map(|view| view.to_string()).unwrap_or_default();
            let role = view.map(|view| format!("{} {}", view.role_kind, view.role_name)).unwrap_or_default();
            let args = Args::new().text("binding", name).text("role", role);
            let at = view.map(|view| place(view.place)).unwrap_or_default();
            format!("{}{at}", texts.message("access-change-binding", &args))
        }
        Change::RemoveRule(id) => {
            let view = snapshot.rule_view(*id);
            let role = view.as_ref().and_then(|view| snapshot.role_view(view.written_in?));
            let args = Args::new()
                .text("rule", view.as_ref().map(|view| rule(&view.rule)).unwrap_or_default())
                .text("role", role.map(|role| role.to_string()).unwrap_or_default());
            let at = view.map(|view| place(view.place)).unwrap_or_default();
            format!("{}{at}", texts.message("access-change-rule", &args))
        }
        Change::WithoutToken(pod) => {
            texts.message("access-change-token", &Args::new().text("what", fact(texts, pod)))
        }
        Change::EnforcePodSecurity(namespace) => {
            texts.message("access-change-pod-security", &Args::new().text("namespace", namespace.clone()))
        }
        Change::Unmap(role) => {
            texts.message("access-change-unmap", &Args::new().text("what", fact(texts, role)))
        }
        Change::Mend(how, what, at) => {
            let args =
                Args::new().text("what", fact(texts, what)).text("technique", technique(texts, how.id()));
            format!("{}{}", texts.message("access-change-mend", &args), place(*at))
        }
        Change::Cloud(how, from, to) => texts.message(
            "access-change-cloud",
            &Args::new()
                .text("from", fact(texts, from))
                .text("to", fact(texts, to))
                .text("technique", technique(texts, how.id())),
        ),
    }
}

/// A rule on one line.
pub(super) fn rule(rule: &PolicyRule) -> String {
    let mut parts = vec![rule.verbs.join(",")];
    if !rule.resources.is_empty() {
        let groups: Vec<&str> =
            rule.api_groups.iter().map(|group| if group.is_empty() { "core" } else { group }).collect();
        let groups = if groups.is_empty() { "–".to_owned() } else { groups.join(",") };
        parts.push(format!("{} ({groups})", rule.resources.join(",")));
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

/// Binding and role of a witness, where the rule itself is shown beside it.
pub(super) fn source(snapshot: &Snapshot, witness: &Witness) -> String {
    let at = |name: String, place: String| if place.is_empty() { name } else { format!("{name} ({place})") };
    let binding = snapshot.binding_view(witness.binding);
    let binding = binding.map(|view| at(view.to_string(), snapshot.place_text(view.place)));
    let role = snapshot.role_view(witness.role).map(|view| view.to_string()).unwrap_or_default();
    let place = snapshot.rule_view(witness.rule).map(|view| snapshot.place_text(view.place));
    format!("{} → {}", binding.unwrap_or_default(), at(role, place.unwrap_or_default()))
}

fn rule_at(snapshot: &Snapshot, view: &haechi_access::RuleView) -> String {
    let place = snapshot.place_text(view.place);
    let text = rule(&view.rule);
    if place.is_empty() { text } else { format!("{text} ({place})") }
}
