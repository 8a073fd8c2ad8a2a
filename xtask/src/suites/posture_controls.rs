//! `posture/controls`: every row of the catalogue of controls that manifests can show has a check or a reason.
//!
//! The catalogue gives each control the ids of other tools. In the areas that manifests show, each of these ids must
//! be a peer of one of our checks, or stand with its reason in `conformance/controls-without-check.tsv`; so must each
//! control that no other tool has an id for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use haechi_checks::find;

use super::posture::checks_of;
use crate::conformance::{Outcome, Suite, project};

pub(crate) const SUITE: Suite = Suite { name: "posture/controls", needs: CATALOGUE, run };

const CATALOGUE: &str = "../reference/controls.csv";

/// Areas that manifests show.
const OURS: &[&str] = &["cluster", "data", "image", "workload"];

/// Columns with ids, and the name of the peer in our checks.
const PEERS: &[(&str, &str)] = &[
    ("checkov", "checkov"),
    ("kube_linter", "kube-linter"),
    ("kube_score", "kube-score"),
    ("kubeaudit", "kubeaudit"),
    ("kubescape", "kubescape"),
    ("kubesec", "kubesec"),
    ("polaris", "polaris"),
    ("trivy", "trivy"),
];

/// The checks of controls that no other tool has an id for.
const WITHOUT_IDS: &[(&str, &[&str])] = &[
    ("data/backup-exists", &["claims-without-backup"]),
    ("data/pii-labels", &["personal-data-unguarded"]),
    ("workload/ephemeral-containers", &["debug-container-left"]),
    (
        "workload/fs-group",
        &[
            "fs-group-missing",
            "supplemental-groups-missing",
            "windows-credential-spec-missing",
            "windows-user-missing",
        ],
    ),
    ("workload/shared-process-namespace", &["shared-process-namespace"]),
];

/// What is said of ids whose control is of another area, which manifests do not show or other suites judge.
const OTHER_AREAS: &[(&str, &str)] = &[
    ("agent", "sandboxes of AI agents, a custom resource of its own area"),
    ("audit", "the audit policy and log of the API server"),
    ("authn", "how the API server knows its users"),
    ("control-plane", "flags of the control plane, read on its nodes"),
    ("etcd", "flags of etcd, read on its nodes"),
    ("kubelet", "the kubelet's configuration, read on the node"),
    ("managed", "settings of a cloud's managed cluster, which its API describes"),
    ("network", "the network: policies, Ingresses and exposure are its own area"),
    ("node", "settings of the node"),
    ("node-files", "modes and owners of files on the node"),
    ("rbac", "rights, their own area"),
    ("secrets", "secrets, their own area"),
    ("supply-chain", "pipelines, not manifests"),
];

fn run(root: &Path) -> Result<Outcome> {
    let controls = Controls::read(root)?;
    let mut outcome = Outcome::default();
    for row in &controls.rows {
        if !OURS.contains(&row.area.as_str()) {
            continue;
        }
        if row.ids.is_empty() {
            let slugs = WITHOUT_IDS.iter().find(|(control, _)| *control == row.slug).map(|(_, slugs)| *slugs);
            let is_covered = slugs.is_some_and(|slugs| slugs.iter().all(|slug| find(slug).is_some()))
                || controls.reasons.contains_key(&("control".to_owned(), row.slug.clone()));
            outcome.judge(&row.slug, (!is_covered).then(|| "neither a check nor a reason".to_owned()));
        }
        for (peer, id) in &row.ids {
            let case = format!("{}|{peer} {id}", row.slug);
            match controls.reasons.get(&((*peer).to_owned(), id.clone())) {
                Some(_) if !checks_of(peer, id).is_empty() => {
                    outcome.judge(case, Some("has a check, so its reason must go".to_owned()));
                }
                Some(reason) => outcome.apart.push((case, reason.clone())),
                None => {
                    let is_mapped = !checks_of(peer, id).is_empty();
                    outcome.judge(case, (!is_mapped).then(|| "neither a check nor a reason".to_owned()));
                }
            }
        }
    }
    Ok(outcome)
}

