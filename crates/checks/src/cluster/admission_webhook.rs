use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Lists admission webhooks, so that they can be reviewed.
/// ## Why is this bad?
/// A webhook sees everything that is created or changed, Secrets included. A mutating one can add a container to
/// every pod.
/// ## Example
/// ```yaml
/// kind: MutatingWebhookConfiguration
/// ```
/// ## Use instead
/// ```yaml
/// # Nothing to change: know every webhook of the cluster.
/// ```
/// ## Decisions
/// Asked only on request: a webhook is no mistake, but it sees and may change everything that is created, Secrets
/// included.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "admission-webhook",
        area: "cluster",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/",
        ],
        peers: &[
            peer("kubescape", "C-0036"),
            peer("kubescape", "C-0039"),
            peer("attack", "Credential access"),
            peer("attack", "Persistence"),
        ],
    },
    opt_in: true,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_webhook =
        matches!(object.kind(), "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration");
    let has_any = object.node().get("webhooks").is_some_and(|webhooks| !webhooks.is_empty());
    if object.group() == "admissionregistration.k8s.io" && is_webhook && has_any {
        out.report(&CHECK, object.metadata().and_then(|m| m.get("name")).unwrap_or(object.node()));
    }
}
