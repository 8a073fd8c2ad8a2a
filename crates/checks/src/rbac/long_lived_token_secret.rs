use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags Secrets of type `kubernetes.io/service-account-token`.
/// ## Why is this bad?
/// Their token never expires, and every copy of it stays valid until the Secret is deleted.
/// ## Example
/// ```yaml
/// kind: Secret
/// type: kubernetes.io/service-account-token
/// ```
/// ## Use instead
/// ```yaml
/// # kubectl create token ci --duration 1h
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "long-lived-token-secret",
        area: "rbac",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/service-accounts/",
            "https://kubernetes.io/docs/concepts/configuration/secret/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Secret") {
        return;
    }
    let kind = object.node().get("type");
    if let Some(kind) = kind.filter(|kind| kind.as_str() == Some("kubernetes.io/service-account-token")) {
        let account = object.annotation("kubernetes.io/service-account.name").and_then(Node::as_str);
        out.report(&CHECK, kind).arg("account", account.unwrap_or_default());
    }
}
