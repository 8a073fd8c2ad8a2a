//! Calico's profiles: labels and rules that an endpoint brings along by naming them.
//!
//! What the tiers leave undecided is asked of the profiles that the endpoint names, in that order; what none of them
//! allows is refused. The rules of the profiles that Calico itself makes are known where their objects are not read:
//! the one of a namespace (`kns.`) allows everything, the one of a service account (`ksa.`) has labels only.

use std::collections::BTreeSet;
use std::sync::Arc;

use haechi_objects::{Labels, Object};
use haechi_syntax::Node;

use super::calico::{self, NetworkSet, Surroundings};
use super::fields::Reader;
use super::workloads::{Account, label_map};
use super::{Snapshot, Staged, stage};
use crate::world::{Action, Direction, EndpointKind, PeerExpr, Policy, PolicyRef, Rule, World};

fn objects<'f, 'o>(
    found: &'f [(Arc<str>, Object<'o>)],
) -> impl Iterator<Item = &'f (Arc<str>, Object<'o>)> + use<'f, 'o> {
    let is_profile =
        |object: &Object<'o>| object.kind() == "Profile" && object.group().ends_with("projectcalico.org");
    found.iter().filter(move |(_, object)| is_profile(object))
}

/// Gives endpoints the labels of the profiles that they name.
pub(super) fn apply_labels(found: &[(Arc<str>, Object<'_>)], world: &mut World) {
    for (_, object) in objects(found) {
        let labels = object.spec().and_then(|spec| spec.get("labelsToApply"));
        let labels = label_map(Labels::new(labels));
        let named = world
            .endpoints
            .iter_mut()
            .filter(|endpoint| endpoint.profiles.iter().any(|profile| profile == object.name()));
        for endpoint in named {
            for (key, value) in &labels {
                endpoint.labels.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}

/// The rules of the profiles as policies of a stage of their own, for the endpoints that name them.
pub(super) fn policies(
    found: &[(Arc<str>, Object<'_>)],
    snapshot: &mut Snapshot,
    accounts: &[Account],
    sets: &[NetworkSet],
) -> Vec<Staged> {
    let lists: BTreeSet<(bool, Vec<String>)> = snapshot
        .world
        .endpoints
        .iter()
        .filter(|endpoint| !endpoint.profiles.is_empty())
        .map(|endpoint| (endpoint.kind == EndpointKind::Host, endpoint.profiles.clone()))
        .collect();
    let mut staged = Vec::new();
    let mut done: BTreeSet<Vec<String>> = BTreeSet::new();
    for (is_host, list) in lists.into_iter().rev() {
        let is_read = |name: &String| objects(found).any(|(_, object)| object.name() == name);
        // A pod with the profile of its namespace only is as open as any pod without policies.
        let is_plain = list.iter().any(|name| allows_all(name))
            && list.iter().all(|name| !is_read(name) && rules_unread(name).is_some());
        if is_plain && !is_host || !done.insert(list.clone()) {
            continue;
        }
        for (place, name) in list.iter().enumerate() {
            let object = objects(found).find(|(_, object)| object.name() == name);
            let around = Surroundings { accounts, sets, namespaces: &snapshot.world.namespaces };
            let (ingress, egress, unreadable, origin) = match object {
                Some((path, object)) => {
                    let mut reader = Reader::new(path, *object, &mut snapshot.notices);
                    let (ingress, egress) = [Direction::Ingress, Direction::Egress]
                        .map(|direction| rules(&mut reader, direction, &around))
                        .into();
                    (ingress, egress, reader.first_error(), Some(reader.object_origin()))
                }
                None => {
                    let rules = rules_unread(name).unwrap_or_else(|| {
                        vec![allow(PeerExpr::Unknown(Box::new(PeerExpr::All), "the profile was not read"))]
                    });
                    (rules.clone(), rules, None, None)
                }
            };
            staged.push(Staged {
                stage: stage::PROFILES.to_owned(),
                policy: Policy {
                    id: PolicyRef { kind: "Profile".to_owned(), namespace: None, name: name.clone() },
                    stage: 0,
                    order: u32::try_from(place).map_or(f64::INFINITY, f64::from),
                    subject: PeerExpr::CalicoProfiles(list.clone()),
                    ingress: Some(ingress),
                    egress: Some(egress),
                    isolates: true,
                    unreadable,
                    origin,
                },
            });
        }
    }
    staged
}

fn rules(reader: &mut Reader<'_, '_>, direction: Direction, around: &Surroundings<'_>) -> Vec<Rule> {
    let key = match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    };
    let Some(spec) = reader.object.spec() else { return Vec::new() };
    let list: Vec<Node<'_>> = reader.list(spec, key).unwrap_or_default();
    list.into_iter().map(|node| calico::rule(reader, node, direction, None, around)).collect()
}

fn allows_all(name: &str) -> bool {
    name.starts_with("kns.") || name == "projectcalico-default-allow"
}

/// The rules of a profile that Calico makes by itself; `None` for any other.
fn rules_unread(name: &str) -> Option<Vec<Rule>> {
    match name {
        _ if allows_all(name) => Some(vec![allow(PeerExpr::All)]),
        _ if name.starts_with("ksa.") => Some(Vec::new()),
        _ => None,
    }
}

fn allow(peer: PeerExpr) -> Rule {
    Rule {
        action: Action::Allow,
        peer,
        subject: PeerExpr::All,
        traffic: Vec::new(),
        selectors: Vec::new(),
        is_uncertain: false,
        name: None,
        origin: None,
    }
}
