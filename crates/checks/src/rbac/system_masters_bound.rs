use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{Binding, binding_name};

/// ## What it does
/// Flags bindings that name the group `system:masters`.
/// ## Why is this bad?
/// Its members are past every authorizer and webhook; a binding shows that somebody hands out this group.
/// ## Example
/// ```yaml
/// subjects:
/// - kind: Group
///   name: system:masters
/// ```
/// ## Use instead
/// ```yaml
/// subjects:
/// - kind: Group
///   name: platform-admins
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "system-masters-bound",
        area: "rbac",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.7"),
            peer("gke-1.9.0", "4.1.6"),
            peer("kubescape", "C-0246"),
            peer("trivy", "KSV-0123"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(binding) = Binding::of(object).filter(|binding| !binding.is_default()) else { return };
    for subject in binding.subjects() {
        if subject.is("Group") && subject.name() == "system:masters" {
            out.report(&CHECK, subject.place())
                .part("binding", binding_name(object))
                .arg("role", binding.role_text());
        }
    }
}
