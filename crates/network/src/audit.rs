//! Questions about policies themselves: which are empty, which could be left out, what one set of them allows that
//! another does not.

use std::collections::HashMap;

use crate::engine::Engine;
use crate::ip::Family;
use crate::profile::Profile;
use crate::space::{ConnId, Space};
use crate::world::{Direction, Endpoint, EndpointKind, Policy, Rule, World};

/// What a set of policies surely lets through between everything that a world holds, outside addresses included.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Endpoints and blocks by name, with their number.
    elements: Vec<(String, usize)>,
    by_name: HashMap<String, usize>,
    classes: usize,
    size: usize,
    all: Vec<ConnId>,
    explicit: Vec<ConnId>,
}

/// Which part of a relation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything that passes.
    All,
    /// What passes between ends of which a policy is for at least one.
    Explicit,
}

/// Finds what passes by the given policies alone. With `ipv6` off, addresses of that family are left out.
pub fn relation(engine: &mut Engine, policies: &[usize], ipv6: bool) -> Relation {
    let (classes, size) = (engine.universe().classes.len(), engine.universe().size());
    let mut sides = Vec::with_capacity(classes * 2);
    for class in 0..classes {
        for direction in Direction::BOTH {
            let captured = engine.is_captured(direction, class, policies);
            sides.push((engine.side_of(direction, class, policies), captured));
        }
    }
    let side = |class: usize, direction: Direction, other: usize| -> (ConnId, bool) {
        let of_class = sides.get(class * 2 + direction as usize).filter(|_| class < classes);
        match of_class {
            Some((sets, captured)) => (sets.get(other).copied().unwrap_or(ConnId::EMPTY), *captured),
            None => (ConnId::ALL, false),
        }
    };
    let mut is_name = crate::bits::BitSet::new(size);
    for (index, endpoint) in engine.world().endpoints.iter().enumerate() {
        if endpoint.kind == EndpointKind::Name {
            is_name.insert(engine.universe().class_of(index));
        }
    }
    let (mut all, mut explicit) = (vec![ConnId::EMPTY; size * size], vec![ConnId::EMPTY; size * size]);
    for from in 0..size {
        for to in 0..size {
            if from >= classes && to >= classes {
                continue;
            }
            // What is only known by its name is a destination, and outside like all addresses.
            if is_name.contains(from) || from >= classes && is_name.contains(to) {
                continue;
            }
            let (out, out_captured) = side(from, Direction::Egress, to);
            let (into, in_captured) = side(to, Direction::Ingress, from);
            let both = engine.space().intersect(out, into);
            if let (Some(all), Some(explicit)) =
                (all.get_mut(from * size + to), explicit.get_mut(from * size + to))
            {
                *all = both;
                *explicit = if out_captured || in_captured { both } else { ConnId::EMPTY };
            }
        }
    }
    let mut elements: Vec<(String, usize)> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, endpoint) in engine.world().endpoints.iter().enumerate() {
        let name = element_name(endpoint);
        let count = seen.entry(name.clone()).or_insert(0);
        *count += 1;
        elements.push((format!("{name}#{count}"), engine.universe().class_of(index)));
    }
    for (index, block) in engine.universe().blocks.iter().enumerate() {
        for range in block.addresses.ranges().iter().filter(|range| ipv6 || range.family == Family::V4) {
            elements.push((range.to_string(), classes + index));
        }
    }
    let by_name = elements.iter().cloned().collect();
    Relation { elements, by_name, classes, size, all, explicit }
}

/// The pod's own name, else that of its workload; equal ones are told apart by a number.
pub fn element_name(endpoint: &Endpoint) -> String {
    if endpoint.pod.is_empty() {
        endpoint.to_string()
    } else {
        format!("{}/{}", endpoint.namespace, endpoint.pod)
    }
}

impl Relation {
    fn part(&self, part: Part, from: usize, to: usize) -> ConnId {
        let sets = if part == Part::All { &self.all } else { &self.explicit };
        sets.get(from * self.size + to).copied().unwrap_or(ConnId::EMPTY)
    }

