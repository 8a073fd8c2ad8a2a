//! The NetworkPolicies that let through what was observed and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;

use crate::engine::Engine;
use crate::flows::{self, Flow, FlowEnd, Observed, Replay};
use crate::l4::Protocol;
use crate::profile::Profile;
use crate::read::Snapshot;
use crate::read::services::{PortRef, Service};
use crate::world::{LabelMap, StageKind, World};

/// How policies are written.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether every namespace gets a policy that refuses everything else.
    pub default_deny: bool,
    /// Whether every pod may ask the cluster's DNS.
    pub allow_dns: bool,
    /// Whether connections that were seen refused are wanted too.
    pub include_refused: bool,
    /// Whether what Ingresses, routes and load balancers of the manifests lead to may be reached by them.
    pub entries: bool,
    /// The namespace of the ingress controller; without it, what comes by Ingresses and routes is unmet.
    pub ingress_namespace: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_deny: true,
            allow_dns: true,
            include_refused: false,
            entries: false,
            ingress_namespace: None,
        }
    }
}

/// The generated policies.
#[derive(Debug, Clone, Default)]
pub struct Generated {
    /// Manifests, one document each, sorted by namespace and name.
    pub manifests: Vec<String>,
    /// Observed connections that the policies cannot express, with the reason.
    pub unmet: Vec<(Flow, String)>,
    /// Ingresses and routes that nothing lets in, because the namespace of their controller is not known.
    pub unmet_entries: Vec<String>,
}

/// Labels that change with every roll-out, or that only name one pod.
const UNSTABLE: [&str; 7] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "controller-uid",
];

fn stable(labels: &LabelMap) -> LabelMap {
    let kept = labels.iter().filter(|(key, _)| !UNSTABLE.contains(&key.as_str()));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A peer as a rule writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Peer {
    Pods { namespace: String, labels: LabelMap },
    Namespace(String),
    Block(String),
    Address(IpAddr),
}

/// Port and protocol of rules by peer.
type Rules = BTreeMap<Peer, BTreeSet<(Protocol, u16)>>;

#[derive(Debug, Default)]
struct Wanted {
    ingress: Rules,
    egress: Rules,
}

/// Writes the policies that observed connections need, and checks them: no observed connection is refused by them.
/// Host-network pods are left alone, as policies do not select them.
pub fn generate(snapshot: &Snapshot, observed: &Observed, options: &Options) -> Generated {
    let world = &snapshot.world;
    let mut wanted: BTreeMap<(String, LabelMap), Wanted> = BTreeMap::new();
    let mut generated = Generated::default();
    for endpoint in &world.endpoints {
        if endpoint.kind == crate::world::EndpointKind::Pod && !endpoint.host_network {
            wanted.entry((endpoint.namespace.clone(), stable(&endpoint.labels))).or_default();
        }
    }
    for flow in observed.flows.keys() {
        if flow.was_allowed == Some(false) && !options.include_refused {
            continue;
        }
        add_flow(world, flow, &mut wanted, &mut generated);
    }
    if options.entries {
        add_entries(snapshot, options, &mut wanted, &mut generated);
    }
    let namespaces: BTreeSet<&String> = wanted.keys().map(|(namespace, _)| namespace).collect();
    for namespace in namespaces {
        if options.default_deny {
            generated.manifests.push(default_deny(namespace));
        }
        if options.allow_dns {
            generated.manifests.push(allow_dns(namespace, snapshot));
        }
        let of_namespace = wanted.iter().filter(|((own, _), _)| own == namespace);
        for (number, ((_, labels), rules)) in of_namespace.enumerate() {
            if !rules.ingress.is_empty() || !rules.egress.is_empty() {
                generated.manifests.push(workload_policy(world, namespace, labels, rules, number));
            }
        }
    }
    generated
}

fn add_flow(
    world: &World,
    flow: &Flow,
    wanted: &mut BTreeMap<(String, LabelMap), Wanted>,
    generated: &mut Generated,
) {
    let key = |end: &FlowEnd| -> Option<(String, LabelMap)> {
        let FlowEnd::Endpoint(index) = end else { return None };
        let endpoint = world.endpoints.get(*index).filter(|endpoint| !endpoint.host_network)?;
        Some((endpoint.namespace.clone(), stable(&endpoint.labels)))
    };
    let peer = |end: &FlowEnd| -> Option<Peer> {
        match end {
            FlowEnd::Address(address) => Some(Peer::Address(*address)),
            FlowEnd::Endpoint(index) => {
                let endpoint = world.endpoints.get(*index)?;
                if endpoint.host_network {
                    return endpoint.ips.first().map(|ip| Peer::Address(*ip));
                }
                Some(Peer::Pods { namespace: endpoint.namespace.clone(), labels: stable(&endpoint.labels) })
            }
        }
    };
    if !flow.protocol.has_ports() {
        generated.unmet.push((flow.clone(), format!("a NetworkPolicy cannot name {}", flow.protocol)));
        return;
    }
    let (Some(from), Some(to)) = (peer(&flow.from), peer(&flow.to)) else {
        generated.unmet.push((flow.clone(), "the address of a host-network pod is not known".to_owned()));
        return;
    };
    let port = (flow.protocol, flow.port);
    if let Some(rules) = key(&flow.to).and_then(|key| wanted.get_mut(&key)) {
        rules.ingress.entry(from).or_default().insert(port);
    }
    if let Some(rules) = key(&flow.from).and_then(|key| wanted.get_mut(&key)) {
        rules.egress.entry(to).or_default().insert(port);
    }
}

fn default_deny(namespace: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: default-deny\n  namespace: {namespace}\nspec:\n  podSelector: {{}}\n  policyTypes:\n    - Ingress\n    - Egress\n"
    )
}

