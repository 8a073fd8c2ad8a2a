use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object};
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags ClusterSecretStores that every namespace may use.
/// ## Why is this bad?
/// Whoever may create an ExternalSecret anywhere reads everything that the store's credentials can read.
/// ## Example
/// ```yaml
/// kind: ClusterSecretStore
/// spec:
///   provider: {}
/// ```
/// ## Use instead
/// ```yaml
/// kind: ClusterSecretStore
/// spec:
///   conditions:
///   - namespaces: [shop]
///   provider: {}
/// ```
/// ## Decisions
/// Any entry under `conditions` limits the store; whether it is narrow enough is not judged, except for an empty
/// namespace selector, which selects all, and the pattern `.*`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "cluster-secret-store-open",
        area: "secrets",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://external-secrets.io/latest/guides/security-best-practices/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("external-secrets.io", "ClusterSecretStore") {
        return;
    }
    let conditions = object.spec().and_then(|spec| spec.get("conditions"));
    match conditions {
        Some(conditions) if !conditions.is_empty() => {
            if let Some(open) = conditions.items().find(|condition| is_open(*condition)) {
                out.report(&CHECK, open);
            }
        }
        _ => {
            out.report(&CHECK, Place::Missing(object.node(), &["spec", "conditions"]));
        }
    }
}

fn is_open(condition: Node<'_>) -> bool {
    let patterns = condition.get("namespaceRegexes").map(Node::items);
    let selector = condition.get("namespaceSelector");
    let selects_all =
        selector.is_some_and(|selector| LabelSelector::parse(selector).is_ok_and(|s| s.selects_all()));
    selects_all
        || patterns.into_iter().flatten().any(|pattern| matches!(pattern.as_str(), Some(".*" | "^.*$" | "")))
}
