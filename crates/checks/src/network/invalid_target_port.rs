use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object};
use haechi_syntax::{Node, Value};

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::reliability::invalid_container_port::is_port_name;

/// ## What it does
/// Flags target ports of Services that Kubernetes refuses, or names that none of the selected pods declares.
/// ## Why is this bad?
/// The Service has no endpoints for that port, and connections are refused.
/// ## Example
/// ```yaml
/// ports:
/// - port: 80
///   targetPort: htpp
/// ```
/// ## Use instead
/// ```yaml
/// ports:
/// - port: 80
///   targetPort: http
/// ```
/// ## Decisions
/// Numbers go from 1 to 65535, names are short service names; a name is looked up in the pods of the scan that the
/// Service selects, where there are any, and in the patches of these.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "invalid-target-port",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/service/"],
        peers: &[peer("kube-linter", "invalid-target-ports")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Service") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let selector = spec.get("selector").and_then(|selector| LabelSelector::from_map(selector).ok());
    for port in spec.get("ports").map(Node::items).into_iter().flatten() {
        let Some(target) = port.get("targetPort") else { continue };
        let is_wrong = match target.value() {
            Value::String(name) => {
                let is_named = |port: Node<'_>| port.get("name").and_then(Node::as_str) == Some(name);
                let is_declared = selector.as_ref().is_none_or(|selector| {
                    let pods: Vec<_> = context
                        .inventory
                        .selected(selector, object.namespace())
                        .filter_map(|source| source.pod)
                        .collect();
                    pods.is_empty()
                        || pods.iter().any(|pod| context.inventory.declared_ports(*pod).any(is_named))
                });
                // A number in quotes is a name that cannot be: names have a letter.
                !is_port_name(name) || !is_declared
            }
            _ => !target.as_i64().is_some_and(|number| (1..=65_535).contains(&number)),
        };
        if is_wrong {
            let shown = match target.value() {
                Value::String(name) => name.to_owned(),
                _ => target.as_i64().unwrap_or_default().to_string(),
            };
            out.report(&CHECK, target).part("port", shown);
        }
    }
}
