//! `posture/trivy-checks`: the examples and tests of its Kubernetes checks.

use std::path::Path;

use anyhow::Result;
use haechi_checks::Options;

use super::posture::{Unmapped, checks_of, manifests, pass_or_fail, scan, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "posture/trivy-checks", needs: "posture/trivy-checks/index.jsonl", run };

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/trivy-checks");
    // The examples were written when annotations chose seccomp profiles.
    let options = Options { kubernetes_minor: 26, ..Options::default() };
    let (mut outcome, mut unmapped) = (Outcome::default(), Unmapped::default());
    for row in json_lines(&root.join(SUITE.needs))? {
        let id = text(&row, "check");
        // Terraform, CloudFormation and Dockerfiles are not read here.
        if text(&row, "family") != "kubernetes" {
            continue;
        }
        let checks = checks_of("trivy", id);
        if checks.is_empty() {
            unmapped.count(id);
            continue;
        }
        let found = scan(&manifests(&folder.join(text(&row, "path")))?, &options, &checks)?;
        pass_or_fail(
            &mut outcome,
            format!("{id}|{}", text(&row, "case")),
            text(&row, "expect") == "fail",
            &found,
        );
    }
    unmapped.put_apart(&mut outcome);
    Ok(outcome)
}
