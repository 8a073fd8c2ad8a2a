//! Observed connections: VPC flow logs and Hubble's and Cilium's JSON, matched to what manifests say.

mod hubble;
mod vpc;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::engine::{Engine, Verdict};
use crate::l4::Protocol;
use crate::space::ConnId;
use crate::world::{EndpointKind, World};

pub use hubble::read_hubble;
pub use vpc::read_vpc;

/// One end of an observed connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowEnd {
    /// An endpoint of the world, by index.
    Endpoint(usize),
    /// An address that no endpoint is known to have.
    Address(IpAddr),
}

/// A connection that was seen: who opened it, to whom, on which port of the destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// The client.
    pub from: FlowEnd,
    /// The server.
    pub to: FlowEnd,
    /// Protocol.
    pub protocol: Protocol,
    /// The server's port.
    pub port: u16,
    /// Whether the network let it through when it was seen; `None` if the record does not say.
    pub was_allowed: Option<bool>,
}

/// What of a log could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// One-based number of the line.
    pub line: usize,
    /// Why, in English.
    pub reason: String,
}

/// Connections read from a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Each distinct connection, with how often it was seen.
    pub flows: BTreeMap<Flow, u64>,
    /// Lines that were not understood, the first [`MOST_SKIPPED`] of them.
    pub skipped: Vec<Skipped>,
    /// How many lines were not understood, or were beyond what is kept.
    pub left_out: usize,
    /// How many records were of protocols without ports, of which network policies say nothing.
    pub without_ports: usize,
}

/// Most skipped lines that are kept one by one.
pub const MOST_SKIPPED: usize = 1000;

/// Most distinct connections that are kept. A port scan makes one for every port.
pub const MOST_FLOWS: usize = 1_000_000;

/// Longest line that is read, in bytes.
pub const MOST_LINE_BYTES: usize = 1 << 18;

impl Observed {
    fn skip(&mut self, line: usize, reason: impl Into<String>) {
        self.left_out += 1;
        if self.skipped.len() < MOST_SKIPPED {
            self.skipped.push(Skipped { line, reason: reason.into() });
        }
    }

    /// Puts what was skipped in the order of the lines.
    fn sort(&mut self) {
        self.skipped.sort_by_key(|skipped| skipped.line);
    }

    fn add(&mut self, line: usize, flow: Flow) {
        if let Some(count) = self.flows.get_mut(&flow) {
            *count += 1;
        } else if self.flows.len() < MOST_FLOWS {
            self.flows.insert(flow, 1);
        } else {
            self.skip(line, format!("there are more than {MOST_FLOWS} distinct connections"));
        }
    }

    /// Adds what another log says.
    pub fn merge(&mut self, other: Observed) {
        for (flow, count) in other.flows {
            if self.flows.len() < MOST_FLOWS || self.flows.contains_key(&flow) {
                *self.flows.entry(flow).or_insert(0) += count;
            } else {
                self.left_out += 1;
            }
        }
        self.left_out += other.left_out;
        self.without_ports += other.without_ports;
        self.skipped.extend(other.skipped);
        self.skipped.truncate(MOST_SKIPPED);
    }
}

/// The lines of a log with their one-based numbers, without empty ones. A line that is too long or no UTF-8 is told
/// and left out.
fn lines<'b>(bytes: &'b [u8], observed: &mut Observed) -> Vec<(usize, &'b str)> {
    let mut found = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = number + 1;
        if line.len() > MOST_LINE_BYTES {
            observed.skip(number, format!("longer than {MOST_LINE_BYTES} bytes"));
            continue;
        }
        match std::str::from_utf8(line) {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => found.push((number, line.trim())),
            Err(_) => observed.skip(number, "no UTF-8"),
        }
    }
    found
}

/// An address as policies see it: IPv4 also where it is written as a part of IPv6.
fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Endpoints by address.
fn by_address(world: &World) -> BTreeMap<IpAddr, usize> {
    let mut found = BTreeMap::new();
    for (index, endpoint) in world.endpoints.iter().enumerate() {
        if endpoint.kind == EndpointKind::Pod && !endpoint.host_network {
            found.extend(endpoint.ips.iter().map(|ip| (*ip, index)));
        }
    }
    found
}

