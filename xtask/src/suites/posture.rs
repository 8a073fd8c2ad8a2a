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

/// Counts the cases of peers' checks that none of ours names.
#[derive(Debug, Default)]
pub(super) struct Unmapped(BTreeMap<String, usize>);

impl Unmapped {
    pub(super) fn count(&mut self, id: &str) {
        *self.0.entry(id.to_owned()).or_default() += 1;
    }

    /// Puts them apart, a line for each of the peer's checks.
    pub(super) fn put_apart(self, outcome: &mut Outcome) {
        for (id, count) in self.0 {
            let reason = format!("{count} cases of a check that no check of this catalogue names");
            outcome.apart.push((id, reason));
        }
    }
}
