use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may write all Secrets of a namespace or of the cluster.
/// ## Why is this bad?
/// Whoever writes Secrets puts credentials and certificates of his own in place of the real ones, and gets a token of any
/// service account by making a Secret for it. The answer to `patch` holds the whole Secret.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [secrets]
///   verbs: [patch]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [secrets]
///   verbs: [get]
/// ```
/// ## Decisions
/// A rule with `resourceNames` is no finding. Reading is `secrets-readable`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "secrets-writable",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("trivy", "KSV-0041"), peer("trivy", "KSV-0113")],
    },
    opt_in: false,
    run: Run::Object(check),
};

const WRITES: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(WRITES, "", &["secrets"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
