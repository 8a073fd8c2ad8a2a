//! Characters to tokens, by the rules of the scanner that Kubernetes uses (libyaml's, as go-yaml v2 has them).
//!
//! The rules are older and looser than YAML 1.2: a comment needs no space before its `#`, NEL, LS and PS break
//! lines, a mapping key may be told from a scalar only within 1024 characters on one line. Where the reference
//! has oddities that change what a manifest means, they are kept and named here.

use std::collections::VecDeque;

use haechi_model::Span;

use super::tokens::{TagText, Token, TokenKind};
use crate::SyntaxErrorKind;
use crate::error::{Mistake, Outcome};
use crate::texts::{Texts, offset};

/// A simple key and its `:` must be this close, in characters.
const SIMPLE_KEY_REACH: usize = 1024;

/// A place that may turn out to be the beginning of a simple key once a `:` follows.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    is_possible: bool,
    /// In block context at the current indentation nothing but a key can stand.
    is_required: bool,
    /// Whether the parser has to wait for the fate of this key before it takes the token.
    is_awaited: bool,
    token: usize,
    line: u32,
    column: usize,
    start: u32,
}

#[derive(Debug)]
pub(crate) struct Scanner<'t> {
    pub(crate) texts: Texts<'t>,
    pub(crate) tags: Vec<TagText>,
    pub(crate) comments: Vec<Span>,
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
    /// Line breaks so far.
    pub(super) line: u32,
    pub(super) line_start: usize,
    /// Bytes of this line before `at` that do not begin a character.
    pub(super) continuation_bytes: usize,
    /// Column of the innermost block collection, -1 outside of any.
    pub(super) indent: isize,
    indents: Vec<isize>,
    /// One per flow level, and one for the block context.
    simple_keys: Vec<SimpleKey>,
    pub(super) is_simple_key_allowed: bool,
    tokens: VecDeque<Token>,
    /// Tokens that the parser has taken.
    taken: usize,
    /// Whether the reference's buffer begins with a byte order mark, which it then takes to stand at every
    /// beginning of a line.
    skips_line_starts: bool,
    limit: usize,
}

impl<'t> Scanner<'t> {
    /// Scans `source` from `start` on, up to its end; nests at most `limit` deep.
    pub(crate) fn new(source: &'t str, start: usize, limit: usize) -> Self {
        let mut scanner = Self {
            texts: Texts::new(source),
            tags: Vec::new(),
            comments: Vec::new(),
            bytes: source.as_bytes(),
            at: start,
            line: 0,
            line_start: start,
            continuation_bytes: 0,
            indent: -1,
            indents: Vec::new(),
            simple_keys: vec![SimpleKey::default()],
            is_simple_key_allowed: true,
            tokens: VecDeque::with_capacity(8),
            taken: 0,
            skips_line_starts: false,
            limit,
        };
        if scanner.is_byte_order_mark() {
            scanner.at += 3;
            scanner.line_start = scanner.at;
            scanner.skips_line_starts = scanner.is_byte_order_mark();
        }
        scanner
    }

    /// The token that comes next.
    pub(crate) fn peek(&mut self) -> Outcome<Token> {
        loop {
            match self.tokens.front().copied() {
                Some(token) if !self.awaits_key()? => return Ok(token),
                _ => self.fetch()?,
            }
        }
    }

    /// Leaves the token that [`Scanner::peek`] gave.
    pub(crate) fn advance(&mut self) {
        self.tokens.pop_front();
        self.taken += 1;
    }

    /// Whether the first token in the queue may still turn out to be the beginning of a simple key.
    fn awaits_key(&mut self) -> Outcome<bool> {
        let taken = self.taken;
        // Token numbers grow with the flow level.
        let level = match self.simple_keys.as_slice() {
            [only] if only.token == taken => 0,
            [_] => return Ok(false),
            keys => keys.partition_point(|key| key.token < taken),
        };
        match self.simple_keys.get(level) {
            Some(key) if key.token == taken && key.is_awaited => self.is_key_valid(level),
            _ => Ok(false),
        }
    }