/// Lets the pods of a namespace ask the cluster's DNS: the pods behind its Service where the manifests have it, else
/// those that most clusters have, and the cache on the node where one is there.
fn allow_dns(namespace: &str, snapshot: &Snapshot) -> String {
    let services = snapshot.services.iter().filter(|service| {
        matches!(
            (service.namespace.as_str(), service.name.as_str()),
            ("kube-system", "kube-dns" | "coredns") | ("openshift-dns", "dns-default")
        )
    });
    // Ports are the pods', after the Service.
    let mut peers: BTreeMap<(String, LabelMap), BTreeSet<(Protocol, u16)>> = BTreeMap::new();
    for service in services {
        for (_, endpoint) in service.endpoints(&snapshot.world) {
            let labels = stable(&endpoint.labels);
            let ports = peers.entry((endpoint.namespace.clone(), labels)).or_default();
            let is_dns = |port: &&crate::read::services::ServicePort| port.port == 53;
            ports.extend(
                service
                    .ports
                    .iter()
                    .filter(is_dns)
                    .filter_map(|port| Some((port.protocol, port.on(endpoint)?))),
            );
        }
    }
    peers.retain(|_, ports| !ports.is_empty());
    if peers.is_empty() {
        let labels = [("k8s-app".to_owned(), "kube-dns".to_owned())].into_iter().collect();
        let ports = [(Protocol::Udp, 53), (Protocol::Tcp, 53)].into_iter().collect();
        peers.insert(("kube-system".to_owned(), labels), ports);
    }
    let mut rules = Wanted::default();
    for ((other, labels), ports) in peers {
        rules.egress.insert(Peer::Pods { namespace: other, labels }, ports);
    }
    let has_cache =
        snapshot.world.endpoints.iter().any(|endpoint| endpoint.name.starts_with("node-local-dns"));
    if has_cache {
        // Source: the address that NodeLocal DNSCache is documented to listen on.
        let ports = [(Protocol::Udp, 53), (Protocol::Tcp, 53)].into_iter().collect();
        rules.egress.insert(Peer::Block("169.254.20.10/32".to_owned()), ports);
    }
    let mut out = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: allow-dns\n  namespace: {namespace}\nspec:\n  podSelector: {{}}\n"
    );
    write_rules(&mut out, namespace, &rules);
    out
}

