//! Paths as data.

use haechi_access::attack::{Change, Cut, EvidenceView, Path};
use haechi_access::{Snapshot, Witness};
use serde_json::{Value as Json, json};

pub(super) fn path(snapshot: &Snapshot, path: &Path) -> Json {
    json!({
        "start": path.start,
        "goal": path.goal,
        "certain": path.is_certain(),
        "steps": path.steps.iter().map(|step| json!({
            "technique": step.technique.id(),
            "layer": step.technique.layer(),
            "from": step.from,
            "to": step.to,
            "assumptions": step.assumptions.iter().map(|assumption| assumption.as_str()).collect::<Vec<_>>(),
            "evidence": step.evidence.iter().map(|shown| evidence(snapshot, shown)).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// Why something is allowed.
pub(super) fn witness(snapshot: &Snapshot, witness: &Witness) -> Json {
    let binding = snapshot.binding_view(witness.binding);
    let rule = snapshot.rule_view(witness.rule);
    json!({
        "binding": binding.map(|view| view.to_string()),
        "bindingPlace": binding.map(|view| snapshot.place_text(view.place)),
        "subject": snapshot.witness_subject(witness),
        "role": snapshot.role_view(witness.role).map(|view| view.to_string()),
        "rule": rule.as_ref().map(|view| &view.rule),
        "rulePlace": rule.as_ref().map(|view| snapshot.place_text(view.place)),
    })
}

fn evidence(snapshot: &Snapshot, shown: &EvidenceView) -> Json {
    json!({ "object": shown.object, "rule": shown.rule, "place": snapshot.place_text(shown.place) })
}

/// One line that shows a step.
pub(super) fn evidence_line(snapshot: &Snapshot, shown: &EvidenceView) -> String {
    let place = snapshot.place_text(shown.place);
    let parts = [shown.object.as_str(), shown.rule.as_deref().unwrap_or_default(), place.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Changes that cut paths.
pub(super) fn cut(snapshot: &Snapshot, cut: &Cut) -> Json {
    let change = |change: &Change| match change {
        Change::RemoveBinding(id) => {
            let view = snapshot.binding_view(*id);
            json!({
                "kind": "remove-binding",
                "binding": view.map(|view| view.to_string()),
                "place": view.map(|view| snapshot.place_text(view.place)),
            })
        }
        Change::RemoveRule(id) => {
            let view = snapshot.rule_view(*id);
            let role = view.as_ref().and_then(|view| snapshot.role_view(view.written_in?));
            json!({
                "kind": "remove-rule",
                "role": role.map(|role| role.to_string()),
                "rule": view.as_ref().map(|view| &view.rule),
                "place": view.as_ref().map(|view| snapshot.place_text(view.place)),
            })
        }
        Change::WithoutToken(pod) => json!({ "kind": "without-token", "of": pod }),
        Change::EnforcePodSecurity(namespace) => {
            json!({ "kind": "enforce-pod-security", "namespace": namespace })
        }
        Change::Unmap(role) => json!({ "kind": "unmap", "of": role }),
        Change::Mend(technique, of, place) => json!({
            "kind": "mend",
            "technique": technique.id(),
            "of": of,
            "place": snapshot.place_text(*place),
        }),
        Change::Cloud(technique, from, to) => {
            json!({ "kind": "cloud", "technique": technique.id(), "from": from, "to": to })
        }
    };
    json!({ "smallest": cut.is_smallest, "changes": cut.changes.iter().map(change).collect::<Vec<_>>() })
}
