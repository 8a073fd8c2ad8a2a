use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Ingresses and Routes without a limit on requests.
/// ## Why is this bad?
/// One client can keep a service from all others, and try passwords as fast as it likes.
/// ## Example
/// ```yaml
/// kind: Ingress
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   annotations:
///     nginx.ingress.kubernetes.io/limit-rps: "20"
/// ```
/// ## Decisions
/// Asked only on request: limits often stand in the controller, a load balancer or the mesh, where manifests do not show them.
/// Known are the annotations of ingress-nginx, HAProxy (OpenShift), Traefik's middlewares and AWS WAF.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "ingress-without-rate-limit",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://docs.openshift.com/container-platform/latest/networking/routes/route-configuration.html",
        ],
        peers: &[peer("complianceascode", "routes_rate_limit")],
    },
    opt_in: true,
    run: Run::Object(check),
};

/// Beginnings of annotations that set a limit, or name what sets one.
const LIMITS: &[&str] = &[
    "alb.ingress.kubernetes.io/wafv2-acl-arn",
    "haproxy.org/rate-limit",
    "haproxy.router.openshift.io/rate-limit-connections",
    "konghq.com/plugins",
    "nginx.ingress.kubernetes.io/limit-",
    "nginx.org/limit-req",
    "traefik.ingress.kubernetes.io/router.middlewares",
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_ingress =
        object.kind() == "Ingress" && matches!(object.group(), "networking.k8s.io" | "extensions");
    if !is_ingress && !object.is("route.openshift.io", "Route") {
        return;
    }
    let annotations = object.metadata().and_then(|metadata| metadata.get("annotations"));
    let mut entries = annotations.map(Node::entries).into_iter().flatten();
    if !entries.any(|entry| LIMITS.iter().any(|limit| entry.key.starts_with(limit))) {
        let name = object.metadata().and_then(|metadata| metadata.get("name"));
        out.report(&CHECK, name.unwrap_or(object.node()));
    }
}
