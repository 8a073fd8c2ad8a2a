//! `posture/kubernetes-goat`: manifests that are vulnerable on purpose, each with its weakness in words.

use std::path::Path;

use anyhow::Result;
use haechi_checks::{CHECKS, Check, Options};
use haechi_model::Severity;

use super::posture::{Found, manifests, runs_pods, scan, shown, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "posture/kubernetes-goat", needs: "posture/kubernetes-goat/index.jsonl", run };

/// The words for weaknesses that a manifest shows, and the check that must find them.
const WORDS: &[(&str, &str)] = &[
    ("privileged/", "privileged-container"),
    ("/privileged", "privileged-container"),
    ("docker.sock", "container-runtime-socket-mounted"),
    ("hostPID", "host-pid-namespace"),
    ("hostNetwork", "host-network-namespace"),
    ("hostPath", "host-path-volume"),
    ("host mount", "host-path-volume"),
    ("no resource limits", "memory-limit-missing"),
    ("nodeport", "exposed-service"),
];

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/kubernetes-goat");
    let mut outcome = Outcome::default();
    let checks: Vec<&'static Check> = CHECKS.iter().copied().filter(|check| !check.opt_in).collect();
    for row in json_lines(&root.join(SUITE.needs))? {
        let case = text(&row, "case").to_owned();
        if text(&row, "expect") != "vulnerable" {
            let reason = format!("says nothing of weaknesses (`{}`)", text(&row, "expect"));
            outcome.apart.push((case, reason));
            continue;
        }
        let path = folder.join(text(&row, "path"));
        if !runs_pods(&manifests(&path)?)? {
            let reason = "runs no pod that could be judged: a template, a policy or rights (another area)";
            outcome.apart.push((case, reason.to_owned()));
            continue;
        }
        let found = scan(&manifests(&path)?, &Options::default(), &checks)?;
        let weakness = text(&row, "weakness");
        let wanted: Vec<&str> =
            WORDS.iter().filter(|(word, _)| weakness.contains(word)).map(|(_, slug)| *slug).collect();
        let missed: Vec<&&str> = wanted.iter().filter(|slug| !has(&found, slug)).collect();
        let is_flagged = found.iter().any(|found| found.finding.severity >= Severity::Medium);
        let difference = (!missed.is_empty() || !is_flagged)
            .then(|| format!("`{weakness}`: missed {missed:?}, found {}", shown(&found)));
        outcome.judge(case, difference);
    }
    Ok(outcome)
}

fn has(found: &[Found], slug: &str) -> bool {
    found.iter().any(|found| found.finding.rule == slug)
}
