//! A journal that is exported for recipients is read by these.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::io::BufReader;

use age::Decryptor;
use age::x25519::Identity;
use common::{act, folder, open};
use haechi_store::journal::{ExportError, JournalStore as _, export_encrypted, read_lines};

#[test]
fn each_recipient_reads_it_and_nobody_else_does() {
    let folder = folder();
    let store = open(&folder);
    for _ in 0..500 {
        store.append_act(act("login.succeeded")).unwrap();
    }
    let (one, other, stranger) = (Identity::generate(), Identity::generate(), Identity::generate());
    let recipients = [one.to_public().to_string(), other.to_public().to_string()];
    let mut text = Vec::new();
    let anchor = export_encrypted(&store, &recipients, &mut text).unwrap();
    assert!(!text.windows(5).any(|window| window == b"alice"));
    for reader in [&one, &other] {
        let decryptor = Decryptor::new(text.as_slice()).unwrap();
        let plain = decryptor.decrypt(std::iter::once(reader as &dyn age::Identity)).unwrap();
        let report = read_lines(&mut BufReader::new(plain), Some(&anchor)).unwrap();
        assert_eq!((report.good.entries, report.broken), (500, None));
    }
    let decryptor = Decryptor::new(text.as_slice()).unwrap();
    assert!(decryptor.decrypt(std::iter::once(&stranger as &dyn age::Identity)).is_err());
}

#[test]
fn who_is_no_recipient_is_told() {
    let folder = folder();
    let store = open(&folder);
    let mut text = Vec::new();
    assert!(matches!(export_encrypted(&store, &[], &mut text), Err(ExportError::Nobody)));
    let wrong = ["age1nonsense".to_owned()];
    let error = export_encrypted(&store, &wrong, &mut text).unwrap_err();
    assert!(error.to_string().starts_with("`age1nonsense` is no age recipient"), "{error}");
    assert!(text.is_empty());
}
