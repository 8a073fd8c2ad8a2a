use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{Binding, binding_name};

/// ## What it does
/// Flags bindings that name a namespace's `default` service account.
/// ## Why is this bad?
/// Every pod that names no account runs as `default`, so the right goes to pods that nobody thought of.
/// ## Example
/// ```yaml
/// subjects:
/// - kind: ServiceAccount
///   name: default
/// ```
/// ## Use instead
/// ```yaml
/// subjects:
/// - kind: ServiceAccount
///   name: backup
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "default-service-account-bound",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.5"),
            peer("eks-1.8.0", "4.1.5"),
            peer("aks-1.8.0", "4.1.5"),
            peer("gke-1.9.0", "4.1.4"),
            peer("kubescape", "C-0053"),
            peer("kubescape", "ensure-default-service-accounts-has-only-default-roles"),
            peer("kubescape", "C-0189"),
            peer("checkov", "CKV_K8S_42"),
            peer("complianceascode", "accounts_unique_service_account"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("attack", "Credential access"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(binding) = Binding::of(object).filter(|binding| !binding.is_default()) else { return };
    for subject in binding.subjects() {
        if subject.is("ServiceAccount") && subject.name() == "default" {
            out.report(&CHECK, subject.place())
                .part("namespace", subject.namespace().or(object.namespace()).unwrap_or_default())
                .arg("binding", binding_name(object))
                .arg("role", binding.role_text());
        }
    }
}
