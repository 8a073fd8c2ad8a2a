//! Sidecar (`networking.istio.io`): which hosts a workload's proxy knows, and whether it lets others through.

use haechi_objects::Object;
use haechi_syntax::Node;

use super::reach::selector;
use crate::ip::IpSet;
use crate::read::services::Service;
use crate::strings::Pattern;
use crate::world::{
    Action, EndpointKind, LabelExpr, LabelMap, Match, NamespaceExpr, Origin, PeerExpr, Policy, PolicyRef,
    PortSet, Rule, World,
};

/// A Sidecar.
#[derive(Debug, Clone)]
pub struct Sidecar {
    /// Its name.
    pub id: PolicyRef,
    /// The workloads that it is for; everything in its namespace where it has none.
    pub selector: Option<LabelMap>,
    /// `namespace/host` of its egress listeners; `None` where it has none, so that all hosts are known.
    pub hosts: Option<Vec<(String, String)>>,
    /// Whether destinations that are not known are refused (`REGISTRY_ONLY`); `None` where the mesh decides.
    pub registry_only: Option<bool>,
    /// Where it stands.
    pub origin: Option<Origin>,
}

/// `outboundTrafficPolicy` of a Sidecar or of the mesh.
pub(crate) fn registry_only(node: Option<Node<'_>>) -> Option<bool> {
    match node?.get("mode")?.as_str()? {
        "REGISTRY_ONLY" => Some(true),
        "ALLOW_ANY" => Some(false),
        _ => None,
    }
}

impl Sidecar {
    /// Reads an object of that kind; `None` for anything else.
    pub fn read(object: Object<'_>, origin: Option<Origin>) -> Option<Self> {
        if !object.is("networking.istio.io", "Sidecar") {
            return None;
        }
        let spec = object.spec();
        let field = |key: &str| spec.and_then(|spec| spec.get(key));
        let labels = field("workloadSelector").and_then(|selector| selector.get("labels"));
        let labels = labels.map(|labels| {
            let entries = labels.entries().into_iter();
            entries.map(|entry| (entry.key.to_owned(), crate::read::text_of(entry.value))).collect()
        });
        let namespace = object.namespace().unwrap_or("default");
        let hosts = field("egress").filter(|egress| !egress.is_empty()).map(|egress| {
            let hosts =
                egress.items().flat_map(|listener| listener.get("hosts").into_iter().flat_map(Node::items));
            let host = |node: Node<'_>| {
                let (of, host) = node.as_str()?.split_once('/')?;
                let of = if of == "." { namespace } else { of };
                Some((of.to_owned(), host.to_owned()))
            };
            hosts.filter_map(host).collect()
        });
        Some(Self {
            id: PolicyRef {
                kind: object.kind().to_owned(),
                namespace: Some(namespace.to_owned()),
                name: object.name().to_owned(),
            },
            selector: labels,
            hosts,
            registry_only: registry_only(field("outboundTrafficPolicy")),
            origin,
        })
    }

    fn own_namespace(&self) -> &str {
        self.id.namespace.as_deref().unwrap_or_default()
    }

    fn selected(&self, root: &str) -> PeerExpr {
        let namespaces = if self.own_namespace() == root && self.selector.is_none() {
            NamespaceExpr::Labels(LabelExpr::All)
        } else {
            NamespaceExpr::Named(self.own_namespace().to_owned())
        };
        PeerExpr::Pods { namespaces, pods: selector(self.selector.as_ref()) }
    }

    /// 0 for the mesh, 1 for a namespace, 2 for workloads.
    fn level(&self, root: &str) -> u8 {
        match (&self.selector, self.own_namespace() == root) {
            (Some(_), _) => 2,
            (None, false) => 1,
            (None, true) => 0,
        }
    }
}

