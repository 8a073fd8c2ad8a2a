//! Whatever is given, nothing panics and everything ends.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use haechi_cel::{Bump, Env, Evaluator, Limits, Type, Value};
use haechi_syntax::parse_yaml;
use proptest::prelude::*;

/// Pieces of expressions that mean something more often than random characters do.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("object".to_owned()),
        Just(".a".to_owned()),
        Just(".?b".to_owned()),
        Just("[0]".to_owned()),
        Just("[?'k']".to_owned()),
        Just("'té😀xt'".to_owned()),
        Just("b'\\xff'".to_owned()),
        Just("-9223372036854775808".to_owned()),
        Just("18446744073709551615u".to_owned()),
        Just("1e308".to_owned()),
        Just(".size()".to_owned()),
        Just(".map(x, x)".to_owned()),
        Just(".filter(x, x == 1)".to_owned()),
        Just(".transformMap(k, v, v)".to_owned()),
        Just(".sortBy(x, x)".to_owned()),
        Just(".split('')".to_owned()),
        Just(".substring(1, 2)".to_owned()),
        Just(".lastIndexOf('é', 1)".to_owned()),
        Just(".matches('(a|b)*')".to_owned()),
        Just("duration('1h')".to_owned()),
        Just("timestamp('2024-01-01T00:00:00Z')".to_owned()),
        Just("quantity('1Gi')".to_owned()),
        Just("cidr('10.0.0.0/8')".to_owned()),
        Just("url('https://a/b')".to_owned()),
        Just("semver('1.2.3')".to_owned()),
        Just("optional.of(1)".to_owned()),
        Just("'%s %d %.2f %x'".to_owned()),
        Just(".format([1, object])".to_owned()),
        Just("+".to_owned()),
        Just("-".to_owned()),
        Just("/".to_owned()),
        Just("%".to_owned()),
        Just("==".to_owned()),
        Just("<".to_owned()),
        Just("in".to_owned()),
        Just("&&".to_owned()),
        Just("||".to_owned()),
        Just("?".to_owned()),
        Just(":".to_owned()),
        Just("!".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just(",".to_owned()),
    ]
}

fn try_out(text: &str) {
    let mut env = Env::kubernetes();
    let slot = env.add_variable("object", Type::Dyn);
    match env.compile(text) {
        Err(error) => {
            assert!(error.offset() as usize <= text.len());
            assert!(!error.to_string().is_empty());
        }
        Ok(program) => {
            let parsed = parse_yaml(
                b"{a: [1, two, {k: v}], b: {k: [1.5, null]}, s: text}",
                &haechi_syntax::Limits::default(),
            );
            let arena = Bump::new();
            let mut evaluator = Evaluator::new(&arena, Limits { cost: 10_000, work: 20_000 });
            evaluator.set(slot, Some(Value::of_node(parsed.documents[0].root())));
            drop(evaluator.run(&program));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_expressions_never_panic(pieces in proptest::collection::vec(piece(), 1..12)) {
        try_out(&pieces.join(""));
        try_out(&pieces.join(" "));
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,40}") {
        try_out(&text);
    }

    #[test]
    fn any_pattern_never_panics(pattern in "[a-c(){}\\[\\]|*+?.^$,0-9\\\\dwsDWSbBQEpPxz&~-]{0,20}") {
        try_out(&format!("object.s.matches(r'{pattern}') && object.s.findAll(r'{pattern}').size() >= 0"));
    }
}
