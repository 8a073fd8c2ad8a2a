//! Values as text, in block and flow style.

use std::fmt::Write as _;

use super::NewValue;
use crate::Scalar;

/// How the lines of a block are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) line_break: &'static str,
    /// How far a map is indented below its key.
    pub(super) map_step: usize,
    /// How far the dashes of a list are.
    pub(super) list_step: usize,
}

/// How the lines of a bracket that takes several are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow<'i> {
    pub(super) json: bool,
    /// Neither blanks after colons nor after commas.
    pub(super) compact: bool,
    /// Line break, indentation of the entry, and how far what is in it is indented.
    pub(super) lines: Option<(&'static str, &'i str, &'i str)>,
}

pub(super) fn scalar(value: &NewValue, json: bool) -> String {
    match value {
        NewValue::Bool(value) => value.to_string(),
        NewValue::Int(value) => value.to_string(),
        NewValue::Text(text) if !json && is_plain(text) => text.clone(),
        NewValue::Text(text) => double_quoted(text),
        NewValue::List(_) => "[]".to_owned(),
        NewValue::Map(_) => "{}".to_owned(),
    }
}

pub(super) fn key(key: &str, quoted: bool) -> String {
    if !quoted && is_plain(key) { key.to_owned() } else { double_quoted(key) }
}

/// Whether a text means itself without quotes, in blocks and brackets alike.
fn is_plain(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    // `=` and `<<` and `---` have meanings of their own, so a text begins with a letter, a digit or a slash.
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.bytes().all(is_word)
        && Scalar::resolve(text) == Scalar::String
        && !text.starts_with(|c: char| c.is_ascii_digit())
        || is_quantity(text)
}

/// Whether a text with colons and at-signs in it, as images have, means itself without quotes in a block.
pub(super) fn is_plain_address(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@".contains(&byte);
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(':')
        && text.bytes().all(is_word)
        && Scalar::resolve(text) == Scalar::String
}

/// `100m`, `512Mi`: digits and a unit, no number.
fn is_quantity(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len() && matches!(unit, "m" | "Ki" | "Mi" | "Gi" | "Ti" | "k" | "M" | "G" | "T")
}

pub(super) fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{85}'
            | '\u{a0}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{7f}'..='\u{9f}'
            | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// Nothing where only escapes could express the text.
pub(super) fn single_quoted(text: &str) -> Option<String> {
    let needs_escape =
        text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'));
    (!needs_escape).then(|| format!("'{}'", text.replace('\'', "''")))
}

impl Block {
    /// An entry whose key begins at `column`; the text begins with the key and ends without a line break.
    pub(super) fn entry(self, out: &mut String, column: usize, name: &str, value: &NewValue) {
        out.push_str(&key(name, false));
        out.push(':');
        self.after_colon(out, column, value);
    }

    /// What follows the colon of a key at `column`.
    pub(super) fn after_colon(self, out: &mut String, column: usize, value: &NewValue) {
        match value {
            NewValue::Map(entries) if !entries.is_empty() => {
                self.new_line(out, column + self.map_step);
                self.entries(out, column + self.map_step, entries);
            }
            NewValue::List(items) if !items.is_empty() => {
                for item in items {
                    self.new_line(out, column + self.list_step);
                    self.item(out, column + self.list_step, item);
                }
            }
            value => {
                out.push(' ');
                out.push_str(&scalar(value, false));
            }
        }
    }

    /// An item whose dash is at `column`.
    pub(super) fn item(self, out: &mut String, column: usize, value: &NewValue) {
        out.push_str("- ");
        match value {
            NewValue::Map(entries) if !entries.is_empty() => self.entries(out, column + 2, entries),
            NewValue::List(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.new_line(out, column + 2);
                    }
                    self.item(out, column + 2, item);
                }
            }
            value => out.push_str(&scalar(value, false)),
        }
    }

    fn entries(self, out: &mut String, column: usize, entries: &[(String, NewValue)]) {
        for (at, (name, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.new_line(out, column);
            }
            self.entry(out, column, name, value);
        }
    }

    pub(super) fn new_line(self, out: &mut String, column: usize) {
        out.push_str(self.line_break);
        out.extend(std::iter::repeat_n(' ', column));
    }
}

impl Flow<'_> {
    /// `key: value`.
    pub(super) fn entry(self, out: &mut String, depth: usize, name: &str, value: &NewValue) {
        out.push_str(&key(name, self.json));
        out.push_str(if self.compact { ":" } else { ": " });
        self.value(out, depth, value);
    }

    pub(super) fn value(self, out: &mut String, depth: usize, value: &NewValue) {
        match value {
            NewValue::Map(entries) if !entries.is_empty() => {
                out.push('{');
                for (at, (name, value)) in entries.iter().enumerate() {
                    self.separate(out, depth + 1, at);
                    self.entry(out, depth + 1, name, value);
                }
                self.close(out, depth, '}');
            }
            NewValue::List(items) if !items.is_empty() => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.separate(out, depth + 1, at);
                    self.value(out, depth + 1, item);
                }
                self.close(out, depth, ']');
            }
            value => out.push_str(&scalar(value, self.json)),
        }
    }

    fn separate(self, out: &mut String, depth: usize, at: usize) {
        if at > 0 {
            out.push(',');
        }
        match self.lines {
            Some(_) => self.new_line(out, depth),
            None if at > 0 && !self.compact => out.push(' '),
            None => {}
        }
    }

    fn close(self, out: &mut String, depth: usize, bracket: char) {
        if self.lines.is_some() {
            self.new_line(out, depth);
        }
        out.push(bracket);
    }

    pub(super) fn new_line(self, out: &mut String, depth: usize) {
        if let Some((line_break, indent, step)) = self.lines {
            out.push_str(line_break);
            out.push_str(indent);
            out.extend(std::iter::repeat_n(step, depth));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_they_would_mean_something_else() {
        for plain in ["ALL", "RuntimeDefault", "runtime/default", "100m", "512Mi", "app.kubernetes.io/name"] {
            assert_eq!(scalar(&plain.into(), false), plain);
        }
        for (text, quoted) in [
            ("yes", "\"yes\""),
            ("10", "\"10\""),
            ("1e3", "\"1e3\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("0x1F", "\"0x1F\""),
        ] {
            assert_eq!(scalar(&text.into(), false), quoted);
        }
        assert_eq!(double_quoted("a\"\\\n\u{7}"), "\"a\\\"\\\\\\n\\u0007\"");
    }
}
