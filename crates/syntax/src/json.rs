//! JSON into the same tree: one value, or several after one another as `kubectl` writes and reads them.

use haechi_model::Span;

use crate::builder::Builder;
use crate::document::Repr;
use crate::error::{Mistake, Outcome};
use crate::input::Input;
use crate::texts::{TextRef, Texts, offset};
use crate::{Document, Limits, Parsed, Style, SyntaxErrorKind};

/// Reads values until the end of the text or the first mistake: after that, JSON has no sign where the next value
/// begins.
pub(crate) fn parse(input: &Input, limits: &Limits) -> Parsed {
    let mut parsed = Parsed { source: input.source.clone(), documents: Vec::new(), errors: Vec::new() };
    let mut stream = Stream::new(input, limits);
    while let Some(outcome) = stream.next_document() {
        match outcome {
            Ok(document) => parsed.documents.push(document),
            Err((index, mistake)) => parsed.errors.push(mistake.of_document(index)),
        }
    }
    parsed
}

/// The values of a text, one after another.
#[derive(Debug)]
pub(crate) struct Stream<'i> {
    input: &'i Input,
    limits: Limits,
    /// Where the last value ends that was read.
    pub(crate) at: usize,
    /// Values so far, broken ones counted.
    pub(crate) count: usize,
    /// Whether the text is no JSON from `at` on.
    pub(crate) is_broken: bool,
    /// How long the next value is expected to be: as long as the one before.
    expected: u32,
}

impl<'i> Stream<'i> {
    pub(crate) fn new(input: &'i Input, limits: &Limits) -> Self {
        let expected = offset(input.source.text().len());
        Self { input, limits: *limits, at: input.start, count: 0, is_broken: false, expected }
    }

    /// The next value, or the mistake in it with its index; none at the end and after a mistake.
    pub(crate) fn next_document(&mut self) -> Option<Result<Document, (usize, Mistake)>> {
        if self.is_broken {
            return None;
        }
        let text = self.input.source.text();
        let rest = text.get(self.at..)?;
        let start = self.at + rest.find(|c| !is_white_space(c))?;
        let index = self.count;
        self.count += 1;
        let span = Span::new(offset(start), offset(start) + self.expected);
        let mut reader = Reader {
            builder: Builder::new(self.input.source.clone(), span, index, &self.limits),
            texts: Texts::new(text),
            bytes: text.as_bytes(),
            at: start,
            values: 0,
            limit: self.limits.expanded_nodes,
            out_of_range: None,
        };
        if let Err(mistake) = reader.value() {
            self.is_broken = true;
            return Some(Err((index, mistake)));
        }
        self.at = reader.at;
        let span = Span::new(offset(start), offset(reader.at));
        self.expected = span.len();
        if let Some(mistake) = self.input.invalid_in(span).or(reader.out_of_range) {
            return Some(Err((index, mistake)));
        }
        let document = reader.builder.finish(reader.texts, &[]).map(|mut document| {
            document.span = span;
            document
        });
        Some(document.map_err(|mistake| (index, mistake)))
    }
}

/// JSON's white space.
fn is_white_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn json(span: Span, message: impl Into<String>) -> Mistake {
    Mistake::new(SyntaxErrorKind::Json, span, message)
}

