use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may read all Secrets of a namespace or of the cluster. A rule with `resourceNames` is
/// no finding.
/// ## Why is this bad?
/// Secrets hold tokens and passwords; `list` and `watch` return their contents too.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [secrets]
///   verbs: [get]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [secrets]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [get]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "secrets-readable",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.2"),
            peer("eks-1.8.0", "4.1.2"),
            peer("aks-1.8.0", "4.1.2"),
            peer("gke-1.9.0", "4.1.2"),
            peer("kubescape", "C-0015"),
            peer("kubescape", "C-0186"),
            peer("kube-linter", "access-to-secrets"),
            peer("trivy", "KSV-0041"),
            peer("trivy", "KSV-0113"),
            peer("checkov", "CKV2_K8S_5"),
            peer("prowler", "rbac_minimize_secret_access"),
            peer("complianceascode", "rbac_limit_secrets_access"),
            peer("iso-27001:2022", "A.5.1"),
            peer("iso-27001:2022", "A.5.2"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.5.15"),
            peer("iso-27001:2022", "A.5.18"),
            peer("iso-27001:2022", "A.8.2"),
            peer("iso-27001:2022", "A.8.3"),
            peer("iso-27001:2022", "A.8.12"),
            peer("pci-dss-4", "A1.1.2"),
            peer("pci-dss-4", "1.3.1"),
            peer("pci-dss-4", "1.3.2"),
            peer("pci-dss-4", "1.4.2"),
            peer("pci-dss-4", "A3.2.5"),
            peer("pci-dss-4", "A3.4.1"),
            peer("pci-dss-4", "3.5.1"),
            peer("pci-dss-4", "3.6.1"),
            peer("pci-dss-4", "3.7.6"),
            peer("pci-dss-4", "4.2.1"),
            peer("pci-dss-4", "7.2.1"),
            peer("pci-dss-4", "7.2.2"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("attack", "Credential access"),
            peer("soc-2", "CC6.1"),
            peer("soc-2", "CC6.6"),
            peer("soc-2", "CC6.7"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(&["get", "list", "watch"], "", &["secrets"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
