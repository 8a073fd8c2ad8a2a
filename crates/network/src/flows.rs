//! Observed connections: VPC flow logs and Hubble's JSON, matched to what manifests say.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::engine::{Engine, Verdict};
use crate::l4::Protocol;
use crate::world::{EndpointKind, World};

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
    /// Lines that were no connection or not understood.
    pub skipped: Vec<Skipped>,
}

/// Most skipped lines that are kept one by one.
const MOST_SKIPPED: usize = 1000;

impl Observed {
    fn skip(&mut self, line: usize, reason: impl Into<String>) {
        if self.skipped.len() < MOST_SKIPPED {
            self.skipped.push(Skipped { line, reason: reason.into() });
        }
    }

    fn add(&mut self, flow: Flow) {
        *self.flows.entry(flow).or_insert(0) += 1;
    }
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

/// Fields of the flow log's version 2, which is the format where the text has no header.
const DEFAULT_FIELDS: [&str; 14] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// Reads VPC flow logs: lines of fields apart by spaces, in the default order or in that of a header line. Of the two
/// records of a connection, the one whose destination port is the lower (or a port that the destination declares) is
/// taken as the direction in which it was opened.
pub fn read_vpc(text: &str, world: &World) -> Observed {
    let addresses = by_address(world);
    let mut observed = Observed::default();
    let mut fields: Vec<&str> = DEFAULT_FIELDS.to_vec();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let values: Vec<&str> = line.split_whitespace().collect();
        if values.is_empty() {
            continue;
        }
        if values.contains(&"srcaddr") || values.contains(&"dstaddr") {
            fields = values;
            continue;
        }
        let get = |name: &str| {
            let at = fields.iter().position(|field| *field == name)?;
            values.get(at).copied().filter(|value| *value != "-")
        };
        if matches!(get("log-status"), Some("NODATA" | "SKIPDATA")) {
            continue;
        }
        // The packet's own addresses are those of pods where the interface's are those of nodes.
        let address =
            |packet: &str, interface: &str| get(packet).or_else(|| get(interface))?.parse::<IpAddr>().ok();
        let (Some(source), Some(destination)) =
            (address("pkt-srcaddr", "srcaddr"), address("pkt-dstaddr", "dstaddr"))
        else {
            observed.skip(number, "no source or destination address");
            continue;
        };
        let protocol =
            get("protocol").and_then(|number| number.parse::<u8>().ok()).map(Protocol::from_number);
        let port = |name: &str| get(name).and_then(|port| port.parse::<u16>().ok());
        let (Some(protocol), Some(source_port), Some(destination_port)) =
            (protocol, port("srcport"), port("dstport"))
        else {
            observed.skip(number, "no protocol or ports");
            continue;
        };
        if !protocol.has_ports() {
            observed.skip(number, format!("{protocol} has no ports"));
            continue;
        }
        let end = |address: IpAddr| match addresses.get(&address) {
            Some(index) => FlowEnd::Endpoint(*index),
            None => FlowEnd::Address(address),
        };
        let declares = |end: &FlowEnd, port: u16| match end {
            FlowEnd::Endpoint(index) => world.endpoints.get(*index).is_some_and(|endpoint| {
                endpoint.ports.iter().any(|declared| declared.port == port && declared.protocol == protocol)
            }),
            FlowEnd::Address(_) => false,
        };
        let (from, to) = (end(source), end(destination));
        let is_answer = match (declares(&to, destination_port), declares(&from, source_port)) {
            (true, _) => false,
            (false, true) => true,
            (false, false) => source_port < destination_port && source_port < 32_768,
        };
        let was_allowed = get("action").map(|action| action == "ACCEPT");
        observed.add(if is_answer {
            Flow { from: to, to: from, protocol, port: source_port, was_allowed }
        } else {
            Flow { from, to, protocol, port: destination_port, was_allowed }
        });
    }
    observed
}

/// Reads Hubble's flows: one JSON object a line, bare or under `flow`. Answers are left out.
pub fn read_hubble(text: &str, world: &World) -> Observed {
    let addresses = by_address(world);
    let mut observed = Observed::default();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if line.trim().is_empty() {
            continue;
        }
        let Ok(json) = serde_json::from_str::<serde_json::Value>(line) else {
            observed.skip(number, "no JSON");
            continue;
        };
        let flow = json.get("flow").unwrap_or(&json);
        if flow.get("is_reply").and_then(serde_json::Value::as_bool) == Some(true) {
            continue;
        }
        let end = |side: &str, ip: &str| -> Option<FlowEnd> {
            let of = flow.get(side);
            let text = |key: &str| of.and_then(|of| of.get(key)?.as_str());
            if let (Some(namespace), Some(pod)) = (text("namespace"), text("pod_name"))
                && let Some(index) = find_pod(world, namespace, pod, of.and_then(|of| of.get("workloads")))
            {
                return Some(FlowEnd::Endpoint(index));
            }
            let address: IpAddr = flow.get("IP")?.get(ip)?.as_str()?.parse().ok()?;
            Some(addresses.get(&address).map_or(FlowEnd::Address(address), |index| FlowEnd::Endpoint(*index)))
        };
        let (Some(from), Some(to)) = (end("source", "source"), end("destination", "destination")) else {
            observed.skip(number, "no source or destination");
            continue;
        };
        let port = ["TCP", "UDP", "SCTP"].into_iter().find_map(|name| {
            let port = flow.get("l4")?.get(name)?.get("destination_port")?.as_u64()?;
            Some((Protocol::parse(name)?, u16::try_from(port).ok()?))
        });
        let Some((protocol, port)) = port else {
            observed.skip(number, "no TCP, UDP or SCTP port");
            continue;
        };
        let was_allowed = match flow.get("verdict").and_then(serde_json::Value::as_str) {
            Some("FORWARDED" | "REDIRECTED") => Some(true),
            Some("DROPPED") => Some(false),
            _ => None,
        };
        observed.add(Flow { from, to, protocol, port, was_allowed });
    }
    observed
}

/// The endpoint of a pod: by its own name, by its workload's, or by a workload whose name the pod's begins with.
fn find_pod(
    world: &World,
    namespace: &str,
    pod: &str,
    workloads: Option<&serde_json::Value>,
) -> Option<usize> {
    let in_namespace =
        || world.endpoints.iter().enumerate().filter(|(_, endpoint)| endpoint.namespace == namespace);
    let own = in_namespace().find(|(_, endpoint)| endpoint.pod == pod);
    if let Some((index, _)) = own {
        return Some(index);
    }
    let names: Vec<&str> = workloads
        .and_then(|list| list.as_array())
        .into_iter()
        .flatten()
        .filter_map(|item| item.get("name")?.as_str())
        .collect();
    let by_workload = in_namespace().find(|(_, endpoint)| names.contains(&endpoint.name.as_str()));
    let longest = || {
        in_namespace()
            .filter(|(_, endpoint)| {
                endpoint.pod.is_empty()
                    && pod.strip_prefix(endpoint.name.as_str()).is_some_and(|rest| rest.starts_with('-'))
            })
            .max_by_key(|(_, endpoint)| endpoint.name.len())
    };
    by_workload.or_else(longest).map(|(index, _)| index)
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
                        observed.add(Flow {
                            from: FlowEnd::Endpoint(*client),
                            to: FlowEnd::Endpoint(server),
                            protocol: port.protocol,
                            port: number,
                            was_allowed: None,
                        });
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
    if !engine.space().at(allowed, target).is_empty() {
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
