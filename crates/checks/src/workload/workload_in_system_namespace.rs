use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags workloads in the namespaces `kube-system`, `kube-public` and `kube-node-lease` that are no part of
/// Kubernetes.
/// ## Why is this bad?
/// Whoever may change things there may change the cluster's own components, and policies usually leave that
/// namespace out.
/// ## Example
/// ```yaml
/// metadata:
///   name: shop
///   namespace: kube-system
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   name: shop
///   namespace: shop
/// ```
/// ## Decisions
/// A pod with the labels `tier: control-plane` and `component` is a static pod of the control plane. Add-ons that
/// run with a `system-*-critical` priority class or carry the label `k8s-app` or `kubernetes.io/cluster-service`
/// are meant to be there.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "workload-in-system-namespace",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[peer("trivy", "KSV-0037"), peer("nsa-cisa", "1.12")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let object = pod.object();
    let is_system = matches!(object.namespace(), Some("kube-system" | "kube-public" | "kube-node-lease"));
    if !is_system || is_component(pod) {
        return;
    }
    if let Some(namespace) = object.metadata().and_then(|metadata| metadata.get("namespace")) {
        out.report(&CHECK, namespace).arg("namespace", object.namespace().unwrap_or_default());
    }
}

fn is_component(pod: Pod<'_>) -> bool {
    let has =
        |key: &str| [pod.labels(), pod.object().labels()].iter().any(|labels| labels.get(key).is_some());
    let tier = [pod.labels(), pod.object().labels()].iter().find_map(|labels| labels.get("tier"));
    if tier.is_some() || has("component") {
        return tier == Some("control-plane") && has("component");
    }
    let priority = pod.spec().get("priorityClassName").and_then(Node::as_str).unwrap_or_default();
    let is_critical = matches!(priority, "system-node-critical" | "system-cluster-critical");
    is_critical || has("k8s-app") || has("kubernetes.io/cluster-service")
}
