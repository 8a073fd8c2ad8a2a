//! What to change so that nobody gets there any more.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::rule::Place;
use crate::snapshot::{BindingId, RoleId, RuleId, Snapshot};

use super::graph::{AttackGraph, EdgeId, Evidence, Fact, FactId, Power, Scope};
use super::technique::{Layer, Technique};
use super::view::FactView;

/// A change of one thing, which takes some edges away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Delete a binding.
    RemoveBinding(BindingId),
    /// Take a rule out of the role that it was written in.
    RemoveRule(RuleId),
    /// Give a workload's pods no token of their service account.
    WithoutToken(FactView),
    /// Let a namespace enforce a Pod Security level that refuses privileged pods.
    EnforcePodSecurity(String),
    /// Take a principal of the cloud out of `aws-auth`, or away from its access entry.
    Unmap(FactView),
    /// Change the setting, or mend the flaw, that makes a technique possible there.
    Mend(Technique, FactView, Place),
    /// Take a right of the cloud away.
    Cloud(Technique, FactView, FactView),
}

/// What cuts all paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The changes, each needed.
    pub changes: Vec<Change>,
    /// Whether it is proven that fewer changes do not do it.
    pub is_smallest: bool,
}

/// Searches for a smaller cut stop after about so many looks at an edge.
const LOOKS: usize = 200_000_000;

impl AttackGraph {
    /// A smallest set of changes after which no start reaches any of the targets, by branch and bound over the paths
    /// that are left; where that takes too long, a set of which no change can be left out. `None` if no set of changes
    /// does it, for instance because a start is a target.
    pub fn smallest_cut(&self, snapshot: &Snapshot, starts: &[FactId], targets: &[FactId]) -> Option<Cut> {
        let mut search = CutSearch::new(self, snapshot, starts, targets);
        search.first()?;
        search.leave_out_what_is_not_needed();
        search.run(&mut Vec::new());
        let is_smallest = search.budget > 0;
        let changes = search.best?.into_iter().filter_map(|index| search.changes.get(index).cloned());
        Some(Cut { changes: changes.collect(), is_smallest })
    }

    /// The changes each of which takes an edge away. What follows by itself cannot be taken away.
    fn changes_of(&self, snapshot: &Snapshot, same: &SameRules, id: EdgeId) -> Vec<Change> {
        let Some(edge) = self.edge(id) else { return Vec::new() };
        let first = edge.premises().first().copied().and_then(|premise| self.fact_at(premise));
        let conclusion = self.fact_at(edge.conclusion);
        // Pods of a namespace that admits everything.
        if let (0, Some(Fact::Power(Power::PrivilegedPods, scope @ Scope::Namespace(_)))) =
            (edge.premise_count, conclusion)
        {
            let name = self.scope_name(scope).map(str::to_owned);
            return name.map(Change::EnforcePodSecurity).into_iter().collect();
        }
        match edge.evidence {
            Evidence::Binding(binding) => binding_change(snapshot, binding).into_iter().collect(),
            Evidence::Rule(rule) => same.change(snapshot, rule).into_iter().collect(),
            Evidence::Rules(start, count) => {
                let range = start as usize..start as usize + count as usize;
                let mut changes = Vec::new();
                for witness in self.rule_pool.get(range).unwrap_or_default() {
                    changes.extend(same.change(snapshot, witness.rule));
                    changes.extend(binding_change(snapshot, witness.binding));
                }
                changes
            }
            Evidence::At(place) => {
                let mend = |fact: Option<Fact>| {
                    let view = fact.and_then(|fact| self.find(fact)).map(|id| self.view(snapshot, id));
                    view.map(|view| Change::Mend(edge.technique, view, place))
                };
                let change = match (edge.technique, first) {
                    (
                        Technique::IdentityAssumeContainer | Technique::TokenSteal,
                        Some(Fact::Container(pod, _) | Fact::Volume(pod, _)),
                    ) => {
                        let pod = self.find(Fact::Pod(pod)).map(|pod| self.view(snapshot, pod));
                        pod.map(Change::WithoutToken)
                    }
                    (Technique::Follows, Some(Fact::CloudRole(_))) => {
                        edge.premises().first().map(|role| Change::Unmap(self.view(snapshot, *role)))
                    }
                    (technique, first) if is_setting(technique) => mend(match first {
                        Some(Fact::Internet | Fact::PodNetwork) | None => conclusion,
                        first => first,
                    }),
                    _ => None,
                };
                change.into_iter().collect()
            }
            Evidence::None => match (edge.technique, first) {
                (Technique::Follows, Some(Fact::CloudRole(_))) => {
                    let role = edge.premises().first();
                    role.map(|role| Change::Unmap(self.view(snapshot, *role))).into_iter().collect()
                }
                (technique, Some(_)) if technique.layer() == Layer::Cloud => {
                    let from = edge.premises().first().map(|from| self.view(snapshot, *from));
                    let to = self.view(snapshot, edge.conclusion);
                    from.map(|from| Change::Cloud(technique, from, to)).into_iter().collect()
                }
                _ => Vec::new(),
            },
        }
    }
}

