//! `policy/pss` and `policy/pss-apiserver-1.36`: the Pod Security Standards.

use std::path::Path;

use anyhow::{Context, Result, bail};
use haechi_objects::{PodTemplates, objects};
use haechi_policy::pss::{Judgement, Level, Standards, Standing, Version};
use haechi_syntax::{Limits, parse};
use serde_json::Value as Json;

use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const FIXTURES: Suite = Suite { name: "policy/pss", needs: "policy/pss", run: fixtures };

pub(crate) const API_SERVER: Suite = Suite {
    name: "policy/pss-apiserver-1.36",
    needs: "policy/pss-apiserver-1.36/decisions.jsonl",
    run: api_server,
};

fn fixtures(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for level in [Level::Baseline, Level::Restricted] {
        let folder = root.join(FIXTURES.needs).join(level.as_str());
        for version in names(&folder)? {
            let asked: Version = version.parse().with_context(|| version.clone())?;
            for expected in ["pass", "fail"] {
                let cases = folder.join(&version).join(expected);
                for file in names(&cases)? {
                    let bytes = std::fs::read(cases.join(&file))?;
                    let (standing, message) = judge(&bytes, Standards::default(), level, asked)?;
                    let wanted = if expected == "pass" { Standing::Meets } else { Standing::Violates };
                    let difference = (standing != wanted).then(|| format!("{standing:?}: {message}"));
                    outcome.judge(format!("{level}/{version}/{expected}/{file}"), difference);
                }
            }
        }
    }
    Ok(outcome)
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn judge(bytes: &[u8], standards: Standards, level: Level, version: Version) -> Result<(Standing, String)> {
    let parsed = parse(bytes, &Limits::default());
    let found = parsed.documents.first().map(objects).unwrap_or_default();
    let Some(pod) = found.objects.first().and_then(|object| PodTemplates::default().pod(*object)) else {
        bail!("no pod");
    };
    let judgement: Judgement<'_> = standards.judge(pod, level, version);
    Ok((judgement.standing(), judgement.message()))
}

fn api_server(root: &Path) -> Result<Outcome> {
    let standards = Standards::new(Version::Minor(36));
    let mut outcome = Outcome::default();
    for (number, row) in json_lines(&root.join(API_SERVER.needs))?.iter().enumerate() {
        let bytes = row.get("pod").map(Json::to_string).unwrap_or_default();
        for (key, decision) in row.get("decisions").and_then(Json::as_object).into_iter().flatten() {
            let (level, version) = key.split_once(':').context("no level:version")?;
            let (standing, message) = judge(bytes.as_bytes(), standards, level.parse()?, version.parse()?)?;
            let said = match standing {
                Standing::Meets => (Some(true), String::new()),
                Standing::Violates => (Some(false), format!(" \"{key}\": {message}")),
                Standing::Unknown => (None, message),
            };
            let wanted = (
                decision.get("allowed").and_then(Json::as_bool),
                decision.get("message").and_then(Json::as_str).unwrap_or_default().to_owned(),
            );
            let difference = (said != wanted).then(|| format!("{said:?}, expected {wanted:?}"));
            outcome.judge(format!("{}/{key}", number + 1), difference);
        }
    }
    Ok(outcome)
}
