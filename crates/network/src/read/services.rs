//! Services, and what leads requests from outside to them: Ingress, OpenShift Route, Gateway API routes.

use haechi_objects::LabelSelector;
use haechi_syntax::{Node, Value};

use super::fields::{Reader, label_expr, text_of};
use crate::l4::Protocol;
use crate::notice::NoticeKind;
use crate::world::{Endpoint, LabelExpr, Origin, World};

/// A port by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortRef {
    /// By number.
    Number(u16),
    /// By name.
    Name(String),
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PortRef::Number(number) => write!(f, "{number}"),
            PortRef::Name(name) => f.write_str(name),
        }
    }
}

/// One port of a Service.
#[derive(Debug, Clone)]
pub struct ServicePort {
    /// Its name; empty if it has none.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port that clients use.
    pub port: u16,
    /// The port on the pods.
    pub target: PortRef,
    /// The port on every node, if it has one.
    pub node_port: Option<u16>,
    /// Where the target stands.
    pub origin: Option<Origin>,
}

/// A Service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: String,
    /// Which pods serve it; `None` for one without selector.
    pub selector: Option<LabelExpr>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Its own labels.
    pub labels: crate::world::LabelMap,
    /// Whether it takes requests from outside by addresses of its own.
    pub external_ips: bool,
    /// Whether a load balancer also gets a port on every node, as it does unless it is told not to.
    pub allocates_node_ports: bool,
    /// Whether requests from outside keep their source address (`externalTrafficPolicy: Local`).
    pub keeps_source: bool,
    /// Addresses that may use its load balancer; empty is everybody.
    pub source_ranges: Vec<crate::ip::IpRange>,
    /// Where it stands.
    pub origin: Origin,
}

/// A Service that something forwards to.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Namespace of the Service.
    pub namespace: String,
    /// Its name.
    pub service: String,
    /// Which of its ports; `None` is all.
    pub port: Option<PortRef>,
    /// Hosts for which it forwards; empty is any.
    pub hosts: Vec<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// Something that leads requests from outside to Services.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub backends: Vec<Backend>,
    /// Whether it takes requests over TLS.
    pub tls: bool,
    /// Where it stands.
    pub origin: Origin,
}

impl Service {
    /// The endpoints behind it, by index.
    pub fn endpoints<'s>(&'s self, world: &'s World) -> impl Iterator<Item = (usize, &'s Endpoint)> {
        world.endpoints.iter().enumerate().filter(|(_, endpoint)| {
            endpoint.namespace == self.namespace
                && self.selector.as_ref().is_some_and(|selector| selector.matches_map(&endpoint.labels))
        })
    }

    /// The ports that `wanted` means: by the Service's own port number or name, or by target port.
    pub fn ports_for(&self, wanted: Option<&PortRef>) -> Vec<&ServicePort> {
        let Some(wanted) = wanted else { return self.ports.iter().collect() };
        let is_meant = |port: &&ServicePort| match wanted {
            PortRef::Number(number) => port.port == *number || port.target == *wanted,
            PortRef::Name(name) => !name.is_empty() && port.name == *name || port.target == *wanted,
        };
        self.ports.iter().find(is_meant).into_iter().collect()
    }
}

impl ServicePort {
    /// The port number on one of the pods, if it declares the name that is asked for.
    pub fn on(&self, endpoint: &Endpoint) -> Option<u16> {
        match &self.target {
            PortRef::Number(number) => Some(*number),
            PortRef::Name(name) => endpoint
                .ports
                .iter()
                .find(|port| port.name == *name && port.protocol == self.protocol)
                .map(|port| port.port),
        }
    }
}

pub(super) fn read_service(reader: &mut Reader<'_, '_>) -> Option<Service> {
    let object = reader.object;
    let spec = object.spec()?;
    let selector = match spec.get("selector").filter(|selector| !selector.is_empty()) {
        None => None,
        Some(selector) => match LabelSelector::from_map(selector) {
            Ok(selector) => Some(label_expr(&selector)),
            Err(error) => {
                reader.notice(NoticeKind::InvalidSelector, selector, error.message);
                None
            }
        },
    };
    let mut ports = Vec::new();
    for node in reader.list(spec, "ports").unwrap_or_default() {
        let Some(number) = node.get("port").and_then(|port| reader.port_number(port)) else { continue };
        let protocol = match node.get("protocol") {
            Some(protocol) => reader.protocol(protocol),
            None => Some(Protocol::Tcp),
        };
        let Some(protocol) = protocol else { continue };
        let target_node = node.get("targetPort");
        // An empty or zero target is an absent one.
        let target = target_node.and_then(|target| port_ref(target)).unwrap_or(PortRef::Number(number));
        ports.push(ServicePort {
            name: node.get("name").and_then(Node::as_str).unwrap_or_default().to_owned(),
            protocol,
            port: number,
            target,
            node_port: node.get("nodePort").and_then(Node::as_i64).and_then(|port| u16::try_from(port).ok()),
            origin: Some(reader.origin(target_node.unwrap_or(node))),
        });
    }
    let ranges = reader.list(spec, "loadBalancerSourceRanges").unwrap_or_default();
    let source_ranges = ranges.into_iter().filter_map(|range| reader.cidr(range)).collect();
    Some(Service {
        namespace: object.namespace().unwrap_or("default").to_owned(),
        name: object.name().to_owned(),
        kind: spec.get("type").and_then(Node::as_str).unwrap_or("ClusterIP").to_owned(),
        selector,
        ports,
        labels: super::workloads::label_map(object.labels()),
        allocates_node_ports: spec.get("allocateLoadBalancerNodePorts").and_then(Node::as_bool)
            != Some(false),
        keeps_source: spec.get("externalTrafficPolicy").and_then(Node::as_str) == Some("Local"),
        external_ips: spec.get("externalIPs").is_some_and(|ips| !ips.is_empty()),
        source_ranges,
        origin: reader.object_origin(),
    })
}

