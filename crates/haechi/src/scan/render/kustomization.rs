//! Which kustomizations of a scan are rendered, and how.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use haechi_model::Rendered;
use haechi_objects::objects;
use haechi_sources::{FileEntry, Workplace, run_renderer};
use haechi_syntax::{Limits, Node};

use super::trace::{self, FileAt, Name, Place, Trace};
use super::{Failure, Product, RenderOptions, Renderer, Scan, label};
use crate::kustomize::{References, fetched, is_kustomization};
use crate::scan::{Loaded, load, load_text};

/// The names under which kustomize looks for its file.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// The annotation by which kustomize says what an object was made of.
const ORIGIN: &str = "config.kubernetes.io/origin";
/// Most folders that one kustomization may take in.
const FOLDERS: usize = 2000;

/// The kustomizations to render.
pub(super) struct Kustomizations {
    pub(super) plans: Vec<Plan>,
}

/// A kustomization that no other one uses.
#[derive(Debug)]
pub(super) struct Plan {
    /// The file of the scan that holds it.
    pub(super) root: usize,
    /// Its folder, without symbolic links.
    folder: PathBuf,
    /// Its folder as the user would name it.
    shown: String,
    /// The files of the scan that go into it.
    pub(super) files: BTreeSet<usize>,
    /// Why it is not rendered.
    refusal: Option<Failure>,
}

/// What the kustomization in a folder takes in, by paths without symbolic links.
#[derive(Debug, Clone, Default)]
struct Folder {
    file: Option<PathBuf>,
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    refusal: Option<Failure>,
}

impl Kustomizations {
    pub(super) fn of(scan: &Scan<'_>) -> Self {
        let reader = Reader { limits: scan.limits, known: RefCell::default() };
        let mut roots = Vec::new();
        for (root, file) in scan.loaded.iter().enumerate() {
            let name = file.entry.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let holds = |kind: &str| {
                file.documents.iter().map(haechi_syntax::Document::root).any(|document| {
                    let own = document.get("kind").and_then(Node::as_str).unwrap_or("Kustomization");
                    is_kustomization(&file.entry.path, document) && own == kind
                })
            };
            // A component changes what others bring along: there is nothing to it alone.
            let is_root = NAMES.contains(&name) && holds("Kustomization") && !holds("Component");
            let folder = is_root.then(|| file.entry.path.canonicalize().ok()).flatten();
            if let Some(folder) = folder.as_deref().and_then(Path::parent) {
                roots.push((root, folder.to_owned()));
            }
        }
        let mut used = BTreeSet::new();
        for file in scan.loaded {
            let Some(folder) = file.entry.path.parent() else { continue };
            for document in &file.documents {
                if is_kustomization(&file.entry.path, document.root()) {
                    let own = canonical_folder(folder);
                    let taken = Folder::of(document.root(), &own, &reader);
                    used.extend(taken.folders.into_iter().filter(|taken| *taken != own));
                }
            }
        }
        let is_unused = |(_, folder): &(usize, PathBuf)| !used.contains(folder);
        let plans = roots.into_iter().filter(is_unused).map(|(root, folder)| {
            let mut plan = Plan {
                root,
                shown: shown_folder(scan.loaded, root),
                folder: folder.clone(),
                files: BTreeSet::new(),
                refusal: None,
            };
            plan.fill(scan, &reader);
            plan
        });
        Self { plans: plans.collect() }
    }
}

/// The folder of a file of the scan, as the user would name it.
fn shown_folder(loaded: &[Loaded], at: usize) -> String {
    let shown = loaded.get(at).map_or("", |file| file.entry.shown.as_ref());
    match shown.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
        None => ".".to_owned(),
    }
}

