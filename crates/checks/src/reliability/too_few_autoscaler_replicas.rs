use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags autoscalers whose minimum is below the number of replicas wanted (two unless set otherwise).
/// ## Why is this bad?
/// When the load is low and the node of the only pod fails, nobody answers until another has started.
/// ## Example
/// ```yaml
/// kind: HorizontalPodAutoscaler
/// spec:
///   minReplicas: 1
/// ```
/// ## Use instead
/// ```yaml
/// kind: HorizontalPodAutoscaler
/// spec:
///   minReplicas: 2
/// ```
/// ## Decisions
/// Asked only on request, see `too-few-replicas`. A missing minimum is one, of KEDA's ScaledObjects zero. Zero, where the cluster allows it, is
/// on purpose.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "too-few-autoscaler-replicas",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"],
        peers: &[
            peer("polaris", "hpaMinAvailability"),
            peer("kube-linter", "hpa-minimum-three-replicas"),
            peer("kube-score", "HorizontalPodAutoscaler Replicas"),
        ],
    },
    opt_in: true,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    // KEDA scales to zero unless it is told a minimum.
    let (path, unless_set): (&'static [&'static str], i64) = match (object.group(), object.kind()) {
        ("autoscaling", "HorizontalPodAutoscaler") => (&["spec", "minReplicas"], 1),
        ("keda.sh", "ScaledObject") => (&["spec", "minReplicaCount"], 0),
        _ => return,
    };
    let least = context.options.minimum_replicas;
    let own = object.node().at(path);
    let count = own.map_or(Some(unless_set), Node::as_i64);
    if let Some(count) = count.filter(|count| *count > 0 && *count < least) {
        let place = own.map_or(Place::Missing(object.node(), path), Place::Value);
        out.report(&CHECK, place).arg("count", count).arg("least", least);
    }
}
