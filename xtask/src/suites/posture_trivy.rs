//! `posture/trivy-checks`: the examples and tests of its Kubernetes checks.

use std::path::Path;

use anyhow::Result;
use haechi_checks::Options;

use super::posture::{Found, Unmapped, checks_of, manifests, pass_or_fail, scan, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "posture/trivy-checks", needs: "posture/trivy-checks/index.jsonl", run };

/// Checks of theirs that look only at what is written, where ours flags the missing setting as well.
const WRITTEN_ONLY: &[&str] = &["KSV-0119"];

/// One check of ours is several of theirs, each for wildcards in certain lists of a rule.
const WILDCARDS: &[(&str, &[&str])] = &[
    ("KSV-0044", &["apiGroups", "resources", "verbs"]),
    ("KSV-0045", &["verbs"]),
    ("KSV-0046", &["resources"]),
    ("KSV-0112", &["resources"]),
];

/// Their KSV-0050 leaves out who makes or deletes roles and bindings but cannot change them.
fn adds_or_deletes_alone(found: &Found) -> bool {
    let verbs = found.finding.args.iter().find(|arg| arg.name == "verbs").map(|arg| arg.value.to_string());
    let is_left_out = |verb: &str| matches!(verb, "create" | "delete" | "deletecollection");
    found.finding.rule == "rbac-objects-writable"
        && verbs.is_some_and(|verbs| verbs.split(", ").all(is_left_out))
}

fn is_in(found: &Found, list: &str) -> bool {
    found.finding.location.json_path.contains(&format!(".{list}["))
}

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/trivy-checks");
    // The examples were written when annotations chose seccomp profiles.
    let options = Options { kubernetes_minor: 26, ..Options::default() };
    let (mut outcome, mut unmapped) = (Outcome::default(), Unmapped::default());
    for row in json_lines(&root.join(SUITE.needs))? {
        let id = text(&row, "check");
        if text(&row, "family") != "kubernetes" {
            unmapped.count_other(text(&row, "family"), "no manifests of Kubernetes");
            continue;
        }
        let checks = checks_of("trivy", id);
        if checks.is_empty() {
            unmapped.count(id);
            continue;
        }
        let mut found = scan(&manifests(&folder.join(text(&row, "path")))?, &options, &checks)?;
        found.retain(|found| found.is_written || !WRITTEN_ONLY.contains(&id));
        found.retain(|found| id != "KSV-0050" || !adds_or_deletes_alone(found));
        if let Some((_, lists)) = WILDCARDS.iter().find(|(asked, _)| *asked == id) {
            let has = |list: &&str| found.iter().any(|found| is_in(found, list));
            if !lists.iter().all(has) {
                found.clear();
            }
        }
        pass_or_fail(
            &mut outcome,
            format!("{id}|{}", text(&row, "case")),
            text(&row, "expect") == "fail",
            &found,
        );
    }
    unmapped.put_apart("trivy", root, &mut outcome)?;
    Ok(outcome)
}
