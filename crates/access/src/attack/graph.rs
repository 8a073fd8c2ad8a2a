//! The AND/OR graph: facts that an attacker may come to have, and edges that give one when all their premises are held.

use std::collections::HashMap;

use crate::decide::Witness;
use crate::inventory::Key;
use crate::rule::Place;
use crate::snapshot::{BindingId, RoleId, RuleId};
use crate::subject::Subject;

use super::technique::Technique;

/// Index of a fact in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub(crate) u32);

/// Index of an edge in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId(pub(crate) u32);

/// The whole cluster, or a namespace by its index in the graph's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    Cluster,
    Namespace(u32),
}

/// What many techniques lead to, and many start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Power {
    /// Everything in the scope.
    Control,
    /// Start pods.
    RunPods,
    /// Run code in running pods.
    EnterPods,
    /// Act as its service accounts.
    Accounts,
    /// Read tokens that lie in Secrets.
    StoredTokens,
    /// Read Secrets.
    Secrets,
    /// Have privileged pods admitted.
    PrivilegedPods,
    /// Delete or evict pods.
    Evict,
    /// Keep pods off nodes.
    Unschedule,
    /// Make persistent volumes.
    MakeVolumes,
    /// Read logs through the kubelet.
    ReadLogs,
    /// Act as any user.
    AnyUser,
    /// Act with any group.
    AnyGroup,
    /// Have certificates issued for users and groups.
    Certificates,
}

/// Something that an attacker may come to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fact {
    /// A place in the internet.
    Internet,
    /// A place in the cluster's network.
    PodNetwork,
    /// Everything in the cluster.
    ClusterAdmin,
    Identity(u32),
    /// The rules of a role, in a scope.
    Permissions(RoleId, Scope),
    Power(Power, Scope),
    Pod(u32),
    Container(u32, u16),
    Volume(u32, u16),
    Node(u32),
    NodeCredential(u32),
    Secret(u32),
    CloudRole(u32),
    /// What a technique achieves, where nothing further is built on it.
    Effect(Technique, Scope),
}

/// What a step takes for granted although the input does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assumption {
    /// The pod is scheduled on the same node.
    SameNode,
    /// No Secret was in the input; token Secrets may be there.
    SecretsNotSeen,
    /// The namespace's labels were not in the input; it may enforce a Pod Security level.
    NamespaceNotSeen,
    /// Admission policies are there that may refuse such pods.
    AdmissionGuards,
    /// The service has a flaw, or asks for no credentials.
    Vulnerable,
    /// Somebody else has to do something: create an object, pull an image.
    OthersAct,
    /// The controllers' accounts are where Kubernetes puts them.
    DefaultControllers,
    /// The cloud account is as it usually is: its configuration was not in the input.
    CloudNotSeen,
    /// The distributor of the kernel or runtime did not mend the flaw in this version.
    NotMended,
    /// The attacker's packets arrive: no policy in the way was evaluated.
    Reachable,
}

impl Assumption {
    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Assumption::SameNode => "same-node",
            Assumption::SecretsNotSeen => "secrets-not-seen",
            Assumption::NamespaceNotSeen => "namespace-not-seen",
            Assumption::AdmissionGuards => "admission-guards",
            Assumption::Vulnerable => "vulnerable",
            Assumption::OthersAct => "others-act",
            Assumption::DefaultControllers => "default-controllers",
            Assumption::CloudNotSeen => "cloud-not-seen",
            Assumption::NotMended => "not-mended",
            Assumption::Reachable => "reachable",
        }
    }
}

/// What shows that an edge is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    None,
    /// A binding that gives a role.
    Binding(BindingId),
    /// A rule of the role whose permissions are the premise.
    Rule(RuleId),
    /// Several rules, each through its binding: a range of the graph's pool.
    Rules(u32, u32),
    /// A place in the input.
    At(Place),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) technique: Technique,
    /// Unused places hold the first premise again.
    pub(crate) premises: [FactId; 3],
    pub(crate) premise_count: u8,
    pub(crate) conclusion: FactId,
    pub(crate) evidence: Evidence,
    pub(crate) assumption: Option<Assumption>,
}

impl Edge {
    pub(crate) fn premises(&self) -> &[FactId] {
        self.premises.get(..usize::from(self.premise_count)).unwrap_or_default()
    }
}

