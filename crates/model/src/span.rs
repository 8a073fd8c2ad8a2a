use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A half-open range of bytes in one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// A span from `start` (included) to `end` (excluded), in bytes.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// An empty span at `offset`.
    pub const fn at(offset: u32) -> Self {
        Self { start: offset, end: offset }
    }

    /// The bytes covered, as a range for slicing.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The number of bytes covered.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether the span covers no byte.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

/// A place in a text as people count: both numbers start at one, columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Line, one-based.
    pub line: u32,
    /// Column in characters (not bytes, not terminal cells), one-based.
    pub column: u32,
}

/// Where in which file something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file as the user named it, `-` for standard input; always with `/`.
    pub path: Arc<str>,
    /// The bytes.
    pub span: Span,
    /// First character.
    pub start: Position,
    /// Character after the last one.
    pub end: Position,
    /// Path of the value inside its document, as `$.spec.containers[0].image`. The last steps may not exist
    /// in the document: then the finding is about their absence, and the span is the nearest thing that is
    /// there.
    pub json_path: String,
}
