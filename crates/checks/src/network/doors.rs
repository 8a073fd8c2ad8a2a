//! What leads requests from outside to a Service.

use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::Context;
use crate::inventory::may_share_namespace;

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
fn entries<'s, 'd: 's>(service: Object<'s>, context: &'s Context<'d>) -> impl Iterator<Item = Object<'s>> {
    context.inventory.objects().iter().copied().filter(move |object| leads_to(*object, service))
}

fn leads_to(object: Object<'_>, service: Object<'_>) -> bool {
    let Some(spec) = object.spec() else { return false };
    let is_it = |namespace: Option<&str>, name: Option<Node<'_>>| {
        may_share_namespace(namespace, service.namespace())
            && name.and_then(Node::as_str) == Some(service.name())
    };
    let own = object.namespace();
    match (object.group(), object.kind()) {
        ("networking.k8s.io" | "extensions", "Ingress") => {
            let rules = spec.get("rules").map(Node::items).into_iter().flatten();
            let paths =
                rules.flat_map(|rule| rule.at(&["http", "paths"]).map(Node::items).into_iter().flatten());
            let default = spec.get("defaultBackend").or_else(|| spec.get("backend"));
            let mut backends = default.into_iter().chain(paths.filter_map(|path| path.get("backend")));
            backends.any(|backend| {
                is_it(own, backend.at(&["service", "name"]).or_else(|| backend.get("serviceName")))
            })
        }
        ("route.openshift.io", "Route") => is_it(own, spec.at(&["to", "name"])),
        ("gateway.networking.k8s.io", kind) if kind.ends_with("Route") => {
            let rules = spec.get("rules").map(Node::items).into_iter().flatten();
            let mut refs =
                rules.flat_map(|rule| rule.get("backendRefs").map(Node::items).into_iter().flatten());
            refs.any(|backend| {
                is_it(backend.get("namespace").and_then(Node::as_str).or(own), backend.get("name"))
            })
        }
        ("networking.istio.io", "VirtualService") => {
            // Without a gateway it is for calls inside the mesh.
            let gateways = spec.get("gateways").map(Node::items).into_iter().flatten();
            if !gateways.filter_map(Node::as_str).any(|gateway| gateway != "mesh") {
                return false;
            }
            let routes = ["http", "tls", "tcp"].iter().filter_map(|key| spec.get(key)).flat_map(Node::items);
            let mut targets =
                routes.flat_map(|route| route.get("route").map(Node::items).into_iter().flatten());
            targets.any(|target| {
                let host = target.at(&["destination", "host"]).and_then(Node::as_str).unwrap_or_default();
                let (name, rest) = host.split_once('.').unwrap_or((host, ""));
                let namespace = rest.split('.').next().filter(|part| !part.is_empty()).or(own);
                name == service.name() && may_share_namespace(namespace, service.namespace())
            })
        }
        _ => false,
    }
}
