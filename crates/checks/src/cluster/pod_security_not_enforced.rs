use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags namespaces that enforce no Pod Security level, or the level `privileged`.
/// ## Why is this bad?
/// Whoever may create pods there may create a privileged one, and with it owns the node.
/// ## Example
/// ```yaml
/// kind: Namespace
/// metadata:
///   name: shop
/// ```
/// ## Use instead
/// ```yaml
/// kind: Namespace
/// metadata:
///   name: shop
///   labels:
///     pod-security.kubernetes.io/enforce: baseline
/// ```
/// ## Decisions
/// Kubernetes' own namespaces are left out. Where the scan holds an admission policy of Kyverno, Gatekeeper or
/// Kubewarden or a ValidatingAdmissionPolicy, that one may guard the namespace, and nothing is flagged; other
/// webhooks guard nothing of the kind. A label of another meaning is no level.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "pod-security-not-enforced",
        area: "cluster",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-admission/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("cis-1.23", "5.2.1"),
            peer("gke-1.9.0", "4.2.1"),
            peer("kubescape", "C-0068"),
            peer("kubescape", "C-0192"),
            peer("kubescape", "pod-security-admission-baseline-applied-1"),
            peer("kubescape", "pod-security-admission-baseline-applied-2"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

const LABEL: &str = "pod-security.kubernetes.io/enforce";

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Namespace") || is_system(object.name()) || has_policy_engine(context) {
        return;
    }
    let label = object.labels().node().and_then(|labels| labels.get(LABEL));
    let path = ["metadata", "labels", "pod-security.kubernetes.io/enforce"];
    let change = edit::set(object.node(), &path, "baseline");
    match label {
        Some(label) if matches!(label.as_str(), Some("baseline" | "restricted")) => {}
        Some(label) => {
            out.report(&CHECK, label).fix(FixSafety::Unsafe, change);
        }
        None => {
            out.report(&CHECK, Place::Missing(object.node(), &["metadata", "labels"]))
                .fix(FixSafety::Unsafe, change);
        }
    }
}

/// Namespaces of Kubernetes itself, whose pods need what others must not have.
pub(super) fn is_system(name: &str) -> bool {
    matches!(name, "kube-system" | "kube-public" | "kube-node-lease")
}

/// Whether the scan holds policies of an engine that can do what Pod Security admission does.
pub(super) fn has_policy_engine(context: &Context<'_>) -> bool {
    context.inventory.objects().iter().any(|object| {
        matches!(
            (object.group(), object.kind()),
            ("kyverno.io" | "policies.kyverno.io", _)
                | ("constraints.gatekeeper.sh", _)
                | ("policies.kubewarden.io", _)
                | ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy")
        )
    })
}
