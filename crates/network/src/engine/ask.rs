//! What explanations and audits ask of policies and rules one by one.

use super::prepare::{Ports, connections};
use super::{Engine, Traffic, Verdict};
use crate::bits::BitSet;
use crate::classes::Bound;
use crate::space::{ConnId, Space};
use crate::world::{Direction, Layer, PeerExpr};

impl Engine {
    /// What the given policies alone, in the order of the world's, let through in that direction: surely.
    pub fn side_of(&mut self, direction: Direction, class: usize, policies: &[usize]) -> Vec<ConnId> {
        let is_for = |index: &u32| {
            policies.contains(&(*index as usize))
                && self.ready.get(*index as usize).is_some_and(|ready| {
                    ready.rules.get(direction as usize).is_some_and(Option::is_some)
                        && ready.subject_least.as_ref().is_some_and(|least| least.contains(class))
                })
        };
        let chosen: Vec<u32> = self.order.iter().copied().filter(is_for).collect();
        let of_mesh = chosen.iter().position(|policy| self.layer_of(*policy) == Layer::Mesh);
        let (of_network, of_mesh) = chosen.split_at(of_mesh.unwrap_or(chosen.len()));
        let network = self.fold(direction, of_network, class, Bound::Least);
        if of_mesh.is_empty() {
            return network;
        }
        let mesh = self.mesh_row(direction, of_mesh, false, class);
        let pairs = network.into_iter().zip(mesh.least.iter());
        pairs.map(|(network, mesh)| self.space.intersect(network, *mesh)).collect()
    }

    /// Whether one of the given policies is for the class in that direction.
    pub fn is_captured(&self, direction: Direction, class: usize, policies: &[usize]) -> bool {
        policies.iter().any(|index| {
            self.ready.get(*index).is_some_and(|ready| {
                ready.rules.get(direction as usize).is_some_and(Option::is_some)
                    && ready.subject_least.as_ref().is_some_and(|least| least.contains(class))
            })
        })
    }

    /// The policies that are for a class in that direction, in the order in which they are asked.
    pub(crate) fn policies_for(&self, direction: Direction, class: usize) -> Vec<usize> {
        let at = direction as usize;
        let is_for = |index: &&u32| {
            self.ready.get(**index as usize).is_some_and(|ready| {
                ready.rules.get(at).is_some_and(Option::is_some)
                    && ready.subject_most.as_ref().is_some_and(|most| most.contains(class))
            })
        };
        self.order.iter().filter(is_for).map(|index| *index as usize).collect()
    }

    /// Whether a policy is surely for a class, and whether it was wholly read.
    pub(crate) fn is_surely_for(&self, policy: usize, class: usize) -> bool {
        self.ready.get(policy).is_some_and(|ready| {
            !ready.is_unreadable && ready.subject_least.as_ref().is_some_and(|least| least.contains(class))
        })
    }

    /// What a rule names of the traffic between a class and another number: surely, and at most.
    pub(crate) fn rule_hit(
        &mut self,
        policy: usize,
        direction: Direction,
        rule: usize,
        class: usize,
        other: usize,
    ) -> Verdict {
        let nothing = Verdict { allowed: ConnId::EMPTY, possible: ConnId::EMPTY };
        let ready = self.ready.get(policy).and_then(|ready| ready.rules.get(direction as usize)?.as_ref());
        let Some(rule) = ready.and_then(|rules| rules.get(rule)).cloned() else { return nothing };
        if !rule.most.contains(other) || !rule.may_be_for(class) {
            return nothing;
        }
        let set = match &rule.traffic {
            Traffic::Fixed(set) => *set,
            Traffic::Named(parts) => {
                let of = |number: usize| match self.universe.classes.get(number) {
                    Some(class) => Ports::Of(&class.ports),
                    None => Ports::Unknown,
                };
                let (subject, peer) = (of(class), of(other));
                let (source, destination) = match direction {
                    Direction::Ingress => (peer, subject),
                    Direction::Egress => (subject, peer),
                };
                connections(&mut self.space, &self.strings, parts, source, destination)
            }
        };
        let is_sure = rule.least.contains(other) && !rule.is_uncertain && rule.is_surely_for(class);
        Verdict { allowed: if is_sure { set } else { ConnId::EMPTY }, possible: set }
    }

    /// The classes that a policy may be for.
    pub fn subjects(&self, policy: usize) -> Option<&BitSet> {
        self.ready.get(policy)?.subject_most.as_deref()
    }

    /// For which of the policy's own endpoints a rule is, where it says so.
    pub fn rule_subject(&self, policy: usize, direction: Direction, rule: usize) -> Option<&BitSet> {
        let rules = self.ready.get(policy)?.rules.get(direction as usize)?.as_ref()?;
        rules.get(rule)?.subject.as_deref()
    }

    /// What a rule's peers may be.
    pub fn peers(&self, policy: usize, direction: Direction, rule: usize) -> Option<&BitSet> {
        let rules = self.ready.get(policy)?.rules.get(direction as usize)?.as_ref()?;
        rules.get(rule).map(|rule| &*rule.most)
    }

    /// Whether a rule names all that another of the same list names, whatever pods there are: for sure, and by what is
    /// written. `space` is a copy of the engine's own.
    pub(crate) fn covers(
        &self,
        space: &mut Space,
        (policy, direction): (usize, Direction),
        rule: usize,
        other: usize,
    ) -> bool {
        let written = self.world.policies.get(policy).and_then(|policy| policy.rules(direction));
        let ready = self.ready.get(policy).and_then(|ready| ready.rules.get(direction as usize)?.as_ref());
        let (Some(written), Some(ready)) = (written, ready) else { return false };
        let (Some(one), Some(two)) = (written.get(rule), written.get(other)) else { return false };
        let (Some(one_ready), Some(two_ready)) = (ready.get(rule), ready.get(other)) else { return false };
        let is_sure = !one_ready.is_uncertain
            && one_ready.least == one_ready.most
            && one_ready.subject == one_ready.sure_subject;
        let has_traffic = match (&one_ready.traffic, &two_ready.traffic) {
            (Traffic::Fixed(one), Traffic::Fixed(two)) => space.is_subset(*two, *one),
            (Traffic::Fixed(one), Traffic::Named(_)) => *one == ConnId::ALL,
            (Traffic::Named(one), Traffic::Named(two)) => two.iter().all(|part| one.contains(part)),
            (Traffic::Named(_), Traffic::Fixed(_)) => false,
        };
        is_sure
            && has_traffic
            && contains(&one.peer, &two.peer)
            && (one.subject == PeerExpr::All || one.subject == two.subject)
    }
}

/// Whether a set of peers holds another by what is written.
fn contains(one: &PeerExpr, two: &PeerExpr) -> bool {
    match (one, two) {
        (PeerExpr::All, _) => true,
        _ if one == two => true,
        (PeerExpr::Addresses(one), PeerExpr::Addresses(two)) => two.minus(one).is_empty(),
        (_, PeerExpr::Or(parts)) => !parts.is_empty() && parts.iter().all(|part| contains(one, part)),
        (PeerExpr::Or(parts), _) => parts.iter().any(|part| contains(part, two)),
        _ => false,
    }
}
