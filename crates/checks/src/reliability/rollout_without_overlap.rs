use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Deployments and DaemonSets whose strategy takes the old pods away before new ones run.
/// ## Why is this bad?
/// Each update is an outage, or does not reach every node. Security patches are put off for that reason.
/// ## Example
/// ```yaml
/// strategy:
///   type: Recreate
/// ```
/// ## Use instead
/// ```yaml
/// strategy:
///   type: RollingUpdate
/// ```
/// ## Decisions
/// A missing strategy is a rolling update. `Recreate` is right for a single pod with a volume that only one can
/// mount: a Deployment of one replica with such a claim is not flagged. `OnDelete` of a DaemonSet leaves old
/// versions running until somebody deletes them.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "rollout-without-overlap",
        area: "reliability",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"],
        peers: &[
            peer("kubescape", "C-0305"),
            peer("kube-linter", "no-rolling-update-strategy"),
            peer("kube-score", "Deployment Strategy"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let field = match (object.group(), object.kind()) {
        ("apps" | "extensions", "Deployment") | ("apps.openshift.io", "DeploymentConfig") => "strategy",
        ("apps" | "extensions", "DaemonSet") => "updateStrategy",
        _ => return,
    };
    let Some(strategy) = object.node().at(&["spec", field, "type"]) else { return };
    if matches!(strategy.as_str(), Some("RollingUpdate" | "Rolling")) {
        return;
    }
    let replicas = object.spec().and_then(|spec| spec.get("replicas")).map_or(Some(1), Node::as_i64);
    let has_claim = context
        .templates
        .pod(object)
        .is_some_and(|pod| pod.volumes().any(|volume| volume.get("persistentVolumeClaim").is_some()));
    if !(strategy.as_str() == Some("Recreate") && replicas == Some(1) && has_claim) {
        out.report(&CHECK, strategy).arg("strategy", strategy.as_str().unwrap_or_default());
    }
}
