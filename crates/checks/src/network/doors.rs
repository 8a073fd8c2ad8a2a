//! What leads requests from outside to a Service.

use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::Context;

/// Kind and name of something that opens the Service to the outside: its own type, an Ingress or a route.
pub(super) fn door_of(service: Object<'_>, context: &Context<'_>) -> Option<String> {
    own_door(service).or_else(|| entries(service, context).next().map(name_of))
}

/// As [`door_of`], leaving out Ingresses that ask for authentication.
pub(super) fn unguarded_door_of(service: Object<'_>, context: &Context<'_>) -> Option<String> {
    own_door(service).or_else(|| entries(service, context).find(|entry| !is_guarded(*entry)).map(name_of))
}

fn name_of(object: Object<'_>) -> String {
    format!("{} {}", object.kind(), object.name())
}

fn own_door(service: Object<'_>) -> Option<String> {
    let spec = service.spec()?;
    let kind = spec.get("type").and_then(Node::as_str).unwrap_or_default();
    let is_open = match kind {
        "NodePort" => true,
        "LoadBalancer" => !is_internal(service),
        _ => spec.get("externalIPs").is_some_and(|ips| !ips.is_empty()),
    };
    is_open.then(|| if kind.is_empty() { "externalIPs".to_owned() } else { kind.to_owned() })
}

/// Whether an annotation keeps a load balancer inside the network.
fn is_internal(service: Object<'_>) -> bool {
    const INTERNAL: &[&str] = &[
        "service.beta.kubernetes.io/aws-load-balancer-internal",
        "service.beta.kubernetes.io/aws-load-balancer-scheme",
        "service.beta.kubernetes.io/azure-load-balancer-internal",
        "networking.gke.io/load-balancer-type",
        "cloud.google.com/load-balancer-type",
        "service.beta.kubernetes.io/openstack-internal-load-balancer",
    ];
    INTERNAL.iter().any(|key| {
        let text = service.annotation(key).and_then(Node::as_str).unwrap_or_default();
        text == "true" || text == "0.0.0.0/0" || text.eq_ignore_ascii_case("internal")
    })
}

/// Annotations by which an Ingress asks who its clients are.
const GUARDS: &[&str] = &[
    "alb.ingress.kubernetes.io/auth-type",
    "konghq.com/plugins",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
    "nginx.ingress.kubernetes.io/auth-type",
    "nginx.ingress.kubernetes.io/auth-url",
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "traefik.ingress.kubernetes.io/router.middlewares",
];

fn is_guarded(entry: Object<'_>) -> bool {
    GUARDS.iter().any(|guard| entry.annotation(guard).is_some())
}

/// The Ingresses and routes that lead to a Service.
fn entries<'s, 'd>(
    service: Object<'s>,
    context: &'s Context<'d>,
) -> impl Iterator<Item = Object<'d>> + use<'s, 'd> {
    context.inventory.leading_to(service.namespace(), service.name())
}
