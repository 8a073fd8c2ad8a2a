use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Labels, Object};
use haechi_syntax::Node;

use super::replicas::{autoscaled, replicas};
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Deployments and StatefulSets that no PodDisruptionBudget of the scan covers.
/// ## Why is this bad?
/// The drain of nodes for an upgrade may take away all replicas at once.
/// ## Example
/// ```yaml
/// kind: Deployment
/// spec:
///   replicas: 3
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodDisruptionBudget
/// spec:
///   maxUnavailable: 1
///   selector:
///     matchLabels: {app: shop}
/// ```
/// ## Decisions
/// Asked only on request: a budget for a single replica blocks the drain of its node, so workloads with one are not
/// flagged, nor is anything where the scan holds no budget at all that may be theirs, unless the scan is whole.
/// Without a number of replicas more than one is assumed where the scan is whole.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "disruption-budget-missing",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/run-application/configure-pdb/"],
        peers: &[
            peer("polaris", "missingPodDisruptionBudget"),
            peer("kube-score", "Deployment has PodDisruptionBudget"),
            peer("kube-score", "StatefulSet has PodDisruptionBudget"),
        ],
    },
    opt_in: true,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let is_covered_kind = matches!(
        (object.group(), object.kind()),
        ("apps" | "extensions", "Deployment" | "StatefulSet") | ("apps.openshift.io", "DeploymentConfig")
    );
    let namespace = object.namespace();
    if !is_covered_kind || context.may_be_elsewhere("policy", "PodDisruptionBudget", namespace) {
        return;
    }
    let own = replicas(object).and_then(Node::as_i64);
    let is_single = match own.or_else(|| autoscaled(object, context)) {
        Some(count) => count < 2,
        None => !context.options.whole,
    };
    let labels = Labels::new(object.node().at(&["spec", "template", "metadata", "labels"]));
    if !is_single && context.inventory.disruption_budgets_of(labels, namespace).next().is_none() {
        out.report(&CHECK, object.metadata().and_then(|m| m.get("name")).unwrap_or(object.node()));
    }
}
