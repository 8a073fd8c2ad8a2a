//! Rego text to tokens. White space matters in two places: between a name and `(`, `[` or `.`, and between literals.

use super::RegoError;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tok {
    /// A name or keyword.
    Ident(String),
    /// A text, escapes undone.
    Str(String),
    /// A number as written.
    Number(String),
    /// Punctuation and operators.
    Punct(&'static str),
    /// The end of the text.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) tok: Tok,
    /// Byte offset of its first byte.
    pub(crate) start: u32,
    /// White space or a comment stands before it.
    pub(crate) spaced: bool,
    /// A line break stands before it.
    pub(crate) newline: bool,
}

/// Longest first.
const PUNCTUATION: [&str; 29] = [
    ":=", "==", "!=", "<=", ">=", "{", "}", "[", "]", "(", ")", ",", ";", ":", ".", "=", "<", ">", "+", "-",
    "*", "/", "%", "&", "|", "!", "@", "?", "#",
];

/// Splits a module into tokens; the last one is [`Tok::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, RegoError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let (spaced, newline) = lexer.skip_space();
        let start = lexer.at;
        let tok = lexer.token()?;
        let is_end = tok == Tok::End;
        tokens.push(Token { tok, start: offset(start), spaced, newline });
        if is_end {
            return Ok(tokens);
        }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, at: usize, message: impl Into<String>) -> RegoError {
        RegoError { offset: offset(at), message: message.into() }
    }

    fn skip_space(&mut self) -> (bool, bool) {
        let mut spaced = false;
        let mut newline = false;
        loop {
            let rest = self.rest();
            match rest.bytes().next() {
                Some(b'\n') => newline = true,
                Some(b' ' | b'\t' | b'\r') => {}
                Some(b'#') => {
                    self.at += rest.find('\n').unwrap_or(rest.len());
                    spaced = true;
                    continue;
                }
                _ => return (spaced, newline),
            }
            spaced = true;
            self.at += 1;
        }
    }

    fn token(&mut self) -> Result<Tok, RegoError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Tok::End) };
        if first.is_ascii_alphabetic() || first == '_' {
            let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.at += len;
            return Ok(Tok::Ident(rest.get(..len).unwrap_or_default().to_owned()));
        }
        if first.is_ascii_digit() {
            return self.number(rest);
        }
        if first == '"' {
            return self.string(rest);
        }
        if first == '`' {
            let body = rest.get(1..).unwrap_or_default();
            let Some(len) = body.find('`') else {
                return Err(self.error(self.at, "raw text without its closing backtick"));
            };
            self.at += len + 2;
            return Ok(Tok::Str(body.get(..len).unwrap_or_default().to_owned()));
        }
        match PUNCTUATION.into_iter().find(|text| rest.starts_with(text)) {
            Some(text) => {
                self.at += text.len();
                Ok(Tok::Punct(text))
            }
            None => Err(self.error(self.at, format!("illegal character `{first}`"))),
        }
    }

    fn number(&mut self, rest: &str) -> Result<Tok, RegoError> {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut len = digits(rest);
        if rest.starts_with('0') && len > 1 {
            return Err(self.error(self.at, "a number does not begin with 0"));
        }
        if let Some(fraction) = rest.get(len..).and_then(|rest| rest.strip_prefix('.')) {
            let count = digits(fraction);
            if count == 0 {
                return Err(self.error(self.at, "a number needs digits after the point"));
            }
            len += 1 + count;
        }
        if let Some(exponent) = rest.get(len..).and_then(|rest| rest.strip_prefix(['e', 'E'])) {
            let sign = usize::from(exponent.starts_with(['+', '-']));
            let count = exponent.get(sign..).map_or(0, digits);
            if count == 0 {
                return Err(self.error(self.at, "a number needs digits in its exponent"));
            }
            len += 1 + sign + count;
        }
        self.at += len;
        Ok(Tok::Number(rest.get(..len).unwrap_or_default().to_owned()))
    }

    fn string(&mut self, rest: &str) -> Result<Tok, RegoError> {
        let start = self.at;
        let mut is_escaped = false;
        for (index, c) in rest.char_indices().skip(1) {
            match c {
                '\n' => break,
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => {
                    self.at += index + 1;
                    let text = rest.get(..=index).unwrap_or_default();
                    // Texts are JSON texts, except that a tab may stand in them.
                    let text = text.replace('\t', "\\t");
                    return serde_json::from_str(&text)
                        .map(Tok::Str)
                        .map_err(|_| self.error(start, "text with an illegal escape sequence"));
                }
                _ => {}
            }
        }
        Err(self.error(start, "text without its closing quote"))
    }
}
