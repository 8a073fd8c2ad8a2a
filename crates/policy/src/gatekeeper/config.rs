//! Gatekeeper's `Config`: namespaces that it leaves alone, by process.

use haechi_syntax::Node;

use super::matching::Wildcard;
use crate::engine::{LoadError, PolicyDocument};

/// What is left alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    excluded: Vec<(Vec<String>, Vec<Wildcard>)>,
}

/// The processes that a namespace may be excluded from.
const PROCESSES: [&str; 5] = ["*", "audit", "webhook", "mutation-webhook", "sync"];

impl Config {
    /// Adds what a `Config` says.
    pub(crate) fn read(&mut self, document: &PolicyDocument<'_>, errors: &mut Vec<LoadError>) {
        let entries = document.object.node().at(&["spec", "match"]);
        for entry in entries.map(Node::items).into_iter().flatten() {
            let texts = |key: &str| -> Vec<&str> {
                let list = entry.get(key).map(Node::items).into_iter().flatten();
                list.filter_map(Node::as_str).collect()
            };
            let processes = texts("processes");
            for process in processes.iter().filter(|process| !PROCESSES.contains(process)) {
                let message = format!("unknown process `{process}`, there are {}", PROCESSES.join(", "));
                errors.push(LoadError::at(document, entry, message));
            }
            let namespaces = texts("excludedNamespaces").into_iter().map(|name| Wildcard(name.to_owned()));
            self.excluded.push((processes.into_iter().map(str::to_owned).collect(), namespaces.collect()));
        }
    }

    /// Whether a process leaves a namespace alone.
    pub(crate) fn excludes(&self, process: &str, namespace: &str) -> bool {
        self.excluded.iter().any(|(processes, namespaces)| {
            processes.iter().any(|name| name == "*" || name == process)
                && namespaces.iter().any(|wildcard| wildcard.matches(namespace))
        })
    }
}
