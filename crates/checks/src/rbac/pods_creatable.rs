use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may create pods without going through a controller's own account.
/// ## Why is this bad?
/// A new pod runs as any service account of its namespace and mounts any Secret there; where privileged
/// pods are admitted it owns the node as well.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [pods]
///   verbs: [create]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [pods]
///   verbs: [get]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "pods-creatable",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.4"),
            peer("eks-1.8.0", "4.1.4"),
            peer("aks-1.8.0", "4.1.4"),
            peer("kubescape", "C-0188"),
            peer("kube-linter", "access-to-create-pods"),
            peer("trivy", "KSV-0048"),
            peer("prowler", "rbac_minimize_pod_creation_access"),
            peer("complianceascode", "rbac_pod_creation_access"),
            peer("iso-27001:2022", "A.5.1"),
            peer("iso-27001:2022", "A.5.2"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.8.2"),
            peer("iso-27001:2022", "A.8.3"),
            peer("pci-dss-4", "1.4.2"),
            peer("pci-dss-4", "A3.4.1"),
            peer("pci-dss-4", "3.6.1"),
            peer("pci-dss-4", "3.7.1"),
            peer("pci-dss-4", "3.7.2"),
            peer("pci-dss-4", "3.7.4"),
            peer("pci-dss-4", "3.7.6"),
            peer("pci-dss-4", "3.7.7"),
            peer("pci-dss-4", "6.3.3"),
            peer("pci-dss-4", "7.2.1"),
            peer("pci-dss-4", "7.2.2"),
            peer("pci-dss-4", "7.2.5"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(&["create"], "", &["pods"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
