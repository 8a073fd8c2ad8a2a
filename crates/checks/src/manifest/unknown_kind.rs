use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags objects of a well-known kind under an API group that does not have it, or in other letters.
/// ## Why is this bad?
/// The API server refuses the object, so that what it was to protect or replace stays as it is. Nor is it judged as what
/// it was meant to be, here or by other tools.
/// ## Example
/// ```yaml
/// apiVersion: v1
/// kind: Deployment
/// ```
/// ## Use instead
/// ```yaml
/// apiVersion: apps/v1
/// kind: Deployment
/// ```
/// ## Decisions
/// Only API groups of Kubernetes itself are judged; others may have a kind of any name. Whether a group still serves the
/// version is `deprecated-api-version`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "unknown-kind",
        area: "manifest",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/reference/kubernetes-api/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

/// Kinds that are written by hand, with their current version.
const KINDS: &[(&str, &str)] = &[
    ("ConfigMap", "v1"),
    ("Endpoints", "v1"),
    ("LimitRange", "v1"),
    ("Namespace", "v1"),
    ("PersistentVolume", "v1"),
    ("PersistentVolumeClaim", "v1"),
    ("Pod", "v1"),
    ("PodTemplate", "v1"),
    ("ReplicationController", "v1"),
    ("ResourceQuota", "v1"),
    ("Secret", "v1"),
    ("Service", "v1"),
    ("ServiceAccount", "v1"),
    ("MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1"),
    ("ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1"),
    ("ValidatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1"),
    ("ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1"),
    ("CustomResourceDefinition", "apiextensions.k8s.io/v1"),
    ("APIService", "apiregistration.k8s.io/v1"),
    ("DaemonSet", "apps/v1"),
    ("Deployment", "apps/v1"),
    ("ReplicaSet", "apps/v1"),
    ("StatefulSet", "apps/v1"),
    ("HorizontalPodAutoscaler", "autoscaling/v2"),
    ("CronJob", "batch/v1"),
    ("Job", "batch/v1"),
    ("EndpointSlice", "discovery.k8s.io/v1"),
    ("Ingress", "networking.k8s.io/v1"),
    ("IngressClass", "networking.k8s.io/v1"),
    ("NetworkPolicy", "networking.k8s.io/v1"),
    ("RuntimeClass", "node.k8s.io/v1"),
    ("PodDisruptionBudget", "policy/v1"),
    ("ClusterRole", "rbac.authorization.k8s.io/v1"),
    ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1"),
    ("Role", "rbac.authorization.k8s.io/v1"),
    ("RoleBinding", "rbac.authorization.k8s.io/v1"),
    ("PriorityClass", "scheduling.k8s.io/v1"),
    ("CSIDriver", "storage.k8s.io/v1"),
    ("StorageClass", "storage.k8s.io/v1"),
];

/// What was in the group `extensions` until it was dissolved.
const IN_EXTENSIONS: &[&str] =
    &["DaemonSet", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Job", "NetworkPolicy", "ReplicaSet"];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let group = object.group();
    let is_own = group == "extensions" || KINDS.iter().any(|(_, version)| group_of(version) == group);
    if !is_own {
        return;
    }
    let meant = KINDS.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(object.kind()));
    let Some((kind, version)) = meant else { return };
    let has_place = group_of(version) == group || (group == "extensions" && IN_EXTENSIONS.contains(kind));
    if has_place && *kind == object.kind() {
        return;
    }
    let field = if has_place { "kind" } else { "apiVersion" };
    out.report(&CHECK, object.node().get(field).unwrap_or(object.node()))
        .arg("kind", object.kind())
        .arg("version", object.api_version())
        .arg("right", format!("{version} {kind}"));
}

fn group_of(version: &str) -> &str {
    version.rsplit_once('/').map_or("", |(group, _)| group)
}
