use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules, severity_in_cluster};

/// ## What it does
/// Flags roles that may approve certificate signing requests.
/// ## Why is this bad?
/// An approved client certificate is a credential for the user and groups that it names, and cannot be
/// revoked.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [certificates.k8s.io]
///   resources: [certificatesigningrequests/approval]
///   verbs: [update]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [certificates.k8s.io]
///   resources: [certificatesigningrequests/approval]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [update]
/// ```
/// ## Decisions
/// What has no namespace is out of reach for a Role. One that names it all the same is low: it was meant to be a
/// ClusterRole, and grants it as soon as somebody makes it one. `*` in a Role is no finding here.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "certificate-approval-allowed",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.11"),
            peer("aks-1.8.0", "4.1.10"),
            peer("kubescape", "C-0280"),
            peer("checkov", "CKV_K8S_156"),
            peer("prowler", "rbac_minimize_csr_approval_access"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.8.3"),
            peer("iso-27001:2022", "A.8.5"),
            peer("pci-dss-4", "3.5.1"),
            peer("pci-dss-4", "3.6.1"),
            peer("pci-dss-4", "3.7.2"),
            peer("pci-dss-4", "3.7.6"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant_in_cluster(
            object,
            &["update", "patch"],
            "certificates.k8s.io",
            &["certificatesigningrequests/approval"],
        ) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object))
                .severity(severity_in_cluster(&CHECK, object));
        }
    }
}
