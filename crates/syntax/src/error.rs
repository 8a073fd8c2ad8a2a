use std::fmt;

use haechi_model::Span;

/// Why a document, or a whole file, could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// Longer than [`crate::Limits::bytes`].
    TooLarge,
    /// NUL bytes or other signs that this is no text.
    Binary,
    /// UTF-16 or UTF-32.
    WrongEncoding,
    /// Some bytes of the document are not UTF-8.
    InvalidUtf8,
    /// Nested deeper than [`crate::Limits::depth`].
    TooDeep,
    /// Aliases expand to more nodes than [`crate::Limits::expanded_nodes`].
    AliasExpansion,
    /// An anchor whose value contains itself.
    AliasCycle,
    /// Not YAML.
    Yaml,
    /// Not JSON.
    Json,
    /// YAML that Kubernetes cannot turn into an object: a key that is null or a list, `.inf`, a bad tag.
    Value,
}

/// A document that Kubernetes would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What kind of mistake.
    pub kind: SyntaxErrorKind,
    /// Where it was noticed.
    pub span: Span,
    /// Index of the broken document among all documents of the file, counted as the reader splits them.
    pub document: usize,
    /// What is wrong, in English: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}
