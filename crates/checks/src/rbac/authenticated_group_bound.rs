use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{Binding, binding_name};

/// ## What it does
/// Flags bindings to the groups of everybody: `system:authenticated` and `system:serviceaccounts`.
/// ## Why is this bad?
/// Every user and every pod has the right; on some clouds every account of the provider counts as
/// authenticated.
/// ## Example
/// ```yaml
/// subjects:
/// - kind: Group
///   name: system:authenticated
/// ```
/// ## Use instead
/// ```yaml
/// subjects:
/// - kind: Group
///   name: developers
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "authenticated-group-bound",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[peer("gke-1.9.0", "4.1.10"), peer("kubescape", "C-0265"), peer("trivy", "KSV-01011")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(binding) = Binding::of(object).filter(|binding| !binding.is_default()) else { return };
    for subject in binding.subjects() {
        let everybody = ["system:authenticated", "system:serviceaccounts"];
        if subject.is("Group") && everybody.contains(&subject.name()) {
            out.report(&CHECK, subject.place())
                .part("subject", subject.name())
                .arg("binding", binding_name(object))
                .arg("role", binding.role_text());
        }
    }
}
