//! Mistakes that only the whole of the manifests shows: selectors that select nothing, ports that nobody declares,
//! Services and entries that lead nowhere, priorities that contradict each other.
//!
//! Manifests may be a part of a cluster. What is not there may be elsewhere, so each notice says what is missing, not
//! that something is broken.

use std::collections::BTreeMap;

use haechi_model::ResourceRef;

use crate::bits::BitSet;
use crate::engine::Engine;
use crate::notice::{Notice, NoticeKind};
use crate::read::Snapshot;
use crate::world::{
    Action, Direction, LabelExpr, NamespaceExpr, Origin, PeerExpr, Policy, PolicyRef, PortDeclaration, Rule,
    StageKind, World,
};

/// Looks at the policies, Services and entries of a snapshot. `engine` must be of its world.
pub fn lint(engine: &Engine, snapshot: &Snapshot) -> Vec<Notice> {
    let mut notices = Vec::new();
    let world = engine.world();
    for (index, policy) in world.policies.iter().enumerate() {
        if policy.unreadable.is_some() {
            continue;
        }
        of_policy(engine, index, policy, &mut notices);
    }
    equal_priorities(engine, &mut notices);
    rules_without_effect(engine, &mut notices);
    of_services(snapshot, &mut notices);
    notices.sort_by(|a, b| {
        (&a.origin.path, a.origin.span, a.kind).cmp(&(&b.origin.path, b.origin.span, b.kind))
    });
    notices.dedup_by(|a, b| {
        a.kind == b.kind && a.origin.span == b.origin.span && a.origin.path == b.origin.path
    });
    notices
}

fn resource(id: &PolicyRef) -> ResourceRef {
    ResourceRef {
        api_version: String::new(),
        kind: id.kind.clone(),
        namespace: id.namespace.clone(),
        name: id.name.clone(),
    }
}

fn push(
    notices: &mut Vec<Notice>,
    kind: NoticeKind,
    resource: ResourceRef,
    origin: Option<&Origin>,
    (subject, detail): (&str, String),
) {
    let Some(origin) = origin else { return };
    let (origin, subject) = (origin.clone(), subject.to_owned());
    notices.push(Notice { kind, resource, detail, subject, origin, json_path: String::new() });
}

fn is_nothing(set: Option<&BitSet>) -> bool {
    set.is_none_or(BitSet::is_empty)
}

fn of_policy(engine: &Engine, index: usize, policy: &Policy, notices: &mut Vec<Notice>) {
    let world = engine.world();
    if let Some(namespace) = &policy.id.namespace
        && !world.namespaces.contains_key(namespace)
    {
        let detail = format!("nothing else is known of namespace `{namespace}`: no Namespace, no workload");
        push(
            notices,
            NoticeKind::MissingNamespace,
            resource(&policy.id),
            policy.origin.as_ref(),
            (namespace, detail),
        );
    } else if is_nothing(engine.subjects(index)) {
        let detail =
            "the policy is for no known pod: compare its selector with the labels of the pods".to_owned();
        push(
            notices,
            NoticeKind::PolicySelectsNothing,
            resource(&policy.id),
            policy.origin.as_ref(),
            ("", detail),
        );
    }
    for direction in Direction::BOTH {
        for (number, rule) in policy.rules(direction).unwrap_or_default().iter().enumerate() {
            let origin = rule.origin.as_ref().or(policy.origin.as_ref());
            let selects_none = |labels: &&LabelExpr| {
                !world.namespaces.values().any(|namespace| labels.matches_map(&namespace.labels))
            };
            let has_no_namespace = namespace_selectors(&rule.peer).iter().any(selects_none);
            if has_no_namespace {
                let detail = "the rule's `namespaceSelector` selects none of the known namespaces".to_owned();
                push(
                    notices,
                    NoticeKind::NamespaceSelectsNothing,
                    resource(&policy.id),
                    origin,
                    ("", detail),
                );
            }
            let peers = engine.peers(index, direction, number);
            // A missing namespace already says why.
            if is_nothing(peers) && rule.peer != PeerExpr::Nothing && !has_no_namespace {
                let detail = "the rule's peers are no known pod and no address".to_owned();
                push(notices, NoticeKind::PeerSelectsNothing, resource(&policy.id), origin, ("", detail));
            }
            let destinations = match direction {
                Direction::Ingress => engine.subjects(index),
                Direction::Egress => peers,
            };
            unknown_names(engine, rule, destinations, &policy.id, origin, notices);
        }
    }
}

