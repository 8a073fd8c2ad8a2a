use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags autoscalers whose target is not in the scan.
/// ## Why is this bad?
/// An autoscaler without its target does nothing: the workload does not grow under load.
/// ## Example
/// ```yaml
/// spec:
///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shpo}
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
/// ```
/// ## Decisions
/// Only where the scan holds other objects of the target's kind in that namespace; otherwise the target may be
/// applied from elsewhere. The target's group is compared without its version.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangling-autoscaler",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"],
        peers: &[
            peer("kubescape", "C-0300"),
            peer("kube-linter", "dangling-horizontalpodautoscaler"),
            peer("kube-score", "HorizontalPodAutoscaler has target"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("autoscaling", "HorizontalPodAutoscaler") {
        return;
    }
    let Some(target) = object.node().at(&["spec", "scaleTargetRef"]) else { return };
    let text = |field: &str| target.get(field).and_then(Node::as_str);
    let (Some(kind), Some(name)) = (text("kind"), text("name")) else { return };
    let group = text("apiVersion").unwrap_or_default().rsplit_once('/').map_or("", |(group, _)| group);
    let namespace = object.namespace();
    let groups = if group == "extensions" { ["extensions", "apps"] } else { [group, group] };
    let is_there =
        groups.iter().any(|group| context.inventory.named(group, kind, namespace, name).next().is_some());
    let may_be_elsewhere = groups.iter().all(|group| context.may_be_elsewhere(group, kind, namespace));
    if !is_there && !may_be_elsewhere {
        out.report(&CHECK, target.get("name").unwrap_or(target)).arg("kind", kind).part("name", name);
    }
}
