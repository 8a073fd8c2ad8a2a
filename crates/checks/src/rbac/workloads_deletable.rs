use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may delete all workloads, or the namespaces that they are in.
/// ## Why is this bad?
/// Deleting workloads stops the service; `deletecollection` does so in one request.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [apps]
///   resources: [deployments]
///   verbs: [delete]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [apps]
///   resources: [deployments]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [delete]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "workloads-deletable",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("kubescape", "C-0007"), peer("attack", "Impact")],
    },
    opt_in: false,
    run: Run::Object(check),
};

const WORKLOADS: &[(&str, &[&str])] = &[
    ("", &["namespaces", "pods", "replicationcontrollers"]),
    ("apps", &["daemonsets", "deployments", "replicasets", "statefulsets"]),
    ("batch", &["cronjobs", "jobs"]),
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant_of(&["delete", "deletecollection"], WORKLOADS) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
