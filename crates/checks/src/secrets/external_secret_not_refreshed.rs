use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Value;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags ExternalSecrets that are never refreshed.
/// ## Why is this bad?
/// A credential that was rotated at the store keeps its old value in the cluster, so that rotation after a leak
/// does nothing here.
/// ## Example
/// ```yaml
/// kind: ExternalSecret
/// spec:
///   refreshInterval: "0"
/// ```
/// ## Use instead
/// ```yaml
/// kind: ExternalSecret
/// spec:
///   refreshInterval: 1h
/// ```
/// ## Decisions
/// A `refreshInterval` of zero, or the policies `CreatedOnce` and `OnChange`, do not notice a rotation. Without an
/// interval it is an hour. What becomes of the Secret when the store's entry is deleted is another matter.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "external-secret-not-refreshed",
        area: "secrets",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://external-secrets.io/latest/guides/security-best-practices/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("external-secrets.io", "ExternalSecret") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let policy = spec
        .get("refreshPolicy")
        .filter(|policy| matches!(policy.as_str(), Some("CreatedOnce" | "OnChange")));
    let interval = spec.get("refreshInterval").filter(|interval| match interval.value() {
        Value::String(text) => !text.bytes().any(|byte| matches!(byte, b'1'..=b'9')),
        Value::Int(number) => number == 0,
        _ => false,
    });
    if let Some(place) = policy.or(interval) {
        out.report(&CHECK, place);
    }
}
