//! What the scanner makes of the text.

use haechi_model::Span;

use crate::Style;
use crate::texts::TextRef;

/// A token and the part of the source that it takes; tokens that indentation implies take none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    StreamEnd,
    /// `%YAML major.minor`
    VersionDirective {
        major: u8,
        minor: u8,
    },
    /// `%TAG handle prefix`, with its index in [`super::scan::Scanner::tags`].
    TagDirective(u32),
    /// `---`
    DocumentStart,
    /// `...`
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    /// `-`
    BlockEntry,
    /// `,`
    FlowEntry,
    /// `?`, or implied before a simple key.
    Key,
    /// `:`
    Value,
    /// `*name`
    Alias,
    /// `&name`
    Anchor,
    /// A tag, with its index in [`super::scan::Scanner::tags`].
    Tag(u32),
    Scalar {
        text: TextRef,
        style: Style,
    },
}

/// A tag as written: `!handle!suffix`; the handle of a verbatim tag is empty. Also a `%TAG` directive, whose
/// suffix is then the prefix that the handle stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TagText {
    pub(crate) handle: TextRef,
    pub(crate) suffix: TextRef,
}
