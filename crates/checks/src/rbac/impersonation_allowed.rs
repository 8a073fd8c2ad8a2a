use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules, severity_in_cluster};

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
/// ## Decisions
/// Users and groups have no namespace, so a Role grants nothing on them. One that names them all the same is low: it
/// was meant to be a ClusterRole.
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

const SUBJECTS: &[&str] = &["users", "groups", "serviceaccounts"];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        let Some(grant) = rule.grant(&["impersonate"], "", SUBJECTS) else { continue };
        // Of these, service accounts alone have a namespace.
        let has_accounts = rule.grant(&["impersonate"], "", &["serviceaccounts"]).is_some();
        let severity = if has_accounts { CHECK.info.severity } else { severity_in_cluster(&CHECK, object) };
        out.report(&CHECK, grant.place())
            .part("verbs", grant.verb_names())
            .part("resources", grant.resource_names())
            .arg("role", role_name(object))
            .severity(severity);
    }
}
