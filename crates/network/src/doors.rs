//! The ways by which requests from outside of the cluster reach workloads, and whether policies let them through.

use crate::engine::Engine;
use crate::flows::Replay;
use crate::ip::{IpRange, IpSet};
use crate::l4::Protocol;
use crate::list::{self, End, Focus, Workload};
use crate::read::Snapshot;
use crate::read::services::Service;
use crate::space::Line;
use crate::world::{Direction, Endpoint, Origin};

/// What kind of way it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DoorKind {
    /// An Ingress, Route, or a route of a gateway.
    Entry,
    /// A Service of type LoadBalancer.
    LoadBalancer,
    /// A Service with a port on every node.
    NodePort,
    /// A Service with `externalIPs`.
    ExternalIps,
    /// A container port that is bound to a port of its node.
    HostPort,
    /// A pod in its node's network.
    HostNetwork,
}

impl DoorKind {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            DoorKind::Entry => "entry",
            DoorKind::LoadBalancer => "load-balancer",
            DoorKind::NodePort => "node-port",
            DoorKind::ExternalIps => "external-ips",
            DoorKind::HostPort => "host-port",
            DoorKind::HostNetwork => "host-network",
        }
    }
}

/// One way to one workload.
#[derive(Debug, Clone)]
pub struct Door {
    /// What kind.
    pub kind: DoorKind,
    /// Kind, namespace and name of what opens it, as `Service shop/web`.
    pub by: String,
    /// Where it leads.
    pub workload: End,
    /// Protocol.
    pub protocol: Protocol,
    /// The port outside, if it is known.
    pub outer: Option<u16>,
    /// The port of the workload.
    pub port: u16,
    /// Hosts for which it is open; empty is any.
    pub hosts: Vec<String>,
    /// Whether clients speak TLS with it.
    pub tls: bool,
    /// Whether policies let requests through that come by it. Unknown also where the policies see the address of a
    /// node instead of the client's.
    pub passes: Replay,
    /// Where it stands.
    pub origin: Option<Origin>,
}

/// All ways from outside, sorted by workload.
pub fn doors(engine: &mut Engine, snapshot: &Snapshot, focus: &Focus) -> Vec<Door> {
    let workloads = list::workloads(engine);
    let mut found = Vec::new();
    for service in &snapshot.services {
        of_service(engine, snapshot, &workloads, service, &mut found);
    }
    of_entries(engine, snapshot, &workloads, focus, &mut found);
    of_pods(engine, &workloads, &mut found);
    let is_wanted =
        |end: &End| focus.workloads.is_empty() || focus.workloads.iter().any(|name| end.is_named(name));
    found.retain(|door| is_wanted(&door.workload));
    found.sort_by_cached_key(|door| {
        (door.workload.to_string(), door.kind, door.by.clone(), door.port, door.outer)
    });
    found.dedup_by(|a, b| {
        (&a.workload, a.kind, &a.by, a.port, a.outer, a.protocol)
            == (&b.workload, b.kind, &b.by, b.port, b.outer, b.protocol)
    });
    found
}

fn workload_of(workloads: &[Workload], endpoint: usize) -> Option<&Workload> {
    workloads.iter().find(|workload| workload.endpoints.contains(&endpoint))
}

fn of_service(
    engine: &mut Engine,
    snapshot: &Snapshot,
    workloads: &[Workload],
    service: &Service,
    found: &mut Vec<Door>,
) {
    let is_load_balancer = service.kind == "LoadBalancer";
    let is_node_port = service.kind == "NodePort" || is_load_balancer && service.allocates_node_ports;
    if !is_load_balancer && !is_node_port && !service.external_ips {
        return;
    }
    let targets: Vec<(usize, Protocol, u16, u16, Option<u16>)> = service
        .endpoints(&snapshot.world)
        .flat_map(|(index, endpoint)| {
            let ports = service.ports.iter().filter_map(move |port| Some((port, port.on(endpoint)?)));
            ports.map(move |(port, number)| (index, port.protocol, port.port, number, port.node_port))
        })
        .collect();
    for (index, protocol, outer, port, node_port) in targets {
        let Some(workload) = workload_of(workloads, index) else { continue };
        let kinds = [
            (DoorKind::LoadBalancer, is_load_balancer, Some(outer)),
            (DoorKind::NodePort, is_node_port, node_port),
            (DoorKind::ExternalIps, service.external_ips, Some(outer)),
        ];
        for (kind, is_open, outer) in kinds {
            if !is_open {
                continue;
            }
            let sources: &[IpRange] =
                if kind == DoorKind::LoadBalancer { &service.source_ranges } else { &[] };
            let keeps_source = service.keeps_source && kind != DoorKind::ExternalIps;
            found.push(Door {
                kind,
                by: format!("Service {}/{}", service.namespace, service.name),
                workload: workload.end.clone(),
                protocol,
                outer,
                port,
                hosts: Vec::new(),
                tls: false,
                passes: from_outside(engine, workload, (protocol, port), sources, keeps_source),
                origin: Some(service.origin.clone()),
            });
        }
    }
}

