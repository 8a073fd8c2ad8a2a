//! Rule files are read as Falco's YAML reader gives them to it: scalars are texts, whatever they look like.

use std::borrow::Cow;

use haechi_syntax::{Node, Value};

/// The text of a scalar: `0644` and `yes` stay as they are written. Nothing for null, lists and maps.
pub(crate) fn scalar<'d>(node: Node<'d>) -> Option<Cow<'d, str>> {
    match node.value() {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            Some(Cow::Borrowed(node.document().source().slice(node.span())))
        }
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
    }
}

/// The words that stand for booleans, quoted or not.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    const WORDS: [(&str, &str); 4] = [("y", "n"), ("yes", "no"), ("true", "false"), ("on", "off")];
    // One case throughout, or a capital first.
    let lower = text.to_ascii_lowercase();
    let rest = text.get(1..)?;
    let is_plain = text == lower || text == text.to_ascii_uppercase() || rest == rest.to_ascii_lowercase();
    let (yes, _) = WORDS.into_iter().find(|(yes, no)| is_plain && (*yes == lower || *no == lower))?;
    Some(yes == lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_have_many_names() {
        for (text, expected) in [
            ("true", Some(true)),
            ("False", Some(false)),
            ("YES", Some(true)),
            ("off", Some(false)),
            ("N", Some(false)),
            ("tRUE", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(boolean(text), expected, "{text}");
        }
    }

    #[test]
    fn scalars_keep_their_text() {
        let parsed = haechi_syntax::parse_yaml(b"[0644, yes, 1.0, ~, 'a']", &Default::default());
        let document = parsed.documents.first().unwrap();
        let texts: Vec<_> = document.root().items().map(scalar).collect();
        assert_eq!(
            texts,
            [Some("0644".into()), Some("yes".into()), Some("1.0".into()), None, Some("a".into())]
        );
    }
}
