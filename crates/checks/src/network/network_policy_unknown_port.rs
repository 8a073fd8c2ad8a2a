use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags named ports in ingress rules of network policies that no selected pod of the scan declares with that protocol.
/// ## Why is this bad?
/// The name matches nothing, so what the rule was to allow is refused.
/// ## Example
/// ```yaml
/// ingress:
/// - ports:
///   - port: mertics
/// ```
/// ## Use instead
/// ```yaml
/// ingress:
/// - ports:
///   - port: metrics
/// ```
/// ## Decisions
/// Only ingress, where the pods are those of the policy itself, and only where the scan holds pods that it selects.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "network-policy-unknown-port",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("networking.k8s.io", "NetworkPolicy") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let selector = match spec.get("podSelector").map(LabelSelector::parse) {
        Some(Ok(selector)) => selector,
        Some(Err(_)) => return,
        None => LabelSelector::default(),
    };
    let pods: Vec<_> =
        context.inventory.selected(&selector, object.namespace()).filter_map(|of| of.pod).collect();
    if pods.is_empty() {
        return;
    }
    for rule in spec.get("ingress").map(Node::items).into_iter().flatten() {
        for entry in rule.get("ports").map(Node::items).into_iter().flatten() {
            let Some(port) = entry.get("port") else { continue };
            let Some(name) = port.as_str() else { continue };
            let protocol = entry.get("protocol").and_then(Node::as_str).unwrap_or("TCP");
            let declares = |declared: Node<'_>| {
                declared.get("name").and_then(Node::as_str) == Some(name)
                    && declared.get("protocol").and_then(Node::as_str).unwrap_or("TCP") == protocol
            };
            let is_known = pods.iter().any(|pod| context.inventory.declared_ports(*pod).any(declares));
            if !is_known {
                out.report(&CHECK, port).part("name", name).part("protocol", protocol);
            }
        }
    }
}
