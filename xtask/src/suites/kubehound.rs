//! `rbac/kubehound`: escape and escalation edges of its test cluster.
//!
//! Its vertices are ours by other names: a permission set `role::binding` is a role through one binding.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use haechi_access::attack::{self, AttackGraph, FactId, FactKind, FactView, Technique};
use haechi_access::{Exposure, Inventory, Snapshot, SnapshotBuilder, SnapshotOptions, Subject};
use haechi_objects::PodTemplates;
use haechi_syntax::{Limits, parse_yaml};
use serde_json::Value as Json;

use super::rbac::{open_cases, text, texts};
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite = Suite { name: "rbac/kubehound", needs: "rbac/kubehound", run };

struct World {
    snapshot: Snapshot,
    inventory: Inventory,
    graph: AttackGraph,
}

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join(SUITE.needs);
    let world = load(&folder.join("attacks"))?;
    let mut outcome = Outcome::default();
    for (_, case) in open_cases(&folder)? {
        let edge = text(&case, "edge").to_owned();
        let expected: BTreeSet<String> = texts(case.get("expected")).into_iter().map(str::to_owned).collect();
        judge(&world, &edge, &expected, &case, &mut outcome);
    }
    Ok(outcome)
}

fn load(folder: &Path) -> Result<World> {
    let mut builder = SnapshotBuilder::new(SnapshotOptions::default());
    let mut inventory = Inventory::default();
    let mut files: Vec<_> =
        std::fs::read_dir(folder)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    for (source, file) in (0u32..).zip(files) {
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        let path: Arc<str> = file.display().to_string().into();
        let parsed = parse_yaml(&bytes, &Limits::default());
        builder.add_file(&path, &parsed);
        for document in &parsed.documents {
            inventory.add_document(source, document, &PodTemplates::default());
        }
    }
    let snapshot = builder.finish();
    let graph = attack::build(&snapshot, &inventory, None);
    Ok(World { snapshot, inventory, graph })
}

fn judge(world: &World, edge: &str, expected: &BTreeSet<String>, case: &Json, outcome: &mut Outcome) {
    let found: BTreeSet<String> = match edge {
        "IDENTITY_ASSUME_Container" => {
            world.pairs(Technique::IdentityAssumeContainer, FactKind::Container, FactKind::ServiceAccount)
        }
        "SHARE_PS_NAMESPACE" => {
            world.pairs(Technique::SharePsNamespace, FactKind::Container, FactKind::Container)
        }
        "PERMISSION_DISCOVER" => world.bound_accounts(),
        "TOKEN_BRUTEFORCE" => world.sets_from(Technique::TokenBruteforce, FactKind::ServiceAccount),
        "TOKEN_LIST" => world.sets_from(Technique::TokenList, FactKind::ServiceAccount),
        "POD_PATCH" => world.sets_from(Technique::PodPatch, FactKind::Pod),
        "POD_EXEC" => world.sets_from(Technique::PodExec, FactKind::Pod),
        "TOKEN_STEAL" => world.stolen_tokens(),
        "EXPLOIT_HOST_READ" => world.host_volumes(Technique::ExploitHostRead),
        "EXPLOIT_HOST_WRITE" => world.host_volumes(Technique::ExploitHostWrite),
        "ENDPOINT_EXPLOIT_ContainerPort" => world.endpoints(Exposure::Pod),
        "ENDPOINT_EXPLOIT_NodePort" => world.endpoints(Exposure::Node),
        "ENDPOINT_EXPLOIT_External" => world.endpoints(Exposure::Service),
        "POD_CREATE" => return judge_pod_create(world, edge, expected, outcome),
        edge if edge.starts_with("ROLE_BIND") => return judge_role_bind(world, edge, expected, outcome),
        edge => match Technique::ALL.iter().find(|technique| technique.id() == edge) {
            Some(technique) => world.sources(*technique),
            None => {
                let reason =
                    "names of machines that only the recording cluster had, or counts of its own pods";
                return outcome.apart.push((edge.to_owned(), format!("{reason}: {case}")));
            }
        },
    };
    for path in expected {
        let difference = (!found.contains(path)).then(|| "not found".to_owned());
        outcome.judge(format!("{edge}: {path}"), difference);
    }
    // These lists are complete; of the others KubeHound's own test only names some.
    let is_complete = [
        "SHARE_PS_NAMESPACE",
        "PERMISSION_DISCOVER",
        "TOKEN_BRUTEFORCE",
        "TOKEN_LIST",
        "POD_PATCH",
        "POD_EXEC",
        "TOKEN_STEAL",
    ];
    if is_complete.contains(&edge) {
        for path in found.difference(expected) {
            outcome.judge(format!("{edge}: {path}"), Some("found, not expected".to_owned()));
        }
    }
}

