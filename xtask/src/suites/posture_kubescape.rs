//! `posture/kubescape-regolibrary`: the rules' tests, as far as they are about manifests.

use std::path::{Path, PathBuf};

use anyhow::Result;
use haechi_checks::{Check, Options, ResourceBound, ResourceList};
use haechi_objects::Quantity;
use serde_json::Value as Json;

use super::posture::{Unmapped, checks_of, manifests, pass_or_fail, scan, text};
use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "posture/kubescape-regolibrary", needs: "posture/kubescape-regolibrary/index.jsonl", run };

/// The labels that our own check recommends.
const RECOMMENDED: &[&str] = &["app.kubernetes.io/name", "app.kubernetes.io/instance"];

/// The control that asks for any security context: other controls of the same rule say what the rule is about.
const ANY_CONTEXT: &str = "C-0211";

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("posture/kubescape-regolibrary");
    let (mut outcome, mut unmapped) = (Outcome::default(), Unmapped::default());
    for row in json_lines(&root.join(SUITE.needs))? {
        let rule = text(&row, "check");
        let checks = checks_of_rule(&row);
        if checks.is_empty() {
            unmapped.count_of(rule, &controls(&row));
            continue;
        }
        let case = format!("{rule}|{}", text(&row, "case"));
        let path = folder.join(text(&row, "path"));
        let Some(options) = options(&path)? else {
            let reason =
                "sets parameters of kubescape (patterns of names and values) that ours does not have";
            outcome.apart.push((case, reason.to_owned()));
            continue;
        };
        let found = scan(&input(&path)?, &options, &checks)?;
        pass_or_fail(&mut outcome, case, text(&row, "expect") == "fail", &found);
    }
    unmapped.put_apart("kubescape", root, &mut outcome)?;
    Ok(outcome)
}

/// The case's objects: its `input` folder, however that is spelt.
fn input(case: &Path) -> Result<Vec<PathBuf>> {
    let mut files = manifests(case)?;
    files.retain(|file| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        !matches!(name, "expected.json" | "data.json")
    });
    Ok(files)
}

/// By the rule's own name where a check of ours has it, else by the controls that use the rule; of those all must be
/// ours, or the rule is about something else as well.
fn checks_of_rule(row: &Json) -> Vec<&'static Check> {
    let named = checks_of("kubescape", text(row, "check"));
    if !named.is_empty() {
        return named;
    }
    let controls = controls(row);
    let telling: Vec<&str> = controls.iter().copied().filter(|control| *control != ANY_CONTEXT).collect();
    let asked = if telling.is_empty() { controls } else { telling };
    let mut checks: Vec<&'static Check> = Vec::new();
    for control in asked {
        let of_control = checks_of("kubescape", control);
        if of_control.is_empty() {
            return Vec::new();
        }
        checks.extend(of_control);
    }
    checks.sort_by_key(|check| check.info.slug);
    checks.dedup_by_key(|check| check.info.slug);
    checks
}

/// The controls that the case's rule serves.
fn controls(row: &Json) -> Vec<&str> {
    row.get("controls").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
}

/// The case's parameters; `None` where one has no counterpart.
fn options(case: &Path) -> Result<Option<Options>> {
    let mut options = Options { whole: true, ..Options::default() };
    let data = case.join("data.json");
    if !data.exists() {
        return Ok(Some(options));
    }
    let data: Json = serde_json::from_slice(&std::fs::read(data)?)?;
    let inputs = data.get("postureControlInputs").and_then(Json::as_object);
    for (name, value) in inputs.into_iter().flatten() {
        let words: Vec<String> =
            value.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
        match name.as_str() {
            "imageRepositoryAllowList" => options.allowed_images = words,
            "untrustedRegistries" | "publicRegistries" => options.forbidden_images = words,
            "floatingImageTags" => options.moving_tags = words,
            "recommendedLabels" => options.required_labels = words,
            "k8sRecommendedLabels" if words == RECOMMENDED => {}
            _ if bound(name, &words).is_some() => options.resource_bounds.extend(bound(name, &words)),
            _ if words.is_empty() => {}
            _ => return Ok(None),
        }
    }
    Ok(Some(options))
}

/// `memory_limit_max` and its like: the resource, the list, and which bound it is.
fn bound(name: &str, words: &[String]) -> Option<ResourceBound> {
    let mut parts = name.split('_');
    let resource = parts.next().filter(|resource| matches!(*resource, "cpu" | "memory"))?;
    let list = match parts.next()? {
        "limit" => ResourceList::Limits,
        "request" => ResourceList::Requests,
        _ => return None,
    };
    let amount = Quantity::parse(words.first()?)?;
    let (least, most) = match parts.next()? {
        "min" => (Some(amount), None),
        "max" => (None, Some(amount)),
        _ => return None,
    };
    Some(ResourceBound { resource: resource.to_owned(), list, least, most })
}
