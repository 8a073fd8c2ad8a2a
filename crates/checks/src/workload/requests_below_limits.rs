use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod, Quantity};
use haechi_syntax::{Node, Value};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers whose requests for CPU, memory or ephemeral storage are not equal to their limits.
/// ## Why is this bad?
/// Only pods whose requests equal their limits are guaranteed what they use. Others are evicted first when the node
/// runs short.
/// ## Example
/// ```yaml
/// resources:
///   requests:
///     memory: 1Gi
///   limits:
///     memory: 2Gi
/// ```
/// ## Use instead
/// ```yaml
/// resources:
///   requests:
///     memory: 2Gi
///   limits:
///     memory: 2Gi
/// ```
/// ## Decisions
/// Asked only on request: room between request and limit is what makes sharing a node worth while. Only workloads
/// that must never be evicted need none. A request that is missing is the limit; a resource with neither is flagged
/// for CPU and memory, as the pod is not guaranteed them.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "requests-below-limits",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"],
        peers: &[
            peer("kube-score", "Container CPU Requests Equal Limits"),
            peer("kube-score", "Container Ephemeral Storage Request Equals Limit"),
            peer("kube-score", "Container Memory Requests Equal Limits"),
            peer("kube-score", "Container Resource Requests Equal Limits"),
        ],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers().filter(|container| container.list() != ContainerList::Ephemeral) {
        for (resource, path) in [
            ("cpu", &["resources", "limits", "cpu"]),
            ("memory", &["resources", "limits", "memory"]),
            ("ephemeral-storage", &["resources", "limits", "ephemeral-storage"]),
        ] {
            let limit = container.node().at(path);
            let request = container.node().at(&["resources", "requests", resource]);
            let place = match (request, limit) {
                (None, None) if resource == "ephemeral-storage" => continue,
                (None, Some(_)) => continue,
                (Some(request), Some(limit)) if amount(request) == amount(limit) => continue,
                (Some(request), Some(_)) => Place::Value(request),
                (_, None) => Place::ContainerLacks(container, path),
            };
            let change = match (place, limit) {
                // What all containers ask for together must fit what the pod has.
                (Place::Value(_), Some(limit)) if pod.spec().get("resources").is_none() => {
                    fix::as_written(limit).and_then(|limit| place.set(limit))
                }
                _ => None,
            };
            out.report(&CHECK, place)
                .container(container)
                .part("resource", resource)
                .fix(FixSafety::Unsafe, change);
        }
    }
}

/// The amount, or the text where Kubernetes would refuse it.
pub(super) fn amount(node: Node<'_>) -> (Option<Quantity>, Option<&str>) {
    let quantity = match node.value() {
        Value::String(text) => Quantity::parse(text),
        Value::Int(number) => Quantity::parse(&number.to_string()),
        Value::Float(number) => Quantity::parse(&number.to_string()),
        _ => None,
    };
    let text = if quantity.is_none() { node.as_str() } else { None };
    (quantity, text)
}
