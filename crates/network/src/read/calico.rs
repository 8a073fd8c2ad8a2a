//! Calico's NetworkPolicy and GlobalNetworkPolicy (`projectcalico.org/v3`).

use std::collections::BTreeMap;

use haechi_objects::Object;
use haechi_syntax::{Node, Value};

use super::fields::{Reader, text_of};
use super::workloads::{Account, label_map};
use super::{Staged, calico_selector, stage};
use crate::ip::{IpRange, IpSet};
use crate::l4::Protocol;
use crate::notice::NoticeKind;
use crate::strings::Pattern;
use crate::world::{
    Action, Direction, HttpMatch, LabelExpr, LabelMap, Match, NamespaceExpr, PeerExpr, Policy, PortSet, Rule,
};

/// A Tier.
#[derive(Debug)]
pub(super) struct Tier {
    pub(super) name: String,
    /// Without one it is asked last.
    pub(super) order: f64,
    /// Whether what none of its policies decides goes on to the next one.
    pub(super) passes: bool,
}

impl Tier {
    pub(super) fn read(object: Object<'_>) -> Self {
        let field = |key: &str| object.spec().and_then(|spec| spec.get(key));
        Self {
            name: object.name().to_owned(),
            order: field("order").and_then(Node::as_f64).unwrap_or(f64::INFINITY),
            passes: field("defaultAction").and_then(Node::as_str) == Some("Pass"),
        }
    }
}

/// Addresses that selectors can name by labels.
#[derive(Debug, Clone)]
pub(super) struct NetworkSet {
    namespace: Option<String>,
    labels: LabelMap,
    nets: IpSet,
}

pub(super) fn network_set(object: Object<'_>) -> Option<NetworkSet> {
    let is_global = match object.kind() {
        "GlobalNetworkSet" => true,
        "NetworkSet" => false,
        _ => return None,
    };
    let nets = object.spec().and_then(|spec| spec.get("nets")).into_iter().flat_map(Node::items);
    Some(NetworkSet {
        namespace: (!is_global).then(|| object.namespace().unwrap_or("default").to_owned()),
        labels: label_map(object.labels()),
        nets: nets.filter_map(|net| IpRange::parse_cidr_or_address(net.as_str()?).ok()).collect(),
    })
}

/// What selectors may mean besides pods.
pub(super) struct Surroundings<'s> {
    pub(super) accounts: &'s [Account],
    pub(super) sets: &'s [NetworkSet],
    pub(super) namespaces: &'s BTreeMap<String, crate::world::Namespace>,
}

/// The policy's own namespace; `None` for a global one.
type Own<'o> = Option<&'o str>;

pub(super) fn read(reader: &mut Reader<'_, '_>, around: &Surroundings<'_>) -> Option<Staged> {
    let is_global = reader.object.kind() == "GlobalNetworkPolicy";
    let id = reader.policy_ref(!is_global);
    let own = id.namespace.clone();
    let Some(spec) = reader.object.spec() else {
        let node = reader.object.node();
        reader.notice(NoticeKind::InvalidField, node, "the policy has no `spec`");
        return None;
    };
    let tier = spec.get("tier").and_then(Node::as_str).unwrap_or("default").to_owned();
    let order = spec.get("order").and_then(Node::as_f64).unwrap_or(f64::INFINITY);
    let subject = subject(reader, spec, own.as_deref(), around);
    let (ingress, egress) = types(reader, spec);
    let mut rules = |is_meant: bool, key: &str, direction: Direction| {
        is_meant.then(|| {
            let list = reader.list(spec, key).unwrap_or_default();
            list.into_iter().map(|node| rule(reader, node, direction, own.as_deref(), around)).collect()
        })
    };
    let ingress = rules(ingress, "ingress", Direction::Ingress);
    let egress = rules(egress, "egress", Direction::Egress);
    let unreadable = reader.first_error();
    let subject = match (&unreadable, own) {
        (None, _) => subject,
        (Some(_), Some(namespace)) => all_of(Some(&namespace)),
        (Some(_), None) => PeerExpr::Or(vec![all_of(None), PeerExpr::Nodes]),
    };
    Some(Staged {
        stage: format!("{}{tier}", stage::TIER),
        policy: Policy {
            id,
            stage: 0,
            order,
            subject,
            ingress,
            egress,
            isolates: true,
            unreadable,
            origin: Some(reader.object_origin()),
        },
    })
}