/// Lets in what comes by load balancers, ports of nodes, Ingresses and routes.
fn add_entries(
    snapshot: &Snapshot,
    options: &Options,
    wanted: &mut BTreeMap<(String, LabelMap), Wanted>,
    generated: &mut Generated,
) {
    let world = &snapshot.world;
    let mut let_in = |service: &Service, wanted_port: Option<&PortRef>, peers: &[Peer]| {
        for port in service.ports_for(wanted_port) {
            for (_, endpoint) in service.endpoints(world) {
                let key = (endpoint.namespace.clone(), stable(&endpoint.labels));
                let (Some(rules), Some(number)) = (wanted.get_mut(&key), port.on(endpoint)) else { continue };
                for peer in peers {
                    rules.ingress.entry(peer.clone()).or_default().insert((port.protocol, number));
                }
            }
        }
    };
    for service in &snapshot.services {
        if service.kind == "LoadBalancer" || service.kind == "NodePort" || service.external_ips {
            let blocks: Vec<String> = if service.source_ranges.is_empty() {
                vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()]
            } else {
                service.source_ranges.iter().flat_map(|range| range.cidrs()).collect()
            };
            let peers: Vec<Peer> = blocks.into_iter().map(Peer::Block).collect();
            let_in(service, None, &peers);
        }
    }
    for entry in &snapshot.entries {
        let Some(namespace) = &options.ingress_namespace else {
            generated.unmet_entries.push(format!("{} {}/{}", entry.kind, entry.namespace, entry.name));
            continue;
        };
        for backend in &entry.backends {
            let of_backend = snapshot
                .services
                .iter()
                .filter(|service| service.namespace == backend.namespace && service.name == backend.service);
            for service in of_backend {
                let_in(service, backend.port.as_ref(), &[Peer::Namespace(namespace.clone())]);
            }
        }
    }
}

/// Whether a text can be the name of a namespace: an RFC 1123 label.
pub fn is_name(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The manifests as JSON values.
pub fn as_json(generated: &Generated) -> Vec<serde_json::Value> {
    fn value(node: haechi_syntax::Node<'_>) -> serde_json::Value {
        use haechi_syntax::Value;
        match node.value() {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => value.into(),
            Value::Int(value) => value.into(),
            Value::Uint(value) => value.into(),
            Value::Float(value) => value.into(),
            Value::String(text) => text.into(),
            Value::Sequence(items) => items.map(value).collect::<Vec<_>>().into(),
            Value::Mapping(entries) => serde_json::Value::Object(
                entries.map(|entry| (entry.key.to_owned(), value(entry.value))).collect(),
            ),
        }
    }
    let text = generated.manifests.join("---\n");
    let parsed = haechi_syntax::parse(text.as_bytes(), &haechi_syntax::Limits::default());
    parsed.documents.iter().map(|document| value(document.root())).collect()
}

fn quoted(text: &str) -> String {
    // JSON's strings are YAML's too, and no value is taken for a number or a boolean.
    serde_json::Value::String(text.to_owned()).to_string()
}

fn selector(out: &mut String, indent: usize, labels: &LabelMap) {
    let pad = " ".repeat(indent);
    if labels.is_empty() {
        let _ = writeln!(out, "{pad}podSelector: {{}}");
        return;
    }
    let _ = writeln!(out, "{pad}podSelector:\n{pad}  matchLabels:");
    for (key, value) in labels {
        let _ = writeln!(out, "{pad}    {}: {}", quoted(key), quoted(value));
    }
}

fn workload_policy(
    world: &World,
    namespace: &str,
    labels: &LabelMap,
    rules: &Wanted,
    number: usize,
) -> String {
    let workload = world
        .endpoints
        .iter()
        .find(|endpoint| endpoint.namespace == namespace && stable(&endpoint.labels) == *labels)
        .map_or("workload", |endpoint| endpoint.name.as_str());
    let is_unique = world
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.namespace == namespace && endpoint.name == workload)
        .all(|endpoint| stable(&endpoint.labels) == *labels);
    let suffix = if is_unique { String::new() } else { format!("-{number}") };
    let mut out = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {}\n  namespace: {namespace}\nspec:\n",
        quoted(&format!("allow-{workload}{suffix}"))
    );
    selector(&mut out, 2, labels);
    write_rules(&mut out, namespace, rules);
    out
}