/// The Sidecars as policies for what goes out.
///
/// Destinations that a proxy does not know are passed through unless the mode is `REGISTRY_ONLY`: then the hosts are a
/// limit, on the ports that are known of them. `hosts_only` takes hosts for a limit in either mode and asks for no
/// ports, as some analyzers do.
pub(crate) fn policies(
    world: &World,
    services: &[Service],
    sidecars: &[Sidecar],
    (root, mesh_registry_only): (&str, bool),
    hosts_only: bool,
    stage: usize,
) -> Vec<Policy> {
    let mut found = Vec::new();
    for sidecar in sidecars {
        let registry_only = sidecar.registry_only.unwrap_or(mesh_registry_only);
        if !registry_only && !hosts_only {
            continue;
        }
        // The one with a selector counts before that of the namespace, and that before the mesh's.
        let level = sidecar.level(root);
        let stronger: Vec<PeerExpr> = sidecars
            .iter()
            .filter(|other| other.level(root) > level)
            .filter(|other| level == 0 || other.own_namespace() == sidecar.own_namespace())
            .map(|other| other.selected(root))
            .collect();
        let mut subject = vec![sidecar.selected(root), PeerExpr::InMesh];
        if !stronger.is_empty() {
            subject.push(PeerExpr::Not(Box::new(PeerExpr::Or(stronger))));
        }
        let mut rules = Vec::new();
        let mut allow = |peer: PeerExpr, traffic: Vec<Match>| {
            rules.push(Rule {
                action: Action::Allow,
                peer,
                subject: PeerExpr::All,
                traffic,
                selectors: Vec::new(),
                is_uncertain: false,
                name: None,
                origin: sidecar.origin.clone(),
            });
        };
        let everything = vec![("*".to_owned(), "*".to_owned())];
        for (namespace, host) in sidecar.hosts.as_ref().unwrap_or(&everything) {
            let peers = known(services, namespace, host);
            if !peers.is_empty() {
                allow(PeerExpr::Or(peers), Vec::new());
            }
            for (name, ports) in external(world, host) {
                // Where the unknown passes, other ports of a known host do too.
                allow(PeerExpr::Names(name), if hosts_only { Vec::new() } else { ports });
            }
        }
        if !registry_only {
            allow(PeerExpr::Addresses(IpSet::all()), Vec::new());
        }
        found.push(Policy {
            id: sidecar.id.clone(),
            stage,
            order: 0.0,
            subject: PeerExpr::And(subject),
            ingress: None,
            egress: Some(rules),
            isolates: true,
            unreadable: None,
            origin: sidecar.origin.clone(),
        });
    }
    found
}

/// The pods behind the Services that a host of a Sidecar means.
fn known(services: &[Service], namespace: &str, host: &str) -> Vec<PeerExpr> {
    let is_namespace = |of: &str| namespace == "*" || namespace == of;
    if namespace == "~" {
        return Vec::new();
    }
    let pattern = Pattern::parse(host);
    if pattern == Pattern::Any {
        let namespaces = match namespace {
            "*" => NamespaceExpr::Labels(LabelExpr::All),
            named => NamespaceExpr::Named(named.to_owned()),
        };
        return vec![PeerExpr::Pods { namespaces, pods: LabelExpr::All }];
    }
    services
        .iter()
        .filter(|service| is_namespace(&service.namespace))
        .filter(|service| {
            pattern.matches(&format!("{}.{}.svc.cluster.local", service.name, service.namespace))
        })
        .filter_map(|service| {
            Some(PeerExpr::Pods {
                namespaces: NamespaceExpr::Named(service.namespace.clone()),
                pods: service.selector.clone()?,
            })
        })
        .collect()
}

/// The hosts outside of the mesh that a host of a Sidecar means, with their ports.
fn external(world: &World, host: &str) -> Vec<(String, Vec<Match>)> {
    let pattern = Pattern::parse(host);
    let names = world.endpoints.iter().filter(|endpoint| endpoint.kind == EndpointKind::Name);
    names
        .filter(|endpoint| pattern.matches(&endpoint.name))
        .map(|endpoint| {
            let ranges =
                endpoint.ports.iter().map(|port| port.protocol.ports(port.port, port.port)).collect();
            let ports = PortSet { ranges, names: Vec::new() };
            (endpoint.name.clone(), vec![Match { ports: Some(ports), ..Match::default() }])
        })
        .collect()
}
