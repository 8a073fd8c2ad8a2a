use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run};
use crate::findings::Findings;
use crate::rbac::rule::{Binding, binding_name};

/// ## What it does
/// Flags bindings to kubelets: the group `system:nodes` and users `system:node:…`.
/// ## Why is this bad?
/// The Node authorizer gives a kubelet what its own pods need; a binding gives it more, on every node.
/// ## Example
/// ```yaml
/// subjects:
/// - kind: Group
///   name: system:nodes
/// ```
/// ## Use instead
/// ```yaml
/// subjects:
/// - kind: ServiceAccount
///   name: node-agent
///   namespace: monitoring
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "system-nodes-bound",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/reference/access-authn-authz/node/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(binding) = Binding::of(object).filter(|binding| !binding.is_default()) else { return };
    for subject in binding.subjects() {
        let is_node = subject.is("User") && subject.name().starts_with("system:node:");
        if is_node || (subject.is("Group") && subject.name() == "system:nodes") {
            out.report(&CHECK, subject.place())
                .part("subject", subject.name())
                .arg("binding", binding_name(object))
                .arg("role", binding.role_text());
        }
    }
}
