//! The policies that a cluster itself holds: Gatekeeper's templates, constraints, mutators and settings, Kubernetes' own admission
//! policies with what they take as parameters, and the namespaces whose labels they select by.
//!
//! They are read before anything is served, and again from time to time, into folders below the service's own; from there
//! on they are policies in files, read again when they change. What cannot be read stays as it was last seen, and is told.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use haechi_serve::companion::{Beside, Companion};
use haechi_sources::cluster::Cluster;
use serde_json::{Value as Json, json};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(10);

/// Lists that are there by fixed names: what it is called here, and the paths of its versions, the newest first.
const LISTS: &[(&str, &[&str])] = &[
    ("constrainttemplates", &["/apis/templates.gatekeeper.sh/v1/constrainttemplates"]),
    ("configs", &["/apis/config.gatekeeper.sh/v1alpha1/configs"]),
    (
        "expansiontemplates",
        &[
            "/apis/expansion.gatekeeper.sh/v1beta1/expansiontemplate",
            "/apis/expansion.gatekeeper.sh/v1alpha1/expansiontemplate",
        ],
    ),
    ("assign", &["/apis/mutations.gatekeeper.sh/v1/assign"]),
    ("assignimage", &["/apis/mutations.gatekeeper.sh/v1alpha1/assignimage"]),
    ("assignmetadata", &["/apis/mutations.gatekeeper.sh/v1/assignmetadata"]),
    ("modifyset", &["/apis/mutations.gatekeeper.sh/v1/modifyset"]),
    ("validatingadmissionpolicies", &["/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"]),
    (
        "validatingadmissionpolicybindings",
        &["/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"],
    ),
    (
        "mutatingadmissionpolicies",
        &[
            "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies",
            "/apis/admissionregistration.k8s.io/v1beta1/mutatingadmissionpolicies",
            "/apis/admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicies",
        ],
    ),
    (
        "mutatingadmissionpolicybindings",
        &[
            "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings",
            "/apis/admissionregistration.k8s.io/v1beta1/mutatingadmissionpolicybindings",
            "/apis/admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicybindings",
        ],
    ),
];
/// The group whose kinds are made by templates.
const CONSTRAINTS: &str = "/apis/constraints.gatekeeper.sh/v1beta1";
const NAMESPACES: &str = "/api/v1/namespaces";
/// Begins the names of files with parameters and with constraints.
const PARAMETERS: &str = "parameters-";
const CONSTRAINT: &str = "constraints-";

/// Keeps the folders like the cluster.
pub(crate) struct PolicyKeeper {
    pub(crate) cluster: Cluster,
    folder: PathBuf,
}

impl PolicyKeeper {
    /// Makes the folders below the service's own, and reads all for the first time.
    ///
    /// # Errors
    /// The folders cannot be made; something cannot be read, and was never read before: what it holds would not be asked.
    pub(crate) fn open(cluster: Cluster, data: &Path) -> Result<Self, String> {
        let keeper = Self { cluster, folder: data.join("cluster") };
        for folder in [keeper.policies(), keeper.inventory()] {
            std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let wrong = keeper.look();
        match wrong.is_empty() || keeper.is_whole() {
            true => Ok(keeper),
            false => Err(wrong.join("; ")),
        }
    }

    /// The folder with the policies.
    pub(crate) fn policies(&self) -> PathBuf {
        self.folder.join("policies")
    }

    /// The folder with what policies look up.
    pub(crate) fn inventory(&self) -> PathBuf {
        self.folder.join("inventory")
    }

    /// Says that all was read at least once.
    fn mark(&self) -> PathBuf {
        self.folder.join("whole")
    }

    fn is_whole(&self) -> bool {
        self.mark().exists()
    }

    /// Reads everything; what is wrong.
    fn look(&self) -> Vec<String> {
        // One answer that does not come is enough to wait for.
        if let Err(away) = self.cluster.reach() {
            return vec![away.to_string()];
        }
        let mut wrong = Vec::new();
        let policies = self.policies();
        let mut asked: Vec<Json> = Vec::new();
        let mut read = BTreeSet::new();
        for (name, paths) in LISTS {
            match self.list(paths) {
                Ok(mut items) => {
                    // Where the policies could not be read, their bindings stay.
                    let of = name.strip_suffix("ybindings").filter(|of| read.contains(&format!("{of}ies")));
                    if let (Some(of), Some(bindings)) = (of, &mut items) {
                        bindings.retain(|binding| is_bound(binding, &format!("{of}y"), &asked));
                    }
                    read.insert((*name).to_owned());
                    wrong.extend(write(&policies, name, &items).err());
                    asked.extend(items.unwrap_or_default());
                }
                Err(why) => wrong.push(why),
            }
        }
        self.parameters(&asked, &mut wrong);
        self.constraints(&mut wrong);
        match self.list(&[NAMESPACES]) {
            Ok(items) => wrong.extend(write(&self.inventory(), "namespaces", &items).err()),
            Err(why) => wrong.push(why),
        }
        if wrong.is_empty() && !self.is_whole() {
            wrong.extend(std::fs::write(self.mark(), "").err().map(|error| error.to_string()));
        }
        wrong
    }

    /// The objects of the first version that is served; none where no version is.
    fn list(&self, paths: &[&str]) -> Result<Option<Vec<Json>>, String> {
        for path in paths {
            let listed = self.cluster.object(path).map_err(|error| format!("{path}: {error}"))?;
            let Some(listed) = listed else { continue };
            return items(&listed).map(Some).ok_or_else(|| format!("{path}: the answer is no list"));
        }
        Ok(None)
    }

    /// The lists of a group's version: resource and kind.
    fn served(&self, path: &str) -> Result<Vec<(String, String)>, String> {
        let told = |why: &dyn std::fmt::Display| format!("{path}: {why}");
        let Some(found) = self.cluster.object(path).map_err(|error| told(&error))? else {
            return Ok(Vec::new());
        };
        let text = |resource: &Json, key: &str| resource.get(key).and_then(Json::as_str).map(str::to_owned);
        let resources = found.get("resources").and_then(Json::as_array);
        let resources = resources.ok_or_else(|| told(&"the answer names no resources"))?;
        Ok(resources
            .iter()
            .filter_map(|resource| Some((text(resource, "name")?, text(resource, "kind")?)))
            // `x/status` is no list.
            .filter(|(name, _)| !name.contains('/'))
            .collect())
    }

    fn constraints(&self, wrong: &mut Vec<String>) {
        let served = match self.served(CONSTRAINTS) {
            Ok(served) => served,
            Err(why) => return wrong.push(why),
        };
        let mut names = BTreeSet::new();
        for (resource, _) in served {
            let name = format!("{CONSTRAINT}{resource}");
            match self.list(&[&format!("{CONSTRAINTS}/{resource}")]) {
                Ok(items) => wrong.extend(write(&self.policies(), &name, &items).err()),
                Err(why) => wrong.push(why),
            }
            names.insert(name);
        }
        wrong.extend(forget(&self.policies(), CONSTRAINT, &names).err());
    }

    /// What policies take as parameters, kind by kind.
    fn parameters(&self, policies: &[Json], wrong: &mut Vec<String>) {
        let mut kinds = BTreeSet::new();
        for policy in policies {
            let text = |key: &str| policy.pointer(&format!("/spec/paramKind/{key}")).and_then(Json::as_str);
            if let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) {
                kinds.insert((version, kind));
            }
        }
        let before = wrong.len();
        let mut names = BTreeSet::new();
        for (version, kind) in kinds {
            let group =
                if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
            let served = match self.served(&group) {
                Ok(served) => served,
                Err(why) => {
                    wrong.push(why);
                    continue;
                }
            };
            // A kind that nobody serves has no objects: the policy says what it does without.
            let Some((resource, _)) = served.iter().find(|(_, of)| of == kind) else { continue };
            let name = format!("{PARAMETERS}{}-{resource}", version.replace('/', "-"));
            match self.list(&[&format!("{group}/{resource}")]) {
                Ok(items) => wrong.extend(write(&self.policies(), &name, &items).err()),
                Err(why) => wrong.push(why),
            }
            names.insert(name);
        }
        // What could not be read stays as it was.
        if wrong.len() == before {
            wrong.extend(forget(&self.policies(), PARAMETERS, &names).err());
        }
    }
}

