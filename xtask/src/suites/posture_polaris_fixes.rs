//! `posture/polaris-fixes`: what Polaris makes of a manifest that fails one of its checks, against our fix of the same
//! finding. Compared is what Kubernetes makes of the two.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use haechi::fix::FixOptions;
use haechi::scan::{ScanOptions, scan_and_fix};
use haechi_checks::CHECKS;
use haechi_objects::ImageRef;
use haechi_sources::{DiscoverOptions, discover};
use haechi_syntax::{Limits, Node, Value, parse};
use serde_json::{Map, Value as Json, json};

use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite = Suite { name: "posture/polaris-fixes", needs: "posture/polaris", run };

/// The amounts that Polaris writes for people to change; ours come from the configuration.
const AMOUNTS: &[(&str, &str)] = &[
    ("cpu-limit-missing", "100m"),
    ("cpu-request-missing", "100m"),
    ("memory-limit-missing", "512Mi"),
    ("memory-request-missing", "512Mi"),
];

fn run(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut folders = entries(&root.join(SUITE.needs).join("open/test/checks"))?;
    folders.retain(|folder| folder.is_dir());
    for folder in folders {
        let check = name(&folder);
        for mutated in entries(&folder)?.iter().filter(|file| name(file).starts_with("mutated")) {
            let case = format!("{check}/{}", name(mutated));
            // `mutated.cpu.yaml` is what becomes of `failure.cpu.yaml`.
            let failing = folder.join(name(mutated).replacen("mutated", "failure", 1));
            if failing.exists() {
                outcome.judge(case, differs(&check, &failing, mutated)?);
            } else {
                outcome.apart.push((case, "the file before the mutation is not in the corpus".to_owned()));
            }
        }
    }
    Ok(outcome)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = read.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// How the fixed file differs from Polaris' one.
fn differs(check: &str, failing: &Path, mutated: &Path) -> Result<Option<String>> {
    let is_peer = |slug: &&&'static haechi_checks::Check| {
        slug.info.peers.iter().any(|peer| (peer.peer, peer.id) == ("polaris", check))
    };
    let mut options =
        ScanOptions { checks: CHECKS.iter().filter(is_peer).copied().collect(), ..ScanOptions::default() };
    if options.checks.is_empty() {
        return Err(anyhow!("no check of ours stands for {check}"));
    }
    for (slug, amount) in AMOUNTS {
        options.check_options.fix_values.insert((*slug).to_owned(), (*amount).into());
    }
    let roots = [failing.to_owned()];
    let discovery = discover(&roots, &DiscoverOptions::default());
    let fix = FixOptions { with_unsafe: true, write: false };
    let fixed =
        scan_and_fix(discovery, &roots, &options, fix, &|findings| vec![true; findings.len()], &|| {});
    let text = match fixed.changed.first() {
        Some(changed) => changed.after.text().to_owned(),
        None => std::fs::read_to_string(failing)?,
    };
    let ours = meaning(&text, failing)?;
    let theirs = meaning(&std::fs::read_to_string(mutated)?, mutated)?;
    if ours == theirs {
        return Ok(None);
    }
    Ok(Some(format!("ours is {ours}, theirs is {theirs}")))
}

/// The documents of a text, with the one default of the API server that Polaris writes out.
fn meaning(text: &str, path: &Path) -> Result<Json> {
    let parsed = parse(text.as_bytes(), &Limits::default());
    if let Some(error) = parsed.errors.first() {
        return Err(anyhow!("{}: {error}", path.display()));
    }
    let documents = parsed.documents.iter().map(|document| document.root());
    Ok(documents.filter(|root| !root.is_null()).map(json).collect())
}

fn json(node: Node<'_>) -> Json {
    match node.value() {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Uint(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::String(text) => json!(text),
        Value::Sequence(items) => items.map(json).collect(),
        Value::Mapping(entries) => {
            let mut map: Map<String, Json> =
                entries.map(|entry| (entry.key.to_owned(), json(entry.value))).collect();
            let image = node.get("image").and_then(Node::as_str).and_then(ImageRef::parse);
            let is_latest = image
                .is_some_and(|image| image.digest.is_none() && image.tag.is_none_or(|tag| tag == "latest"));
            if is_latest && node.get("name").is_some() {
                map.entry("imagePullPolicy").or_insert_with(|| "Always".into());
            }
            Json::Object(map)
        }
    }
}
