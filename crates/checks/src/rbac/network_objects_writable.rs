use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may change NetworkPolicies, Ingresses, Services or their endpoints.
/// ## Why is this bad?
/// Whoever changes a NetworkPolicy opens what others closed, an Ingress puts a service into the internet, and a Service
/// or its endpoints lead the traffic of others to another place.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [networking.k8s.io]
///   resources: [networkpolicies]
///   verbs: [create]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [networking.k8s.io]
///   resources: [networkpolicies]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [create]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "network-objects-writable",
        area: "rbac",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("trivy", "KSV-0056")],
    },
    opt_in: false,
    run: Run::Object(check),
};

const WRITES: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];

const OBJECTS: &[(&str, &[&str])] = &[
    ("", &["endpoints", "services"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies"]),
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant_of(WRITES, OBJECTS) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
