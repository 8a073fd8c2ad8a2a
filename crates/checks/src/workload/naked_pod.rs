use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Pod, WorkloadKind};
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that no controller runs.
/// ## Why is this bad?
/// When its node fails or is drained, the pod is gone and nothing brings it back. It is not rolled out step by step
/// either.
/// ## Example
/// ```yaml
/// kind: Pod
/// metadata:
///   name: shop
/// ```
/// ## Use instead
/// ```yaml
/// kind: Deployment
/// metadata:
///   name: shop
/// ```
/// ## Decisions
/// A pod with an owner is run by one. Static pods of the control plane (`tier: control-plane` in `kube-system`) are
/// run by the kubelet. Pods that are meant to end (`restartPolicy` `Never` or `OnFailure`) are tests and one-off
/// tasks and are not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "naked-pod",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/overview/"],
        peers: &[peer("kubescape", "C-0073"), peer("polaris", "nakedPod")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let object = pod.object();
    if pod.kind() != WorkloadKind::Pod {
        return;
    }
    let owners = object.metadata().and_then(|metadata| metadata.get("ownerReferences"));
    let has_owner = owners.is_some_and(|owners| !owners.is_empty());
    let is_static = object.annotation("kubernetes.io/config.mirror").is_some()
        || (object.namespace() == Some("kube-system")
            && object.labels().get("tier") == Some("control-plane"));
    let ends = matches!(pod.spec().get("restartPolicy").and_then(Node::as_str), Some("Never" | "OnFailure"));
    if !(has_owner || is_static || ends) {
        let kind = object.node().get("kind").unwrap_or(object.node());
        out.report(&CHECK, kind);
    }
}
