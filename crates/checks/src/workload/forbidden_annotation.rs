use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Object, Pod};
use haechi_syntax::edit;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags objects and pods with an annotation that the configuration forbids.
/// ## Why is this bad?
/// Annotations switch on features of controllers. This one is forbidden by the configuration.
/// ## Example
/// ```yaml
/// metadata:
///   annotations:
///     debug/shell: "true"
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   annotations: {}
/// ```
/// ## Decisions
/// Without such annotations in the configuration there is nothing to flag. An entry is a key, `key=value`, or
/// `prefix/*`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "forbidden-annotation",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/"],
        peers: &[peer("kube-linter", "template-forbidden-annotation")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let forbidden = &context.options.forbidden_annotations;
    if forbidden.is_empty() {
        return;
    }
    let template = context.templates.pod(object).map(Pod::template).filter(|node| *node != object.node());
    for node in [Some(object.node()), template].into_iter().flatten() {
        let Some(annotations) = node.at(&["metadata", "annotations"]) else { continue };
        for entry in annotations.entries() {
            let value = entry.value.as_str().unwrap_or_default();
            if forbidden.iter().any(|rule| forbids(rule, entry.key, value)) {
                out.report(&CHECK, entry.value)
                    .part("annotation", entry.key)
                    .fix(FixSafety::Unsafe, edit::remove(annotations, entry.key));
            }
        }
    }
}

fn forbids(rule: &str, key: &str, value: &str) -> bool {
    if let Some(prefix) = rule.strip_suffix('*') {
        return key.starts_with(prefix);
    }
    match rule.split_once('=') {
        Some((name, text)) => name == key && text == value,
        None => rule == key,
    }
}