fn all_of(namespace: Own<'_>) -> PeerExpr {
    let namespaces = match namespace {
        Some(name) => NamespaceExpr::Named(name.to_owned()),
        None => NamespaceExpr::Labels(LabelExpr::All),
    };
    PeerExpr::Pods { namespaces, pods: LabelExpr::All }
}

fn types(reader: &mut Reader<'_, '_>, spec: Node<'_>) -> (bool, bool) {
    let list = reader.list(spec, "types").unwrap_or_default();
    let (has_ingress, has_egress) = (spec.entry("ingress").is_some(), spec.entry("egress").is_some());
    if list.is_empty() {
        return (has_ingress || !has_egress, has_egress);
    }
    let (mut ingress, mut egress) = (false, false);
    for node in list {
        match node.as_str() {
            Some("Ingress") => ingress = true,
            Some("Egress") => egress = true,
            _ => reader.notice(
                NoticeKind::InvalidField,
                node,
                format!("unknown type `{}`: use Ingress or Egress", text_of(node)),
            ),
        }
    }
    (ingress, egress)
}

fn selector(reader: &mut Reader<'_, '_>, node: Node<'_>) -> LabelExpr {
    match calico_selector::parse(node.as_str().unwrap_or_default()) {
        Ok(expression) if node.as_str().is_some() => expression,
        Ok(_) => {
            reader.notice(NoticeKind::InvalidSelector, node, "a selector is a text");
            LabelExpr::Or(Vec::new())
        }
        Err(message) => {
            reader.notice(NoticeKind::InvalidSelector, node, message);
            LabelExpr::Or(Vec::new())
        }
    }
}

fn subject(reader: &mut Reader<'_, '_>, spec: Node<'_>, own: Own<'_>, around: &Surroundings<'_>) -> PeerExpr {
    let labels = spec.get("selector").map_or(LabelExpr::All, |node| selector(reader, node));
    let namespaces = match (own, spec.get("namespaceSelector")) {
        (Some(namespace), _) => Some(NamespaceExpr::Named(namespace.to_owned())),
        (None, Some(node)) => Some(NamespaceExpr::Labels(selector(reader, node))),
        (None, None) => None,
    };
    let mut parts = vec![match namespaces {
        Some(namespaces) => PeerExpr::Pods { namespaces, pods: labels },
        // A global policy without namespace selector is for interfaces of nodes too.
        None => PeerExpr::Or(vec![
            PeerExpr::Pods { namespaces: NamespaceExpr::Labels(LabelExpr::All), pods: labels.clone() },
            PeerExpr::Hosts(labels),
        ]),
    }];
    if let Some(node) = spec.get("serviceAccountSelector") {
        let labels = selector(reader, node);
        parts.push(accounts(&labels, own, around));
    }
    if parts.len() == 1 { parts.swap_remove(0) } else { PeerExpr::And(parts) }
}

/// Pods whose service accounts have the labels.
fn accounts(labels: &LabelExpr, own: Own<'_>, around: &Surroundings<'_>) -> PeerExpr {
    let meant = around.accounts.iter().filter(|account| {
        labels.matches_map(&account.labels) && own.is_none_or(|own| account.namespace == own)
    });
    PeerExpr::Or(
        meant
            .map(|account| {
                let names = PeerExpr::ServiceAccounts(vec![account.name.clone()]);
                PeerExpr::And(vec![all_of(Some(&account.namespace)), names])
            })
            .collect(),
    )
}

