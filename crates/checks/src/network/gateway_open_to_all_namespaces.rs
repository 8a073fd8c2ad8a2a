use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags listeners of Gateways that take routes from every namespace, and ReferenceGrants that open all objects of a kind.
/// ## Why is this bad?
/// Whoever may write a route in any namespace can take over a host of the gateway, or use Secrets and Services of others.
/// ## Example
/// ```yaml
/// listeners:
/// - name: web
///   allowedRoutes:
///     namespaces: {from: All}
/// ```
/// ## Use instead
/// ```yaml
/// listeners:
/// - name: web
///   allowedRoutes:
///     namespaces:
///       from: Selector
///       selector: {matchLabels: {gateway: web}}
/// ```
/// ## Decisions
/// A listener with a hostname is low: only that host can be taken. A grant for Secrets without a name is medium, for Services low.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "gateway-open-to-all-namespaces",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://gateway-api.sigs.k8s.io/guides/multiple-ns/",
            "https://gateway-api.sigs.k8s.io/api-types/referencegrant/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if object.group() != "gateway.networking.k8s.io" {
        return;
    }
    let Some(spec) = object.spec() else { return };
    match object.kind() {
        "Gateway" => {
            for listener in spec.get("listeners").map(Node::items).into_iter().flatten() {
                let Some(from) = listener.at(&["allowedRoutes", "namespaces", "from"]) else { continue };
                if from.as_str() == Some("All") {
                    let host = listener.get("hostname").and_then(Node::as_str).unwrap_or_default();
                    let severity = if host.is_empty() { Severity::Medium } else { Severity::Low };
                    let name = listener.get("name").and_then(Node::as_str).unwrap_or_default();
                    out.report(&CHECK, from).part("what", name).severity(severity);
                }
            }
        }
        "ReferenceGrant" => {
            for to in spec.get("to").map(Node::items).into_iter().flatten() {
                let kind = to.get("kind").and_then(Node::as_str).unwrap_or_default();
                if to.get("name").is_none() {
                    let severity = if kind == "Secret" { Severity::Medium } else { Severity::Low };
                    out.report(&CHECK, to).part("what", kind).severity(severity);
                }
            }
        }
        _ => {}
    }
}
