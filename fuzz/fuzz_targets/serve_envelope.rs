//! Any bytes as what clouds wrap events in: no panic, nothing invented, and the same twice.

#![no_main]

use haechi_serve::intake::unwrap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match unwrap(bytes) {
        Ok(unwrapped) => {
            assert_eq!(unwrap(bytes).as_ref(), Ok(&unwrapped));
            // A message is within its envelope: one text, or none.
            assert!(unwrapped.texts.len() + unwrapped.refused.len() <= 1);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
