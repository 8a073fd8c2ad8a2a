use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags workloads, and volume claim templates of StatefulSets, without an annotation that the configuration
/// demands.
/// ## Why is this bad?
/// What reads the annotation (backups, alerts, cost reports) leaves this object out.
/// ## Example
/// ```yaml
/// metadata:
///   name: shop
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   name: shop
///   annotations:
///     contact: shop@example.com
/// ```
/// ## Decisions
/// Without such annotations in the configuration there is nothing to flag. An empty value is none.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "required-annotation-missing",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/"],
        peers: &[
            peer("kube-linter", "required-annotation-email"),
            peer("kube-linter", "statefulset-volumeclaimtemplate-annotation"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if context.templates.runs_pods(object) {
        demand(object.node(), &context.options.required_annotations, out);
    }
    let claims = object.spec().filter(|_| object.is("apps", "StatefulSet"));
    let claims = claims.and_then(|spec| spec.get("volumeClaimTemplates"));
    for claim in claims.map(Node::items).into_iter().flatten() {
        demand(claim, &context.options.required_claim_annotations, out);
    }
}

fn demand(node: Node<'_>, annotations: &[String], out: &mut Findings<'_>) {
    for annotation in annotations {
        let value = node.at(&["metadata", "annotations", annotation]).and_then(Node::as_str);
        if value.is_none_or(str::is_empty) {
            let place = Place::Missing(node, &["metadata", "annotations"]);
            out.report(&CHECK, place).part("annotation", annotation.as_str());
        }
    }
}
