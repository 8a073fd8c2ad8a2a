use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags topology spread constraints that Kubernetes refuses or that spread nothing.
/// ## Why is this bad?
/// Kubernetes refuses the pod, or counts none of its replicas and spreads nothing.
/// ## Example
/// ```yaml
/// topologySpreadConstraints:
/// - maxSkew: 1
///   topologyKey: topology.kubernetes.io/zone
///   whenUnsatisfiable: DoNotSchedule
/// ```
/// ## Use instead
/// ```yaml
/// topologySpreadConstraints:
/// - maxSkew: 1
///   topologyKey: topology.kubernetes.io/zone
///   whenUnsatisfiable: DoNotSchedule
///   labelSelector:
///     matchLabels: {app: shop}
/// ```
/// ## Decisions
/// A key, a skew above zero and one of the two answers to `whenUnsatisfiable` are demanded; `minDomains` must be
/// above zero and goes with `DoNotSchedule` alone. Without a selector no pod is counted, so that the constraint always holds.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "invalid-topology-spread",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"],
        peers: &[peer("kube-score", "Pod Topology Spread Constraints")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for constraint in pod.spec().get("topologySpreadConstraints").map(Node::items).into_iter().flatten() {
        let answer = constraint.get("whenUnsatisfiable");
        let is_above_zero = |node: Node<'_>| node.as_i64().is_some_and(|number| number > 0);
        let has_domains_for_nothing =
            constraint.get("minDomains").is_some() && answer.and_then(Node::as_str) == Some("ScheduleAnyway");
        let wrong = if constraint.get("topologyKey").and_then(Node::as_str).is_none_or(str::is_empty) {
            "topologyKey"
        } else if !matches!(answer.and_then(Node::as_str), Some("DoNotSchedule" | "ScheduleAnyway")) {
            "whenUnsatisfiable"
        } else if !constraint.get("minDomains").is_none_or(is_above_zero) || has_domains_for_nothing {
            "minDomains"
        } else if !constraint.get("maxSkew").is_some_and(is_above_zero) {
            "maxSkew"
        } else if constraint.get("labelSelector").is_none() {
            "labelSelector"
        } else {
            continue;
        };
        let place = constraint.get(wrong).unwrap_or(constraint);
        out.report(&CHECK, place).part("field", wrong);
    }
}
