use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags objects of an API version that the Kubernetes version which the manifests are meant for (1.36 unless set
/// otherwise) no longer serves, or that is deprecated.
/// ## Why is this bad?
/// The object cannot be applied after the cluster's upgrade. Guards written for the new version do not see the old
/// one.
/// ## Example
/// ```yaml
/// apiVersion: extensions/v1beta1
/// kind: Deployment
/// ```
/// ## Use instead
/// ```yaml
/// apiVersion: apps/v1
/// kind: Deployment
/// ```
/// ## Decisions
/// Served no more is medium, deprecated is low. Only Kubernetes' own groups are known. Betas that became stable in
/// the version or before count as deprecated, as the stable one can be used.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "deprecated-api-version",
        area: "manifest",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/reference/using-api/deprecation-guide/"],
        peers: &[
            peer("kubeaudit", "deprecatedapis"),
            peer("kube-linter", "no-extensions-v1beta"),
            peer("trivy", "KSV-0107"),
            peer("kube-score", "Stable version"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

/// (apiVersion, kinds or none for all, minor version that deprecated it, minor version that removed it).
const OLD: &[(&str, &[&str], u32, u32)] = &[
    (
        "extensions/v1beta1",
        &["Deployment", "DaemonSet", "ReplicaSet", "NetworkPolicy", "PodSecurityPolicy"],
        9,
        16,
    ),
    ("extensions/v1beta1", &["Ingress"], 14, 22),
    ("apps/v1beta1", &[], 9, 16),
    ("apps/v1beta2", &[], 9, 16),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], 19, 22),
    ("networking.k8s.io/v1beta1", &["IPAddress", "ServiceCIDR"], 34, 37),
    ("batch/v1beta1", &["CronJob"], 21, 25),
    ("batch/v2alpha1", &[], 8, 21),
    ("policy/v1beta1", &["PodDisruptionBudget"], 21, 25),
    ("policy/v1beta1", &["PodSecurityPolicy"], 21, 25),
    ("autoscaling/v2beta1", &[], 22, 25),
    ("autoscaling/v2beta2", &[], 23, 26),
    ("rbac.authorization.k8s.io/v1alpha1", &[], 17, 22),
    ("rbac.authorization.k8s.io/v1beta1", &[], 17, 22),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"],
        16,
        22,
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
        31,
        34,
    ),
    ("apiextensions.k8s.io/v1beta1", &[], 16, 22),
    ("apiregistration.k8s.io/v1beta1", &[], 19, 22),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], 19, 22),
    ("coordination.k8s.io/v1beta1", &["Lease"], 19, 22),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"], 21, 25),
    ("events.k8s.io/v1beta1", &["Event"], 22, 25),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], 20, 25),
    ("scheduling.k8s.io/v1alpha1", &["PriorityClass"], 14, 17),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], 14, 22),
    ("storage.k8s.io/v1beta1", &["StorageClass", "VolumeAttachment", "CSIDriver", "CSINode"], 19, 22),
    ("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 24, 27),
    ("flowcontrol.apiserver.k8s.io/v1beta1", &[], 23, 26),
    ("flowcontrol.apiserver.k8s.io/v1beta2", &[], 26, 29),
    ("flowcontrol.apiserver.k8s.io/v1beta3", &[], 29, 32),
];

/// (version, kinds, version of the same shape and meaning), all served since Kubernetes 1.23 or before.
const SUCCESSORS: &[(&str, &[&str], &str)] = &[
    ("apps/v1beta2", &["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet"], "apps/v1"),
    ("batch/v1beta1", &["CronJob"], "batch/v1"),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], "autoscaling/v2"),
    (
        "rbac.authorization.k8s.io/v1beta1",
        &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"],
        "rbac.authorization.k8s.io/v1",
    ),
    ("coordination.k8s.io/v1beta1", &["Lease"], "coordination.k8s.io/v1"),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], "node.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], "scheduling.k8s.io/v1"),
    (
        "storage.k8s.io/v1beta1",
        &["StorageClass", "VolumeAttachment", "CSIDriver", "CSINode"],
        "storage.k8s.io/v1",
    ),
];

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let minor = context.options.kubernetes_minor;
    let old = OLD.iter().find(|(version, kinds, ..)| {
        *version == object.api_version() && (kinds.is_empty() || kinds.contains(&object.kind()))
    });
    let Some((_, _, deprecated, removed)) = old else { return };
    if minor < *deprecated {
        return;
    }
    let place = object.node().get("apiVersion").unwrap_or(object.node());
    let is_removed = minor >= *removed;
    let finding = out.report(&CHECK, place);
    let successor = SUCCESSORS
        .iter()
        .find(|(version, kinds, ..)| *version == object.api_version() && kinds.contains(&object.kind()));
    if let Some((_, _, new)) = successor {
        // An item of a list may have its version from there.
        let written = object.node().get("apiVersion");
        finding.fix(FixSafety::Safe, written.and_then(|version| edit::replace(version, *new)));
    }
    finding
        .arg("version", object.api_version())
        .arg("kind", object.kind())
        .arg("since", i64::from(if is_removed { *removed } else { *deprecated }))
        .arg("state", if is_removed { "removed" } else { "deprecated" });
    if !is_removed {
        finding.severity(Severity::Low);
    }
}
