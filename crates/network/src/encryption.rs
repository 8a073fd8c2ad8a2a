//! Encryption in transit, as a layer over connections: mutual TLS of the mesh, TLS at the entry, encryption by the
//! network plugin, or nothing that the manifests show.

use std::collections::BTreeSet;

use crate::engine::Engine;
use crate::l4::{self, Protocol};
use crate::list::{End, Row, Workload};
use crate::mesh::mtls::Encryption;
use crate::read::Snapshot;
use crate::read::services::Service;
use crate::world::{Endpoint, MeshMode};

/// How the parts of a connection set are protected: each way that some part of it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Protection {
    /// TCP; all where no TCP passes.
    pub tcp: BTreeSet<Encryption>,
    /// UDP and SCTP, which no mesh carries, where they pass beside TCP.
    pub rest: BTreeSet<Encryption>,
}

impl Protection {
    /// The ways by their stable words, joined by `+`; empty where there is nothing to protect. Those of UDP and SCTP
    /// stand after a semicolon where they are others.
    pub fn text(&self) -> String {
        let joined =
            |ways: &BTreeSet<Encryption>| ways.iter().map(|way| way.as_str()).collect::<Vec<_>>().join("+");
        match self.differing_rest() {
            Some(rest) => format!("{}; UDP,SCTP {}", joined(&self.tcp), joined(rest)),
            None => joined(&self.tcp),
        }
    }

    /// The ways of UDP and SCTP where they are not those of TCP.
    pub fn differing_rest(&self) -> Option<&BTreeSet<Encryption>> {
        (!self.rest.is_empty() && self.rest != self.tcp).then_some(&self.rest)
    }

    /// Whether all of it is surely encrypted.
    pub fn is_encrypted(&self) -> bool {
        !self.tcp.is_empty()
            && self
                .tcp
                .iter()
                .chain(&self.rest)
                .all(|way| matches!(way, Encryption::MutualTls | Encryption::Tls | Encryption::Network))
    }
}

/// Whether manifests say anything of a mesh or of encryption.
pub fn is_in_use(snapshot: &Snapshot) -> bool {
    !snapshot.mesh.peers.is_empty()
        || !snapshot.mesh.rules.is_empty()
        || snapshot.mesh.between_nodes.is_some()
        || snapshot.entries.iter().any(|entry| entry.tls)
        || snapshot.world.endpoints.iter().any(|endpoint| endpoint.mesh.may_be_in())
}

/// What of an endpoint matters to the mesh, so that endpoints alike are asked about once.
fn distinct<'w>(engine: &'w Engine, workload: &Workload) -> Vec<&'w Endpoint> {
    let mut kept: Vec<&Endpoint> = Vec::new();
    for endpoint in workload.endpoints.iter().filter_map(|index| engine.world().endpoints.get(*index)) {
        let is_known = kept.iter().any(|known| {
            known.mesh == endpoint.mesh
                && known.labels == endpoint.labels
                && known.host_network == endpoint.host_network
        });
        if !is_known {
            kept.push(endpoint);
        }
    }
    kept
}

/// How the connections of a row are protected. Meshes carry TCP only.
pub fn of_row(engine: &Engine, snapshot: &Snapshot, workloads: &[Workload], row: &Row) -> Protection {
    let find = |end: &End| workloads.iter().find(|workload| workload.end == *end);
    let Some(to) = find(&row.to) else {
        // What protects connections to the outside is not to be seen from here.
        return Protection { tcp: [Encryption::Unknown].into(), rest: BTreeSet::new() };
    };
    let space = engine.space_ref();
    let ports = l4::ports_of(space, row.verdict.possible, Protocol::Tcp);
    let has_rest = !ports.is_empty()
        && [Protocol::Udp, Protocol::Sctp]
            .iter()
            .any(|protocol| !l4::ports_of(space, row.verdict.possible, *protocol).is_empty());
    let (mut ways, mut rest) = (BTreeSet::new(), BTreeSet::new());
    for to in distinct(engine, to) {
        match &row.from {
            End::IngressController => ways.extend(at_entry(snapshot, to, &ports)),
            from => match find(from) {
                Some(from) => {
                    for from in distinct(engine, from) {
                        ways.extend(between(snapshot, Some(from), to, &ports));
                        rest.extend(has_rest.then(|| snapshot.mesh.plain(Some(from), to)));
                    }
                }
                None => {
                    ways.extend(between(snapshot, None, to, &ports));
                    rest.extend(has_rest.then(|| snapshot.mesh.plain(None, to)));
                }
            },
        }
    }
    Protection { tcp: ways, rest }
}

