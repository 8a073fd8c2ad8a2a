use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may forward ports of all pods.
/// ## Why is this bad?
/// Forwarded traffic passes through the kubelet, so no NetworkPolicy sees it, and it reaches ports that
/// listen on the loopback address only.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [pods/portforward]
///   verbs: [create]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [pods/portforward]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [create]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "port-forward-allowed",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("kubescape", "C-0063")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(&["create", "get"], "", &["pods/portforward"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
