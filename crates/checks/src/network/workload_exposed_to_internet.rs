use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::doors;
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Lists workloads that a load balancer, an Ingress, a route of the Gateway API or of Istio leads requests from outside to.
/// ## Why is this bad?
/// What is public is attacked first. Everything that is public should be so on purpose.
/// ## Example
/// ```yaml
/// kind: Service
/// spec:
///   type: LoadBalancer
///   selector: {app: shop}
/// ```
/// ## Use instead
/// ```yaml
/// kind: Service
/// spec:
///   type: ClusterIP
///   selector: {app: shop}
/// ```
/// ## Decisions
/// Asked only on request: most public workloads are meant to be. `haechi network exposed` tells more, policies included.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "workload-exposed-to-internet",
        area: "network",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/services-networking/ingress/",
            "https://gateway-api.sigs.k8s.io/",
        ],
        peers: &[peer("kubescape", "C-0256"), peer("kubescape", "C-0266")],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let object = pod.object();
    for service in context.inventory.services_of(pod.labels(), object.namespace()) {
        if let Some(by) = doors::door_of(service, context) {
            let name = object.metadata().and_then(|metadata| metadata.get("name"));
            out.report(&CHECK, name.unwrap_or(object.node())).part("service", service.name()).part("by", by);
        }
    }
}