struct Reader<'j> {
    builder: Builder,
    texts: Texts<'j>,
    bytes: &'j [u8],
    at: usize,
    values: u64,
    limit: u64,
    /// A number that no reader can hold: the text is JSON, and what follows this value can be read.
    out_of_range: Option<Mistake>,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn pass_white_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn span(&self, start: usize) -> Span {
        Span::new(offset(start), offset(self.at))
    }

    /// The character here, for a mistake; nothing at the end.
    fn here(&self) -> Span {
        let rest = self.texts.source.get(self.at..).unwrap_or_default();
        let len = rest.chars().next().map_or(0, char::len_utf8);
        Span::new(offset(self.at), offset(self.at + len))
    }

    /// A mistake here: `expected …`, or that the text ends in the collection that was opened at `open`.
    fn expected(&self, what: &str, open: Option<&(usize, bool)>) -> Mistake {
        match (self.byte(), open) {
            (None, Some((start, is_object))) => {
                let bracket = if *is_object { '{' } else { '[' };
                json(
                    Span::new(offset(*start), offset(start + 1)),
                    format!("this `{bracket}` is never closed"),
                )
            }
            _ => json(self.here(), format!("expected {what}")),
        }
    }

    /// One value with all that it holds. Open collections are on a list of our own, so that depth costs no stack.
    fn value(&mut self) -> Outcome<()> {
        let mut open: Vec<(usize, bool)> = Vec::new();
        loop {
            self.pass_white_space();
            let start = self.at;
            self.values += 1;
            if self.values > self.limit {
                let message = format!("more than {} values in one document", self.limit);
                return Err(Mistake::new(SyntaxErrorKind::AliasExpansion, self.here(), message));
            }
            match self.byte() {
                Some(b'{') => {
                    self.builder.open_mapping(offset(start), Style::Flow)?;
                    open.push((start, true));
                    self.at += 1;
                    self.pass_white_space();
                    if self.byte() != Some(b'}') {
                        self.key(&open)?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.builder.open_sequence(offset(start), Style::Flow)?;
                    open.push((start, false));
                    self.at += 1;
                    self.pass_white_space();
                    if self.byte() != Some(b']') {
                        continue;
                    }
                }
                _ => self.scalar(open.last())?,
            }
            if !self.after_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Closes what ends here; says whether another value follows.
    fn after_value(&mut self, open: &mut Vec<(usize, bool)>) -> Outcome<bool> {
        while let Some((_, is_object)) = open.last().copied() {
            self.pass_white_space();
            match (self.byte(), is_object) {
                (Some(b','), _) => {
                    self.at += 1;
                    if is_object {
                        self.pass_white_space();
                        self.key(open)?;
                    }
                    return Ok(true);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.at += 1;
                    open.pop();
                    self.builder.close(&self.texts, offset(self.at))?;
                }
                (_, true) => return Err(self.expected("`,` or `}`", open.last())),
                (_, false) => return Err(self.expected("`,` or `]`", open.last())),
            }
        }
        Ok(false)
    }

    fn key(&mut self, open: &[(usize, bool)]) -> Outcome<()> {
        let start = self.at;
        if self.byte() != Some(b'"') {
            return Err(self.expected("a key in double quotes", open.last()));
        }
        let text = self.string()?;
        self.builder.key(text, self.span(start));
        self.pass_white_space();
        if self.byte() != Some(b':') {
            return Err(self.expected("`:` after the key", open.last()));
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self, open: Option<&(usize, bool)>) -> Outcome<()> {
        let start = self.at;
        let (repr, style) = match self.byte() {
            Some(b'"') => (Repr::String(self.string()?), Style::DoubleQuoted),
            Some(b'-' | b'0'..=b'9') => (self.number()?, Style::Plain),
            Some(b't') => (self.word("true", Repr::Bool(true))?, Style::Plain),
            Some(b'f') => (self.word("false", Repr::Bool(false))?, Style::Plain),
            Some(b'n') => (self.word("null", Repr::Null)?, Style::Plain),
            _ => return Err(self.expected("a value", open)),
        };
        self.builder.scalar(repr, self.span(start), style)?;
        Ok(())
    }

    fn word(&mut self, word: &str, repr: Repr) -> Outcome<Repr> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(json(self.here(), format!("expected `{word}`")));
        }
        self.at += word.len();
        Ok(repr)
    }

    fn digits(&mut self) -> Outcome<()> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(json(self.here(), "expected a digit"));
        }
        Ok(())
    }

    fn number(&mut self) -> Outcome<Repr> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        let mut is_integer = true;
        if self.byte() == Some(b'.') {
            is_integer = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            is_integer = false;
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.texts.source.get(start..self.at).unwrap_or_default();
        if is_integer {
            if let Ok(value) = text.parse() {
                return Ok(Repr::Int(value));
            }
            if let Ok(value) = text.parse() {
                return Ok(Repr::Uint(value));
            }
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Repr::Float(value)),
            _ => {
                let mistake = Mistake::value(self.span(start), "the number is out of range");
                self.out_of_range.get_or_insert(mistake);
                Ok(Repr::Null)
            }
        }
    }

    /// A string literal that begins here.
    fn string(&mut self) -> Outcome<TextRef> {
        let start = self.at;
        self.at += 1;
        let mut part = self.at;
        let mut copy: Option<usize> = None;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    copy.get_or_insert(self.texts.decoded.len());
                    self.copy(part);
                    self.escape()?;
                    part = self.at;
                }
                Some(0..0x20) => {
                    let message = "a control character in a string must be escaped";
                    return Err(json(self.here(), message));
                }
                Some(_) => self.at += 1,
                None => {
                    let span = Span::new(offset(start), offset(start + 1));
                    return Err(json(span, "the closing `\"` is missing"));
                }
            }
        }
        let text = match copy {
            None => TextRef::source(offset(part), offset(self.at)),
            Some(at) => {
                self.copy(part);
                self.texts.since(at)
            }
        };
        self.at += 1;
        Ok(text)
    }

    /// Copies the source from `part` to here.
    fn copy(&mut self, part: usize) {
        let text = self.texts.source.get(part..self.at).unwrap_or_default();
        self.texts.decoded.push_str(text);
    }

    fn escape(&mut self) -> Outcome<()> {
        let character = match self.bytes.get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.code_unit()?;
                self.at += 6;
                return self.code_point(first);
            }
            _ => {
                let span = Span::new(offset(self.at), self.here_after_backslash());
                return Err(json(span, "no such escape"));
            }
        };
        self.texts.decoded.push(character);
        self.at += 2;
        Ok(())
    }

    fn here_after_backslash(&self) -> u32 {
        let rest = self.texts.source.get(self.at + 1..).unwrap_or_default();
        offset(self.at + 1 + rest.chars().next().map_or(0, char::len_utf8))
    }

    /// The four digits of the `\u` here.
    fn code_unit(&self) -> Outcome<u32> {
        let digits = self.texts.source.get(self.at + 2..self.at + 6).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let span = Span::new(offset(self.at), offset(self.at + 2));
            return Err(json(span, "expected four hexadecimal digits after `\\u`"));
        }
        Ok(u32::from_str_radix(digits, 16).unwrap_or_default())
    }

    /// Keeps the character of a code unit, together with the next one if they are a surrogate pair. Half a pair is
    /// replaced, as Go does.
    fn code_point(&mut self, first: u32) -> Outcome<()> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if (0xd800..0xdc00).contains(&first) && rest.starts_with(b"\\u") {
            let second = self.code_unit()?;
            if (0xdc00..0xe000).contains(&second) {
                self.at += 6;
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                self.texts.decoded.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
        }
        self.texts.decoded.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }
}
