//! `posture/polaris`: its checks' tests.

use std::path::Path;

use anyhow::Result;
use haechi_checks::{Options, ResourceBound, ResourceList};
use haechi_objects::Quantity;

use super::posture::{Unmapped, checks_of, manifests, pass_or_fail, scan, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite = Suite { name: "posture/polaris", needs: "posture/polaris/index.jsonl", run };

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/polaris");
    let (mut outcome, mut unmapped) = (Outcome::default(), Unmapped::default());
    for row in json_lines(&root.join(SUITE.needs))? {
        let (id, expected) = (text(&row, "check"), text(&row, "expect"));
        // Definitions of their checks, and what their mutations make of a manifest.
        if expected == "aux" {
            let reason = "no case: a definition of a check, or what a mutation makes of a case";
            unmapped.count_other("aux", reason);
            continue;
        }
        let checks = checks_of("polaris", id);
        if checks.is_empty() {
            unmapped.count(id);
            continue;
        }
        let mut found = scan(&manifests(&folder.join(text(&row, "path")))?, &options(), &checks)?;
        // Their checks of roles and of cluster roles are apart, ours are one.
        if matches!(id, "rolePodExecAttach" | "rolebindingRolePodExecAttach") {
            found.retain(|found| found.finding.resource.kind == "Role");
        }
        pass_or_fail(&mut outcome, format!("{id}|{}", text(&row, "case")), expected == "fail", &found);
    }
    unmapped.put_apart("polaris", root, &mut outcome)?;
    Ok(outcome)
}

/// The bounds are those of the test's own check definition.
fn options() -> Options {
    let bound = |resource: &str, least: &str, most: &str| ResourceBound {
        resource: resource.to_owned(),
        list: ResourceList::Limits,
        least: Quantity::parse(least),
        most: Quantity::parse(most),
    };
    Options {
        whole: true,
        resource_bounds: vec![bound("memory", "100Mi", "6G"), bound("cpu", "100m", "2")],
        ..Options::default()
    }
}
