//! The text format of protocol buffers, as far as test files use it.

use anyhow::{Result, bail};

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A number, a word, `true` …, as written.
    Word(String),
    /// A string; bytes, since escapes may make any.
    Text(Vec<u8>),
    Message(Message),
}

/// Fields in order; a repeated field stands several times.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Message(pub(crate) Vec<(String, Value)>);

impl Message {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    pub(crate) fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Value> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value)
    }

    pub(crate) fn message(&self, name: &str) -> Option<&Message> {
        match self.get(name)? {
            Value::Message(message) => Some(message),
            _ => None,
        }
    }

    pub(crate) fn messages<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Message> {
        self.all(name).filter_map(|value| match value {
            Value::Message(message) => Some(message),
            _ => None,
        })
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Value::Word(word) => Some(word.clone()),
            Value::Message(_) => None,
        }
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Word(word)) if word == "true")
    }
}

pub(crate) fn parse(text: &str) -> Result<Message> {
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    let message = reader.message(None)?;
    Ok(message)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at)? {
                b'#' => {
                    while self.text.get(self.at).is_some_and(|byte| *byte != b'\n') {
                        self.at += 1;
                    }
                }
                byte if byte.is_ascii_whitespace() || matches!(byte, b',' | b';') => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn word(&mut self) -> String {
        let start = self.at;
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-+/".contains(byte);
        while self.text.get(self.at).is_some_and(is_word) {
            self.at += 1;
        }
        String::from_utf8_lossy(self.text.get(start..self.at).unwrap_or_default()).into_owned()
    }

    fn message(&mut self, end: Option<u8>) -> Result<Message> {
        let mut message = Message::default();
        loop {
            match self.peek() {
                None if end.is_none() => return Ok(message),
                None => bail!("a message is not closed"),
                byte if byte == end => {
                    self.at += 1;
                    return Ok(message);
                }
                Some(first) => {
                    let name = if first == b'[' { self.extension() } else { self.word() };
                    if name.is_empty() {
                        bail!("no field name at byte {}", self.at);
                    }
                    if self.peek() == Some(b':') {
                        self.at += 1;
                    }
                    if self.peek() == Some(b'[') {
                        self.at += 1;
                        while self.peek() != Some(b']') {
                            let value = self.field_value()?;
                            message.0.push((name.clone(), value));
                        }
                        self.at += 1;
                        continue;
                    }
                    let value = self.field_value()?;
                    message.0.push((name, value));
                }
            }
        }
    }

    /// The name of an extension, or of the type of an `Any`.
    fn extension(&mut self) -> String {
        while self.text.get(self.at).is_some_and(|byte| *byte != b']') {
            self.at += 1;
        }
        self.at += 1;
        "[type]".into()
    }

    fn field_value(&mut self) -> Result<Value> {
        if self.peek() == Some(b':') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                self.message(Some(b'}')).map(Value::Message)
            }
            Some(b'<') => {
                self.at += 1;
                self.message(Some(b'>')).map(Value::Message)
            }
            Some(b'"' | b'\'') => {
                let mut bytes = Vec::new();
                while let Some(quote @ (b'"' | b'\'')) = self.peek() {
                    self.at += 1;
                    self.string(quote, &mut bytes)?;
                }
                Ok(Value::Text(bytes))
            }
            Some(_) => {
                let word = self.word();
                if word.is_empty() {
                    bail!("no value at byte {}", self.at);
                }
                Ok(Value::Word(word))
            }
            None => bail!("a value is missing"),
        }
    }

    fn string(&mut self, quote: u8, out: &mut Vec<u8>) -> Result<()> {
        while let Some(byte) = self.text.get(self.at).copied() {
            self.at += 1;
            if byte == quote {
                return Ok(());
            }
            if byte != b'\\' {
                out.push(byte);
                continue;
            }
            let Some(kind) = self.text.get(self.at).copied() else { break };
            self.at += 1;
            let digits = |reader: &mut Self, most: usize, radix: u32| -> Option<u32> {
                let mut value = None;
                for _ in 0..most {
                    let digit = reader.text.get(reader.at).and_then(|byte| char::from(*byte).to_digit(radix));
                    let Some(digit) = digit else { break };
                    value = Some(value.unwrap_or(0) * radix + digit);
                    reader.at += 1;
                }
                value
            };
            match kind {
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'a' => out.push(7),
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'v' => out.push(11),
                b'x' => out.extend(digits(self, 2, 16).and_then(|value| u8::try_from(value).ok())),
                b'u' | b'U' => {
                    let code = digits(self, if kind == b'u' { 4 } else { 8 }, 16).and_then(char::from_u32);
                    let c = code.unwrap_or(char::REPLACEMENT_CHARACTER);
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                b'0'..=b'7' => {
                    self.at -= 1;
                    out.extend(digits(self, 3, 8).and_then(|value| u8::try_from(value).ok()));
                }
                other => out.push(other),
            }
        }
        bail!("a string is not closed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lists_and_strings_are_read() {
        let message = parse("# c\na: 1 b { c: \"x\\n\" 'y' } d: [1, 2] e { [t/u] { f: true } }").unwrap();
        assert_eq!(message.text("a").as_deref(), Some("1"));
        assert_eq!(message.message("b").unwrap().text("c").as_deref(), Some("x\ny"));
        assert_eq!(message.all("d").count(), 2);
        assert!(message.message("e").unwrap().message("[type]").unwrap().is_set("f"));
    }
}
