use serde_json::Value as Json;

/// JSON without blanks, keys of objects sorted by their bytes; the same value gives the same text, however its keys were ordered.
pub fn canonical_json(value: &Json) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Json, to: &mut String) {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by(|one, other| one.0.as_bytes().cmp(other.0.as_bytes()));
            to.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                to.push_str(&Json::from(key.as_str()).to_string());
                to.push(':');
                write(value, to);
            }
            to.push('}');
        }
        Json::Array(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                write(item, to);
            }
            to.push(']');
        }
        scalar => to.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_json;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = serde_json::from_str(r#"{ "b": [ {"z":1, "a":null} ], "a": "x\n" }"#).unwrap();
        assert_eq!(canonical_json(&value), r#"{"a":"x\n","b":[{"a":null,"z":1}]}"#);
    }
}
