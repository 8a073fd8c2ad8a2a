//! Any bytes as a file of events, which may be packed or Parquet: no panic, and no end of reading without an end of the file.

#![no_main]

use std::io::{Read, Write};

use haechi_sources::open_events;
use libfuzzer_sys::fuzz_target;

/// Most bytes that are read of what a few bytes unpack to.
const READ: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("room for it");
    if let Ok(events) = open_events(file.path()) {
        // What is broken further on is an error of reading.
        let _ = events.take(READ).read_to_end(&mut Vec::new());
    }
});
