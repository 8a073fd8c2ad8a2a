//! Namespaces, pods and whatever runs pods.

use std::sync::Arc;

use haechi_objects::{ContainerList, Labels, Object, Pod, WorkloadKind};
use haechi_syntax::Node;

use super::Options;
use super::fields::Reader;
use super::networks;
use crate::l4::Protocol;
use crate::world::{Endpoint, EndpointKind, LabelMap, MeshMode, Namespace, PortDeclaration, World};

/// The label that the API server gives every namespace.
pub(crate) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

pub(super) fn read_object(reader: Reader<'_, '_>, options: &Options, world: &mut World) {
    let object = reader.object;
    if object.is("", "Namespace") {
        let mut labels = label_map(object.labels());
        labels.insert(NAME_LABEL.to_owned(), object.name().to_owned());
        world.namespaces.insert(object.name().to_owned(), Namespace { labels, is_defined: true });
        return;
    }
    if object.is("networking.istio.io", "ServiceEntry") {
        world.endpoints.extend(service_entry(&reader));
        return;
    }
    if object.is("kubevirt.io", "VirtualMachine") {
        world.endpoints.extend(virtual_machine(&reader));
        return;
    }
    if object.is("projectcalico.org", "HostEndpoint") || object.is("crd.projectcalico.org", "HostEndpoint") {
        world.endpoints.push(host_endpoint(&reader));
        return;
    }
    if object.is("projectcalico.org", "WorkloadEndpoint")
        || object.is("crd.projectcalico.org", "WorkloadEndpoint")
    {
        world.endpoints.push(workload_endpoint(&reader));
        return;
    }
    if let Some(pod) = options.templates.pod(object)
        && pod.kind() != WorkloadKind::PodTemplate
    {
        world.endpoints.push(endpoint(&reader, pod));
    }
}

fn endpoint(reader: &Reader<'_, '_>, pod: Pod<'_>) -> Endpoint {
    let object = pod.object();
    let owner = (pod.kind() == WorkloadKind::Pod).then(|| controller(object)).flatten();
    let (workload, name) = owner.unwrap_or_else(|| (object.kind(), object.name()));
    let spec = pod.spec();
    let sidecars = pod.containers_in(ContainerList::Init).filter(|container| container.is_sidecar());
    let (mut ports, mut host_ports) = (Vec::new(), Vec::new());
    let mut has_proxy = pod.annotation("sidecar.istio.io/status").is_some();
    for container in pod.containers_in(ContainerList::Regular).chain(sidecars) {
        has_proxy |= container.name() == "istio-proxy";
        let declared = container.node().get("ports").into_iter().flat_map(Node::items);
        for port in declared {
            let Some(declaration) = port_declaration(port) else { continue };
            let host = port.get("hostPort").and_then(Node::as_i64).and_then(|host| u16::try_from(host).ok());
            host_ports.extend(
                host.filter(|host| *host > 0).map(|host| (declaration.protocol, host, declaration.port)),
            );
            ports.push(declaration);
        }
    }
    let text = |node: Node<'_>, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    Endpoint {
        kind: EndpointKind::Pod,
        namespace: object.namespace().unwrap_or("default").to_owned(),
        name: name.to_owned(),
        workload: workload.to_owned(),
        pod: if pod.kind() == WorkloadKind::Pod { object.name().to_owned() } else { String::new() },
        replicas: replicas(pod),
        profiles: Vec::new(),
        labels: label_map(pod.labels()),
        ports,
        host_ports,
        ips: addresses(object),
        host_network: spec.get("hostNetwork").is_some_and(Node::is_true),
        service_account: text(spec, "serviceAccountName")
            .or_else(|| text(spec, "serviceAccount"))
            .unwrap_or_else(|| "default".to_owned()),
        node: text(spec, "nodeName"),
        networks: pod
            .annotation("k8s.v1.cni.cncf.io/networks")
            .and_then(Node::as_str)
            .map(|annotation| networks::memberships(annotation, object.namespace().unwrap_or("default")))
            .unwrap_or_default(),
        mesh: if has_proxy { MeshMode::Sidecar } else { MeshMode::None },
        strict_group: 0,
        origin: Some(reader.object_origin()),
    }
}

/// How many pods the object asks for.
fn replicas(pod: Pod<'_>) -> u32 {
    let field = match pod.kind() {
        WorkloadKind::Pod | WorkloadKind::DaemonSet | WorkloadKind::CronJob => return 1,
        WorkloadKind::Job => "parallelism",
        _ => "replicas",
    };
    let count = pod.object().spec().and_then(|spec| spec.get(field)?.as_i64());
    count.and_then(|count| u32::try_from(count).ok()).unwrap_or(1)
}