/// The connections that the manifests' own Services, Ingresses and routes ask for cannot be seen from outside; what
/// can is which ports they lead to. The clients are those that name a Service in their environment or arguments.
pub fn from_services(snapshot: &crate::read::Snapshot, mentions: &[(usize, String)]) -> Observed {
    let mut observed = Observed::default();
    let world = &snapshot.world;
    for (client, text) in mentions {
        let Some(own) = world.endpoints.get(*client) else { continue };
        for service in &snapshot.services {
            let short = service.namespace == own.namespace && names(text, &service.name);
            let full = format!("{}.{}", service.name, service.namespace);
            if !short && !names(text, &full) {
                continue;
            }
            for (server, endpoint) in service.endpoints(world) {
                for port in &service.ports {
                    if let Some(number) = port.on(endpoint)
                        && server != *client
                    {
                        let flow = Flow {
                            from: FlowEnd::Endpoint(*client),
                            to: FlowEnd::Endpoint(server),
                            protocol: port.protocol,
                            port: number,
                            was_allowed: None,
                        };
                        observed.add(0, flow);
                    }
                }
            }
        }
    }
    observed
}

/// Whether a text holds a host name: not as a part of a longer word.
fn names(text: &str, host: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(host).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + host.len()..).and_then(|text| text.chars().next());
        before.is_none_or(|c| !is_word(c) && c != '.' && c != '$')
            && after.is_none_or(|c| !is_word(c) && c != '_')
    })
}

/// What the policies do with an observed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Replay {
    /// They let it through.
    Passes,
    /// They refuse it.
    Refused,
    /// It is not known.
    Unknown,
}

/// Asks the policies of an engine about a flow.
pub fn replay(engine: &mut Engine, flow: &Flow) -> Replay {
    let number = |engine: &Engine, end: &FlowEnd| match end {
        FlowEnd::Endpoint(index) => Some(engine.universe().class_of(*index)),
        FlowEnd::Address(address) => engine.universe().block_of(*address),
    };
    let (Some(from), Some(to)) = (number(engine, &flow.from), number(engine, &flow.to)) else {
        return Replay::Unknown;
    };
    let Verdict { allowed, possible } = engine.verdict(from, to);
    let target = flow.protocol.port(flow.port);
    // Which request it was, and from which port, a flow does not say.
    if engine.space().at(allowed, target) == ConnId::ALL {
        Replay::Passes
    } else if engine.space().at(possible, target).is_empty() {
        Replay::Refused
    } else {
        Replay::Unknown
    }
}

/// What observed flows say of policies.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// Flows that the policies would refuse, with how often they were seen.
    pub refused: Vec<(Flow, u64)>,
    /// Flows of which it is not known.
    pub unknown: Vec<(Flow, u64)>,
    /// Rules that no flow used: index of the policy, direction, index of the rule.
    pub unused: Vec<(usize, crate::world::Direction, usize)>,
}

/// Holds flows against the policies of an engine.
pub fn observe(engine: &mut Engine, observed: &Observed) -> Observation {
    use crate::world::{Action, Direction};
    let mut observation = Observation::default();
    let mut used: std::collections::BTreeSet<(usize, Direction, usize)> = std::collections::BTreeSet::new();
    for (flow, count) in &observed.flows {
        match replay(engine, flow) {
            Replay::Passes => {}
            Replay::Refused => observation.refused.push((flow.clone(), *count)),
            Replay::Unknown => observation.unknown.push((flow.clone(), *count)),
        }
        let number = |engine: &Engine, end: &FlowEnd| match end {
            FlowEnd::Endpoint(index) => Some(engine.universe().class_of(*index)),
            FlowEnd::Address(address) => engine.universe().block_of(*address),
        };
        let (Some(from), Some(to)) = (number(engine, &flow.from), number(engine, &flow.to)) else { continue };
        let port = flow.protocol.port(flow.port);
        let about = engine.space().ranges(crate::space::Line::Target, &[(port, port)]);
        let explained = crate::explain::explain(engine, from, to, about);
        for side in [explained.egress, explained.ingress] {
            for cause in side.causes {
                if let crate::explain::Reason::Rule { policy, rule, .. } = cause.reason {
                    used.insert((policy, side.direction, rule));
                }
            }
        }
    }
    for (index, policy) in engine.world().policies.iter().enumerate() {
        for direction in Direction::BOTH {
            for (rule, of) in policy.rules(direction).unwrap_or_default().iter().enumerate() {
                if of.action == Action::Allow && !used.contains(&(index, direction, rule)) {
                    observation.unused.push((index, direction, rule));
                }
            }
        }
    }
    observation
}