/// The label conditions of the namespace selectors in a peer.
fn namespace_selectors(peer: &PeerExpr) -> Vec<&LabelExpr> {
    match peer {
        PeerExpr::Pods { namespaces: NamespaceExpr::Labels(labels), .. } => vec![labels],
        PeerExpr::And(parts) | PeerExpr::Or(parts) => parts.iter().flat_map(namespace_selectors).collect(),
        _ => Vec::new(),
    }
}

fn unknown_names(
    engine: &Engine,
    rule: &Rule,
    destinations: Option<&BitSet>,
    id: &PolicyRef,
    origin: Option<&Origin>,
    notices: &mut Vec<Notice>,
) {
    let Some(destinations) = destinations.filter(|destinations| !destinations.is_empty()) else { return };
    let names = rule.traffic.iter().filter_map(|part| part.ports.as_ref()).flat_map(|ports| &ports.names);
    for (protocol, name) in names {
        let declares = |port: &PortDeclaration| {
            port.name == *name && protocol.is_none_or(|protocol| protocol == port.protocol)
        };
        let classes = destinations.iter().filter_map(|number| engine.universe().classes.get(number));
        let mut other = None;
        let mut is_known = false;
        for class in classes {
            is_known |= class.ports.iter().any(declares);
            other = other
                .or_else(|| class.ports.iter().find(|port| port.name == *name).map(|port| port.protocol));
        }
        if is_known {
            continue;
        }
        let detail = match (other, protocol) {
            (Some(other), Some(protocol)) => {
                format!(
                    "port `{name}` is declared for {other}, the rule asks for {protocol}: it matches nothing"
                )
            }
            _ => format!(
                "no pod that the rule could concern declares a port named `{name}`: it matches nothing"
            ),
        };
        push(notices, NoticeKind::UnknownNamedPort, resource(id), origin, (name, detail));
    }
}

/// Rules that change nothing because of another of the same list: one that is asked before where the first decides, one
/// that allows the same or refuses it where all are asked.
fn rules_without_effect(engine: &Engine, notices: &mut Vec<Notice>) {
    let world = engine.world();
    let mut space = engine.space_ref().clone();
    for (index, policy) in world.policies.iter().enumerate() {
        let kind = world.stages.get(policy.stage).map(|stage| stage.kind);
        for direction in Direction::BOTH {
            let rules = policy.rules(direction).unwrap_or_default();
            for (at, rule) in rules.iter().enumerate() {
                let is_void_by = |(other, before): (usize, &Rule)| {
                    let may_be = match kind {
                        Some(StageKind::Union) => {
                            before.action == Action::Deny && rule.action == Action::Allow
                                || before.action == rule.action
                        }
                        _ => other < at,
                    };
                    other != at && may_be && before.action != Action::Log && rule.action != Action::Log
                };
                let mut candidates = rules.iter().enumerate().filter(|pair| is_void_by(*pair));
                let by = candidates.find(|(other, before)| {
                    let list = (index, direction);
                    engine.covers(&mut space, list, *other, at)
                        // Of two that say the same the second one is too much.
                        && (*other < at
                            || before.action != rule.action
                            || !engine.covers(&mut space, list, at, *other))
                });
                let Some((other, _)) = by else { continue };
                let detail = format!("rule {} of the same list already decides all that it names", other + 1);
                let number = (other + 1).to_string();
                let origin = rule.origin.as_ref();
                push(notices, NoticeKind::ShadowedRule, resource(&policy.id), origin, (&number, detail));
            }
        }
    }
}

