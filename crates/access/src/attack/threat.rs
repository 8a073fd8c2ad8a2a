//! The data of a threat model: where attackers come in, what they are after, and how they get there.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use crate::inventory::Inventory;
use crate::snapshot::Snapshot;
use crate::subject::Subject;

use super::graph::{AttackGraph, FactId};
use super::view::{Goal, Path, Start};

/// A place where an attacker may begin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum EntryPoint {
    /// A workload that the internet reaches.
    ExposedWorkload {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The API server, for who has no credentials.
    Anonymous,
    /// Any pod: a flaw in an application, a bad dependency.
    Workload {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A person's or a machine's stolen credential.
    Credential {
        /// Whose.
        subject: Subject,
    },
}

/// What is to be protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asset {
    /// Everything in the cluster.
    ClusterAdmin,
    /// The nodes.
    Nodes,
    /// Roles of the cloud.
    CloudRoles,
}

impl Asset {
    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Asset::ClusterAdmin => "cluster-admin",
            Asset::Nodes => "nodes",
            Asset::CloudRoles => "cloud-roles",
        }
    }
}

/// How an entry point leads to an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threat {
    /// Where it begins.
    pub entry: EntryPoint,
    /// What is lost.
    pub asset: Asset,
    /// How.
    pub path: Path,
}

/// A boundary that paths cross.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Boundary {
    /// `internet`, `namespace`, `node`, `cloud`.
    pub kind: &'static str,
    /// How many things are on the inner side: exposed workloads, namespaces, nodes, roles.
    pub inside: usize,
    /// How many of them are guarded: behind a Pod Security level, without an exposed workload …
    pub guarded: usize,
}

/// Everything that the document tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreatModel {
    /// Where attackers may begin.
    pub entries: Vec<EntryPoint>,
    /// What paths cross.
    pub boundaries: Vec<Boundary>,
    /// What is to be protected, with how many of each there are.
    pub assets: Vec<(Asset, usize)>,
    /// Secrets that entry points reach: namespace, name, number of entry points.
    pub secrets: Vec<(String, String, usize)>,
    /// How entry points lead to assets, the shortest first.
    pub threats: Vec<Threat>,
}

impl ThreatModel {
    /// Builds the model. Kubernetes' own subjects are no entry points: whoever has their credentials has the cluster
    /// already.
    pub fn build(snapshot: &Snapshot, inventory: &Inventory, graph: &AttackGraph) -> Self {
        let mut model = ThreatModel::default();
        let mut starts: Vec<(EntryPoint, FactId)> = Vec::new();
        let exposed = graph.exposed_pods();
        let exposed_names: BTreeSet<(String, String)> =
            exposed.iter().map(|(_, namespace, name)| (namespace.clone(), name.clone())).collect();
        for (fact, namespace, name) in exposed {
            starts.push((EntryPoint::ExposedWorkload { namespace, name }, fact));
        }
        for subject in [Subject::user("system:anonymous"), Subject::group(crate::subject::UNAUTHENTICATED)] {
            if let Some(fact) = graph.start_facts(&Start::Subject(subject)).first() {
                starts.push((EntryPoint::Anonymous, *fact));
            }
        }
        for pod in &inventory.pods {
            let key = (pod.namespace.clone(), pod.name.clone());
            if exposed_names.contains(&key) || pod.namespace == "kube-system" {
                continue;
            }
            if let Some(fact) = graph.start_facts(&Start::Pod(key.0.clone(), key.1.clone())).first() {
                starts.push((EntryPoint::Workload { namespace: key.0, name: key.1 }, *fact));
            }
        }
        for (fact, subject) in graph.subject_starts() {
            let is_person = matches!(subject, Subject::User { .. } | Subject::Group { .. });
            if is_person && !subject.is_system() {
                starts.push((EntryPoint::Credential { subject }, fact));
            }
        }
        let goals = [
            (Asset::ClusterAdmin, graph.goal_facts(&Goal::ClusterAdmin)),
            (Asset::Nodes, graph.goal_facts(&Goal::AnyNode)),
            (Asset::CloudRoles, graph.goal_facts(&Goal::CloudRole(None))),
        ];
        let mut secrets: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (entry, start) in &starts {
            let reach = graph.reach(&[*start], &HashSet::new());
            for (asset, facts) in &goals {
                let goal = reach.order.iter().find(|fact| facts.contains(fact));
                if let Some(path) = goal.and_then(|goal| graph.path_in(snapshot, &reach, *start, *goal)) {
                    model.threats.push(Threat { entry: entry.clone(), asset: *asset, path });
                }
            }
            for (index, key) in graph.secrets.iter().enumerate() {
                let fact = super::graph::Fact::Secret(u32::try_from(index).unwrap_or(u32::MAX));
                if graph.find(fact).is_some_and(|fact| reach.has(fact)) {
                    *secrets.entry(key.clone()).or_default() += 1;
                }
            }
        }
        model.threats.sort_by(|a, b| {
            (a.asset, !a.path.is_certain(), a.path.steps.len(), &a.entry).cmp(&(
                b.asset,
                !b.path.is_certain(),
                b.path.steps.len(),
                &b.entry,
            ))
        });
        model.secrets =
            secrets.into_iter().map(|((namespace, name), count)| (namespace, name, count)).collect();
        // "Some node" stands for nodes that were not in the input, and is none beside them.
        let count = |asset: Asset, facts: &[FactId]| match asset {
            Asset::Nodes => inventory.nodes.len(),
            _ => facts.len(),
        };
        model.assets = goals.iter().map(|(asset, facts)| (*asset, count(*asset, facts))).collect();
        model.entries = starts.into_iter().map(|(entry, _)| entry).collect();
        model.entries.sort();
        model.entries.dedup();
        model.boundaries = boundaries(inventory, graph, exposed_names.len());
        model
    }

    /// Threats that stand in `self` and not in `before`: entry point and asset.
    pub fn new_since(&self, before: &ThreatModel) -> Vec<(EntryPoint, Asset)> {
        let known: BTreeSet<(&EntryPoint, Asset)> =
            before.threats.iter().map(|threat| (&threat.entry, threat.asset)).collect();
        self.threats
            .iter()
            .filter(|threat| !known.contains(&(&threat.entry, threat.asset)))
            .map(|threat| (threat.entry.clone(), threat.asset))
            .collect()
    }
}

fn boundaries(inventory: &Inventory, graph: &AttackGraph, exposed: usize) -> Vec<Boundary> {
    use crate::inventory::PodSecurity;
    let guarded = inventory
        .namespaces
        .values()
        .filter(|namespace| namespace.enforce.is_some_and(|level| level >= PodSecurity::Baseline))
        .count();
    let total = inventory.pods.len();
    let of_pods = inventory.pods.iter().map(|pod| &pod.namespace);
    let namespaces: BTreeSet<&String> = inventory.namespaces.keys().chain(of_pods).collect();
    vec![
        Boundary { kind: "internet", inside: total, guarded: total.saturating_sub(exposed) },
        Boundary { kind: "namespace", inside: namespaces.len(), guarded },
        Boundary { kind: "node", inside: inventory.nodes.len(), guarded: 0 },
        Boundary { kind: "cloud", inside: graph.cloud_roles.len(), guarded: 0 },
    ]
}
