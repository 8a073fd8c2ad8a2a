use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may make tokens for all service accounts.
/// ## Why is this bad?
/// A token is the account: whoever may make one has all its rights.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [serviceaccounts/token]
///   verbs: [create]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [serviceaccounts/token]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [create]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "service-account-tokens-creatable",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.13"),
            peer("eks-1.8.0", "4.1.12"),
            peer("aks-1.8.0", "4.1.12"),
            peer("kubescape", "C-0282"),
            peer("prowler", "rbac_minimize_service_account_token_creation"),
            peer("iso-27001:2022", "A.5.1"),
            peer("iso-27001:2022", "A.5.2"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.5.15"),
            peer("iso-27001:2022", "A.5.18"),
            peer("iso-27001:2022", "A.8.2"),
            peer("iso-27001:2022", "A.8.3"),
            peer("iso-27001:2022", "A.8.12"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(&["create"], "", &["serviceaccounts/token"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
