//! The graph in words: starts, goals, paths.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::rule::Place;
use crate::snapshot::{BindingId, Snapshot};
use crate::subject::Subject;

use super::everybody::Ways;
use super::graph::{Assumption, AttackGraph, EdgeId, Evidence, Fact, FactId, Power};
use super::pods::SOME_NODE;
use super::technique::Technique;

/// Where an attacker is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// In the internet.
    Internet,
    /// Somewhere in the cluster's network.
    PodNetwork,
    /// With somebody's credentials.
    Subject(Subject),
    /// In a workload's pod: namespace and name.
    Pod(String, String),
    /// On a node.
    Node(String),
    /// With a cloud role, by ARN.
    CloudRole(String),
}

/// What an attacker wants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Everything in the cluster.
    ClusterAdmin,
    /// Root on a node, whichever.
    AnyNode,
    /// Root on this node.
    Node(String),
    /// A secret: namespace and name.
    Secret(String, String),
    /// A role of the cloud, or any.
    CloudRole(Option<String>),
    /// Somebody's credentials.
    Subject(Subject),
    /// Code in a workload's pod: namespace and name.
    Pod(String, String),
}

/// What a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactKind {
    /// A place in the internet.
    Internet,
    /// A place in the cluster's network.
    PodNetwork,
    /// Everything.
    ClusterAdmin,
    /// A user.
    User,
    /// A group.
    Group,
    /// A service account.
    ServiceAccount,
    /// The rules of a role.
    Permissions,
    /// What many techniques lead to; `name` says what.
    Power,
    /// A workload's pod.
    Pod,
    /// A container.
    Container,
    /// A volume.
    Volume,
    /// A node.
    Node,
    /// The credential of a node's kubelet.
    NodeCredential,
    /// A secret.
    Secret,
    /// A role of the cloud.
    CloudRole,
    /// What a technique achieves; `name` is its id.
    Effect,
}

/// A fact in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FactView {
    /// What it is.
    pub kind: FactKind,
    /// Its namespace; for permissions and powers: the one that they are limited to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name: of a container `pod/container`, of permissions the role.
    pub name: String,
}

/// What shows that a step is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EvidenceView {
    /// The object: a binding or a role with the index of its rule; empty for another place.
    pub object: String,
    /// The rule's text, if it is a rule.
    pub rule: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathStep {
    /// How.
    pub technique: Technique,
    /// What was held before; several where all of them are needed.
    pub from: Vec<FactView>,
    /// What is held then.
    pub to: FactView,
    /// What shows it.
    pub evidence: Vec<EvidenceView>,
    /// What is taken for granted.
    pub assumptions: Vec<Assumption>,
}

/// How a goal is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where it begins.
    pub start: FactView,
    /// Where it ends.
    pub goal: FactView,
    /// The steps, each after those that it needs.
    pub steps: Vec<PathStep>,
}

impl Path {
    /// Whether no step takes anything for granted.
    pub fn is_certain(&self) -> bool {
        self.steps.iter().all(|step| step.assumptions.is_empty())
    }
}

/// One edge in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeView {
    /// How.
    pub technique: Technique,
    /// What is needed.
    pub premises: Vec<FactView>,
    /// What is gained.
    pub conclusion: FactView,
    /// What is taken for granted.
    pub assumption: Option<Assumption>,
}

impl AttackGraph {
    /// The facts of a start; empty if the cluster has no such thing.
    pub fn start_facts(&self, start: &Start) -> Vec<FactId> {
        let fact = match start {
            Start::Internet => Some(Fact::Internet),
            Start::PodNetwork => Some(Fact::PodNetwork),
            Start::Subject(subject) => self.find_identity(subject),
            Start::Pod(namespace, name) => return self.pod_facts(namespace, name),
            Start::Node(name) => self.find_node(name).map(Fact::Node),
            Start::CloudRole(arn) => self.find_cloud_role(arn),
        };
        fact.and_then(|fact| self.find(fact)).into_iter().collect()
    }

    fn pod_facts(&self, namespace: &str, name: &str) -> Vec<FactId> {
        self.facts_where(|fact| match fact {
            Fact::Pod(pod) => self
                .pods
                .get(pod as usize)
                .is_some_and(|(_, of_namespace, of_name)| of_namespace == namespace && of_name == name),
            _ => false,
        })
    }

