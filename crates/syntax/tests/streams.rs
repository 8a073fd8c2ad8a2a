//! JSON, and texts that kubectl begins to read as JSON.

mod common;

use haechi_syntax::{Limits, Style, parse, parse_json, parse_yaml};

#[test]
fn json_has_its_own_rules() {
    for (text, expected) in [
        (
            r#"{"a": [1, -2, 1.5, 1e3, true, false, null, "b"]}"#,
            r#"{"a": [1, -2, 1.5, 1000, true, false, null, "b"]}"#,
        ),
        (r#"["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"]"#, r#"["\"\\/\u{8}\u{c}\n\r\té😀"]"#),
        (
            r#"["\ud83d", "\ude00x", "\ud83dA", "\ud83d\ud83d\ude00"]"#,
            "[\"\u{fffd}\", \"\u{fffd}x\", \"\u{fffd}A\", \"\u{fffd}😀\"]",
        ),
        (r#"{"a": 1, "a": 2}"#, r#"{"a": 2}"#),
        (
            "[9223372036854775807, 18446744073709551615, 18446744073709551616, -0]",
            "[9223372036854775807, 18446744073709551615, 18446744073709552000, 0]",
        ),
        ("{} [] 1 \"a\"null", r#"{} | [] | 1 | "a" | null"#),
        ("", ""),
        (" \t\r\n", ""),
        ("{\"a\": 1} x", r#"{"a": 1} | !"#),
        ("01", "0 | 1"),
        ("[1,]", "!"),
        ("[,1]", "!"),
        ("[1 2]", "!"),
        ("{\"a\" 1}", "!"),
        ("{\"a\": 1,}", "!"),
        ("{a: 1}", "!"),
        ("{'a': 1}", "!"),
        ("[.5]", "!"),
        ("[5.]", "!"),
        ("[+1]", "!"),
        ("[-]", "!"),
        ("[1e]", "!"),
        ("[tru]", "!"),
        ("[nul", "!"),
        ("[\"\t\"]", "!"),
        ("[\"\\x41\"]", "!"),
        ("[\"\\u12\"]", "!"),
        ("[\"a", "!"),
        ("[\"a\\", "!"),
        ("{\"a\": {\"b\": [1", "!"),
        ("{]", "!"),
        ("\u{a0}{}", "!"),
        ("// c\n{}", "!"),
        ("[1e400] {}", "!"),
    ] {
        assert_eq!(common::read(&parse_json(text.as_bytes(), &Limits::default())), expected, "{text:?}");
    }
}

#[test]
fn a_number_out_of_range_hides_no_other_value() {
    let parsed = parse_json(b"{\"a\": 1} {\"b\": 1e999} {\"c\": 3}", &Limits::default());
    let read: Vec<_> = parsed
        .documents
        .iter()
        .map(|document| (document.index(), format!("{:?}", document.root())))
        .collect();
    assert_eq!(read, [(0, r#"{"a": 1}"#.to_owned()), (2, r#"{"c": 3}"#.to_owned())]);
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.source.slice(parsed.errors[0].span), "1e999");
}

/// kubectl leaves JSON for YAML only as long as it has read no more than one value.
#[test]
fn kubectl_goes_from_json_to_yaml_once() {
    for (text, expected) in [
        ("{\"a\": 1}", r#"{"a": 1}"#),
        ("{\"a\": \"\\/\"}", r#"{"a": "/"}"#),
        ("{a: yes}", r#"{"a": true}"#),
        ("{\"a\": yes}", r#"{"a": true}"#),
        ("{\"a\": 1,}", r#"{"a": 1}"#),
        ("{\"a\": 1}\n---\nb: yes\n---\nc: 1\n", r#"{"a": 1} | {"b": true} | {"c": 1}"#),
        ("{\"a\": 1}\n{\"b\": 2}\n", r#"{"a": 1} | {"b": 2}"#),
        ("{\"a\": 1}{\"b\": 2}\n---\nc: 3\n", r#"{"a": 1} | {"b": 2} | !"#),
        ("{\"a\": 1}\n# comment\n", r#"{"a": 1} | null"#),
        ("{\"a\": 1} # comment\n---\nb: 2\n", r#"{"a": 1} | null | {"b": 2}"#),
        ("{\"a\": 1}\n--- x\nb: 2\n", r#"{"a": 1} | !"#),
        ("{\"a\": 1}x", r#"{"a": 1} | !"#),
        ("{a}", "!"),
        ("{a: 1}\n---\n{\"b\": \"\\/\"}\n", r#"{"a": 1} | !"#),
        ("\n\n  {\"a\": \"\\ud83d\\ude00\"}", r#"{"a": "😀"}"#),
        ("\u{feff}{\"a\": \"\\/\"}", r#"{"a": "/"}"#),
        ("[{\"a\": \"\\/\"}]", "!"),
        ("# c\n{\"a\": \"\\/\"}", "!"),
    ] {
        assert_eq!(common::read(&parse(text.as_bytes(), &Limits::default())), expected, "{text:?}");
    }
}

#[test]
fn documents_of_a_mixed_stream_are_counted_through() {
    let parsed = parse(b"{\"a\": 1}\n---\nb: @\n---\nc: 3\n", &Limits::default());
    let indices: Vec<usize> = parsed.documents.iter().map(|document| document.index()).collect();
    assert_eq!(indices, [0, 2]);
    assert_eq!(parsed.errors[0].document, 1);
    assert_eq!(parsed.source.slice(parsed.errors[0].span), "@");
}

/// Who writes JSON is told about JSON, who writes a flow mapping about YAML.
#[test]
fn the_mistake_is_told_in_the_language_that_was_meant() {
    let message = |text: &str| parse(text.as_bytes(), &Limits::default()).errors[0].message.clone();
    assert_eq!(message("{\"a\": \"\\z\"}"), "no such escape");
    assert_eq!(message("{a: 'b}"), "the closing `'` is missing");
    assert_eq!(message("{{ template }}"), "a list or a map cannot be a key");
}

#[test]
fn keys_and_values_of_json_have_their_spans() {
    let text = r#" {"k\u0065y" : "v\n", "n": [-1.5e3 , {}]} "#;
    let parsed = parse(text.as_bytes(), &Limits::default());
    let root = parsed.documents[0].root();
    let slice = |span| parsed.source.slice(span);
    assert_eq!(slice(parsed.documents[0].span()), text.trim());
    assert_eq!(slice(root.span()), text.trim());
    let entry = root.entry("key").unwrap();
    assert_eq!((slice(entry.key_span), slice(entry.value.span())), (r#""k\u0065y""#, r#""v\n""#));
    assert_eq!(entry.value.style(), Style::DoubleQuoted);
    let items: Vec<&str> = root.get("n").unwrap().items().map(|item| slice(item.span())).collect();
    assert_eq!(items, ["-1.5e3", "{}"]);
}

#[test]
fn json_is_yaml_where_both_can_read_it() {
    let text = "{\"a\": [1, 2.5, true, null, \"x\"], \"b\": {\"c\": \"\\u00e9\"}}";
    let as_json = common::read(&parse_json(text.as_bytes(), &Limits::default()));
    assert_eq!(as_json, common::read(&parse_yaml(text.as_bytes(), &Limits::default())));
}
