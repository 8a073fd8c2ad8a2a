use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{Binding, binding_name};

/// ## What it does
/// Flags bindings to `system:anonymous` and `system:unauthenticated`.
/// ## Why is this bad?
/// Whoever reaches the API server has the right, without a credential.
/// ## Example
/// ```yaml
/// subjects:
/// - kind: User
///   name: system:anonymous
/// ```
/// ## Use instead
/// ```yaml
/// subjects:
/// - kind: Group
///   name: developers
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "anonymous-access-granted",
        area: "rbac",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("gke-1.9.0", "4.1.8"),
            peer("kubescape", "C-0262"),
            peer("trivy", "KSV-0122"),
            peer("kube-hunter", "KHV005"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(binding) = Binding::of(object).filter(|binding| !binding.is_default()) else { return };
    for subject in binding.subjects() {
        let is_anonymous = (subject.is("User") && subject.name() == "system:anonymous")
            || (subject.is("Group") && subject.name() == "system:unauthenticated");
        if is_anonymous {
            out.report(&CHECK, subject.place())
                .part("subject", subject.name())
                .arg("binding", binding_name(object))
                .arg("role", binding.role_text());
        }
    }
}
