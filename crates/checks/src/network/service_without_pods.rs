use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::inventory::may_share_namespace;

/// ## What it does
/// Flags Services whose selector matches no pod of the scan.
/// ## Why is this bad?
/// Nobody answers at the Service. Whoever may create a pod with those labels receives its traffic.
/// ## Example
/// ```yaml
/// kind: Service
/// spec:
///   selector: {app: shpo}
/// ```
/// ## Use instead
/// ```yaml
/// kind: Service
/// spec:
///   selector: {app: shop}
/// ```
/// ## Decisions
/// Only where the scan holds something that runs pods in that namespace. A Service without a selector, or of type
/// ExternalName, has its endpoints from elsewhere.
/// Unless the scan is whole, or holds something that is almost selected, it is told for information: a controller may make
/// what is meant.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "service-without-pods",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/service/"],
        peers: &[
            peer("kubescape", "C-0293"),
            peer("kube-linter", "dangling-service"),
            peer("kube-score", "Service Targets Pod"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Service") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let is_external = spec.get("type").and_then(Node::as_str) == Some("ExternalName");
    let Some(selector) = spec.get("selector").filter(|selector| !selector.is_empty() && !is_external) else {
        return;
    };
    let Ok(parsed) = LabelSelector::from_map(selector) else { return };
    let namespace = object.namespace();
    let has_neighbours = context.options.whole
        || context.inventory.pods().iter().any(|pod| may_share_namespace(pod.object.namespace(), namespace));
    if has_neighbours && context.inventory.selected(&parsed, namespace).next().is_none() {
        let near = context
            .inventory
            .pods()
            .iter()
            .filter(|pod| may_share_namespace(pod.object.namespace(), namespace));
        let severity = context.severity_of_unselected(&CHECK, &parsed, near.map(|pod| pod.labels));
        out.report(&CHECK, selector).severity(severity);
    }
}