/// Whether the place of an edge is a setting or a flaw that can be changed there.
fn is_setting(technique: Technique) -> bool {
    use Technique as T;
    match technique {
        // What root on a node has, and what belongs to a pod by its nature.
        T::Follows
        | T::PodAttachNode
        | T::ContainerAttach
        | T::VolumeAccess
        | T::IdentityAssumeNode
        | T::StaticPod
        | T::PodSteal
        | T::TokenRequest
        | T::ApiserverAnon
        | T::AksSpFile => false,
        technique => technique.layer() != Layer::Rbac,
    }
}

/// Kubernetes makes its own roles and bindings anew when the API server starts; `cluster-admin` is what it is.
fn is_kubernetes_own(name: &str) -> bool {
    matches!(name, "cluster-admin" | "admin" | "edit" | "view") || name.starts_with("system:")
}

fn binding_change(snapshot: &Snapshot, binding: BindingId) -> Option<Change> {
    let view = snapshot.binding_view(binding)?;
    let is_own =
        view.namespace.is_none_or(|namespace| namespace.starts_with("kube-")) && is_kubernetes_own(view.name);
    (!is_own).then_some(Change::RemoveBinding(binding))
}

/// Copies of one rule in aggregated roles: it is taken out where it was written.
struct SameRules {
    first: HashMap<(RoleId, Place), RuleId>,
}

impl SameRules {
    fn new(snapshot: &Snapshot) -> Self {
        let mut first = HashMap::new();
        for (rule, (data, origin)) in
            (0u32..).map(RuleId).zip(snapshot.rules.iter().zip(&snapshot.rule_origins))
        {
            if data.place != Place::NOWHERE {
                first.entry((*origin, data.place)).or_insert(rule);
            }
        }
        SameRules { first }
    }

    fn change(&self, snapshot: &Snapshot, rule: RuleId) -> Option<Change> {
        let origin = snapshot.rule_origins.get(rule.0 as usize)?;
        let role = snapshot.role_view(*origin)?;
        let is_own = role.namespace.is_none_or(|namespace| namespace.starts_with("kube-"))
            && is_kubernetes_own(role.name);
        (!is_own).then(|| Change::RemoveRule(self.first(snapshot, rule)))
    }

    fn first(&self, snapshot: &Snapshot, rule: RuleId) -> RuleId {
        let key = snapshot
            .rule(rule)
            .zip(snapshot.rule_origins.get(rule.0 as usize))
            .map(|(data, origin)| (*origin, data.place));
        key.and_then(|key| self.first.get(&key)).copied().unwrap_or(rule)
    }
}

