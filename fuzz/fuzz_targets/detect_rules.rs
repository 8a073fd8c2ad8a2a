//! Any bytes as a rule file, twice: no panic, and each mistake has a place inside its file.

#![no_main]

use haechi_detect::rules::{Options, RuleFile, load};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let files = [RuleFile { name: "a.yaml", bytes }, RuleFile { name: "b.yaml", bytes }];
    let loaded = load(&files, &Options::default());
    for result in &loaded.results {
        for error in &result.errors {
            let place = error.context.place().expect("a mistake has a place");
            let text = place.file.source.text();
            assert!(place.span.start <= place.span.end && place.span.end as usize <= text.len());
        }
        let _ = result.verbose();
    }
});