pub(super) fn rule(
    reader: &mut Reader<'_, '_>,
    node: Node<'_>,
    direction: Direction,
    own: Own<'_>,
    around: &Surroundings<'_>,
) -> Rule {
    let action = match node.get("action").and_then(Node::as_str) {
        Some("Allow") => Action::Allow,
        Some("Deny") => Action::Deny,
        Some("Pass") => Action::Pass,
        Some("Log") => Action::Log,
        _ => {
            let at = node.get("action").unwrap_or(node);
            reader.notice(NoticeKind::InvalidField, at, "unknown `action`: use Allow, Deny, Log or Pass");
            Action::Deny
        }
    };
    let (source, destination) = (node.get("source"), node.get("destination"));
    let (peer_node, own_node) = match direction {
        Direction::Ingress => (source, destination),
        Direction::Egress => (destination, source),
    };
    let peer = peer_node.map_or(PeerExpr::All, |entity| self::entity(reader, entity, own, around));
    let subject = own_node.map_or(PeerExpr::All, |entity| self::entity(reader, entity, own, around));
    let (part, is_uncertain) = traffic(reader, node, source, destination);
    Rule {
        action,
        peer,
        subject,
        traffic: vec![part],
        selectors: Vec::new(),
        is_uncertain,
        name: node.at(&["metadata", "annotations", "name"]).and_then(Node::as_str).map(str::to_owned),
        origin: Some(reader.origin(node)),
    }
}

fn nets(reader: &mut Reader<'_, '_>, entity: Node<'_>, key: &str) -> Option<Vec<IpSet>> {
    let list = reader.list(entity, key)?;
    let mut sets = Vec::new();
    for node in list {
        match IpRange::parse_cidr_or_address(node.as_str().unwrap_or_default()) {
            Ok(range) => sets.push([range].into_iter().collect()),
            Err(error) => reader.notice(NoticeKind::InvalidCidr, node, error.to_string()),
        }
    }
    Some(sets)
}

/// The endpoints and addresses that a `source` or `destination` names.
fn entity(
    reader: &mut Reader<'_, '_>,
    entity: Node<'_>,
    own: Own<'_>,
    around: &Surroundings<'_>,
) -> PeerExpr {
    let mut parts = Vec::new();
    if let Some(sets) = nets(reader, entity, "nets") {
        parts.push(PeerExpr::Or(sets.into_iter().map(PeerExpr::Addresses).collect()));
    }
    if let Some(sets) = nets(reader, entity, "notNets") {
        let less = sets.iter().fold(IpSet::default(), |all, set| all.union(set));
        parts.push(PeerExpr::Addresses(IpSet::all().minus(&less)));
    }
    let (positive, negative) = (entity.get("selector"), entity.get("notSelector"));
    let namespaces = entity.get("namespaceSelector");
    if positive.is_some() || namespaces.is_some() || negative.is_some() {
        let labels = positive.map_or(LabelExpr::All, |node| selector(reader, node));
        let labels = match negative {
            None => labels,
            Some(node) => {
                let less = selector(reader, node);
                LabelExpr::And(vec![labels, LabelExpr::Not(Box::new(less))])
            }
        };
        let is_anywhere = positive.is_none() && namespaces.is_none();
        let peers = labelled(reader, namespaces, labels, own, around);
        // Only what labels take away: everything else stays, addresses included.
        parts.push(match (is_anywhere, negative) {
            (true, Some(node)) => {
                let less = selector(reader, node);
                PeerExpr::Not(Box::new(labelled(reader, None, less, own, around)))
            }
            _ => peers,
        });
    }
    if let Some(node) = entity.get("serviceAccounts") {
        let names: Vec<String> = node
            .get("names")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(Node::as_str)
            .map(str::to_owned)
            .collect();
        if !names.is_empty() {
            parts.push(PeerExpr::And(vec![all_of(own), PeerExpr::ServiceAccounts(names)]));
        }
        if let Some(labels) = node.get("selector") {
            let labels = selector(reader, labels);
            parts.push(accounts(&labels, own, around));
        }
    }
    if let Some(node) = entity.get("services") {
        reader.notice(NoticeKind::NotJudged, node, "rules by Service are not followed");
        parts.push(PeerExpr::Unknown(Box::new(PeerExpr::All), "services"));
    }
    match parts.len() {
        0 => PeerExpr::All,
        1 => parts.swap_remove(0),
        _ => PeerExpr::And(parts),
    }
}

