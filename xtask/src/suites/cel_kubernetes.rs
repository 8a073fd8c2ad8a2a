//! `policy/cel-kubernetes`: expressions that a real API server evaluated, or refused, in a ValidatingAdmissionPolicy.
//!
//! Each expression stands in the `messageExpression` of a policy that is violated by every object, so that its value
//! comes back as a warning. The warning is a quoted string of bytes in a header without what is not printable, and the
//! header cuts long ones.

use std::path::Path;

use anyhow::{Context, Result};
use haechi_objects::objects;
use haechi_policy::cel::CelEngine;
use haechi_policy::{
    Engine, Inventory, Operation, Outcome as Said, PolicyDocument, PolicySet, Request, UserInfo,
};
use haechi_syntax::{Limits, Parsed, parse_json};
use serde_json::{Value as Json, json};

use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite =
    Suite { name: "policy/cel-kubernetes", needs: "policy/cel-kubernetes/expressions.jsonl", run };

/// The same expressions on the objects as they were sent: what the server fills in is filled in here.
pub(crate) const MANIFESTS: Suite = Suite {
    name: "policy/cel-kubernetes-manifests",
    needs: "policy/cel-kubernetes/expressions.jsonl",
    run: run_manifests,
};

/// Before and after the value, so that no space around it is lost.
const MARKS: (&str, &str) = ("value=", "|");
/// As many characters of a value were left where the server cut the warning.
const CUT: usize = 174;

fn run(root: &Path) -> Result<Outcome> {
    run_with(root, as_stored)
}

fn run_manifests(root: &Path) -> Result<Outcome> {
    run_with(root, |sent, _| Ok(sent.clone()))
}

fn run_with(root: &Path, make: impl Fn(&Json, &[Json]) -> Result<Json>) -> Result<Outcome> {
    let folder = root.join("policy/cel-kubernetes");
    let rows = json_lines(&folder.join("expressions.jsonl"))?;
    let objects = std::fs::read_to_string(folder.join("objects.json")).context("objects.json")?;
    let sent: Json = serde_json::from_str(&objects).context("objects.json")?;
    let stored = make(&sent, &rows)?;
    let mut outcome = Outcome::default();
    for row in &rows {
        let expression = row.get("expression").and_then(Json::as_str).unwrap_or_default();
        outcome.judge(expression, differs(expression, row, &stored));
    }
    Ok(outcome)
}

/// The server fills in defaults, allocates addresses and ports and adds tolerations before it asks policies. The row
/// that prints the whole spec tells what it had made of the objects.
fn as_stored(sent: &Json, rows: &[Json]) -> Result<Json> {
    let mut stored = sent.clone();
    let shown = rows.iter().find(|row| row.get("expression") == Some(&json!("dyn(object).spec")));
    let results = shown
        .and_then(|row| row.get("results"))
        .and_then(Json::as_object)
        .context("no row shows the spec")?;
    for (name, result) in results {
        let text = result.get("value").and_then(Json::as_str).unwrap_or_default();
        let spec: Json =
            serde_json::from_str(&text.replace("\\\"", "\"")).context("a spec as it was shown")?;
        if let Some(object) = stored.get_mut(name).and_then(Json::as_object_mut) {
            object.insert("spec".into(), spec);
        }
    }
    Ok(stored)
}

fn parse(json: &Json) -> Parsed {
    parse_json(json.to_string().as_bytes(), &Limits::default())
}

fn documents(expression: &str) -> Vec<Json> {
    let (before, after) = MARKS;
    let rule = json!({"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]});
    vec![
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "value"},
            "spec": {
                "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
                "matchConstraints": {"resourceRules": [rule]},
                "variables": [{
                    "name": "names",
                    "expression": "has(object.spec.containers) ? object.spec.containers.map(c, c.name) : []",
                }],
                "validations": [{
                    "expression": "false",
                    "messageExpression": format!("\"{before}%s{after}\".format([{expression}])"),
                }],
            },
        }),
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "value"},
            "spec": {
                "policyName": "value",
                "paramRef": {"name": "params", "namespace": "cel", "parameterNotFoundAction": "Deny"},
                "validationActions": ["Warn"],
            },
        }),
    ]
}