    /// The facts of a goal, any of which will do.
    pub fn goal_facts(&self, goal: &Goal) -> Vec<FactId> {
        let fact = match goal {
            Goal::ClusterAdmin => Some(Fact::ClusterAdmin),
            Goal::AnyNode => return self.facts_where(|fact| matches!(fact, Fact::Node(_))),
            Goal::Node(name) => self.find_node(name).map(Fact::Node),
            Goal::Secret(namespace, name) => self.find_secret(&(namespace.clone(), name.clone())),
            Goal::CloudRole(None) => return self.facts_where(|fact| matches!(fact, Fact::CloudRole(_))),
            Goal::CloudRole(Some(arn)) => self.find_cloud_role(arn),
            Goal::Subject(subject) => self.find_identity(subject),
            Goal::Pod(namespace, name) => return self.pod_facts(namespace, name),
        };
        fact.and_then(|fact| self.find(fact)).into_iter().collect()
    }

    /// The cheapest path from a start to a goal, if there is one.
    pub fn path(&self, snapshot: &Snapshot, start: FactId, goals: &[FactId]) -> Option<Path> {
        let reach = self.reach(&[start], &HashSet::new());
        let goal = *reach.order.iter().find(|fact| goals.contains(fact))?;
        self.path_in(snapshot, &reach, start, goal)
    }

    /// Everybody who reaches one of the goals, each with a cheapest path, those without a path left out.
    ///
    /// Most paths are read off one backward search; only who needs several things at once is searched forward.
    pub fn paths_to(&self, snapshot: &Snapshot, goals: &[FactId]) -> Vec<(Subject, Path)> {
        let next = self.next_edges(goals);
        let always = self.always_held();
        let mut found = Vec::new();
        let mut left = Vec::new();
        for (start, subject) in self.subject_starts() {
            match self.follow(start, &next, &always) {
                Some(edges) => {
                    let goal =
                        edges.last().and_then(|edge| self.edge(*edge)).map_or(start, |edge| edge.conclusion);
                    let steps = self.steps(snapshot, &edges);
                    let path =
                        Path { start: self.view(snapshot, start), goal: self.view(snapshot, goal), steps };
                    found.push((subject, path));
                }
                None => left.push((start, subject)),
            }
        }
        let starts: Vec<FactId> = left.iter().map(|(start, _)| *start).collect();
        let reaching = self.starts_reaching(goals, &starts);
        let ways = Ways::new(self, goals);
        for (start, subject) in left.into_iter().filter(|(start, _)| reaching.contains(start)) {
            if let Some((goal, edges)) = ways.cheapest(start) {
                let steps = self.steps(snapshot, &edges);
                let path = Path { start: self.view(snapshot, start), goal: self.view(snapshot, goal), steps };
                found.push((subject, path));
            }
        }
        found.sort_by(|a, b| (a.1.steps.len(), &a.0).cmp(&(b.1.steps.len(), &b.0)));
        found
    }

    fn follow(
        &self,
        start: FactId,
        next: &HashMap<FactId, Option<EdgeId>>,
        always: &HashSet<FactId>,
    ) -> Option<Vec<EdgeId>> {
        let mut edges = Vec::new();
        let mut fact = start;
        while let Some(edge) = next.get(&fact)? {
            let data = self.edge(*edge)?;
            // What holds anyway is shown where it is needed.
            for premise in data.premises().iter().filter(|premise| always.contains(premise)) {
                edges.extend(
                    self.edges_to(*premise)
                        .iter()
                        .find(|edge| self.edge(**edge).is_some_and(|edge| edge.premise_count == 0)),
                );
            }
            edges.push(*edge);
            fact = data.conclusion;
        }
        Some(edges)
    }

    /// The path to something that was reached.
    pub fn path_in(
        &self,
        snapshot: &Snapshot,
        reach: &super::Reach,
        start: FactId,
        goal: FactId,
    ) -> Option<Path> {
        if !reach.has(goal) {
            return None;
        }
        let edges = self.derivation(reach, goal);
        Some(Path {
            start: self.view(snapshot, start),
            goal: self.view(snapshot, goal),
            steps: self.steps(snapshot, &edges),
        })
    }

