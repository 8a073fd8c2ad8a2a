//! The journal names its first broken entry, and how it is broken.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{act, folder, open};
use haechi_store::OpenError;
use haechi_store::journal::{
    Act, Anchor, Break, Entry, JournalStore as _, Kept, ReadError, Report, read_lines, read_lines_against,
};
use haechi_store::maintenance::{AnchorState, MaintenanceStore as _};
use haechi_store::seal::Keys;
use haechi_store::sqlite::StoreReader;
use rusqlite::Connection;
use tempfile::TempDir;

fn filled(entries: usize) -> (TempDir, Anchor) {
    let folder = folder();
    let store = open(&folder);
    for index in 0..entries {
        store.append_act(act(&format!("act.{index}"))).unwrap();
    }
    let anchor = store.anchor().unwrap();
    (folder, anchor)
}

/// What verifying says after `sql` was run on the file of a journal with ten entries.
fn broken_by(sql: &str, kept: Option<&Anchor>, is_anchor_removed: bool) -> Option<Break> {
    let (folder, _) = filled(10);
    let connection = Connection::open(folder.path().join("store-1.db")).unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    if is_anchor_removed {
        std::fs::remove_file(folder.path().join("store-1.anchor")).unwrap();
    }
    open(&folder).verify_journal(kept).unwrap().broken
}

#[test]
fn a_journal_that_nobody_touched_is_in_order() {
    let (folder, anchor) = filled(10);
    let report = open(&folder).verify_journal(Some(&anchor)).unwrap();
    assert_eq!(report, Report { good: anchor, broken: None });
    assert_eq!(open(&common::folder()).verify_journal(None).unwrap(), Report::default());
}

#[test]
fn each_altered_field_is_told_with_its_entry() {
    for change in [
        "time_us = time_us + 1",
        "actor = 'bob'",
        "act = 'x'",
        "subject = ''",
        "details = '{}'",
        "prev = zeroblob(32)",
        "hash = zeroblob(32)",
        "hash = zeroblob(31)",
        "actor = actor || act, act = ''",
    ] {
        let sql = format!("UPDATE journal SET {change} WHERE seq = 4");
        assert_eq!(broken_by(&sql, None, false), Some(Break::Altered { seq: 4 }), "{change}");
    }
}

#[test]
fn missing_entries_are_told_in_the_middle_and_at_the_beginning() {
    let gone = |sql| broken_by(sql, None, true);
    assert_eq!(gone("DELETE FROM journal WHERE seq IN (4, 5, 8)"), Some(Break::Missing { from: 4, to: 5 }));
    assert_eq!(gone("DELETE FROM journal WHERE seq = 1"), Some(Break::Missing { from: 1, to: 1 }));
}

#[test]
fn a_cut_tail_is_told_by_the_anchor_beside_and_by_one_kept_elsewhere() {
    let (_, kept) = filled(10);
    let cut = "DELETE FROM journal WHERE seq > 7";
    let truncated = Some(Break::Truncated { from: 8, to: 10 });
    assert_eq!(broken_by(cut, None, false), truncated);
    assert_eq!(broken_by(cut, Some(&kept), true), truncated);
    assert_eq!(broken_by(cut, None, true), None, "nothing knows of them");
    assert_eq!(
        broken_by("DELETE FROM journal", Some(&kept), true),
        Some(Break::Truncated { from: 1, to: 10 })
    );
}

#[test]
fn an_entry_with_a_hash_made_anew_is_told_by_the_next_one() {
    let (folder, _) = filled(10);
    let mut forged = open(&folder).journal(3, 1).unwrap().remove(0);
    forged.actor = "mallory".into();
    forged.hash = forged.computed_hash();
    let hash: String = forged.hash.to_string();
    let sql = format!("UPDATE journal SET actor = 'mallory', hash = x'{hash}' WHERE seq = 4");
    assert_eq!(broken_by(&sql, None, false), Some(Break::Replaced { seq: 4 }));
}

#[test]
fn a_chain_made_anew_is_told_by_the_anchor() {
    let (folder, kept) = filled(10);
    let honest = open(&folder).journal(0, 100).unwrap();
    let mut sql = String::new();
    let mut anchor = Anchor::default();
    for entry in honest {
        let mut forged = Entry { prev: anchor.head, ..entry };
        if forged.seq == 4 {
            forged.actor = "mallory".into();
        }
        forged.hash = forged.computed_hash();
        anchor = forged.anchor();
        sql += &format!(
            "UPDATE journal SET actor = '{}', prev = x'{}', hash = x'{}' WHERE seq = {};",
            forged.actor, forged.prev, forged.hash, forged.seq
        );
    }
    assert_eq!(broken_by(&sql, None, false), Some(Break::Rewritten { seq: 10 }));
    assert_eq!(broken_by(&sql, Some(&kept), true), Some(Break::Rewritten { seq: 10 }));
    assert_eq!(broken_by(&sql, None, true), None, "nothing knows of it");
}

fn exported() -> (Vec<u8>, Anchor) {
    let (folder, anchor) = filled(5);
    let mut text = Vec::new();
    assert_eq!(open(&folder).export_journal(&mut text).unwrap(), anchor);
    (text, anchor)
}

