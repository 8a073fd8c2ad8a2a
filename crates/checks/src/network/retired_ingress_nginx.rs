use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags controllers of ingress-nginx, the community's Ingress controller that is retired.
/// ## Why is this bad?
/// It gets no fixes any more, stands before everything that is public, and may read the Secrets of all namespaces.
/// ## Example
/// ```yaml
/// image: registry.k8s.io/ingress-nginx/controller:v1.11.2
/// ```
/// ## Use instead
/// ```yaml
/// image: registry.example/envoy-gateway:v1.4.0
/// ```
/// ## Decisions
/// The controller of NGINX Inc. (`nginx/nginx-ingress`) is another program and is not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "retired-ingress-nginx",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/"],
        peers: &[peer("kubescape", "C-0292")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let Some(image) = container.image() else { continue };
        let text = image.as_str().unwrap_or_default();
        let is_retired = ["/ingress-nginx/controller", "/nginx-ingress-controller"].iter().any(|name| {
            text.split_once(name)
                .is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with([':', '@', '-']))
        });
        if is_retired {
            out.report(&CHECK, image).container(container);
        }
    }
}