    /// Steps that a person takes: what only follows is put into the step before or after it.
    fn steps(&self, snapshot: &Snapshot, edges: &[EdgeId]) -> Vec<PathStep> {
        // For a fact without a step of its own: what it comes from, and what showed it.
        type Carried = (Vec<FactId>, Vec<EvidenceView>, Vec<Assumption>);
        let mut carried: HashMap<FactId, Carried> = HashMap::new();
        let mut step_of: HashMap<FactId, usize> = HashMap::new();
        let mut steps: Vec<PathStep> = Vec::new();
        for id in edges {
            let Some(edge) = self.edge(*id) else { continue };
            let mut origins: Vec<FactId> = Vec::new();
            let mut evidence: Vec<EvidenceView> = Vec::new();
            let mut assumptions: Vec<Assumption> = Vec::new();
            for premise in edge.premises() {
                match carried.get(premise) {
                    Some((of_premise, shown, assumed)) => {
                        origins.extend(
                            of_premise
                                .iter()
                                .filter(|fact| !origins.contains(fact))
                                .copied()
                                .collect::<Vec<_>>(),
                        );
                        evidence.extend(shown.iter().cloned());
                        assumptions.extend(assumed);
                    }
                    None if !origins.contains(premise) => origins.push(*premise),
                    None => {}
                }
            }
            evidence.extend(self.evidence(snapshot, edge.evidence));
            assumptions.extend(edge.assumption);
            let is_silent = matches!(edge.technique, Technique::Follows | Technique::PermissionDiscover);
            if !is_silent {
                evidence.dedup();
                step_of.insert(edge.conclusion, steps.len());
                steps.push(PathStep {
                    technique: edge.technique,
                    from: origins.iter().map(|fact| self.view(snapshot, *fact)).collect(),
                    to: self.view(snapshot, edge.conclusion),
                    evidence,
                    assumptions,
                });
                continue;
            }
            // A step to "all accounts of a namespace" becomes one to the account that the path goes on with.
            let narrowed = match edge.premises() {
                [premise] if matches!(self.fact_at(*premise), Some(Fact::Power(..) | Fact::Effect(..))) => {
                    step_of.get(premise).copied().filter(|_| !carried.contains_key(premise))
                }
                _ => None,
            };
            match narrowed.and_then(|index| steps.get(index).cloned().map(|step| (index, step))) {
                Some((index, mut step)) => {
                    let was_narrowed = step.to
                        != self.view(snapshot, edge.premises().first().copied().unwrap_or(edge.conclusion));
                    step.to = self.view(snapshot, edge.conclusion);
                    step.assumptions.extend(edge.assumption);
                    step.evidence.extend(self.evidence(snapshot, edge.evidence));
                    let target = if was_narrowed { steps.len() } else { index };
                    match steps.get_mut(target) {
                        Some(slot) => *slot = step,
                        None => steps.push(step),
                    }
                    step_of.insert(edge.conclusion, target);
                }
                None => {
                    carried.insert(edge.conclusion, (origins, evidence, assumptions));
                }
            }
        }
        steps
    }

    fn evidence(&self, snapshot: &Snapshot, evidence: Evidence) -> Vec<EvidenceView> {
        let rule_view = |rule: crate::snapshot::RuleId| {
            let role = snapshot.rule_origins.get(rule.0 as usize).copied()?;
            let data = snapshot.rule(rule)?;
            let written = data.written(&snapshot.symbols);
            Some(EvidenceView {
                object: snapshot.role_view(role)?.to_string(),
                rule: Some(rule_text(&written)),
                place: data.place,
            })
        };
        let binding_view = |binding: BindingId| {
            let view = snapshot.binding_view(binding)?;
            Some(EvidenceView { object: view.to_string(), rule: None, place: view.place })
        };
        match evidence {
            Evidence::None => Vec::new(),
            Evidence::Binding(binding) => binding_view(binding).into_iter().collect(),
            Evidence::Rule(rule) => rule_view(rule).into_iter().collect(),
            Evidence::Rules(start, count) => {
                let range = start as usize..start as usize + count as usize;
                let mut views = Vec::new();
                for witness in self.rule_pool.get(range).unwrap_or_default() {
                    views.extend(binding_view(witness.binding));
                    views.extend(rule_view(witness.rule));
                }
                views
            }
            Evidence::At(place) => vec![EvidenceView { object: String::new(), rule: None, place }],
        }
    }

    /// An edge in words.
    pub fn edge_view(&self, snapshot: &Snapshot, id: EdgeId) -> Option<EdgeView> {
        let edge = self.edge(id)?;
        Some(EdgeView {
            technique: edge.technique,
            premises: edge.premises().iter().map(|premise| self.view(snapshot, *premise)).collect(),
            conclusion: self.view(snapshot, edge.conclusion),
            assumption: edge.assumption,
        })
    }

