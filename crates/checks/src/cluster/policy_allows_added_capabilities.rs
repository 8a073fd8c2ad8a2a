use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use super::pod_security_policy::policy;
use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags PodSecurityPolicies that let containers add capabilities.
/// ## Why is this bad?
/// Capabilities beyond the default set lead out of the container or take over the network.
/// ## Example
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   allowedCapabilities: ['*']
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   allowedCapabilities: []
/// ```
/// ## Decisions
/// Any entry under `allowedCapabilities` counts, as for the peers; `*` is high.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "policy-allows-added-capabilities",
        area: "cluster",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-policy/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/",
        ],
        peers: &[peer("kubescape", "C-0219"), peer("checkov", "CKV_K8S_24")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let allowed = policy(object).and_then(|spec| spec.get("allowedCapabilities"));
    if let Some(first) = allowed.and_then(|allowed| allowed.item(0)) {
        let finding = out.report(&CHECK, first);
        if first.as_str() == Some("*") {
            finding.severity(Severity::High);
        }
    }
}
