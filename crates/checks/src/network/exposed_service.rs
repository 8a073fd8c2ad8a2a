use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Services that open a port on every node, and load balancers that anyone may reach.
/// ## Why is this bad?
/// The workload can be reached past the ingress, its TLS, its authentication and its logs.
/// ## Example
/// ```yaml
/// kind: Service
/// spec:
///   type: NodePort
/// ```
/// ## Use instead
/// ```yaml
/// kind: Service
/// spec:
///   type: ClusterIP
/// ```
/// ## Decisions
/// `NodePort` is low, a `LoadBalancer` info: it is how services are meant to be published. A load balancer with
/// source ranges, or that an annotation keeps inside the network, is not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "exposed-service",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/service/"],
        peers: &[peer("kube-linter", "exposed-services"), peer("kube-score", "Service Type")],
    },
    opt_in: false,
    run: Run::Object(check),
};

/// Annotations that keep a load balancer inside the network, with their value.
const INTERNAL: &[(&str, &str)] = &[
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
    ("networking.gke.io/load-balancer-type", "Internal"),
    ("cloud.google.com/load-balancer-type", "Internal"),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", "true"),
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Service") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let Some(kind) = spec.get("type") else { return };
    match kind.as_str() {
        Some("NodePort") => {
            out.report(&CHECK, kind).arg("type", "NodePort");
        }
        Some("LoadBalancer") => {
            let ranges = spec.get("loadBalancerSourceRanges");
            let is_limited = ranges.is_some_and(|ranges| {
                let is_all =
                    |range: Node<'_>| range.as_str().is_some_and(|range| range.trim().ends_with("/0"));
                !ranges.is_empty() && !ranges.items().any(is_all)
            });
            let is_internal = INTERNAL.iter().any(|(key, value)| {
                let annotation = object.annotation(key).and_then(Node::as_str);
                annotation.is_some_and(|text| text.eq_ignore_ascii_case(value) || text == "0.0.0.0/0")
            });
            if !is_limited && !is_internal {
                out.report(&CHECK, kind).arg("type", "LoadBalancer").severity(Severity::Info);
            }
        }
        _ => {}
    }
}
