use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use super::pod_security_policy::policy;
use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags PodSecurityPolicies that let processes gain privileges.
/// ## Why is this bad?
/// A setuid program in the image makes any process root in the container.
/// ## Example
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   privileged: false
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   allowPrivilegeEscalation: false
/// ```
/// ## Decisions
/// The field must be `false`: where it is missing, escalation is allowed.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "policy-allows-privilege-escalation",
        area: "cluster",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-policy/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/",
        ],
        peers: &[peer("kubescape", "C-0217"), peer("checkov", "CKV_K8S_5"), peer("aks-1.8.0", "4.2.5")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(spec) = policy(object) else { return };
    match spec.get("allowPrivilegeEscalation") {
        Some(flag) if flag.is_false() => {}
        Some(flag) => {
            out.report(&CHECK, flag).fix(FixSafety::Unsafe, edit::replace(flag, false));
        }
        None => {
            let place = Place::Missing(object.node(), &["spec", "allowPrivilegeEscalation"]);
            out.report(&CHECK, place).fix(FixSafety::Unsafe, place.set(false));
        }
    }
}
