use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use super::pod_security_policy::policy;
use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags PodSecurityPolicies that let containers run as root.
/// ## Why is this bad?
/// Root in a container is root on the node as soon as it escapes.
/// ## Example
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   runAsUser: {rule: RunAsAny}
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   runAsUser: {rule: MustRunAsNonRoot}
/// ```
/// ## Decisions
/// `MustRunAsNonRoot`, or `MustRunAs` with ranges that begin above 0, keep root out.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "policy-allows-root",
        area: "cluster",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-policy/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/",
        ],
        peers: &[peer("kubescape", "C-0218"), peer("checkov", "CKV_K8S_6"), peer("aks-1.8.0", "4.2.6")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(spec) = policy(object) else { return };
    let rule = spec.at(&["runAsUser", "rule"]);
    let excludes_root = match rule.and_then(Node::as_str) {
        Some("MustRunAsNonRoot") => true,
        Some("MustRunAs") => {
            let ranges = spec.at(&["runAsUser", "ranges"]);
            let mut lowest = ranges.map(Node::items).into_iter().flatten().map(|range| range.get("min"));
            !ranges.is_none_or(|ranges| ranges.is_empty())
                && lowest.all(|least| least.and_then(Node::as_i64).is_some_and(|least| least > 0))
        }
        _ => false,
    };
    if !excludes_root {
        let place = rule.map_or(Place::Missing(object.node(), &["spec", "runAsUser"]), Place::Value);
        out.report(&CHECK, place);
    }
}
