//! Texts of a document: parts of the source where they stand there unchanged, else a buffer beside it.

/// A text inside the source or, where escapes or folding changed it, in the document's own buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextRef {
    pub(crate) start: u32,
    pub(crate) len: u32,
    pub(crate) decoded: bool,
}

impl TextRef {
    /// The text at this range of the source.
    pub(crate) fn source(start: u32, end: u32) -> Self {
        Self { start, len: end.saturating_sub(start), decoded: false }
    }

    /// The text, given both places where it may be.
    pub(crate) fn get<'t>(self, source: &'t str, decoded: &'t str) -> &'t str {
        let buffer = if self.decoded { decoded } else { source };
        buffer.get(self.start as usize..self.start as usize + self.len as usize).unwrap_or_default()
    }
}

impl TextRef {
    /// The bytes of the text.
    pub(crate) fn bytes<'t>(self, source: &'t str, decoded: &'t str) -> &'t [u8] {
        let buffer = if self.decoded { decoded } else { source };
        let range = self.start as usize..self.start as usize + self.len as usize;
        buffer.as_bytes().get(range).unwrap_or_default()
    }
}

/// The texts of the document that is being read.
#[derive(Debug)]
pub(crate) struct Texts<'t> {
    pub(crate) source: &'t str,
    pub(crate) decoded: String,
}

impl<'t> Texts<'t> {
    pub(crate) fn new(source: &'t str) -> Self {
        Self { source, decoded: String::new() }
    }

    pub(crate) fn get(&self, text: TextRef) -> &str {
        text.get(self.source, &self.decoded)
    }

    /// Keeps a text that does not stand in the source.
    pub(crate) fn push(&mut self, text: &str) -> TextRef {
        let start = self.decoded.len();
        self.decoded.push_str(text);
        self.since(start)
    }

    /// What was decoded since the buffer was `start` long.
    pub(crate) fn since(&self, start: usize) -> TextRef {
        TextRef { start: offset(start), len: offset(self.decoded.len() - start), decoded: true }
    }
}

/// An offset in a text of bounded length.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
