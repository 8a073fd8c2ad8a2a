//! What the posture suites share: which checks a peer's id stands for, and how a case's files are judged.
//!
//! Which of our checks a peer's check is comes from the checks' own `peers`, never from a list made for a corpus. A
//! peer's check that none of ours names belongs to another area (RBAC, control plane, networks …) and is counted
//! apart. Where several of ours name one id, the peer's check fails if any of ours finds something.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use haechi_checks::{CHECKS, Check, Context, Inventory, Options, judge};
use haechi_model::Finding;
use haechi_objects::{PodTemplates, objects};
use haechi_syntax::{Document, Limits, Node, parse};
use serde_json::Value as Json;

use super::posture_controls::Controls;
use crate::conformance::Outcome;

/// Our checks that name that id of that peer.
pub(super) fn checks_of(peer: &str, id: &str) -> Vec<&'static Check> {
    let names = |check: &&'static Check| check.info.peers.iter().any(|own| own.peer == peer && own.id == id);
    CHECKS.iter().copied().filter(names).collect()
}

/// A finding, and whether it points at a value that is written there rather than at one that is missing.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) is_written: bool,
}

/// Judges files as one scan.
pub(super) fn scan(files: &[PathBuf], options: &Options, checks: &[&'static Check]) -> Result<Vec<Found>> {
    let mut documents: Vec<Document> = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        documents.extend(parse(&bytes, &Limits::default()).documents);
    }
    let templates = PodTemplates::default();
    let all = || documents.iter().flat_map(|document| objects(document).objects);
    let inventory = Inventory::new(all(), &templates);
    let context = Context { templates: &templates, options, inventory: &inventory };
    let path: Arc<str> = "case".into();
    let mut found = Vec::new();
    for object in all() {
        for finding in judge(object, &path, &context, checks.iter().copied()) {
            let root = object.node().document().root();
            let is_written = at(root, &finding.location.json_path).is_some();
            found.push(Found { finding, is_written });
        }
    }
    Ok(found)
}

/// The value at a JSON path as findings write it.
fn at<'d>(root: Node<'d>, json_path: &str) -> Option<Node<'d>> {
    let mut node = root;
    let mut rest = json_path.strip_prefix('$')?;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("['") {
            let (key, after) = after.split_once("']")?;
            node = node.get(key)?;
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']')?;
            node = node.item(index.parse().ok()?)?;
            rest = after;
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, after) = after.split_at(end);
            node = node.get(key)?;
            rest = after;
        }
    }
    Some(node)
}

/// All manifests in a folder and beneath, in order; or the file itself.
pub(super) fn manifests(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if matches!(extension, "yaml" | "yml" | "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A text field of an index row.
pub(super) fn text<'j>(row: &'j Json, field: &str) -> &'j str {
    row.get(field).and_then(Json::as_str).unwrap_or_default()
}

/// What the findings are, for the line of a wrong case.
pub(super) fn shown(found: &[Found]) -> String {
    let shown: Vec<String> = found
        .iter()
        .map(|found| format!("{} {}", found.finding.rule, found.finding.location.json_path))
        .collect();
    if shown.is_empty() { "nothing".to_owned() } else { shown.join("; ") }
}

/// Judges a case of which it is known whether the peer's check fails.
pub(super) fn pass_or_fail(outcome: &mut Outcome, case: String, fails: bool, found: &[Found]) {
    let difference = (fails == found.is_empty())
        .then(|| format!("expected {}, found {}", if fails { "fail" } else { "pass" }, shown(found)));
    outcome.judge(case, difference);
}

/// Whether the files hold something that runs pods.
pub(super) fn runs_pods(files: &[PathBuf]) -> Result<bool> {
    let templates = PodTemplates::default();
    for file in files {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        for document in parse(&bytes, &Limits::default()).documents {
            if objects(&document).objects.into_iter().any(|object| templates.pod(object).is_some()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The role that a binding of the files refers to, as kind and name.
pub(super) fn role_of(files: &[PathBuf], kind: &str, name: &str) -> Result<Option<(String, String)>> {
    for file in files {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        for document in parse(&bytes, &Limits::default()).documents {
            let here = objects(&document).objects;
            let Some(binding) = here.iter().find(|object| object.kind() == kind && object.name() == name)
            else {
                continue;
            };
            let text = |field: &str| binding.node().at(&["roleRef", field]).and_then(Node::as_str);
            if let (Some(kind), Some(name)) = (text("kind"), text("name")) {
                return Ok(Some((kind.to_owned(), name.to_owned())));
            }
        }
    }
    Ok(None)
}

/// Counts the cases that are not judged here, by what they have in common.
#[derive(Debug, Default)]
pub(super) struct Unmapped {
    checks: BTreeMap<(String, Vec<String>), usize>,
    others: BTreeMap<(String, &'static str), usize>,
}

impl Unmapped {
    /// A case of a peer's check that none of ours names.
    pub(super) fn count(&mut self, id: &str) {
        self.count_of(id, &[id]);
    }

    /// A case of a peer's rule that none of ours names, nor all of the controls that it serves.
    pub(super) fn count_of(&mut self, rule: &str, controls: &[&str]) {
        let controls = controls.iter().map(|control| (*control).to_owned()).collect();
        *self.checks.entry((rule.to_owned(), controls)).or_default() += 1;
    }

    /// A row that is no case, or none of ours to judge.
    pub(super) fn count_other(&mut self, what: &str, reason: &'static str) {
        *self.others.entry((what.to_owned(), reason)).or_default() += 1;
    }

    /// Puts them apart, a line for each of the peer's checks with the reason; without a reason it is a wrong case.
    pub(super) fn put_apart(self, peer: &str, root: &Path, outcome: &mut Outcome) -> Result<()> {
        let controls = Controls::read(root)?;
        for ((rule, ids), count) in self.checks {
            match controls.why_without_check(peer, &rule, &ids) {
                Some(reason) => outcome.apart.push((rule, format!("{count} cases: {reason}"))),
                None => outcome.judge(
                    format!("{rule}|unmapped"),
                    Some(format!(
                        "{count} cases of a check that none of ours names, and no reason is written"
                    )),
                ),
            }
        }
        for ((what, reason), count) in self.others {
            outcome.apart.push((what, format!("{count} rows: {reason}")));
        }
        Ok(())
    }
}
