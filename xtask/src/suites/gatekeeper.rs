//! `policy/gatekeeper`: the suites of Gatekeeper's libraries, and of gator itself. `policy/admissionreview`: requests
//! as an API server sends them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use haechi_objects::objects;
use haechi_policy::gatekeeper::Gatekeeper;
use haechi_policy::gatekeeper::suite::{self, SuiteFilter, Surroundings};
use haechi_policy::pss::PodSecurity;
use haechi_policy::{Engine, Inventory, PolicyDocument, PolicySet, Request};
use haechi_syntax::{Document, Limits, Node, parse};

use crate::conformance::{Outcome, Suite};

pub(crate) const LIBRARY: Suite =
    Suite { name: "policy/gatekeeper", needs: "policy/gatekeeper", run: library };

pub(crate) const REVIEWS: Suite =
    Suite { name: "policy/admissionreview", needs: "policy/admissionreview", run: reviews };

struct Disk {
    start: Instant,
}

impl Surroundings for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| format!("{path}: {error}"))
    }

    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

/// The same with the Rego of templates that have CEL too.
pub(crate) const LIBRARY_REGO: Suite =
    Suite { name: "policy/gatekeeper-rego", needs: "policy/gatekeeper", run: library_rego };

pub(crate) const EXPANSION: Suite = Suite {
    name: "policy/gatekeeper-expand",
    needs: "policy/gatekeeper/gator-e2e/expand/fixtures",
    run: expansion,
};

fn library(root: &Path) -> Result<Outcome> {
    suites(root, &SuiteFilter::default())
}

fn library_rego(root: &Path) -> Result<Outcome> {
    let mut filter = SuiteFilter::default();
    filter.rego_first = true;
    suites(root, &filter)
}

fn suites(root: &Path, filter: &SuiteFilter) -> Result<Outcome> {
    let folder = root.join(LIBRARY.needs);
    let disk = Disk { start: Instant::now() };
    let mut outcome = Outcome::default();
    for path in files(&folder, "yaml")? {
        let parsed = parse(&std::fs::read(&path)?, &Limits::default());
        let Some(document) = parsed.documents.first().filter(|document| suite::is_suite(document)) else {
            continue;
        };
        let shown = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
        let result = suite::run_suite(&path.display().to_string(), document, filter, &disk);
        if let Some(error) = result.error {
            outcome.judge(shown.as_str(), Some(error));
        }
        for test in result.tests.into_iter().filter(|test| !test.skipped) {
            let id = format!("{shown}/{}", test.name);
            // A test without cases is judged by itself: it is about the constraint.
            if test.cases.is_empty() || test.error.is_some() {
                outcome.judge(id.as_str(), test.error);
            }
            for case in test.cases.into_iter().filter(|case| !case.skipped) {
                outcome.judge(format!("{id}/{}", case.name), case.error);
            }
        }
    }
    Ok(outcome)
}

/// What objects bring about, with the mutators for generated objects: each expected object must come out, and no
/// other. A case without expected objects is one that gator refuses to expand, for want of a Namespace.
fn expansion(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root.join(EXPANSION.needs))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    cases.sort();
    for case in cases {
        let read = |part: &str| -> Result<Vec<Document>> {
            let mut found = Vec::new();
            for path in files(&case.join(part), "yaml")? {
                found.extend(parse(&std::fs::read(&path)?, &Limits::default()).documents);
            }
            Ok(found)
        };
        let (input, output) = (read("input")?, read("output")?);
        let mut wanted: Vec<String> = output.iter().map(|document| canonical(document.root())).collect();
        wanted.retain(|text| text != "null");
        wanted.sort();
        let given: Vec<_> = input.iter().flat_map(|document| objects(document).objects).collect();
        let policies: Vec<PolicyDocument<'_>> =
            given.iter().map(|object| PolicyDocument { path: "input".into(), object: *object }).collect();
        let loaded = Gatekeeper::default().load(&policies);
        let inventory = Inventory::new(given.iter().copied());
        let mut found = Vec::new();
        let mut problems: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
        for object in given {
            let namespace = object.namespace().and_then(|name| inventory.get("v1", "Namespace", None, name));
            if object.namespace().is_some() && namespace.is_none() {
                // gator leaves out what it cannot place.
                continue;
            }
            match loaded.set.expand(object, namespace) {
                Ok(expanded) => found.extend(expanded.iter().map(|made| canonical(made.document.root()))),
                Err(error) => problems.push(error.to_string()),
            }
        }
        found.sort();
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let difference = match problems.first() {
            Some(problem) => Some(problem.clone()),
            None => (found != wanted).then(|| format!("{found:?} instead of {wanted:?}")),
        };
        outcome.judge(name, difference);
    }
    Ok(outcome)
}

/// A value as text, keys in order.
fn canonical(node: Node<'_>) -> String {
    if node.is_mapping() {
        let mut entries: Vec<(String, String)> =
            node.entries().map(|entry| (entry.key.to_owned(), canonical(entry.value))).collect();
        entries.sort();
        let entries: Vec<String> =
            entries.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
        return format!("{{{}}}", entries.join(", "));
    }
    if node.is_sequence() {
        return format!("[{}]", node.items().map(canonical).collect::<Vec<_>>().join(", "));
    }
    match node.value() {
        haechi_syntax::Value::Null => "null".to_owned(),
        value => format!("{value:?}"),
    }
}

/// Files below a folder with that ending, in order.
pub(crate) fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Every request is judged by every policy of the library, and by the Pod Security Standards.
fn reviews(root: &Path) -> Result<Outcome> {
    let library = root.join(LIBRARY.needs).join("library");
    let mut policies: Vec<(PathBuf, Document)> = Vec::new();
    for path in files(&library, "yaml")?
        .into_iter()
        .filter(|path| path.ends_with("template.yaml") || path.ends_with("constraint.yaml"))
    {
        let parsed = parse(&std::fs::read(&path)?, &Limits::default());
        policies.extend(parsed.documents.into_iter().map(|document| (path.clone(), document)));
    }
    let documents: Vec<PolicyDocument<'_>> = policies
        .iter()
        .flat_map(|(path, document)| {
            let path = path.display().to_string();
            objects(document)
                .objects
                .into_iter()
                .map(move |object| PolicyDocument { path: path.as_str().into(), object })
        })
        .collect();
    let gatekeeper = Gatekeeper::default().load(&documents).set;
    let pod_security = PodSecurity::default().load(&[]).set;
    let inventory = Inventory::default();
    let mut outcome = Outcome::default();
    for path in files(&root.join(REVIEWS.needs), "json")? {
        let parsed = parse(&std::fs::read(&path)?, &Limits::default());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(document) = parsed.documents.first() else {
            outcome.judge(name, Some("not read".into()));
            continue;
        };
        let difference = match Request::from_admission_review(document.root(), &inventory) {
            Ok(request) => {
                let mut verdicts = Vec::new();
                gatekeeper.review(&request, &mut verdicts);
                pod_security.review(&request, &mut verdicts);
                verdicts.iter().find_map(|verdict| match &verdict.outcome {
                    haechi_policy::Outcome::Error { message, .. } => {
                        Some(format!("{}: {message}", verdict.policy))
                    }
                    _ => None,
                })
            }
            Err(error) => Some(error.to_string()),
        };
        outcome.judge(name, difference);
    }
    Ok(outcome)
}
