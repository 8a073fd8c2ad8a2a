//! Text in XML and HTML.

use std::borrow::Cow;

use crate::visible::{is_hidden, push_escaped, visible};

/// Escapes text for an attribute in double quotes; line breaks and tabs, which XML would turn into spaces there,
/// are written as visible escapes too.
pub(crate) fn attribute(text: &str) -> String {
    escaped(&visible(text)).into_owned()
}

/// Escapes text for the content of an element. Characters that XML does not allow, and those
/// that would hide or reorder what follows, are written as visible escapes; line breaks and tabs stay.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let is_special = |c: char| {
        matches!(c, '&' | '<' | '>' | '"' | '\'' | '\u{fffe}' | '\u{ffff}')
            || (is_hidden(c) && c != '\n' && c != '\t')
    };
    if !text.contains(is_special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_special(c) => push_escaped(c, &mut out),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_forbidden_characters_are_escaped() {
        assert_eq!(escaped("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
        assert_eq!(escaped("a\u{0}\u{1b}\u{ffff}\r"), "a\\u{0}\\u{1b}\\u{ffff}\\r");
        assert_eq!(attribute("a\n\"b\""), "a\\n&quot;b&quot;");
        assert!(matches!(escaped("한글\n\tx"), Cow::Borrowed(_)));
    }
}