/// The nodes' names are the recording cluster's; that any node is reached is ours to say.
fn judge_pod_create(world: &World, edge: &str, expected: &BTreeSet<String>, outcome: &mut Outcome) {
    let found = world.sets_from(Technique::PodCreate, FactKind::Node);
    for path in expected {
        let source = path.split("]]").next().unwrap_or_default();
        let is_found = found.iter().any(|path| path.starts_with(source));
        outcome.judge(format!("{edge}: {path}"), (!is_found).then(|| format!("not found in {found:?}")));
    }
}

/// An edge to a permission set: a step of binding comes first, and the set, or everything in its scope, is reached.
fn judge_role_bind(world: &World, edge: &str, expected: &BTreeSet<String>, outcome: &mut Outcome) {
    let is_namespaced = edge.ends_with("CASE_3");
    let sets = world.permission_sets();
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, (fact, namespace)) in
        sets.iter().filter(|(_, (_, namespace))| namespace.is_some() == is_namespaced)
    {
        if !world.has_binding_step(*fact) {
            continue;
        }
        let reach = world.graph.reach(&[*fact], &HashSet::new());
        let views: BTreeSet<FactView> = world
            .reached(&reach)
            .into_iter()
            .filter(|view| {
                matches!(view.kind, FactKind::ClusterAdmin | FactKind::Power | FactKind::Permissions)
            })
            .collect();
        let is_admin = views.iter().any(|view| view.kind == FactKind::ClusterAdmin);
        for (target, (goal, of_target)) in &sets {
            let is_wanted = target.starts_with("rolebind")
                && of_target.is_some() == is_namespaced
                && of_target == namespace;
            let has_control = views.iter().any(|view| {
                view.kind == FactKind::Power && view.name == "control" && view.namespace == *of_target
            });
            if is_wanted
                && (is_admin || has_control || reach.has(*goal))
                && (!is_namespaced || target != name)
            {
                let path = path(name, target);
                sources.entry(name.clone()).or_default().push(path.clone());
                found.insert(path);
            }
        }
    }
    for path in expected {
        outcome.judge(format!("{edge}: {path}"), (!found.contains(path)).then(|| "not found".to_owned()));
    }
    for (source, paths) in sources {
        let prefix = format!("path[map[name:[{source}]]");
        if expected.iter().any(|path| path.starts_with(&prefix)) {
            for path in paths.iter().filter(|path| !expected.contains(*path)) {
                outcome.judge(format!("{edge}: {path}"), Some("found, not expected".to_owned()));
            }
        } else {
            let reason = "KubeHound's documentation lists this use as not or only partly covered by it";
            outcome.apart.push((format!("{edge}: {source}"), reason.to_owned()));
        }
    }
}

fn path(from: &str, to: &str) -> String {
    format!("path[map[name:[{from}]], map[], map[name:[{to}]")
}

/// Of `pod/container` the container.
fn short(view: &FactView) -> &str {
    match view.kind {
        FactKind::Container | FactKind::Volume => {
            view.name.split_once('/').map_or(&view.name, |(_, part)| part)
        }
        _ => &view.name,
    }
}

impl World {
    fn reached(&self, reach: &attack::Reach) -> Vec<FactView> {
        self.graph
            .all_facts()
            .filter(|fact| reach.has(*fact))
            .map(|fact| self.graph.view(&self.snapshot, fact))
            .collect()
    }

    fn views(&self, technique: Technique) -> impl Iterator<Item = attack::EdgeView> {
        self.graph
            .edge_ids()
            .filter(move |edge| self.graph.technique(*edge) == Some(technique))
            .filter_map(|edge| self.graph.edge_view(&self.snapshot, edge))
    }

    fn pairs(&self, technique: Technique, from: FactKind, to: FactKind) -> BTreeSet<String> {
        self.views(technique)
            .filter_map(|view| {
                let source = view.premises.first().filter(|source| source.kind == from)?;
                (view.conclusion.kind == to).then(|| path(short(source), short(&view.conclusion)))
            })
            .collect()
    }

