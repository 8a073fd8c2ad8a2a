//! Paths as data.

use haechi_access::Snapshot;
use haechi_access::attack::{EvidenceView, Path};
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

fn evidence(snapshot: &Snapshot, shown: &EvidenceView) -> Json {
    json!({ "object": shown.object, "rule": shown.rule, "place": snapshot.place_text(shown.place) })
}

/// One line that shows a step.
pub(super) fn evidence_line(snapshot: &Snapshot, shown: &EvidenceView) -> String {
    let place = snapshot.place_text(shown.place);
    let parts = [shown.object.as_str(), shown.rule.as_deref().unwrap_or_default(), place.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
