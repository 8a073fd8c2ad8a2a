//! A dump that ends too early: what of it can still be read.

/// The part of a JSON list up to its last whole item, closed so that it can be read; `None` for a text that is no such
/// list, is not cut, or has no whole item. Places in it are places in the text.
pub fn salvage(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let (mut open, mut in_text, mut is_escaped) = (Vec::new(), false, false);
    let mut key_start = None;
    let mut last_key = "";
    // Where the items' list was opened, and where its last whole item ends.
    let mut list_depth = None;
    let mut end = None;
    for (at, byte) in text.bytes().enumerate() {
        if in_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    in_text = false;
                    if let (1, Some(start)) = (open.len(), key_start) {
                        last_key = text.get(start..at).unwrap_or_default();
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => {
                in_text = true;
                key_start = Some(at + 1);
            }
            b'{' | b'[' => {
                if byte == b'[' && open.len() == 1 && last_key == "items" {
                    list_depth = Some(2);
                }
                open.push(byte);
            }
            b'}' | b']' => {
                open.pop()?;
                if list_depth == Some(open.len()) {
                    end = Some(at + 1);
                } else if open.is_empty() {
                    // The value is whole.
                    return None;
                }
            }
            _ => {}
        }
    }
    let whole = text.get(..end?)?;
    // After the list's own end further fields may have begun.
    Some(format!("{whole}]}}"))
}

#[cfg(test)]
mod tests {
    use super::salvage;

    #[test]
    fn whole_items_before_the_cut_are_kept() {
        let text =
            r#"{"apiVersion": "v1", "kind": "List", "items": [{"a": "}\"]"}, {"b": [1, {}]}, {"c": {"d": 1"#;
        let kept = salvage(text).unwrap();
        assert_eq!(kept, r#"{"apiVersion": "v1", "kind": "List", "items": [{"a": "}\"]"}, {"b": [1, {}]}]}"#);
    }

    #[test]
    fn what_is_whole_or_holds_nothing_is_left() {
        assert_eq!(salvage(r#"{"items": [{}]}"#), None);
        assert_eq!(salvage(r#"{"items": [{"a": 1"#), None);
        assert_eq!(salvage("kind: List"), None);
        // The list is whole; what is cut comes after it.
        assert_eq!(salvage(r#"{"items": [{}], "kind": "Li"#).as_deref(), Some(r#"{"items": [{}]}"#));
    }
}
