use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Object, Pod};
use haechi_syntax::{Node, Value};

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags labels whose key or value Kubernetes refuses.
/// ## Why is this bad?
/// The object cannot be applied, and whatever it was to replace stays as it is.
/// ## Example
/// ```yaml
/// metadata:
///   labels:
///     version: "1.0 beta"
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   labels:
///     version: 1.0-beta
/// ```
/// ## Decisions
/// A key is an optional DNS prefix and a name of at most 63 letters, digits, `-`, `_` and `.`; a value is empty or
/// made like such a name. Selectors are not looked at here.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "invalid-label",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/"],
        peers: &[peer("kube-score", "Label values")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let template = context.templates.pod(object).map(Pod::template).filter(|node| *node != object.node());
    for node in [Some(object.node()), template].into_iter().flatten() {
        for entry in node.at(&["metadata", "labels"]).map(Node::entries).into_iter().flatten() {
            let Value::String(value) = entry.value.value() else { continue };
            let (prefix, name) = entry.key.rsplit_once('/').unwrap_or(("", entry.key));
            let is_key =
                is_name(name) && prefix.len() <= 253 && !(prefix.is_empty() && entry.key.contains('/'));
            if !(is_key && (value.is_empty() || is_name(value))) {
                out.report(&CHECK, entry.value).part("label", entry.key);
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && is_end(text.chars().next())
        && is_end(text.chars().next_back())
}