#[test]
fn an_export_verifies_by_itself_and_against_an_older_anchor() {
    let (text, anchor) = exported();
    let report = read_lines(&mut text.as_slice(), Some(&anchor)).unwrap();
    assert_eq!(report, Report { good: anchor, broken: None });
    let later = Anchor { entries: 9, ..anchor };
    let report = read_lines(&mut text.as_slice(), Some(&later)).unwrap();
    assert_eq!(report.broken, Some(Break::Truncated { from: 6, to: 9 }));
}

#[test]
fn a_changed_export_is_told() {
    let (text, _) = exported();
    let text = String::from_utf8(text).unwrap();
    let report = |text: String| read_lines(&mut text.as_bytes(), None).map(|report| report.broken);
    let altered = report(text.replacen(r#""why":"test""#, r#""why":"best""#, 1)).unwrap();
    assert_eq!(altered, Some(Break::Altered { seq: 1 }));
    let lines: Vec<_> = text.lines().collect();
    let without = |index: usize| {
        let mut lines = lines.clone();
        lines.remove(index);
        lines.join("\n")
    };
    assert_eq!(report(without(2)).unwrap(), Some(Break::Missing { from: 3, to: 3 }));
    assert_eq!(report(without(4)).unwrap(), Some(Break::Truncated { from: 5, to: 5 }));
    assert!(matches!(report(without(5)), Err(ReadError::Cut { entries: 5 })));
    assert!(matches!(report(format!("{text}{}", lines[0])), Err(ReadError::Line { line: 7, .. })));
    assert!(matches!(report("nonsense".into()), Err(ReadError::Line { line: 1, .. })));
    assert!(matches!(report("x".repeat(8 << 20)), Err(ReadError::TooLong { line: 1 })));
}

/// The hash was computed by another program from the description in `haechi_store::journal`.
#[test]
fn the_hash_is_the_one_that_is_described() {
    let act = Act {
        time_us: 1_700_000_000_000_000,
        actor: "alice".into(),
        act: "login.succeeded".into(),
        subject: "해치\n\"x\"".into(),
        details: serde_json::json!({ "address": "10.0.0.1" }),
    };
    let entry = Entry::new(act, &Anchor::default()).unwrap();
    let expected = "15ef1d0805b1d993819657ff593f5f9bdf46bc2ab57f580749d8f7aff5c4f572";
    assert_eq!(entry.hash.to_string(), expected);
}

#[test]
fn an_anchor_that_could_not_be_written_is_brought_up_to_date_by_the_next_entry() {
    let folder = folder();
    let store = open(&folder);
    store.append_act(act("one")).unwrap();
    let in_the_way = folder.path().join("store-1.anchor.part");
    std::fs::create_dir(&in_the_way).unwrap();
    store.append_act(act("two")).unwrap();
    let health = store.health(false).unwrap();
    assert_eq!((health.anchor, health.is_good()), (AnchorState::Behind, true));
    std::fs::remove_dir(&in_the_way).unwrap();
    store.append_act(act("three")).unwrap();
    assert_eq!(store.health(false).unwrap().anchor, AnchorState::Current);
}

#[test]
fn a_hash_alone_tells_that_some_entry_must_have_it() {
    let (folder, anchor) = filled(10);
    let reader = StoreReader::open(folder.path()).unwrap();
    let older = reader.journal(3, 1).unwrap()[0].hash;
    let broken = |head| reader.verify(Some(&Kept::Head(head)), &Keys::none()).unwrap().journal.broken;
    assert_eq!(broken(older), None);
    assert_eq!(broken(anchor.head), None);
    assert_eq!(broken(haechi_store::journal::Hash([7; 32])), Some(Break::Unknown { entries: 10 }));
    let mut text = Vec::new();
    reader.export_journal(&mut text).unwrap();
    let other = Kept::Head(haechi_store::journal::Hash([7; 32]));
    let report = read_lines_against(&mut text.as_slice(), Some(&other)).unwrap();
    assert_eq!(report.broken, Some(Break::Unknown { entries: 10 }));
}

#[test]
fn a_store_in_use_is_read_copied_and_verified_by_another_process() {
    let folder = folder();
    let store = open(&folder);
    store.append_act(act("one")).unwrap();
    let reader = StoreReader::open(folder.path()).unwrap();
    assert_eq!(reader.journal(0, 10).unwrap().len(), 1);
    store.append_act(act("two")).unwrap();
    let verified = reader.verify(Some(&Kept::Anchor(store.anchor().unwrap())), &Keys::none()).unwrap();
    assert!(verified.is_good(), "{verified:?}");
    assert!(reader.append_act(act("three")).is_err());
    let copied = reader.backup(&folder.path().join("copy")).unwrap();
    assert_eq!(copied.anchor, store.anchor().unwrap());
    store.append_act(act("three")).unwrap();
    assert_eq!(reader.journal(0, 10).unwrap().len(), 3);
    let empty = common::folder();
    assert!(matches!(StoreReader::open(empty.path()), Err(OpenError::Missing { .. })));
    assert!(StoreReader::open(&empty.path().join("none")).is_err());
    assert!(!empty.path().join("none").exists(), "looking makes nothing");
}
