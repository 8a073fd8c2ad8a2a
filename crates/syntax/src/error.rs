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
    /// A document has more nodes than [`crate::Limits::expanded_nodes`], or more of them by aliases than Kubernetes
    /// lets pass.
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

/// A mistake on its way up: boxed, because a parse has at most one and passes results at every step.
#[derive(Debug)]
pub(crate) struct Mistake(Box<(SyntaxErrorKind, Span, String)>);

/// What a step of a parse gives.
pub(crate) type Outcome<T> = Result<T, Mistake>;

impl Mistake {
    #[cold]
    pub(crate) fn new(kind: SyntaxErrorKind, span: Span, message: impl Into<String>) -> Self {
        Self(Box::new((kind, span, message.into())))
    }

    /// Not YAML.
    #[cold]
    pub(crate) fn yaml(span: Span, message: impl Into<String>) -> Self {
        Self::new(SyntaxErrorKind::Yaml, span, message)
    }

    /// YAML without a meaning for Kubernetes.
    #[cold]
    pub(crate) fn value(span: Span, message: impl Into<String>) -> Self {
        Self::new(SyntaxErrorKind::Value, span, message)
    }

    /// Where it is.
    pub(crate) fn span(&self) -> Span {
        self.0.1
    }

    /// The mistake as one of a document.
    pub(crate) fn of_document(self, document: usize) -> SyntaxError {
        let (kind, span, message) = *self.0;
        SyntaxError { kind, span, document, message }
    }
}
