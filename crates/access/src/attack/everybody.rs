//! Many starts at once: which of them reach a goal, and each one's cheapest way.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::graph::{AttackGraph, EdgeId, FactId};
use super::search::Reach;

/// Starts that go through the graph together, one bit each: a cache line.
const LANES: usize = 8;
type Bits = [u64; LANES];

impl AttackGraph {
    /// From which of `starts`, each by itself, one of the targets is reached.
    ///
    /// Exact, edges with several premises included: 512 starts at a time go through the graph, an edge passes on those
    /// that have all its premises, until nothing changes.
    pub fn starts_reaching(&self, targets: &[FactId], starts: &[FactId]) -> HashSet<FactId> {
        let always = self.always_held();
        if targets.iter().any(|target| always.contains(target)) {
            return starts.iter().copied().collect();
        }
        let relevant = self.leading_to(targets);
        let mut reaching = HashSet::new();
        for chunk in starts.chunks(64 * LANES) {
            let mut held: HashMap<FactId, Bits> = HashMap::new();
            let mut pending = Vec::new();
            for (at, start) in chunk.iter().enumerate().filter(|(_, start)| relevant.contains(*start)) {
                if let Some(lane) = held.entry(*start).or_default().get_mut(at / 64) {
                    *lane |= 1 << (at % 64);
                }
                pending.push(*start);
            }
            self.pass_on(&mut held, pending, &relevant, &always);
            for (at, start) in chunk.iter().enumerate() {
                let has = |bits: &Bits| bits.get(at / 64).is_some_and(|lane| lane >> (at % 64) & 1 == 1);
                if targets.iter().any(|target| held.get(target).is_some_and(has)) {
                    reaching.insert(*start);
                }
            }
        }
        reaching
    }

    fn pass_on(
        &self,
        held: &mut HashMap<FactId, Bits>,
        mut pending: Vec<FactId>,
        relevant: &HashSet<FactId>,
        always: &HashSet<FactId>,
    ) {
        let mut is_pending: HashSet<FactId> = pending.iter().copied().collect();
        while let Some(fact) = pending.pop() {
            is_pending.remove(&fact);
            for edge in self.edges_from(fact) {
                let Some(data) = self.edge(*edge) else { continue };
                if !relevant.contains(&data.conclusion) || always.contains(&data.conclusion) {
                    continue;
                }
                let mut passed = [u64::MAX; LANES];
                for premise in data.premises().iter().filter(|premise| !always.contains(premise)) {
                    let bits = held.get(premise).copied().unwrap_or_default();
                    passed.iter_mut().zip(bits).for_each(|(passed, bits)| *passed &= bits);
                }
                if passed == Bits::default() {
                    continue;
                }
                let there = held.entry(data.conclusion).or_default();
                let before = *there;
                there.iter_mut().zip(passed).for_each(|(there, passed)| *there |= passed);
                if *there != before && is_pending.insert(data.conclusion) {
                    pending.push(data.conclusion);
                }
            }
        }
    }

    /// Every fact that may take part in reaching one of the targets.
    fn leading_to(&self, targets: &[FactId]) -> HashSet<FactId> {
        let mut relevant = HashSet::new();
        let mut pending = targets.to_vec();
        while let Some(fact) = pending.pop() {
            if relevant.insert(fact) {
                let edges = self.edges_to(fact).iter().filter_map(|edge| self.edge(*edge));
                pending.extend(edges.flat_map(|edge| edge.premises()));
            }
        }
        relevant
    }
}

/// The ways to a goal, to be asked for many starts: what holds for everybody is found once.
pub(crate) struct Ways<'g> {
    graph: &'g AttackGraph,
    goals: HashSet<FactId>,
    relevant: HashSet<FactId>,
    ground: Reach,
    ground_costs: HashMap<FactId, u32>,
}

impl<'g> Ways<'g> {
    pub(crate) fn new(graph: &'g AttackGraph, goals: &[FactId]) -> Self {
        let (ground, ground_costs) = graph.search(&[], &HashSet::new());
        Self {
            graph,
            goals: goals.iter().copied().collect(),
            relevant: graph.leading_to(goals),
            ground,
            ground_costs,
        }
    }

