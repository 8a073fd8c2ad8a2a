//! Any text as an expression of an admission policy: no panic, an answer within cost and work, mistakes with a place
//! inside of the text, the same answer twice.

#![no_main]

use haechi_cel::{Bump, Env, Evaluator, Limits, Type, Value};
use haechi_syntax::parse_yaml;
use libfuzzer_sys::fuzz_target;

const OBJECT: &[u8] = b"{a: [1, two, {k: v}], b: {k: [1.5, null, true]}, s: 't\xc3\xa9xt', q: 1Gi, u: 'https://a/b?c=d', n: -1, t: \
'2024-01-01T00:00:00Z', ip: 10.0.0.1}";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut env = Env::kubernetes();
    let slot = env.add_variable("object", Type::Dyn);
    let program = match env.compile(text) {
        Ok(program) => program,
        Err(error) => {
            assert!(error.offset() as usize <= text.len());
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let parsed = parse_yaml(OBJECT, &haechi_syntax::Limits::default());
    let Some(document) = parsed.documents.first() else { return };
    let answer = || {
        let arena = Bump::new();
        let mut evaluator = Evaluator::new(&arena, Limits { cost: 10_000, work: 20_000 });
        evaluator.set(slot, Some(Value::of_node(document.root())));
        match evaluator.run(&program) {
            Ok(value) => format!("{value:?}"),
            Err(fail) => fail.message().to_string(),
        }
    };
    assert_eq!(answer(), answer());
});
