//! Why an expression has no result.

use std::fmt;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailKind {
    /// The expression went wrong: a missing key, a division by zero …
    Error,
    /// It would cost more than is allowed.
    Budget,
    /// It asked for what nobody here knows.
    Unknown,
}

/// Why an expression has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fail(pub(crate) Box<(FailKind, String)>);

impl Fail {
    /// An error of the expression.
    pub fn error(message: impl Into<String>) -> Self {
        Self(Box::new((FailKind::Error, message.into())))
    }

    /// Something that is not known here.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self(Box::new((FailKind::Unknown, message.into())))
    }

    pub(crate) fn budget(message: impl Into<String>) -> Self {
        Self(Box::new((FailKind::Budget, message.into())))
    }

    pub(crate) fn no_such_overload() -> Self {
        Self::error("no such overload")
    }

    pub(crate) fn no_such_key(key: impl fmt::Display) -> Self {
        Self::error(format!("no such key: {key}"))
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> FailKind {
        self.0.0
    }

    /// What went wrong, in the words of the API server where it has some.
    pub fn message(&self) -> &str {
        &self.0.1
    }

    /// Whether no other operand can make up for it.
    pub(crate) fn is_final(&self) -> bool {
        self.kind() == FailKind::Budget
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Fail {}
