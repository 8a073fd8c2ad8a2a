use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags PodDisruptionBudgets without `unhealthyPodEvictionPolicy`.
/// ## Why is this bad?
/// By default a pod that crashes over and over keeps its node from being drained.
/// ## Example
/// ```yaml
/// spec:
///   maxUnavailable: 1
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   maxUnavailable: 1
///   unhealthyPodEvictionPolicy: AlwaysAllow
/// ```
/// ## Decisions
/// Asked only on request: the default (`IfHealthyBudget`) is safe for data; it only makes nodes with broken pods
/// hard to drain.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "unhealthy-eviction-policy-missing",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/run-application/configure-pdb/"],
        peers: &[peer("kube-linter", "pdb-unhealthy-pod-eviction-policy")],
    },
    opt_in: true,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_set = object.node().at(&["spec", "unhealthyPodEvictionPolicy"]).is_some();
    if object.is("policy", "PodDisruptionBudget") && !is_set {
        let place = Place::Missing(object.node(), &["spec", "unhealthyPodEvictionPolicy"]);
        out.report(&CHECK, place).fix(FixSafety::Unsafe, place.set("AlwaysAllow"));
    }
}
