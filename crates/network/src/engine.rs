//! Who may connect to whom: rows of connection sets per group of endpoints, and verdicts from them.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::bits::BitSet;
use crate::classes::{Bound, Class, Universe};
use crate::l4::{self, Protocol};
use crate::profile::{Profile, Tri};
use crate::space::{ConnId, Line, Space};
use crate::strings::{Atoms, Pattern};
use crate::world::{
    Action, Direction, EndpointKind, HttpMatch, Match, PeerExpr, Policy, PortDeclaration, PortSet, StageKind,
    World,
};

/// What may pass between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// What surely passes.
    pub allowed: ConnId,
    /// What passes or may pass; contains `allowed`.
    pub possible: ConnId,
}

/// One rule, ready to be applied.
#[derive(Debug, Clone)]
struct ReadyRule {
    action: Action,
    least: Arc<BitSet>,
    most: Arc<BitSet>,
    /// The classes that the rule is for, where that is not all of the policy's.
    subject: Option<Arc<BitSet>>,
    traffic: Traffic,
    is_uncertain: bool,
}

#[derive(Debug, Clone)]
enum Traffic {
    /// The same whoever talks.
    Fixed(ConnId),
    /// Depends on the named ports of the ends.
    Named(Arc<[Match]>),
}

#[derive(Debug, Clone, Default)]
struct ReadyPolicy {
    subject_least: Option<Arc<BitSet>>,
    subject_most: Option<Arc<BitSet>>,
    rules: [Option<Vec<ReadyRule>>; 2],
    uses_names: [bool; 2],
    is_unreadable: bool,
}

/// What decides the row of a class in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct GroupKey {
    /// Policies that select it, in the order in which they are asked.
    policies: Vec<u32>,
    /// A class whose named ports stand for those of the group, where that matters.
    ports: Option<Vec<PortDeclaration>>,
    /// Which rules with a subject of their own are for it.
    rules: Vec<bool>,
    /// Whether the policies may or may not be for it.
    is_doubtful: bool,
    is_host: bool,
}

/// Sets by number of the other end, at least and at most (the same where nothing is uncertain).
#[derive(Debug, Clone)]
struct Row {
    least: Arc<[ConnId]>,
    most: Arc<[ConnId]>,
}

/// The answers for a world.
#[derive(Debug)]
pub struct Engine {
    world: World,
    profile: Profile,
    space: Space,
    universe: Universe,
    strings: Strings,
    ready: Vec<ReadyPolicy>,
    /// Policies in the order in which they are asked.
    order: Vec<u32>,
    rows: [Vec<Row>; 2],
    /// Index into `rows` by class.
    row_of: [Vec<u32>; 2],
    groups: [FxHashMap<GroupKey, u32>; 2],
}

/// Numbers for HTTP methods, paths and hosts.
#[derive(Debug, Clone, Default)]
pub struct Strings {
    methods: Vec<String>,
    paths: Atoms,
    hosts: Atoms,
    /// Names of ports, for ends of which no declared ports are known.
    port_names: Vec<(Option<Protocol>, String)>,
}

