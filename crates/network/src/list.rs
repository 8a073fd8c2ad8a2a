//! Connections by workload: who may connect to whom, outside addresses and the ingress controller included.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use crate::engine::{Engine, Verdict};
use crate::ip::{self, Family, IpRange, IpSet};
use crate::l4::{self, Conditional, Protocol};
use crate::read::Snapshot;
use crate::space::{ConnId, Line};
use crate::world::{Direction, EndpointKind, PeerExpr};

/// One end of a connection as people name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum End {
    /// A workload.
    Workload {
        /// Its namespace; empty if it has none.
        namespace: String,
        /// Its name.
        name: String,
        /// Its kind.
        kind: String,
    },
    /// Addresses outside.
    Range(IpRange),
    /// Whatever forwards requests from outside.
    IngressController,
    /// Something outside that is known by name.
    Name(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Workload { namespace, name, kind } if namespace.is_empty() => write!(f, "{name}[{kind}]"),
            End::Workload { namespace, name, kind } => write!(f, "{namespace}/{name}[{kind}]"),
            End::Range(range) => write!(f, "{range}[External]"),
            End::IngressController => f.write_str("{ingress-controller}"),
            End::Name(name) => f.write_str(name),
        }
    }
}

impl End {
    /// Whether it is outside of the cluster, or stands for what is.
    pub fn is_outside(&self) -> bool {
        !matches!(self, End::Workload { .. })
    }

    /// Whether `text` means this end: `name`, `namespace/name`, with or without `[Kind]`.
    pub fn is_named(&self, text: &str) -> bool {
        match self {
            End::Workload { namespace, name, .. } => {
                text == name || text == format!("{namespace}/{name}") || text == self.to_string()
            }
            End::IngressController => text == "ingress-controller" || text == self.to_string(),
            End::Range(_) | End::Name(_) => text == self.to_string(),
        }
    }
}

/// A workload with what the engine knows of it.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its name.
    pub end: End,
    /// Its endpoints, by index in the world.
    pub endpoints: Vec<usize>,
    /// Their classes, each once.
    pub classes: Vec<usize>,
}

/// What may pass from one end to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Source.
    pub from: End,
    /// Destination.
    pub to: End,
    /// What passes and what may pass.
    pub verdict: Verdict,
    /// What surely passes, as text.
    pub text: String,
    /// What of it passes for some requests or source ports only.
    pub conditional: Vec<Conditional>,
    /// What perhaps passes besides, as text; `None` where nothing is uncertain.
    pub unknown: Option<String>,
    /// Whether everything passes over TCP, UDP and SCTP.
    pub is_all: bool,
}

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct Focus {
    /// Only rows with one of these workloads at an end; empty is all.
    pub workloads: Vec<String>,
    /// Only rows that go that way, seen from the workloads.
    pub direction: Option<Direction>,
    /// Only rows whose other end is one of these; empty is all.
    pub peers: Vec<String>,
    /// Only rows on which this passes.
    pub connection: Option<(Protocol, u16)>,
    /// Also IPv6 addresses.
    pub ipv6: bool,
    /// Whether the ingress controller may be any pod, because no manifest shows it: then only what everybody may
    /// reach is sure, and what anybody may reach is possible. Else it is a pod that no selector by labels selects.
    pub entry_may_be_any: bool,
}

impl Focus {
    /// Whether a row from `from` to `to` is wanted.
    pub fn wants(&self, from: &End, to: &End) -> bool {
        if self.workloads.is_empty() {
            return true;
        }
        let is_in = |list: &[String], end: &End| list.iter().any(|text| end.is_named(text));
        let is_peer = |end: &End| self.peers.is_empty() || is_in(&self.peers, end);
        let outward =
            is_in(&self.workloads, from) && is_peer(to) && self.direction != Some(Direction::Ingress);
        let inward = is_in(&self.workloads, to) && is_peer(from) && self.direction != Some(Direction::Egress);
        outward || inward
    }
}

