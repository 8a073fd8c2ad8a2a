//! What Istio's policies let through, in the form of all other policies.
//!
//! The mesh stands behind the network: a TCP connection must pass both. AuthorizationPolicies become one stage in which
//! refusals win; a workload that takes only mutual TLS refuses whoever is not in the mesh.

use std::collections::BTreeMap;

use super::authz::{AuthorizationPolicy, AuthorizationRule, Condition, Group, PolicyAction};
use super::mtls::{ClientTls, MeshSecurity, MtlsMode, PeerAuthentication};
use crate::ip::{IpRange, IpSet};
use crate::l4::Protocol;
use crate::space::Range;
use crate::strings::Pattern;
use crate::world::{
    Action, EndpointKind, HttpMatch, Identity, LabelExpr, LabelMap, Match, NamespaceExpr, PeerExpr, Policy,
    PortSet, Rule, World,
};

/// The policies of the mesh for a world whose endpoints are read. Marks endpoints that take only mutual TLS.
pub(crate) fn policies(
    world: &mut World,
    authorization: &[AuthorizationPolicy],
    security: &MeshSecurity,
    stage: usize,
) -> Vec<Policy> {
    let mut found = strict(world, security, stage);
    // Without certificates on both sides a caller has no identity that a policy could name.
    let plain_somewhere = security.peers.iter().any(|of| {
        of.mode == Some(MtlsMode::Disable) || of.ports.values().any(|mode| *mode == Some(MtlsMode::Disable))
    }) || security.rules.iter().any(|of| {
        let is_plain = |mode: &ClientTls| matches!(mode, ClientTls::Disable | ClientTls::Simple);
        of.mode.as_ref().is_some_and(is_plain) || of.ports.values().any(is_plain)
    });
    for policy in authorization.iter().filter(|policy| !policy.is_dry_run) {
        found.extend(of_authorization(policy, security, stage, plain_somewhere));
    }
    found
}

/// One policy for all endpoints that take only mutual TLS on the same ports: whoever is not in the mesh is refused.
fn strict(world: &mut World, security: &MeshSecurity, stage: usize) -> Vec<Policy> {
    if security.peers.is_empty() {
        return Vec::new();
    }
    let mut groups: BTreeMap<Vec<Range>, (u32, Option<PeerAuthentication>)> = BTreeMap::new();
    for endpoint in &mut world.endpoints {
        if endpoint.kind != EndpointKind::Pod || endpoint.mesh == crate::world::MeshMode::None {
            continue;
        }
        let (general, mut by) = security.server_mode(endpoint, 0);
        let mut ranges: Vec<Range> =
            if general == MtlsMode::Strict { vec![Protocol::Tcp.all()] } else { Vec::new() };
        let apart: std::collections::BTreeSet<u16> =
            security.peers.iter().flat_map(|policy| policy.ports.keys().copied()).collect();
        for port in apart {
            let (mode, of) = security.server_mode(endpoint, port);
            match (mode == MtlsMode::Strict, general == MtlsMode::Strict) {
                (true, false) => {
                    ranges.push(Protocol::Tcp.ports(port, port));
                    by = by.or(of);
                }
                (false, true) => {
                    let number = Protocol::Tcp.port(port);
                    ranges = ranges
                        .into_iter()
                        .flat_map(|(first, last)| {
                            if number < first || last < number {
                                return vec![(first, last)];
                            }
                            let before = number.checked_sub(1).filter(|end| *end >= first && number > 0);
                            let after = number.checked_add(1).filter(|start| *start <= last);
                            before
                                .map(|end| (first, end))
                                .into_iter()
                                .chain(after.map(|start| (start, last)))
                                .collect()
                        })
                        .collect();
                }
                _ => {}
            }
        }
        if ranges.is_empty() {
            continue;
        }
        let next = u32::try_from(groups.len()).unwrap_or(u32::MAX - 1) + 1;
        let group = groups.entry(ranges).or_insert_with(|| (next, by.cloned()));
        endpoint.strict_group = group.0;
    }
    let mut found = Vec::new();
    for (ranges, (number, by)) in groups {
        let (id, origin) = match by {
            Some(by) => (by.id, by.origin),
            None => continue,
        };
        let ports = PortSet { ranges, names: Vec::new() };
        found.push(Policy {
            id,
            stage,
            order: 0.0,
            subject: PeerExpr::And(vec![PeerExpr::StrictMtls(number), PeerExpr::InMesh]),
            ingress: Some(vec![Rule {
                action: Action::Deny,
                peer: PeerExpr::Not(Box::new(PeerExpr::InMesh)),
                subject: PeerExpr::All,
                traffic: vec![Match { ports: Some(ports), ..Match::default() }],
                selectors: Vec::new(),
                is_uncertain: false,
                name: Some("STRICT".to_owned()),
                origin: origin.clone(),
            }]),
            egress: None,
            isolates: false,
            unreadable: None,
            origin,
        });
    }
    found
}

