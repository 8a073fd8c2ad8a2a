use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags maps whose keys are not in alphabetical order.
/// ## Why is this bad?
/// Sorted keys make differences between manifests small and duplicates visible.
/// ## Example
/// ```yaml
/// metadata:
///   name: shop
///   labels: {}
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   labels: {}
///   name: shop
/// ```
/// ## Decisions
/// Asked only on request: Kubernetes' own order (`apiVersion`, `kind`, `metadata`, `spec`) happens to be
/// alphabetical, but few write `image` before `name`. Each map is told once, at the first key that is out of order.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "unsorted-keys",
        area: "manifest",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://docs.kubelinter.io/#/generated/checks"],
        peers: &[peer("kube-linter", "sorted-keys")],
    },
    opt_in: true,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    walk(object.node(), out);
}

fn walk(node: Node<'_>, out: &mut Findings<'_>) {
    let mut before: Option<&str> = None;
    let mut is_told = false;
    for entry in node.entries() {
        if before.is_some_and(|before| before > entry.key) && !is_told {
            is_told = true;
            out.report(&CHECK, Place::Key(node, entry.key_span)).arg("key", entry.key);
        }
        before = Some(entry.key);
        walk(entry.value, out);
    }
    node.items().for_each(|item| walk(item, out));
}
