//! ConfigMaps and Secrets that a pod cannot start without.

use haechi_objects::{Container, Pod};
use haechi_syntax::Node;

/// A ConfigMap or Secret that is named by a pod and not optional.
pub(super) struct Reference<'d> {
    /// The name as written.
    pub(super) node: Node<'d>,
    pub(super) name: &'d str,
    /// The container that needs it; `None` for volumes.
    pub(super) container: Option<Container<'d>>,
}

/// All references of a pod to objects of `kind`, which is `ConfigMap` or `Secret`.
pub(super) fn references<'d>(pod: Pod<'d>, kind: &str) -> Vec<Reference<'d>> {
    let is_secret = kind == "Secret";
    let (of_key, of_all) =
        if is_secret { ("secretKeyRef", "secretRef") } else { ("configMapKeyRef", "configMapRef") };
    let (volume_field, volume_name) =
        if is_secret { ("secret", "secretName") } else { ("configMap", "name") };
    let mut found = Vec::new();
    for container in pod.containers() {
        let env = container.node().get("env").map(Node::items).into_iter().flatten();
        let keys = env.filter_map(|variable| variable.at(&["valueFrom", of_key]));
        let sources = container.node().get("envFrom").map(Node::items).into_iter().flatten();
        let all = sources.filter_map(|source| source.get(of_all));
        for reference in keys.chain(all) {
            push(reference, "name", Some(container), &mut found);
        }
    }
    for volume in pod.volumes() {
        if let Some(source) = volume.get(volume_field) {
            push(source, volume_name, None, &mut found);
        }
        for source in volume.at(&["projected", "sources"]).map(Node::items).into_iter().flatten() {
            if let Some(source) = source.get(volume_field) {
                push(source, "name", None, &mut found);
            }
        }
    }
    found
}

fn push<'d>(
    reference: Node<'d>,
    field: &str,
    container: Option<Container<'d>>,
    found: &mut Vec<Reference<'d>>,
) {
    let is_optional = reference.get("optional").is_some_and(Node::is_true);
    if let Some(node) = reference.get(field)
        && let Some(name) = node.as_str().filter(|name| !name.is_empty() && !is_optional)
    {
        found.push(Reference { node, name, container });
    }
}