fn of_authorization(
    policy: &AuthorizationPolicy,
    security: &MeshSecurity,
    stage: usize,
    plain_somewhere: bool,
) -> Option<Policy> {
    let action = match policy.action {
        PolicyAction::Allow => Action::Allow,
        PolicyAction::Deny | PolicyAction::Custom => Action::Deny,
        PolicyAction::Audit => return None,
    };
    let namespace = policy.id.namespace.clone().unwrap_or_default();
    let namespaces = if namespace == security.root() {
        NamespaceExpr::Labels(LabelExpr::All)
    } else {
        NamespaceExpr::Named(namespace)
    };
    let pods = PeerExpr::Pods { namespaces, pods: selector(policy.selector.as_ref()) };
    let mut subject = PeerExpr::And(vec![pods, PeerExpr::InMesh]);
    if !policy.targets.is_empty() {
        // A waypoint or a gateway enforces it; which traffic goes through one is not read.
        subject = PeerExpr::Unknown(Box::new(subject), "the policy is for a gateway or waypoint");
    }
    let rules: Vec<Rule> = policy
        .rules
        .iter()
        .filter_map(|rule| {
            let mut rule = of_rule(policy, rule, action, plain_somewhere)?;
            // Whoever is asked may let it through.
            rule.is_uncertain |= policy.action == PolicyAction::Custom;
            Some(rule)
        })
        .collect();
    Some(Policy {
        id: policy.id.clone(),
        stage,
        order: 0.0,
        subject,
        ingress: Some(rules),
        egress: None,
        isolates: action == Action::Allow,
        unreadable: None,
        origin: policy.origin.clone(),
    })
}

pub(super) fn selector(labels: Option<&LabelMap>) -> LabelExpr {
    let parts = labels.into_iter().flatten();
    LabelExpr::all_of(parts.map(|(key, value)| LabelExpr::In(key.clone(), vec![value.clone()])).collect())
}

/// What a list of conditions comes to.
struct Translated {
    peer: PeerExpr,
    part: Match,
    is_uncertain: bool,
}

fn of_rule(
    policy: &AuthorizationPolicy,
    rule: &AuthorizationRule,
    action: Action,
    plain_somewhere: bool,
) -> Option<Rule> {
    if rule.is_broken && action == Action::Allow {
        return None;
    }
    let mut is_uncertain = rule.is_broken;
    let mut peers = Vec::new();
    if !rule.from.is_empty() {
        let mut alternatives = Vec::new();
        for group in &rule.from {
            let of_group = translate(group, plain_somewhere);
            is_uncertain |= of_group.is_uncertain;
            alternatives.push(of_group.peer);
        }
        peers.push(one_or(alternatives));
    }
    let when = translate(&rule.when, plain_somewhere);
    is_uncertain |= when.is_uncertain;
    peers.push(when.peer);
    let mut traffic = Vec::new();
    for group in &rule.to {
        let of_group = translate(group, plain_somewhere);
        is_uncertain |= of_group.is_uncertain;
        traffic.extend(both(of_group.part, &when.part));
    }
    if rule.to.is_empty() && when.part != Match::default() {
        traffic.push(when.part);
    }
    let mut peer = match peers.as_slice() {
        [one] => one.clone(),
        _ => PeerExpr::And(peers),
    };
    if traffic.is_empty() && !rule.to.is_empty() {
        peer = PeerExpr::Nothing;
    }
    Some(Rule {
        action,
        peer,
        subject: PeerExpr::All,
        traffic,
        selectors: Vec::new(),
        is_uncertain,
        name: None,
        origin: policy.origin.clone(),
    })
}

/// What fulfils both, `None` where nothing does. Only ports can stand in both.
fn both(mut part: Match, when: &Match) -> Option<Match> {
    match (&mut part.ports, &when.ports) {
        (Some(own), Some(other)) => {
            own.ranges.retain(|range| other.ranges.contains(range));
            if own.ranges.is_empty() {
                return None;
            }
        }
        (own @ None, Some(other)) => *own = Some(other.clone()),
        (_, None) => {}
    }
    match (&mut part.not_ports, &when.not_ports) {
        (Some(own), Some(other)) => own.ranges.extend(&other.ranges),
        (own @ None, Some(other)) => *own = Some(other.clone()),
        (_, None) => {}
    }
    Some(part)
}