impl Strings {
    fn of<'p>(policies: impl Iterator<Item = &'p Policy>, more: &[HttpMatch]) -> Self {
        let mut methods: Vec<String> = Vec::new();
        let (mut paths, mut hosts): (Vec<Pattern>, Vec<Pattern>) = (Vec::new(), Vec::new());
        let mut look = |http: &HttpMatch| {
            methods.extend(http.methods.iter().chain(&http.not_methods).cloned());
            paths.extend(http.paths.iter().chain(&http.not_paths).cloned());
            hosts.extend(http.hosts.iter().chain(&http.not_hosts).cloned());
        };
        let mut port_names: Vec<(Option<Protocol>, String)> = Vec::new();
        for policy in policies {
            let rules = policy.ingress.iter().chain(&policy.egress).flatten();
            for part in rules.clone().flat_map(|rule| &rule.traffic) {
                port_names.extend(part.ports.iter().flat_map(|ports| &ports.names).cloned());
            }
            rules.flat_map(|rule| &rule.traffic).filter_map(|part| part.http.as_ref()).for_each(&mut look);
        }
        more.iter().for_each(look);
        for list in [&mut paths, &mut hosts] {
            list.sort();
            list.dedup();
        }
        methods.sort();
        methods.dedup();
        port_names.sort();
        port_names.dedup();
        let atoms =
            |patterns: &[Pattern]| if patterns.is_empty() { Atoms::default() } else { Atoms::of(patterns) };
        Self { methods, paths: atoms(&paths), hosts: atoms(&hosts), port_names }
    }

    /// The set of requests that a match names.
    pub fn requests(&self, space: &mut Space, http: &HttpMatch) -> ConnId {
        let mut set = ConnId::ALL;
        for (methods, is_meant) in [(&http.methods, true), (&http.not_methods, false)] {
            if methods.is_empty() {
                continue;
            }
            let mut part = ConnId::EMPTY;
            for method in methods {
                let pattern = Pattern::parse(method);
                let numbers: Vec<(u32, u32)> = match pattern {
                    Pattern::Any => vec![(0, u32::MAX)],
                    _ => (0u32..)
                        .zip(&self.methods)
                        .filter(|(_, known)| pattern.matches(known))
                        .map(|(number, _)| (number, number))
                        .collect(),
                };
                let one = space.ranges(Line::Method, &numbers);
                part = space.union(part, one);
            }
            set = if is_meant { space.intersect(set, part) } else { space.minus(set, part) };
        }
        let lists = [
            (&http.paths, Line::Path, true),
            (&http.not_paths, Line::Path, false),
            (&http.hosts, Line::Host, true),
            (&http.not_hosts, Line::Host, false),
        ];
        for (patterns, line, is_meant) in lists {
            if patterns.is_empty() {
                continue;
            }
            let atoms = if line == Line::Path { &self.paths } else { &self.hosts };
            let numbers: Vec<(u32, u32)> =
                patterns.iter().flat_map(|pattern| atoms.numbers(pattern)).collect();
            let part = space.ranges(line, &numbers);
            set = if is_meant { space.intersect(set, part) } else { space.minus(set, part) };
        }
        set
    }
}

/// What a policy change does to one pair of groups of endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairChange {
    /// Source, a number of the universe.
    pub from: usize,
    /// Destination.
    pub to: usize,
    /// Before.
    pub old: Verdict,
    /// After.
    pub new: Verdict,
}

const NO_ROW: u32 = u32::MAX;

impl Engine {
    /// Reads the policies of `world` into rows.
    pub fn new(world: World, profile: Profile) -> Self {
        Self::with_more(world, profile, &[], &[])
    }

    /// As [`Engine::new`], ready to be asked about further policies and requests without starting anew.
    pub fn with_more(world: World, profile: Profile, policies: &[Policy], requests: &[HttpMatch]) -> Self {
        Self::in_space(Space::new(), world, profile, policies, requests)
    }

    /// As [`Engine::with_more`], with sets in a space that others have used before, so that theirs can be compared.
    pub fn in_space(
        space: Space,
        world: World,
        profile: Profile,
        policies: &[Policy],
        requests: &[HttpMatch],
    ) -> Self {
        let universe = Universe::new(&world, &profile, policies);
        let strings = Strings::of(world.policies.iter().chain(policies), requests);
        let mut engine = Self {
            world,
            profile,
            space,
            universe,
            strings,
            ready: Vec::new(),
            order: Vec::new(),
            rows: [Vec::new(), Vec::new()],
            row_of: [Vec::new(), Vec::new()],
            groups: [FxHashMap::default(), FxHashMap::default()],
        };
        let policies = std::mem::take(&mut engine.world.policies);
        engine.ready = policies.iter().map(|policy| engine.prepare(policy)).collect();
        engine.world.policies = policies;
        engine.sort_policies();
        engine.assign_rows(None);
        engine
    }