/// Whether there is the policy that a binding is for. One without does nothing in a cluster either; among files it would be a
/// mistake. `of` begins the name of the list that the policies are in.
fn is_bound(binding: &Json, of: &str, policies: &[Json]) -> bool {
    let text = |object: &Json, at: &str| object.pointer(at).and_then(Json::as_str).map(str::to_lowercase);
    let wanted = text(binding, "/spec/policyName");
    policies.iter().any(|policy| {
        text(policy, "/kind").is_some_and(|kind| kind == of) && text(policy, "/metadata/name") == wanted
    })
}

/// The objects of a list, each with its version and kind, without what changes by itself.
fn items(list: &Json) -> Option<Vec<Json>> {
    let kind = list.get("kind").and_then(Json::as_str)?.strip_suffix("List")?;
    let version = list.get("apiVersion").and_then(Json::as_str)?;
    let objects = match list.get("items")? {
        Json::Null => return Some(Vec::new()),
        items => items.as_array()?,
    };
    let whole = |object: &Json| {
        let mut object = object.clone();
        let fields = object.as_object_mut()?;
        fields.entry("apiVersion").or_insert_with(|| version.into());
        fields.entry("kind").or_insert_with(|| kind.into());
        fields.remove("status");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.remove("managedFields");
            metadata.remove("resourceVersion");
        }
        Some(object)
    };
    objects.iter().map(whole).collect()
}

/// Writes objects into a file, if it does not hold them yet: whole at once, so that nobody reads half of it. No objects, no file.
fn write(folder: &Path, name: &str, items: &Option<Vec<Json>>) -> Result<(), String> {
    let path = folder.join(format!("{name}.json"));
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let Some(items) = items.as_ref().filter(|items| !items.is_empty()) else {
        return match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(told(error)),
            _ => Ok(()),
        };
    };
    let text = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    if std::fs::read(&path).is_ok_and(|known| known == text.as_bytes()) {
        return Ok(());
    }
    let beginning = folder.join(format!(".{name}.part"));
    std::fs::write(&beginning, text).and_then(|()| std::fs::rename(&beginning, &path)).map_err(told)
}

/// Removes the files whose names begin so, except these.
fn forget(folder: &Path, beginning: &str, except: &BTreeSet<String>) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(beginning) && !except.contains(name) {
            std::fs::remove_file(&path).map_err(told)?;
        }
    }
    Ok(())
}

impl Companion for PolicyKeeper {
    fn name(&self) -> String {
        "policies of the cluster".to_owned()
    }

    fn run(self: Box<Self>, beside: &Beside) {
        // The first look was before the start.
        let mut looked = Instant::now();
        while !beside.must_stop() {
            if looked.elapsed() >= EVERY {
                let wrong = self.look();
                beside.tell((!wrong.is_empty()).then(|| wrong.join("; ")));
                looked = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