fn one_or(mut alternatives: Vec<PeerExpr>) -> PeerExpr {
    if alternatives.len() == 1 { alternatives.swap_remove(0) } else { PeerExpr::Or(alternatives) }
}

fn translate(group: &Group, plain_somewhere: bool) -> Translated {
    let mut all = Vec::new();
    let mut part = Match::default();
    let mut http = HttpMatch::default();
    let mut is_uncertain = false;
    for condition in group {
        match condition.key.as_str() {
            "source.principal" | "source.namespace" | "source.serviceAccount" => {
                all.extend(identities(condition, plain_somewhere));
            }
            "source.ip" => all.extend(addresses(condition)),
            "destination.port" => {
                let ports = |values: &[String]| {
                    let numbers = values.iter().filter_map(|value| value.parse::<u16>().ok());
                    let ranges = numbers.map(|port| Protocol::Tcp.ports(port, port)).collect();
                    (!values.is_empty()).then_some(PortSet { ranges, names: Vec::new() })
                };
                part.ports = ports(&condition.values);
                part.not_ports = ports(&condition.not_values);
            }
            "request.method" => {
                http.methods.clone_from(&condition.values);
                http.not_methods.clone_from(&condition.not_values);
            }
            "request.path" | "request.host" => {
                // Templates in paths mean one or more segments.
                let is_plain = |value: &String| !value.contains(['{', '}']);
                if !condition.values.iter().chain(&condition.not_values).all(is_plain) {
                    is_uncertain = true;
                    continue;
                }
                let patterns = |values: &[String]| values.iter().map(|value| Pattern::parse(value)).collect();
                let (values, not_values) = (patterns(&condition.values), patterns(&condition.not_values));
                if condition.key == "request.path" {
                    (http.paths, http.not_paths) = (values, not_values);
                } else {
                    (http.hosts, http.not_hosts) = (values, not_values);
                }
            }
            // Headers, tokens, server names, addresses of the first caller: not to be told from manifests.
            _ => is_uncertain = true,
        }
    }
    if http != HttpMatch::default() {
        part.http = Some(http);
    }
    let peer = match all.len() {
        0 => PeerExpr::All,
        1 => all.swap_remove(0),
        _ => PeerExpr::And(all),
    };
    Translated { peer, part, is_uncertain }
}

fn identities(condition: &Condition, plain_somewhere: bool) -> Vec<PeerExpr> {
    let identity = |value: &String| {
        let identity = PeerExpr::Identity(match condition.key.as_str() {
            "source.principal" => Identity::Principal(Pattern::parse(value)),
            "source.namespace" => Identity::Namespace(Pattern::parse(value)),
            _ => match value.split_once('/') {
                Some((namespace, account)) => {
                    Identity::Principal(Pattern::Exact(format!("cluster.local/ns/{namespace}/sa/{account}")))
                }
                None => Identity::Principal(Pattern::Suffix(format!("/sa/{value}"))),
            },
        });
        if plain_somewhere {
            PeerExpr::Unknown(Box::new(identity), "callers may have no certificate")
        } else {
            identity
        }
    };
    positive_and_negative(condition, identity)
}

fn positive_and_negative(condition: &Condition, peer: impl Fn(&String) -> PeerExpr) -> Vec<PeerExpr> {
    let mut found = Vec::new();
    if !condition.values.is_empty() {
        found.push(one_or(condition.values.iter().map(&peer).collect()));
    }
    if !condition.not_values.is_empty() {
        found.push(PeerExpr::Not(Box::new(one_or(condition.not_values.iter().map(&peer).collect()))));
    }
    found
}

fn addresses(condition: &Condition) -> Vec<PeerExpr> {
    let set = |values: &[String]| -> Option<IpSet> {
        (!values.is_empty())
            .then(|| values.iter().filter_map(|value| IpRange::parse_cidr_or_address(value).ok()).collect())
    };
    let mut found = Vec::new();
    found.extend(set(&condition.values).map(PeerExpr::SourceAddresses));
    found.extend(
        set(&condition.not_values).map(|set| PeerExpr::Not(Box::new(PeerExpr::SourceAddresses(set)))),
    );
    found
}
