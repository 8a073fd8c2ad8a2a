use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::{Node, edit};

use super::pod_security_policy::policy;
use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags PodSecurityPolicies that leave containers the default capabilities.
/// ## Why is this bad?
/// With raw sockets a container forges packets and answers for other pods.
/// ## Example
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   requiredDropCapabilities: []
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   requiredDropCapabilities: [ALL]
/// ```
/// ## Decisions
/// `requiredDropCapabilities` must hold `ALL` or `NET_RAW`, the one of the default set that attacks other pods; in
/// any letter case.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "policy-keeps-capabilities",
        area: "cluster",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-policy/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/",
        ],
        peers: &[
            peer("kubescape", "C-0220"),
            peer("checkov", "CKV_K8S_7"),
            peer("checkov", "CKV_K8S_36"),
            peer("aks-1.8.0", "4.2.7"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(spec) = policy(object) else { return };
    let dropped = spec.get("requiredDropCapabilities").map(Node::items);
    let is_dropped = dropped
        .into_iter()
        .flatten()
        .filter_map(Node::as_str)
        .any(|name| name.eq_ignore_ascii_case("ALL") || name.eq_ignore_ascii_case("NET_RAW"));
    if !is_dropped {
        let path = ["spec", "requiredDropCapabilities"];
        out.report(&CHECK, Place::Missing(object.node(), &["spec", "requiredDropCapabilities"]))
            .fix(FixSafety::Unsafe, edit::append_at(object.node(), &path, "ALL"));
    }
}
