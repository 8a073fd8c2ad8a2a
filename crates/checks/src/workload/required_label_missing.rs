use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Object, Pod};

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags workloads without a label that the configuration demands.
/// ## Why is this bad?
/// Without it nobody knows whom to call when the workload is attacked or fails, and reports cannot be grouped.
/// ## Example
/// ```yaml
/// metadata:
///   name: shop
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   name: shop
///   labels:
///     owner: team-shop
/// ```
/// ## Decisions
/// Without such labels in the configuration there is nothing to flag. The label may stand on the object or on its
/// pod template; an empty value is none.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "required-label-missing",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/"],
        peers: &[peer("kubescape", "C-0076"), peer("kube-linter", "required-label-owner")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(pod: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let object = pod;
    if !context.templates.runs_pods(object) {
        return;
    }
    let of_pod = context.templates.pod(object).map(Pod::labels);
    for label in &context.options.required_labels {
        let value = object.labels().get(label).or_else(|| of_pod.and_then(|labels| labels.get(label)));
        if value.is_none_or(str::is_empty) {
            out.report(&CHECK, Place::Missing(object.node(), &["metadata", "labels"]))
                .part("label", label.as_str());
        }
    }
}
