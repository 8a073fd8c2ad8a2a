//! `detect/*`: the Falco language against the tests of Falco and its libraries.

mod builtin;
mod detecting;
mod loading;
mod robust;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use haechi_detect::condition::{self, Limits};
use serde_json::Value as Json;

use crate::conformance::{Outcome, Suite};

pub(crate) use builtin::AUDIT_LABELLED;
pub(crate) use detecting::{FALCO_SUITE, FALCO_TESTING};
pub(crate) use loading::{ENGINE_UNIT, RULES_SHIPPED};
pub(crate) use robust::{EVENT_GENERATOR, INVICTUS, SCAP, STRATUS, VPC_FLOW};

pub(crate) const FILTER_PARSER: Suite =
    Suite { name: "detect/libs-filter-parser", needs: "detect/libs-filter-parser", run: filter_parser };

fn filter_parser(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(FILTER_PARSER.needs);
    for path in files_below(&folder, "json")? {
        let case = read_json(&path)?;
        let Some(filter) = case.get("filter").and_then(Json::as_str) else {
            outcome.apart.push((case_name(&folder, &path), "the case records no filter".into()));
            continue;
        };
        let expect = text(&case, "expect");
        let parsed = condition::parse(filter, Limits::default());
        let difference = match (expect, &parsed) {
            ("reject", Err(_)) => None,
            ("reject", Ok(expr)) => Some(format!("accepted `{filter}` as {expr}")),
            // The tree that the original compares with is not recorded: printed and read again it has to be the
            // same one.
            (_, Ok(expr)) => {
                let printed = expr.to_string();
                let again = condition::parse(&printed, Limits::default()).map(|expr| expr.to_string());
                (again.as_ref() != Ok(&printed))
                    .then(|| format!("`{filter}` prints as `{printed}`: {again:?}"))
            }
            (_, Err(error)) => Some(format!("refused `{filter}`: {error}")),
        };
        outcome.judge(case_name(&folder, &path), difference);
    }
    Ok(outcome)
}

pub(crate) fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

pub(crate) fn read_json(path: &Path) -> Result<Json> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// The texts of a list.
pub(crate) fn strings(json: &Json, key: &str) -> Vec<String> {
    let list = json.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// The path below `folder`, with `/`, without extension.
pub(crate) fn case_name(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    below.to_string_lossy().replace('\\', "/")
}

/// All files with that extension, sorted.
pub(crate) fn files_below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
