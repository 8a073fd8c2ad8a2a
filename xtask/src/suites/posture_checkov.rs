//! `posture/checkov-kubernetes`: its checks' examples.
//!
//! Examples are labelled by their file's name or by the resource. A file's name speaks of the check that the example
//! was first written for, while the folder's test may ask several checks; where the test's own counts say so, the
//! counts are what is held to.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use haechi_checks::{Check, Options};
use serde_json::Value as Json;

use super::posture::{Found, Unmapped, checks_of, manifests, pass_or_fail, role_of, scan, shown, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "posture/checkov-kubernetes", needs: "posture/checkov-kubernetes/index.jsonl", run };

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/checkov-kubernetes");
    let (mut outcome, mut unmapped) = (Outcome::default(), Unmapped::default());
    let mut by_name: BTreeMap<(String, String), Vec<Json>> = BTreeMap::new();
    for row in json_lines(&root.join(SUITE.needs))? {
        let id = text(&row, "check");
        let checks = checks_of("checkov", id);
        if checks.is_empty() {
            unmapped.count(id);
            continue;
        }
        if text(&row, "by") == "filename" {
            let path = text(&row, "path");
            if path.contains("PASSED") && path.contains("FAILED") {
                let reason = "the file's name labels several resources at once";
                outcome.apart.push((format!("{id}|{path}"), reason.to_owned()));
                continue;
            }
            by_name.entry((id.to_owned(), text(&row, "case").to_owned())).or_default().push(row);
            continue;
        }
        let found = scan(&manifests(&folder.join(text(&row, "path")))?, &options(), &checks)?;
        if text(&row, "expect") == "counts" {
            let expected = row.get("failed").and_then(Json::as_u64).unwrap_or_default();
            let count = objects_in(&found) as u64;
            let difference = (count != expected)
                .then(|| format!("expected {expected} failing resources, found {count}: {}", shown(&found)));
            outcome.judge(format!("{id}|{}", text(&row, "case")), difference);
            continue;
        }
        let resource = text(&row, "resource");
        // Their checks over connections report the binding; ours report the role that it gives.
        let mut parts = resource.splitn(3, '.');
        let (kind, name) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        let files = manifests(&folder.join(text(&row, "path")))?;
        let role = if kind.ends_with("Binding") { role_of(&files, kind, name)? } else { None };
        let is_of_role = |found: &Found| {
            let own = &found.finding.resource;
            role.as_ref().is_some_and(|(kind, name)| own.kind == *kind && own.name == *name)
        };
        let found: Vec<Found> =
            found.into_iter().filter(|found| is_about(found, resource) || is_of_role(found)).collect();
        let case = format!("{id}|{}|{resource}", text(&row, "case"));
        pass_or_fail(&mut outcome, case, text(&row, "expect") == "fail", &found);
    }
    for ((id, case), rows) in by_name {
        named_files(&folder, &id, &case, &rows, &mut outcome)?;
    }
    unmapped.put_apart("checkov", root, &mut outcome)?;
    Ok(outcome)
}

fn named_files(folder: &Path, id: &str, case: &str, rows: &[Json], outcome: &mut Outcome) -> Result<()> {
    let checks: Vec<&'static Check> = checks_of("checkov", id);
    let counts: Vec<u64> = rows
        .first()
        .and_then(|row| row.get("dirCounts"))
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_u64)
        .collect();
    let labelled = rows.iter().filter(|row| text(row, "expect") == "fail").count() as u64;
    let is_by_file = matches!(counts.as_slice(), [passed, failed] if passed + failed == rows.len() as u64);
    let is_contradicted = matches!(counts.as_slice(), [_, failed] if is_by_file && *failed != labelled);
    let mut failing = 0;
    for row in rows {
        let found = scan(&manifests(&folder.join(text(row, "path")))?, &options(), &checks)?;
        failing += u64::from(!found.is_empty());
        if !is_contradicted {
            let case = format!("{id}|{}", text(row, "path"));
            pass_or_fail(outcome, case, text(row, "expect") == "fail", &found);
        }
    }
    if let ([_, failed], true) = (counts.as_slice(), is_contradicted) {
        let difference = (failing != *failed)
            .then(|| format!("expected {failed} failing files of {}, found {failing}", rows.len()));
        outcome.judge(format!("{id}|{case}"), difference);
    }
    Ok(())
}

/// The examples were written when annotations chose seccomp profiles.
fn options() -> Options {
    Options { kubernetes_minor: 26, ..Options::default() }
}

/// Several objects of a file may have one name: the place tells them apart.
fn objects_in(found: &[Found]) -> usize {
    let mut resources: Vec<_> = found.iter().map(|found| &found.finding.location).collect();
    resources.sort();
    resources.dedup();
    resources.len()
}

/// `Kind.namespace.name`; for the pods of a workload the kind is `Pod`, and the label follows the name.
fn is_about(found: &Found, resource: &str) -> bool {
    let mut parts = resource.splitn(3, '.');
    let kind = parts.next().unwrap_or_default();
    let name = parts.nth(1).unwrap_or_default();
    let own = &found.finding.resource;
    let is_name = own.name == name
        || (kind == "Pod" && name.strip_prefix(&own.name).is_some_and(|rest| rest.starts_with('.')));
    is_name && (own.kind == kind || kind == "Pod")
}
