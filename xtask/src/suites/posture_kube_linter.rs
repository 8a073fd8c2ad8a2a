//! `posture/kube-linter`: its end-to-end tests, each with the number of messages.

use std::path::Path;

use anyhow::Result;
use haechi_checks::Options;
use serde_json::Value as Json;

use super::posture::{Unmapped, checks_of, manifests, scan, shown, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "posture/kube-linter", needs: "posture/kube-linter/index.jsonl", run };

/// Checks of theirs that look only at what is written, where ours flags the missing setting as well.
const WRITTEN_ONLY: &[&str] =
    &["privilege-escalation-container", "liveness-port", "readiness-port", "startup-port"];

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/kube-linter");
    let (mut outcome, mut unmapped) = (Outcome::default(), Unmapped::default());
    for row in json_lines(&root.join(SUITE.needs))? {
        let id = text(&row, "check");
        let checks = checks_of("kube-linter", id);
        if checks.is_empty() {
            unmapped.count(id);
            continue;
        }
        let mut found = scan(&manifests(&folder.join(text(&row, "path")))?, &options(id), &checks)?;
        found.retain(|found| found.is_written || !WRITTEN_ONLY.contains(&id));
        if id.ends_with("-port") {
            // One check of ours is three of theirs.
            let probe = id.trim_end_matches("-port");
            let is_of_probe = |arg: &haechi_model::Arg| arg.name != "probe" || arg.value.to_string() == probe;
            found.retain(|found| found.finding.args.iter().all(is_of_probe));
        }
        let expected = row.get("count").and_then(Json::as_u64).unwrap_or_default();
        let difference = (found.len() as u64 != expected)
            .then(|| format!("expected {expected} findings, found {}: {}", found.len(), shown(&found)));
        outcome.judge(format!("{id}|{}", text(&row, "case")), difference);
    }
    unmapped.put_apart("kube-linter", root, &mut outcome)?;
    Ok(outcome)
}

/// What kube-linter's own defaults and the configuration of the test ask for.
fn options(id: &str) -> Options {
    let words = |asked: &str, word: &str| if id == asked { vec![word.to_owned()] } else { Vec::new() };
    Options {
        whole: true,
        minimum_replicas: 3,
        required_labels: words("required-label-owner", "owner"),
        required_annotations: words("required-annotation-email", "email"),
        required_claim_annotations: words(
            "statefulset-volumeclaimtemplate-annotation",
            "required-annotation",
        ),
        forbidden_annotations: words("template-forbidden-annotation", "reloader.stakater.com/auto=true"),
        ..Options::default()
    }
}
