//! What can go wrong when an expression is compiled.

use std::fmt;

/// A mistake in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Byte offset in the expression.
    pub at: u32,
    /// What is wrong, in the words of the API server where it has some.
    pub message: String,
}

/// An expression that Kubernetes refuses, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// The mistakes, in the order of the text; never empty.
    pub issues: Vec<Issue>,
    /// The text, for lines and columns.
    pub source: Box<str>,
}

impl CompileError {
    pub(crate) fn new(source: &str, mut issues: Vec<Issue>) -> Self {
        issues.sort_by_key(|issue| issue.at);
        issues.dedup();
        Self { issues, source: source.into() }
    }

    /// Offset of the first mistake in the expression, in bytes.
    pub fn offset(&self) -> u32 {
        self.issues.first().map_or(0, |issue| issue.at)
    }

    /// The first mistake without its place.
    pub fn message(&self) -> &str {
        self.issues.first().map_or("", |issue| issue.message.as_str())
    }
}

impl fmt::Display for CompileError {
    /// As the API server writes it: `ERROR: <input>:LINE:COLUMN: …`, then the line and a caret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, issue) in self.issues.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let before = self.source.get(..issue.at as usize).unwrap_or(&self.source);
            let line_start = before.rfind('\n').map_or(0, |found| found + 1);
            let line = before.matches('\n').count() + 1;
            let column = before.get(line_start..).unwrap_or_default().chars().count();
            let text = self.source.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
            write!(f, "ERROR: <input>:{line}:{}: {}\n | {text}\n | ", column + 1, issue.message)?;
            write!(f, "{}^", ".".repeat(column))?;
        }
        Ok(())
    }
}

impl std::error::Error for CompileError {}