    /// The world as it is judged.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The choices of the network plugin.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The space that the sets of the answers belong to.
    pub fn space(&mut self) -> &mut Space {
        &mut self.space
    }

    /// The space, to look at sets only.
    pub fn space_ref(&self) -> &Space {
        &self.space
    }

    /// Classes and blocks.
    pub fn universe(&self) -> &Universe {
        &self.universe
    }

    /// Numbers of HTTP methods, paths and hosts.
    pub fn strings(&self) -> &Strings {
        &self.strings
    }

    /// The names of ports in a set that nothing resolves.
    pub fn unresolved_names(&self, set: ConnId) -> Vec<(Option<Protocol>, String)> {
        let names = (l4::unresolved().0..).zip(&self.strings.port_names);
        names
            .filter(|(number, _)| !self.space.at(set, *number).is_empty())
            .map(|(_, name)| name.clone())
            .collect()
    }

    /// The set of connections that `http` names.
    pub fn requests(&mut self, http: &HttpMatch) -> ConnId {
        self.strings.requests(&mut self.space, http)
    }

    fn sort_policies(&mut self) {
        let mut order: Vec<u32> =
            (0..self.world.policies.len()).filter_map(|i| u32::try_from(i).ok()).collect();
        let policies = &self.world.policies;
        order.sort_by(|a, b| {
            let (Some(a), Some(b)) = (policies.get(*a as usize), policies.get(*b as usize)) else {
                return std::cmp::Ordering::Equal;
            };
            (a.stage.cmp(&b.stage)).then(a.order.total_cmp(&b.order)).then_with(|| a.id.cmp(&b.id))
        });
        self.order = order;
    }

    fn prepare(&mut self, policy: &Policy) -> ReadyPolicy {
        let mut ready = ReadyPolicy {
            subject_least: Some(self.universe.find(&self.world, &policy.subject, Bound::Least)),
            subject_most: Some(self.universe.find(&self.world, &policy.subject, Bound::Most)),
            is_unreadable: policy.unreadable.is_some(),
            ..ReadyPolicy::default()
        };
        for direction in Direction::BOTH {
            let Some(rules) = policy.rules(direction) else { continue };
            let mut ready_rules = Vec::with_capacity(rules.len());
            let mut uses_names = false;
            for rule in rules {
                let traffic = self.prepare_traffic(&rule.traffic);
                uses_names |= matches!(traffic, Traffic::Named(_));
                ready_rules.push(ReadyRule {
                    action: rule.action,
                    least: self.universe.find(&self.world, &rule.peer, Bound::Least),
                    most: self.universe.find(&self.world, &rule.peer, Bound::Most),
                    subject: (rule.subject != PeerExpr::All)
                        .then(|| self.universe.find(&self.world, &rule.subject, Bound::Most)),
                    traffic,
                    is_uncertain: rule.is_uncertain,
                });
            }
            let at = direction as usize;
            if let (Some(slot), Some(names)) = (ready.rules.get_mut(at), ready.uses_names.get_mut(at)) {
                *slot = Some(ready_rules);
                *names = uses_names;
            }
        }
        ready
    }

    fn prepare_traffic(&mut self, traffic: &[Match]) -> Traffic {
        let has_names = |set: &Option<PortSet>| set.as_ref().is_some_and(|set| !set.names.is_empty());
        let is_named = traffic.iter().any(|part| {
            has_names(&part.ports)
                || has_names(&part.not_ports)
                || has_names(&part.source_ports)
                || has_names(&part.not_source_ports)
        });
        if is_named {
            return Traffic::Named(traffic.into());
        }
        Traffic::Fixed(connections(&mut self.space, &self.strings, traffic, Ports::Unknown, Ports::Unknown))
    }