fn canonical_folder(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

impl Plan {
    /// Goes through all that it takes in.
    fn fill(&mut self, scan: &Scan<'_>, reader: &Reader<'_>) {
        let mut seen = BTreeSet::from([self.folder.clone()]);
        let mut open = vec![self.folder.clone()];
        while let Some(folder) = open.pop() {
            let found = reader.folder(&folder);
            let files = found.file.iter().chain(&found.files);
            self.files.extend(files.filter_map(|file| scan.by_path.get(file)));
            if self.refusal.is_none() {
                self.refusal = found.refusal;
            }
            if seen.len() + found.folders.len() > FOLDERS {
                let said = format!("takes in more than {FOLDERS} folders");
                self.refusal = Some(Failure::said("kubectl kustomize", said));
                return;
            }
            open.extend(found.folders.into_iter().filter(|folder| seen.insert(folder.clone())));
        }
    }
}

/// Reads kustomizations wherever they are, each once.
struct Reader<'r> {
    limits: &'r Limits,
    known: RefCell<BTreeMap<PathBuf, Folder>>,
}

impl Reader<'_> {
    fn folder(&self, folder: &Path) -> Folder {
        if let Some(known) = self.known.borrow().get(folder) {
            return known.clone();
        }
        let mut found = Folder::default();
        for file in NAMES.iter().map(|name| folder.join(name)).filter(|file| file.is_file()) {
            let (loaded, broken) = self.load(&file);
            for document in &loaded.documents {
                found.merge(Folder::of(document.root(), folder, self));
            }
            found.refuse(broken);
            found.file = Some(file.canonicalize().unwrap_or(file));
        }
        self.known.borrow_mut().insert(folder.to_owned(), found.clone());
        found
    }

    /// A file, and why it cannot be told what it would fetch.
    fn load(&self, file: &Path) -> (Loaded, Option<Failure>) {
        let shown: Arc<str> = file.to_string_lossy().into();
        let loaded = load(FileEntry { path: file.to_owned(), shown, is_named: true }, self.limits);
        let is_twofold = loaded.documents.iter().any(|document| !document.duplicate_keys().is_empty());
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let said = if !loaded.problems.is_empty() {
            Some(format!("{name}: cannot be read"))
        } else if is_twofold {
            Some(format!("{name}: a key stands twice"))
        } else {
            None
        };
        let failure = said.map(|said| Failure::said("kubectl kustomize", said));
        (loaded, failure)
    }
}

impl Folder {
    fn of(root: Node<'_>, folder: &Path, reader: &Reader<'_>) -> Self {
        let references = References::of(root);
        let mut found = Self::default();
        found.refuse(references.remote.map(Failure::Network));
        for entry in &references.local {
            found.take(&folder.join(entry));
        }
        for entry in &references.programs {
            let path = folder.join(entry);
            found.take(&path);
            if path.is_file() {
                let (loaded, broken) = reader.load(&path);
                found.refuse(broken);
                for document in &loaded.documents {
                    let kind = document.root().get("kind").and_then(Node::as_str).unwrap_or_default();
                    let chart = kind.contains("HelmChart").then(|| kind.to_owned());
                    found.refuse(chart.or_else(|| fetched(document.root())).map(Failure::Network));
                }
            }
        }
        found
    }

    fn take(&mut self, path: &Path) {
        let Ok(canonical) = path.canonicalize() else { return };
        if canonical.is_dir() {
            self.folders.push(canonical);
        } else {
            self.files.push(canonical);
        }
    }

    fn refuse(&mut self, failure: Option<Failure>) {
        if self.refusal.is_none() {
            self.refusal = failure;
        }
    }

    fn merge(&mut self, other: Self) {
        self.files.extend(other.files);
        self.folders.extend(other.folders);
        self.refuse(other.refusal);
    }
}

