//! A lazy reader of JSON events: finds values by key without building a tree, and skips what nobody asks for.
//!
//! What is skipped is checked for its structure only (strings end, brackets balance); what is read is read
//! strictly. Of a key that stands twice the first counts, as it does for Falco's plugins.

mod members;
mod scan;

use std::borrow::Cow;
use std::fmt;

pub use members::{MemberPart, Objects};
pub(crate) use members::{find, find_member, read_members};
use scan::{RawMember, has_backslash, may_have_key, next_member, skip_string};

/// Why a text is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonError {
    /// The text ends inside a value.
    Truncated,
    /// Something stands where a value, a key, a colon or a comma has to.
    Malformed,
}

/// A part of an event: byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    /// First byte.
    pub start: u32,
    /// Byte after the last one.
    pub end: u32,
}

impl Part {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        // Events are bounded far below 4 GiB; a longer one saturates and then slices to nothing.
        Self { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
    }

    /// The text of the part; empty where it does not fit.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// What a value is, told by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    String,
    /// A digit or `-`.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// A value inside a text.
#[derive(Clone, Copy)]
pub struct Value<'t> {
    text: &'t str,
    part: Part,
    /// What is known about the objects of the text.
    objects: Option<&'t Objects>,
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.text, self.part) == (other.text, other.part)
    }
}

impl Eq for Value<'_> {}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.raw())
    }
}

impl<'t> Value<'t> {
    /// The whole text as one value: its blanks are dropped, its structure is checked.
    pub fn parse(text: &'t str) -> Result<Self, JsonError> {
        let bytes = text.as_bytes();
        let start = skip_blanks(bytes, 0);
        let end = skip_value(bytes, start)?;
        match skip_blanks(bytes, end) == bytes.len() {
            true => Ok(Self::at(text, Part::new(start, end))),
            false => Err(JsonError::Malformed),
        }
    }

    /// The value at a known part of the text.
    pub fn at(text: &'t str, part: Part) -> Self {
        Self { text, part, objects: None }
    }

    /// The same value, whose objects are read once for all that look into them. They have to be those of its text.
    #[must_use]
    pub(crate) fn remembering(self, objects: &'t Objects) -> Self {
        Self { objects: Some(objects), ..self }
    }

    fn within(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// Where the value stands in the text.
    pub fn part(self) -> Part {
        self.part
    }

    /// The value as it is written.
    pub fn raw(self) -> &'t str {
        self.part.of(self.text)
    }

    /// What the value is.
    pub fn kind(self) -> Kind {
        match self.raw().as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// The text if this is a string; borrowed unless it has escapes.
    pub fn string(self) -> Option<Cow<'t, str>> {
        (self.kind() == Kind::String).then(|| unescape(inner(self.raw())))
    }

    /// The boolean if this is one.
    pub fn bool(self) -> Option<bool> {
        match self.raw() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The value as a text: a string without its quotes, anything else as JSON without blanks.
    pub fn to_text(self) -> Cow<'t, str> {
        self.string().unwrap_or_else(|| compact(self.raw()))
    }

    /// The value under `key` if this is an object, the item if it is a list and the key a number.
    pub fn get(self, key: &str) -> Option<Value<'t>> {
        match self.kind() {
            Kind::Object if self.objects.is_some() => self.remembered(key),
            Kind::Object if !may_have_key(self.raw().as_bytes(), key.as_bytes()) => None,
            Kind::Object => self.members().find(|member| member.key_is(key)).map(|member| member.value),
            Kind::Array => self.items().nth(key.parse().ok()?),
            _ => None,
        }
    }

    fn remembered(self, key: &str) -> Option<Value<'t>> {
        match self.objects?.find(self.text, self.part, key) {
            Some(found) => found.map(|part| self.within(part)),
            None => Self { objects: None, ..self }.get(key),
        }
    }

    /// The value at the end of a path of keys.
    pub fn path(self, keys: &[&str]) -> Option<Value<'t>> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The members if this is an object, else none. Ends early where the object is malformed.
    pub fn members(self) -> Members<'t> {
        let at = match self.kind() {
            Kind::Object => self.part.start as usize + 1,
            _ => usize::MAX,
        };
        Members { value: self, at, end: self.part.end as usize }
    }

    /// The items if this is a list, else none. Ends early where the list is malformed.
    pub fn items(self) -> Items<'t> {
        let at = match self.kind() {
            Kind::Array => self.part.start as usize + 1,
            _ => usize::MAX,
        };
        Items { value: self, at }
    }
}

/// A key with its value.
#[derive(Debug, Clone, Copy)]
pub struct Member<'t> {
    /// The key as it is written, without quotes.
    pub raw_key: &'t str,
    /// Whether the key is written with escapes.
    pub has_escape: bool,
    /// The value.
    pub value: Value<'t>,
}

impl Member<'_> {
    /// Whether the key is `key`, escapes considered.
    pub fn key_is(&self, key: &str) -> bool {
        self.raw_key == key || (self.has_escape && unescape(self.raw_key) == key)
    }
}

/// See [`Value::members`].
#[derive(Debug, Clone)]
pub struct Members<'t> {
    value: Value<'t>,
    at: usize,
    end: usize,
}

impl<'t> Iterator for Members<'t> {
    type Item = Member<'t>;

    fn next(&mut self) -> Option<Member<'t>> {
        let bytes = self.value.text.as_bytes();
        if self.at >= self.end {
            return None;
        }
        let RawMember { key, has_escape, value, next, .. } = next_member(bytes, self.at).ok()??;
        self.at = next;
        Some(Member { raw_key: key.of(self.value.text), has_escape, value: self.value.within(value) })
    }
}

