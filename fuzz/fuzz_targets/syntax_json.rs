//! Any bytes as JSON: no panic, and the laws of a parse hold. What is read as JSON without escapes is the same read as
//! YAML, which is how `kubectl` may read it, too.

#![no_main]

#[path = "../../crates/syntax/tests/common/laws.rs"]
mod laws;

use haechi_syntax::{Limits, parse_json, parse_yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let json = parse_json(bytes, &Limits::default());
    laws::check(&json);
    // Tabs, escapes, byte order marks, long keys and line breaks that only YAML knows are read otherwise.
    let is_common = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n') && *byte != b'\\';
    if !json.errors.is_empty() || json.documents.len() != 1 || bytes.len() > 1000 || !bytes.iter().all(is_common) {
        return;
    }
    let yaml = parse_yaml(bytes, &Limits::default());
    if let ([json], [yaml]) = (json.documents.as_slice(), yaml.documents.as_slice())
        && json.root().is_mapping()
    {
        assert_eq!(format!("{:?}", json.root()), format!("{:?}", yaml.root()));
    }
});
