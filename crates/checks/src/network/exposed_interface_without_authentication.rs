use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::doors;
use crate::check::{Check, Context, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags programs without authentication of their own that a load balancer, node port, Ingress or route opens to the outside:
/// metrics, traces, dashboards, notebooks, workflow engines, registries and data stores.
/// ## Why is this bad?
/// Whoever finds the address uses it: reads data, runs jobs, or takes over the cluster. Such interfaces are found within hours.
/// ## Example
/// ```yaml
/// kind: Service
/// spec:
///   type: LoadBalancer
///   selector: {app: prometheus}
/// ```
/// ## Use instead
/// ```yaml
/// kind: Service
/// spec:
///   type: ClusterIP
///   selector: {app: prometheus}
/// ```
/// ## Decisions
/// Known by their images. An Ingress with an annotation for authentication (`auth-url`, `auth-type`, `auth-tls-secret`,
/// OAuth of a load balancer) is not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "exposed-interface-without-authentication",
        area: "network",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://attack.mitre.org/techniques/T1133/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

/// Parts of image names of programs that ask nobody who they are, unless something stands before them.
const OPEN: &[&str] = &[
    "adminer",
    "alertmanager",
    "argoproj/argocli",
    "cadvisor",
    "dask",
    "elasticsearch-oss",
    "jaegertracing",
    "jupyter/",
    "kafka-ui",
    "kiali",
    "kubeflow",
    "kubernetes-dashboard",
    "kubernetesui/dashboard",
    "memcached",
    "mlflow",
    "node-exporter",
    "phpmyadmin",
    "prom/prometheus",
    "prometheus/prometheus",
    "pushgateway",
    "rayproject/ray",
    "redis",
    "registry:2",
    "spark-operator",
    "vllm",
    "weaveworks/scope",
    "zipkin",
];

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let object = pod.object();
    for container in pod.containers() {
        let Some(image) = container.image() else { continue };
        let text = image.as_str().unwrap_or_default();
        if !OPEN.iter().any(|part| text.contains(part)) {
            continue;
        }
        let open = context
            .inventory
            .services_of(pod.labels(), object.namespace())
            .find_map(|service| doors::unguarded_door_of(service, context));
        if let Some(by) = open {
            out.report(&CHECK, image).container(container).part("by", by);
        }
    }
}