    /// What an edge shows as its reason.
    pub fn edge_evidence(&self, snapshot: &Snapshot, id: EdgeId) -> Vec<EvidenceView> {
        self.edge(id).map(|edge| self.evidence(snapshot, edge.evidence)).unwrap_or_default()
    }

    /// A fact in words.
    pub fn view(&self, snapshot: &Snapshot, id: FactId) -> FactView {
        let of = |kind, namespace: Option<&str>, name: String| FactView {
            kind,
            namespace: namespace.map(str::to_owned),
            name,
        };
        let Some(fact) = self.fact_at(id) else { return of(FactKind::Effect, None, String::new()) };
        match fact {
            Fact::Internet => of(FactKind::Internet, None, String::new()),
            Fact::PodNetwork => of(FactKind::PodNetwork, None, String::new()),
            Fact::ClusterAdmin => of(FactKind::ClusterAdmin, None, String::new()),
            Fact::Identity(index) => match self.identities.get(index as usize) {
                Some(Subject::User { name }) => of(FactKind::User, None, name.clone()),
                Some(Subject::Group { name }) => of(FactKind::Group, None, name.clone()),
                Some(Subject::ServiceAccount { namespace, name }) => {
                    of(FactKind::ServiceAccount, Some(namespace), name.clone())
                }
                None => of(FactKind::User, None, String::new()),
            },
            Fact::Permissions(role, scope) => {
                let name = snapshot.role_view(role).map(|role| role.name.to_owned()).unwrap_or_default();
                of(FactKind::Permissions, self.scope_name(scope), name)
            }
            Fact::Power(power, scope) => {
                of(FactKind::Power, self.scope_name(scope), power.as_str().to_owned())
            }
            Fact::Pod(pod) => match self.pods.get(pod as usize) {
                Some((_, namespace, name)) => of(FactKind::Pod, Some(namespace), name.clone()),
                None => of(FactKind::Pod, None, String::new()),
            },
            Fact::Container(pod, index) => {
                self.part(FactKind::Container, pod, self.containers.get(pod as usize), index)
            }
            Fact::Volume(pod, index) => {
                self.part(FactKind::Volume, pod, self.volumes.get(pod as usize), index)
            }
            Fact::Node(node) => of(FactKind::Node, None, self.node_name(node)),
            Fact::NodeCredential(node) => of(FactKind::NodeCredential, None, self.node_name(node)),
            Fact::Secret(secret) => match self.secrets.get(secret as usize) {
                Some((namespace, name)) => of(FactKind::Secret, Some(namespace), name.clone()),
                None => of(FactKind::Secret, None, String::new()),
            },
            Fact::CloudRole(role) => of(
                FactKind::CloudRole,
                None,
                self.cloud_roles.get(role as usize).cloned().unwrap_or_default(),
            ),
            Fact::Effect(technique, scope) => {
                // Running pods somewhere and privileged pods anywhere are powers without a namespace.
                let (kind, name) = match technique {
                    Technique::WorkloadCreate => (FactKind::Power, Power::RunPods.as_str()),
                    Technique::PodCreate => (FactKind::Power, Power::PrivilegedPods.as_str()),
                    other => (FactKind::Effect, other.id()),
                };
                of(kind, self.scope_name(scope), name.to_owned())
            }
        }
    }

    fn node_name(&self, node: u32) -> String {
        self.nodes.get(node as usize).cloned().unwrap_or_else(|| SOME_NODE.to_owned())
    }

    fn part(&self, kind: FactKind, pod: u32, names: Option<&Vec<String>>, index: u16) -> FactView {
        let part = names.and_then(|names| names.get(usize::from(index))).cloned().unwrap_or_default();
        let (namespace, pod) = match self.pods.get(pod as usize) {
            Some((_, namespace, name)) => (Some(namespace.clone()), name.clone()),
            None => (None, String::new()),
        };
        FactView { kind, namespace, name: format!("{pod}/{part}") }
    }

    /// Everybody and everything that a path may begin at: identities that are no groups of Kubernetes itself, pods.
    pub fn subject_starts(&self) -> Vec<(FactId, Subject)> {
        self.identities
            .iter()
            .filter_map(|subject| Some((self.find(self.find_identity(subject)?)?, subject.clone())))
            .collect()
    }