/// Facts and edges of a cluster. Made by [`super::build`].
#[derive(Debug, Clone, Default)]
pub struct AttackGraph {
    pub(crate) facts: Vec<Fact>,
    ids: HashMap<Fact, FactId>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) rule_pool: Vec<Witness>,
    pub(crate) identities: Vec<Subject>,
    identity_ids: HashMap<Subject, u32>,
    pub(crate) namespaces: Vec<String>,
    namespace_ids: HashMap<String, u32>,
    pub(crate) secrets: Vec<Key>,
    secret_ids: HashMap<Key, u32>,
    pub(crate) nodes: Vec<String>,
    node_ids: HashMap<String, u32>,
    pub(crate) cloud_roles: Vec<String>,
    cloud_role_ids: HashMap<String, u32>,
    /// (kind, namespace, name) of each workload.
    pub(crate) pods: Vec<(String, String, String)>,
    /// Names of the containers and volumes of each workload.
    pub(crate) containers: Vec<Vec<String>>,
    pub(crate) volumes: Vec<Vec<String>>,
    /// Edges by premise and by conclusion: offsets and edges.
    by_premise: Adjacency,
    by_conclusion: Adjacency,
}

#[derive(Debug, Clone, Default)]
struct Adjacency {
    offsets: Vec<u32>,
    edges: Vec<EdgeId>,
}

