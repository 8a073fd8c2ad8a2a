//! Rule files: which load, and with which mistakes and warnings.

use std::path::Path;

use anyhow::Result;
use haechi_detect::rules::{ItemType, LoadResult, Options, RuleFile, load};
use serde_json::Value as Json;

use super::{case_name, files_below, read_json, strings, text};
use crate::conformance::{Outcome, Suite};

pub(crate) const ENGINE_UNIT: Suite =
    Suite { name: "detect/falco-engine-unit", needs: "detect/falco-engine-unit", run: engine_unit };

pub(crate) const RULES_SHIPPED: Suite =
    Suite { name: "detect/falco-rules-shipped", needs: "detect/falco-rules-shipped", run: rules_shipped };

fn engine_unit(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(ENGINE_UNIT.needs);
    for path in files_below(&folder, "json")? {
        let case = read_json(&path)?;
        let name = case_name(&folder, &path);
        let texts: Vec<String> = strings(&case, "rules_yaml").iter().map(|text| complete(text)).collect();
        let expected = case.get("loads").and_then(Json::as_array).cloned().unwrap_or_default();
        if texts.is_empty() || expected.is_empty() {
            outcome.apart.push((name, "the case records no rules, or no answer".into()));
            continue;
        }
        let files: Vec<RuleFile<'_>> =
            texts.iter().map(|text| RuleFile { name: "rules.yaml", bytes: text.as_bytes() }).collect();
        let loaded = load(&files, &Options::default());
        let found: Vec<bool> = loaded.results.iter().map(LoadResult::is_successful).collect();
        let wrong = expected.iter().zip(&found).any(|(expected, found)| expected.as_bool() != Some(*found));
        let detail = wrong.then(|| {
            let results: Vec<_> = loaded.results.iter().map(LoadResult::verbose).collect();
            format!("expected {expected:?}, found {found:?}\n{}", results.join("\n"))
        });
        outcome.judge(name, detail);
    }
    Ok(outcome)
}

/// Some cases record the exceptions only that the test puts behind a rule.
fn complete(text: &str) -> String {
    match text.trim_start_matches('\n').starts_with("  exceptions:") {
        true => format!(
            "- rule: test_rule\n  desc: test\n  condition: evt.type = open\n  output: test\n  priority: INFO\n{}",
            text.trim_start_matches('\n')
        ),
        false => text.to_owned(),
    }
}

/// Every shipped file loads: alone, or after the file whose macros it uses.
fn rules_shipped(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(RULES_SHIPPED.needs);
    for path in files_below(&folder, "yaml")? {
        let name = case_name(&folder, &path);
        let bytes = std::fs::read(&path)?;
        let base = match name.as_str() {
            "archive/falco-deprecated_rules" => Some("syscall/falco_rules.yaml"),
            // Changes the rules for any cluster to those for one of Google's.
            "plugins/k8saudit-gke-k8s_audit_rules_gke" => Some("plugins/k8saudit-gke-k8s_audit_rules.yaml"),
            _ => None,
        };
        let base = base.map(|base| std::fs::read(folder.join(base))).transpose()?;
        let mut files = Vec::new();
        if let Some(base) = &base {
            files.push(RuleFile { name: "base.yaml", bytes: base });
        }
        files.push(RuleFile { name: &name, bytes: &bytes });
        let loaded = load(&files, &Options::default());
        let unusable = loaded
            .rules
            .iter()
            .filter(|rule| !rule.is_usable)
            .map(|rule| rule.name.to_string())
            .collect::<Vec<_>>();
        let bad = loaded.results.iter().find(|result| !result.is_successful());
        let detail = match bad {
            Some(result) => Some(result.verbose()),
            None if !unusable.is_empty() => Some(format!("unusable: {}", unusable.join(", "))),
            None => None,
        };
        outcome.judge(name, detail);
    }
    Ok(outcome)
}

/// What a `validate_*` entry asks for, held against the results of loading.
pub(super) fn missing_entry(results: &[LoadResult], entry: &Json) -> Option<String> {
    let code = text(entry, "code");
    let item_type = text(entry, "item_type");
    let item_name = text(entry, "item_name");
    let fits = |found: &str, message: &str, locations: &[haechi_detect::rules::Location]| {
        let exact = entry.get("message").and_then(Json::as_str);
        let part = entry.get("message_contains").and_then(Json::as_str);
        found == code
            && locations.iter().any(|location| {
                is_type(location.item_type, item_type) && (item_name.is_empty() || location.item_name == item_name)
            })
            // The texts of YAML mistakes are those of the YAML reader, which is another one here.
            && (code == "LOAD_ERR_YAML_PARSE"
                || (exact.is_none_or(|exact| newer_message(exact) == message)
                    && part.is_none_or(|part| message.contains(newer_message(part)))))
    };
    let found = results.iter().any(|result| {
        let errors = result.errors.iter();
        let warnings = result.warnings.iter();
        errors
            .map(|error| (error.code.as_str(), &error.message, &error.context))
            .any(|(code, message, context)| fits(code, message, context.locations()))
            || warnings
                .map(|warning| (warning.code.as_str(), &warning.message, &warning.context))
                .any(|(code, message, context)| fits(code, message, context.locations()))
    });
    (!found).then(|| {
        let results: Vec<_> = results.iter().map(LoadResult::verbose).collect();
        format!("no {entry} in:\n{}", results.join("\n"))
    })
}

fn is_type(found: ItemType, expected: &str) -> bool {
    found.as_str() == expected
}

/// Falco 0.34 said some things in other words than the release whose texts are kept.
fn newer_message(message: &str) -> &str {
    match message {
        "Macro has 'append' key but no macro by that name already exists" => {
            "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists"
        }
        "List has 'append' key but no list by that name already exists" => {
            "List uses 'append' or 'override.items: append' but no list by that name already exists"
        }
        "Rule has 'append' key but no rule by that name already exists" => {
            "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists"
        }
        "Can't decode YAML scalar value" => {
            "Unable to parse engine version 'not-a-number' as a semver string. Expected \"x.y.z\" semver format."
        }
        "Rules require engine version 9999999, but engine version is" => {
            "Rules require engine version 0.9999999.0, but engine version is"
        }
        message => message,
    }
}
