use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use super::pod_security_policy::policy;
use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags PodSecurityPolicies that let pods use the network of their node.
/// ## Why is this bad?
/// Such a pod reaches services on the node's loopback, captures traffic and escapes NetworkPolicies.
/// ## Example
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   hostNetwork: true
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   hostNetwork: false
/// ```
/// ## Decisions
/// Only what the policy allows is judged, not which users may use it.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "policy-allows-host-network",
        area: "cluster",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-policy/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/",
        ],
        peers: &[peer("kubescape", "C-0216"), peer("checkov", "CKV_K8S_4"), peer("aks-1.8.0", "4.2.4")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if let Some(flag) = policy(object).and_then(|spec| spec.get("hostNetwork")).filter(|flag| flag.is_true())
    {
        out.report(&CHECK, flag).fix(FixSafety::Unsafe, edit::replace(flag, false));
    }
}