impl Adjacency {
    fn build(fact_count: usize, pairs: &[(FactId, EdgeId)]) -> Self {
        let mut offsets = vec![0u32; fact_count + 1];
        for (fact, _) in pairs {
            if let Some(count) = offsets.get_mut(fact.0 as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for offset in &mut offsets {
            sum += *offset;
            *offset = sum;
        }
        let mut next = offsets.clone();
        let mut edges = vec![EdgeId(0); pairs.len()];
        for (fact, edge) in pairs {
            if let Some(place) = next.get_mut(fact.0 as usize) {
                if let Some(slot) = edges.get_mut(*place as usize) {
                    *slot = *edge;
                }
                *place += 1;
            }
        }
        Adjacency { offsets, edges }
    }

    fn of(&self, fact: FactId) -> &[EdgeId] {
        let at = |index: usize| self.offsets.get(index).copied().unwrap_or_default() as usize;
        let index = fact.0 as usize;
        self.edges.get(at(index)..at(index + 1)).unwrap_or_default()
    }
}

fn intern<K: Clone + Eq + std::hash::Hash>(table: &mut Vec<K>, ids: &mut HashMap<K, u32>, key: K) -> u32 {
    if let Some(id) = ids.get(&key) {
        return *id;
    }
    let id = u32::try_from(table.len()).unwrap_or(u32::MAX);
    table.push(key.clone());
    ids.insert(key, id);
    id
}

impl AttackGraph {
    pub(crate) fn fact(&mut self, fact: Fact) -> FactId {
        if let Some(id) = self.ids.get(&fact) {
            return *id;
        }
        let id = FactId(u32::try_from(self.facts.len()).unwrap_or(u32::MAX));
        self.facts.push(fact);
        self.ids.insert(fact, id);
        id
    }

    pub(crate) fn find(&self, fact: Fact) -> Option<FactId> {
        self.ids.get(&fact).copied()
    }

    pub(crate) fn fact_at(&self, id: FactId) -> Option<Fact> {
        self.facts.get(id.0 as usize).copied()
    }

    pub(crate) fn edge(&self, id: EdgeId) -> Option<&Edge> {
        self.edges.get(id.0 as usize)
    }

    pub(crate) fn identity(&mut self, subject: &Subject) -> Fact {
        if let Some(id) = self.identity_ids.get(subject) {
            return Fact::Identity(*id);
        }
        Fact::Identity(intern(&mut self.identities, &mut self.identity_ids, subject.clone()))
    }

    pub(crate) fn find_identity(&self, subject: &Subject) -> Option<Fact> {
        self.identity_ids.get(subject).map(|id| Fact::Identity(*id))
    }

    pub(crate) fn namespace(&mut self, name: &str) -> Scope {
        if let Some(id) = self.namespace_ids.get(name) {
            return Scope::Namespace(*id);
        }
        Scope::Namespace(intern(&mut self.namespaces, &mut self.namespace_ids, name.to_owned()))
    }

    pub(crate) fn find_namespace(&self, name: &str) -> Option<Scope> {
        self.namespace_ids.get(name).map(|id| Scope::Namespace(*id))
    }

    pub(crate) fn scope_name(&self, scope: Scope) -> Option<&str> {
        match scope {
            Scope::Cluster => None,
            Scope::Namespace(id) => self.namespaces.get(id as usize).map(String::as_str),
        }
    }

    pub(crate) fn secret(&mut self, key: Key) -> Fact {
        Fact::Secret(intern(&mut self.secrets, &mut self.secret_ids, key))
    }

    pub(crate) fn find_secret(&self, key: &Key) -> Option<Fact> {
        self.secret_ids.get(key).map(|id| Fact::Secret(*id))
    }

    pub(crate) fn node(&mut self, name: &str) -> u32 {
        intern(&mut self.nodes, &mut self.node_ids, name.to_owned())
    }

    pub(crate) fn find_node(&self, name: &str) -> Option<u32> {
        self.node_ids.get(name).copied()
    }

    pub(crate) fn cloud_role(&mut self, arn: &str) -> Fact {
        Fact::CloudRole(intern(&mut self.cloud_roles, &mut self.cloud_role_ids, arn.to_owned()))
    }

    pub(crate) fn find_cloud_role(&self, arn: &str) -> Option<Fact> {
        self.cloud_role_ids.get(arn).map(|id| Fact::CloudRole(*id))
    }

    pub(crate) fn add(
        &mut self,
        technique: Technique,
        premises: &[Fact],
        conclusion: Fact,
        evidence: Evidence,
        assumption: Option<Assumption>,
    ) {
        let conclusion = self.fact(conclusion);
        let mut ids = [conclusion; 3];
        let mut count = 0u8;
        for fact in premises.iter().take(3) {
            let id = self.fact(*fact);
            // An edge to one of its own premises gives nothing.
            if id == conclusion {
                return;
            }
            if let Some(slot) = ids.get_mut(usize::from(count)) {
                *slot = id;
                count += 1;
            }
        }
        self.edges.push(Edge {
            technique,
            premises: ids,
            premise_count: count,
            conclusion,
            evidence,
            assumption,
        });
    }

    /// Evidence of several rules.
    pub(crate) fn rules(&mut self, witnesses: &[Witness]) -> Evidence {
        let start = u32::try_from(self.rule_pool.len()).unwrap_or(u32::MAX);
        self.rule_pool.extend_from_slice(witnesses);
        Evidence::Rules(start, u32::try_from(witnesses.len()).unwrap_or(u32::MAX))
    }

    /// Indexes the edges; facts and edges are complete after it.
    pub(crate) fn seal(&mut self) {
        let mut by_premise = Vec::with_capacity(self.edges.len());
        let mut by_conclusion = Vec::with_capacity(self.edges.len());
        for (index, edge) in self.edges.iter().enumerate() {
            let id = EdgeId(u32::try_from(index).unwrap_or(u32::MAX));
            by_premise.extend(edge.premises().iter().map(|premise| (*premise, id)));
            by_conclusion.push((edge.conclusion, id));
        }
        self.by_premise = Adjacency::build(self.facts.len(), &by_premise);
        self.by_conclusion = Adjacency::build(self.facts.len(), &by_conclusion);
        self.edges.shrink_to_fit();
        self.facts.shrink_to_fit();
    }

    pub(crate) fn edges_from(&self, fact: FactId) -> &[EdgeId] {
        self.by_premise.of(fact)
    }

    pub(crate) fn edges_to(&self, fact: FactId) -> &[EdgeId] {
        self.by_conclusion.of(fact)
    }

    /// The number of facts and edges.
    pub fn size(&self) -> (usize, usize) {
        (self.facts.len(), self.edges.len())
    }

    /// Everyone whom the graph knows.
    pub fn known_identities(&self) -> &[Subject] {
        &self.identities
    }

    /// All edges, as people see them.
    pub fn edge_ids(&self) -> impl Iterator<Item = EdgeId> + use<> {
        (0..u32::try_from(self.edges.len()).unwrap_or(u32::MAX)).map(EdgeId)
    }
}
