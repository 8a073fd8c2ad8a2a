use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags objects that are put into the namespace `default`.
/// ## Why is this bad?
/// Everything that nobody thought about lands there. Rights, quotas and network policies that are meant for one
/// application then apply to all of it.
/// ## Example
/// ```yaml
/// metadata:
///   name: shop
///   namespace: default
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   name: shop
///   namespace: shop
/// ```
/// ## Decisions
/// Only objects that name `default` are flagged. Where no namespace is written, the one that `kubectl apply -n` or
/// the kubectl context names is used, and most manifests leave it open on purpose. Objects that Kubernetes keeps
/// there itself (`kubernetes`, `kube-root-ca.crt`, the account `default`) are not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "default-namespace",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
            "https://www.cisecurity.org/benchmark/kubernetes",
        ],
        peers: &[
            peer("cis-1.23", "5.7.4"),
            peer("eks-1.8.0", "4.5.2"),
            peer("aks-1.8.0", "4.7.3"),
            peer("gke-1.9.0", "4.6.4"),
            peer("kubescape", "C-0061"),
            peer("kubescape", "C-0212"),
            peer("kube-linter", "use-namespace"),
            peer("trivy", "KSV-0110"),
            peer("checkov", "CKV_K8S_21"),
            peer("complianceascode", "general_default_namespace_use"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if object.namespace() != Some("default") || is_kubernetes_own(object) {
        return;
    }
    if let Some(namespace) = object.metadata().and_then(|metadata| metadata.get("namespace")) {
        out.report(&CHECK, namespace);
    }
}

/// What Kubernetes itself keeps in `default`.
pub(super) fn is_kubernetes_own(object: Object<'_>) -> bool {
    matches!(
        (object.kind(), object.name()),
        ("Service" | "Endpoints" | "EndpointSlice", "kubernetes")
            | ("ConfigMap", "kube-root-ca.crt")
            | ("ServiceAccount", "default")
    )
}
