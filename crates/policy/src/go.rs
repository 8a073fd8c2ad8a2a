//! How Go prints what upstream messages contain.

use std::fmt::Write as _;

/// A text as Go's `%q` prints it (`strconv.Quote`).
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        push_quoted(c, &mut out);
    }
    out.push('"');
    out
}

fn push_quoted(c: char, out: &mut String) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\x0c' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\x0b' => "\\v",
        _ if is_printable(c) => return out.push(c),
        _ => "",
    };
    let code = u32::from(c);
    // Writing to a string cannot fail.
    let _ = match code {
        _ if !short.is_empty() => out.write_str(short),
        0..=0x1f | 0x7f => write!(out, "\\x{code:02x}"),
        0x80..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Rust escapes what it finds unprintable. Marks are escaped too where they come first, hence the letter.
    let mut buffer = [b'a', 0, 0, 0, 0];
    let len = buffer.get_mut(1..).map_or(0, |rest| c.encode_utf8(rest).len());
    let text = buffer.get(..=len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    text.escape_debug().nth(1) == Some(c)
}

/// A float as Go's `%v` prints it: the shortest digits that read back the same, with an exponent where that is below -4
/// or not below 6.
pub(crate) fn format_float(value: f64) -> String {
    general(value, 6)
}

/// A float as Go's `%g` prints it: with an exponent where that is below -4 or not below `limit`.
pub(crate) fn general(value: f64, limit: i32) -> String {
    with_exponent(value, -4..limit, 2)
}

/// A float as Go's `encoding/json` writes it: with an exponent below 1e-6 and from 1e21 on.
pub(crate) fn json_float(value: f64) -> String {
    with_exponent(value, -6..21, 1)
}

fn with_exponent(value: f64, plain: std::ops::Range<i32>, width: usize) -> String {
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let power: i32 = exponent.parse().unwrap_or(0);
    if plain.contains(&power) {
        return format!("{value}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:0width$}", power.abs())
}

#[cfg(test)]
mod tests {
    use super::{format_float, general, json_float, quote};

    #[test]
    fn floats_as_go_prints_them() {
        let values = [0.5, 123_456.5, 1_234_567.5, 0.0001, 0.000_01, 6e11];
        assert_eq!(
            values.map(format_float),
            ["0.5", "123456.5", "1.2345675e+06", "0.0001", "1e-05", "6e+11"]
        );
        assert_eq!(general(1230.0, 3), "1.23e+03");
        assert_eq!(
            [1_234_567.5, 0.000_01, 1e-7, 1e21].map(json_float),
            ["1234567.5", "0.00001", "1e-7", "1e+21"]
        );
    }

    #[test]
    fn quoted_as_go_does() {
        assert_eq!(quote("a\"b\\\n\u{7f}\u{0}"), r#""a\"b\\\n\x7f\x00""#);
        assert_eq!(quote("한글 é\u{a0}\u{200b}"), "\"한글 é\\u00a0\\u200b\"");
    }
}
