//! What can be said of kustomizations without rendering them: which files they use as patches.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use haechi_syntax::Node;

/// Whether a document is a kustomization: by its kind, or, as kustomize allows to leave that out, by its file's name.
pub(crate) fn is_kustomization(path: &Path, root: Node<'_>) -> bool {
    let text = |key| root.get(key).and_then(Node::as_str);
    let has_group = text("apiVersion").is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"));
    if has_group {
        return matches!(text("kind"), Some("Kustomization" | "Component"));
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    text("apiVersion").is_none()
        && matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// The files that kustomizations among these documents use as patches, transformers or configuration of those: they
/// hold parts of objects.
pub(crate) fn patches<'d>(documents: impl Iterator<Item = (&'d Path, Node<'d>)>) -> BTreeSet<PathBuf> {
    let mut patches = BTreeSet::new();
    for (path, root) in documents {
        if !is_kustomization(path, root) {
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut add = |node: Node<'_>| {
            // An inline patch has line breaks; no file name does.
            if let Some(file) = node.as_str().filter(|file| !file.contains('\n')) {
                patches.insert(plain(&folder.join(file)));
            }
        };
        for field in ["patchesStrategicMerge", "configurations", "transformers", "replacements"] {
            root.get(field).into_iter().flat_map(Node::items).for_each(&mut add);
        }
        for field in ["patches", "patchesJson6902", "replacements"] {
            root.get(field)
                .into_iter()
                .flat_map(Node::items)
                .filter_map(|patch| patch.get("path"))
                .for_each(&mut add);
        }
    }
    patches
}

/// Names the ConfigMaps and Secrets that a kustomization makes of files and literals.
pub(crate) fn generated(root: Node<'_>, mut note: impl FnMut(&'static str, &str)) {
    for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for entry in root.get(field).into_iter().flat_map(Node::items) {
            if let Some(name) = entry.get("name").and_then(Node::as_str) {
                note(kind, name);
            }
        }
    }
}

/// The path with `.` and `..` steps resolved by name, so that two ways to write it are equal.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