/// Pods, interfaces of nodes and network sets with these labels.
fn labelled(
    reader: &mut Reader<'_, '_>,
    namespace_selector: Option<Node<'_>>,
    labels: LabelExpr,
    own: Own<'_>,
    around: &Surroundings<'_>,
) -> PeerExpr {
    let by_namespace = namespace_selector.map(|node| calico_selector::of_namespaces(selector(reader, node)));
    let namespaces = match (by_namespace.clone(), own) {
        (Some(labels), _) => NamespaceExpr::Labels(labels),
        (None, Some(own)) => NamespaceExpr::Named(own.to_owned()),
        (None, None) => NamespaceExpr::Labels(LabelExpr::All),
    };
    let is_global = |key: &str| (key == calico_selector::GLOBAL).then_some("");
    let is_all = by_namespace == Some(LabelExpr::All);
    let has_hosts = match &by_namespace {
        // `all()` is all namespaces: what has none is only meant by `global()`.
        Some(labels) => !is_all && mentions_global(labels) && labels.matches(&is_global),
        None => own.is_none(),
    };
    let mut parts = Vec::new();
    for set in around.sets {
        let is_meant = match (&set.namespace, &namespaces) {
            (None, _) => has_hosts,
            (Some(of), NamespaceExpr::Named(name)) => of == name,
            (Some(of), NamespaceExpr::Labels(labels)) => {
                around.namespaces.get(of).is_some_and(|namespace| labels.matches_map(&namespace.labels))
            }
        };
        if is_meant && labels.matches_map(&set.labels) {
            parts.push(PeerExpr::Addresses(set.nets.clone()));
        }
    }
    if has_hosts {
        parts.push(PeerExpr::Hosts(labels.clone()));
    }
    parts.push(PeerExpr::Pods { namespaces, pods: labels });
    if parts.len() == 1 { parts.swap_remove(0) } else { PeerExpr::Or(parts) }
}

fn mentions_global(labels: &LabelExpr) -> bool {
    let mut found = false;
    labels.for_each_key(&mut |key| found |= key == calico_selector::GLOBAL);
    found
}

fn protocol(reader: &mut Reader<'_, '_>, node: Option<Node<'_>>) -> Option<Protocol> {
    let node = node?;
    let protocol = match node.value() {
        Value::String(text) => Protocol::parse(text),
        _ => node.as_i64().and_then(|number| u8::try_from(number).ok()).map(Protocol::from_number),
    };
    if protocol.is_none() {
        reader.notice(NoticeKind::InvalidPort, node, format!("unknown protocol `{}`", text_of(node)));
    }
    protocol
}

