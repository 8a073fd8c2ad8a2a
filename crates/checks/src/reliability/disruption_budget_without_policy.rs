use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags PodDisruptionBudgets that set neither `minAvailable` nor `maxUnavailable`, or no selector.
/// ## Why is this bad?
/// It looks like a guard and is none: evictions are decided by a default that few know.
/// ## Example
/// ```yaml
/// kind: PodDisruptionBudget
/// spec:
///   selector:
///     matchLabels: {app: shop}
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodDisruptionBudget
/// spec:
///   maxUnavailable: 1
///   selector:
///     matchLabels: {app: shop}
/// ```
/// ## Decisions
/// Without either number Kubernetes takes `minAvailable: 1` in old versions and refuses evictions in others;
/// without a selector the budget covers nothing.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "disruption-budget-without-policy",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/run-application/configure-pdb/"],
        peers: &[peer("kube-score", "PodDisruptionBudget has policy")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if object.kind() != "PodDisruptionBudget" {
        return;
    }
    let has = |field: &str| object.spec().is_some_and(|spec| spec.get(field).is_some());
    if !has("minAvailable") && !has("maxUnavailable") {
        out.report(&CHECK, Place::Missing(object.node(), &["spec", "maxUnavailable"]));
    } else if !has("selector") {
        out.report(&CHECK, Place::Missing(object.node(), &["spec", "selector"]));
    }
}