fn port_ref(node: Node<'_>) -> Option<PortRef> {
    match node.value() {
        Value::String("") => None,
        Value::String(text) => Some(PortRef::Name(text.to_owned())),
        _ => u16::try_from(node.as_i64()?).ok().filter(|port| *port > 0).map(PortRef::Number),
    }
}

pub(super) fn read_entry(reader: &mut Reader<'_, '_>) -> Option<Entry> {
    let object = reader.object;
    let spec = object.spec()?;
    let (backends, tls) = match (object.group(), object.kind()) {
        ("networking.k8s.io" | "extensions", "Ingress") => ingress(reader, spec),
        ("route.openshift.io", "Route") => (route(reader, spec), spec.get("tls").is_some()),
        ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" | "UDPRoute") => {
            (gateway_route(reader, spec), object.kind() == "TLSRoute")
        }
        _ => return None,
    };
    Some(Entry {
        kind: object.kind().to_owned(),
        namespace: object.namespace().unwrap_or("default").to_owned(),
        name: object.name().to_owned(),
        backends,
        tls,
        origin: reader.object_origin(),
    })
}

fn own_namespace(reader: &Reader<'_, '_>) -> String {
    reader.object.namespace().unwrap_or("default").to_owned()
}

fn ingress(reader: &mut Reader<'_, '_>, spec: Node<'_>) -> (Vec<Backend>, bool) {
    let mut backends = Vec::new();
    let mut add = |reader: &Reader<'_, '_>, node: Node<'_>, host: Option<&str>| {
        let (service, port) = match node.get("service") {
            Some(service) => {
                let port = service.get("port");
                let port = port.and_then(|port| port.get("name").or_else(|| port.get("number")));
                (service.get("name"), port)
            }
            // The shape before v1.
            None => (node.get("serviceName"), node.get("servicePort")),
        };
        let Some(name) = service.and_then(Node::as_str) else { return };
        backends.push(Backend {
            namespace: own_namespace(reader),
            service: name.to_owned(),
            port: port.and_then(port_ref),
            hosts: host.map(str::to_owned).into_iter().collect(),
            origin: reader.origin(service.unwrap_or(node)),
        });
    };
    for key in ["defaultBackend", "backend"] {
        if let Some(backend) = spec.get(key) {
            add(reader, backend, None);
        }
    }
    for rule in reader.list(spec, "rules").unwrap_or_default() {
        let host = rule.get("host").and_then(Node::as_str);
        for path in rule.at(&["http", "paths"]).into_iter().flat_map(Node::items) {
            if let Some(backend) = path.get("backend") {
                add(reader, backend, host);
            }
        }
    }
    (backends, spec.get("tls").is_some_and(|tls| !tls.is_empty()))
}

fn route(reader: &mut Reader<'_, '_>, spec: Node<'_>) -> Vec<Backend> {
    let port = spec.at(&["port", "targetPort"]).and_then(port_ref);
    let hosts: Vec<String> = spec.get("host").and_then(Node::as_str).map(str::to_owned).into_iter().collect();
    let mut targets: Vec<Node<'_>> = spec.get("to").into_iter().collect();
    targets.extend(reader.list(spec, "alternateBackends").unwrap_or_default());
    let mut backends = Vec::new();
    for target in targets {
        if let Some(kind) = target.get("kind").filter(|kind| kind.as_str() != Some("Service")) {
            reader.notice(
                NoticeKind::NotJudged,
                kind,
                format!("a Route to a `{}` is not followed", text_of(kind)),
            );
            continue;
        }
        let Some(name) = target.get("name").and_then(Node::as_str) else { continue };
        backends.push(Backend {
            namespace: own_namespace(reader),
            service: name.to_owned(),
            port: port.clone(),
            hosts: hosts.clone(),
            origin: reader.origin(target.get("name").unwrap_or(target)),
        });
    }
    backends
}

fn gateway_route(reader: &mut Reader<'_, '_>, spec: Node<'_>) -> Vec<Backend> {
    let hosts: Vec<String> = spec
        .get("hostnames")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(Node::as_str)
        .map(str::to_owned)
        .collect();
    let mut backends = Vec::new();
    for rule in reader.list(spec, "rules").unwrap_or_default() {
        for backend in reader.list(rule, "backendRefs").unwrap_or_default() {
            let is_service = backend.get("kind").is_none_or(|kind| kind.as_str() == Some("Service"));
            let Some(name) = backend.get("name").and_then(Node::as_str).filter(|_| is_service) else {
                continue;
            };
            let namespace = backend.get("namespace").and_then(Node::as_str).map(str::to_owned);
            backends.push(Backend {
                namespace: namespace.unwrap_or_else(|| own_namespace(reader)),
                service: name.to_owned(),
                port: backend.get("port").and_then(port_ref),
                hosts: hosts.clone(),
                origin: reader.origin(backend.get("name").unwrap_or(backend)),
            });
        }
    }
    backends
}
