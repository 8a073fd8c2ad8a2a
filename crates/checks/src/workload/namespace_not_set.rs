use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use super::default_namespace::is_kubernetes_own;
use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags objects that name no namespace and so go wherever they are applied to, which is `default` unless someone
/// says otherwise.
/// ## Why is this bad?
/// It goes to the namespace of whoever applies it, which is `default` unless that is changed.
/// ## Example
/// ```yaml
/// metadata:
///   name: shop
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   name: shop
///   namespace: shop
/// ```
/// ## Decisions
/// Asked only on request: Helm charts, kustomizations and GitOps tools set the namespace when they apply, and
/// manifests leave it out for them. Cluster-wide kinds have none; kinds that are not Kubernetes' own are not
/// judged, as nothing tells whether they have one.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "namespace-not-set",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/"],
        peers: &[
            peer("kube-linter", "use-namespace"),
            peer("trivy", "KSV-0110"),
            peer("checkov", "CKV_K8S_21"),
            peer("kubescape", "C-0061"),
            peer("kubescape", "C-0212"),
        ],
    },
    opt_in: true,
    run: Run::Object(check),
};

/// Groups of Kubernetes' own kinds that live in namespaces, with those kinds that do not.
const GROUPS: &[(&str, &[&str])] = &[
    ("", &["Namespace", "Node", "PersistentVolume", "ComponentStatus"]),
    ("apps", &[]),
    ("apps.openshift.io", &[]),
    ("autoscaling", &[]),
    ("batch", &[]),
    ("coordination.k8s.io", &[]),
    ("discovery.k8s.io", &[]),
    ("events.k8s.io", &[]),
    ("extensions", &["PodSecurityPolicy"]),
    ("networking.k8s.io", &["IngressClass", "IPAddress", "ServiceCIDR"]),
    ("policy", &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_namespaced = GROUPS
        .iter()
        .find(|(group, _)| *group == object.group())
        .is_some_and(|(_, cluster_wide)| !cluster_wide.contains(&object.kind()));
    if is_namespaced && object.namespace().is_none() && !is_kubernetes_own(object) {
        out.report(&CHECK, Place::Missing(object.node(), &["metadata", "namespace"]));
    }
}