/// The catalogue of controls, and the reasons why some have no check.
#[derive(Debug)]
pub(super) struct Controls {
    rows: Vec<Row>,
    /// By peer and id.
    reasons: BTreeMap<(String, String), String>,
}

#[derive(Debug)]
struct Row {
    slug: String,
    area: String,
    ids: Vec<(&'static str, String)>,
}

impl Controls {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let path = root.join(CATALOGUE);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut lines = text.lines().map(cells);
        let head = lines.next().unwrap_or_default();
        let column = |name: &str| {
            head.iter().position(|cell| cell == name).with_context(|| format!("no column `{name}`"))
        };
        let (slug, area) = (column("slug")?, column("area")?);
        let peers: Vec<(usize, &'static str)> =
            PEERS.iter().map(|(name, peer)| Ok((column(name)?, *peer))).collect::<Result<_>>()?;
        let rows = lines
            .map(|cells| {
                let cell = |at: usize| cells.get(at).cloned().unwrap_or_default();
                let ids = peers.iter().flat_map(|(at, peer)| {
                    // Names with spaces are set apart by semicolons.
                    let separator = if *peer == "kube-score" { ';' } else { ' ' };
                    let ids: Vec<_> = cell(*at).split(separator).map(|id| id.trim().to_owned()).collect();
                    ids.into_iter().filter(|id| !id.is_empty()).map(|id| (*peer, id))
                });
                Row { slug: cell(slug), area: cell(area), ids: ids.collect() }
            })
            .collect();
        Ok(Self { rows, reasons: reasons()? })
    }

    /// Why a peer's rule, or the controls that it serves, are no check of ours.
    pub(super) fn why_without_check(&self, peer: &str, rule: &str, ids: &[String]) -> Option<String> {
        let written = |id: &str| self.reasons.get(&(peer.to_owned(), id.to_owned())).cloned();
        if let Some(reason) = written(rule) {
            return Some(reason);
        }
        let mut areas: BTreeSet<&str> = BTreeSet::new();
        for id in ids.iter().filter(|id| checks_of(peer, id).is_empty()) {
            if let Some(reason) = written(id) {
                return Some(reason);
            }
            let of_id =
                self.rows.iter().filter(|row| row.ids.iter().any(|(of, own)| *of == peer && own == id));
            areas.extend(of_id.map(|row| row.area.as_str()));
        }
        if areas.is_empty() || areas.iter().any(|area| OURS.contains(area)) {
            return None;
        }
        let said = areas.iter().map(|area| OTHER_AREAS.iter().find(|(name, _)| name == area));
        said.map(|said| said.map(|(_, reason)| *reason))
            .collect::<Option<Vec<_>>>()
            .map(|said| said.join("; "))
    }
}

/// Lines of `peer<TAB>id<TAB>reason`; `#` begins a comment line.
fn reasons() -> Result<BTreeMap<(String, String), String>> {
    let path = project().join("conformance/controls-without-check.tsv");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut reasons = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut cells = line.split('\t');
        match (cells.next(), cells.next(), cells.next()) {
            (Some(peer), Some(id), Some(reason)) if !reason.trim().is_empty() => {
                reasons.insert((peer.to_owned(), id.to_owned()), reason.to_owned());
            }
            _ => bail!("{}:{}: expected `peer<TAB>id<TAB>reason`", path.display(), number + 1),
        }
    }
    Ok(reasons)
}

/// The cells of a line of comma-separated values; quoted ones may hold commas.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match (c, cells.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            (',', _) if !is_quoted => cells.push(String::new()),
            (c, Some(cell)) => cell.push(c),
            (_, None) => {}
        }
    }
    cells
}
