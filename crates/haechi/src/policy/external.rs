//! External data from a file: answers that providers gave, or would give, so that policies that ask them can be judged
//! without asking anybody.
//!
//! ```yaml
//! signatures:                       # the provider
//!   registry.example/app:1: signed  # a key and its value
//!   registry.example/old:1: {error: unsigned}
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use haechi_policy::gatekeeper::{ExternalAnswer, ExternalData, ExternalError};
use haechi_syntax::{Limits, Node, Value, parse};
use serde_json::Value as Json;

/// Answers by provider and key.
#[derive(Debug, Default)]
pub(crate) struct Recorded(BTreeMap<String, BTreeMap<String, Result<Json, String>>>);

impl Recorded {
    /// Reads a file; the error names it and what is wrong.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let refuse = |why: String| format!("{}: {why}", path.display());
        let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let parsed = parse(&bytes, &Limits::default());
        if let Some(error) = parsed.errors.first() {
            let place = parsed.source.position(error.span.start);
            return Err(format!("{}:{}:{}: {error}", path.display(), place.line, place.column));
        }
        let mut recorded = Self::default();
        for document in &parsed.documents {
            for provider in document.root().entries() {
                let answers = recorded.0.entry(provider.key.to_owned()).or_default();
                for answer in provider.value.entries() {
                    let error = answer.value.get("error").and_then(Node::as_str);
                    let value = match error {
                        Some(error) => Err(error.to_owned()),
                        None => Ok(json(answer.value)),
                    };
                    answers.insert(answer.key.to_owned(), value);
                }
            }
        }
        if recorded.0.is_empty() {
            return Err(refuse("no provider is named in it".into()));
        }
        Ok(recorded)
    }
}

fn json(node: Node<'_>) -> Json {
    match node.value() {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Uint(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::String(text) => text.into(),
        Value::Sequence(items) => items.map(json).collect(),
        Value::Mapping(entries) => {
            Json::Object(entries.map(|entry| (entry.key.to_owned(), json(entry.value))).collect())
        }
    }
}

impl ExternalData for Recorded {
    /// A key that is not recorded is no answer at all: what the provider would say of it is not known.
    fn ask(&self, provider: &str, keys: &[&str]) -> Result<ExternalAnswer, ExternalError> {
        let answers = self.0.get(provider).ok_or(ExternalError::NotRecorded)?;
        let mut answer = ExternalAnswer { status_code: 200, ..ExternalAnswer::default() };
        for key in keys {
            match answers.get(*key) {
                Some(Ok(value)) => answer.responses.push(((*key).to_owned(), value.clone())),
                Some(Err(error)) => answer.errors.push(((*key).to_owned(), error.clone())),
                None => return Err(ExternalError::KeyNotRecorded((*key).to_owned())),
            }
        }
        Ok(answer)
    }
}
