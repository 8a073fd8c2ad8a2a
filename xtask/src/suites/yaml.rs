//! `yaml/tricky` and the digests of real manifests: what Kubernetes' own reader makes of a text.

use std::path::Path;

use anyhow::{Context, Result};
use haechi_syntax::{Limits, Node, Parsed, Value, parse_yaml};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::conformance::{Outcome, Suite};

pub(crate) const TRICKY: Suite = Suite { name: "yaml/tricky", needs: "yaml/tricky.jsonl", run: tricky };

pub(crate) const MANIFESTS: Suite =
    Suite { name: "manifests", needs: "../corpora/manifests/index.jsonl", run: manifests };

fn tricky(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for case in json_lines(&root.join(TRICKY.needs))? {
        let id = case.get("id").and_then(Json::as_str).unwrap_or_default();
        let text = case.get("yaml").and_then(Json::as_str).unwrap_or_default();
        let parsed = parse_yaml(text.as_bytes(), &Limits::default());
        outcome.judge(id, differs_from_case(&parsed, &case));
    }
    Ok(outcome)
}

fn differs_from_case(parsed: &Parsed, case: &Json) -> Option<String> {
    let expected = case.get("docs").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let read = read_before_refusal(parsed);
    if let Some(difference) = differs_in_refusal(parsed, case) {
        return Some(format!("{difference}; read {read:?}, expected {case}"));
    }
    let is_same = read.len() == expected.len()
        && read.iter().zip(expected).all(|(node, json)| digest(*node) == digest_json(json));
    (!is_same).then(|| format!("read {read:?}, expected {case}"))
}

/// The documents before the first broken one: there Kubernetes' reader gives up.
fn read_before_refusal(parsed: &Parsed) -> Vec<Node<'_>> {
    let broken = parsed.errors.first().map(|error| error.document);
    let read =
        parsed.documents.iter().filter(|document| broken.is_none_or(|broken| document.index() < broken));
    read.map(|document| document.root()).collect()
}

/// Whether a text was refused that should not be, or the other way round.
fn differs_in_refusal(parsed: &Parsed, case: &Json) -> Option<String> {
    match (parsed.errors.first(), case.get("error")) {
        (Some(error), None) => {
            let at = parsed.source.position(error.span.start);
            Some(format!("refused at {}:{}: {error}", at.line, at.column))
        }
        (None, Some(error)) => Some(format!("not refused, expected {error}")),
        _ => None,
    }
}

fn manifests(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join("../corpora/manifests");
    for row in json_lines(&root.join(MANIFESTS.needs))? {
        let path = row.get("path").and_then(Json::as_str).unwrap_or_default();
        let bytes = std::fs::read(folder.join(path)).with_context(|| path.to_owned())?;
        let parsed = parse_yaml(&bytes, &Limits::default());
        let expected = row.get("docs").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let read = read_before_refusal(&parsed);
        for index in 0..expected.len().max(read.len()) {
            let digest = read.get(index).map(|node| digest(*node));
            let wanted = expected.get(index).and_then(Json::as_str);
            let difference =
                (digest.as_deref() != wanted).then(|| format!("digest {digest:?}, expected {wanted:?}"));
            outcome.judge(format!("{path}#{index}"), difference);
        }
        // A text that is refused is one more case: the refusal itself. So is a refusal that should not be.
        let difference = differs_in_refusal(&parsed, &row);
        if row.get("error").is_some() || difference.is_some() {
            outcome.judge(format!("{path}#refused"), difference);
        }
    }
    Ok(outcome)
}

pub(crate) fn json_lines(path: &Path) -> Result<Vec<Json>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.lines()
        .enumerate()
        .map(|(number, line)| {
            serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), number + 1))
        })
        .collect()
}

fn digest(node: Node<'_>) -> String {
    let mut walk = Vec::new();
    walk_node(node, &mut walk);
    hex(&walk)
}

fn digest_json(json: &Json) -> String {
    let mut walk = Vec::new();
    walk_json(json, &mut walk);
    hex(&walk)
}

fn hex(walk: &[u8]) -> String {
    Sha256::digest(walk).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn walk_node(node: Node<'_>, out: &mut Vec<u8>) {
    match node.value() {
        Value::Null => out.push(b'n'),
        Value::Bool(true) => out.push(b't'),
        Value::Bool(false) => out.push(b'f'),
        Value::Int(value) => out.extend(format!("i{value};").bytes()),
        Value::Uint(value) => out.extend(format!("i{value};").bytes()),
        Value::Float(value) => walk_float(value, out),
        Value::String(text) => walk_text(text, out),
        Value::Sequence(items) => {
            out.push(b'[');
            for item in items {
                walk_node(item, out);
            }
            out.push(b']');
        }
        Value::Mapping(entries) => {
            let mut entries: Vec<_> = entries.collect();
            entries.sort_by_key(|entry| entry.key);
            out.push(b'{');
            for entry in entries {
                walk_text(entry.key, out);
                walk_node(entry.value, out);
            }
            out.push(b'}');
        }
    }
}

fn walk_json(json: &Json, out: &mut Vec<u8>) {
    match json {
        Json::Null => out.push(b'n'),
        Json::Bool(true) => out.push(b't'),
        Json::Bool(false) => out.push(b'f'),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), ..) => out.extend(format!("i{value};").bytes()),
            (_, Some(value), _) => out.extend(format!("i{value};").bytes()),
            (.., value) => walk_float(value.unwrap_or_default(), out),
        },
        Json::String(text) => walk_text(text, out),
        Json::Array(items) => {
            out.push(b'[');
            for item in items {
                walk_json(item, out);
            }
            out.push(b']');
        }
        Json::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push(b'{');
            for (key, value) in entries {
                walk_text(key, out);
                walk_json(value, out);
            }
            out.push(b'}');
        }
    }
}

fn walk_text(text: &str, out: &mut Vec<u8>) {
    out.extend(format!("s{}:", text.len()).bytes());
    out.extend(text.bytes());
}

/// An integral float below 1e21 prints as an integer in JSON; the digests have no negative zero.
fn walk_float(value: f64, out: &mut Vec<u8>) {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        out.extend(format!("i{};", value + 0.0).bytes());
    } else {
        out.extend(format!("d{:016x};", value.to_bits()).bytes());
    }
}
