//! Any bytes as an AdmissionReview: no panic; what is read has an id and a namespace, and its request reads alike twice.

#![no_main]

use haechi_policy::Inventory;
use haechi_serve::admit::Review;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Review::read(bytes) {
        Ok(review) => {
            assert!(!review.uid().is_empty());
            let inventory = Inventory::default();
            let read = || format!("{:?}", review.request(&inventory).map(|request| request.operation));
            assert_eq!(read(), read());
            let _ = review.namespace();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
