use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules, severity_in_cluster};

/// ## What it does
/// Flags roles that may change admission webhooks.
/// ## Why is this bad?
/// A mutating webhook rewrites every object, a validating one reads every Secret that is written, and
/// without them policies are off.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [admissionregistration.k8s.io]
///   resources: [mutatingwebhookconfigurations]
///   verbs: [create]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [admissionregistration.k8s.io]
///   resources: [mutatingwebhookconfigurations]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [create]
/// ```
/// ## Decisions
/// What has no namespace is out of reach for a Role. One that names it all the same is low: it was meant to be a
/// ClusterRole, and grants it as soon as somebody makes it one. `*` in a Role is no finding here.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "admission-webhooks-writable",
        area: "rbac",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.12"),
            peer("eks-1.8.0", "4.1.11"),
            peer("aks-1.8.0", "4.1.11"),
            peer("kubescape", "C-0281"),
            peer("trivy", "KSV-0114"),
            peer("checkov", "CKV_K8S_155"),
            peer("prowler", "rbac_minimize_webhook_config_access"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.8.2"),
            peer("iso-27001:2022", "A.8.3"),
            peer("iso-27001:2022", "A.8.14"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant_in_cluster(
            object,
            &["create", "update", "patch", "delete"],
            "admissionregistration.k8s.io",
            &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        ) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object))
                .severity(severity_in_cluster(&CHECK, object));
        }
    }
}
