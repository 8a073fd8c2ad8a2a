use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{RBAC_GROUP, role_name, rules};

/// ## What it does
/// Flags roles that may bind roles, or write rules into them, that their holder lacks.
/// ## Why is this bad?
/// The API server lets nobody give away what he does not have, unless he has `bind` or `escalate`: so they
/// are every right.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [rbac.authorization.k8s.io]
///   resources: [clusterroles]
///   verbs: [bind]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [rbac.authorization.k8s.io]
///   resources: [clusterroles]
///   resourceNames: [view]
///   verbs: [bind]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "bind-or-escalate-allowed",
        area: "rbac",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.8"),
            peer("eks-1.8.0", "4.1.8"),
            peer("gke-1.9.0", "4.1.7"),
            peer("kubescape", "C-0191"),
            peer("trivy", "KSV-0050"),
            peer("trivy", "KSV-0051"),
            peer("trivy", "KSV-0052"),
            peer("checkov", "CKV_K8S_157"),
            peer("checkov", "CKV_K8S_158"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

const ROLES: &[&str] = &["roles", "clusterroles"];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(&["bind", "escalate"], RBAC_GROUP, ROLES) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
