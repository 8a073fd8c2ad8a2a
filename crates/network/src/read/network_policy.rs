//! `networking.k8s.io` NetworkPolicy.

use haechi_syntax::{Node, Value};

use super::fields::{Reader, as_written, text_of};
use super::workloads::NAME_LABEL;
use super::{Options, Staged, stage};
use crate::l4::Protocol;
use crate::notice::NoticeKind;
use crate::world::{
    Action, LabelExpr, Match, NamespaceExpr, PeerExpr, Policy, PortSet, PossiblePeer, RawSelector, Rule,
};

pub(super) fn read(reader: &mut Reader<'_, '_>, _options: &Options) -> Staged {
    let id = reader.policy_ref(true);
    let namespace = id.namespace.clone().unwrap_or_default();
    let spec = reader.object.spec();
    let pods = match spec.and_then(|spec| spec.get("podSelector")) {
        Some(selector) => reader.selector(selector),
        None => LabelExpr::All,
    };
    let types = spec.map(|spec| policy_types(reader, spec));
    let has_rules = |key: &str| spec.and_then(|spec| spec.get(key)).is_some_and(|rules| !rules.is_empty());
    // Source: NetworkPolicySpec.policyTypes. Unset means ingress, and egress if there are egress rules.
    let (ingress, egress) = match types.flatten() {
        Some(types) => types,
        None => (true, has_rules("egress")),
    };
    let mut rules = |is_meant: bool, key: &str, peers: &str| {
        is_meant.then(|| {
            let list = spec.and_then(|spec| reader.list(spec, key)).unwrap_or_default();
            list.into_iter().map(|node| rule(reader, node, peers, &namespace)).collect()
        })
    };
    let ingress = rules(ingress, "ingress", "from");
    let egress = rules(egress, "egress", "to");
    let unreadable = reader.first_error();
    // A policy that would be refused is nowhere sure, not even whom it is for.
    let pods = if unreadable.is_some() { LabelExpr::All } else { pods };
    Staged {
        stage: stage::NETWORK_POLICY.to_owned(),
        policy: Policy {
            id,
            stage: 0,
            order: 0.0,
            subject: PeerExpr::Pods { namespaces: NamespaceExpr::Named(namespace), pods },
            ingress,
            egress,
            isolates: true,
            unreadable,
            origin: Some(reader.object_origin()),
        },
    }
}

/// (ingress, egress), if the field says so.
fn policy_types(reader: &mut Reader<'_, '_>, spec: Node<'_>) -> Option<(bool, bool)> {
    let list = reader.list(spec, "policyTypes")?;
    if list.is_empty() {
        return None;
    }
    let (mut ingress, mut egress) = (false, false);
    for node in list {
        match node.as_str() {
            Some("Ingress") => ingress = true,
            Some("Egress") => egress = true,
            _ => reader.notice(
                NoticeKind::InvalidField,
                node,
                format!("unknown policy type `{}`: use Ingress or Egress", text_of(node)),
            ),
        }
    }
    Some((ingress, egress))
}

fn rule(reader: &mut Reader<'_, '_>, node: Node<'_>, peers_key: &str, namespace: &str) -> Rule {
    let peers = reader.list(node, peers_key).unwrap_or_default();
    let peer = if peers.is_empty() {
        PeerExpr::All
    } else {
        let mut parts: Vec<PeerExpr> =
            peers.into_iter().map(|peer| self::peer(reader, peer, namespace)).collect();
        if parts.len() == 1 { parts.swap_remove(0) } else { PeerExpr::Or(parts) }
    };
    let ports = reader.list(node, "ports").unwrap_or_default();
    let described = node.get(peers_key).into_iter().flat_map(Node::items).filter_map(|peer| {
        let (pods, namespaces) = (peer.get("podSelector"), peer.get("namespaceSelector"));
        (pods.is_some() || namespaces.is_some()).then(|| PossiblePeer {
            namespaces: match namespaces {
                Some(_) => as_written(namespaces),
                None => RawSelector {
                    labels: vec![(NAME_LABEL.to_owned(), namespace.to_owned())],
                    expressions: Vec::new(),
                },
            },
            pods: as_written(pods),
        })
    });
    let mut selectors: Vec<PossiblePeer> = described.collect();
    if peer == PeerExpr::All {
        selectors.push(PossiblePeer::default());
    }
    Rule {
        selectors,
        subject: PeerExpr::All,
        action: Action::Allow,
        peer,
        traffic: traffic(reader, &ports),
        is_uncertain: false,
        name: None,
        origin: Some(reader.origin(node)),
    }
}

