use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules, severity_in_cluster};

/// ## What it does
/// Flags roles that may reach the kubelets through `nodes/proxy`.
/// ## Why is this bad?
/// `get` alone is enough to run commands in every pod of the node, past admission and the audit log.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [nodes/proxy]
///   verbs: [get]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [nodes/proxy]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [get]
/// ```
/// ## Decisions
/// `get` and `create` are the GET and POST requests that run commands and read logs; kubelets answer no others there.
/// What has no namespace is out of reach for a Role. One that names it all the same is low: it was meant to be a
/// ClusterRole, and grants it as soon as somebody makes it one. `*` in a Role is no finding here.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "node-proxy-allowed",
        area: "rbac",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.10"),
            peer("eks-1.8.0", "4.1.10"),
            peer("aks-1.8.0", "4.1.9"),
            peer("kubescape", "C-0279"),
            peer("trivy", "KSV-0047"),
            peer("prowler", "rbac_minimize_node_proxy_subresource_access"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.8.3"),
            peer("iso-27001:2022", "A.8.16"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant_in_cluster(object, &["get", "create"], "", &["nodes/proxy"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object))
                .severity(severity_in_cluster(&CHECK, object));
        }
    }
}
