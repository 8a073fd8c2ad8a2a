//! Scanning of scalars: plain, quoted, literal and folded.
//!
//! A scalar that stands in the source as it is meant is borrowed from there; line folding, escapes and indentation
//! make a copy in the document's buffer.

use haechi_model::Span;

use super::scan::Scanner;
use super::tokens::TokenKind;
use crate::Style;
use crate::error::{Mistake, Outcome};
use crate::texts::{TextRef, offset};

/// Whether a plain scalar takes this byte in any context: ASCII without white space, `:`, `?` and the flow
/// indicators.
#[inline]
fn is_plain(byte: u8) -> bool {
    /// One bit for each of the 128 characters of ASCII.
    const PLAIN: u128 = {
        let visible = (u128::MAX << 0x21) & !(1 << 0x7f);
        let special = 1 << b':' | 1 << b',' | 1 << b'?' | 1 << b'[' | 1 << b']' | 1 << b'{' | 1 << b'}';
        visible & !special
    };
    byte < 0x80 && PLAIN >> byte & 1 == 1
}

/// White space between two parts of a flow scalar: blanks, or line breaks with blanks around them.
#[derive(Debug, Default)]
struct Gap {
    is_broken: bool,
    /// Kind of the first line break, where there was one that is not escaped.
    first: Option<Break>,
    /// The further ones.
    more: Vec<Break>,
}

/// What remains of a line break in a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// `\n`, `\r`, `\r\n` and NEL are one line feed.
    Feed,
    /// LS and PS are kept, and never folded to a space.
    LineSeparator,
    ParagraphSeparator,
}

impl Break {
    fn text(self) -> &'static str {
        match self {
            Break::Feed => "\n",
            Break::LineSeparator => "\u{2028}",
            Break::ParagraphSeparator => "\u{2029}",
        }
    }
}