/// The workloads of a world, sorted by their text.
pub fn workloads(engine: &Engine) -> Vec<Workload> {
    let mut by_name: BTreeMap<String, Workload> = BTreeMap::new();
    for (index, endpoint) in engine.world().endpoints.iter().enumerate() {
        let end = match endpoint.kind {
            EndpointKind::Pod | EndpointKind::Host => End::Workload {
                namespace: endpoint.namespace.clone(),
                name: endpoint.name.clone(),
                kind: endpoint.workload.clone(),
            },
            EndpointKind::Name => End::Name(endpoint.name.clone()),
            EndpointKind::IngressController | EndpointKind::Possible => continue,
        };
        let workload = by_name.entry(end.to_string()).or_insert_with(|| Workload {
            end,
            endpoints: Vec::new(),
            classes: Vec::new(),
        });
        workload.endpoints.push(index);
        let class = engine.universe().class_of(index);
        if !workload.classes.contains(&class) {
            workload.classes.push(class);
        }
    }
    by_name.into_values().collect()
}

/// What passes between any endpoint of one workload and any of another.
pub fn between(engine: &mut Engine, from: &[usize], to: &[usize]) -> Verdict {
    let mut all = Verdict { allowed: ConnId::EMPTY, possible: ConnId::EMPTY };
    for from in from {
        for to in to {
            let verdict = engine.verdict(*from, *to);
            all.allowed = engine.space().union(all.allowed, verdict.allowed);
            all.possible = engine.space().union(all.possible, verdict.possible);
        }
    }
    all
}

/// The ranges of outside addresses that no rule of that direction tells apart, each with its number in the universe.
pub fn outside(engine: &Engine, direction: Direction, ipv6: bool) -> Vec<(IpRange, usize)> {
    let mut sets: Vec<IpSet> = Vec::new();
    for rule in engine.world().policies.iter().filter_map(|policy| policy.rules(direction)).flatten() {
        address_sets(&rule.peer, &mut sets);
    }
    let mut ranges: Vec<(IpRange, usize)> = Vec::new();
    for atom in ip::atoms(&sets) {
        for range in atom.addresses.ranges().iter().filter(|range| ipv6 || range.family == Family::V4) {
            if let Some(number) = engine.universe().block_of(range.first_address()) {
                ranges.push((*range, number));
            }
        }
    }
    ranges.sort_unstable();
    ranges
}

fn address_sets(peer: &PeerExpr, sets: &mut Vec<IpSet>) {
    match peer {
        PeerExpr::Addresses(set) if !sets.contains(set) => sets.push(set.clone()),
        PeerExpr::And(parts) | PeerExpr::Or(parts) => parts.iter().for_each(|part| address_sets(part, sets)),
        PeerExpr::Not(inner) | PeerExpr::Unknown(inner, _) => address_sets(inner, sets),
        _ => {}
    }
}

/// All connections that pass or may pass, sorted by source and destination. A workload's talk with itself is left
/// out.
pub fn connections(engine: &mut Engine, snapshot: &Snapshot, focus: &Focus) -> Vec<Row> {
    let workloads = workloads(engine);
    let mut rows = Vec::new();
    let mut texts = Texts::default();
    for from in &workloads {
        for to in &workloads {
            // What is only known by its name is a destination.
            if from.end == to.end || matches!(from.end, End::Name(_)) || !focus.wants(&from.end, &to.end) {
                continue;
            }
            let verdict = between(engine, &from.classes, &to.classes);
            rows.extend(texts.row(engine, focus, &from.end, &to.end, verdict));
        }
    }
    for direction in Direction::BOTH {
        for (range, number) in outside(engine, direction, focus.ipv6) {
            let range = End::Range(range);
            for workload in workloads.iter().filter(|workload| !workload.end.is_outside()) {
                let (from, to) = match direction {
                    Direction::Ingress => (&range, &workload.end),
                    Direction::Egress => (&workload.end, &range),
                };
                if !focus.wants(from, to) {
                    continue;
                }
                let verdict = match direction {
                    Direction::Ingress => between(engine, &[number], &workload.classes),
                    Direction::Egress => between(engine, &workload.classes, &[number]),
                };
                rows.extend(texts.row(engine, focus, from, to, verdict));
            }
        }
    }
    for (index, offered) in entry_ports(engine, snapshot) {
        let Some(workload) = workloads.get(index) else { continue };
        if focus.wants(&End::IngressController, &workload.end) {
            let verdict = through_entry(engine, focus, workload, offered);
            rows.extend(texts.row(engine, focus, &End::IngressController, &workload.end, verdict));
        }
    }
    rows.sort_by(compare);
    rows
}

