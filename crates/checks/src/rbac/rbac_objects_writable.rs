use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{RBAC_GROUP, role_name, rules};

/// ## What it does
/// Flags roles that may write roles or bindings.
/// ## Why is this bad?
/// Whoever writes bindings hands on every right that he has, to accounts that nobody watches, and takes rights from
/// others by deleting bindings.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [rbac.authorization.k8s.io]
///   resources: [rolebindings]
///   verbs: [create]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [rbac.authorization.k8s.io]
///   resources: [rolebindings]
///   verbs: [get]
/// ```
/// ## Decisions
/// The API server keeps the holder from giving away what he lacks; that he may do even this is
/// `bind-or-escalate-allowed`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "rbac-objects-writable",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("trivy", "KSV-0050"), peer("trivy", "KSV-0055"), peer("checkov", "CKV2_K8S_1")],
    },
    opt_in: false,
    run: Run::Object(check),
};

const WRITES: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];

const OBJECTS: &[&str] = &["clusterrolebindings", "clusterroles", "rolebindings", "roles"];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(WRITES, RBAC_GROUP, OBJECTS) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
