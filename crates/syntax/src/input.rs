//! What must be true of bytes before they are worth parsing.

use std::sync::Arc;

use haechi_model::Span;

use crate::{Limits, Parsed, Source, SyntaxError, SyntaxErrorKind};

/// Text of acceptable size and encoding, and where it is not UTF-8.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) source: Arc<Source>,
    /// Offset of the first byte after a byte order mark.
    pub(crate) start: usize,
    /// Bytes that were not UTF-8, replaced by `?` in the source; in order.
    pub(crate) invalid: Vec<Span>,
}

impl Input {
    /// Takes the bytes, or says why they are no text at all.
    pub(crate) fn check(bytes: &[u8], limits: &Limits) -> Result<Self, Box<Parsed>> {
        let limit = limits.bytes.min(u32::MAX as usize / 2);
        if bytes.len() > limit {
            let message = format!("{} bytes are more than the limit of {limit}", bytes.len());
            return Err(refuse(SyntaxErrorKind::TooLarge, 0, message));
        }
        if let Some(encoding) = wide_encoding(bytes) {
            let message = format!("text is encoded as {encoding}, Kubernetes reads UTF-8");
            return Err(refuse(SyntaxErrorKind::WrongEncoding, 0, message));
        }
        if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
            return Err(refuse(SyntaxErrorKind::Binary, offset, "binary data: a NUL byte".into()));
        }
        let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let (text, invalid) = decode(bytes);
        if invalid.len() > 64 && invalid.len() * 20 > bytes.len() {
            let message = "binary data: many bytes are not UTF-8".into();
            return Err(refuse(SyntaxErrorKind::Binary, first_offset(&invalid), message));
        }
        Ok(Self { source: Arc::new(Source::new(text)), start, invalid })
    }

    /// Whether the first character that is no white space is `{`, which makes kubectl expect JSON.
    pub(crate) fn looks_like_json(&self) -> bool {
        self.source.text().get(self.start..).is_some_and(|text| text.trim_start().starts_with('{'))
    }

    /// The first bytes inside `span` that were not UTF-8.
    pub(crate) fn invalid_in(&self, span: Span) -> Option<Span> {
        let first = self.invalid.partition_point(|bad| bad.start < span.start);
        self.invalid.get(first).copied().filter(|bad| bad.start < span.end)
    }
}

fn first_offset(spans: &[Span]) -> usize {
    spans.first().map_or(0, |span| span.start as usize)
}

fn refuse(kind: SyntaxErrorKind, offset: usize, message: String) -> Box<Parsed> {
    let span = Span::at(u32::try_from(offset).unwrap_or(u32::MAX));
    Box::new(Parsed {
        source: Arc::new(Source::new(String::new())),
        documents: Vec::new(),
        errors: vec![SyntaxError { kind, span, document: 0, message }],
    })
}

/// Recognises UTF-16 and UTF-32 by their byte order mark, and UTF-16 without one by ASCII with every other byte
/// zero, as Windows tools write it.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [0, second, 0, fourth, ..] if second.is_ascii_graphic() && fourth.is_ascii_graphic() => {
            Some("UTF-16")
        }
        [first, 0, third, 0, ..] if first.is_ascii_graphic() && third.is_ascii_graphic() => Some("UTF-16"),
        _ => None,
    }
}

/// UTF-8 text in which each invalid byte became one `?`, so that offsets stay, and where those were.
fn decode(bytes: &[u8]) -> (String, Vec<Span>) {
    let mut text = String::with_capacity(bytes.len());
    let mut invalid = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let start = u32::try_from(text.len()).unwrap_or(u32::MAX);
            text.extend(chunk.invalid().iter().map(|_| '?'));
            invalid.push(Span::new(start, u32::try_from(text.len()).unwrap_or(u32::MAX)));
        }
    }
    (text, invalid)
}
