//! `policy.networking.k8s.io`: ClusterNetworkPolicy (v1alpha2), AdminNetworkPolicy and BaselineAdminNetworkPolicy
//! (v1alpha1).

use std::collections::BTreeSet;

use haechi_syntax::Node;

use super::fields::{Reader, as_written, text_of};
use super::{Staged, stage};
use crate::l4::Protocol;
use crate::notice::NoticeKind;
use crate::space::Range;
use crate::world::{
    Action, Direction, LabelExpr, Match, NamespaceExpr, PeerExpr, Policy, PortSet, PossiblePeer, RawSelector,
    Rule, World,
};

/// More rules, or peers in a rule, and the API server refuses the policy.
const MOST_ITEMS: usize = 25;

/// Labels by which peers are compared with the namespace of the subject.
type Own<'o> = Option<&'o crate::world::LabelMap>;

pub(super) fn read(reader: &mut Reader<'_, '_>, world: &World, staged: &mut Vec<Staged>) {
    let kind = reader.object.kind().to_owned();
    let id = reader.policy_ref(false);
    let Some(spec) = reader.object.spec() else {
        let node = reader.object.node();
        reader.notice(NoticeKind::InvalidField, node, "the policy has no `spec`");
        return;
    };
    let is_baseline = match kind.as_str() {
        "AdminNetworkPolicy" => false,
        "BaselineAdminNetworkPolicy" => true,
        _ => match spec.get("tier").and_then(Node::as_str) {
            Some("Baseline") => true,
            Some("Admin") => false,
            _ => {
                let at = spec.get("tier").unwrap_or(spec);
                reader.notice(NoticeKind::InvalidField, at, "`tier` is one of Admin, Baseline");
                false
            }
        },
    };
    let priority = match spec.get("priority") {
        Some(node) => match node.as_i64() {
            Some(priority @ 0..=1000) => priority,
            _ => {
                reader.notice(
                    NoticeKind::InvalidField,
                    node,
                    format!("`priority` {} is not between 0 and 1000", text_of(node)),
                );
                0
            }
        },
        None if kind == "BaselineAdminNetworkPolicy" => 0,
        None => {
            reader.notice(NoticeKind::InvalidField, spec, "the policy needs a `priority`");
            0
        }
    };
    let subject = subject(reader, spec);
    // `sameLabels` and `notSameLabels` depend on the namespace of the subject: one policy for each combination.
    let keys = own_keys(spec);
    let variants: Vec<(PeerExpr, Option<crate::world::LabelMap>)> = if keys.is_empty() {
        vec![(subject, None)]
    } else {
        let mut owns: BTreeSet<crate::world::LabelMap> = BTreeSet::new();
        for namespace in world.namespaces.values() {
            let own = namespace.labels.iter().filter(|(key, _)| keys.contains(*key));
            owns.insert(own.map(|(key, value)| (key.clone(), value.clone())).collect());
        }
        let in_those = |own: &crate::world::LabelMap| {
            let parts = keys.iter().map(|key| match own.get(key) {
                Some(value) => LabelExpr::In(key.clone(), vec![value.clone()]),
                None => LabelExpr::Not(Box::new(LabelExpr::Has(key.clone()))),
            });
            let namespaces = NamespaceExpr::Labels(LabelExpr::And(parts.collect()));
            PeerExpr::And(vec![subject.clone(), PeerExpr::Pods { namespaces, pods: LabelExpr::All }])
        };
        owns.into_iter().map(|own| (in_those(&own), Some(own))).collect()
    };
    for (index, (subject, own)) in variants.into_iter().enumerate() {
        let ingress = rules(reader, spec, Direction::Ingress, is_baseline, own.as_ref());
        let egress = rules(reader, spec, Direction::Egress, is_baseline, own.as_ref());
        let unreadable = reader.first_error();
        let subject = if unreadable.is_some() {
            PeerExpr::Pods { namespaces: NamespaceExpr::Labels(LabelExpr::All), pods: LabelExpr::All }
        } else {
            subject
        };
        let stop = unreadable.is_some();
        let policy = Policy {
            id: id.clone(),
            stage: 0,
            #[expect(clippy::cast_precision_loss, reason = "at most 1000")]
            order: priority as f64,
            subject,
            ingress,
            egress,
            isolates: false,
            unreadable,
            origin: Some(reader.object_origin()),
        };
        let stage = if is_baseline { stage::BASELINE } else { stage::ADMIN };
        staged.push(Staged { stage: stage.to_owned(), policy });
        // One policy for everything is enough to make everything unknown, and mistakes are told once.
        if stop && index == 0 {
            break;
        }
    }
}