/// Renders a kustomization.
pub(super) fn render(
    plan: &Plan,
    scan: &Scan<'_>,
    renderer: Option<&Renderer>,
    options: &RenderOptions,
) -> Result<Product, Failure> {
    if let Some(refusal) = &plan.refusal {
        return Err(refusal.clone());
    }
    let Some(renderer) = renderer else { return Err(Failure::Missing("kubectl")) };
    let failed = |said: String| Failure::said(renderer.name, said);
    let workplace = Workplace::new().map_err(|error| failed(error.to_string()))?;
    let here = workplace.path();
    let there = relative(&here, &plan.folder);
    let Some(there) = there.to_str() else { return Err(failed("the path is not UTF-8".to_owned())) };
    // One around the real one, to ask where objects come from without changing a file.
    let quoted = serde_json::to_string(there).map_err(|error| failed(error.to_string()))?;
    let wrapper = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{quoted}]\n\
         buildMetadata: [originAnnotations]\n"
    );
    workplace.write(NAMES[0], wrapper.as_bytes()).map_err(|error| failed(error.to_string()))?;
    let arguments = [renderer.command.into(), ".".into()];
    let bytes = run_renderer(&renderer.path, &arguments, &workplace, &options.bounds).map_err(|error| {
        let failure = Failure::of_run(renderer.name, error);
        failure.in_words_of_the_user(&[(there, &plan.shown), (&here.to_string_lossy(), ".")])
    })?;
    let (text, origins) = without_origins(&bytes, scan.limits);
    let shown = label(&plan.shown);
    let entry = FileEntry { path: PathBuf::from(shown.as_ref()), shown, is_named: false };
    let file = load_text(entry, text.as_bytes(), scan.limits);
    if !file.problems.is_empty() {
        return Err(failed("what it printed cannot be read".to_owned()));
    }
    let sources = Sources { scan, here: &here, plan, others: RefCell::default() };
    let places = sources.places(&file, &origins);
    let others = sources
        .others
        .into_inner()
        .into_values()
        .flatten()
        .filter_map(|file| Some((file.entry.shown.clone(), file.source.clone()?)));
    let others = others.collect();
    let from = scan.loaded.get(plan.root).map_or_else(|| "".into(), |file| file.entry.shown.clone());
    let rendered = Rendered { folder: plan.shown.as_str().into(), from };
    Ok(Product { file, trace: Trace::Kustomization(places), rendered, others })
}

/// The way from one folder to another, both without symbolic links.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let mut from = from.components().peekable();
    let mut to = to.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| Component::ParentDir);
    up.chain(to).collect()
}

/// The text without the annotations that were asked for, and what they said, by document.
fn without_origins(bytes: &[u8], limits: &Limits) -> (String, BTreeMap<usize, String>) {
    let parsed = haechi_syntax::parse_yaml(bytes, limits);
    let text = parsed.source.text();
    let mut origins = BTreeMap::new();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for document in &parsed.documents {
        let metadata = document.root().get("metadata");
        let Some(all) = metadata.and_then(|metadata| metadata.entry("annotations")) else { continue };
        let Some(origin) = all.value.entry(ORIGIN) else { continue };
        origins.insert(document.index(), origin.value.as_str().unwrap_or_default().to_owned());
        let first = if all.value.len() == 1 { all.key_span } else { origin.key_span };
        let start =
            text.get(..first.start as usize).and_then(|before| before.rfind('\n')).map_or(0, |n| n + 1);
        let last = origin.value.span().end as usize;
        let end = text.get(last..).and_then(|rest| rest.find('\n')).map_or(text.len(), |n| last + n + 1);
        kept.push_str(text.get(at..start).unwrap_or_default());
        at = end.max(at);
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    (kept, origins)
}

/// The files that objects come from.
struct Sources<'s> {
    scan: &'s Scan<'s>,
    here: &'s Path,
    plan: &'s Plan,
    /// Files that are no part of the scan, by path without symbolic links.
    others: RefCell<BTreeMap<PathBuf, Option<Arc<Loaded>>>>,
}

