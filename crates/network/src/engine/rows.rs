//! Rows: what the policies of a group of endpoints let through with everything else.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::prepare::{Ports, connections};
use super::{Engine, GroupKey, NO_ROW, ReadyRule, Row, Traffic};
use crate::bits::BitSet;
use crate::classes::{Bound, Class};
use crate::l4::{self, Protocol};
use crate::profile::Tri;
use crate::read::stage;
use crate::space::{ConnId, Line, Space};
use crate::world::{Action, Direction, EndpointKind, Layer, PolicyRef, PortDeclaration, StageKind};

impl Engine {
    /// Finds the row of every class, or only of those in `only`.
    pub(super) fn assign_rows(&mut self, only: Option<&BitSet>) {
        for direction in Direction::BOTH {
            let at = direction as usize;
            let count = self.universe.classes.len();
            // Policies by class, in the order in which they are asked.
            let mut lists: Vec<Vec<u32>> = vec![Vec::new(); count];
            let (mut doubtful, mut mesh_doubtful) = (BitSet::new(count), BitSet::new(count));
            for index in &self.order {
                let Some(ready) = self.ready.get(*index as usize) else { continue };
                if ready.rules.get(at).is_none_or(Option::is_none) {
                    continue;
                }
                let (Some(least), Some(most)) = (&ready.subject_least, &ready.subject_most) else { continue };
                let layer = self.layer_of(*index);
                for class in most.iter() {
                    if only.is_some_and(|only| !only.contains(class)) {
                        continue;
                    }
                    if let Some(list) = lists.get_mut(class) {
                        list.push(*index);
                    }
                    if ready.is_unreadable || !least.contains(class) {
                        match layer {
                            Layer::Network => doubtful.insert(class),
                            Layer::Mesh => mesh_doubtful.insert(class),
                        }
                    }
                }
            }
            if let Some(row_of) = self.row_of.get_mut(at) {
                row_of.resize(count, NO_ROW);
            }
            for (class, policies) in lists.into_iter().enumerate() {
                if only.is_some_and(|only| !only.contains(class)) {
                    continue;
                }
                let Some(of_class) = self.universe.classes.get(class) else { continue };
                let uses_names = policies.iter().any(|index| {
                    let ready = self.ready.get(*index as usize);
                    ready.is_some_and(|ready| ready.uses_names.get(at).copied().unwrap_or(false))
                });
                let own_rules = policies
                    .iter()
                    .filter_map(|index| self.ready.get(*index as usize)?.rules.get(at)?.as_ref());
                let own_rules = own_rules.flatten().filter(|rule| rule.subject.is_some());
                let key = GroupKey {
                    rules: own_rules
                        .map(|rule| (rule.may_be_for(class), rule.is_surely_for(class)))
                        .collect(),
                    policies,
                    ports: uses_names.then(|| of_class.ports.clone()),
                    is_doubtful: doubtful.contains(class),
                    is_mesh_doubtful: mesh_doubtful.contains(class),
                    is_host: of_class.is_host,
                };
                let row = self.row_for(direction, key, class);
                if let Some(slot) = self.row_of.get_mut(at).and_then(|rows| rows.get_mut(class)) {
                    *slot = row;
                }
            }
        }
    }

    fn row_for(&mut self, direction: Direction, key: GroupKey, class: usize) -> u32 {
        let at = direction as usize;
        if let Some(row) = self.groups.get(at).and_then(|groups| groups.get(&key)) {
            return *row;
        }
        let of_mesh = key.policies.iter().position(|policy| self.layer_of(*policy) == Layer::Mesh);
        let (of_network, of_mesh) = key.policies.split_at(of_mesh.unwrap_or(key.policies.len()));
        let mut row = self.network_row(direction, of_network, key.is_doubtful, class);
        if !of_mesh.is_empty() {
            let mesh = self.mesh_row(direction, of_mesh, key.is_mesh_doubtful, class);
            row = self.meet(&row, &mesh);
        }
        let Some(rows) = self.rows.get_mut(at) else { return NO_ROW };
        let number = u32::try_from(rows.len()).unwrap_or(NO_ROW);
        rows.push(row);
        if let Some(groups) = self.groups.get_mut(at) {
            groups.insert(key, number);
        }
        number
    }

