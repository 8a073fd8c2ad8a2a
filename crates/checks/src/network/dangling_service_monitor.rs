use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::inventory::may_share_namespace;

/// ## What it does
/// Flags ServiceMonitors that select no Service of the scan.
/// ## Why is this bad?
/// Nothing is measured, so no alert ever fires, and nobody notices.
/// ## Example
/// ```yaml
/// kind: ServiceMonitor
/// spec:
///   selector:
///     matchLabels: {app: shpo}
/// ```
/// ## Use instead
/// ```yaml
/// kind: ServiceMonitor
/// spec:
///   selector:
///     matchLabels: {app: shop}
/// ```
/// ## Decisions
/// Only where the scan holds Services in the namespaces that the monitor looks at. Without a namespace selector it
/// looks at its own namespace; a monitor without a namespace of its own at any.
/// Unless the scan is whole, or holds something that is almost selected, it is told for information: a controller may make
/// what is meant.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangling-service-monitor",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor",
        ],
        peers: &[peer("kube-linter", "dangling-servicemonitor")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("monitoring.coreos.com", "ServiceMonitor") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let names = spec.at(&["namespaceSelector", "matchNames"]).filter(|names| !names.is_empty());
    let is_any = spec.at(&["namespaceSelector", "any"]).is_some_and(Node::is_true);
    let selector = match spec.get("selector").map(LabelSelector::parse) {
        Some(Ok(selector)) => selector,
        Some(Err(_)) => return,
        None => LabelSelector::default(),
    };
    let is_near = |service: &Object<'_>| match names {
        Some(names) => names.items().any(|name| may_share_namespace(name.as_str(), service.namespace())),
        None => is_any || may_share_namespace(object.namespace(), service.namespace()),
    };
    let mut near = context.inventory.of_kind("", "Service").filter(is_near).peekable();
    let is_empty = near.peek().is_none();
    if !near.any(|service| selector.matches(service.labels())) && (!is_empty || context.options.whole) {
        let near = context.inventory.of_kind("", "Service").filter(is_near).map(Object::labels);
        let severity = context.severity_of_unselected(&CHECK, &selector, near);
        out.report(&CHECK, spec.get("selector").unwrap_or(spec)).severity(severity);
    }
}
