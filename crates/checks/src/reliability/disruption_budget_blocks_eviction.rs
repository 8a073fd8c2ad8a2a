use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Labels, Object};
use haechi_syntax::{Node, Value};

use super::replicas::{autoscaled, fewest, has_replicas, replicas};
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::inventory::may_share_namespace;

/// ## What it does
/// Flags PodDisruptionBudgets that let no pod be evicted, always or at the number of replicas that the scan tells.
/// ## Why is this bad?
/// Nodes with such a pod cannot be drained. Upgrades and security patches of the nodes stop, or somebody deletes
/// the pods by force.
/// ## Example
/// ```yaml
/// kind: PodDisruptionBudget
/// spec:
///   maxUnavailable: 0
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodDisruptionBudget
/// spec:
///   maxUnavailable: 1
/// ```
/// ## Decisions
/// `maxUnavailable` of zero, `minAvailable` of 100 %, and a number or share that leaves none of the replicas that
/// the scan tells. Percentages are rounded up as Kubernetes does. Where an autoscaler decides, its minimum counts:
/// at that number the budget blocks.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "disruption-budget-blocks-eviction",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/run-application/configure-pdb/"],
        peers: &[
            peer("polaris", "pdbDisruptionsIsZero"),
            peer("kube-linter", "pdb-max-unavailable"),
            peer("kube-linter", "pdb-min-available"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if object.kind() != "PodDisruptionBudget" {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let most = spec.get("maxUnavailable");
    let is_zero = |most: &Node<'_>| matches!(amount(*most), Some(Amount::Number(0) | Amount::Percent(0)));
    if let Some(most) = most.filter(is_zero) {
        out.report(&CHECK, most).arg("count", 0);
        return;
    }
    let Some(least) = spec.get("minAvailable") else { return };
    let Some(wanted) = amount(least) else { return };
    if wanted == Amount::Percent(100) {
        out.report(&CHECK, least).arg("count", 0);
    } else if let Some(count) = blocked_at(object, wanted, context) {
        out.report(&CHECK, least).arg("count", count);
    }
}

/// The number of replicas of a covered workload at which the budget blocks.
fn blocked_at(budget: Object<'_>, wanted: Amount, context: &Context<'_>) -> Option<i64> {
    covered(budget, context).find_map(|workload| {
        let is_known = replicas(workload).is_some() || autoscaled(workload, context).is_some();
        let count = fewest(workload, context);
        // A workload that is switched off has nothing to evict.
        (is_known && count > 0 && wanted.of(count) == count).then_some(count)
    })
}

/// The workloads with replicas that the budget covers: by the labels of their pods, or by their own selector where
/// the template has none.
pub(super) fn covered<'c>(budget: Object<'c>, context: &'c Context<'c>) -> impl Iterator<Item = Object<'c>> {
    let selector = budget.spec().and_then(|spec| spec.get("selector"));
    let selector = selector.and_then(|selector| LabelSelector::parse(selector).ok());
    context
        .inventory
        .pods()
        .iter()
        .filter(move |source| {
            let labels = if source.labels.is_empty() {
                Labels::new(source.object.node().at(&["spec", "selector", "matchLabels"]))
            } else {
                source.labels
            };
            has_replicas(source.object)
                && may_share_namespace(source.object.namespace(), budget.namespace())
                && selector.as_ref().is_some_and(|selector| selector.matches(labels))
        })
        .map(|source| source.object)
}

/// A number of pods, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    Number(i64),
    Percent(i64),
}

impl Amount {
    /// The number of `count` pods that it makes, rounded up.
    pub(super) fn of(self, count: i64) -> i64 {
        match self {
            Amount::Number(number) => number,
            Amount::Percent(share) => share.saturating_mul(count).saturating_add(99).div_euclid(100),
        }
    }
}

pub(super) fn amount(node: Node<'_>) -> Option<Amount> {
    match node.value() {
        Value::String(text) => match text.strip_suffix('%') {
            Some(share) => share.parse().ok().map(Amount::Percent),
            None => text.parse().ok().map(Amount::Number),
        },
        _ => node.as_i64().map(Amount::Number),
    }
}
