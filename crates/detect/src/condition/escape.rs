use std::fmt;

/// An escape sequence that quoted texts do not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscapeError(pub String);

impl fmt::Display for EscapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EscapeError {}

/// Decodes what stands between two `quote`s.
///
/// `\ ` (backslash, space) stands for a backslash: Falco keeps that for rules which were written with a wrong
/// escape. The result may be any bytes, because of `\xHH`.
pub fn unescape(inner: &[u8], quote: u8) -> Result<Vec<u8>, EscapeError> {
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(escaped) = bytes.next() else { break };
        out.push(match escaped {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b' ' | b'\\' => b'\\',
            b'/' => b'/',
            b'"' | b'\'' if escaped == quote => escaped,
            b'"' => return Err(EscapeError("invalid \\\" escape in '-quoted string".into())),
            b'\'' => return Err(EscapeError("invalid \\' escape in \"-quoted string".into())),
            b'x' => match (bytes.next(), bytes.next()) {
                (Some(high), Some(low)) => hex_byte(high, low).ok_or_else(|| {
                    let digits = [high, low];
                    EscapeError(format!(
                        "invalid hex char escape sequence: {}",
                        String::from_utf8_lossy(&digits)
                    ))
                })?,
                _ => return Err(EscapeError("truncated hex char escape sequence".into())),
            },
            other => {
                return Err(EscapeError(format!(
                    "unsupported string escape sequence: \\{}",
                    String::from_utf8_lossy(&[other])
                )));
            }
        });
    }
    Ok(out)
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Writes a constant so that it reads back as itself: in quotes where it has to be.
pub fn escape(value: &[u8]) -> String {
    let is_bare = |byte: &u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'"' | b'\'' | b'=' | b',' | b'\\')
    };
    match std::str::from_utf8(value) {
        Ok(text) if !text.is_empty() && value.iter().all(is_bare) => text.to_owned(),
        _ => quoted(value),
    }
}

/// Writes a constant in quotes.
pub(super) fn quoted(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for chunk in value.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' => out.push_str("\\\""),
                // Not `\\\\`: a closing quote after a backslash would count as escaped.
                '\\' => out.push_str("\\x5c"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                char if u32::from(char) < 0x20 => out.push_str(&format!("\\x{:02x}", u32::from(char))),
                char => out.push(char),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backslash_space_is_a_backslash() {
        assert_eq!(unescape(br"a\ b", b'"').unwrap(), br"a\b");
    }

    #[test]
    fn only_the_own_quote_may_be_escaped() {
        assert_eq!(unescape(br#"\""#, b'"').unwrap(), b"\"");
        assert_eq!(unescape(br"\'", b'"').unwrap_err().to_string(), "invalid \\' escape in \"-quoted string");
    }

    #[test]
    fn constants_read_back_as_themselves() {
        for value in [&b""[..], b"a b", b"a\"b'\\", b"\xff\0\n", "이름".as_bytes()] {
            let text = quoted(value);
            let inner = text.as_bytes().get(1..text.len() - 1).unwrap();
            assert_eq!(unescape(inner, b'"').unwrap(), value, "{text}");
        }
        assert_eq!(escape(b"/etc/passwd"), "/etc/passwd");
        assert_eq!(escape(br"C:\"), r#""C:\x5c""#);
    }

    #[test]
    fn hex_escapes_give_any_byte() {
        assert_eq!(unescape(br"\xff\x0A", b'"').unwrap(), [0xff, 0x0a]);
        assert!(unescape(br"\xf", b'"').is_err());
        assert!(unescape(br"\xgg", b'"').is_err());
    }
}
