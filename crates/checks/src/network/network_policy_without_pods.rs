use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object};

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::inventory::may_share_namespace;

/// ## What it does
/// Flags network policies that select no pod of the scan.
/// ## Why is this bad?
/// The pods that it was meant to guard are open, while everybody believes them guarded.
/// ## Example
/// ```yaml
/// kind: NetworkPolicy
/// spec:
///   podSelector:
///     matchLabels: {app: shpo}
/// ```
/// ## Use instead
/// ```yaml
/// kind: NetworkPolicy
/// spec:
///   podSelector:
///     matchLabels: {app: shop}
/// ```
/// ## Decisions
/// Only where the scan holds something that runs pods in that namespace, and only policies with a selector: an
/// empty one is for all pods to come.
/// Unless the scan is whole, or holds something that is almost selected, it is told for information: a controller may make
/// what is meant.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "network-policy-without-pods",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
        peers: &[
            peer("kubescape", "C-0299"),
            peer("kube-linter", "dangling-networkpolicy"),
            peer("kube-linter", "dangling-networkpolicypeer-podselector"),
            peer("kube-score", "NetworkPolicy targets Pod"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("networking.k8s.io", "NetworkPolicy") {
        return;
    }
    let Some(selector) = object.spec().and_then(|spec| spec.get("podSelector")) else { return };
    let Ok(parsed) = LabelSelector::parse(selector) else { return };
    let namespace = object.namespace();
    let has_neighbours = context.options.whole
        || context.inventory.pods().iter().any(|pod| may_share_namespace(pod.object.namespace(), namespace));
    let selects = context.inventory.selected(&parsed, namespace).next().is_some();
    if !parsed.selects_all() && has_neighbours && !selects {
        let near = context
            .inventory
            .pods()
            .iter()
            .filter(|pod| may_share_namespace(pod.object.namespace(), namespace));
        let severity = context.severity_of_unselected(&CHECK, &parsed, near.map(|pod| pod.labels));
        out.report(&CHECK, selector).severity(severity);
    }
}
