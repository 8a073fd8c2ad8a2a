//! Fixpoints over the graph: what an attacker reaches from where he is, and from where a target is reached.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::graph::{AttackGraph, EdgeId, Fact, FactId};
use super::technique::Technique;

/// Cost of a step that takes something for granted, against 10 for a certain one: a longer certain path is shown
/// before a shorter doubtful one.
const ASSUMED_COST: u32 = 35;
const STEP_COST: u32 = 10;
const FOLLOWS_COST: u32 = 1;

/// What is reached from a start, with the cheapest edge that gives each fact.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    pub(crate) by: HashMap<FactId, Option<EdgeId>>,
    pub(crate) order: Vec<FactId>,
}

impl Reach {
    /// Whether a fact was reached.
    pub fn has(&self, fact: FactId) -> bool {
        self.by.contains_key(&fact)
    }
}

impl AttackGraph {
    pub(crate) fn cost(&self, edge: EdgeId) -> u32 {
        match self.edge(edge) {
            Some(edge) if edge.assumption.is_some() => ASSUMED_COST,
            Some(edge) if edge.technique == Technique::Follows => FOLLOWS_COST,
            _ => STEP_COST,
        }
    }

    /// Everything that follows from the facts in `start`, cheapest derivations first (Knuth's generalisation of
    /// Dijkstra to AND edges). `without`: edges that were taken away.
    pub fn reach(&self, start: &[FactId], without: &HashSet<EdgeId>) -> Reach {
        self.search(start, without).0
    }

    /// The same, with what each fact costs.
    pub(crate) fn search(
        &self,
        start: &[FactId],
        without: &HashSet<EdgeId>,
    ) -> (Reach, HashMap<FactId, u32>) {
        let mut reach = Reach::default();
        let mut costs: HashMap<FactId, u32> = HashMap::new();
        let mut missing: HashMap<EdgeId, (u8, u32)> = HashMap::new();
        let mut queue: BinaryHeap<Reverse<(u32, FactId, Option<EdgeId>)>> =
            start.iter().map(|fact| Reverse((0, *fact, None))).collect();
        // Edges without premises hold from the beginning.
        for edge in self.edge_ids().filter(|edge| !without.contains(edge)) {
            if let Some(data) = self.edge(edge).filter(|data| data.premise_count == 0) {
                queue.push(Reverse((0, data.conclusion, Some(edge))));
            }
        }
        while let Some(Reverse((cost, fact, by))) = queue.pop() {
            if reach.by.contains_key(&fact) {
                continue;
            }
            reach.by.insert(fact, by);
            reach.order.push(fact);
            costs.insert(fact, cost);
            for edge in self.edges_from(fact) {
                let Some(data) = self.edge(*edge) else { continue };
                if without.contains(edge) || reach.by.contains_key(&data.conclusion) {
                    continue;
                }
                let total = if data.premise_count == 1 {
                    cost
                } else {
                    let (left, sum) = missing.entry(*edge).or_insert((data.premise_count, 0));
                    *left -= 1;
                    *sum += cost;
                    if *left > 0 {
                        continue;
                    }
                    *sum
                };
                queue.push(Reverse((total + self.cost(*edge), data.conclusion, Some(*edge))));
            }
        }
        (reach, costs)
    }

    /// The edges that derive a reached fact, premises before conclusions, each once.
    pub(crate) fn derivation(&self, reach: &Reach, target: FactId) -> Vec<EdgeId> {
        self.derivation_by(|fact| reach.by.get(&fact).copied().flatten(), target)
    }

    /// The same, where `by` tells the edge that gives a fact.
    pub(crate) fn derivation_by(&self, by: impl Fn(FactId) -> Option<EdgeId>, target: FactId) -> Vec<EdgeId> {
        let mut steps = Vec::new();
        let mut done = HashSet::new();
        let mut stack = vec![(target, false)];
        while let Some((fact, is_ready)) = stack.pop() {
            let Some(edge) = by(fact) else { continue };
            if is_ready {
                if done.insert(edge) {
                    steps.push(edge);
                }
                continue;
            }
            if done.contains(&edge) {
                continue;
            }
            stack.push((fact, true));
            let premises = self.edge(edge).map(|data| data.premises()).unwrap_or_default();
            stack.extend(premises.iter().rev().map(|premise| (*premise, false)));
        }
        steps
    }

