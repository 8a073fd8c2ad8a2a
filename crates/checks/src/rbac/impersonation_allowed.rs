use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may act as other users, groups or service accounts.
/// ## Why is this bad?
/// Whoever may impersonate groups acts as `system:masters` and is asked by no authorizer.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [users]
///   verbs: [impersonate]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [users]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [impersonate]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "impersonation-allowed",
        area: "rbac",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("kubescape", "C-0065"), peer("trivy", "KSV-0043"), peer("checkov", "CKV2_K8S_3")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(&["impersonate"], "", &["users", "groups", "serviceaccounts"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
