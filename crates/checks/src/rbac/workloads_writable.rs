use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may write the workloads that make pods.
/// ## Why is this bad?
/// Their pods run as any service account of the namespace and mount any Secret there; where privileged pods are
/// admitted they own the nodes as well.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [apps]
///   resources: [deployments]
///   verbs: [update]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [apps]
///   resources: [deployments]
///   verbs: [get]
/// ```
/// ## Decisions
/// Creating pods themselves is `pods-creatable`. A rule with `resourceNames` is no finding.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "workloads-writable",
        area: "rbac",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("trivy", "KSV-0048")],
    },
    opt_in: false,
    run: Run::Object(check),
};

const WRITES: &[&str] = &["create", "update", "patch"];

const WORKLOADS: &[(&str, &[&str])] = &[
    ("", &["replicationcontrollers"]),
    ("apps", &["daemonsets", "deployments", "replicasets", "statefulsets"]),
    ("batch", &["cronjobs", "jobs"]),
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant_of(WRITES, WORKLOADS) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