/// Kind and name of the controller that made a pod. A static pod belongs to its node, which is no workload.
fn controller(object: Object<'_>) -> Option<(&str, &str)> {
    let owners = object.metadata()?.get("ownerReferences")?.items();
    let owner = owners.into_iter().find(|owner| owner.get("controller").is_some_and(Node::is_true))?;
    let kind = match owner.get("kind").and_then(Node::as_str) {
        // The instance has the name of the machine that it is an instance of.
        Some("VirtualMachineInstance") => "VirtualMachine",
        Some(kind) => kind,
        None => object.kind(),
    };
    (kind != "Node").then_some((kind, owner.get("name")?.as_str()?))
}

fn addresses(object: Object<'_>) -> Vec<std::net::IpAddr> {
    let Some(status) = object.node().get("status") else { return Vec::new() };
    let many = status.get("podIPs").into_iter().flat_map(Node::items).filter_map(|ip| ip.get("ip"));
    let mut found: Vec<std::net::IpAddr> =
        many.chain(status.get("podIP")).filter_map(|ip| ip.as_str()?.parse().ok()).collect();
    found.sort();
    found.dedup();
    found
}

fn port_declaration(node: Node<'_>) -> Option<PortDeclaration> {
    let port = node.get("containerPort")?.as_i64().and_then(|port| u16::try_from(port).ok())?;
    let protocol = match node.get("protocol") {
        Some(protocol) => Protocol::parse(protocol.as_str()?)?,
        None => Protocol::Tcp,
    };
    let name = node.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
    Some(PortDeclaration { name, protocol, port })
}

/// The hosts outside of the mesh that a ServiceEntry makes known.
fn service_entry(reader: &Reader<'_, '_>) -> Vec<Endpoint> {
    let Some(spec) = reader.object.spec() else { return Vec::new() };
    if spec.get("location").and_then(Node::as_str) == Some("MESH_INTERNAL") {
        return Vec::new();
    }
    let list = |key: &str| spec.get(key).into_iter().flat_map(Node::items);
    let port = |node: Node<'_>| {
        Some(PortDeclaration {
            name: node.get("name").and_then(Node::as_str).unwrap_or_default().to_owned(),
            protocol: Protocol::Tcp,
            port: u16::try_from(node.get("number")?.as_i64()?).ok()?,
        })
    };
    let ports: Vec<PortDeclaration> = list("ports").filter_map(port).collect();
    // Addresses of the endpoints are what is connected to; `addresses` are only names for them in the mesh.
    let ips: Vec<std::net::IpAddr> =
        list("endpoints").filter_map(|endpoint| endpoint.get("address")?.as_str()?.parse().ok()).collect();
    list("hosts")
        .filter_map(Node::as_str)
        .map(|host| Endpoint {
            kind: EndpointKind::Name,
            name: host.to_owned(),
            workload: "ServiceEntry".to_owned(),
            ports: ports.clone(),
            ips: ips.clone(),
            origin: Some(reader.object_origin()),
            ..Endpoint::default()
        })
        .collect()
}

fn virtual_machine(reader: &Reader<'_, '_>) -> Option<Endpoint> {
    let object = reader.object;
    let template = object.spec()?.get("template")?;
    Some(Endpoint {
        namespace: object.namespace().unwrap_or("default").to_owned(),
        name: object.name().to_owned(),
        workload: object.kind().to_owned(),
        labels: label_map(Labels::new(template.at(&["metadata", "labels"]))),
        networks: networks::machine_memberships(object, object.namespace().unwrap_or("default")),
        origin: Some(reader.object_origin()),
        ..Endpoint::default()
    })
}

/// Calico's HostEndpoint: an interface of a node.
fn host_endpoint(reader: &Reader<'_, '_>) -> Endpoint {
    let object = reader.object;
    let ips = object.spec().and_then(|spec| spec.get("expectedIPs"));
    Endpoint {
        kind: EndpointKind::Host,
        name: object.name().to_owned(),
        workload: object.kind().to_owned(),
        pod: object.name().to_owned(),
        profiles: profiles(object),
        ports: object.spec().map(named_ports).unwrap_or_default(),
        labels: label_map(object.labels()),
        ips: ips.into_iter().flat_map(Node::items).filter_map(|ip| ip.as_str()?.parse().ok()).collect(),
        node: object.spec().and_then(|spec| spec.get("node")?.as_str()).map(str::to_owned),
        origin: Some(reader.object_origin()),
        ..Endpoint::default()
    }
}