    /// The names of the endpoints.
    pub fn endpoints(&self) -> impl Iterator<Item = &str> {
        self.elements.iter().filter(|(_, number)| *number < self.classes).map(|(name, _)| name.as_str())
    }

    /// All pairs of elements of which at least one is an endpoint.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str, ConnId, ConnId)> {
        self.elements.iter().flat_map(move |(from, source)| {
            self.elements.iter().filter(move |(_, to)| *source < self.classes || *to < self.classes).map(
                move |(to, destination)| {
                    let all = self.part(Part::All, *source, *destination);
                    let explicit = self.part(Part::Explicit, *source, *destination);
                    (from.as_str(), to.as_str(), all, explicit)
                },
            )
        })
    }

    /// What `part` of this relation has between the elements of those names.
    pub fn between(&self, part: Part, from: &str, to: &str) -> ConnId {
        match (self.by_name.get(from), self.by_name.get(to)) {
            (Some(from), Some(to)) => self.part(part, *from, *to),
            _ => ConnId::EMPTY,
        }
    }

    /// Whether what `part` of this relation lets through, `other_part` of the other lets through too.
    pub fn is_within(&self, space: &mut Space, part: Part, other: &Relation, other_part: Part) -> bool {
        self.pairs().all(|(from, to, all, explicit)| {
            let set = if part == Part::All { all } else { explicit };
            set.is_empty() || {
                let theirs = other.between(other_part, from, to);
                space.is_subset(set, theirs)
            }
        })
    }

    /// Whether something passes by both.
    pub fn meets(&self, space: &mut Space, part: Part, other: &Relation, other_part: Part) -> bool {
        self.pairs().any(|(from, to, all, explicit)| {
            let set = if part == Part::All { all } else { explicit };
            let theirs = other.between(other_part, from, to);
            !space.intersect(set, theirs).is_empty()
        })
    }

    /// Whether both let the same through.
    pub fn is_same(&self, space: &mut Space, other: &Relation) -> bool {
        self.is_within(space, Part::All, other, Part::All)
            && other.is_within(space, Part::All, self, Part::All)
    }
}

/// A rule by its policy, direction and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleRef {
    /// Index of the policy.
    pub policy: usize,
    /// Which of its lists.
    pub direction: Direction,
    /// Index in the list.
    pub rule: usize,
}

/// Why a rule names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptyRule {
    /// The rule.
    pub rule: RuleRef,
    /// Whether the other side is empty.
    pub has_no_peer: bool,
    /// Whether the policy's own side is.
    pub has_no_subject: bool,
}

/// A set of policies that is asked about, ready to be asked what would be without a part of it.
#[derive(Debug)]
pub struct Audit {
    /// The engine, with the policies and variants of them.
    pub engine: Engine,
    policies: Vec<usize>,
    /// For each rule the policy without it; `None` where an equal rule would go with it.
    without: Vec<(RuleRef, Option<usize>)>,
    ipv6: bool,
}

/// Whether two rules name the same in the same way.
fn is_equal(a: &Rule, b: &Rule) -> bool {
    a.action == b.action && a.peer == b.peer && a.subject == b.subject && a.traffic == b.traffic
}

impl Audit {
    /// Prepares the policies of a world. `more` are policies of another world that it will be compared with.
    pub fn new(space: Space, world: &World, profile: Profile, more: &[Policy], ipv6: bool) -> Self {
        let mut world = world.clone();
        let count = world.policies.len();
        let mut without = Vec::new();
        for policy in 0..count {
            for direction in Direction::BOTH {
                let Some(original) = world.policies.get(policy).cloned() else { continue };
                let rules = original.rules(direction).unwrap_or_default().to_vec();
                for (index, rule) in rules.iter().enumerate() {
                    let kept: Vec<Rule> =
                        rules.iter().filter(|other| !is_equal(rule, other)).cloned().collect();
                    let reference = RuleRef { policy, direction, rule: index };
                    if kept.len() + 1 < rules.len() {
                        without.push((reference, None));
                        continue;
                    }
                    let mut variant = original.clone();
                    match direction {
                        Direction::Ingress => variant.ingress = Some(kept),
                        Direction::Egress => variant.egress = Some(kept),
                    }
                    without.push((reference, Some(world.policies.len())));
                    world.policies.push(variant);
                }
            }
        }
        let engine = Engine::in_space(space, world, profile, more, &[]);
        Self { engine, policies: (0..count).collect(), without, ipv6 }
    }

