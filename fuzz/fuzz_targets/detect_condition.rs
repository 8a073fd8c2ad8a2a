//! Any text as a condition: no panic, and what is read prints as a text that reads as the same tree.

#![no_main]

use haechi_detect::condition::{Limits, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(expr) = parse(text, Limits::default()) else { return };
    let printed = expr.to_string();
    // What is printed has more parentheses, so it may be deeper than what was read.
    let again = parse(&printed, Limits { depth: 2000 }).expect("what is printed is read");
    assert_eq!(printed, again.to_string());
});
