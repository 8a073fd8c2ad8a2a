//! Bytes to trees: YAML as Kubernetes reads it, and JSON, with a span on every node; and lines of flow logs to columns.
//!
//! YAML is a security boundary: Kubernetes reads `privileged: yes` as true and `0644` as 420, splits documents
//! before it parses them, lets the last of two equal keys win and ignores what follows the first document of a
//! chunk. A scanner that reads otherwise judges another object than the one the cluster will run. So everything is
//! done here, from characters on, as `sigs.k8s.io/yaml` (go-yaml v2 and its scanner after libyaml) and
//! `k8s.io/apimachinery/pkg/util/yaml` do it, with what they get wrong. Three things they do are not followed:
//! - of keys that are equal only as text (`1` and `"1"`) one wins at random there, the last one here;
//! - a last line without line break that fills the reader's buffer (4,096 bytes or a multiple) is lost there;
//! - limits are tighter here, see [`Limits`].
//!
//! ```text
//! bytes ─► Source (text + lines) ─► chunks between `---` ─► tokens ─► events ─► Document (arena of nodes) ─► Node<'_>
//! ```
//!
//! Invariants:
//! - no I/O, no knowledge of Kubernetes kinds or of checks;
//! - a broken document yields an error with its place and never hides another document;
//! - every span lies inside the source; depth, size and the expansion of aliases are bounded;
//! - nodes are borrowed: reading a tree allocates nothing.

mod builder;
mod document;
pub mod edit;
mod error;
pub mod flow_log;
mod input;
mod json;
pub mod re2;
mod scalar;
mod source;
mod texts;
mod yaml;

pub use document::{Comment, Document, DuplicateKey, Entries, Entry, Items, Node, NodeId, Style, Value};
pub use error::{SyntaxError, SyntaxErrorKind};
pub use scalar::Scalar;
pub use source::Source;

use std::sync::Arc;

/// What bounds a parse. The defaults accept whatever an API server would accept, with room to spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest input, in bytes.
    pub bytes: usize,
    /// Deepest nesting of sequences and mappings, aliases replaced by what they stand for: whoever walks a tree by
    /// recursion needs no more stack than that.
    pub depth: usize,
    /// Most nodes that one document may have when every alias is replaced by what it stands for.
    pub expanded_nodes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 250, expanded_nodes: 5_000_000 }
    }
}

/// The documents of a file, and what could not be read of it.
#[derive(Debug)]
pub struct Parsed {
    /// The text, for spans and lines. Where bytes were not UTF-8 it holds `?` in their place.
    pub source: Arc<Source>,
    /// The documents that Kubernetes would read, in order. An empty one (only comments) is a null.
    pub documents: Vec<Document>,
    /// The documents that it would refuse, in order.
    pub errors: Vec<SyntaxError>,
}

/// Reads `bytes` as kubectl does: a text that begins with `{` as JSON values one after another, any other as YAML.
///
/// Where the text is no JSON at the first or second value, the rest of it is read as YAML; after that, it is a
/// stream of JSON, and the mistake its end. (`YAMLOrJSONDecoder` of `k8s.io/apimachinery`, since Kubernetes 1.33.)
/// Two things differ from kubectl on purpose: UTF-16 is refused, and so are bytes that are not UTF-8, which it
/// replaces.
pub fn parse(bytes: &[u8], limits: &Limits) -> Parsed {
    let input = match input::Input::check(bytes, limits) {
        Ok(input) => input,
        Err(parsed) => return *parsed,
    };
    if input.looks_like_json() { parse_json_or_yaml(&input, limits) } else { yaml::parse(&input, limits) }
}

fn parse_json_or_yaml(input: &input::Input, limits: &Limits) -> Parsed {
    let mut parsed = Parsed { source: input.source.clone(), documents: Vec::new(), errors: Vec::new() };
    let mut stream = json::Stream::new(input, limits);
    while let Some(outcome) = stream.next_document() {
        let (index, mistake) = match outcome {
            Ok(document) => {
                parsed.documents.push(document);
                continue;
            }
            Err(broken) => broken,
        };
        let error = mistake.of_document(index);
        let rest = after_line_end(&input.source, stream.at);
        let is_other = stream.is_broken && index <= 1 && error.kind == SyntaxErrorKind::Json;
        let Some(rest) = rest.filter(|_| is_other) else {
            parsed.errors.push(error);
            continue;
        };
        let known = parsed.errors.len();
        yaml::parse_from(input, limits, rest, index, &mut parsed);
        // Where neither can read it, JSON's mistake helps if the text was meant as JSON.
        if let Some(first) = parsed.errors.get_mut(known)
            && first.document == index
            && is_meant_as_json(input.source.text().get(stream.at..).unwrap_or_default())
        {
            *first = error;
        }
        break;
    }
    parsed
}

/// The offset after white space up to and with the end of a line, as kubectl goes on after a JSON value. It looks at
/// four bytes at a time and takes fewer for the end of the text.
fn after_line_end(source: &Source, at: usize) -> Option<usize> {
    let rest = source.text().get(at..)?;
    for (offset, character) in rest.char_indices() {
        if rest.len() - offset < 4 {
            return None;
        }
        if !character.is_whitespace() {
            return Some(at + offset);
        }
        if character == '\n' {
            return Some(at + offset + 1);
        }
    }
    None
}

/// Whether the text begins as people write JSON, not as a flow mapping or a template.
fn is_meant_as_json(text: &str) -> bool {
    let after = text.trim_start().strip_prefix('{').map(str::trim_start);
    after.is_some_and(|after| after.starts_with(['"', '}']))
}

/// Reads `bytes` as YAML whatever they begin with: `sigs.k8s.io/yaml` on the chunks between `---` lines.
pub fn parse_yaml(bytes: &[u8], limits: &Limits) -> Parsed {
    match input::Input::check(bytes, limits) {
        Ok(input) => yaml::parse(&input, limits),
        Err(parsed) => *parsed,
    }
}

/// Reads `bytes` as JSON: one value, or several after one another.
pub fn parse_json(bytes: &[u8], limits: &Limits) -> Parsed {
    match input::Input::check(bytes, limits) {
        Ok(input) => json::parse(&input, limits),
        Err(parsed) => *parsed,
    }
}
