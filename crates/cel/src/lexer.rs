//! Text to tokens, by the grammar of CEL.

use crate::ast::Range;
use crate::error::Issue;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Ident(Box<str>),
    /// An identifier in backquotes.
    Escaped(Box<str>),
    /// Digits without sign; `0x` stays in the text.
    Int(Box<str>),
    Uint(Box<str>),
    Double(Box<str>),
    String(Box<str>),
    Bytes(Box<[u8]>),
    True,
    False,
    Null,
    In,
    /// An operator or bracket, as written.
    Punct(&'static str),
    End,
}

impl Token {
    pub(crate) fn describe(&self) -> String {
        match self {
            Token::Ident(name) | Token::Escaped(name) => format!("`{name}`"),
            Token::Int(text) | Token::Double(text) => format!("`{text}`"),
            Token::Uint(text) => format!("`{text}u`"),
            Token::String(_) => "a string".into(),
            Token::Bytes(_) => "a bytes literal".into(),
            Token::True => "`true`".into(),
            Token::False => "`false`".into(),
            Token::Null => "`null`".into(),
            Token::In => "`in`".into(),
            Token::Punct(text) => format!("`{text}`"),
            Token::End => "the end".into(),
        }
    }
}

pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

/// Longest first, so that `<=` is not read as `<`.
const PUNCTUATION: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":",
    "+", "*", "/", "%", "=",
];

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn range(&self, start: usize) -> Range {
        Range {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(self.at).unwrap_or(u32::MAX),
        }
    }

    fn issue(&self, start: usize, message: impl Into<String>) -> Issue {
        Issue { at: self.range(start).start, message: format!("Syntax error: {}", message.into()) }
    }

    pub(crate) fn next_token(&mut self) -> Result<(Token, Range), Issue> {
        self.skip_space();
        let start = self.at;
        let Some(byte) = self.byte(0) else { return Ok((Token::End, self.range(start))) };
        let token = match byte {
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_some_and(|byte| byte.is_ascii_digit()) => self.number(),
            b'"' | b'\'' => self.string(start, false, false)?,
            b'`' => self.escaped(start)?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => match self.string_prefix() {
                Some((len, raw, bytes)) => {
                    self.at += len;
                    self.string(start, raw, bytes)?
                }
                None => self.word(),
            },
            _ => {
                let rest = self.rest();
                let Some(text) = PUNCTUATION.into_iter().find(|text| rest.starts_with(text)) else {
                    let bad = rest.chars().next().unwrap_or_default();
                    return Err(self.issue(start, format!("token recognition error at: '{bad}'")));
                };
                self.at += text.len();
                Token::Punct(text)
            }
        };
        Ok((token, self.range(start)))
    }

    /// Length of `r`, `b`, `br` or `rb` before a quote, whether it is raw, whether it is bytes.
    fn string_prefix(&self) -> Option<(usize, bool, bool)> {
        let quote = |ahead| matches!(self.byte(ahead), Some(b'"' | b'\''));
        match (self.byte(0)?, self.byte(1)?) {
            (b'r' | b'R', _) if quote(1) => Some((1, true, false)),
            (b'b' | b'B', _) if quote(1) => Some((1, false, true)),
            (b'b' | b'B', b'r' | b'R') if quote(2) => Some((2, true, true)),
            _ => None,
        }
    }

    fn word(&mut self) -> Token {
        let rest = self.rest();
        let len = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        self.at += len;
        match rest.get(..len).unwrap_or_default() {
            "true" => Token::True,
            "false" => Token::False,
            "null" => Token::Null,
            "in" => Token::In,
            word => Token::Ident(word.into()),
        }
    }

    fn escaped(&mut self, start: usize) -> Result<Token, Issue> {
        let inner = self.rest().get(1..).unwrap_or_default();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ' ');
        let len = inner.find(|c| !allowed(c)).unwrap_or(inner.len());
        if len == 0 || inner.as_bytes().get(len) != Some(&b'`') {
            return Err(self.issue(start, "token recognition error at: '`'"));
        }
        self.at += len + 2;
        Ok(Token::Escaped(inner.get(..len).unwrap_or_default().into()))
    }

    fn digits(&self, mut ahead: usize) -> usize {
        while self.byte(ahead).is_some_and(|byte| byte.is_ascii_digit()) {
            ahead += 1;
        }
        ahead
    }

    fn number(&mut self) -> Token {
        let rest = self.rest();
        let take = |len: usize| -> Box<str> { rest.get(..len).unwrap_or_default().into() };
        let is_unsigned = |lexer: &Self, len| matches!(lexer.byte(len), Some(b'u' | b'U'));
        if rest.starts_with("0x") && self.byte(2).is_some_and(|byte| byte.is_ascii_hexdigit()) {
            let len = 2 + rest.bytes().skip(2).take_while(u8::is_ascii_hexdigit).count();
            if is_unsigned(self, len) {
                self.at += len + 1;
                return Token::Uint(take(len));
            }
            self.at += len;
            return Token::Int(take(len));
        }
        let mut len = self.digits(0);
        let mut is_double = false;
        if self.byte(len) == Some(b'.') && self.byte(len + 1).is_some_and(|byte| byte.is_ascii_digit()) {
            len = self.digits(len + 1);
            is_double = true;
        }
        if matches!(self.byte(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.byte(len + 1), Some(b'+' | b'-')));
            let end = self.digits(len + 1 + sign);
            if end > len + 1 + sign {
                len = end;
                is_double = true;
            }
        }
        if is_double {
            self.at += len;
            return Token::Double(take(len));
        }
        if is_unsigned(self, len) {
            self.at += len + 1;
            return Token::Uint(take(len));
        }
        self.at += len;
        Token::Int(take(len))
    }

    fn string(&mut self, start: usize, raw: bool, bytes: bool) -> Result<Token, Issue> {
        let rest = self.rest();
        let quote = if rest.starts_with('"') { "\"" } else { "'" };
        let triple = if quote == "\"" { "\"\"\"" } else { "'''" };
        let delimiter = if rest.starts_with(triple) { triple } else { quote };
        self.at += delimiter.len();
        let mut text = String::new();
        let mut binary = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(delimiter) {
                self.at += delimiter.len();
                break;
            }
            let Some(c) = rest.chars().next() else {
                return Err(self.issue(start, format!("string opened by {delimiter} is not closed")));
            };
            if delimiter.len() == 1 && matches!(c, '\n' | '\r') {
                return Err(self.issue(start, "a line break in a string that is not triple-quoted"));
            }
            if c == '\\' && !raw {
                self.escape(bytes, &mut text, &mut binary)?;
                continue;
            }
            self.at += c.len_utf8();
            push(c, bytes, &mut text, &mut binary);
        }
        Ok(if bytes { Token::Bytes(binary.into()) } else { Token::String(text.into()) })
    }

    /// Reads one escape sequence at the backslash.
    fn escape(&mut self, bytes: bool, text: &mut String, binary: &mut Vec<u8>) -> Result<(), Issue> {
        let start = self.at;
        let kind = self.byte(1).unwrap_or(0);
        let simple = match kind {
            b'a' => Some('\u{7}'),
            b'b' => Some('\u{8}'),
            b'f' => Some('\u{c}'),
            b'n' => Some('\n'),
            b'r' => Some('\r'),
            b't' => Some('\t'),
            b'v' => Some('\u{b}'),
            b'"' | b'\'' | b'\\' | b'?' | b'`' => Some(char::from(kind)),
            _ => None,
        };
        if let Some(c) = simple {
            self.at += 2;
            push(c, bytes, text, binary);
            return Ok(());
        }
        let (skip, len, radix) = match kind {
            b'x' | b'X' => (2, 2, 16),
            b'u' => (2, 4, 16),
            b'U' => (2, 8, 16),
            b'0'..=b'3' => (1, 3, 8),
            _ => return Err(self.issue(start, "unknown escape sequence")),
        };
        let digits = self.rest().get(skip..skip + len).unwrap_or_default();
        // `from_str_radix` would take a sign.
        let valid = digits.len() == len && digits.chars().all(|c| c.is_digit(radix));
        let Some(code) = valid.then(|| u32::from_str_radix(digits, radix).ok()).flatten() else {
            return Err(self.issue(start, "escape sequence with too few digits"));
        };
        self.at += skip + len;
        let is_byte = matches!(kind, b'x' | b'X' | b'0'..=b'3');
        if bytes && is_byte {
            binary.push(u8::try_from(code).unwrap_or_default());
            return Ok(());
        }
        let Some(c) = char::from_u32(code) else {
            return Err(self.issue(start, "escape sequence of no Unicode character"));
        };
        push(c, bytes, text, binary);
        Ok(())
    }
}

fn push(c: char, bytes: bool, text: &mut String, binary: &mut Vec<u8>) {
    if bytes {
        binary.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        text.push(c);
    }
}