/// What of the offered ports the policies let the ingress controller reach.
pub(crate) fn through_entry(
    engine: &mut Engine,
    focus: &Focus,
    workload: &Workload,
    offered: ConnId,
) -> Verdict {
    let controller = engine
        .world()
        .endpoints
        .iter()
        .position(|endpoint| endpoint.kind == EndpointKind::IngressController)
        .map(|index| engine.universe().class_of(index));
    let verdict = match controller {
        Some(class) if focus.entry_may_be_any => {
            let anybody: Vec<usize> = (0..engine.universe().size()).collect();
            Verdict {
                allowed: between(engine, &[class], &workload.classes).allowed,
                possible: between(engine, &anybody, &workload.classes).possible,
            }
        }
        Some(class) => between(engine, &[class], &workload.classes),
        // Nothing in the manifests stands for the controller: it may be anywhere.
        None => Verdict { allowed: ConnId::EMPTY, possible: ConnId::ALL },
    };
    Verdict {
        allowed: engine.space().intersect(verdict.allowed, offered),
        possible: engine.space().intersect(verdict.possible, offered),
    }
}

/// The workloads (by place in [`workloads`]) to which Ingresses and routes lead, with the ports they lead to: TCP
/// ports that the pods declare.
pub fn entry_ports(engine: &mut Engine, snapshot: &Snapshot) -> Vec<(usize, ConnId)> {
    let workloads = workloads(engine);
    let mut offered: BTreeMap<usize, ConnId> = BTreeMap::new();
    for backend in snapshot.entries.iter().flat_map(|entry| &entry.backends) {
        let services = snapshot
            .services
            .iter()
            .filter(|service| service.namespace == backend.namespace && service.name == backend.service);
        for service in services {
            let ports = service.ports_for(backend.port.as_ref());
            let targets: Vec<(usize, u16)> = service
                .endpoints(engine.world())
                .flat_map(|(index, endpoint)| {
                    let numbers = ports.iter().filter_map(|port| port.on(endpoint));
                    let declared = |number: &u16| {
                        endpoint.workload == "VirtualMachine"
                            || endpoint
                                .ports
                                .iter()
                                .any(|port| port.protocol == Protocol::Tcp && port.port == *number)
                    };
                    numbers.filter(declared).map(|number| (index, number)).collect::<Vec<_>>()
                })
                .collect();
            for (endpoint, number) in targets {
                let Some(at) = workloads.iter().position(|workload| workload.endpoints.contains(&endpoint))
                else {
                    continue;
                };
                let port = Protocol::Tcp.port(number);
                let set = engine.space().ranges(Line::Target, &[(port, port)]);
                let entry = offered.entry(at).or_insert(ConnId::EMPTY);
                *entry = engine.space().union(*entry, set);
            }
        }
    }
    offered.into_iter().collect()
}

/// Rows in the order in which they are shown: by the text of the source, then of the destination.
pub fn compare(a: &Row, b: &Row) -> Ordering {
    let key = |row: &Row| (row.from.to_string(), row.to.to_string());
    key(a).cmp(&key(b))
}

/// Texts of sets, each made once.
#[derive(Debug, Default)]
struct Texts(rustc_hash::FxHashMap<ConnId, String>);

impl Texts {
    fn text(&mut self, engine: &mut Engine, set: ConnId) -> String {
        self.0.entry(set).or_insert_with(|| engine.text(set)).clone()
    }

    fn row(
        &mut self,
        engine: &mut Engine,
        focus: &Focus,
        from: &End,
        to: &End,
        verdict: Verdict,
    ) -> Option<Row> {
        let allowed = l4::portful(engine.space(), verdict.allowed);
        let possible = l4::portful(engine.space(), verdict.possible);
        let (allowed, possible) = match focus.connection {
            None => (allowed, possible),
            Some((protocol, port)) => {
                let asked = engine.space().ranges(Line::Target, &[protocol.ports(port, port)]);
                (engine.space().intersect(allowed, asked), engine.space().intersect(possible, asked))
            }
        };
        if possible.is_empty() {
            return None;
        }
        let rest = engine.space().minus(possible, allowed);
        let all = l4::portful(engine.space(), ConnId::ALL);
        Some(Row {
            from: from.clone(),
            to: to.clone(),
            verdict: Verdict { allowed, possible },
            text: self.text(engine, allowed),
            conditional: engine.conditional(allowed),
            is_all: engine.space().is_subset(all, allowed),
            unknown: (!rest.is_empty()).then(|| self.text(engine, rest)),
        })
    }
}
