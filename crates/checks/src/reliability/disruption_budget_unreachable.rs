use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use super::disruption_budget_blocks_eviction::{amount, covered};
use super::replicas::autoscaled_by_choice;
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags PodDisruptionBudgets that demand more pods than the workload has when the autoscaler is at its minimum.
/// ## Why is this bad?
/// At low load the budget is broken from the start, and no node with such a pod can be drained.
/// ## Example
/// ```yaml
/// spec:
///   minAvailable: 10
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   maxUnavailable: 1
/// ```
/// ## Decisions
/// Only workloads with an autoscaler and a number of it are judged; a share of more than 100 % can never be met.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "disruption-budget-unreachable",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
            "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/",
        ],
        peers: &[peer("polaris", "pdbMinAvailableGreaterThanHPAMinReplicas")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if object.kind() != "PodDisruptionBudget" {
        return;
    }
    let Some(least) = object.spec().and_then(|spec| spec.get("minAvailable")) else { return };
    let Some(wanted) = amount(least) else { return };
    // An autoscaler that names no minimum keeps one, which nobody chose.
    let fewest = covered(object, context).filter_map(|workload| autoscaled_by_choice(workload, context));
    // Scaled to zero there is nothing to guard.
    let missed = fewest.filter(|count| *count > 0 && wanted.of(*count) > *count).min();
    if let Some(count) = missed {
        out.report(&CHECK, least).arg("count", count);
    }
}
