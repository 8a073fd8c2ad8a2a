//! kubectl reads files by the same code as the API server's other clients: ask it what it makes of the same texts. It
//! says so in its complaint that an object has no kind.

use std::collections::BTreeMap;
use std::process::Command;

use haechi_syntax::{Limits, Node, Value, parse_yaml};
use serde_json::Value as Json;

/// What became of a document.
#[derive(Debug, Clone, PartialEq)]
enum Answer {
    Read(Json),
    /// A list or a scalar: kubectl refuses those without saying what it read.
    NoObject,
    /// Refused as YAML; what follows is not read.
    Refused,
}

#[test]
fn kubectl_reads_the_same() {
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        println!("kubectl_reads_the_same: skipped, no kubectl");
        return;
    }
    // Not compared: what kubectl reads as JSON first, and byte order marks, which it takes away before.
    let is_compared = |text: &str| !text.trim_start().starts_with('{') && !text.contains('\u{feff}');
    let cases = super::ALL.iter().flat_map(|cases| cases.iter()).map(|(text, _)| *text);
    let texts: Vec<&str> = cases.filter(|text| is_compared(text)).collect();

    let folder = std::env::temp_dir().join(format!("haechi-kubectl-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (index, text) in texts.iter().enumerate() {
        std::fs::write(folder.join(format!("{index}.yaml")), text).unwrap();
    }
    let output = Command::new("kubectl").args(["label", "--local", "-f"]).arg(&folder).arg("a=b").output();
    std::fs::remove_dir_all(&folder).unwrap();
    let answers = answers(&String::from_utf8_lossy(&output.unwrap().stderr));

    assert!(answers.len() > 300, "kubectl said something of only {} texts", answers.len());
    for (index, text) in texts.iter().enumerate() {
        let theirs = answers.get(&index).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(ours(text), theirs, "{text:?}");
    }
}

/// What we make of a text, in kubectl's words.
fn ours(text: &str) -> Vec<Answer> {
    let parsed = parse_yaml(text.as_bytes(), &Limits::default());
    let broken = parsed.errors.first().map(|error| error.document);
    let mut answers = Vec::new();
    for document in &parsed.documents {
        if broken.is_some_and(|broken| document.index() > broken) || document.root().is_null() {
            continue;
        }
        answers.push(match json(document.root()) {
            object @ Json::Object(_) => Answer::Read(object),
            _ => Answer::NoObject,
        });
    }
    answers.extend(broken.map(|_| Answer::Refused));
    answers
}

/// kubectl's complaints by file.
fn answers(stderr: &str) -> BTreeMap<usize, Vec<Answer>> {
    let mut answers: BTreeMap<usize, Vec<Answer>> = BTreeMap::new();
    for line in stderr.lines() {
        let file = line.split_once("/haechi-kubectl-").and_then(|(_, rest)| rest.split_once('/'));
        let Some((index, rest)) = file.and_then(|(_, file)| file.split_once(".yaml")) else { continue };
        let Ok(index) = index.parse() else { continue };
        let read = rest.split_once("is missing in '").and_then(|(_, json)| json.strip_suffix('\''));
        answers.entry(index).or_default().push(match read.map(serde_json::from_str) {
            Some(Ok(json)) => Answer::Read(json),
            _ if line.starts_with("error parsing") => Answer::Refused,
            _ => Answer::NoObject,
        });
    }
    answers
}

fn json(node: Node<'_>) -> Json {
    match node.value() {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Uint(value) => value.into(),
        // Go writes an integral float as an integer.
        Value::Float(value) => serde_json::from_str(&value.to_string()).unwrap_or(Json::Null),
        Value::String(text) => text.into(),
        Value::Sequence(items) => items.map(json).collect(),
        Value::Mapping(entries) => entries.map(|entry| (entry.key.to_owned(), json(entry.value))).collect(),
    }
}