    pub(super) fn layer_of(&self, policy: u32) -> Layer {
        let stage = self.stage_of(policy).and_then(|stage| self.world.stages.get(stage));
        stage.map(|stage| stage.layer).unwrap_or_default()
    }

    /// What both let through.
    fn meet(&mut self, one: &Row, two: &Row) -> Row {
        let space = &mut self.space;
        let mut both = |one: &[ConnId], two: &[ConnId]| -> Arc<[ConnId]> {
            one.iter().zip(two).map(|(one, two)| space.intersect(*one, *two)).collect()
        };
        let least = both(&one.least, &two.least);
        let is_certain = Arc::ptr_eq(&one.least, &one.most) && Arc::ptr_eq(&two.least, &two.most);
        let most = if is_certain { Arc::clone(&least) } else { both(&one.most, &two.most) };
        Row { least, most }
    }

    /// What the policies of the mesh let through: proxies see TCP only, everything else passes by them.
    pub(super) fn mesh_row(
        &mut self,
        direction: Direction,
        policies: &[u32],
        is_doubtful: bool,
        class: usize,
    ) -> Row {
        // Ports that are known by name only are TCP where the name says so, or nothing else.
        let named = (l4::unresolved().0..).zip(&self.strings.port_names);
        let named = named.filter(|(_, (protocol, _))| protocol.is_none_or(|of| of == Protocol::Tcp));
        let tcp: Vec<_> = named.map(|(number, _)| (number, number)).chain([Protocol::Tcp.all()]).collect();
        let beside = self.space.ranges(Line::Target, &tcp);
        let beside = self.space.complement(beside);
        let size = self.universe.size();
        let mut bounds = [Bound::Least, Bound::Most].map(|bound| {
            if is_doubtful {
                return vec![if bound == Bound::Least { ConnId::EMPTY } else { ConnId::ALL }; size];
            }
            self.fold(direction, policies, class, bound)
        });
        for set in bounds.iter_mut().flatten() {
            *set = self.space.union(*set, beside);
        }
        let [least, most] = bounds;
        let least: Arc<[ConnId]> = least.into();
        let most = if *least == *most { Arc::clone(&least) } else { most.into() };
        Row { least, most }
    }

    fn network_row(
        &mut self,
        direction: Direction,
        policies: &[u32],
        is_doubtful: bool,
        class: usize,
    ) -> Row {
        let size = self.universe.size();
        if is_doubtful {
            return Row { least: vec![ConnId::EMPTY; size].into(), most: vec![ConnId::ALL; size].into() };
        }
        let least: Arc<[ConnId]> = self.fold(direction, policies, class, Bound::Least).into();
        let is_certain = !self.is_uncertain(direction, policies, class) && self.profile.enforces == Tri::Yes;
        let hosts_differ = direction == Direction::Ingress
            && self.profile.node_always
            && self.universe.hosts().iter().any(|host| least.get(host) != Some(&ConnId::ALL));
        let most = if is_certain && !hosts_differ {
            Arc::clone(&least)
        } else if self.profile.enforces != Tri::Yes {
            vec![ConnId::ALL; size].into()
        } else {
            let mut most =
                if is_certain { least.to_vec() } else { self.fold(direction, policies, class, Bound::Most) };
            if hosts_differ {
                // The node that the pod runs on always reaches it, and any host may be that node.
                for host in self.universe.hosts().iter() {
                    if let Some(slot) = most.get_mut(host) {
                        *slot = ConnId::ALL;
                    }
                }
            }
            most.into()
        };
        Row { least, most }
    }

