use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use super::pod_security_policy::policy;
use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags PodSecurityPolicies that let pods share the IPC of their node.
/// ## Why is this bad?
/// Such a pod reads and changes the shared memory of the node and of other pods.
/// ## Example
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   hostIPC: true
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   hostIPC: false
/// ```
/// ## Decisions
/// Only what the policy allows is judged, not which users may use it.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "policy-allows-host-ipc",
        area: "cluster",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-policy/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/",
        ],
        peers: &[peer("kubescape", "C-0215"), peer("checkov", "CKV_K8S_3"), peer("aks-1.8.0", "4.2.3")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if let Some(flag) = policy(object).and_then(|spec| spec.get("hostIPC")).filter(|flag| flag.is_true()) {
        out.report(&CHECK, flag).fix(FixSafety::Unsafe, edit::replace(flag, false));
    }
}
