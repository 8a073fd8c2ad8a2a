use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags keys that stand twice in one map of a YAML or JSON document.
/// ## Why is this bad?
/// People and other tools read the first value. A review can pass what is then overridden further down.
/// ## Example
/// ```yaml
/// securityContext:
///   runAsNonRoot: true
/// securityContext:
///   privileged: true
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   runAsNonRoot: true
/// ```
/// ## Decisions
/// The finding points at the first, which Kubernetes ignores. Duplicates outside of any object, in a List around
/// them, are told at the first object of the list. Equal values are flagged as well: the next change will be
/// made to one of them.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "duplicate-yaml-key",
        area: "manifest",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://yaml.org/spec/1.2.2/#3213-node-comparison",
            "https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
        ],
        peers: &[peer("yaml", "unique-keys")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let document = object.node().document();
    for duplicate in document.duplicate_keys() {
        let Some(mapping) = document.node(duplicate.mapping) else { continue };
        if !belongs(mapping, object.node()) {
            continue;
        }
        let source = document.source();
        let key = source.slice(duplicate.first).trim_matches(['"', '\'']).to_owned();
        out.report(&CHECK, Place::Key(mapping, duplicate.first)).part("key", key);
    }
}

/// Whether the mapping is a part of the object, or stands around it and it is the first object there.
fn belongs(mapping: Node<'_>, object: Node<'_>) -> bool {
    let mut node = Some(mapping);
    while let Some(here) = node {
        if here == object {
            return true;
        }
        node = here.parent();
    }
    let mut node = object;
    while let Some(parent) = node.parent() {
        if parent == mapping {
            return true;
        }
        if parent.is_sequence() && parent.item(0) != Some(node) {
            return false;
        }
        node = parent;
    }
    false
}