    fn is_uncertain(&self, direction: Direction, policies: &[u32], class: usize) -> bool {
        self.has_rivals(policies)
            || policies.iter().any(|index| {
                let ready = self.ready.get(*index as usize);
                let rules = ready.and_then(|ready| ready.rules.get(direction as usize)?.as_ref());
                let mut rules = rules.into_iter().flatten().filter(|rule| rule.may_be_for(class));
                rules.any(|rule| rule.is_uncertain || rule.least != rule.most || !rule.is_surely_for(class))
            })
    }

    /// Applies the policies, stage by stage, to everything at the other end.
    pub(super) fn fold(
        &mut self,
        direction: Direction,
        policies: &[u32],
        class: usize,
        bound: Bound,
    ) -> Vec<ConnId> {
        let size = self.universe.size();
        let mut allowed = vec![ConnId::EMPTY; size];
        // What no stage has decided yet.
        let mut open = vec![ConnId::ALL; size];
        let mut from = 0;
        let mut is_decided = false;
        while let Some(stage) = policies.get(from).and_then(|index| self.stage_of(*index)) {
            let until = policies.iter().skip(from).take_while(|index| self.stage_of(**index) == Some(stage));
            let until = from + until.count();
            let of_stage = policies.get(from..until).unwrap_or_default();
            match self.world.stages.get(stage).map(|stage| stage.kind) {
                Some(StageKind::Union) => {
                    let isolates = of_stage.iter().any(|index| {
                        self.world.policies.get(*index as usize).is_some_and(|policy| policy.isolates)
                    });
                    let is_first = from == 0;
                    if is_first && isolates && !self.refuses_anything(direction, of_stage) {
                        // By far the most common case: nothing was decided before, and nothing is left to decide.
                        allowed = self.named(direction, of_stage, class, Action::Allow, bound == Bound::Most);
                        is_decided = true;
                        break;
                    }
                    self.fold_union(direction, of_stage, class, bound, isolates, &mut allowed, &mut open);
                }
                kind => {
                    let is_closed = kind == Some(StageKind::Closed);
                    self.fold_ordered(direction, of_stage, class, bound, is_closed, &mut allowed, &mut open);
                }
            }
            from = until;
        }
        if is_decided {
            return allowed;
        }
        // An interface of a node that is a HostEndpoint is closed but for what policies and the fail-safe ports open.
        let is_closed = policies.is_empty() && bound == Bound::Least && self.is_host_endpoint(class);
        for (allowed, open) in allowed.iter_mut().zip(open) {
            if !is_closed {
                *allowed = self.space.union(*allowed, open);
            }
        }
        allowed
    }

    fn is_host_endpoint(&self, class: usize) -> bool {
        let first = self.universe.classes.get(class).and_then(|class| class.members.first());
        first
            .and_then(|first| self.world.endpoints.get(*first as usize))
            .is_some_and(|endpoint| endpoint.kind == EndpointKind::Host)
    }

    pub(super) fn stage_of(&self, policy: u32) -> Option<usize> {
        self.world.policies.get(policy as usize).map(|policy| policy.stage)
    }

    /// The rules of a policy that are for a class.
    fn rules_of(&self, direction: Direction, policy: u32, class: usize) -> Vec<ReadyRule> {
        let ready = self.ready.get(policy as usize);
        let rules = ready.and_then(|ready| ready.rules.get(direction as usize)?.as_ref());
        let own = rules.into_iter().flatten().filter(|rule| rule.may_be_for(class)).cloned();
        own.map(|mut rule| {
            rule.is_uncertain |= !rule.is_surely_for(class);
            rule
        })
        .collect()
    }

