//! Fields of Google Cloud, Okta and GitHub events that no path of keys describes.

use std::collections::BTreeSet;

use super::{Scratch, Slot, Special, TextRef};
use crate::event::Event;
use crate::fields::FieldRef;
use crate::json::{Kind, Value};

pub(super) fn extract(special: Special, field: &FieldRef, event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    let text = match special {
        Special::GcpPolicyDelta => {
            let is_bucket = string(event, &["resource", "type"]).as_deref() == Some("gcs_bucket");
            let keys: &[&str] = match is_bucket {
                true => &["protoPayload", "serviceData", "policyDelta", "bindingDeltas"],
                false => &["protoPayload", "metadata", "datasetChange", "bindingDeltas"],
            };
            present(event, keys).map(|value| value.to_text().into_owned())
        }
        Special::GcpLocation => gcp_location(event),
        Special::GcpSink => (string(event, &["resource", "type"]).as_deref() == Some("logging_sink"))
            .then(|| string(event, &["resource", "labels", "name"]))
            .flatten(),
        Special::OktaApp => okta_app(event),
        Special::OktaTarget(kind, key) => okta_target(event, kind, key),
        Special::OktaTargetNames => okta_target_names(event, field.index),
        Special::GithubRepository => string(event, &["repository", "html_url"])
            .map(|url| url.strip_prefix("https://github.com/").unwrap_or(&url).to_owned()),
        Special::GithubIsPublic => {
            let private = event.path(&["repository", "private"]).and_then(Value::bool);
            return truth(private != Some(true));
        }
        Special::GithubCommits(key) => github_commits(event, key),
        Special::GithubHasSecrets => {
            let Some(files) = event.top("files") else { return Slot::Absent };
            return truth(files.items().any(|file| matches(file).next().is_some()));
        }
        Special::GithubSecrets(key) => github_secrets(event, key),
        Special::GithubSecretLinks => github_secret_links(event),
        Special::GithubHasMiners => {
            let Some(found) = event.path(&["workflow_miner_detections", "matches"]) else {
                return Slot::Absent;
            };
            return truth(found.items().next().is_some());
        }
        Special::GithubMinerTypes => {
            let found = event.path(&["workflow_miner_detections", "matches"]);
            found.map(|found| {
                let kinds: BTreeSet<_> = found
                    .items()
                    .filter_map(|item| item.get("type")?.string().map(std::borrow::Cow::into_owned))
                    .collect();
                kinds.into_iter().collect::<Vec<_>>().join(",")
            })
        }
        _ => None,
    };
    match text {
        Some(text) => Slot::Text(scratch.store(text.as_bytes())),
        None => Slot::Absent,
    }
}

fn truth(value: bool) -> Slot {
    Slot::Text(TextRef::Static(if value { "true" } else { "false" }))
}

fn present<'e>(event: &Event<'e>, keys: &[&str]) -> Option<Value<'e>> {
    event.path(keys).filter(|value| value.kind() != Kind::Null)
}

fn string(event: &Event<'_>, keys: &[&str]) -> Option<String> {
    event.path(keys)?.string().map(std::borrow::Cow::into_owned)
}

/// The location, else the region, else the region of the zone (`us-central1-a` without its last two letters).
fn gcp_location(event: &Event<'_>) -> Option<String> {
    let label = |key: &str| string(event, &["resource", "labels", key]);
    label("location").or_else(|| label("region")).or_else(|| {
        let zone = label("zone").filter(|zone| !zone.is_empty())?;
        let cut = zone.len().checked_sub(2).filter(|cut| *cut > 0);
        Some(cut.and_then(|cut| zone.get(..cut)).unwrap_or(&zone).to_owned())
    })
}

/// `/app/name/…` in the requested address.
fn okta_app(event: &Event<'_>) -> Option<String> {
    let uri = string(event, &["debugContext", "debugData", "requestUri"])?;
    let rest = uri.strip_prefix("/app/")?;
    Some(rest.split('/').next().unwrap_or_default().to_owned())
}

fn okta_target(event: &Event<'_>, kind: &str, key: &str) -> Option<String> {
    let targets = event.top("target")?;
    let of_kind =
        targets.items().filter(|target| target.get("type").is_some_and(|found| found.to_text() == kind));
    // Of several targets the last one counts, as for Falco's plugin.
    Some(of_kind.last()?.get(key)?.to_text().into_owned())
}

fn okta_target_names(event: &Event<'_>, index: Option<u64>) -> Option<String> {
    let targets = event.top("target")?;
    let name = |target: Value<'_>| target.get("displayName").map(|name| name.to_text().into_owned());
    if let Some(index) = index {
        return name(targets.items().nth(usize::try_from(index).ok()?)?);
    }
    let names: Vec<_> = targets.items().map(|target| name(target).unwrap_or_default()).collect();
    (!names.is_empty()).then(|| format!("({})", names.join(",")))
}

fn github_commits(event: &Event<'_>, key: &str) -> Option<String> {
    let commits = event.top("commits")?;
    let files: Vec<_> = commits
        .items()
        .filter_map(|commit| commit.get(key))
        .flat_map(Value::items)
        .map(|file| file.to_text().into_owned())
        .collect();
    Some(files.join(","))
}

fn matches<'e>(file: Value<'e>) -> impl Iterator<Item = Value<'e>> {
    file.get("matches").into_iter().flat_map(Value::items)
}

/// A property of every match; the empty key is the name of its file.
fn github_secrets(event: &Event<'_>, key: &str) -> Option<String> {
    let files = event.top("files")?;
    let mut out = Vec::new();
    for file in files.items() {
        for found in matches(file) {
            let value = if key.is_empty() { file.get("name") } else { found.get(key) };
            out.push(value.map(|value| value.to_text().into_owned()).unwrap_or_default());
        }
    }
    Some(out.join(","))
}

fn github_secret_links(event: &Event<'_>) -> Option<String> {
    let repository = string(event, &["repository", "html_url"]).unwrap_or_default();
    let commit = string(event, &["head_commit", "id"]).unwrap_or_default();
    let files = event.top("files")?;
    let mut out = Vec::new();
    for file in files.items() {
        let name = file.get("name").map(|name| name.to_text().into_owned()).unwrap_or_default();
        for found in matches(file) {
            let line = found.get("line").map(|line| line.to_text().into_owned()).unwrap_or_default();
            out.push(format!("{repository}/blob/{commit}/{name}/#L{line}"));
        }
    }
    Some(out.join(","))
}