fn peer(reader: &mut Reader<'_, '_>, node: Node<'_>, namespace: &str) -> PeerExpr {
    let (block, pods, namespaces) =
        (node.get("ipBlock"), node.get("podSelector"), node.get("namespaceSelector"));
    match (block, pods, namespaces) {
        (Some(block), None, None) => PeerExpr::Addresses(reader.ip_block(block)),
        (Some(block), ..) => {
            reader.notice(
                NoticeKind::InvalidField,
                block,
                "a peer is either an `ipBlock` or selectors: make two peers of it",
            );
            PeerExpr::Nothing
        }
        (None, None, None) => {
            reader.notice(
                NoticeKind::InvalidField,
                node,
                "a peer needs `podSelector`, `namespaceSelector` or `ipBlock`",
            );
            PeerExpr::Nothing
        }
        (None, pods, namespaces) => {
            let namespaces = match namespaces {
                Some(selector) => NamespaceExpr::Labels(reader.selector(selector)),
                None => NamespaceExpr::Named(namespace.to_owned()),
            };
            let pods = pods.map_or(LabelExpr::All, |selector| reader.selector(selector));
            PeerExpr::Pods { namespaces, pods }
        }
    }
}

/// The alternatives of a rule's `ports`; none is any traffic.
fn traffic(reader: &mut Reader<'_, '_>, ports: &[Node<'_>]) -> Vec<Match> {
    if ports.is_empty() {
        return Vec::new();
    }
    let mut set = PortSet::default();
    for node in ports {
        let protocol = match node.get("protocol") {
            Some(protocol) => reader.protocol(protocol),
            None => Some(Protocol::Tcp),
        };
        let Some(protocol) = protocol else { continue };
        let end = node.get("endPort");
        match node.get("port") {
            None => {
                if let Some(end) = end {
                    reader.notice(NoticeKind::InvalidPort, end, "`endPort` needs a `port`");
                }
                set.ranges.push(protocol.all());
            }
            Some(port) => match port.value() {
                Value::String(name) => {
                    if let Some(end) = end {
                        reader.notice(NoticeKind::InvalidPort, end, "`endPort` needs a numeric `port`");
                    }
                    if !is_port_name(name) {
                        reader.notice(
                            NoticeKind::InvalidPort,
                            port,
                            format!(
                                "`{name}` is no port name: at most 15 of a-z, 0-9 and `-`, with a letter; a number must not be in quotes"
                            ),
                        );
                    }
                    set.names.push((Some(protocol), name.to_owned()));
                }
                _ => {
                    let Some(first) = reader.port_number(port) else { continue };
                    let last = match end {
                        Some(end) => reader.port_number(end),
                        None => Some(first),
                    };
                    let Some(last) = last else { continue };
                    if last < first {
                        reader.notice(
                            NoticeKind::InvalidPort,
                            end.unwrap_or(port),
                            format!("`endPort` {last} is below `port` {first}"),
                        );
                        continue;
                    }
                    set.ranges.push(protocol.ports(first, last));
                }
            },
        }
    }
    vec![Match { ports: Some(set), ..Match::default() }]
}

/// `IANA_SVC_NAME`: at most 15 characters of a-z, 0-9 and `-`, at least one letter, no `-` at an end or doubled.
pub(super) fn is_port_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 15
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}
