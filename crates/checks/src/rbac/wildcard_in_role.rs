use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags `*` among the verbs, resources or API groups of a rule.
/// ## Why is this bad?
/// A wildcard also grants what does not exist yet: new verbs, new resources of new versions and operators.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: ["*"]
///   resources: ["*"]
///   verbs: ["*"]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [apps]
///   resources: [deployments]
///   verbs: [get, list]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "wildcard-in-role",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.3"),
            peer("eks-1.8.0", "4.1.3"),
            peer("aks-1.8.0", "4.1.3"),
            peer("gke-1.9.0", "4.1.3"),
            peer("kubescape", "C-0187"),
            peer("kube-linter", "wildcard-in-rules"),
            peer("trivy", "KSV-0044"),
            peer("trivy", "KSV-0045"),
            peer("trivy", "KSV-0046"),
            peer("trivy", "KSV-0112"),
            peer("checkov", "CKV_K8S_49"),
            peer("prowler", "rbac_minimize_wildcard_use_roles"),
            peer("complianceascode", "rbac_wildcard_use"),
            peer("iso-27001:2022", "A.5.1"),
            peer("iso-27001:2022", "A.5.2"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.8.2"),
            peer("pci-dss-4", "7.2.3"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object) {
        for field in ["verbs", "resources", "apiGroups"] {
            if let Some(star) = rule.list(field).find(|item| item.as_str() == Some("*")) {
                let role = role_name(object);
                let severity = if rule.is_everything() { Severity::Critical } else { CHECK.info.severity };
                out.report(&CHECK, star)
                    .part("field", field)
                    .part("rule", rule.text())
                    .arg("role", role)
                    .severity(severity);
            }
        }
    }
}
