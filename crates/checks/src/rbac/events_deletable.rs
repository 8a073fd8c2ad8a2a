use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may delete events.
/// ## Why is this bad?
/// Events show what an attacker did; nobody has to delete them, they expire.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [events]
///   verbs: [delete]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [events]
///   verbs: [get]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "events-deletable",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("kubescape", "C-0031"), peer("trivy", "KSV-0042"), peer("attack", "Defense evasion")],
    },
    opt_in: false,
    run: Run::Object(check),
};

/// Events have two API groups, which are two ways to the same objects.
const EVENTS: &[(&str, &[&str])] = &[("", &["events"]), ("events.k8s.io", &["events"])];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant_of(&["delete", "deletecollection"], EVENTS) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
