use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags validating webhooks that let everything pass when they cannot be reached (`failurePolicy: Ignore`).
/// ## Why is this bad?
/// An attacker who overloads or stops the guard, or waits for its upgrade, gets in what it would have refused.
/// ## Example
/// ```yaml
/// webhooks:
/// - name: guard.example.com
///   failurePolicy: Ignore
/// ```
/// ## Use instead
/// ```yaml
/// webhooks:
/// - name: guard.example.com
///   failurePolicy: Fail
/// ```
/// ## Decisions
/// Only validating webhooks are guards; a mutating one that fails open leaves out a convenience, and failing closed
/// can stop the cluster. Webhooks for leases, events and nodes alone are not flagged: a cluster without them cannot
/// mend itself.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "webhook-fails-open",
        area: "cluster",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/",
        ],
        peers: &[peer("attack", "Persistence")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") {
        return;
    }
    for webhook in object.node().get("webhooks").map(Node::items).into_iter().flatten() {
        let policy = webhook.get("failurePolicy");
        let name = webhook.get("name").and_then(Node::as_str).unwrap_or_default();
        let mut resources = webhook
            .get("rules")
            .map(Node::items)
            .into_iter()
            .flatten()
            .flat_map(|rule| rule.get("resources").map(Node::items).into_iter().flatten())
            .peekable();
        let is_vital = resources.peek().is_some()
            && resources.all(|resource| {
                matches!(resource.as_str(), Some("leases" | "events" | "nodes" | "nodes/status"))
            });
        if let Some(policy) = policy.filter(|policy| policy.as_str() == Some("Ignore") && !is_vital) {
            out.report(&CHECK, policy)
                .part("webhook", name)
                .fix(FixSafety::Unsafe, edit::replace(policy, "Fail"));
        }
    }
}