    /// The goal that a start reaches at the least cost, and the edges of the way, premises before conclusions.
    pub(crate) fn cheapest(&self, start: FactId) -> Option<(FactId, Vec<EdgeId>)> {
        let mut by: HashMap<FactId, Option<EdgeId>> = HashMap::new();
        let mut missing: HashMap<EdgeId, (usize, u32)> = HashMap::new();
        let held =
            self.goals.iter().filter_map(|goal| Some(Reverse((*self.ground_costs.get(goal)?, *goal, None))));
        let mut queue: BinaryHeap<Reverse<(u32, FactId, Option<EdgeId>)>> = held.collect();
        queue.push(Reverse((0, start, None)));
        while let Some(Reverse((cost, fact, edge))) = queue.pop() {
            if by.contains_key(&fact) {
                continue;
            }
            by.insert(fact, edge);
            if self.goals.contains(&fact) {
                let by = |fact| by.get(&fact).copied().flatten().or_else(|| self.of_ground(start, fact));
                return Some((fact, self.graph.derivation_by(by, fact)));
            }
            for edge in self.graph.edges_from(fact) {
                let Some(data) = self.graph.edge(*edge) else { continue };
                let conclusion = data.conclusion;
                let is_new = !by.contains_key(&conclusion) && !self.ground_costs.contains_key(&conclusion);
                if !is_new || !self.relevant.contains(&conclusion) {
                    continue;
                }
                let (left, sum) = missing.entry(*edge).or_insert_with(|| self.open(data.premises(), start));
                *left = left.saturating_sub(1);
                *sum += cost;
                if *left == 0 {
                    queue.push(Reverse((*sum + self.graph.cost(*edge), conclusion, Some(*edge))));
                }
            }
        }
        None
    }

    /// How many of the premises do not hold for everybody, and what those cost that do.
    fn open(&self, premises: &[FactId], start: FactId) -> (usize, u32) {
        let held = |premise: &&FactId| **premise != start && self.ground_costs.contains_key(premise);
        let costs = premises.iter().filter(held).filter_map(|premise| self.ground_costs.get(premise));
        (premises.iter().filter(|premise| !held(premise)).count(), costs.sum())
    }

    /// The edge that gives a fact to everybody; the start needs none.
    fn of_ground(&self, start: FactId, fact: FactId) -> Option<EdgeId> {
        if fact == start { None } else { self.ground.by.get(&fact).copied().flatten() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::technique::Technique;
    use super::*;
    use crate::attack::graph::{Evidence, Fact};

    /// A graph of namespaceless facts, one per number, with edges from premises to a conclusion.
    fn graph(edges: &[(&[u32], u32)]) -> AttackGraph {
        let mut graph = AttackGraph::default();
        for (premises, conclusion) in edges {
            let premises: Vec<Fact> = premises.iter().map(|number| Fact::Node(*number)).collect();
            graph.add(Technique::Follows, &premises, Fact::Node(*conclusion), Evidence::None, None);
        }
        graph.seal();
        graph
    }

    #[test]
    fn start_that_needs_two_things_for_one_of_two_things_reaches_the_goal() {
        // 1 gives 2 and 3; these give 4; 4 and 5 give 6; 1 gives 5; 7 gives only 5.
        let graph = graph(&[(&[1], 2), (&[1], 3), (&[2, 3], 4), (&[1], 5), (&[7], 5), (&[4, 5], 6)]);
        let id = |number| graph.find(Fact::Node(number)).unwrap();
        let reaching = graph.starts_reaching(&[id(6)], &[id(1), id(7)]);
        assert_eq!(reaching, HashSet::from([id(1)]));
        let ways = Ways::new(&graph, &[id(6)]);
        let (goal, edges) = ways.cheapest(id(1)).unwrap();
        assert_eq!((goal, edges.len()), (id(6), 5));
        assert!(ways.cheapest(id(7)).is_none());
    }
}