    /// The rule's peers with its connections, as they count for `bound`: a rule that lets through counts with what it
    /// surely (or possibly) names, one that stops the other way round.
    fn hits(
        &mut self,
        direction: Direction,
        rule: &ReadyRule,
        class: usize,
        take_most: bool,
        mut apply: impl FnMut(&mut Space, usize, ConnId),
    ) {
        if rule.is_uncertain && !take_most {
            return;
        }
        let peers = if take_most { &rule.most } else { &rule.least };
        match &rule.traffic {
            Traffic::Fixed(set) => {
                for peer in peers.iter() {
                    apply(&mut self.space, peer, *set);
                }
            }
            Traffic::Named(parts) => {
                let mut known: FxHashMap<Vec<PortDeclaration>, ConnId> = FxHashMap::default();
                let mut without: [Option<ConnId>; 2] = [None, None];
                let first_possible = self.universe.first_possible();
                let subject = self.universe.classes.get(class);
                for peer in peers.iter() {
                    let other: Option<&Class> = self.universe.classes.get(peer);
                    let is_possible = peer >= first_possible;
                    let of_other = match other {
                        Some(other) => Ports::Of(&other.ports),
                        None if is_possible => Ports::Unresolved,
                        None => Ports::Unknown,
                    };
                    let of_subject = subject.map_or(Ports::Unknown, |subject| Ports::Of(&subject.ports));
                    let (source, destination) = match direction {
                        Direction::Ingress => (of_other, of_subject),
                        Direction::Egress => (of_subject, of_other),
                    };
                    let set = match other {
                        Some(other) => match known.get(&other.ports) {
                            Some(set) => *set,
                            None => {
                                let set =
                                    connections(&mut self.space, &self.strings, parts, source, destination);
                                known.insert(other.ports.clone(), set);
                                set
                            }
                        },
                        None => {
                            let Some(slot) = without.get_mut(usize::from(is_possible)) else { continue };
                            *slot.get_or_insert_with(|| {
                                connections(&mut self.space, &self.strings, parts, source, destination)
                            })
                        }
                    };
                    apply(&mut self.space, peer, set);
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one fold, nowhere else needed")]
    fn fold_ordered(
        &mut self,
        direction: Direction,
        policies: &[u32],
        class: usize,
        bound: Bound,
        is_closed: bool,
        allowed: &mut [ConnId],
        open: &mut [ConnId],
    ) {
        let mut passed = vec![ConnId::EMPTY; open.len()];
        for rivals in self.by_priority(policies) {
            if let [alone] = rivals.as_slice() {
                for policy in alone {
                    self.fold_policy(direction, *policy, class, bound, allowed, open, &mut passed);
                }
                continue;
            }
            self.fold_rivals(direction, &rivals, class, bound, allowed, open, &mut passed);
        }
        for (open, passed) in open.iter_mut().zip(passed) {
            *open = if is_closed { passed } else { self.space.union(*open, passed) };
        }
    }

    /// Priority and name of a policy of which it is not defined who is asked first where priorities are equal.
    fn priority(&self, policy: u32) -> Option<(f64, &PolicyRef)> {
        let policy = self.world.policies.get(policy as usize)?;
        let stage = self.world.stages.get(policy.stage)?;
        // Calico goes by name where orders are equal.
        matches!(stage.name.as_str(), stage::ADMIN | stage::BASELINE).then_some((policy.order, &policy.id))
    }

    /// Whether some of the policies, which are in order, have equal priorities.
    fn has_rivals(&self, policies: &[u32]) -> bool {
        let pairs = policies.iter().zip(policies.iter().skip(1));
        let mut priorities = pairs.map(|(one, two)| (self.priority(*one), self.priority(*two)));
        priorities.any(|pair| matches!(pair, (Some(one), Some(two)) if one.0 == two.0 && one.1 != two.1))
    }

    /// Policies that are asked one after another, those of which nobody says which one is asked first together. What
    /// one object became stays together too.
    pub(crate) fn by_priority(&self, policies: &[u32]) -> Vec<Vec<Vec<u32>>> {
        let key = |index: &u32| self.priority(*index);
        let mut groups: Vec<Vec<Vec<u32>>> = Vec::new();
        for pair in policies.chunk_by(|a, b| key(a).is_some_and(|a| key(b).is_some_and(|b| a.0 == b.0))) {
            let same = pair.chunk_by(|a, b| key(a).map(|key| key.1) == key(b).map(|key| key.1));
            groups.push(same.map(<[u32]>::to_vec).collect());
        }
        groups
    }

    /// Policies of equal priority: what they agree on is sure, of the rest either may be asked first.
    #[expect(clippy::too_many_arguments, reason = "the state of one fold, nowhere else needed")]
    fn fold_rivals(
        &mut self,
        direction: Direction,
        rivals: &[Vec<u32>],
        class: usize,
        bound: Bound,
        allowed: &mut [ConnId],
        open: &mut [ConnId],
        passed: &mut [ConnId],
    ) {
        let nothing = vec![ConnId::EMPTY; open.len()];
        let (mut lets, mut leaves, mut stops) = (nothing.clone(), nothing.clone(), nothing.clone());
        for policies in rivals {
            let (mut own_allowed, mut own_open, mut own_passed) =
                (nothing.clone(), open.to_vec(), nothing.clone());
            for policy in policies {
                let own = (&mut own_allowed, &mut own_open, &mut own_passed);
                self.fold_policy(direction, *policy, class, bound, own.0, own.1, own.2);
            }
            let own = own_allowed.iter().zip(&own_open).zip(&own_passed);
            let all = lets.iter_mut().zip(&mut leaves).zip(&mut stops).zip(open.iter());
            for ((((lets, leaves), stops), before), ((own_lets, own_open), own_leaves)) in all.zip(own) {
                *lets = self.space.union(*lets, *own_lets);
                *leaves = self.space.union(*leaves, *own_leaves);
                let decided = self.space.minus(*before, *own_open);
                let decided = self.space.minus(decided, *own_lets);
                let own_stops = self.space.minus(decided, *own_leaves);
                *stops = self.space.union(*stops, own_stops);
            }
        }
        let all = allowed.iter_mut().zip(open).zip(passed);
        let all = all.zip(lets.into_iter().zip(leaves).zip(stops));
        for (((allowed, open), passed), ((lets, leaves), stops)) in all {
            // Leaving it to the next stage refuses no more than refusing, and allows no more than allowing.
            let (lets, leaves) = match bound {
                Bound::Least => {
                    let leaves = self.space.minus(leaves, stops);
                    let lets = self.space.minus(lets, stops);
                    (self.space.minus(lets, leaves), leaves)
                }
                Bound::Most => (lets, self.space.minus(leaves, lets)),
            };
            *allowed = self.space.union(*allowed, lets);
            *passed = self.space.union(*passed, leaves);
            for decided in [lets, leaves, stops] {
                *open = self.space.minus(*open, decided);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one fold, nowhere else needed")]
    fn fold_policy(
        &mut self,
        direction: Direction,
        policy: u32,
        class: usize,
        bound: Bound,
        allowed: &mut [ConnId],
        open: &mut [ConnId],
        passed: &mut [ConnId],
    ) {
        for rule in self.rules_of(direction, policy, class) {
            match rule.action {
                Action::Allow => {
                    self.hits(direction, &rule, class, bound == Bound::Most, |space, peer, set| {
                        let (Some(allowed), Some(open)) = (allowed.get_mut(peer), open.get_mut(peer)) else {
                            return;
                        };
                        let hit = space.intersect(*open, set);
                        *allowed = space.union(*allowed, hit);
                        *open = space.minus(*open, hit);
                    });
                }
                Action::Deny => {
                    self.hits(direction, &rule, class, bound == Bound::Least, |space, peer, set| {
                        if let Some(open) = open.get_mut(peer) {
                            *open = space.minus(*open, set);
                        }
                    });
                }
                Action::Pass => {
                    self.hits(direction, &rule, class, false, |space, peer, set| {
                        let (Some(passed), Some(open)) = (passed.get_mut(peer), open.get_mut(peer)) else {
                            return;
                        };
                        let hit = space.intersect(*open, set);
                        *passed = space.union(*passed, hit);
                        *open = space.minus(*open, hit);
                    });
                    // What is only perhaps passed on counts as stopped for the one bound, as let through for
                    // the other: wide, but never wrong.
                    if rule.is_uncertain || rule.least != rule.most {
                        self.hits(direction, &rule, class, true, |space, peer, set| {
                            let (Some(allowed), Some(open)) = (allowed.get_mut(peer), open.get_mut(peer))
                            else {
                                return;
                            };
                            if bound == Bound::Most {
                                let hit = space.intersect(*open, set);
                                *allowed = space.union(*allowed, hit);
                            }
                            *open = space.minus(*open, set);
                        });
                    }
                }
                Action::Log => {}
            }
        }
    }

    /// Whether some rule of the policies refuses something.
    fn refuses_anything(&self, direction: Direction, policies: &[u32]) -> bool {
        policies.iter().any(|policy| {
            let ready = self.ready.get(*policy as usize);
            let rules = ready.and_then(|ready| ready.rules.get(direction as usize)?.as_ref());
            rules.is_some_and(|rules| rules.iter().any(|rule| rule.action == Action::Deny))
        })
    }

    /// What the rules with that action name, by the number of the other end.
    fn named(
        &mut self,
        direction: Direction,
        policies: &[u32],
        class: usize,
        action: Action,
        take_most: bool,
    ) -> Vec<ConnId> {
        let size = self.universe.size();
        // Few distinct sets, many peers: collect the peers of each set first.
        let mut by_set: Vec<(ConnId, Vec<Arc<BitSet>>)> = Vec::new();
        let mut sets = vec![ConnId::EMPTY; size];
        for policy in policies {
            for rule in self.rules_of(direction, *policy, class) {
                if rule.action != action || rule.is_uncertain && !take_most {
                    continue;
                }
                if let Traffic::Fixed(set) = rule.traffic {
                    let peers = if take_most { rule.most } else { rule.least };
                    match by_set.iter_mut().find(|(known, _)| *known == set) {
                        Some((_, all)) => all.push(peers),
                        None => by_set.push((set, vec![peers])),
                    }
                    continue;
                }
                self.hits(direction, &rule, class, take_most, |space, peer, set| {
                    if let Some(slot) = sets.get_mut(peer) {
                        *slot = space.union(*slot, set);
                    }
                });
            }
        }
        for (set, peers) in by_set {
            let united = match peers.as_slice() {
                [one] => Arc::clone(one),
                many => {
                    let mut united = BitSet::new(size);
                    many.iter().for_each(|peers| united.union_with(peers));
                    Arc::new(united)
                }
            };
            for peer in united.iter() {
                if let Some(slot) = sets.get_mut(peer) {
                    *slot = self.space.union(*slot, set);
                }
            }
        }
        sets
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one fold, nowhere else needed")]
    fn fold_union(
        &mut self,
        direction: Direction,
        policies: &[u32],
        class: usize,
        bound: Bound,
        isolates: bool,
        allowed: &mut [ConnId],
        open: &mut [ConnId],
    ) {
        let denied = self.named(direction, policies, class, Action::Deny, bound == Bound::Least);
        let let_in = self.named(direction, policies, class, Action::Allow, bound == Bound::Most);
        for (((allowed, open), denied), let_in) in allowed.iter_mut().zip(open).zip(denied).zip(let_in) {
            let undenied = self.space.minus(*open, denied);
            let hit = self.space.intersect(undenied, let_in);
            *allowed = self.space.union(*allowed, hit);
            *open = if isolates { ConnId::EMPTY } else { self.space.minus(undenied, let_in) };
        }
    }
}