/// Calico's WorkloadEndpoint: a pod as Calico sees it.
fn workload_endpoint(reader: &Reader<'_, '_>) -> Endpoint {
    let object = reader.object;
    let spec = object.spec();
    let networks = spec.and_then(|spec| spec.get("ipNetworks")).into_iter().flat_map(Node::items);
    let pod = spec.and_then(|spec| spec.get("pod")?.as_str());
    Endpoint {
        kind: EndpointKind::Pod,
        namespace: object.namespace().unwrap_or("default").to_owned(),
        name: pod.unwrap_or(object.name()).to_owned(),
        workload: object.kind().to_owned(),
        pod: pod.unwrap_or(object.name()).to_owned(),
        profiles: profiles(object),
        labels: label_map(object.labels()),
        ports: spec.map(named_ports).unwrap_or_default(),
        ips: networks.filter_map(|ip| ip.as_str()?.split('/').next()?.parse().ok()).collect(),
        service_account: spec
            .and_then(|spec| spec.get("serviceAccountName")?.as_str())
            .unwrap_or_default()
            .to_owned(),
        node: spec.and_then(|spec| spec.get("node")?.as_str()).map(str::to_owned),
        origin: Some(reader.object_origin()),
        ..Endpoint::default()
    }
}

fn profiles(object: Object<'_>) -> Vec<String> {
    let list = object.spec().and_then(|spec| spec.get("profiles")).into_iter().flat_map(Node::items);
    list.filter_map(Node::as_str).map(str::to_owned).collect()
}

fn named_ports(spec: Node<'_>) -> Vec<PortDeclaration> {
    let ports = spec.get("ports").into_iter().flat_map(Node::items);
    let declaration = |port: Node<'_>| {
        Some(PortDeclaration {
            name: port.get("name")?.as_str()?.to_owned(),
            protocol: Protocol::parse(port.get("protocol").and_then(Node::as_str).unwrap_or("TCP"))?,
            port: u16::try_from(port.get("port")?.as_i64()?).ok()?,
        })
    };
    ports.filter_map(declaration).collect()
}

pub(crate) fn label_map(labels: Labels<'_>) -> LabelMap {
    labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Namespaces that only something in them shows, and what namespaces say of their pods.
pub(super) fn complete(world: &mut World) {
    for endpoint in &world.endpoints {
        if endpoint.namespace.is_empty() || world.namespaces.contains_key(&endpoint.namespace) {
            continue;
        }
        let labels = [(NAME_LABEL.to_owned(), endpoint.namespace.clone())].into_iter().collect();
        world.namespaces.insert(endpoint.namespace.clone(), Namespace { labels, is_defined: false });
    }
    for endpoint in &mut world.endpoints {
        let Some(namespace) = world.namespaces.get(&endpoint.namespace) else { continue };
        if endpoint.mesh == MeshMode::None && endpoint.kind == EndpointKind::Pod && !endpoint.host_network {
            endpoint.mesh = mesh_mode(namespace, &endpoint.labels);
        }
    }
}

/// Whether Istio's injector would give the pod a proxy, by the labels that decide it.
fn mesh_mode(namespace: &Namespace, pod: &LabelMap) -> MeshMode {
    let is = |labels: &LabelMap, key: &str, value: &str| labels.get(key).is_some_and(|found| found == value);
    let of_namespace = &namespace.labels;
    if is(pod, "istio.io/dataplane-mode", "ambient")
        || is(of_namespace, "istio.io/dataplane-mode", "ambient")
            && !is(pod, "istio.io/dataplane-mode", "none")
    {
        return MeshMode::Ambient;
    }
    if is(pod, "sidecar.istio.io/inject", "false") || is(of_namespace, "istio-injection", "disabled") {
        return MeshMode::None;
    }
    let is_injected = is(of_namespace, "istio-injection", "enabled")
        || of_namespace.contains_key("istio.io/rev")
        || is(pod, "sidecar.istio.io/inject", "true");
    match (is_injected, namespace.is_defined) {
        (true, _) => MeshMode::Sidecar,
        (false, true) => MeshMode::None,
        (false, false) => MeshMode::Unknown,
    }
}

/// Where nothing speaks of a mesh, nothing is in one.
pub(super) fn leave_mesh(world: &mut World) {
    for endpoint in world.endpoints.iter_mut().filter(|endpoint| endpoint.mesh == MeshMode::Unknown) {
        endpoint.mesh = MeshMode::None;
    }
}

/// A service account with its labels, as Calico selects by them.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) labels: LabelMap,
}

pub(super) fn accounts(found: &[(Arc<str>, Object<'_>)]) -> Vec<Account> {
    let accounts = found.iter().filter(|(_, object)| object.is("", "ServiceAccount"));
    accounts
        .map(|(_, object)| Account {
            namespace: object.namespace().unwrap_or("default").to_owned(),
            name: object.name().to_owned(),
            labels: label_map(object.labels()),
        })
        .collect()
}
