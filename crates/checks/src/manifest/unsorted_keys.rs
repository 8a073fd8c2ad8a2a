use haechi_model::{RuleInfo, Severity, Span};
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
/// alphabetical, but few write `image` before `name`. Each object is told once, at its first key that is out of order,
/// with the number of its maps that have one.
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
    let mut maps = Maps::default();
    maps.walk(object.node());
    if let Some((map, key, span)) = maps.first {
        out.report(&CHECK, Place::Key(map, span)).arg("key", key).arg("maps", maps.unsorted);
    }
}

/// The maps of an object whose keys are out of order.
#[derive(Default)]
struct Maps<'d> {
    /// The first of them, with the key that breaks the order and its place.
    first: Option<(Node<'d>, &'d str, Span)>,
    unsorted: i64,
}

impl<'d> Maps<'d> {
    fn walk(&mut self, node: Node<'d>) {
        let mut before: Option<&str> = None;
        let mut is_told = false;
        for entry in node.entries() {
            if before.is_some_and(|before| before > entry.key) && !is_told {
                is_told = true;
                self.unsorted += 1;
                self.first.get_or_insert((node, entry.key, entry.key_span));
            }
            before = Some(entry.key);
            self.walk(entry.value);
        }
        node.items().for_each(|item| self.walk(item));
    }
}
