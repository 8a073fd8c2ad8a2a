//! Who may connect to whom: rows of connection sets per group of endpoints, and verdicts from them.

mod ask;
mod change;
mod prepare;
mod requests;
mod rows;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::bits::BitSet;
use crate::classes::Universe;
use crate::l4::{self, Protocol};
use crate::profile::Profile;
use crate::space::{ConnId, Space};
use crate::world::{Action, Direction, HttpMatch, Match, Policy, PortDeclaration, World};

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
    /// The classes that the rule may be for, where that is not all of the policy's.
    subject: Option<Arc<BitSet>>,
    /// Those that it surely is for.
    sure_subject: Option<Arc<BitSet>>,
    traffic: Traffic,
    is_uncertain: bool,
}

impl ReadyRule {
    fn may_be_for(&self, class: usize) -> bool {
        self.subject.as_ref().is_none_or(|subject| subject.contains(class))
    }

    fn is_surely_for(&self, class: usize) -> bool {
        self.sure_subject.as_ref().is_none_or(|subject| subject.contains(class))
    }
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
    /// Which rules with a subject of their own may be for it, and which surely are.
    rules: Vec<(bool, bool)>,
    /// Whether the policies may or may not be for it.
    is_doubtful: bool,
    /// The same for those of the mesh.
    is_mesh_doubtful: bool,
    is_host: bool,
}

/// Sets by number of the other end, at least and at most (the same where nothing is uncertain).
#[derive(Debug, Clone)]
struct Row {
    least: Arc<[ConnId]>,
    most: Arc<[ConnId]>,
}

pub use change::PairChange;
pub use requests::Strings;

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

    /// A set for people, as [`l4::text`] writes it.
    pub fn text(&mut self, set: ConnId) -> String {
        l4::text(&mut self.space, &self.strings, set)
    }

    /// What of a set passes on conditions only.
    pub fn conditional(&self, set: ConnId) -> Vec<l4::Conditional> {
        l4::conditional(&self.space, &self.strings, set)
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
        // The space is put aside so that rows can be looked at while sets are made.
        let mut space = std::mem::take(&mut self.space);
        let rows = |direction: Direction| -> Vec<Option<&Row>> {
            (0..size).map(|number| self.row(direction, number)).collect()
        };
        let (out_rows, in_rows) = (rows(Direction::Egress), rows(Direction::Ingress));
        // Rows of both directions are read crosswise: in tiles they stay in the cache.
        const TILE: usize = 128;
        for from_tile in (0..size).step_by(TILE) {
            for to_tile in (0..size).step_by(TILE) {
                if from_tile >= classes && to_tile >= classes {
                    continue;
                }
                for from in from_tile..(from_tile + TILE).min(size) {
                    let out = out_rows.get(from).copied().flatten();
                    let (least_out, most_out) =
                        out.map_or((None, None), |row| (Some(&*row.least), Some(&*row.most)));
                    for to in to_tile..(to_tile + TILE).min(size) {
                        if from >= classes && to >= classes {
                            continue;
                        }
                        let into = in_rows.get(to).copied().flatten();
                        let at = |sets: Option<&[ConnId]>, number: usize| {
                            sets.and_then(|sets| sets.get(number).copied()).unwrap_or(ConnId::ALL)
                        };
                        let (least, least_in) = (at(least_out, to), at(into.map(|row| &*row.least), from));
                        let (most, most_in) = (at(most_out, to), at(into.map(|row| &*row.most), from));
                        let allowed = space.intersect(least, least_in);
                        let possible = if (least, least_in) == (most, most_in) {
                            allowed
                        } else {
                            space.intersect(most, most_in)
                        };
                        found(from, to, Verdict { allowed, possible });
                    }
                }
            }
        }
        self.space = space;
    }
}
