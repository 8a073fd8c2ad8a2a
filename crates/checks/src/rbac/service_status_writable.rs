use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may write the status of Services.
/// ## Why is this bad?
/// An address in a Service's status draws traffic for it to the Service (CVE-2020-8554).
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [services/status]
///   verbs: [update]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [services/status]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [update]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "service-status-writable",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://github.com/kubernetes/kubernetes/issues/97076",
        ],
        peers: &[peer("checkov", "CKV2_K8S_4")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(&["update", "patch"], "", &["services/status"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