/// Whether something outside is let through to a port. Without its own address a client is for the policies the node
/// that forwards it, and a pod's own node is always let through.
fn from_outside(
    engine: &mut Engine,
    workload: &Workload,
    (protocol, port): (Protocol, u16),
    sources: &[IpRange],
    keeps_source: bool,
) -> Replay {
    let wanted: IpSet = sources.iter().copied().collect();
    let (mut all, mut any, mut perhaps) = (true, false, false);
    let target = protocol.port(port);
    for (range, number) in list::outside(engine, Direction::Ingress, true) {
        let range: IpSet = [range].into_iter().collect();
        if !sources.is_empty() && range.intersect(&wanted).is_empty() {
            continue;
        }
        let verdict = list::between(engine, &[number], &workload.classes);
        let passes = !engine.space().at(verdict.allowed, target).is_empty();
        let possible = !engine.space().at(verdict.possible, target).is_empty();
        all &= passes;
        any |= passes;
        perhaps |= possible;
    }
    let node_may = engine.profile().node_always;
    match (keeps_source, all, any) {
        (_, true, true) | (true, _, true) => Replay::Passes,
        (false, ..) if any || perhaps || node_may => Replay::Unknown,
        _ if perhaps => Replay::Unknown,
        _ => Replay::Refused,
    }
}

fn of_entries(
    engine: &mut Engine,
    snapshot: &Snapshot,
    workloads: &[Workload],
    focus: &Focus,
    found: &mut Vec<Door>,
) {
    for entry in &snapshot.entries {
        for backend in &entry.backends {
            let services = snapshot
                .services
                .iter()
                .filter(|service| service.namespace == backend.namespace && service.name == backend.service);
            for service in services {
                let ports = service.ports_for(backend.port.as_ref());
                let targets: Vec<(usize, Protocol, u16)> = service
                    .endpoints(&snapshot.world)
                    .flat_map(|(index, endpoint)| {
                        ports
                            .iter()
                            .filter_map(move |port| Some((index, port.protocol, port.on(endpoint)?)))
                            .collect::<Vec<_>>()
                    })
                    .collect();
                for (index, protocol, port) in targets {
                    let Some(workload) = workload_of(workloads, index) else { continue };
                    let offered = engine.space().ranges(Line::Target, &[protocol.ports(port, port)]);
                    let verdict = list::through_entry(engine, focus, workload, offered);
                    let passes = match (verdict.allowed.is_empty(), verdict.possible.is_empty()) {
                        (false, _) => Replay::Passes,
                        (true, false) => Replay::Unknown,
                        (true, true) => Replay::Refused,
                    };
                    found.push(Door {
                        kind: DoorKind::Entry,
                        by: format!("{} {}/{}", entry.kind, entry.namespace, entry.name),
                        workload: workload.end.clone(),
                        protocol,
                        outer: None,
                        port,
                        hosts: backend.hosts.clone(),
                        tls: entry.tls,
                        passes,
                        origin: Some(backend.origin.clone()),
                    });
                }
            }
        }
    }
}

fn of_pods(engine: &mut Engine, workloads: &[Workload], found: &mut Vec<Door>) {
    for workload in workloads {
        let endpoints: Vec<Endpoint> = workload
            .endpoints
            .iter()
            .filter_map(|index| engine.world().endpoints.get(*index).cloned())
            .collect();
        for endpoint in endpoints {
            let mut add = |engine: &mut Engine, kind: DoorKind, protocol, outer, port| {
                // Policies do not select pods in their node's network.
                let passes = match kind {
                    DoorKind::HostNetwork => Replay::Passes,
                    _ => from_outside(engine, workload, (protocol, port), &[], false),
                };
                found.push(Door {
                    kind,
                    by: endpoint.to_string(),
                    workload: workload.end.clone(),
                    protocol,
                    outer: Some(outer),
                    port,
                    hosts: Vec::new(),
                    tls: false,
                    passes,
                    origin: endpoint.origin.clone(),
                });
            };
            if endpoint.host_network {
                for port in &endpoint.ports {
                    add(engine, DoorKind::HostNetwork, port.protocol, port.port, port.port);
                }
            } else {
                for (protocol, outer, port) in &endpoint.host_ports {
                    add(engine, DoorKind::HostPort, *protocol, *outer, *port);
                }
            }
        }
    }
}