/// See [`Value::items`].
#[derive(Debug, Clone)]
pub struct Items<'t> {
    value: Value<'t>,
    at: usize,
}

impl<'t> Iterator for Items<'t> {
    type Item = Value<'t>;

    fn next(&mut self) -> Option<Value<'t>> {
        let bytes = self.value.text.as_bytes();
        let start = skip_blanks(bytes, self.at);
        if matches!(bytes.get(start)?, b']') {
            return None;
        }
        let end = skip_value(bytes, start).ok()?;
        self.at = skip_comma(bytes, end);
        Some(self.value.within(Part::new(start, end)))
    }
}

fn skip_comma(bytes: &[u8], at: usize) -> usize {
    let at = skip_blanks(bytes, at);
    at + usize::from(bytes.get(at) == Some(&b','))
}

#[inline(always)]
pub(crate) fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    // None and one are by far the most.
    match bytes.get(at) {
        Some(byte) if *byte > b' ' => at,
        Some(b' ') if bytes.get(at + 1).is_some_and(|byte| *byte > b' ') => at + 1,
        _ => skip_some_blanks(bytes, at),
    }
}

#[cold]
fn skip_some_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// The end of the value that begins at `start`.
#[inline]
pub(crate) fn skip_value(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    scan::skip_value(bytes, start)
}

fn skip_word(bytes: &[u8], start: usize, word: &[u8]) -> Result<usize, JsonError> {
    let rest = bytes.get(start..).unwrap_or_default();
    match rest.starts_with(word) {
        true => Ok(start + word.len()),
        false if word.starts_with(rest) => Err(JsonError::Truncated),
        false => Err(JsonError::Malformed),
    }
}

fn inner(quoted: &str) -> &str {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

/// Whether the inside of a string has escapes.
#[inline]
pub(crate) fn has_escape(inner: &[u8]) -> bool {
    has_backslash(inner)
}

/// Decodes the inside of a string. A wrong escape stays as it is written; half a surrogate pair becomes U+FFFD.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !has_backslash(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let mut chars = rest.chars();
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some(plain @ ('"' | '\\' | '/')) => out.push(plain),
            Some('u') => {
                let (char, length) = unicode_escape(rest);
                match char {
                    Some(char) => out.push(char),
                    None => out.push_str("\\u"),
                }
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads `uXXXX`, with the second half of a surrogate pair: the character and the bytes that it takes.
fn unicode_escape(text: &str) -> (Option<char>, usize) {
    let unit = |from: usize| {
        let digits = text.get(from..from + 4)?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    };
    match unit(1) {
        None => (None, 1),
        Some(high @ 0xd800..=0xdbff) if text.get(5..7) == Some("\\u") => match unit(7) {
            Some(low @ 0xdc00..=0xdfff) => {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                (Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)), 11)
            }
            _ => (Some(char::REPLACEMENT_CHARACTER), 5),
        },
        Some(code) => (Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)), 5),
    }
}

/// JSON without the blanks between its tokens.
pub(crate) fn compact(raw: &str) -> Cow<'_, str> {
    let bytes = raw.as_bytes();
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let mut at = 0;
    let mut first_blank = None;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' {
            at = skip_string(bytes, at).map_or(bytes.len(), |(end, _)| end);
            continue;
        }
        if is_blank(byte) {
            first_blank = Some(at);
            break;
        }
        at += 1;
    }
    let Some(mut at) = first_blank else { return Cow::Borrowed(raw) };
    let mut out = String::with_capacity(raw.len());
    let mut from = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' {
            at = skip_string(bytes, at).map_or(bytes.len(), |(end, _)| end);
        } else if is_blank(byte) {
            out.push_str(raw.get(from..at).unwrap_or_default());
            at = skip_blanks(bytes, at);
            from = at;
        } else {
            at += 1;
        }
    }
    out.push_str(raw.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_values_by_path_and_takes_the_first_of_two_keys() {
        let text = r#" {"a": {"b": [1, {"c\u0064": "x\"y"}]}, "n": null, "n": 2} "#;
        let value = Value::parse(text).unwrap();
        assert_eq!(value.path(&["a", "b", "1", "cd"]).unwrap().to_text(), "x\"y");
        assert_eq!(value.get("n").unwrap().raw(), "null");
        assert_eq!(value.get("a").unwrap().to_text(), r#"{"b":[1,{"c\u0064":"x\"y"}]}"#);
        assert!(value.path(&["a", "b", "2"]).is_none());
    }

    #[test]
    fn tells_truncated_from_malformed() {
        let whole = r#"{"a":[true,"x\\",{"b":-1.5e+3}],"c":"d"}"#;
        assert!(Value::parse(whole).is_ok());
        for end in 0..whole.len() {
            assert_eq!(Value::parse(&whole[..end]), Err(JsonError::Truncated), "{}", &whole[..end]);
        }
        for text in ["{} x", "x", "}", "trux"] {
            assert_eq!(Value::parse(text), Err(JsonError::Malformed), "{text}");
        }
    }

    #[test]
    fn surrogates_are_joined() {
        assert_eq!(unescape(r"\ud55c\uAE00 \ud83d\ude00 \ud83d \q \u12"), "한글 😀 \u{fffd} \\q \\u12");
    }

    #[test]
    fn malformed_objects_end_early() {
        let value = Value::parse(r#"{"a":1,b:2}"#).unwrap();
        assert_eq!(value.members().count(), 1);
    }
}