impl Sources<'_> {
    /// The object that each document was made of, where that is certain.
    fn places(&self, rendered: &Loaded, origins: &BTreeMap<usize, String>) -> BTreeMap<usize, Place> {
        // By file and kind: which documents, and what they are called.
        let mut groups: BTreeMap<(PathBuf, String, String), Vec<(usize, Name)>> = BTreeMap::new();
        for document in &rendered.documents {
            let origin = origins.get(&document.index()).and_then(|origin| self.origin(origin));
            let found = objects(document).objects;
            if let (Some(file), [object]) = (origin, found.as_slice()) {
                let key = (file, object.group().to_owned(), object.kind().to_owned());
                groups.entry(key).or_default().push((document.index(), Name::of(*object)));
            }
        }
        let mut places = BTreeMap::new();
        for ((path, group, kind), made) in groups {
            let Some(file) = self.file(&path) else { continue };
            let loaded = file.loaded(self.scan.loaded);
            let mut sources = Vec::new();
            for document in loaded.iter().flat_map(|file| &file.documents) {
                for object in objects(document).objects {
                    if object.is(&group, &kind) {
                        let place = Place::new(file.clone(), document.index(), object.node().id());
                        sources.push((place, Name::of(object)));
                    }
                }
            }
            let names: Vec<&Name> = sources.iter().map(|(_, name)| name).collect();
            let made_names: Vec<&Name> = made.iter().map(|(_, name)| name).collect();
            for ((document, _), source) in made.iter().zip(trace::renamed(&made_names, &names)) {
                if let Some((place, _)) = source.and_then(|at| sources.get(at)) {
                    places.insert(*document, place.clone());
                }
            }
        }
        places
    }

    /// The file that an annotation names, if it is one of this machine.
    fn origin(&self, annotation: &str) -> Option<PathBuf> {
        let parsed = haechi_syntax::parse_yaml(annotation.as_bytes(), self.scan.limits);
        let root = parsed.documents.first()?.root();
        let path = root.get("path").and_then(Node::as_str).filter(|_| root.entry("repo").is_none())?;
        self.here.join(path).canonicalize().ok()
    }

    fn file(&self, path: &Path) -> Option<FileAt> {
        if let Some(at) = self.scan.by_path.get(path) {
            return Some(FileAt::Scanned(*at));
        }
        if let Some(known) = self.others.borrow().get(path) {
            return known.clone().map(FileAt::Other);
        }
        if !path.is_file() {
            return None;
        }
        let shown: Arc<str> = self.shown(path).into();
        let loaded = load(FileEntry { path: path.to_owned(), shown, is_named: false }, self.scan.limits);
        let loaded = loaded.source.is_some().then(|| Arc::new(loaded));
        self.others.borrow_mut().insert(path.to_owned(), loaded.clone());
        loaded.map(FileAt::Other)
    }

    /// The file seen from where the user named the kustomization; the whole path where a link lies between.
    fn shown(&self, path: &Path) -> String {
        let seen = Path::new(&self.plan.shown).join(relative(&self.plan.folder, path));
        let mut plain = crate::kustomize::plain(&seen);
        if plain.canonicalize().ok().as_deref() != Some(path) {
            plain = path.to_owned();
        }
        plain.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_go_up_and_down() {
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/x y/z")), Path::new("../../x y/z"));
        assert_eq!(relative(Path::new("/t"), Path::new("/t/u")), Path::new("u"));
    }

    #[test]
    fn origins_are_taken_out_and_nothing_else() {
        let text = "kind: A\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n      path: ../a.yaml\n  \
                    name: a\n---\nkind: B\nmetadata:\n  annotations:\n    a: b\n    config.kubernetes.io/origin: |\n      \
                    configuredIn: x\n    z: y\n  name: b\n---\nkind: C\nmetadata:\n  name: c\n";
        let (rest, origins) = without_origins(text.as_bytes(), &Limits::default());
        let expected = "kind: A\nmetadata:\n  name: a\n---\nkind: B\nmetadata:\n  annotations:\n    a: b\n    z: y\n  \
                        name: b\n---\nkind: C\nmetadata:\n  name: c\n";
        assert_eq!(rest, expected);
        assert_eq!(
            origins,
            BTreeMap::from([(0, "path: ../a.yaml\n".into()), (1, "configuredIn: x\n".into())])
        );
    }
}
