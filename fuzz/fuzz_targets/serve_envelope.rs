//! Any bytes as what clouds wrap events in: no panic, nothing invented, and the same twice.

#![no_main]

use std::sync::LazyLock;

use haechi_serve::intake::{SnsOptions, SnsTrust, unwrap};
use libfuzzer_sys::fuzz_target;

/// Believes everything, so that what is inside is looked at.
static TRUST: LazyLock<SnsTrust> = LazyLock::new(|| {
    let options = SnsOptions { takes_unverified: true, ..SnsOptions::default() };
    SnsTrust::open(options).expect("nothing that could fail")
});

fuzz_target!(|bytes: &[u8]| {
    match unwrap(bytes, &TRUST) {
        Ok(unwrapped) => {
            assert_eq!(unwrap(bytes, &TRUST).as_ref(), Ok(&unwrapped));
            // A message is within its envelope: one text, or none.
            assert!(unwrapped.texts.len() + unwrapped.refused.len() <= 1);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
