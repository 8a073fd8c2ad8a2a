//! `posture/kubesec`: manifests with the sign of their score.
//!
//! kubesec adds points for each of its advice that a manifest follows and takes many away for what is critical. So a
//! score below zero means that something critical is written there, and one above zero that nothing critical is, and
//! some advice is followed.

use std::path::Path;

use anyhow::Result;
use haechi_checks::Options;
use serde_json::Value as Json;

use super::posture::{Found, checks_of, manifests, runs_pods, scan, shown, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite = Suite { name: "posture/kubesec", needs: "posture/kubesec/index.jsonl", run };

/// kubesec's rules that take points away, where the bad setting is written.
const CRITICAL: &[&str] = &[
    "AllowPrivilegeEscalation",
    "ApparmorUnconfined",
    "CapSysAdmin",
    "DockerSock",
    "HostAliases",
    "HostIPC",
    "HostNetwork",
    "HostPID",
    "Privileged",
    "ProcMount",
    "SeccompUnconfined",
];

/// kubesec's rules that give points where they are followed.
const ADVICE: &[&str] = &[
    "ApparmorAny",
    "AutomountServiceAccountToken",
    "CapDropAll",
    "HostUsers",
    "LimitsCPU",
    "LimitsMemory",
    "ReadOnlyRootFilesystem",
    "RequestsCPU",
    "RequestsMemory",
    "RunAsGroup",
    "RunAsNonRoot",
    "RunAsUser",
    "SeccompAny",
    "ServiceAccountName",
];

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/kubesec");
    let mut outcome = Outcome::default();
    for row in json_lines(&root.join(SUITE.needs))? {
        let case = text(&row, "case").to_owned();
        let asserts: Vec<&str> = row
            .get("asserts")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let has = |name: &str| asserts.contains(&name);
        let (below, zero, above) =
            (has("assert_lt_zero_points"), has("assert_zero_points"), has("assert_gt_zero_points"));
        if usize::from(below) + usize::from(zero) + usize::from(above) != 1 {
            outcome.apart.push((case, format!("no single sign of the score is asserted: {asserts:?}")));
            continue;
        }
        let files = manifests(&folder.join(text(&row, "path")))?;
        let judge = |id: &str| scan(&files, &Options::default(), &checks_of("kubesec", id));
        let mut critical: Vec<Found> = Vec::new();
        for id in CRITICAL {
            critical.extend(judge(id)?.into_iter().filter(|found| found.is_written));
        }
        let mut followed = Vec::new();
        // Where no pod is run, no advice is followed.
        if runs_pods(&files)? {
            for id in ADVICE {
                if judge(id)?.is_empty() {
                    followed.push(*id);
                }
            }
        }
        let is_right =
            if below { !critical.is_empty() } else { critical.is_empty() && followed.is_empty() == zero };
        let difference = (!is_right).then(|| {
            format!("expected {asserts:?}; critical: {}; advice followed: {followed:?}", shown(&critical))
        });
        outcome.judge(case, difference);
    }
    Ok(outcome)
}
