//! What can be said of kustomizations without rendering them: which files they use as patches.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use haechi_objects::{Object, PodTemplates, objects};
use haechi_syntax::{Document, Node};

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

/// Whether a file is a patch although no kustomization of the scan names it: it is called so, or is kept among patches,
/// and all that it holds are objects that lack what the API server demands.
pub(crate) fn looks_like_patch(path: &Path, documents: &[Document], templates: &PodTemplates) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let is_called_so = name.split(['_', '-', '.']).any(|word| matches!(word, "patch" | "patches"));
    let is_among_patches = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "patches");
    if !is_called_so && !is_among_patches {
        return false;
    }
    let mut objects = documents.iter().flat_map(|document| objects(document).objects).peekable();
    objects.peek().is_some() && objects.all(|object| is_partial(object, templates))
}

/// Whether the API server would refuse the object for what it lacks.
fn is_partial(object: Object<'_>, templates: &PodTemplates) -> bool {
    let lacks = |path: &[&str]| object.node().at(path).is_none();
    match (object.group(), object.kind()) {
        ("apps", _) if lacks(&["spec", "selector"]) => true,
        ("policy", "PodDisruptionBudget") => lacks(&["spec", "selector"]),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => {
            let webhooks = object.node().get("webhooks").map(Node::items).into_iter().flatten();
            webhooks.into_iter().all(|webhook| webhook.get("clientConfig").is_none())
        }
        _ => templates
            .pod(object)
            .is_some_and(|pod| pod.containers().all(|container| container.image().is_none())),
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use haechi_objects::PodTemplates;
    use haechi_syntax::{Limits, parse};

    use super::looks_like_patch;

    const PART: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  template:\n    spec:\n      containers: [{name: web, args: [a]}]\n";
    const WHOLE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  selector: {matchLabels: {app: shop}}\n  template:\n    metadata: {labels: {app: shop}}\n    spec:\n      containers: [{name: web, image: web}]\n";

    fn is_patch(path: &str, text: &str) -> bool {
        let parsed = parse(text.as_bytes(), &Limits::default());
        looks_like_patch(Path::new(path), &parsed.documents, &PodTemplates::default())
    }

    #[test]
    fn parts_of_objects_that_are_called_patches_are_patches() {
        assert!(is_patch("default/manager_auth_patch.yaml", PART));
        assert!(is_patch("base/patches/deployment.yaml", PART));
    }

    #[test]
    fn neither_the_name_nor_the_gap_alone_makes_a_patch() {
        assert!(!is_patch("default/patch.yaml", WHOLE));
        assert!(!is_patch("default/deployment.yaml", PART));
        assert!(!is_patch("default/dispatch.yaml", PART));
        assert!(!is_patch("default/patch.yaml", &format!("{PART}---\n{WHOLE}")));
    }
}