    fn sources(&self, technique: Technique) -> BTreeSet<String> {
        self.views(technique)
            .filter_map(|view| view.premises.first().map(|source| short(source).to_owned()))
            .collect()
    }

    /// Accounts that a binding names: the only ones that KubeHound has as identities.
    fn bound(&self) -> BTreeSet<String> {
        self.snapshot
            .subjects()
            .into_iter()
            .filter_map(|key| match self.snapshot.subject(key) {
                Subject::ServiceAccount { namespace, name } if namespace == "default" => Some(name),
                _ => None,
            })
            .collect()
    }

    fn bound_accounts(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for binding in self.snapshot.binding_ids() {
            let Some(view) = self.snapshot.binding_view(binding) else { continue };
            for (subject, _) in self.snapshot.binding_subjects(binding) {
                if let Subject::ServiceAccount { name, .. } = subject {
                    found.insert(path(&name, &format!("{}::{}", view.role_name, view.name)));
                }
            }
        }
        found
    }

    /// The permission sets with their facts and namespaces.
    fn permission_sets(&self) -> BTreeMap<String, (FactId, Option<String>)> {
        let mut facts: BTreeMap<(Option<String>, String), FactId> = BTreeMap::new();
        for fact in self.graph.all_facts() {
            let view = self.graph.view(&self.snapshot, fact);
            if view.kind == FactKind::Permissions {
                facts.insert((view.namespace, view.name), fact);
            }
        }
        let mut sets = BTreeMap::new();
        for binding in self.snapshot.binding_ids() {
            let Some(view) = self.snapshot.binding_view(binding) else { continue };
            let namespace = view.namespace.map(str::to_owned);
            if let Some(fact) = facts.get(&(namespace.clone(), view.role_name.to_owned())) {
                sets.insert(format!("{}::{}", view.role_name, view.name), (*fact, namespace));
            }
        }
        sets
    }

    fn has_binding_step(&self, fact: FactId) -> bool {
        let reach = self.graph.reach(&[fact], &HashSet::new());
        let wanted = self.graph.view(&self.snapshot, fact);
        self.graph.edge_ids().any(|edge| {
            let is_bind = matches!(
                self.graph.technique(edge),
                Some(Technique::RbacBindCluster | Technique::RbacBindNs)
            );
            is_bind
                && self.graph.applies(edge, &reach)
                && self
                    .graph
                    .edge_view(&self.snapshot, edge)
                    .is_some_and(|view| view.premises.contains(&wanted))
        })
    }

    /// What the permission sets of namespace `default` give by one technique, and what follows from it.
    fn sets_from(&self, technique: Technique, kind: FactKind) -> BTreeSet<String> {
        let bound = self.bound();
        let mut found = BTreeSet::new();
        for (name, (fact, namespace)) in self.permission_sets() {
            if namespace.as_deref() != Some("default") {
                continue;
            }
            for target in self.graph.gained_by(fact, technique) {
                let view = self.graph.view(&self.snapshot, target);
                let is_identity = kind != FactKind::ServiceAccount || bound.contains(&view.name);
                if view.kind == kind && is_identity {
                    found.insert(path(&name, short(&view)));
                }
            }
        }
        found
    }

    fn stolen_tokens(&self) -> BTreeSet<String> {
        let bound = self.bound();
        let targets = self
            .views(Technique::TokenSteal)
            .filter(|view| view.premises.first().is_some_and(|source| source.kind == FactKind::Volume));
        targets.map(|view| view.conclusion.name).filter(|name| bound.contains(name)).collect()
    }

    fn host_volumes(&self, technique: Technique) -> BTreeSet<String> {
        let open: BTreeSet<FactView> =
            self.views(technique).filter_map(|view| view.premises.first().cloned()).collect();
        self.views(Technique::VolumeDiscover)
            .filter(|view| open.contains(&view.conclusion))
            .filter_map(|view| Some(path(short(view.premises.first()?), short(&view.conclusion))))
            .collect()
    }

    fn endpoints(&self, exposure: Exposure) -> BTreeSet<String> {
        let endpoints =
            self.inventory.endpoints().into_iter().filter(|endpoint| endpoint.exposure == exposure);
        endpoints.map(|endpoint| endpoint.name).collect()
    }
}
