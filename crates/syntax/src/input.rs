//! What must be true of bytes before they are worth parsing.

use std::sync::Arc;

use haechi_model::Span;

use crate::error::Mistake;
use crate::texts::offset;
use crate::{Limits, Parsed, Source, SyntaxErrorKind};

/// How much of a file is looked at to tell that it is no text.
const SAMPLE_BYTES: usize = 8 << 10;

/// Text of acceptable size and encoding, and where it is not UTF-8.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) source: Arc<Source>,
    /// Offset of the first byte after a byte order mark.
    pub(crate) start: usize,
    /// Bytes that were not UTF-8, replaced by `?` in the source; in order.
    invalid: Vec<Span>,
}

impl Input {
    /// Takes the bytes, or says why they are no text at all.
    pub(crate) fn check(bytes: &[u8], limits: &Limits) -> Result<Self, Box<Parsed>> {
        let limit = limits.bytes.min(u32::MAX as usize / 2);
        if bytes.len() > limit {
            let message = format!("{} bytes are more than the limit of {limit}", bytes.len());
            return Err(refuse(SyntaxErrorKind::TooLarge, message));
        }
        if let Some(encoding) = wide_encoding(bytes) {
            let message = format!("the text is encoded as {encoding}; save it as UTF-8");
            return Err(refuse(SyntaxErrorKind::WrongEncoding, message));
        }
        if is_binary(bytes) {
            return Err(refuse(SyntaxErrorKind::Binary, "binary data, no text".to_owned()));
        }
        let start = if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        let (text, invalid) = match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), Vec::new()),
            Err(_) => decode(bytes),
        };
        Ok(Self { source: Arc::new(Source::new(text)), start, invalid })
    }

    /// Whether the first character that is no white space is `{`, which makes kubectl expect JSON.
    pub(crate) fn looks_like_json(&self) -> bool {
        self.source.text().get(self.start..).is_some_and(|text| text.trim_start().starts_with('{'))
    }

    /// The first bytes inside `span` that were not UTF-8.
    pub(crate) fn invalid_in(&self, span: Span) -> Option<Mistake> {
        let first = self.invalid.partition_point(|bad| bad.start < span.start);
        let bad = self.invalid.get(first).copied().filter(|bad| bad.start < span.end)?;
        Some(Mistake::new(SyntaxErrorKind::InvalidUtf8, bad, "bytes that are not UTF-8"))
    }

    /// The first thing inside `span` that no YAML text may have: bytes that are not UTF-8, a control character.
    pub(crate) fn forbidden_in(&self, span: Span) -> Option<Mistake> {
        let invalid = self.invalid_in(span);
        let control = control_character(self.source.slice(span)).map(|(at, character)| {
            let start = span.start + offset(at);
            let message = format!("the control character U+{:04X} is not allowed", u32::from(character));
            Mistake::yaml(Span::new(start, start + offset(character.len_utf8())), message)
        });
        match (invalid, control) {
            (Some(invalid), Some(control)) if control.span().start < invalid.span().start => Some(control),
            (Some(invalid), _) => Some(invalid),
            (None, control) => control,
        }
    }
}

/// The first character that YAML forbids.
fn control_character(text: &str) -> Option<(usize, char)> {
    let is_suspect = |byte: u8| {
        byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || matches!(byte, 0x7f | 0xc2 | 0xef)
    };
    // Most blocks have none of the bytes that could be one, which a processor sees at a glance.
    let mut at = 0;
    for block in text.as_bytes().chunks(256) {
        if block.iter().fold(false, |found, byte| found | is_suspect(*byte)) {
            for (offset, byte) in block.iter().enumerate() {
                if !is_suspect(*byte) {
                    continue;
                }
                let character = text.get(at + offset..).and_then(|rest| rest.chars().next());
                if let Some(character) = character.filter(|character| is_forbidden(*character)) {
                    return Some((at + offset, character));
                }
            }
        }
        at += block.len();
    }
    None
}

fn is_forbidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\u{fffe}' | '\u{ffff}' => true,
        _ => character.is_control(),
    }
}

fn refuse(kind: SyntaxErrorKind, message: String) -> Box<Parsed> {
    Box::new(Parsed {
        source: Arc::new(Source::new(String::new())),
        documents: Vec::new(),
        errors: vec![Mistake::new(kind, Span::at(0), message).of_document(0)],
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

/// Whether so many bytes of the beginning are control characters or no UTF-8 that this was never meant as text. A
/// text with a few of them is read, for the sake of its good documents.
fn is_binary(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    let mut bad =
        sample.iter().filter(|byte| **byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')).count();
    bad += sample.utf8_chunks().map(|chunk| chunk.invalid().len()).sum::<usize>();
    bad >= 16 && bad * 8 > sample.len()
}

/// UTF-8 text in which each invalid byte became one `?`, so that offsets stay, and where those were.
fn decode(bytes: &[u8]) -> (String, Vec<Span>) {
    let mut text = String::with_capacity(bytes.len());
    let mut invalid: Vec<Span> = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let start = offset(text.len());
            text.extend(chunk.invalid().iter().map(|_| '?'));
            match invalid.last_mut() {
                Some(last) if last.end == start => last.end = offset(text.len()),
                _ => invalid.push(Span::new(start, offset(text.len()))),
            }
        }
    }
    (text, invalid)
}
