use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags autoscalers whose maximum is not above their minimum.
/// ## Why is this bad?
/// Under load no pod is added, and nobody notices that the autoscaler does nothing.
/// ## Example
/// ```yaml
/// spec:
///   minReplicas: 3
///   maxReplicas: 3
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   minReplicas: 3
///   maxReplicas: 10
/// ```
/// ## Decisions
/// A missing minimum is one. A maximum below the minimum is refused by the API server; an equal one makes the
/// autoscaler pointless.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "autoscaler-cannot-scale",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"],
        peers: &[peer("polaris", "hpaMaxAvailability")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("autoscaling", "HorizontalPodAutoscaler") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let least = spec.get("minReplicas").map_or(Some(1), Node::as_i64);
    let Some(most) = spec.get("maxReplicas") else { return };
    if let (Some(least), Some(number)) = (least, most.as_i64())
        && number <= least
    {
        out.report(&CHECK, most).arg("least", least).arg("most", number);
    }
}
