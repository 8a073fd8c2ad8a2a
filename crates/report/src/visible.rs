//! Makes characters visible that would otherwise steer a terminal or hide from the reader.

use std::borrow::Cow;

/// Whether a terminal obeys the character instead of showing it, or shows nothing, or shows what follows in
/// another order than it is stored.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Writes the character as an escape that shows which one it is.
pub(crate) fn push_escaped(c: char, to: &mut String) {
    to.extend(c.escape_default());
}

/// The text with hidden characters, line breaks and tabs included, as escapes.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Plain printable ASCII is nearly all there is, and cheap to recognise.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) { push_escaped(c, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_stays_as_it_is() {
        assert!(matches!(visible("kind: 파드 🐳 é"), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_show_what_was_hidden() {
        assert_eq!(visible("a\u{1b}[31m\u{9b}1m\u{202e}b\n"), "a\\u{1b}[31m\\u{9b}1m\\u{202e}b\\n");
    }
}
