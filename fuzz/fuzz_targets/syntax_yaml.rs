//! Any bytes as YAML, and as kubectl reads a file: no panic, and the laws of a parse hold.

#![no_main]

#[path = "../../crates/syntax/tests/common/laws.rs"]
mod laws;

use haechi_syntax::{Limits, parse, parse_yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    laws::check(&parse_yaml(bytes, &Limits::default()));
    // Small bounds are hit more often.
    let limits = Limits { depth: 8, expanded_nodes: 200, ..Limits::default() };
    laws::check(&parse(bytes, &limits));
});
