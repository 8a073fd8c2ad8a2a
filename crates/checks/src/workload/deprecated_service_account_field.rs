use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Pod, WorkloadKind};
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that name their service account in the deprecated field `serviceAccount` alone.
/// ## Why is this bad?
/// Tools and policies look at `serviceAccountName`. They take the pod for one without an account of its own.
/// ## Example
/// ```yaml
/// spec:
///   serviceAccount: shop
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   serviceAccountName: shop
/// ```
/// ## Decisions
/// Live objects carry both fields, because Kubernetes copies the one to the other; equal values are not flagged.
/// Where they differ, `serviceAccountName` counts, and the other misleads.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "deprecated-service-account-field",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"],
        peers: &[
            peer("kubescape", "C-0294"),
            peer("kubeaudit", "asat"),
            peer("kube-linter", "deprecated-service-account-field"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let Some(old) = pod.spec().get("serviceAccount").filter(|old| old.as_str() != Some("")) else { return };
    let new = pod.spec().get("serviceAccountName").and_then(Node::as_str);
    if new.is_none() || new != old.as_str() {
        // Kubernetes takes the old field only where the new one is missing or empty.
        let change = match new {
            // Other software may know the old name alone.
            _ if pod.kind() == WorkloadKind::Custom => None,
            // An empty name means the default account, as no name does.
            None if old.as_str() == Some("") => edit::remove(pod.spec(), "serviceAccount"),
            None => edit::rename(pod.spec(), "serviceAccount", "serviceAccountName"),
            Some("") => None,
            Some(_) => edit::remove(pod.spec(), "serviceAccount"),
        };
        out.report(&CHECK, old).fix(FixSafety::Safe, change);
    }
}