    /// The policies that are asked about.
    pub fn policies(&self) -> &[usize] {
        &self.policies
    }

    /// What some of the policies let through.
    pub fn relation(&mut self, policies: &[usize]) -> Relation {
        relation(&mut self.engine, policies, self.ipv6)
    }

    /// Whether the policies leave everything as it would be without them.
    pub fn is_vacuous(&mut self) -> bool {
        let own = self.policies.clone();
        let with = self.relation(&own);
        let without = self.relation(&[]);
        with.is_same(self.engine.space(), &without)
    }

    /// The policies without any of which everything would stay as it is.
    pub fn redundant_policies(&mut self) -> Vec<usize> {
        let own = self.policies.clone();
        if own.len() < 2 {
            return Vec::new();
        }
        let all = self.relation(&own);
        let mut redundant = Vec::new();
        for policy in &own {
            let rest: Vec<usize> = own.iter().copied().filter(|other| other != policy).collect();
            let rest = self.relation(&rest);
            if all.is_same(self.engine.space(), &rest) {
                redundant.push(*policy);
            }
        }
        redundant
    }

    /// The rules of a policy without any of which everything would stay as it is.
    pub fn redundant_rules(&mut self, policy: usize) -> Vec<RuleRef> {
        let own = self.policies.clone();
        let all = self.relation(&own);
        let mut redundant = Vec::new();
        let of_policy: Vec<_> =
            self.without.iter().filter(|(rule, _)| rule.policy == policy).copied().collect();
        for (rule, variant) in of_policy {
            let Some(variant) = variant else {
                redundant.push(rule);
                continue;
            };
            let mut rest: Vec<usize> = own.iter().copied().filter(|other| *other != policy).collect();
            rest.push(variant);
            let rest = self.relation(&rest);
            if all.is_same(self.engine.space(), &rest) {
                redundant.push(rule);
            }
        }
        redundant
    }

    /// Whether a policy is for nothing.
    pub fn is_empty_policy(&self, policy: usize) -> bool {
        self.engine.subjects(policy).is_none_or(crate::bits::BitSet::is_empty)
    }

    /// The rules of a policy that name nothing.
    pub fn empty_rules(&mut self, policy: usize) -> Vec<EmptyRule> {
        let mut empty = Vec::new();
        for direction in Direction::BOTH {
            let count = self
                .engine
                .world()
                .policies
                .get(policy)
                .and_then(|p| p.rules(direction))
                .map_or(0, <[_]>::len);
            for rule in 0..count {
                let has_no_peer =
                    self.engine.peers(policy, direction, rule).is_none_or(crate::bits::BitSet::is_empty);
                let has_no_subject =
                    match (self.engine.rule_subject(policy, direction, rule), self.engine.subjects(policy)) {
                        (Some(of_rule), Some(of_policy)) => !of_rule.intersects(of_policy),
                        (None, Some(of_policy)) => of_policy.is_empty(),
                        (_, None) => true,
                    };
                if has_no_peer || has_no_subject {
                    let rule = RuleRef { policy, direction, rule };
                    empty.push(EmptyRule { rule, has_no_peer, has_no_subject });
                }
            }
        }
        empty
    }

    /// The endpoints, by number in the world, that no policy of that direction is for.
    pub fn uncaptured(&self, direction: Direction) -> Vec<usize> {
        let endpoints = self.engine.world().endpoints.iter().enumerate();
        endpoints
            .filter(|(_, endpoint)| matches!(endpoint.kind, EndpointKind::Pod | EndpointKind::Host))
            .filter(|(index, _)| {
                let class = self.engine.universe().class_of(*index);
                !self.engine.is_captured(direction, class, &self.policies)
            })
            .map(|(index, _)| index)
            .collect()
    }
}