    /// Workloads that the internet reaches: namespace and name, with the fact of their pod.
    pub fn exposed_pods(&self) -> Vec<(FactId, String, String)> {
        let Some(internet) = self.find(Fact::Internet) else { return Vec::new() };
        self.edges_from(internet)
            .iter()
            .filter_map(|edge| self.edge(*edge))
            .filter_map(|edge| match self.fact_at(edge.conclusion)? {
                Fact::Pod(pod) => {
                    let (_, namespace, name) = self.pods.get(pod as usize)?;
                    Some((edge.conclusion, namespace.clone(), name.clone()))
                }
                _ => None,
            })
            .collect()
    }
}

/// A rule on one line: `get,list pods,pods/log (core)` or `* deployments (apps) [a,b]`.
pub(crate) fn rule_text(rule: &crate::rule::PolicyRule) -> String {
    let mut parts = vec![rule.verbs.join(",")];
    if !rule.resources.is_empty() {
        let groups: Vec<&str> =
            rule.api_groups.iter().map(|group| if group.is_empty() { "core" } else { group }).collect();
        let groups = if groups.is_empty() { "–".to_owned() } else { groups.join(",") };
        parts.push(format!("{} ({groups})", rule.resources.join(",")));
    }
    if !rule.resource_names.is_empty() {
        parts.push(format!("[{}]", rule.resource_names.join(",")));
    }
    if !rule.non_resource_urls.is_empty() {
        parts.push(rule.non_resource_urls.join(","));
    }
    parts.join(" ")
}

impl Power {
    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Power::Control => "control",
            Power::RunPods => "run-pods",
            Power::EnterPods => "enter-pods",
            Power::Accounts => "service-accounts",
            Power::StoredTokens => "stored-tokens",
            Power::Secrets => "secrets",
            Power::PrivilegedPods => "privileged-pods",
            Power::Evict => "evict-pods",
            Power::Unschedule => "unschedule",
            Power::MakeVolumes => "make-volumes",
            Power::ReadLogs => "read-logs",
            Power::AnyUser => "any-user",
            Power::AnyGroup => "any-group",
            Power::Certificates => "certificates",
        }
    }
}

/// Something worth having that is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gain {
    /// What.
    pub fact: FactView,
    /// Over how many steps.
    pub steps: usize,
    /// Whether no step takes anything for granted.
    pub is_certain: bool,
}

impl AttackGraph {
    /// What a start reaches of all that somebody may be after: the cluster, nodes, identities, Secrets, roles of the
    /// cloud; in that order.
    pub fn gain_facts(&self, start: FactId) -> Vec<FactId> {
        self.gains_in(start, &self.reach(&[start], &HashSet::new()))
    }

    fn gains_in(&self, start: FactId, reach: &super::Reach) -> Vec<FactId> {
        let rank = |fact: Fact| match fact {
            Fact::ClusterAdmin => Some(0),
            Fact::Node(_) => Some(1),
            Fact::CloudRole(_) => Some(2),
            Fact::Identity(id) => match self.identities.get(id as usize) {
                // What everybody is in, nobody has to reach.
                Some(Subject::Group { name })
                    if name.starts_with("system:") && name != crate::subject::MASTERS =>
                {
                    None
                }
                _ => Some(3),
            },
            Fact::Secret(_) => Some(4),
            _ => None,
        };
        // Whoever has the cluster has all the rest: what is not nearer than that says nothing more.
        let admin = self.find(Fact::ClusterAdmin);
        let nearer =
            reach.order.iter().position(|fact| Some(*fact) == admin).map_or(reach.order.len(), |at| at + 1);
        let mut found: Vec<(u8, FactId)> = reach
            .order
            .iter()
            .take(nearer)
            .filter(|fact| **fact != start)
            .filter_map(|fact| Some((rank(self.fact_at(*fact)?)?, *fact)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, fact)| fact).collect()
    }

    /// The same with how it is reached.
    pub fn gains(&self, snapshot: &Snapshot, start: FactId) -> Vec<Gain> {
        let reach = self.reach(&[start], &HashSet::new());
        let gain = |fact: FactId| {
            let path = self.path_in(snapshot, &reach, start, fact)?;
            let is_certain = path.is_certain();
            Some(Gain { steps: path.steps.len(), is_certain, fact: path.goal })
        };
        self.gains_in(start, &reach).into_iter().filter_map(gain).collect()
    }
}
