use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Context, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags pods whose priority class is not in the scan.
/// ## Why is this bad?
/// Pods with a priority class that does not exist are refused.
/// ## Example
/// ```yaml
/// priorityClassName: critcal
/// ```
/// ## Use instead
/// ```yaml
/// priorityClassName: critical
/// ```
/// ## Decisions
/// Only where the scan holds other priority classes. `system-node-critical` and `system-cluster-critical` are
/// Kubernetes' own; nobody can make another whose name begins with `system-`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangling-priority-class",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

const BUILT_IN: &[&str] = &["system-cluster-critical", "system-node-critical"];

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let Some(class) = pod.spec().get("priorityClassName") else { return };
    let Some(name) = class.as_str().filter(|name| !name.is_empty() && !BUILT_IN.contains(name)) else {
        return;
    };
    let group = "scheduling.k8s.io";
    let is_there = context.inventory.named(group, "PriorityClass", None, name).next().is_some();
    let may_exist = !name.starts_with("system-") && context.may_be_elsewhere(group, "PriorityClass", None);
    if !is_there && !may_exist {
        out.report(&CHECK, class).part("name", name);
    }
}
