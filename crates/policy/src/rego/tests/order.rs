//! The order of values, where documents are compared as they lie.

use haechi_syntax::{Limits, parse};

use super::super::value::{Value, compare, compare_equal};

#[test]
fn documents_are_ordered_as_the_values_that_they_hold() {
    let texts = [
        "null",
        "true",
        "false",
        "1",
        "1.0",
        "1.5",
        "-2",
        "18446744073709551615",
        "\"\"",
        "\"a\"",
        "\"b\"",
        "[]",
        "[1]",
        "[1, 2]",
        "[1, {a: 1}]",
        "[1, {a: 2}]",
        "[[], 1]",
        "{}",
        "{a: 1}",
        "{a: 2}",
        "{b: 1}",
        "{a: 1, b: 2}",
        "{b: 2, a: 1}",
        "{b: 1, a: 2}",
        "{a: 2, b: 1}",
        "{a: 1, b: {c: 1, d: [2]}}",
        "{b: {d: [2], c: 1}, a: 1}",
        "{b: {d: [2], c: 2}, a: 1}",
        "{b: {c: 2, d: [1]}, a: 1}",
        "{a: 1, c: 0}",
        "{a: 1.0}",
        "{a: null}",
        "{a: [1]}",
    ];
    let parsed: Vec<_> = texts.iter().map(|text| parse(text.as_bytes(), &Limits::default())).collect();
    let values: Vec<Value<'_>> = parsed
        .iter()
        .map(|parsed| Value::of_node(parsed.documents.first().expect("a document").root()))
        .collect();
    let owned: Vec<Value<'static>> = values.iter().map(Value::to_owned_value).collect();
    for ((left, own_left), text) in values.iter().zip(&owned).zip(texts) {
        for ((right, own_right), other) in values.iter().zip(&owned).zip(texts) {
            let order = compare(own_left, own_right);
            assert_eq!(compare(left, right), order, "{text} and {other}");
            assert_eq!(compare(left, own_right), order, "{text} and {other}");
            assert_eq!(compare(own_left, right), order, "{text} and {other}");
            assert_eq!(compare_equal(left, right), order.is_eq(), "{text} and {other}");
        }
    }
}
