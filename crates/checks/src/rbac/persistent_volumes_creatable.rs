use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules, severity_in_cluster};

/// ## What it does
/// Flags roles that may create persistent volumes.
/// ## Why is this bad?
/// A persistent volume with a hostPath gives the node's file system to pods that Pod Security admits.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [persistentvolumes]
///   verbs: [create]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [persistentvolumes]
///   verbs: [get]
/// ```
/// ## Decisions
/// What has no namespace is out of reach for a Role. One that names it all the same is low: it was meant to be a
/// ClusterRole, and grants it as soon as somebody makes it one. `*` in a Role is no finding here.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "persistent-volumes-creatable",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.9"),
            peer("eks-1.8.0", "4.1.9"),
            peer("kubescape", "C-0278"),
            peer("prowler", "rbac_minimize_pv_creation_access"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.8.2"),
            peer("iso-27001:2022", "A.8.3"),
            peer("pci-dss-4", "A1.1.2"),
            peer("pci-dss-4", "A1.1.3"),
            peer("pci-dss-4", "1.2.8"),
            peer("pci-dss-4", "1.3.1"),
            peer("pci-dss-4", "1.3.2"),
            peer("pci-dss-4", "1.4.2"),
            peer("pci-dss-4", "1.5.1"),
            peer("pci-dss-4", "3.3.1"),
            peer("pci-dss-4", "A3.4.1"),
            peer("pci-dss-4", "3.5.1"),
            peer("pci-dss-4", "7.2.1"),
            peer("pci-dss-4", "7.2.2"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant_in_cluster(object, &["create"], "", &["persistentvolumes"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object))
                .severity(severity_in_cluster(&CHECK, object));
        }
    }
}