    /// Whether the simple key of a level can still be one; drops it otherwise.
    fn is_key_valid(&mut self, level: usize) -> Outcome<bool> {
        let (line, column) = (self.line, self.column());
        let Some(key) = self.simple_keys.get_mut(level) else { return Ok(false) };
        if !key.is_possible {
            return Ok(false);
        }
        if key.line < line || key.column + SIMPLE_KEY_REACH < column {
            if key.is_required {
                let start = key.start;
                return Err(self.missing_colon(start));
            }
            key.is_possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn missing_colon(&self, start: u32) -> Mistake {
        let rest = self.texts.source.get(start as usize..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default().trim_end();
        let end = start + offset(line.len());
        Mistake::yaml(Span::new(start, end), "expected a `:` after this key")
    }

    /// Scans one token, or what precedes the end.
    fn fetch(&mut self) -> Outcome<()> {
        self.skip_to_token();
        self.look_ahead();
        self.unroll_indent(self.column_signed());
        let (first, second) = (self.byte(self.at), self.byte(self.at + 1));
        if first == 0 {
            return self.fetch_stream_end();
        }
        if self.is_line_start() {
            if first == b'%' {
                return self.fetch_directive();
            }
            if let Some(kind) = self.document_indicator() {
                return self.fetch_document_indicator(kind);
            }
        }
        let is_flow = self.is_flow();
        match first {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => {
                self.drop_simple_key()?;
                self.is_simple_key_allowed = true;
                self.push_indicator(TokenKind::FlowEntry, 1);
                Ok(())
            }
            b'-' if self.is_blank_or_end(self.at + 1) => self.fetch_block_entry(),
            b'?' if is_flow || self.is_blank_or_end(self.at + 1) => self.fetch_key(),
            b':' if is_flow || self.is_blank_or_end(self.at + 1) => self.fetch_value(),
            b'*' => self.fetch_name(TokenKind::Alias),
            b'&' => self.fetch_name(TokenKind::Anchor),
            b'!' => {
                self.save_simple_key()?;
                self.is_simple_key_allowed = false;
                self.scan_tag()
            }
            b'|' | b'>' if !is_flow => {
                self.drop_simple_key()?;
                self.is_simple_key_allowed = true;
                self.scan_block_scalar(first == b'|')
            }
            b'\'' | b'"' => {
                self.save_simple_key()?;
                self.is_simple_key_allowed = false;
                self.scan_quoted(first)
            }
            b'-' if second != b' ' && second != b'\t' => self.fetch_plain(),
            b'?' | b':' if !is_flow => self.fetch_plain(),
            b'\t' => Err(Mistake::yaml(self.here(1), "a tab cannot stand where indentation is expected")),
            b'-' | b'?' | b':' | b'|' | b'>' | b'@' | b'`' | b'%' => {
                let message = format!("`{}` cannot begin a value; quote it", char::from(first));
                Err(Mistake::yaml(self.here(1), message))
            }
            _ => self.fetch_plain(),
        }
    }

    // Characters

    /// The byte at an offset. A text whose last line is not ended reads as if it were: the reader of documents
    /// ends every line. After the end there are zeros.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        match self.bytes.get(at) {
            Some(byte) => *byte,
            None if at == self.bytes.len() && !self.bytes.ends_with(b"\n") => b'\n',
            None => 0,
        }
    }

    /// The length of the line break at an offset, 0 where there is none.
    #[inline]
    pub(super) fn break_len(&self, at: usize) -> usize {
        match self.byte(at) {
            b'\n' => 1,
            b'\r' => match (self.byte(at + 1), self.bytes.get(at + 2)) {
                (b'\n', _) => 2,
                // The reader of documents has taken the last `\r` before a `\n` away.
                (b'\r', Some(b'\n')) => 3,
                _ => 1,
            },
            0xc2 if self.byte(at + 1) == 0x85 => 2,
            0xe2 if self.byte(at + 1) == 0x80 && matches!(self.byte(at + 2), 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    #[inline]
    pub(super) fn is_blank(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\t')
    }

    #[inline]
    pub(super) fn is_break_or_end(&self, at: usize) -> bool {
        self.byte(at) == 0 || self.break_len(at) > 0
    }

    #[inline]
    pub(super) fn is_blank_or_end(&self, at: usize) -> bool {
        match self.byte(at) {
            b' ' | b'\t' | b'\n' | b'\r' | 0 => true,
            0xc2 | 0xe2 => self.break_len(at) > 0,
            _ => false,
        }
    }

    fn is_byte_order_mark(&self) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with("\u{feff}".as_bytes()))
    }

    /// Characters since the line began.
    #[inline]
    pub(super) fn column(&self) -> usize {
        self.at - self.line_start - self.continuation_bytes
    }

    #[inline]
    pub(super) fn column_signed(&self) -> isize {
        isize::try_from(self.column()).unwrap_or(isize::MAX)
    }

    #[inline]
    pub(super) fn is_line_start(&self) -> bool {
        self.at == self.line_start
    }

    #[inline]
    pub(super) fn is_flow(&self) -> bool {
        self.simple_keys.len() > 1
    }

    /// Goes past a line break of that length.
    #[inline]
    pub(super) fn pass_break(&mut self, len: usize) {
        self.at += len;
        self.line += 1;
        self.line_start = self.at;
        self.continuation_bytes = 0;
    }

    /// An offset for a span: the implied line break at the end takes no place.
    #[inline]
    pub(super) fn place(&self, at: usize) -> u32 {
        offset(at.min(self.bytes.len()))
    }

    /// The next `len` characters, for a mistake that is there; nothing at the end.
    pub(super) fn here(&self, len: usize) -> Span {
        let rest = self.texts.source.get(self.at.min(self.bytes.len())..).unwrap_or_default();
        let bytes: usize = rest.chars().take(len).map(char::len_utf8).sum();
        Span::new(self.place(self.at), self.place(self.at + bytes))
    }

    /// `---` or `...` at the beginning of a line, followed by white space.
    #[inline]
    pub(super) fn document_indicator(&self) -> Option<TokenKind> {
        let kind = match self.bytes.get(self.at..self.at + 3)? {
            b"---" => TokenKind::DocumentStart,
            b"..." => TokenKind::DocumentEnd,
            _ => return None,
        };
        self.is_blank_or_end(self.at + 3).then_some(kind)
    }

    /// Skips white space and comments. Where a key may begin, a tab is no white space.
    fn skip_to_token(&mut self) {
        loop {
            if self.skips_line_starts && self.is_line_start() {
                self.skip_as_byte_order_mark();
            }
            let are_tabs_skipped = self.is_flow() || !self.is_simple_key_allowed;
            let mut byte = self.byte(self.at);
            while byte == b' ' || (byte == b'\t' && are_tabs_skipped) {
                self.at += 1;
                byte = self.byte(self.at);
            }
            if byte == b'#' {
                self.scan_comment();
            }
            match self.break_len(self.at) {
                0 => return,
                len => self.pass_break(len),
            }
            if !self.is_flow() {
                self.is_simple_key_allowed = true;
            }
        }
    }

    /// After two byte order marks the reference takes the first character of each line for another one, until it
    /// fills its buffer again.
    fn skip_as_byte_order_mark(&mut self) {
        let rest = self.texts.source.get(self.at..).unwrap_or_default();
        if let Some(first) = rest.chars().next() {
            self.at += first.len_utf8();
            self.continuation_bytes += first.len_utf8() - 1;
        }
    }

    /// The reference looks four characters ahead, and fills its buffer again where there are fewer.
    #[inline]
    pub(super) fn look_ahead(&mut self) {
        if self.skips_line_starts {
            let left = self.texts.source.get(self.at..).unwrap_or_default().chars().take(4).count();
            self.skips_line_starts = left + usize::from(!self.bytes.ends_with(b"\n")) >= 4;
        }
    }

    /// Notes the comment that begins here and stops at the end of its line.
    pub(super) fn scan_comment(&mut self) {
        let start = self.at;
        self.pass_line();
        self.comments.push(Span::new(self.place(start), self.place(self.at)));
    }

    // Tokens

    #[inline]
    pub(super) fn push(&mut self, kind: TokenKind, start: u32, end: u32) {
        self.tokens.push_back(Token { kind, span: Span::new(start, end) });
    }

    fn push_indicator(&mut self, kind: TokenKind, len: usize) {
        let start = self.place(self.at);
        self.at += len;
        self.push(kind, start, self.place(self.at));
    }

    /// Puts a token before the one with that number. Where the parser has already taken that one, the reference
    /// puts the new token last.
    fn insert(&mut self, number: usize, token: Token) {
        match number.checked_sub(self.taken) {
            Some(index) if index <= self.tokens.len() => self.tokens.insert(index, token),
            _ => self.tokens.push_back(token),
        }
    }

    fn next_number(&self) -> usize {
        self.taken + self.tokens.len()
    }

    fn save_simple_key(&mut self) -> Outcome<()> {
        if !self.is_simple_key_allowed {
            return Ok(());
        }
        self.drop_simple_key()?;
        let key = SimpleKey {
            is_possible: true,
            is_required: !self.is_flow() && self.indent == self.column_signed(),
            is_awaited: true,
            token: self.next_number(),
            line: self.line,
            column: self.column(),
            start: self.place(self.at),
        };
        if let Some(last) = self.simple_keys.last_mut() {
            *last = key;
        }
        Ok(())
    }

    /// Gives up the possible simple key of this level.
    fn drop_simple_key(&mut self) -> Outcome<()> {
        if let Some(key) = self.simple_keys.last_mut()
            && key.is_possible
        {
            if key.is_required {
                let start = key.start;
                return Err(self.missing_colon(start));
            }
            key.is_possible = false;
            key.is_awaited = false;
        }
        Ok(())
    }

    fn check_depth(&self, depth: usize) -> Outcome<()> {
        if depth <= self.limit {
            return Ok(());
        }
        let message = format!("nested deeper than {} levels", self.limit);
        Err(Mistake::new(SyntaxErrorKind::TooDeep, self.here(1), message))
    }

    /// Opens a block collection at `column` unless one is open there; its token goes before token `number`.
    fn roll_indent(&mut self, column: usize, number: usize, kind: TokenKind, start: u32) -> Outcome<()> {
        let column = isize::try_from(column).unwrap_or(isize::MAX);
        if self.is_flow() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        self.check_depth(self.indents.len())?;
        self.insert(number, Token { kind, span: Span::at(start) });
        Ok(())
    }

    /// Closes the block collections that stand further right than `column`.
    fn unroll_indent(&mut self, column: isize) {
        if self.is_flow() {
            return;
        }
        while self.indent > column {
            let here = self.place(self.at);
            self.push(TokenKind::BlockEnd, here, here);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_stream_end(&mut self) -> Outcome<()> {
        // No key goes on past the end, not even one on the last line.
        self.line += 1;
        self.unroll_indent(-1);
        self.drop_simple_key()?;
        self.is_simple_key_allowed = false;
        let here = self.place(self.at);
        self.push(TokenKind::StreamEnd, here, here);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Outcome<()> {
        self.unroll_indent(-1);
        self.drop_simple_key()?;
        self.is_simple_key_allowed = false;
        self.scan_directive()
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind) -> Outcome<()> {
        self.unroll_indent(-1);
        self.drop_simple_key()?;
        self.is_simple_key_allowed = false;
        self.push_indicator(kind, 3);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Outcome<()> {
        self.save_simple_key()?;
        let (token, start) = (self.next_number(), self.place(self.at));
        let key = SimpleKey { token, line: self.line, column: self.column(), start, ..SimpleKey::default() };
        self.simple_keys.push(key);
        self.check_depth(self.simple_keys.len() - 1 + self.indents.len())?;
        self.is_simple_key_allowed = true;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Outcome<()> {
        self.drop_simple_key()?;
        if self.is_flow()
            && let Some(closed) = self.simple_keys.pop()
            && let Some(outer) = self.simple_keys.last_mut()
            && outer.token == closed.token
        {
            // The reference forgets to wait for the `:` after a collection in which no key was possible, so that
            // `{}: x` is an empty map and the rest is not read.
            outer.is_awaited = false;
        }
        self.is_simple_key_allowed = false;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Outcome<()> {
        if !self.is_flow() {
            if !self.is_simple_key_allowed {
                return Err(Mistake::yaml(self.here(1), "a list item cannot begin on the line of its key"));
            }
            let here = self.place(self.at);
            self.roll_indent(self.column(), self.next_number(), TokenKind::BlockSequenceStart, here)?;
        }
        self.drop_simple_key()?;
        self.is_simple_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Outcome<()> {
        if !self.is_flow() {
            if !self.is_simple_key_allowed {
                return Err(Mistake::yaml(self.here(1), "a mapping key cannot stand here"));
            }
            let here = self.place(self.at);
            self.roll_indent(self.column(), self.next_number(), TokenKind::BlockMappingStart, here)?;
        }
        self.drop_simple_key()?;
        self.is_simple_key_allowed = !self.is_flow();
        self.push_indicator(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Outcome<()> {
        let level = self.simple_keys.len() - 1;
        if self.is_key_valid(level)? {
            let key = self.simple_keys.last().copied().unwrap_or_default();
            self.insert(key.token, Token { kind: TokenKind::Key, span: Span::at(key.start) });
            self.roll_indent(key.column, key.token, TokenKind::BlockMappingStart, key.start)?;
            if let Some(last) = self.simple_keys.last_mut() {
                last.is_possible = false;
                last.is_awaited = false;
            }
            self.is_simple_key_allowed = false;
        } else {
            if !self.is_flow() {
                if !self.is_simple_key_allowed {
                    let message = "a `:` cannot stand here: check the indentation, or quote the text";
                    return Err(Mistake::yaml(self.here(1), message));
                }
                let here = self.place(self.at);
                self.roll_indent(self.column(), self.next_number(), TokenKind::BlockMappingStart, here)?;
            }
            self.is_simple_key_allowed = !self.is_flow();
        }
        self.push_indicator(TokenKind::Value, 1);
        Ok(())
    }

    /// `&name` or `*name`.
    fn fetch_name(&mut self, kind: TokenKind) -> Outcome<()> {
        self.save_simple_key()?;
        self.is_simple_key_allowed = false;
        let start = self.at;
        self.at += 1;
        self.pass_word();
        let is_ended = self.is_blank_or_end(self.at)
            || matches!(self.byte(self.at), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if self.at == start + 1 || !is_ended {
            let what = if kind == TokenKind::Alias { "an alias" } else { "an anchor" };
            let message = format!("{what} is made of letters, digits, `-` and `_`");
            return Err(Mistake::yaml(self.here(1), message));
        }
        self.push(kind, self.place(start), self.place(self.at));
        Ok(())
    }

    fn fetch_plain(&mut self) -> Outcome<()> {
        self.save_simple_key()?;
        self.is_simple_key_allowed = false;
        self.scan_plain()
    }

    /// Goes past letters, digits, `-` and `_`.
    pub(super) fn pass_word(&mut self) {
        while matches!(self.byte(self.at), b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-') {
            self.at += 1;
        }
    }
}
