//! What becomes different when one policy is replaced.

use rustc_hash::FxHashMap;

use super::{Engine, Row, Verdict};
use crate::bits::BitSet;
use crate::space::ConnId;
use crate::world::{Direction, Policy};

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

impl Engine {
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
}