impl Scanner<'_> {
    /// Reads a line break if there is one.
    #[inline]
    fn read_break(&mut self) -> Option<Break> {
        let len = self.break_len(self.at);
        if len == 0 {
            return None;
        }
        let kind = match (self.byte(self.at), self.byte(self.at + 2)) {
            (0xe2, 0xa8) => Break::LineSeparator,
            (0xe2, _) => Break::ParagraphSeparator,
            _ => Break::Feed,
        };
        self.pass_break(len);
        Some(kind)
    }

    /// A copy of the source from `start` to here, as the beginning of a scalar that is not borrowed.
    fn copy(&mut self, start: usize, end: usize) {
        let part = self.texts.source.get(start..end).unwrap_or_default();
        self.texts.decoded.push_str(part);
    }

    /// Puts into the buffer what a gap between two parts of a flow scalar means; `blanks` is where it begins and
    /// ends if it has no line break.
    fn fold(&mut self, gap: &Gap, blanks: (usize, usize)) {
        if !gap.is_broken {
            return self.copy(blanks.0, blanks.1);
        }
        match gap.first {
            Some(Break::Feed) if gap.more.is_empty() => self.texts.decoded.push(' '),
            Some(Break::Feed) | None => {}
            Some(kept) => self.texts.decoded.push_str(kept.text()),
        }
        for line_break in &gap.more {
            self.texts.decoded.push_str(line_break.text());
        }
    }

    pub(super) fn scan_plain(&mut self) -> Outcome<()> {
        let is_flow = self.is_flow();
        let indent = self.indent + 1;
        let start = self.at;
        let mut end = start;
        // Where the buffer's copy begins, once there is one.
        let mut copy: Option<usize> = None;
        let mut gap = Gap::default();
        loop {
            self.look_ahead();
            if self.is_line_start() && self.document_indicator().is_some() {
                break;
            }
            if self.byte(self.at) == b'#' {
                break;
            }
            let part = self.at;
            self.pass_plain_part(is_flow);
            if self.at > part {
                if part > start && (copy.is_some() || gap.is_broken) {
                    if copy.is_none() {
                        copy = Some(self.texts.decoded.len());
                        self.copy(start, end);
                    }
                    self.fold(&gap, (end, part));
                    self.copy(part, self.at);
                }
                gap = Gap::default();
                end = self.at;
            }
            if !self.is_blank(self.at) && self.break_len(self.at) == 0 {
                break;
            }
            loop {
                if self.is_blank(self.at) {
                    if gap.is_broken && self.column_signed() < indent && self.byte(self.at) == b'\t' {
                        let message = "a tab cannot stand where indentation is expected";
                        return Err(Mistake::yaml(self.here(1), message));
                    }
                    self.at += 1;
                } else if let Some(line_break) = self.read_break() {
                    if gap.is_broken {
                        gap.more.push(line_break);
                    } else {
                        gap = Gap { is_broken: true, first: Some(line_break), more: Vec::new() };
                    }
                } else {
                    break;
                }
            }
            if !is_flow && self.column_signed() < indent {
                break;
            }
        }
        let span = Span::new(offset(start), offset(end));
        let text = match copy {
            Some(at) => self.texts.since(at),
            None => TextRef::source(span.start, span.end),
        };
        self.push(TokenKind::Scalar { text, style: Style::Plain }, span.start, span.end);
        if gap.is_broken {
            self.is_simple_key_allowed = true;
        }
        Ok(())
    }

    /// Goes to the end of what a plain scalar has without white space.
    #[inline]
    fn pass_plain_part(&mut self, is_flow: bool) {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
            let byte = self.byte(self.at);
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0 => return,
                b':' if self.is_blank_or_end(self.at + 1) => return,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if is_flow => return,
                0x80.. => {
                    if matches!(byte, 0xc2 | 0xe2) && self.break_len(self.at) > 0 {
                        return;
                    }
                    self.pass_wide_byte(byte);
                }
                _ => self.at += 1,
            }
        }
    }

    /// One byte of a character that has several: the first one counts as a column.
    #[inline]
    fn pass_wide_byte(&mut self, byte: u8) {
        self.at += 1;
        self.continuation_bytes += usize::from(byte & 0xc0 == 0x80);
    }

    /// `'…'` or `"…"`.
    pub(super) fn scan_quoted(&mut self, quote: u8) -> Outcome<()> {
        let start = self.at;
        self.at += 1;
        let content = self.at;
        let mut copy: Option<usize> = None;
        loop {
            self.look_ahead();
            if self.is_line_start() && self.document_indicator().is_some() {
                return Err(self.unclosed(start, quote));
            }
            if self.byte(self.at) == 0 {
                return Err(self.unclosed(start, quote));
            }
            let is_break_escaped = self.scan_quoted_part(quote, content, &mut copy)?;
            if self.byte(self.at) == quote {
                break;
            }
            let blanks = self.at;
            let mut gap = Gap { is_broken: is_break_escaped, ..Gap::default() };
            loop {
                if self.is_blank(self.at) {
                    self.at += 1;
                } else if let Some(line_break) = self.read_break() {
                    if gap.is_broken {
                        gap.more.push(line_break);
                    } else {
                        gap = Gap { is_broken: true, first: Some(line_break), more: Vec::new() };
                    }
                } else {
                    break;
                }
            }
            if copy.is_none() && gap.is_broken {
                copy = Some(self.texts.decoded.len());
                self.copy(content, blanks);
            }
            if copy.is_some() {
                self.fold(&gap, (blanks, self.at));
            }
        }
        let text = match copy {
            Some(at) => self.texts.since(at),
            None => TextRef::source(offset(content), offset(self.at)),
        };
        self.at += 1;
        let style = if quote == b'\'' { Style::SingleQuoted } else { Style::DoubleQuoted };
        self.push(TokenKind::Scalar { text, style }, offset(start), offset(self.at));
        Ok(())
    }

    fn unclosed(&self, start: usize, quote: u8) -> Mistake {
        let rest = self.texts.source.get(start..).unwrap_or_default();
        let len = rest.lines().next().map_or(1, |line| line.trim_end().len());
        let span = Span::new(offset(start), offset(start + len));
        Mistake::yaml(span, format!("the closing `{}` is missing", char::from(quote)))
    }

    /// Reads up to white space or the closing quote; says whether it stopped after an escaped line break.
    fn scan_quoted_part(&mut self, quote: u8, content: usize, copy: &mut Option<usize>) -> Outcome<bool> {
        let mut part = self.at;
        loop {
            let byte = self.byte(self.at);
            let is_escape = byte == b'\\' && quote == b'"'
                || byte == quote && quote == b'\'' && self.byte(self.at + 1) == quote;
            if is_escape {
                if copy.is_none() {
                    *copy = Some(self.texts.decoded.len());
                    self.copy(content, self.at);
                } else {
                    self.copy(part, self.at);
                }
                if quote == b'\'' {
                    self.texts.decoded.push('\'');
                    self.at += 2;
                } else {
                    let break_len = self.break_len(self.at + 1);
                    if break_len > 0 {
                        self.at += 1;
                        self.pass_break(break_len);
                        return Ok(true);
                    }
                    self.scan_escape()?;
                }
                part = self.at;
                continue;
            }
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0 => break,
                _ if byte == quote => break,
                0x80.. => {
                    if matches!(byte, 0xc2 | 0xe2) && self.break_len(self.at) > 0 {
                        break;
                    }
                    self.pass_wide_byte(byte);
                }
                _ => self.at += 1,
            }
        }
        if copy.is_some() {
            self.copy(part, self.at);
        }
        Ok(false)
    }

    /// A backslash and what it stands for.
    fn scan_escape(&mut self) -> Outcome<()> {
        let digits = match self.byte(self.at + 1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            code => {
                let Some(text) = escaped(code) else {
                    let message = "no such escape; double the backslash to mean one";
                    return Err(Mistake::yaml(self.here(2), message));
                };
                self.texts.decoded.push_str(text);
                self.at += 2;
                return Ok(());
            }
        };
        let hex = self.bytes.get(self.at + 2..self.at + 2 + digits).unwrap_or_default();
        let mut value = 0_u64;
        for byte in hex {
            match char::from(*byte).to_digit(16) {
                Some(digit) => value = value << 4 | u64::from(digit),
                None => return Err(self.wrong_escape(digits)),
            }
        }
        // A surrogate is no character, also where two of them would make one in JSON.
        let character = u32::try_from(value).ok().and_then(char::from_u32);
        match character {
            Some(character) if hex.len() == digits => self.texts.decoded.push(character),
            _ => return Err(self.wrong_escape(digits)),
        }
        self.at += 2 + digits;
        Ok(())
    }

    fn wrong_escape(&self, digits: usize) -> Mistake {
        let message = format!("expected the {digits} hexadecimal digits of a Unicode character");
        Mistake::yaml(self.here(2 + digits), message)
    }

    /// `|` or `>` with the lines that belong to it.
    pub(super) fn scan_block_scalar(&mut self, is_literal: bool) -> Outcome<()> {
        let start = self.at;
        self.at += 1;
        let (mut chomping, mut increment) = (0_i8, 0_isize);
        for _ in 0..2 {
            match self.byte(self.at) {
                b'+' if chomping == 0 => chomping = 1,
                b'-' if chomping == 0 => chomping = -1,
                b'0' if increment == 0 => {
                    let message = "the indentation of a block scalar is at least 1";
                    return Err(Mistake::yaml(self.here(1), message));
                }
                digit @ b'1'..=b'9' if increment == 0 => increment = isize::from(digit - b'0'),
                _ => break,
            }
            self.at += 1;
        }
        let mut end = self.at;
        while self.is_blank(self.at) {
            self.at += 1;
        }
        if self.byte(self.at) == b'#' {
            self.scan_comment();
        }
        if !self.is_break_or_end(self.at) {
            let message = "a block scalar begins on the line after its `|` or `>`";
            return Err(Mistake::yaml(self.here(1), message));
        }
        self.read_break();

        let mut indent = if increment > 0 { self.indent.max(0) + increment } else { 0 };
        let decoded = self.texts.decoded.len();
        let mut breaks = Vec::new();
        let mut last: Option<Break> = None;
        let mut is_previous_blank = false;
        self.pass_block_breaks(&mut indent, &mut breaks)?;
        while self.column_signed() == indent && self.byte(self.at) != 0 {
            let is_blank = self.is_blank(self.at);
            let is_folded = !is_literal && last == Some(Break::Feed) && !is_previous_blank && !is_blank;
            if !is_folded {
                self.texts.decoded.push_str(last.map_or("", Break::text));
            } else if breaks.is_empty() {
                self.texts.decoded.push(' ');
            }
            for line_break in breaks.drain(..) {
                self.texts.decoded.push_str(line_break.text());
            }
            is_previous_blank = is_blank;
            let line = self.at;
            self.pass_line();
            self.copy(line, self.at);
            end = self.at;
            last = self.read_break();
            self.pass_block_breaks(&mut indent, &mut breaks)?;
        }
        if chomping != -1 {
            self.texts.decoded.push_str(last.map_or("", Break::text));
        }
        if chomping == 1 {
            for line_break in breaks {
                self.texts.decoded.push_str(line_break.text());
            }
        }
        let style = if is_literal { Style::Literal } else { Style::Folded };
        let text = self.texts.since(decoded);
        self.push(TokenKind::Scalar { text, style }, offset(start), self.place(end));
        Ok(())
    }

    /// Goes to the end of the line.
    #[inline]
    pub(super) fn pass_line(&mut self) {
        loop {
            match self.byte(self.at) {
                b'\n' | b'\r' | 0 => return,
                0xc2 | 0xe2 if self.break_len(self.at) > 0 => return,
                _ => self.at += 1,
            }
        }
    }

    /// Goes past indentation and empty lines of a block scalar; finds its indentation if it is not known (0).
    fn pass_block_breaks(&mut self, indent: &mut isize, breaks: &mut Vec<Break>) -> Outcome<()> {
        let mut widest = 0;
        loop {
            while (*indent == 0 || self.column_signed() < *indent) && self.byte(self.at) == b' ' {
                self.at += 1;
            }
            widest = widest.max(self.column_signed());
            if (*indent == 0 || self.column_signed() < *indent) && self.byte(self.at) == b'\t' {
                let message = "a tab cannot stand where indentation is expected";
                return Err(Mistake::yaml(self.here(1), message));
            }
            match self.read_break() {
                Some(line_break) => breaks.push(line_break),
                None => break,
            }
        }
        if *indent == 0 {
            *indent = widest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}

/// The escapes of one character.
fn escaped(code: u8) -> Option<&'static str> {
    Some(match code {
        b'0' => "\0",
        b'a' => "\u{7}",
        b'b' => "\u{8}",
        b't' | b'\t' => "\t",
        b'n' => "\n",
        b'v' => "\u{b}",
        b'f' => "\u{c}",
        b'r' => "\r",
        b'e' => "\u{1b}",
        b' ' => " ",
        b'"' => "\"",
        b'\'' => "'",
        b'\\' => "\\",
        b'N' => "\u{85}",
        b'_' => "\u{a0}",
        b'L' => "\u{2028}",
        b'P' => "\u{2029}",
        _ => return None,
    })
}