/// TLS between the client outside and the entry, for the entries that lead to the endpoint.
fn at_entry(snapshot: &Snapshot, to: &Endpoint, ports: &[(u16, u16)]) -> BTreeSet<Encryption> {
    let mut ways = BTreeSet::new();
    for entry in &snapshot.entries {
        let leads = entry.backends.iter().any(|backend| {
            services_of(snapshot, to).any(|service| {
                service.namespace == backend.namespace
                    && service.name == backend.service
                    && service
                        .ports_for(backend.port.as_ref())
                        .iter()
                        .any(|port| port.on(to).is_some_and(|number| contains(ports, number)))
            })
        });
        if leads {
            ways.insert(if entry.tls { Encryption::Tls } else { Encryption::Plaintext });
        }
    }
    if ways.is_empty() {
        ways.insert(Encryption::Unknown);
    }
    ways
}

fn contains(ports: &[(u16, u16)], number: u16) -> bool {
    ports.iter().any(|(first, last)| (*first..=*last).contains(&number))
}

fn services_of<'s>(snapshot: &'s Snapshot, to: &'s Endpoint) -> impl Iterator<Item = &'s Service> {
    snapshot.services.iter().filter(|service| {
        service.namespace == to.namespace
            && service.selector.as_ref().is_some_and(|selector| selector.matches_map(&to.labels))
    })
}

/// How TCP connections from one endpoint (`None`: from outside) to another are protected on some ports.
pub fn between(
    snapshot: &Snapshot,
    from: Option<&Endpoint>,
    to: &Endpoint,
    ports: &[(u16, u16)],
) -> BTreeSet<Encryption> {
    let mesh = &snapshot.mesh;
    if ports.is_empty() {
        return [mesh.plain(from, to)].into();
    }
    // Ports that some policy or Service sets apart are asked about one by one, all others by one that stands for them.
    let mut apart: BTreeSet<u16> =
        mesh.peers.iter().flat_map(|policy| policy.ports.keys().copied()).collect();
    for service in services_of(snapshot, to) {
        apart.extend(service.ports.iter().filter_map(|port| port.on(to)));
    }
    apart.retain(|port| contains(ports, *port));
    let covered: usize = ports.iter().map(|(first, last)| usize::from(last - first) + 1).sum();
    let rest = (covered > apart.len())
        .then(|| ports.iter().flat_map(|(first, last)| *first..=*last).find(|port| !apart.contains(port)));
    let mut ways = BTreeSet::new();
    for port in apart.iter().copied().chain(rest.flatten()) {
        let mut has_service = false;
        for service in services_of(snapshot, to) {
            for of_service in service.ports.iter().filter(|of_service| of_service.on(to) == Some(port)) {
                has_service = true;
                let name = Some((service.name.as_str(), service.namespace.as_str()));
                ways.insert(mesh.encryption(from, to, name, of_service.port, port));
            }
        }
        if !has_service {
            ways.insert(mesh.encryption(from, to, None, port, port));
        }
    }
    ways
}

impl MeshMode {
    /// Whether a proxy may stand before it.
    pub fn may_be_in(self) -> bool {
        matches!(self, MeshMode::Sidecar | MeshMode::Ambient)
    }
}
