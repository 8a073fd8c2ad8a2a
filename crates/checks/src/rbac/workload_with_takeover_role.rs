use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};
use crate::may_share_namespace;
use crate::rbac::rule::{Binding, RBAC_GROUP, all_rules};

/// ## What it does
/// Flags workloads whose service account has, in the whole cluster, a right that leads to all of it.
/// ## Why is this bad?
/// Whoever breaks into the pod has the account's token, and with it the cluster.
/// ## Example
/// ```yaml
/// spec:
///   serviceAccountName: operator   # bound to a ClusterRole that may read all Secrets
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   serviceAccountName: operator   # bound in the namespaces that it works in
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "workload-with-takeover-role",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("kubescape", "C-0272"),
            peer("kubescape", "workload-with-administrative-roles"),
            peer("kubescape", "C-0267"),
        ],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

/// Rights that lead to the whole cluster when they hold in all of it.
const TAKEOVER: &[(&[&str], &str, &[&str])] = &[
    (&["bind", "escalate"], RBAC_GROUP, &["clusterroles", "roles"]),
    (&["impersonate"], "", &["users", "groups", "serviceaccounts"]),
    (&["create"], "", &["serviceaccounts/token", "pods", "pods/exec"]),
    (&["get", "list", "watch"], "", &["secrets"]),
    (&["get", "create"], "", &["nodes/proxy"]),
    (&["create", "update", "patch"], "apps", &["deployments", "daemonsets", "statefulsets"]),
    (&["create", "update", "patch"], "admissionregistration.k8s.io", &["mutatingwebhookconfigurations"]),
];

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let spec = pod.spec();
    let field = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount"));
    let account = field.and_then(Node::as_str).filter(|name| !name.is_empty()).unwrap_or("default");
    let namespace = pod.object().namespace();
    for binding in context.inventory.of_kind(RBAC_GROUP, "ClusterRoleBinding").filter_map(Binding::of) {
        let is_meant = binding.subjects().any(|subject| {
            subject.is("ServiceAccount")
                && subject.name() == account
                && subject.namespace().is_some()
                && may_share_namespace(subject.namespace(), namespace)
        });
        let Some(role) = binding.role_name().and_then(Node::as_str).filter(|_| is_meant) else { continue };
        let grant = context
            .inventory
            .named(RBAC_GROUP, "ClusterRole", None, role)
            .flat_map(all_rules)
            .filter(|rule| !rule.is_named())
            .find_map(|rule| TAKEOVER.iter().find_map(|(verbs, group, on)| rule.grant(verbs, group, on)));
        let strong = match &grant {
            Some(grant) => format!("{} {}", grant.verb_names(), grant.resource_names()),
            None if role == "cluster-admin" => "*".to_owned(),
            None => continue,
        };
        let place = match field {
            Some(field) => Place::Value(field),
            None => Place::Missing(spec, &["serviceAccountName"]),
        };
        out.report(&CHECK, place).part("role", role).arg("account", account).arg("right", strong);
    }
}
