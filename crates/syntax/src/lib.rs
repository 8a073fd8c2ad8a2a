//! Bytes to trees: YAML as Kubernetes reads it, and JSON, with a span on every node.
//!
//! YAML is a security boundary: Kubernetes reads `privileged: yes` as true and `0644` as 420, splits documents
//! before it parses them, lets the last of two equal keys win and ignores what follows the first document of a
//! chunk. A scanner that reads otherwise judges another object than the one the cluster will run. So structure
//! comes from a maintained event parser, and everything that gives it meaning (documents, scalars, tags,
//! merges, duplicate keys, what is refused) is done here, as `sigs.k8s.io/yaml` and
//! `k8s.io/apimachinery/pkg/util/yaml` do it.
//!
//! ```text
//! bytes ─► Source (text + lines) ─► chunks between `---` ─► events ─► Document (arena of nodes) ─► Node<'_>
//! ```
//!
//! Invariants:
//! - no I/O, no knowledge of Kubernetes kinds or of checks;
//! - a broken document yields an error with its place and never hides another document;
//! - every span lies inside the source; depth, size and the expansion of aliases are bounded;
//! - nodes are borrowed: reading a tree allocates nothing.

mod builder;
mod document;
mod error;
mod input;
mod json;
mod scalar;
mod source;
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
    /// Deepest nesting of sequences and mappings.
    pub depth: usize,
    /// Most nodes that one document may have when every alias is replaced by what it stands for.
    pub expanded_nodes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 250, expanded_nodes: 10_000_000 }
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

/// Reads `bytes` as the API server's clients do: as a stream of JSON objects where the text begins with `{` and
/// is JSON, else as YAML.
pub fn parse(bytes: &[u8], limits: &Limits) -> Parsed {
    let input = match input::Input::check(bytes, limits) {
        Ok(input) => input,
        Err(parsed) => return *parsed,
    };
    if input.looks_like_json() {
        let parsed = json::parse(&input, limits);
        // A flow mapping also begins with `{`. kubectl falls back to YAML; so the error that helps is JSON's only
        // where YAML cannot read the text either.
        if parsed.errors.is_empty() {
            return parsed;
        }
        let fallback = yaml::parse(&input, limits);
        let json_read_as_much = parsed.documents.len() >= fallback.documents.len();
        return if fallback.errors.is_empty() || !json_read_as_much { fallback } else { parsed };
    }
    yaml::parse(&input, limits)
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
