//! JSON into the same tree: one value, or several after one another as `kubectl` writes and reads them.

use haechi_model::Span;
use jiter::{Jiter, JiterError, NumberAny, NumberInt, Peek};

use crate::builder::{BuildError, Builder};
use crate::document::Repr;
use crate::input::Input;
use crate::{Document, Limits, Parsed, Style, SyntaxError, SyntaxErrorKind};

/// Reads values until the end of the text or the first mistake: after that, JSON has no sign where the next value
/// begins.
pub(crate) fn parse(input: &Input, limits: &Limits) -> Parsed {
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    let text = input.source.text();
    let mut at = input.start;
    while let Some(skipped) = text.get(at..).and_then(|rest| rest.find(|c: char| !c.is_ascii_whitespace())) {
        at += skipped;
        let index = documents.len();
        match document(input, at, index, limits) {
            Ok((document, end)) => {
                if let Some(bad) = input.invalid_in(Span::new(offset(at), offset(end))) {
                    let message = "bytes that are not UTF-8".to_owned();
                    errors.push(SyntaxError {
                        kind: SyntaxErrorKind::InvalidUtf8,
                        span: bad,
                        document: index,
                        message,
                    });
                } else {
                    documents.push(document);
                }
                at = end;
            }
            Err((kind, span, message)) => {
                errors.push(SyntaxError { kind, span, document: index, message });
                break;
            }
        }
    }
    Parsed { source: input.source.clone(), documents, errors }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn document(
    input: &Input,
    start: usize,
    index: usize,
    limits: &Limits,
) -> Result<(Document, usize), BuildError> {
    let text = input.source.text();
    let bytes = text.as_bytes().get(start..).unwrap_or_default();
    let chunk = Span::new(offset(start), offset(text.len()));
    let mut reader = Reader {
        builder: Builder::new(input.source.clone(), chunk, index, limits),
        json: Jiter::new(bytes),
        bytes,
        base: start,
    };
    let peek = reader.peek()?;
    reader.value(peek, 0)?;
    let end = start + reader.json.current_index();
    let mut document = reader.builder.finish();
    document.span = Span::new(chunk.start, offset(end));
    Ok((document, end))
}

struct Reader<'j> {
    builder: Builder,
    json: Jiter<'j>,
    bytes: &'j [u8],
    base: usize,
}

impl Reader<'_> {
    fn here(&self) -> usize {
        self.json.current_index()
    }

    fn span(&self, start: usize) -> Span {
        Span::new(offset(self.base + start), offset(self.base + self.here()))
    }

    fn error(&self, error: &JiterError) -> BuildError {
        let at = offset(self.base + error.index.min(self.bytes.len()));
        (SyntaxErrorKind::Json, Span::at(at), error.error_type.to_string().to_lowercase())
    }

    fn peek(&mut self) -> Result<Peek, BuildError> {
        self.json.peek().map_err(|error| self.error(&error))
    }

    /// One value; the recursion is bounded by the builder's depth limit.
    fn value(&mut self, peek: Peek, depth: usize) -> Result<(), BuildError> {
        let start = self.here();
        if peek == Peek::Array {
            return self.array(start, depth);
        }
        if peek == Peek::Object {
            return self.object(start, depth);
        }
        let (repr, style) = if peek == Peek::Null {
            self.json.known_null().map_err(|error| self.error(&error))?;
            (Repr::Null, Style::Plain)
        } else if peek == Peek::True || peek == Peek::False {
            let value = self.json.known_bool(peek);
            (Repr::Bool(value.map_err(|error| self.error(&error))?), Style::Plain)
        } else if peek == Peek::String {
            let text = match self.json.known_str() {
                Ok(text) => text.to_owned(),
                Err(error) => return Err(self.error(&error)),
            };
            let span = self.span(start);
            (Repr::String(self.builder.text(&text, span)), Style::DoubleQuoted)
        } else {
            (self.number(peek, start)?, Style::Plain)
        };
        let span = self.span(start);
        self.builder.scalar(repr, span, style)?;
        Ok(())
    }

    fn number(&mut self, peek: Peek, start: usize) -> Result<Repr, BuildError> {
        let number = self.json.known_number(peek).map_err(|error| self.error(&error))?;
        let text = self.bytes.get(start..self.here()).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let text = text.unwrap_or_default();
        if let NumberAny::Int(NumberInt::Int(value)) = number {
            return Ok(Repr::Int(value));
        }
        if let Ok(value) = text.parse::<u64>() {
            return Ok(Repr::Uint(value));
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Repr::Float(value)),
            _ => Err((SyntaxErrorKind::Json, self.span(start), format!("number `{text}` is out of range"))),
        }
    }

    fn array(&mut self, start: usize, depth: usize) -> Result<(), BuildError> {
        let open = offset(self.base + start);
        self.builder.open_sequence(Span::new(open, open + 1), Style::Flow)?;
        let mut next = self.json.known_array().map_err(|error| self.error(&error))?;
        while let Some(peek) = next {
            self.value(peek, depth + 1)?;
            next = self.json.array_step().map_err(|error| self.error(&error))?;
        }
        self.builder.close(offset(self.base + self.here()))?;
        Ok(())
    }

    fn object(&mut self, start: usize, depth: usize) -> Result<(), BuildError> {
        let open = offset(self.base + start);
        self.builder.open_mapping(Span::new(open, open + 1), Style::Flow)?;
        let mut from = start + 1;
        let mut key = match self.json.known_object() {
            Ok(key) => key.map(str::to_owned),
            Err(error) => return Err(self.error(&error)),
        };
        while let Some(name) = key {
            let span = self.key_span(from);
            let text = self.builder.text(&name, span);
            self.builder.key(text, span, false);
            let peek = self.peek()?;
            self.value(peek, depth + 1)?;
            from = self.here();
            key = match self.json.next_key() {
                Ok(key) => key.map(str::to_owned),
                Err(error) => return Err(self.error(&error)),
            };
        }
        self.builder.close(offset(self.base + self.here()))?;
        Ok(())
    }

    /// The string literal that begins after `from`: the key just read, quotes included.
    fn key_span(&self, from: usize) -> Span {
        let rest = self.bytes.get(from..self.here()).unwrap_or_default();
        let Some(open) = rest.iter().position(|byte| *byte == b'"') else { return self.span(from) };
        let mut is_escaped = false;
        let close = rest.iter().skip(open + 1).position(|byte| {
            let ends = !is_escaped && *byte == b'"';
            is_escaped = !is_escaped && *byte == b'\\';
            ends
        });
        let end = close.map_or(rest.len(), |close| open + 1 + close + 1);
        Span::new(offset(self.base + from + open), offset(self.base + from + end))
    }
}
