use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Labels, Object};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags StatefulSets whose `serviceName` names no headless Service of the scan that selects their pods.
/// ## Why is this bad?
/// Without it the pods have no names in DNS, and the members of a cluster do not find each other.
/// ## Example
/// ```yaml
/// kind: StatefulSet
/// spec:
///   serviceName: dbs
/// ```
/// ## Use instead
/// ```yaml
/// kind: StatefulSet
/// spec:
///   serviceName: db
/// ```
/// ## Decisions
/// Only where the scan holds Services in that namespace; then a Service of that name must be there, be headless and
/// select the pods. Without a `serviceName` pods have no names of their own; that is allowed since Kubernetes 1.34
/// and flagged only where the scan holds a headless Service that selects the pods.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "statefulset-without-headless-service",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"],
        peers: &[peer("kube-score", "StatefulSet has ServiceName")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("apps", "StatefulSet") || context.may_be_elsewhere("", "Service", object.namespace()) {
        return;
    }
    let labels = Labels::new(object.node().at(&["spec", "template", "metadata", "labels"]));
    let is_headless = |service: Object<'_>| {
        service.node().at(&["spec", "clusterIP"]).and_then(Node::as_str) == Some("None")
    };
    let mut selecting = context.inventory.services_of(labels, object.namespace());
    let field = object.spec().and_then(|spec| spec.get("serviceName"));
    let Some(name) = field.and_then(Node::as_str).filter(|name| !name.is_empty()) else {
        if selecting.any(is_headless) {
            out.report(&CHECK, Place::Missing(object.node(), &["spec", "serviceName"])).arg("name", "");
        }
        return;
    };
    if !selecting.any(|service| service.name() == name && is_headless(service)) {
        out.report(&CHECK, field.unwrap_or(object.node())).arg("name", name);
    }
}
