//! `posture/kube-score`: its own test data.

use std::path::Path;

use anyhow::Result;
use haechi_checks::{Check, Options};

use super::posture::{Unmapped, checks_of, manifests, pass_or_fail, scan, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "posture/kube-score", needs: "posture/kube-score/index.jsonl", run };

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/kube-score");
    let (mut outcome, mut unmapped) = (Outcome::default(), Unmapped::default());
    for row in json_lines(&root.join(SUITE.needs))? {
        let id = text(&row, "check");
        let config = text(&row, "config");
        let mut checks = checks_of("kube-score", id);
        if checks.is_empty() {
            unmapped.count(id);
            continue;
        }
        checks.retain(|check| is_asked(check, config));
        let number = |name: &str| -> Option<u32> {
            let (_, rest) = config.split_once(name)?;
            rest.trim_start_matches([':', ' ']).split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        let mut options = Options { whole: true, ..Options::default() };
        // kube-score judges by 1.18 unless told otherwise.
        options.kubernetes_minor = number("Minor").unwrap_or(18);
        if let Some(least) = number("MinReplicasDeployment") {
            options.minimum_replicas = i64::from(least);
        }
        let found = scan(&manifests(&folder.join(text(&row, "path")))?, &options, &checks)?;
        let case = format!("{id}|{}|{config}", text(&row, "case"));
        pass_or_fail(&mut outcome, case, text(&row, "expect") == "fail", &found);
    }
    unmapped.put_apart("kube-score", root, &mut outcome)?;
    Ok(outcome)
}

/// Limits that the configuration of the case leaves out.
fn is_asked(check: &Check, config: &str) -> bool {
    match check.info.slug {
        "cpu-limit-missing" => !config.contains("IgnoreContainerCpuLimitRequirement: true"),
        "memory-limit-missing" => !config.contains("IgnoreContainerMemoryLimitRequirement: true"),
        _ => true,
    }
}
