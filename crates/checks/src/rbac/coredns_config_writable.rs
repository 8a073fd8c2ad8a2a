use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may change the ConfigMap of CoreDNS: in kube-system, or all ConfigMaps of the cluster.
/// ## Why is this bad?
/// Whoever changes it answers every name in the cluster, and so receives every connection.
/// ## Example
/// ```yaml
/// kind: Role
/// metadata:
///   namespace: kube-system
/// rules:
/// - apiGroups: [""]
///   resources: [configmaps]
///   verbs: [update]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [configmaps]
///   resourceNames: [my-operator]
///   verbs: [update]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "coredns-config-writable",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("kubescape", "C-0037"), peer("trivy", "KSV-0049"), peer("attack", "Lateral Movement")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    // Only the map in kube-system is read by CoreDNS.
    if object.kind() == "Role" && object.namespace() != Some("kube-system") {
        return;
    }
    for rule in rules(object).filter(|rule| rule.may_name("coredns")) {
        if let Some(grant) = rule.grant(&["update", "patch"], "", &["configmaps"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("rule", rule.text())
                .arg("role", role_name(object));
        }
    }
}
