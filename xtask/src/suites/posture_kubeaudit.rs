//! `posture/kubeaudit`: its auditors' fixtures.

use std::path::Path;

use anyhow::Result;
use haechi_checks::{Options, ResourceBound, ResourceList};
use haechi_objects::Quantity;
use serde_json::Value as Json;

use super::posture::{Unmapped, checks_of, manifests, pass_or_fail, scan, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "posture/kubeaudit", needs: "posture/kubeaudit/index.jsonl", run };

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/kubeaudit");
    let (mut outcome, mut unmapped) = (Outcome::default(), Unmapped::default());
    for row in json_lines(&root.join(SUITE.needs))? {
        let id = text(&row, "check");
        let checks = checks_of("kubeaudit", id);
        if checks.is_empty() {
            unmapped.count(id);
            continue;
        }
        let errors: Vec<&str> = row
            .get("errors")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let case = format!("{id}|{}|{}", text(&row, "case"), text(&row, "args"));
        if id == "image" && !text(&row, "args").trim_matches('"').is_empty() {
            let reason = "names the image and tag that the user wants, a parameter that ours does not have";
            outcome.apart.push((case, reason.to_owned()));
            continue;
        }
        if !errors.is_empty() && errors.iter().all(|error| error.contains("RedundantAuditorOverride")) {
            let reason = "asks whether kubeaudit's own suppression label is unneeded, not about the workload";
            outcome.apart.push((case, reason.to_owned()));
            continue;
        }
        // A label of kubeaudit's own suppresses what is still wrong beneath.
        let fails = errors.iter().any(|error| !error.contains("RedundantAuditorOverride"));
        let found = scan(&manifests(&folder.join(text(&row, "path")))?, &options(id, &row), &checks)?;
        pass_or_fail(&mut outcome, case, fails, &found);
    }
    unmapped.put_apart("kubeaudit", root, &mut outcome)?;
    Ok(outcome)
}

/// The auditor of limits is given the highest CPU and memory.
fn options(id: &str, row: &Json) -> Options {
    let mut options = Options { whole: true, ..Options::default() };
    if id == "limits" {
        let mut amounts = text(row, "args").split(',').map(|part| part.trim().trim_matches('"'));
        for resource in ["cpu", "memory"] {
            let most = amounts.next().and_then(Quantity::parse);
            if most.is_some() {
                options.resource_bounds.push(ResourceBound {
                    resource: resource.to_owned(),
                    list: ResourceList::Limits,
                    least: None,
                    most,
                });
            }
        }
    }
    options
}