fn subject(reader: &mut Reader<'_, '_>, spec: Node<'_>) -> PeerExpr {
    let Some(subject) = spec.get("subject") else {
        reader.notice(NoticeKind::InvalidField, spec, "the policy needs a `subject`");
        return PeerExpr::Nothing;
    };
    match (subject.get("namespaces"), subject.get("pods")) {
        (Some(namespaces), None) => {
            let namespaces = NamespaceExpr::Labels(reader.selector(namespaces));
            PeerExpr::Pods { namespaces, pods: LabelExpr::All }
        }
        (None, Some(pods)) => {
            let namespaces =
                pods.get("namespaceSelector").map_or(LabelExpr::All, |node| reader.selector(node));
            let pods = pods.get("podSelector").map_or(LabelExpr::All, |node| reader.selector(node));
            PeerExpr::Pods { namespaces: NamespaceExpr::Labels(namespaces), pods }
        }
        _ => {
            reader.notice(
                NoticeKind::InvalidField,
                subject,
                "`subject` has exactly one of `namespaces` and `pods`",
            );
            PeerExpr::Nothing
        }
    }
}

/// The keys of all `sameLabels` and `notSameLabels`.
fn own_keys(spec: Node<'_>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get(rules).into_iter().flat_map(Node::items) {
            for peer in rule.get(peers).into_iter().flat_map(Node::items) {
                let namespaces = [peer.get("namespaces"), peer.at(&["pods", "namespaces"])];
                for namespaces in namespaces.into_iter().flatten() {
                    for field in ["sameLabels", "notSameLabels"] {
                        let list = namespaces.get(field).into_iter().flat_map(Node::items);
                        keys.extend(list.filter_map(Node::as_str).map(str::to_owned));
                    }
                }
            }
        }
    }
    keys
}

fn rules(
    reader: &mut Reader<'_, '_>,
    spec: Node<'_>,
    direction: Direction,
    is_baseline: bool,
    own: Own<'_>,
) -> Option<Vec<Rule>> {
    let (key, peers_key) = match direction {
        Direction::Ingress => ("ingress", "from"),
        Direction::Egress => ("egress", "to"),
    };
    let list = reader.list(spec, key)?;
    if let Some(too_many) = list.get(MOST_ITEMS) {
        reader.notice(NoticeKind::InvalidField, *too_many, format!("more than {MOST_ITEMS} `{key}` rules"));
    }
    Some(list.into_iter().map(|node| rule(reader, node, peers_key, is_baseline, own)).collect())
}

fn rule(
    reader: &mut Reader<'_, '_>,
    node: Node<'_>,
    peers_key: &str,
    is_baseline: bool,
    own: Own<'_>,
) -> Rule {
    let action = match node.get("action").and_then(Node::as_str) {
        Some("Accept" | "Allow") => Action::Allow,
        Some("Deny") => Action::Deny,
        Some("Pass") if !is_baseline || reader.object.kind() == "ClusterNetworkPolicy" => Action::Pass,
        _ => {
            let at = node.get("action").unwrap_or(node);
            reader.notice(
                NoticeKind::InvalidField,
                at,
                "unknown `action`: use Accept (v1alpha1: Allow), Deny or Pass",
            );
            Action::Deny
        }
    };
    let peers = reader.list(node, peers_key).unwrap_or_default();
    if peers.is_empty() {
        reader.notice(
            NoticeKind::InvalidField,
            node,
            format!("a rule needs `{peers_key}` with at least one peer"),
        );
    }
    if let Some(too_many) = peers.get(MOST_ITEMS) {
        reader.notice(NoticeKind::InvalidField, *too_many, format!("more than {MOST_ITEMS} peers"));
    }
    let described = peers.iter().filter_map(|peer| match (peer.get("namespaces"), peer.get("pods")) {
        (Some(namespaces), _) => {
            Some(PossiblePeer { namespaces: as_written(Some(namespaces)), pods: RawSelector::default() })
        }
        (None, Some(pods)) => Some(PossiblePeer {
            namespaces: as_written(pods.get("namespaceSelector")),
            pods: as_written(pods.get("podSelector")),
        }),
        _ => None,
    });
    let selectors = described.collect();
    let parts: Vec<PeerExpr> = peers.into_iter().map(|node| peer(reader, node, action, own)).collect();
    Rule {
        action,
        peer: PeerExpr::Or(parts),
        selectors,
        subject: PeerExpr::All,
        traffic: traffic(reader, node),
        is_uncertain: false,
        name: node.get("name").and_then(Node::as_str).map(str::to_owned),
        origin: Some(reader.origin(node)),
    }
}