/// What a rule names of the traffic, and whether that is not wholly understood.
fn traffic(
    reader: &mut Reader<'_, '_>,
    node: Node<'_>,
    source: Option<Node<'_>>,
    destination: Option<Node<'_>>,
) -> (Match, bool) {
    let mut part = Match::default();
    let wanted = protocol(reader, node.get("protocol"));
    let unwanted = protocol(reader, node.get("notProtocol"));
    if let Some(protocol) = wanted {
        let mut set = PortSet { ranges: vec![protocol.all()], names: Vec::new() };
        if let Some(ports) = destination.and_then(|entity| entity.get("ports")) {
            set = self::ports(reader, ports, Some(protocol));
        } else if let Some(icmp) = node.get("icmp") {
            set.ranges = vec![self::icmp(reader, icmp, protocol)];
        }
        part.ports = Some(set);
    }
    let mut less = PortSet::default();
    if let Some(protocol) = unwanted {
        less.ranges.push(protocol.all());
    }
    if let (Some(ports), Some(protocol)) = (destination.and_then(|entity| entity.get("notPorts")), wanted) {
        let not = self::ports(reader, ports, Some(protocol));
        less.ranges.extend(not.ranges);
        less.names.extend(not.names);
    }
    if let (Some(icmp), Some(protocol)) = (node.get("notICMP"), wanted) {
        less.ranges.push(self::icmp(reader, icmp, protocol));
    }
    if less != PortSet::default() {
        part.not_ports = Some(less);
    }
    for (entity, what) in [(source, "source"), (destination, "destination")] {
        let Some(ports) = entity.and_then(|entity| entity.get("ports").or_else(|| entity.get("notPorts")))
        else {
            continue;
        };
        if wanted.is_none_or(|protocol| !protocol.has_ports()) {
            reader.notice(
                NoticeKind::InvalidPort,
                ports,
                format!("ports of the {what} need `protocol` TCP, UDP or SCTP"),
            );
        }
    }
    if let Some(source) = source {
        part.source_ports = source.get("ports").map(|node| self::ports(reader, node, None));
        part.not_source_ports = source.get("notPorts").map(|node| self::ports(reader, node, None));
    }
    if let Some(http) = node.get("http") {
        let texts = |key: &str| -> Vec<String> {
            let list = http.get(key).into_iter().flat_map(Node::items);
            list.filter_map(Node::as_str).map(str::to_owned).collect()
        };
        let paths = http.get("paths").into_iter().flat_map(Node::items).filter_map(|path| {
            match (path.get("exact").and_then(Node::as_str), path.get("prefix").and_then(Node::as_str)) {
                (Some(exact), _) => Some(Pattern::Exact(exact.to_owned())),
                (None, Some(prefix)) => Some(Pattern::Prefix(prefix.to_owned())),
                _ => None,
            }
        });
        part.http =
            Some(HttpMatch { methods: texts("methods"), paths: paths.collect(), ..HttpMatch::default() });
    }
    (part, node.get("ipVersion").is_some())
}

fn icmp(reader: &mut Reader<'_, '_>, node: Node<'_>, protocol: Protocol) -> (u32, u32) {
    let mut number = |key: &str| {
        let field = node.get(key)?;
        let value = field.as_i64().and_then(|value| u8::try_from(value).ok());
        if value.is_none() {
            reader.notice(NoticeKind::InvalidPort, field, format!("`{key}` is not between 0 and 255"));
        }
        value
    };
    match (number("type"), number("code")) {
        (Some(kind), code) => protocol.icmp(kind, code),
        (None, _) => protocol.all(),
    }
}

/// Numbers, `first:last` and names. With a protocol the numbers are those of connections, else source ports.
fn ports(reader: &mut Reader<'_, '_>, list: Node<'_>, protocol: Option<Protocol>) -> PortSet {
    let mut set = PortSet::default();
    for node in list.items() {
        let range = match node.value() {
            Value::String(text) => match text.split_once(':') {
                Some((first, last)) => match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
                    (Ok(first), Ok(last)) if first <= last => Some((first, last)),
                    _ => {
                        reader.notice(NoticeKind::InvalidPort, node, format!("`{text}` is no port range"));
                        continue;
                    }
                },
                None => match text.parse::<u16>() {
                    Ok(port) => Some((port, port)),
                    Err(_) => {
                        set.names.push((protocol, text.to_owned()));
                        continue;
                    }
                },
            },
            _ => reader.port_number(node).map(|port| (port, port)),
        };
        let Some((first, last)) = range else { continue };
        set.ranges.push(match protocol {
            Some(protocol) => protocol.ports(first, last),
            None => (if first <= 1 { 0 } else { u32::from(first) }, u32::from(last)),
        });
    }
    set
}