fn differs(expression: &str, row: &Json, stored: &Json) -> Option<String> {
    let parsed: Vec<Parsed> = documents(expression).iter().map(parse).collect();
    let documents: Vec<PolicyDocument<'_>> = parsed
        .iter()
        .flat_map(|parsed| &parsed.documents)
        .flat_map(|document| objects(document).objects)
        .map(|object| PolicyDocument { path: "policy.yaml".into(), object })
        .collect();
    let loaded = CelEngine::default().load(&documents);
    let refused = loaded.errors.iter().find(|error| error.message.contains("messageExpression"));
    if let Some(other) = loaded.errors.iter().find(|error| !error.message.contains("messageExpression")) {
        return Some(format!("the policy does not load: {other}"));
    }
    match (row.get("compile_error"), refused) {
        (Some(_), Some(_)) => return None,
        (Some(wanted), None) => return Some(format!("accepted, expected {wanted}")),
        (None, Some(error)) => return Some(format!("refused: {}", error.message)),
        (None, None) => {}
    }
    let results = row.get("results").and_then(Json::as_object)?;
    let mut differences = Vec::new();
    for (name, wanted) in results {
        let object = parse(stored.get(name).unwrap_or(&Json::Null));
        let found = value_of(&loaded.set, &object);
        let wanted = wanted.get("value").and_then(Json::as_str);
        let is_same = match (&found, wanted) {
            (None, None) => true,
            (Some(found), Some(wanted)) => {
                let found = as_header(found);
                found == wanted || (unquoted_len(wanted) == CUT && found.starts_with(wanted))
            }
            _ => false,
        };
        if !is_same {
            differences.push(format!("{name}: {found:?}, expected {wanted:?}"));
        }
    }
    (!differences.is_empty()).then(|| differences.join("; "))
}

/// The value that came back in the message; `None` for an error.
fn value_of(set: &haechi_policy::cel::CelSet, object: &Parsed) -> Option<String> {
    let others = json!([
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "params", "namespace": "cel"},
         "data": {"max": "5", "owner": "ops"}},
        {"apiVersion": "v1", "kind": "Namespace",
         "metadata": {"name": "cel", "labels": {"team": "a", "env": "prod", "kubernetes.io/metadata.name": "cel"}}},
    ]);
    let others: Vec<Parsed> = others.as_array().into_iter().flatten().map(parse).collect();
    let others = others.iter().flat_map(|parsed| &parsed.documents);
    let inventory = Inventory::new(others.flat_map(|document| objects(document).objects));
    let object =
        object.documents.first().and_then(|document| objects(document).objects.into_iter().next())?;
    let request = Request {
        operation: Some(Operation::Create),
        user: UserInfo { username: "admin", ..UserInfo::default() },
        dry_run: true,
        ..Request::of_object(object, &inventory)
    };
    let mut verdicts = Vec::new();
    set.review(&request, &mut verdicts);
    match verdicts.as_slice() {
        [haechi_policy::Verdict { outcome: Said::Violation(violation), .. }] => {
            let (before, after) = MARKS;
            let value = violation.message.strip_prefix(before)?.strip_suffix(after)?;
            Some(value.to_owned())
        }
        _ => None,
    }
}

/// As the value looks in a warning header: not printable characters dropped, quotes escaped, each byte a character.
fn as_header(value: &str) -> String {
    let printable: String =
        value.chars().filter(|c| *c == ' ' || !(c.is_control() || c.is_whitespace())).collect();
    let quoted = printable.replace('\\', "\\\\").replace('"', "\\\"");
    quoted.bytes().map(char::from).collect()
}

fn unquoted_len(text: &str) -> usize {
    text.replace("\\\\", "\\").replace("\\\"", "\"").chars().count()
}
