//! Istio's VirtualServices that a gateway serves, and whether gateways speak TLS with clients.

use std::sync::Arc;

use haechi_objects::Object;
use haechi_syntax::Node;

use super::fields::Reader;
use super::services::{Backend, Entry, PortRef};

/// All objects with their files.
type Found<'f, 'd> = &'f [(Arc<str>, Object<'d>)];

/// The entry that a VirtualService makes; `None` for one that is for calls inside the mesh only.
pub(super) fn virtual_service(reader: &Reader<'_, '_>, found: Found<'_, '_>) -> Option<Entry> {
    let object = reader.object;
    if !object.is("networking.istio.io", "VirtualService") {
        return None;
    }
    let spec = object.spec()?;
    let own = object.namespace().unwrap_or("default");
    let texts = |key: &str| spec.get(key).into_iter().flat_map(Node::items).filter_map(Node::as_str);
    let gateways: Vec<&str> = texts("gateways").filter(|gateway| *gateway != "mesh").collect();
    if gateways.is_empty() {
        return None;
    }
    let hosts: Vec<String> = texts("hosts").filter(|host| *host != "*").map(str::to_owned).collect();
    let mut backends = Vec::new();
    for route in ["http", "tls", "tcp"].iter().filter_map(|key| spec.get(key)).flat_map(Node::items) {
        for target in route.get("route").into_iter().flat_map(Node::items) {
            let Some(host) = target.at(&["destination", "host"]) else { continue };
            // `name`, `name.namespace` or `name.namespace.svc.cluster.local`.
            let mut parts = host.as_str().unwrap_or_default().split('.');
            let name = parts.next().unwrap_or_default().to_owned();
            let namespace = parts.next().filter(|part| !part.is_empty()).unwrap_or(own).to_owned();
            let port = target.at(&["destination", "port", "number"]).and_then(Node::as_i64);
            backends.push(Backend {
                namespace,
                service: name,
                port: port.and_then(|port| u16::try_from(port).ok()).map(PortRef::Number),
                hosts: hosts.clone(),
                origin: reader.origin(host),
            });
        }
    }
    let tls = gateways.iter().all(|gateway| {
        let (namespace, name) = gateway.split_once('/').unwrap_or((own, gateway));
        let namespace = if namespace == "." { own } else { namespace };
        istio_speaks_tls(found, namespace, name)
    });
    Some(Entry {
        kind: object.kind().to_owned(),
        namespace: own.to_owned(),
        name: object.name().to_owned(),
        backends,
        tls,
        origin: reader.object_origin(),
    })
}

fn named<'f, 'd>(
    found: Found<'f, 'd>,
    group: &'static str,
    namespace: &str,
    name: &str,
) -> Option<Object<'d>> {
    let is_it = |object: &Object<'d>| {
        object.is(group, "Gateway")
            && object.name() == name
            && object.namespace().unwrap_or("default") == namespace
    };
    found.iter().map(|(_, object)| *object).find(is_it)
}

/// Whether every server of an Istio Gateway speaks TLS or sends clients to one that does. One that was not read does
/// not.
fn istio_speaks_tls(found: Found<'_, '_>, namespace: &str, name: &str) -> bool {
    let Some(gateway) = named(found, "networking.istio.io", namespace, name) else { return false };
    let servers: Vec<Node<'_>> =
        gateway.spec().and_then(|spec| spec.get("servers")).into_iter().flat_map(Node::items).collect();
    let speaks = |server: &Node<'_>| {
        let tls = server.get("tls");
        let redirects = tls.is_some_and(|tls| tls.get("httpsRedirect").is_some_and(Node::is_true));
        let protocol = server.at(&["port", "protocol"]).and_then(Node::as_str).unwrap_or_default();
        redirects || matches!(protocol.to_ascii_uppercase().as_str(), "HTTPS" | "TLS") && tls.is_some()
    };
    !servers.is_empty() && servers.iter().all(speaks)
}

/// Whether all listeners that a route of the Gateway API asks for speak TLS. Those that were not read do not.
pub(super) fn route_speaks_tls(route: Object<'_>, found: Found<'_, '_>) -> bool {
    let parents: Vec<Node<'_>> =
        route.spec().and_then(|spec| spec.get("parentRefs")).into_iter().flat_map(Node::items).collect();
    let own = route.namespace().unwrap_or("default");
    let speaks = |parent: &Node<'_>| {
        let text = |key: &str| parent.get(key).and_then(Node::as_str);
        let name = text("name").unwrap_or_default();
        let namespace = text("namespace").unwrap_or(own);
        let Some(gateway) = named(found, "gateway.networking.k8s.io", namespace, name) else { return false };
        let port = parent.get("port").and_then(Node::as_i64);
        let listeners =
            gateway.spec().and_then(|spec| spec.get("listeners")).into_iter().flat_map(Node::items);
        let asked: Vec<Node<'_>> = listeners
            .filter(|listener| {
                let of = |key: &str| listener.get(key);
                text("sectionName").is_none_or(|section| of("name").and_then(Node::as_str) == Some(section))
                    && port.is_none_or(|port| of("port").and_then(Node::as_i64) == Some(port))
            })
            .collect();
        let is_tls = |listener: &Node<'_>| {
            matches!(listener.get("protocol").and_then(Node::as_str), Some("HTTPS" | "TLS"))
        };
        !asked.is_empty() && asked.iter().all(is_tls)
    };
    !parents.is_empty() && parents.iter().all(speaks)
}
