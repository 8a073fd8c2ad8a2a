//! Which Services an object leads requests from outside to.

use haechi_objects::Object;
use haechi_syntax::Node;

/// A Service that something names: in its own namespace where that says nothing else.
pub(super) struct Target<'d> {
    pub(super) namespace: Option<&'d str>,
    pub(super) name: &'d str,
}

/// The Services that an Ingress or a route leads to.
pub(super) fn targets<'d>(object: Object<'d>) -> Vec<Target<'d>> {
    let mut targets = Vec::new();
    let Some(spec) = object.spec() else { return targets };
    let own = object.namespace();
    match (object.group(), object.kind()) {
        ("networking.k8s.io" | "extensions", "Ingress") => of_ingress(spec, own, &mut targets),
        ("route.openshift.io", "Route") => of_openshift_route(spec, own, &mut targets),
        ("gateway.networking.k8s.io", kind) if kind.ends_with("Route") => {
            of_gateway_route(spec, own, &mut targets);
        }
        ("networking.istio.io", "VirtualService") => of_virtual_service(spec, own, &mut targets),
        _ => {}
    }
    targets
}

fn items<'d>(node: Node<'d>, key: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
    node.get(key).map(Node::items).into_iter().flatten()
}

fn push<'d>(targets: &mut Vec<Target<'d>>, namespace: Option<&'d str>, name: Option<Node<'d>>) {
    if let Some(name) = name.and_then(Node::as_str) {
        targets.push(Target { namespace, name });
    }
}

fn of_ingress<'d>(spec: Node<'d>, own: Option<&'d str>, targets: &mut Vec<Target<'d>>) {
    let default = spec.get("defaultBackend").or_else(|| spec.get("backend"));
    let paths =
        items(spec, "rules").filter_map(|rule| rule.get("http")).flat_map(|http| items(http, "paths"));
    for backend in default.into_iter().chain(paths.filter_map(|path| path.get("backend"))) {
        push(targets, own, backend.at(&["service", "name"]).or_else(|| backend.get("serviceName")));
    }
}

fn of_openshift_route<'d>(spec: Node<'d>, own: Option<&'d str>, targets: &mut Vec<Target<'d>>) {
    let others = items(spec, "alternateBackends");
    for to in spec.get("to").into_iter().chain(others) {
        push(targets, own, to.get("name"));
    }
}

fn of_gateway_route<'d>(spec: Node<'d>, own: Option<&'d str>, targets: &mut Vec<Target<'d>>) {
    for backend in items(spec, "rules").flat_map(|rule| items(rule, "backendRefs")) {
        let namespace = backend.get("namespace").and_then(Node::as_str).or(own);
        push(targets, namespace, backend.get("name"));
    }
}

fn of_virtual_service<'d>(spec: Node<'d>, own: Option<&'d str>, targets: &mut Vec<Target<'d>>) {
    // Without a gateway it is for calls inside the mesh.
    if !items(spec, "gateways").filter_map(Node::as_str).any(|gateway| gateway != "mesh") {
        return;
    }
    let routes = ["http", "tls", "tcp"].into_iter().flat_map(|key| items(spec, key));
    for target in routes.flat_map(|route| items(route, "route")) {
        let Some(host) = target.at(&["destination", "host"]).and_then(Node::as_str) else { continue };
        let (name, rest) = host.split_once('.').unwrap_or((host, ""));
        let namespace = rest.split('.').next().filter(|part| !part.is_empty()).or(own);
        targets.push(Target { namespace, name });
    }
}
