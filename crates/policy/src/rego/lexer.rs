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
    /// `$"text {expression}"`
    Template(Vec<Part>),
    /// The end of the text.
    End,
}

/// A part of a template string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    /// What stands in braces; the last token is [`Tok::End`].
    Expr(Vec<Token>),
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
    let mut lexer = Lexer { text, at: 0, depth: 0 };
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

/// Deepest nesting of template strings in one another.
const TEMPLATES: usize = 20;

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// In how many template strings this is.
    depth: usize,
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
        if rest.starts_with("$\"") || rest.starts_with("$`") {
            return self.template(rest.starts_with("$`"));
        }
        match PUNCTUATION.into_iter().find(|text| rest.starts_with(text)) {
            Some(text) => {
                self.at += text.len();
                Ok(Tok::Punct(text))
            }
            None => Err(self.error(self.at, format!("illegal character `{first}`"))),
        }
    }

    /// A template string: texts, with expressions in braces between them.
    fn template(&mut self, is_raw: bool) -> Result<Tok, RegoError> {
        let start = self.at;
        self.depth += 1;
        if self.depth > TEMPLATES {
            return Err(self.error(start, "template strings nest too deep"));
        }
        let quote = if is_raw { '`' } else { '"' };
        self.at += 2;
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(first) = rest.chars().next().filter(|c| is_raw || *c != '\n') else {
                return Err(self.error(start, "template string without its closing quote"));
            };
            self.at += first.len_utf8();
            match first {
                '\\' => {
                    let escaped = rest.chars().nth(1).filter(|c| *c == '{' || !is_raw && *c != '\n');
                    self.at += escaped.map_or(0, char::len_utf8);
                    // A brace is escaped here, in other texts it is not; its backslash goes.
                    if escaped != Some('{') {
                        text.push('\\');
                    }
                    text.extend(escaped);
                }
                '{' => {
                    self.end_part(&mut text, is_raw, start, &mut parts)?;
                    parts.push(Part::Expr(self.braced()?));
                }
                c if c == quote => break,
                c => text.push(c),
            }
        }
        self.end_part(&mut text, is_raw, start, &mut parts)?;
        self.depth -= 1;
        Ok(Tok::Template(parts))
    }

    /// Keeps the text so far, escapes undone.
    fn end_part(
        &self,
        text: &mut String,
        is_raw: bool,
        start: usize,
        parts: &mut Vec<Part>,
    ) -> Result<(), RegoError> {
        let text = std::mem::take(text);
        if text.is_empty() {
            return Ok(());
        }
        let text = match is_raw {
            true => text,
            false => serde_json::from_str(&format!("\"{}\"", text.replace('\t', "\\t")))
                .map_err(|_| self.error(start, "template string with an illegal escape sequence"))?,
        };
        parts.push(Part::Text(text));
        Ok(())
    }

    /// Tokens up to the brace that closes them.
    fn braced(&mut self) -> Result<Vec<Token>, RegoError> {
        let start = self.at;
        let mut tokens = Vec::new();
        let mut open = 0_usize;
        loop {
            let (spaced, newline) = self.skip_space();
            let at = offset(self.at);
            let tok = match self.token()? {
                Tok::End => return Err(self.error(start, "`{` of a template string without its `}`")),
                Tok::Punct("}") if open == 0 => Tok::End,
                tok => tok,
            };
            match tok {
                Tok::Punct("{") => open += 1,
                Tok::Punct("}") => open -= 1,
                _ => {}
            }
            let is_end = tok == Tok::End;
            tokens.push(Token { tok, start: at, spaced, newline });
            if is_end {
                return Ok(tokens);
            }
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
