use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Context, Run};
use crate::findings::Findings;
use crate::rbac::rule::{Binding, RBAC_GROUP, binding_name};

/// ## What it does
/// Flags bindings whose role or service account is not there, among objects that are taken to be complete.
/// ## Why is this bad?
/// Whoever may create what is missing has the binding's rights at once, and a binding to a missing role
/// does not do its work.
/// ## Example
/// ```yaml
/// roleRef:
///   kind: Role
///   name: gone
/// ```
/// ## Use instead
/// ```yaml
/// roleRef:
///   kind: Role
///   name: reader
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "orphan-binding",
        area: "rbac",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

/// Roles that every cluster has.
const DEFAULT_ROLES: &[&str] = &["cluster-admin", "admin", "edit", "view"];

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let Some(binding) = Binding::of(object) else { return };
    let inventory = context.inventory;
    if let (Some(kind), Some(name)) = (binding.role_kind(), binding.role_name()) {
        let text = name.as_str().unwrap_or_default();
        let (kind, namespace) = match kind {
            "Role" => ("Role", object.namespace()),
            _ => ("ClusterRole", None),
        };
        let is_default =
            kind == "ClusterRole" && (DEFAULT_ROLES.contains(&text) || text.starts_with("system:"));
        let is_there = is_default
            || inventory.has(RBAC_GROUP, kind, namespace, text)
            || context.may_be_elsewhere(RBAC_GROUP, kind, namespace);
        if !is_there {
            out.report(&CHECK, name)
                .part("missing", format!("{kind} {text}"))
                .arg("binding", binding_name(object));
        }
    }
    for subject in binding.subjects().filter(|subject| subject.is("ServiceAccount")) {
        let namespace = subject.namespace().or(object.namespace());
        let is_there = subject.name() == "default"
            || inventory.has("", "ServiceAccount", namespace, subject.name())
            || context.may_be_elsewhere("", "ServiceAccount", namespace);
        if !is_there {
            let missing = format!("ServiceAccount {}/{}", namespace.unwrap_or_default(), subject.name());
            out.report(&CHECK, subject.place()).part("missing", missing).arg("binding", binding_name(object));
        }
    }
}
