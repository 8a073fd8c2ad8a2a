//! The rules of the house between crates, read off `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

use crate::conformance::project;

/// Crates that compute and nothing else. One that does not exist yet is simply not found.
const ENGINES: &[&str] = &[
    "haechi-syntax",
    "haechi-objects",
    "haechi-checks",
    "haechi-policy",
    "haechi-cel",
    "haechi-access",
    "haechi-network",
    "haechi-detect",
    "haechi-comply",
];

/// What talks to the world: async runtimes, network clients, databases, file walkers.
const IO: &[&str] = &[
    "async-nats",
    "async-std",
    "hyper",
    "ignore",
    "kube",
    "mio",
    "reqwest",
    "rusqlite",
    "smol",
    "socket2",
    "tokio",
    "tokio-postgres",
    "ureq",
    "walkdir",
];

/// (crate, what it must not reach over any number of steps, why).
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("haechi-model", &["haechi-*"], "the plain data stands below everything"),
    ("haechi-outbound", &["haechi-*"], "a call carries what others mean by it, and knows nothing of it"),
    ("haechi-policy", &["haechi-store"], "admission never waits for the store"),
    ("haechi-detect", &["haechi-respond", "haechi-store"], "only a stored incident triggers an action"),
    ("haechi-store", ENGINES, "the store keeps data, it does not judge"),
    ("haechi-alerts", ENGINES, "alerts tell plain data of any origin"),
    ("haechi-report", ENGINES, "reports show plain data of any origin"),
    ("haechi-sources", ENGINES, "sources bring data, engines judge it"),
];

/// Who may use the Kubernetes client.
const KUBE_USERS: &[&str] = &["haechi-sources", "haechi-respond", "haechi-serve"];

/// The edges of the workspace that break a rule, one line each.
pub fn violations() -> Result<Vec<String>> {
    let graph = Graph::read()?;
    let mut found = Vec::new();
    for engine in ENGINES {
        for reached in graph.reachable(engine) {
            if IO.contains(&reached.as_str()) {
                found.push(format!("{engine} reaches {reached}: engines do no I/O"));
            }
        }
    }
    for (from, targets, why) in FORBIDDEN {
        for reached in graph.reachable(from) {
            let is_target = targets.iter().any(|target| match target.strip_suffix('*') {
                Some(prefix) => reached.starts_with(prefix),
                None => reached == *target,
            });
            if is_target {
                found.push(format!("{from} reaches {reached}: {why}"));
            }
        }
    }
    for (member, dependencies) in &graph.edges {
        let is_ours = graph.members.contains(member);
        if is_ours && dependencies.contains("kube") && !KUBE_USERS.contains(&member.as_str()) {
            found.push(format!("{member} uses the Kubernetes client: only {KUBE_USERS:?} may"));
        }
    }
    Ok(found)
}

struct Graph {
    members: BTreeSet<String>,
    /// Normal dependencies (not those of tests and build scripts) by package name.
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version=1", "--locked", "--all-features"])
            .current_dir(project())
            .output()
            .context("cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata: Json = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
        let list = |key: &str, of: &Json| of.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        let text = |of: &Json, key: &str| of.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let names: BTreeMap<String, String> = list("packages", &metadata)
            .iter()
            .map(|package| (text(package, "id"), text(package, "name")))
            .collect();
        let name = |id: &str| names.get(id).cloned().unwrap_or_default();
        let members = list("workspace_members", &metadata)
            .iter()
            .filter_map(Json::as_str)
            .map(name)
            .collect::<BTreeSet<_>>();
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata.get("resolve").map(|resolve| list("nodes", resolve)).unwrap_or_default() {
            let from = edges.entry(name(&text(&node, "id"))).or_default();
            for dependency in list("deps", &node) {
                let is_normal =
                    list("dep_kinds", &dependency).iter().any(|kind| kind.get("kind") == Some(&Json::Null));
                if is_normal {
                    from.insert(name(&text(&dependency, "pkg")));
                }
            }
        }
        if members.is_empty() || edges.is_empty() {
            bail!("cargo metadata names no members or no edges");
        }
        Ok(Self { members, edges })
    }

    fn reachable(&self, from: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(package) = open.pop() {
            for next in self.edges.get(&package).into_iter().flatten() {
                if reached.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        reached
    }
}
