use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run};
use crate::findings::Findings;
use crate::rbac::rule::{RBAC_GROUP, role_name, rules};

/// ## What it does
/// Flags ClusterRoles whose label adds to `view`, `edit` or `admin` what these roles deliberately lack.
/// ## Why is this bad?
/// Everybody who is bound to the default role gets the rules, in every namespace, without a new binding.
/// ## Example
/// ```yaml
/// metadata:
///   labels:
///     rbac.authorization.k8s.io/aggregate-to-view: "true"
/// rules:
/// - apiGroups: [""]
///   resources: [secrets]
///   verbs: [list]
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   labels:
///     rbac.authorization.k8s.io/aggregate-to-view: "true"
/// rules:
/// - apiGroups: [example.com]
///   resources: [widgets]
///   verbs: [list]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "default-role-widened",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

const PREFIX: &str = "rbac.authorization.k8s.io/aggregate-to-";

/// What no default role of that name has, and everybody who is bound to it would get.
const STRONG: &[(&[&str], &str, &[&str])] = &[
    (&["bind", "escalate"], RBAC_GROUP, &["roles", "clusterroles"]),
    (&["create", "update", "patch"], RBAC_GROUP, &["clusterroles", "clusterrolebindings"]),
    (&["impersonate"], "", &["users", "groups"]),
    (&["create", "update", "patch"], "admissionregistration.k8s.io", &["mutatingwebhookconfigurations"]),
    (&["get", "create"], "", &["nodes/proxy"]),
];

/// What reading roles must not have.
const FOR_READERS: &[(&[&str], &str, &[&str])] = &[
    (&["get", "list", "watch"], "", &["secrets"]),
    (&["create"], "", &["pods", "pods/exec", "serviceaccounts/token"]),
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if object.kind() != "ClusterRole" {
        return;
    }
    let Some(labels) = object.labels().node() else { return };
    for label in labels.entries().filter(|label| label.value.as_str() == Some("true")) {
        let Some(target) = label.key.strip_prefix(PREFIX) else { continue };
        let is_reader = target == "view";
        let tables = STRONG.iter().chain(if is_reader { FOR_READERS } else { &[] });
        let found = tables.flat_map(|(verbs, group, resources)| {
            rules(object).filter_map(move |rule| rule.grant(verbs, group, resources))
        });
        for grant in found {
            out.report(&CHECK, grant.place())
                .part("target", target)
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
