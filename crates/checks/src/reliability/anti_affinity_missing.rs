use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Pod};
use haechi_syntax::Node;

use super::replicas::{fewest, has_replicas};
use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags workloads with several replicas that nothing keeps apart.
/// ## Why is this bad?
/// When the node with all replicas fails, the workload is gone although it has several.
/// ## Example
/// ```yaml
/// spec:
///   replicas: 3
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   replicas: 3
///   template:
///     spec:
///       topologySpreadConstraints:
///       - topologyKey: kubernetes.io/hostname
///         maxSkew: 1
///         whenUnsatisfiable: ScheduleAnyway
///         labelSelector:
///           matchLabels: {app: shop}
/// ```
/// ## Decisions
/// Asked only on request: the scheduler spreads replicas by itself as far as it can. An anti-affinity term or a
/// spread constraint over nodes or zones counts if it selects the workload's own pods and, where it names
/// namespaces, theirs.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "anti-affinity-missing",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/",
            "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
        ],
        peers: &[
            peer("kube-linter", "no-anti-affinity"),
            peer("kube-score", "Deployment has host PodAntiAffinity"),
            peer("kube-score", "StatefulSet has host PodAntiAffinity"),
        ],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let object = pod.object();
    if !has_replicas(object) || fewest(object, context) < 2 {
        return;
    }
    let affinity = pod.spec().at(&["affinity", "podAntiAffinity"]);
    let list = |field: &str| affinity.and_then(|a| a.get(field)).map(Node::items).into_iter().flatten();
    let required = list("requiredDuringSchedulingIgnoredDuringExecution");
    let preferred = list("preferredDuringSchedulingIgnoredDuringExecution")
        .filter_map(|term| term.get("podAffinityTerm"));
    let spread = pod.spec().get("topologySpreadConstraints").map(Node::items).into_iter().flatten();
    if !required.chain(preferred).chain(spread).any(|term| keeps_apart(term, pod)) {
        out.report(&CHECK, Place::Missing(pod.spec(), &["affinity", "podAntiAffinity"]));
    }
}

fn keeps_apart(term: Node<'_>, pod: Pod<'_>) -> bool {
    let key = term.get("topologyKey").and_then(Node::as_str).unwrap_or_default();
    let is_place = key.ends_with("/hostname") || key.ends_with("/zone");
    let selector = term.get("labelSelector").and_then(|selector| LabelSelector::parse(selector).ok());
    let selects = selector.is_some_and(|selector| selector.matches(pod.labels()));
    let namespaces = term.get("namespaces").filter(|namespaces| !namespaces.is_empty());
    let is_own = match (namespaces, pod.object().namespace()) {
        (Some(namespaces), Some(own)) => namespaces.items().any(|name| name.as_str() == Some(own)),
        _ => true,
    };
    is_place && selects && is_own
}
