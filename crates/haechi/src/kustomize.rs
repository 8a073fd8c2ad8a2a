//! What can be said of kustomizations without rendering them: which files they use, as patches or otherwise, and what
//! would have to be fetched.

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

/// Whether a file is a patch although no kustomization of the scan names it: all that it holds are objects that lack
/// what the API server demands, and it is called so, or is kept among patches, or they lack so much that they can be
/// nothing else.
pub(crate) fn looks_like_patch(path: &Path, documents: &[Document], templates: &PodTemplates) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let is_called_so = name.split(['_', '-', '.']).any(|word| matches!(word, "patch" | "patches"));
    let is_among_patches = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "patches");
    let is_part = if is_called_so || is_among_patches { is_partial } else { is_bare };
    let mut objects = documents.iter().flat_map(|document| objects(document).objects).peekable();
    objects.peek().is_some() && objects.all(|object| is_part(object, templates))
}

/// Whether a workload has neither a selector nor any image: no version of the API server took such a one.
fn is_bare(object: Object<'_>, templates: &PodTemplates) -> bool {
    object.group() == "apps"
        && object.node().at(&["spec", "selector"]).is_none()
        && templates.pod(object).is_some_and(|pod| {
            let mut containers = pod.containers().peekable();
            containers.peek().is_some() && containers.all(|container| container.image().is_none())
        })
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

/// A key as the JSON reader of kustomize compares it: it takes `Resources` for `resources`.
fn folded(key: &str) -> String {
    key.chars().flat_map(char::to_lowercase).map(|c| if c == 'ſ' { 's' } else { c }).collect()
}

/// What a kustomization takes in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct References {
    /// What stands in lists of files and folders, and the files of patches, as written.
    pub(crate) local: Vec<String>,
    /// Files and folders that configure generators and transformers, as written.
    pub(crate) programs: Vec<String>,
    /// The first thing that kustomize would fetch or have another program fetch, as written.
    pub(crate) remote: Option<String>,
}

/// Lists of files, folders or addresses.
const LISTS: [&str; 4] = ["resources", "bases", "components", "patchesstrategicmerge"];
/// Lists of files, folders or addresses that hold more configuration of kustomize, or such configuration itself.
const PROGRAMS: [&str; 4] = ["configurations", "generators", "transformers", "validators"];
/// What is handed to Helm, which fetches charts.
const CHARTS: [&str; 2] = ["helmcharts", "helmchartinflationgenerator"];
/// Where any text may stand because nothing is opened by it. Folded names that differ from these are not free.
const FREE: [&str; 9] = [
    "annotations",
    "commonAnnotations",
    "commonLabels",
    "labels",
    "literals",
    "metadata",
    "pairs",
    "patch",
    "vars",
];

impl References {
    /// Reads the root of a kustomization.
    pub(crate) fn of(root: Node<'_>) -> Self {
        let mut references = Self { remote: fetched(root), ..Self::default() };
        for entry in root.entries() {
            let key = folded(entry.key);
            let items = || entry.value.items();
            let one_line =
                |node: Node<'_>| node.as_str().filter(|text| !text.contains('\n')).map(str::to_owned);
            if LISTS.contains(&key.as_str()) {
                references.local.extend(items().filter_map(one_line));
            } else if PROGRAMS.contains(&key.as_str()) {
                references.programs.extend(items().filter_map(one_line));
                let mut inline = items().filter_map(Node::as_str).filter(|text| text.contains('\n'));
                let fetches = |text: &&str| {
                    let lower = text.to_ascii_lowercase();
                    ["http:", "https:", "helmchart"].iter().any(|sign| lower.contains(sign))
                };
                if let Some(found) = inline.find(fetches).filter(|_| references.remote.is_none()) {
                    references.remote = found.lines().next().map(str::to_owned);
                }
            } else if matches!(key.as_str(), "patches" | "patchesjson6902" | "replacements") {
                let paths =
                    items().flat_map(|item| item.entries()).filter(|field| folded(field.key) == "path");
                references.local.extend(paths.filter_map(|field| one_line(field.value)));
            } else if CHARTS.contains(&key.as_str()) && !entry.value.is_empty() && references.remote.is_none()
            {
                references.remote = Some(entry.key.to_owned());
            }
        }
        let named = || references.local.iter().chain(&references.programs);
        if references.remote.is_none() {
            references.remote = named().find(|entry| is_address(entry)).cloned();
        }
        references
    }
}

/// The first text that kustomize would take for a web address, wherever something may be opened by it.
pub(crate) fn fetched(node: Node<'_>) -> Option<String> {
    if let Some(text) = node.as_str() {
        let lower = text.to_ascii_lowercase();
        let is_fetched = ["http:", "https:"].iter().any(|scheme| lower.contains(scheme));
        // A patch or a configuration written out in place has lines; no address does.
        return (is_fetched && !text.trim_end().contains('\n')).then(|| text.to_owned());
    }
    let entries = node.entries().filter(|entry| !FREE.contains(&entry.key)).map(|entry| entry.value);
    node.items().chain(entries).find_map(fetched)
}

/// Whether kustomize, now or in an older version, would fetch what is named so.
fn is_address(entry: &str) -> bool {
    let lower = entry.to_ascii_lowercase();
    let begins = ["git@", "gh:", "github.com/", "github.com:", "gitlab.com/", "bitbucket.org/"];
    ["://", "::", "?ref=", "?version="].iter().any(|sign| lower.contains(sign))
        || begins.iter().any(|begin| lower.starts_with(begin))
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
    fn workload_that_no_server_took_is_a_patch_by_any_name() {
        assert!(is_patch("default/deployment.yaml", PART));
        // A Job has no selector of its own, and a pod without an image may be a slip.
        assert!(!is_patch(
            "default/job.yaml",
            &PART.replace("apps/v1", "batch/v1").replace("Deployment", "Job")
        ));
    }

    #[test]
    fn neither_the_name_nor_one_gap_alone_makes_a_patch() {
        assert!(!is_patch("default/patch.yaml", WHOLE));
        for (written, with) in
            [("args: [a]", "image: web"), ("spec:\n  template", "spec:\n  selector: {}\n  template")]
        {
            let part = PART.replace(written, with);
            assert!(!is_patch("default/deployment.yaml", &part), "{part}");
            assert!(!is_patch("default/dispatch.yaml", &part), "{part}");
        }
        assert!(!is_patch("default/patch.yaml", &format!("{PART}---\n{WHOLE}")));
    }
}