struct CutSearch<'g> {
    graph: &'g AttackGraph,
    starts: &'g [FactId],
    targets: HashSet<FactId>,
    changes: Vec<Change>,
    /// Edges that each change takes away.
    edges_of: Vec<Vec<EdgeId>>,
    /// Changes that take each edge away.
    changes_of: HashMap<EdgeId, Vec<usize>>,
    best: Option<Vec<usize>>,
    budget: usize,
}

impl<'g> CutSearch<'g> {
    fn new(graph: &'g AttackGraph, snapshot: &Snapshot, starts: &'g [FactId], targets: &[FactId]) -> Self {
        let same = SameRules::new(snapshot);
        let mut indices: BTreeMap<Change, usize> = BTreeMap::new();
        let (mut changes, mut edges_of, mut changes_of) =
            (Vec::new(), Vec::<Vec<EdgeId>>::new(), HashMap::new());
        for edge in graph.edge_ids() {
            let mut of_edge = Vec::new();
            for change in graph.changes_of(snapshot, &same, edge) {
                let index = *indices.entry(change.clone()).or_insert_with(|| {
                    changes.push(change);
                    edges_of.push(Vec::new());
                    changes.len() - 1
                });
                if let Some(edges) = edges_of.get_mut(index) {
                    edges.push(edge);
                }
                if !of_edge.contains(&index) {
                    of_edge.push(index);
                }
            }
            if !of_edge.is_empty() {
                changes_of.insert(edge, of_edge);
            }
        }
        let budget = LOOKS / graph.size().1.max(1000);
        let targets = targets.iter().copied().collect();
        CutSearch { graph, starts, targets, changes, edges_of, changes_of, best: None, budget }
    }

    /// A cut, by taking away what stands nearest to the target until no path is left.
    fn first(&mut self) -> Option<()> {
        let mut taken = Vec::new();
        while let Some(path) = self.open_path(&taken) {
            let nearest = path.iter().rev().find_map(|edge| self.changes_of.get(edge)?.first().copied());
            taken.push(nearest?);
        }
        self.best = Some(taken);
        Some(())
    }

    /// A cut that was found one change after the other may hold some that later ones make needless.
    fn leave_out_what_is_not_needed(&mut self) {
        let Some(mut kept) = self.best.take() else { return };
        for change in kept.clone() {
            // With many changes each look is dear, and the search below is out of reach anyway.
            if self.budget == 0 {
                break;
            }
            self.budget -= 1;
            let without: Vec<usize> = kept.iter().copied().filter(|other| *other != change).collect();
            if self.open_path(&without).is_none() {
                kept = without;
            }
        }
        self.best = Some(kept);
    }

    /// Every path has to lose at least one of its edges; so branch over those of the cheapest one left.
    fn run(&mut self, taken: &mut Vec<usize>) {
        if self.best.as_ref().is_some_and(|best| taken.len() >= best.len()) || self.budget == 0 {
            return;
        }
        self.budget -= 1;
        let Some(path) = self.open_path(taken) else {
            self.best = Some(taken.clone());
            return;
        };
        // One more change must do, or it is no better than what is known.
        if self.best.as_ref().is_some_and(|best| taken.len() + 1 >= best.len()) {
            return;
        }
        let mut choices: Vec<usize> = Vec::new();
        // Near the target the paths of many starts run together: cutting there is tried first.
        for change in path.iter().rev().filter_map(|edge| self.changes_of.get(edge)).flatten() {
            if !choices.contains(change) {
                choices.push(*change);
            }
        }
        for change in choices {
            taken.push(change);
            self.run(taken);
            taken.pop();
        }
    }

    fn open_path(&self, taken: &[usize]) -> Option<Vec<EdgeId>> {
        let without: HashSet<EdgeId> =
            taken.iter().filter_map(|change| self.edges_of.get(*change)).flatten().copied().collect();
        // All starts at once: what no alliance of them reaches, none reaches alone.
        let reach = self.graph.reach(self.starts, &without);
        let reached = reach.order.iter().find(|fact| self.targets.contains(fact))?;
        Some(self.graph.derivation(&reach, *reached))
    }
}