fn peer(reader: &mut Reader<'_, '_>, node: Node<'_>, action: Action, own: Own<'_>) -> PeerExpr {
    if let Some(namespaces) = node.get("namespaces") {
        return PeerExpr::Pods { namespaces: namespaces_of(reader, namespaces, own), pods: LabelExpr::All };
    }
    if let Some(pods) = node.get("pods") {
        let namespaces = match (pods.get("namespaceSelector"), pods.get("namespaces")) {
            (Some(selector), _) => NamespaceExpr::Labels(reader.selector(selector)),
            (None, Some(namespaces)) => namespaces_of(reader, namespaces, own),
            (None, None) => NamespaceExpr::Labels(LabelExpr::All),
        };
        let pods = pods.get("podSelector").map_or(LabelExpr::All, |node| reader.selector(node));
        return PeerExpr::Pods { namespaces, pods };
    }
    if node.get("networks").is_some() {
        let list = reader.list(node, "networks").unwrap_or_default();
        let ranges = list.into_iter().filter_map(|cidr| reader.cidr(cidr));
        let sets = ranges.map(|range| PeerExpr::Addresses([range].into_iter().collect()));
        return PeerExpr::Or(sets.collect());
    }
    if let Some(nodes) = node.get("nodes") {
        reader.notice(NoticeKind::NotJudged, nodes, "which addresses are nodes is not known from manifests");
        return PeerExpr::Unknown(Box::new(PeerExpr::Nodes), "nodes");
    }
    if let Some(names) = node.get("domainNames") {
        if action == Action::Allow {
            reader.notice(
                NoticeKind::NotJudged,
                names,
                "which addresses a DNS name has is not known from manifests",
            );
        } else {
            reader.notice(NoticeKind::InvalidField, names, "`domainNames` is only for Accept rules");
        }
        return PeerExpr::Unknown(Box::new(PeerExpr::Outside), "domainNames");
    }
    // Source: the API's comment on unknown peers: an Accept rule matches nothing, Deny and Pass deny everything.
    reader.notice(
        NoticeKind::InvalidField,
        node,
        "a peer needs one of `namespaces`, `pods`, `networks`, `nodes`, `domainNames`",
    );
    if action == Action::Allow { PeerExpr::Nothing } else { PeerExpr::All }
}

fn namespaces_of(reader: &mut Reader<'_, '_>, node: Node<'_>, own: Own<'_>) -> NamespaceExpr {
    if let Some(selector) = node.get("namespaceSelector") {
        return NamespaceExpr::Labels(reader.selector(selector));
    }
    let keys = |field: &str| -> Vec<String> {
        let list = node.get(field).into_iter().flat_map(Node::items);
        list.filter_map(Node::as_str).map(str::to_owned).collect()
    };
    let (same, not_same) = (keys("sameLabels"), keys("notSameLabels"));
    if same.is_empty() && not_same.is_empty() {
        return NamespaceExpr::Labels(reader.selector(node));
    }
    let Some(own) = own else { return NamespaceExpr::Labels(LabelExpr::Or(Vec::new())) };
    let equal = |key: &String| match own.get(key) {
        Some(value) => LabelExpr::In(key.clone(), vec![value.clone()]),
        None => LabelExpr::Or(Vec::new()),
    };
    NamespaceExpr::Labels(if not_same.is_empty() {
        LabelExpr::And(same.iter().map(equal).collect())
    } else {
        let mut parts: Vec<LabelExpr> = not_same.iter().map(|key| LabelExpr::Has(key.clone())).collect();
        parts.push(LabelExpr::Not(Box::new(LabelExpr::And(not_same.iter().map(equal).collect()))));
        LabelExpr::And(parts)
    })
}