/// `policyTypes` and the rules of a policy in `namespace`.
fn write_rules(out: &mut String, namespace: &str, rules: &Wanted) {
    out.push_str("  policyTypes:\n");
    for (name, rules) in [("Ingress", &rules.ingress), ("Egress", &rules.egress)] {
        if !rules.is_empty() {
            let _ = writeln!(out, "    - {name}");
        }
    }
    for (key, peers_key, rules) in [("ingress", "from", &rules.ingress), ("egress", "to", &rules.egress)] {
        if rules.is_empty() {
            continue;
        }
        let _ = writeln!(out, "  {key}:");
        // Peers that use the same ports share a rule.
        let mut by_ports: BTreeMap<&BTreeSet<(Protocol, u16)>, Vec<&Peer>> = BTreeMap::new();
        for (peer, ports) in rules {
            by_ports.entry(ports).or_default().push(peer);
        }
        for (ports, peers) in by_ports {
            let _ = writeln!(out, "    - {peers_key}:");
            for peer in peers {
                match peer {
                    Peer::Address(address) => {
                        let length = if address.is_ipv4() { 32 } else { 128 };
                        let _ = writeln!(
                            out,
                            "        - ipBlock:\n            cidr: {}",
                            quoted(&format!("{address}/{length}"))
                        );
                    }
                    Peer::Block(block) => {
                        let _ = writeln!(out, "        - ipBlock:\n            cidr: {}", quoted(block));
                    }
                    Peer::Namespace(other) => {
                        let _ = writeln!(
                            out,
                            "        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: {}",
                            quoted(other)
                        );
                    }
                    Peer::Pods { namespace: other, labels } => {
                        if other == namespace {
                            out.push_str("        - ");
                        } else {
                            let _ = write!(
                                out,
                                "        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: {}\n          ",
                                quoted(other)
                            );
                        }
                        let mut text = String::new();
                        selector(&mut text, 10, labels);
                        out.push_str(text.trim_start());
                    }
                }
            }
            out.push_str("      ports:\n");
            for (protocol, port) in ports {
                let _ = writeln!(out, "        - protocol: {protocol}\n          port: {port}");
            }
        }
    }
}

/// Replays observed connections against the generated policies alone: the ones that those would refuse.
pub fn verify(
    snapshot: &Snapshot,
    generated: &Generated,
    observed: &Observed,
    profile: Profile,
    options: &Options,
) -> Vec<(Flow, Replay)> {
    let text = generated.manifests.join("---\n");
    let parsed = haechi_syntax::parse(text.as_bytes(), &haechi_syntax::Limits::default());
    let inputs: Vec<crate::read::Input<'_>> = parsed
        .documents
        .iter()
        .map(|document| crate::read::Input { path: "generated.yaml".into(), document })
        .collect();
    let read =
        crate::read::read(&inputs, &crate::read::Options { profile, ..crate::read::Options::default() });
    let mut world = snapshot.world.clone();
    world.policies = read.world.policies;
    world.stages = read.world.stages;
    debug_assert!(world.stages.iter().any(|stage| stage.kind == StageKind::Union));
    let mut engine = Engine::new(world, profile);
    let mut refused = Vec::new();
    for flow in
        observed.flows.keys().filter(|flow| options.include_refused || flow.was_allowed != Some(false))
    {
        let replayed = flows::replay(&mut engine, flow);
        if replayed != Replay::Passes {
            refused.push((flow.clone(), replayed));
        }
    }
    refused
}