    /// For every fact from which the target is reached by edges with one open premise: the next edge of a cheapest
    /// way there.
    pub(crate) fn next_edges(&self, targets: &[FactId]) -> HashMap<FactId, Option<EdgeId>> {
        let always = self.always_held();
        let mut next: HashMap<FactId, Option<EdgeId>> = HashMap::new();
        let mut queue: BinaryHeap<Reverse<(u32, FactId, Option<EdgeId>)>> =
            targets.iter().map(|fact| Reverse((0, *fact, None))).collect();
        while let Some(Reverse((cost, fact, by))) = queue.pop() {
            if next.contains_key(&fact) {
                continue;
            }
            next.insert(fact, by);
            for edge in self.edges_to(fact) {
                let Some(data) = self.edge(*edge) else { continue };
                if self.open_premises(data.premises(), &always) != 1 {
                    continue;
                }
                for premise in data.premises().iter().filter(|premise| !always.contains(premise)) {
                    if !next.contains_key(premise) {
                        queue.push(Reverse((cost + self.cost(*edge), *premise, Some(*edge))));
                    }
                }
            }
        }
        next
    }

    /// Facts that hold whoever attacks.
    pub(crate) fn always_held(&self) -> HashSet<FactId> {
        let reach = self.reach(&[], &HashSet::new());
        reach.order.into_iter().collect()
    }

    fn open_premises(&self, premises: &[FactId], always: &HashSet<FactId>) -> usize {
        premises.iter().filter(|premise| !always.contains(premise)).count()
    }
}

impl AttackGraph {
    /// All facts.
    pub fn all_facts(&self) -> impl Iterator<Item = FactId> + use<> {
        (0..u32::try_from(self.facts.len()).unwrap_or(u32::MAX)).map(FactId)
    }

    /// What a fact gives by one technique: its targets, and through what only follows (all pods of a namespace, all
    /// accounts) what they stand for. Techniques that start from a power count for who has the power.
    pub fn gained_by(&self, fact: FactId, technique: Technique) -> Vec<FactId> {
        let mut found = HashSet::new();
        let mut pending = vec![(fact, false)];
        let mut seen = HashSet::new();
        while let Some((fact, has_used)) = pending.pop() {
            if !seen.insert((fact, has_used)) {
                continue;
            }
            for edge in self.edges_from(fact) {
                let Some(data) = self.edge(*edge) else { continue };
                if data.technique == technique {
                    found.insert(data.conclusion);
                    pending.push((data.conclusion, true));
                } else if data.technique == Technique::Follows {
                    if has_used {
                        found.insert(data.conclusion);
                    }
                    pending.push((data.conclusion, has_used));
                }
            }
        }
        let mut found: Vec<FactId> = found.into_iter().collect();
        found.sort_unstable();
        found
    }

    /// The technique of an edge.
    pub fn technique(&self, edge: EdgeId) -> Option<Technique> {
        self.edge(edge).map(|edge| edge.technique)
    }

    /// Whether everything that an edge needs was reached.
    pub fn applies(&self, edge: EdgeId, reach: &Reach) -> bool {
        self.edge(edge).is_some_and(|edge| edge.premises().iter().all(|premise| reach.has(*premise)))
    }

    /// All facts of one kind that starts are made of.
    pub(crate) fn facts_where(&self, wanted: impl Fn(Fact) -> bool) -> Vec<FactId> {
        (0u32..).map(FactId).zip(&self.facts).filter(|(_, fact)| wanted(**fact)).map(|(id, _)| id).collect()
    }
}