/// `ports` of v1alpha1 and `protocols` of v1alpha2.
fn traffic(reader: &mut Reader<'_, '_>, rule: Node<'_>) -> Vec<Match> {
    let mut set = PortSet::default();
    let mut is_any = true;
    if let Some(list) = reader.list(rule, "ports") {
        for node in list {
            is_any = false;
            if let Some(number) = node.get("portNumber") {
                let protocol = protocol_of(reader, number);
                if let (Some(protocol), Some(port)) = (protocol, number.get("port")) {
                    set.ranges.extend(reader.port_number(port).map(|port| protocol.ports(port, port)));
                }
            } else if let Some(range) = node.get("portRange") {
                if let Some(protocol) = protocol_of(reader, range) {
                    set.ranges.extend(port_range(reader, range, protocol));
                }
            } else if let Some(name) = node.get("namedPort").and_then(Node::as_str) {
                set.names.push((None, name.to_owned()));
            } else {
                reader.notice(
                    NoticeKind::InvalidPort,
                    node,
                    "a port needs one of `portNumber`, `portRange`, `namedPort`",
                );
            }
        }
    }
    if let Some(list) = reader.list(rule, "protocols") {
        for node in list {
            is_any = false;
            if let Some(name) = node.get("destinationNamedPort").and_then(Node::as_str) {
                set.names.push((None, name.to_owned()));
                continue;
            }
            let named = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp), ("sctp", Protocol::Sctp)];
            let Some((fields, protocol)) =
                named.into_iter().find_map(|(key, protocol)| Some((node.entry(key)?.value, protocol)))
            else {
                reader.notice(
                    NoticeKind::InvalidPort,
                    node,
                    "a protocol needs one of `tcp`, `udp`, `sctp`, `destinationNamedPort`",
                );
                continue;
            };
            match fields.get("destinationPort") {
                None => set.ranges.push(protocol.all()),
                Some(port) => match (port.get("number"), port.get("range")) {
                    (Some(number), _) => {
                        set.ranges.extend(reader.port_number(number).map(|port| protocol.ports(port, port)));
                    }
                    (None, Some(range)) => set.ranges.extend(port_range(reader, range, protocol)),
                    (None, None) => {
                        reader.notice(
                            NoticeKind::InvalidPort,
                            port,
                            "`destinationPort` needs `number` or `range`",
                        );
                    }
                },
            }
        }
    }
    if is_any { Vec::new() } else { vec![Match { ports: Some(set), ..Match::default() }] }
}

fn protocol_of(reader: &mut Reader<'_, '_>, node: Node<'_>) -> Option<Protocol> {
    // The field is no pointer: an empty text is an absent one.
    match node.get("protocol").filter(|protocol| protocol.as_str() != Some("")) {
        Some(protocol) => reader.protocol(protocol),
        // Source: the API defaults AdminNetworkPolicyPort.protocol to TCP.
        None => Some(Protocol::Tcp),
    }
}

fn port_range(reader: &mut Reader<'_, '_>, node: Node<'_>, protocol: Protocol) -> Option<Range> {
    let (Some(start), Some(end)) = (node.get("start"), node.get("end")) else {
        reader.notice(NoticeKind::InvalidPort, node, "a range needs `start` and `end`");
        return None;
    };
    let (first, last) = (reader.port_number(start)?, reader.port_number(end)?);
    if last < first {
        reader.notice(NoticeKind::InvalidPort, end, format!("`end` {last} is below `start` {first}"));
        return None;
    }
    Some(protocol.ports(first, last))
}