/// Policies of one name: where both are applied, the later one takes the place of the other, and here both count.
pub(crate) fn duplicates(world: &World) -> Vec<Notice> {
    let mut first: BTreeMap<&PolicyRef, &Origin> = BTreeMap::new();
    let mut notices = Vec::new();
    for policy in &world.policies {
        let Some(origin) = &policy.origin else { continue };
        // What one object became has one place.
        let known = first.entry(&policy.id).or_insert(origin);
        if (&known.path, known.span) == (&origin.path, origin.span) {
            continue;
        }
        let detail =
            format!("the first one is at {known}: both count here, in a cluster the one applied last");
        let subject = known.to_string();
        push(&mut notices, NoticeKind::Duplicate, resource(&policy.id), Some(origin), (&subject, detail));
    }
    notices
}

/// Which of two policies of one tier, priority and subject is asked first is undefined.
fn equal_priorities(engine: &Engine, notices: &mut Vec<Notice>) {
    let world: &World = engine.world();
    let is_ordered = |policy: &Policy| {
        world.stages.get(policy.stage).is_some_and(|stage| stage.kind != StageKind::Union)
            && policy.order.is_finite()
    };
    for (index, policy) in world.policies.iter().enumerate().filter(|(_, policy)| is_ordered(policy)) {
        for (other_index, other) in world.policies.iter().enumerate().take(index) {
            let is_rival =
                other.stage == policy.stage && other.order == policy.order && other.id != policy.id;
            let (Some(one), Some(two)) = (engine.subjects(index), engine.subjects(other_index)) else {
                continue;
            };
            if !is_rival || !is_ordered(other) || !one.intersects(two) || policy.id.kind == "NetworkPolicy" {
                continue;
            }
            let detail = format!(
                "{} has the same priority {} and concerns the same pods: which one is asked first is undefined",
                other.id, policy.order
            );
            let subject = other.id.to_string();
            let about = (subject.as_str(), detail);
            push(notices, NoticeKind::EqualPriority, resource(&policy.id), policy.origin.as_ref(), about);
        }
    }
}

fn of_services(snapshot: &Snapshot, notices: &mut Vec<Notice>) {
    let world = &snapshot.world;
    for service in &snapshot.services {
        let id = ResourceRef {
            api_version: "v1".to_owned(),
            kind: "Service".to_owned(),
            namespace: Some(service.namespace.clone()),
            name: service.name.clone(),
        };
        if service.selector.is_none() {
            continue;
        }
        let endpoints: Vec<_> = service.endpoints(world).collect();
        if endpoints.is_empty() {
            let detail = "the Service's selector selects no known pod".to_owned();
            push(notices, NoticeKind::ServiceSelectsNothing, id, Some(&service.origin), ("", detail));
            continue;
        }
        for port in &service.ports {
            if endpoints.iter().all(|(_, endpoint)| port.on(endpoint).is_none()) {
                let detail = format!(
                    "none of the Service's pods declares a {} port named `{}`",
                    port.protocol, port.target
                );
                let origin = port.origin.as_ref().or(Some(&service.origin));
                let target = port.target.to_string();
                push(notices, NoticeKind::UnknownTargetPort, id.clone(), origin, (&target, detail));
            }
        }
    }
    for entry in &snapshot.entries {
        for backend in &entry.backends {
            let service = snapshot
                .services
                .iter()
                .find(|service| service.namespace == backend.namespace && service.name == backend.service);
            let detail = match service {
                None => format!("no Service `{}` in namespace `{}`", backend.service, backend.namespace),
                Some(service) if service.ports_for(backend.port.as_ref()).is_empty() => {
                    let port = backend.port.as_ref().map(ToString::to_string).unwrap_or_default();
                    format!("Service `{}` has no port `{port}`", backend.service)
                }
                Some(_) => continue,
            };
            let id = ResourceRef {
                api_version: String::new(),
                kind: entry.kind.clone(),
                namespace: Some(entry.namespace.clone()),
                name: entry.name.clone(),
            };
            push(notices, NoticeKind::UnknownBackend, id, Some(&backend.origin), (&backend.service, detail));
        }
    }
}