    /// Finds the row of every class, or only of those in `only`.
    fn assign_rows(&mut self, only: Option<&BitSet>) {
        for direction in Direction::BOTH {
            let at = direction as usize;
            let count = self.universe.classes.len();
            // Policies by class, in the order in which they are asked.
            let mut lists: Vec<Vec<u32>> = vec![Vec::new(); count];
            let mut doubtful = BitSet::new(count);
            for index in &self.order {
                let Some(ready) = self.ready.get(*index as usize) else { continue };
                if ready.rules.get(at).is_none_or(Option::is_none) {
                    continue;
                }
                let (Some(least), Some(most)) = (&ready.subject_least, &ready.subject_most) else { continue };
                for class in most.iter() {
                    if only.is_some_and(|only| !only.contains(class)) {
                        continue;
                    }
                    if let Some(list) = lists.get_mut(class) {
                        list.push(*index);
                    }
                    if ready.is_unreadable || !least.contains(class) {
                        doubtful.insert(class);
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
                let own_rules = own_rules.flatten().filter_map(|rule| rule.subject.as_ref());
                let key = GroupKey {
                    rules: own_rules.map(|subject| subject.contains(class)).collect(),
                    policies,
                    ports: uses_names.then(|| of_class.ports.clone()),
                    is_doubtful: doubtful.contains(class),
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
        let size = self.universe.size();
        let row = if key.is_doubtful {
            Row { least: vec![ConnId::EMPTY; size].into(), most: vec![ConnId::ALL; size].into() }
        } else {
            let least: Arc<[ConnId]> = self.fold(direction, &key.policies, class, Bound::Least).into();
            let is_certain =
                !self.is_uncertain(direction, &key.policies) && self.profile.enforces == Tri::Yes;
            let hosts_differ = direction == Direction::Ingress
                && self.profile.node_always
                && self.universe.hosts().iter().any(|host| least.get(host) != Some(&ConnId::ALL));
            let most = if is_certain && !hosts_differ {
                Arc::clone(&least)
            } else if self.profile.enforces != Tri::Yes {
                vec![ConnId::ALL; size].into()
            } else {
                let mut most = if is_certain {
                    least.to_vec()
                } else {
                    self.fold(direction, &key.policies, class, Bound::Most)
                };
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
        };
        let Some(rows) = self.rows.get_mut(at) else { return NO_ROW };
        let number = u32::try_from(rows.len()).unwrap_or(NO_ROW);
        rows.push(row);
        if let Some(groups) = self.groups.get_mut(at) {
            groups.insert(key, number);
        }
        number
    }

    fn is_uncertain(&self, direction: Direction, policies: &[u32]) -> bool {
        policies.iter().any(|index| {
            let ready = self.ready.get(*index as usize);
            let rules = ready.and_then(|ready| ready.rules.get(direction as usize)?.as_ref());
            rules.is_some_and(|rules| rules.iter().any(|rule| rule.is_uncertain || rule.least != rule.most))
        })
    }

    /// Applies the policies, stage by stage, to everything at the other end.
    fn fold(&mut self, direction: Direction, policies: &[u32], class: usize, bound: Bound) -> Vec<ConnId> {
        let size = self.universe.size();
        let mut allowed = vec![ConnId::EMPTY; size];
        // What no stage has decided yet.
        let mut open = vec![ConnId::ALL; size];
        let mut from = 0;
        while let Some(stage) = policies.get(from).and_then(|index| self.stage_of(*index)) {
            let until = policies.iter().skip(from).take_while(|index| self.stage_of(**index) == Some(stage));
            let until = from + until.count();
            let of_stage = policies.get(from..until).unwrap_or_default();
            match self.world.stages.get(stage).map(|stage| stage.kind) {
                Some(StageKind::Union) => {
                    let isolates = of_stage.iter().any(|index| {
                        self.world.policies.get(*index as usize).is_some_and(|policy| policy.isolates)
                    });
                    self.fold_union(direction, of_stage, class, bound, isolates, &mut allowed, &mut open);
                }
                kind => {
                    let is_closed = kind == Some(StageKind::Closed);
                    self.fold_ordered(direction, of_stage, class, bound, is_closed, &mut allowed, &mut open);
                }
            }
            from = until;
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
        self.fold(direction, &chosen, class, Bound::Least)
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

    fn stage_of(&self, policy: u32) -> Option<usize> {
        self.world.policies.get(policy as usize).map(|policy| policy.stage)
    }

    /// The rules of a policy that are for a class.
    fn rules_of(&self, direction: Direction, policy: u32, class: usize) -> Vec<ReadyRule> {
        let ready = self.ready.get(policy as usize);
        let rules = ready.and_then(|ready| ready.rules.get(direction as usize)?.as_ref());
        let is_for = |rule: &&ReadyRule| rule.subject.as_ref().is_none_or(|subject| subject.contains(class));
        rules.into_iter().flatten().filter(is_for).cloned().collect()
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
        for policy in policies {
            for rule in self.rules_of(direction, *policy, class) {
                match rule.action {
                    Action::Allow => {
                        self.hits(direction, &rule, class, bound == Bound::Most, |space, peer, set| {
                            let (Some(allowed), Some(open)) = (allowed.get_mut(peer), open.get_mut(peer))
                            else {
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
                            let (Some(passed), Some(open)) = (passed.get_mut(peer), open.get_mut(peer))
                            else {
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
        for (open, passed) in open.iter_mut().zip(passed) {
            *open = if is_closed { passed } else { self.space.union(*open, passed) };
        }
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
        let size = open.len();
        // Few distinct sets, many peers: collect the peers of each set first.
        let collect = |engine: &mut Self, action: Action, take_most: bool| {
            let mut by_set: FxHashMap<ConnId, BitSet> = FxHashMap::default();
            let mut order: Vec<ConnId> = Vec::new();
            for policy in policies {
                for rule in engine.rules_of(direction, *policy, class) {
                    if rule.action != action {
                        continue;
                    }
                    if let Traffic::Fixed(set) = rule.traffic {
                        if rule.is_uncertain && !take_most {
                            continue;
                        }
                        let peers = if take_most { &rule.most } else { &rule.least };
                        by_set
                            .entry(set)
                            .or_insert_with(|| {
                                order.push(set);
                                BitSet::new(size)
                            })
                            .union_with(peers);
                        continue;
                    }
                    engine.hits(direction, &rule, class, take_most, |_, peer, set| {
                        by_set
                            .entry(set)
                            .or_insert_with(|| {
                                order.push(set);
                                BitSet::new(size)
                            })
                            .insert(peer);
                    });
                }
            }
            let mut sets = vec![ConnId::EMPTY; size];
            for set in order {
                for peer in by_set.get(&set).into_iter().flat_map(BitSet::iter) {
                    if let Some(slot) = sets.get_mut(peer) {
                        *slot = engine.space.union(*slot, set);
                    }
                }
            }
            sets
        };
        let denied = collect(self, Action::Deny, bound == Bound::Least);
        let let_in = collect(self, Action::Allow, bound == Bound::Most);
        for (((allowed, open), denied), let_in) in allowed.iter_mut().zip(open).zip(denied).zip(let_in) {
            let undenied = self.space.minus(*open, denied);
            let hit = self.space.intersect(undenied, let_in);
            *allowed = self.space.union(*allowed, hit);
            *open = if isolates { ConnId::EMPTY } else { self.space.minus(undenied, let_in) };
        }
    }

    fn row(&self, direction: Direction, class: usize) -> Option<&Row> {
        let at = direction as usize;
        let row = self.row_of.get(at)?.get(class)?;
        self.rows.get(at)?.get(*row as usize)
    }

    /// What the policies of `class` let through in that direction with `other`; everything for what has no policies.
    pub fn side(&self, direction: Direction, class: usize, other: usize) -> Verdict {
        let row = self.row(direction, class);
        let pick = |sets: &Arc<[ConnId]>| sets.get(other).copied().unwrap_or(ConnId::ALL);
        match row {
            Some(row) => Verdict { allowed: pick(&row.least), possible: pick(&row.most) },
            None => Verdict { allowed: ConnId::ALL, possible: ConnId::ALL },
        }
    }

    /// What may pass from one number of the universe to another.
    pub fn verdict(&mut self, from: usize, to: usize) -> Verdict {
        let out = self.side(Direction::Egress, from, to);
        let into = self.side(Direction::Ingress, to, from);
        Verdict {
            allowed: self.space.intersect(out.allowed, into.allowed),
            possible: self.space.intersect(out.possible, into.possible),
        }
    }

    /// As [`Engine::verdict`], for endpoints; a pod and itself as the profile says.
    pub fn between(&mut self, from: usize, to: usize) -> Verdict {
        if from == to && self.profile.loopback_always {
            return Verdict { allowed: ConnId::ALL, possible: ConnId::ALL };
        }
        self.verdict(self.universe.class_of(from), self.universe.class_of(to))
    }

    /// Calls `found` for every ordered pair of numbers of the universe of which at least one is a class, and stops
    /// early when it says so.
    pub fn for_each_pair(&mut self, mut found: impl FnMut(usize, usize, Verdict)) {
        let (classes, size) = (self.universe.classes.len(), self.universe.size());
        // Rows of both directions are read crosswise: in tiles they stay in the cache.
        const TILE: usize = 128;
        for from_tile in (0..size).step_by(TILE) {
            for to_tile in (0..size).step_by(TILE) {
                if from_tile >= classes && to_tile >= classes {
                    continue;
                }
                for from in from_tile..(from_tile + TILE).min(size) {
                    let out = self.row(Direction::Egress, from).cloned();
                    for to in to_tile..(to_tile + TILE).min(size) {
                        if from >= classes && to >= classes {
                            continue;
                        }
                        let into = self.side(Direction::Ingress, to, from);
                        let (least, most) = match &out {
                            Some(row) => (row.least.get(to), row.most.get(to)),
                            None => (None, None),
                        };
                        let allowed =
                            self.space.intersect(least.copied().unwrap_or(ConnId::ALL), into.allowed);
                        let most = most.copied().unwrap_or(ConnId::ALL);
                        let possible = if Some(&most) == least && into.allowed == into.possible {
                            allowed
                        } else {
                            self.space.intersect(most, into.possible)
                        };
                        found(from, to, Verdict { allowed, possible });
                    }
                }
            }
        }
    }

    /// Replaces a policy and tells what that changes, pair by pair. `new` must only look at labels, addresses and
    /// named ports that the engine was told about when it was made.
    pub fn replace_policy(&mut self, index: usize, new: Policy) -> Vec<PairChange> {
        let ready = self.prepare(&new);
        let classes = self.universe.classes.len();
        let mut touched = BitSet::new(classes);
        let old = self.ready.get(index);
        for subject in old.into_iter().chain([&ready]).filter_map(|ready| ready.subject_most.as_ref()) {
            for class in subject.iter().filter(|class| *class < classes) {
                touched.insert(class);
            }
        }
        let old_rows: Vec<[Option<Row>; 2]> = touched
            .iter()
            .map(|class| {
                [self.row(Direction::Ingress, class).cloned(), self.row(Direction::Egress, class).cloned()]
            })
            .collect();
        if let (Some(policy), Some(slot)) = (self.world.policies.get_mut(index), self.ready.get_mut(index)) {
            *policy = new;
            *slot = ready;
        }
        self.sort_policies();
        // Groups are found by their policies' numbers, and one of those now means something else.
        for groups in &mut self.groups {
            groups.retain(|key, _| !key.policies.iter().any(|policy| *policy as usize == index));
        }
        self.assign_rows(Some(&touched));
        let old_of: FxHashMap<usize, &[Option<Row>; 2]> = touched.iter().zip(&old_rows).collect();
        let mut changes = Vec::new();
        for class in touched.iter() {
            for other in 0..self.universe.size() {
                for direction in Direction::BOTH {
                    let (from, to) = match direction {
                        Direction::Ingress => (other, class),
                        Direction::Egress => (class, other),
                    };
                    // A pair of two touched classes is looked at once, from its source.
                    if direction == Direction::Ingress && touched.contains(other) {
                        continue;
                    }
                    let side = |engine: &Self, end: usize, facing: usize, direction: Direction| match old_of
                        .get(&end)
                        .and_then(|rows| rows.get(direction as usize)?.as_ref())
                    {
                        Some(row) => Verdict {
                            allowed: row.least.get(facing).copied().unwrap_or(ConnId::ALL),
                            possible: row.most.get(facing).copied().unwrap_or(ConnId::ALL),
                        },
                        None => engine.side(direction, end, facing),
                    };
                    let out = side(self, from, to, Direction::Egress);
                    let into = side(self, to, from, Direction::Ingress);
                    let new_out = self.side(Direction::Egress, from, to);
                    let new_into = self.side(Direction::Ingress, to, from);
                    if out == new_out && into == new_into {
                        continue;
                    }
                    let mut meet = |out: Verdict, into: Verdict| Verdict {
                        allowed: self.space.intersect(out.allowed, into.allowed),
                        possible: self.space.intersect(out.possible, into.possible),
                    };
                    let (old, new) = (meet(out, into), meet(new_out, new_into));
                    if old != new {
                        changes.push(PairChange { from, to, old, new });
                    }
                }
            }
        }
        changes
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
        if !rule.most.contains(other) || rule.subject.as_ref().is_some_and(|subject| !subject.contains(class))
        {
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
        let is_sure = rule.least.contains(other) && !rule.is_uncertain;
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
}

/// What is known of the named ports of an end.
#[derive(Debug, Clone, Copy)]
enum Ports<'c> {
    /// It declares these.
    Of(&'c [PortDeclaration]),
    /// It declares none that could be known: a name means nothing there.
    Unknown,
    /// It does not exist: a name stays a name.
    Unresolved,
}

/// The connections that a rule's alternatives name between two ends.
fn connections(
    space: &mut Space,
    strings: &Strings,
    traffic: &[Match],
    source: Ports<'_>,
    destination: Ports<'_>,
) -> ConnId {
    if traffic.is_empty() {
        return ConnId::ALL;
    }
    let mut all = ConnId::EMPTY;
    for part in traffic {
        let mut set = ConnId::ALL;
        if let Some(ports) = &part.ports {
            set = ports_of(space, strings, ports, destination, Line::Target);
        }
        if let Some(ports) = &part.not_ports {
            let less = ports_of(space, strings, ports, destination, Line::Target);
            set = space.minus(set, less);
        }
        if let Some(ports) = &part.source_ports {
            let from = ports_of(space, strings, ports, source, Line::SourcePort);
            set = space.intersect(set, from);
        }
        if let Some(ports) = &part.not_source_ports {
            let less = ports_of(space, strings, ports, source, Line::SourcePort);
            set = space.minus(set, less);
        }
        if let Some(http) = &part.http {
            let requests = strings.requests(space, http);
            set = space.intersect(set, requests);
        }
        all = space.union(all, set);
    }
    all
}

fn ports_of(space: &mut Space, strings: &Strings, ports: &PortSet, of: Ports<'_>, line: Line) -> ConnId {
    let mut ranges = ports.ranges.clone();
    for (protocol, name) in &ports.names {
        let declared = match of {
            Ports::Of(declared) => declared,
            Ports::Unknown => continue,
            Ports::Unresolved => {
                let named = (l4::unresolved().0..).zip(&strings.port_names);
                let same = named.filter(|(_, known)| known.0 == *protocol && known.1 == *name);
                ranges.extend(same.map(|(number, _)| (number, number)));
                continue;
            }
        };
        for declared in declared {
            if declared.name == *name && protocol.is_none_or(|protocol| protocol == declared.protocol) {
                let number = match line {
                    Line::SourcePort => u32::from(declared.port),
                    _ => declared.protocol.port(declared.port),
                };
                ranges.push((number, number));
            }
        }
    }
    space.ranges(line, &ranges)
}
