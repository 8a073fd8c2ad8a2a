//! Copies while the store is used, and putting them in place.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use std::path::Path;

use common::{act, batch, folder, open};
use haechi_store::events::{EventQuery, EventStore as _};
use haechi_store::journal::{Break, JournalStore as _};
use haechi_store::maintenance::{AnchorState, MaintenanceStore as _};
use haechi_store::sqlite::{CopyError, Options, restore};
use haechi_store::{OpenError, SqliteStore, StoreError};
use tempfile::TempDir;

fn count(store: &SqliteStore) -> usize {
    store.event_heads(&EventQuery { limit: 10_000, ..EventQuery::default() }).unwrap().len()
}

fn names(folder: &TempDir) -> Vec<String> {
    let files = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_is_made_while_events_come_and_is_one_state_of_the_store() {
    let (folder, elsewhere) = (folder(), folder());
    let store = open(&folder);
    store.put_events(batch(0..3000)).unwrap();
    store.append_act(act("first")).unwrap();
    let file = elsewhere.path().join("backup.db");
    let copied = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for part in 30..90 {
                store.put_events(batch(part * 100..part * 100 + 100)).unwrap();
                store.append_act(act("meanwhile")).unwrap();
            }
        });
        let copied = store.backup(&file).unwrap();
        writing.join().unwrap();
        copied
    });
    assert_eq!(names(&elsewhere), ["backup.db"], "one file, nothing beside it");
    let restored = common::folder();
    restore(&file, restored.path(), Some(&copied.anchor), act("store.restored")).unwrap();
    let copy = open(&restored);
    let events = count(&copy);
    assert!(events >= 3000 && events.is_multiple_of(100), "{events}");
    assert_eq!(copy.anchor().unwrap().entries, copied.anchor.entries + 1);
    assert!(copy.health(true).unwrap().is_good());
    assert!(store.verify_journal(Some(&copied.anchor)).unwrap().broken.is_none());
    assert!(matches!(store.backup(&file), Err(CopyError::Exists { .. })));
}

#[test]
fn a_restore_replaces_the_store_as_a_whole_and_keeps_the_old_file() {
    let (folder, elsewhere) = (folder(), folder());
    let file = elsewhere.path().join("backup.db");
    let store = open(&folder);
    store.put_events(batch(0..10)).unwrap();
    store.backup(&file).unwrap();
    store.put_events(batch(10..20)).unwrap();
    let refused = restore(&file, folder.path(), None, act("store.restored"));
    assert!(matches!(refused, Err(CopyError::Open(OpenError::InUse { .. }))));
    drop(store);
    let copied = restore(&file, folder.path(), None, act("store.restored")).unwrap();
    assert!(copied.path.ends_with("store-2.db"));
    let store = open(&folder);
    assert_eq!(count(&store), 10);
    assert_eq!(store.journal(0, 10).unwrap()[0].act, "store.restored");
    assert_eq!(store.health(true).unwrap().anchor, AnchorState::Current);
    assert!(names(&folder).contains(&"store-1.db".to_owned()));
    assert!(!names(&folder).iter().any(|name| name.ends_with(".part")));
}

fn refused(file: &Path, check: impl Fn(&CopyError) -> bool) {
    let into = folder();
    let store = open(&into);
    store.put_events(batch(0..10)).unwrap();
    drop(store);
    let error = restore(file, into.path(), None, act("store.restored")).unwrap_err();
    assert!(check(&error), "{error:?}");
    assert_eq!(count(&open(&into)), 10, "the store is as it was");
}

#[test]
fn a_bad_backup_is_refused_and_changes_nothing() {
    let (from, elsewhere) = (folder(), folder());
    let store = open(&from);
    store.put_events(batch(0..2000)).unwrap();
    for _ in 0..5 {
        store.append_act(act("x")).unwrap();
    }
    let file = elsewhere.path().join("backup.db");
    let good = store.backup(&file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = elsewhere.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    refused(&elsewhere.path().join("nothing"), |error| matches!(error, CopyError::File { .. }));
    refused(&write("empty", b""), |error| matches!(error, CopyError::Open(OpenError::Foreign { .. })));
    refused(&write("text", b"hello, I am no database at all\n"), |error| {
        matches!(error, CopyError::Open(OpenError::Database { .. }))
    });
    refused(&write("cut", &bytes[..bytes.len() / 2]), |error| {
        matches!(error, CopyError::Damaged { .. } | CopyError::Open(_))
    });
    let mut overwritten = bytes.clone();
    let middle = overwritten.len() / 2 / 4096 * 4096;
    overwritten[middle..middle + 4096].fill(0xA5);
    // Which page lies in the middle depends on the schema: one that opening needs is told when it is opened.
    refused(&write("overwritten", &overwritten), |error| {
        let source_is_damaged =
            matches!(error, CopyError::Open(OpenError::Database { source: StoreError::Corrupt { .. }, .. }));
        source_is_damaged || matches!(error, CopyError::Damaged { .. })
    });
    let forged = write("forged", &bytes);
    let connection = rusqlite::Connection::open(&forged).unwrap();
    connection.execute_batch("UPDATE journal SET actor = 'nobody' WHERE seq = 3").unwrap();
    drop(connection);
    refused(&forged, |error| matches!(error, CopyError::Journal(Break::Altered { seq: 3 })));
    let newer = write("newer", &bytes);
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.execute_batch("PRAGMA user_version=99").unwrap();
    drop(connection);
    refused(&newer, |error| matches!(error, CopyError::Open(OpenError::Newer { .. })));
    let short = restore(&file, folder().path(), None, act("x"));
    assert!(short.is_ok());
    store.append_act(act("later")).unwrap();
    let later = store.anchor().unwrap();
    let error = restore(&file, folder().path(), Some(&later), act("x")).unwrap_err();
    let from = good.anchor.entries + 1;
    assert!(matches!(error, CopyError::Journal(Break::Truncated { from: f, .. }) if f == from));
}

#[test]
fn a_store_is_open_in_one_place_only() {
    let folder = folder();
    let store = open(&folder);
    let second = SqliteStore::open(Options::new(folder.path()));
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    drop(store);
    open(&folder);
}

#[test]
fn what_was_not_finished_is_removed_and_others_cannot_read_the_store() {
    let folder = folder();
    std::fs::write(folder.path().join("restore.part"), b"half").unwrap();
    let inside = folder.path().join("made/by/it");
    let store = SqliteStore::open(Options::new(&inside)).unwrap();
    store.append_act(act("x")).unwrap();
    drop(open(&folder));
    assert!(!names(&folder).contains(&"restore.part".to_owned()));
    #[cfg(unix)]
    for file in std::fs::read_dir(&inside).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} has mode {mode:o}", file.path());
    }
}

#[test]
fn a_lost_anchor_is_told() {
    let folder = folder();
    open(&folder).append_act(act("x")).unwrap();
    std::fs::remove_file(folder.path().join("store-1.anchor")).unwrap();
    let health = open(&folder).health(false).unwrap();
    assert_eq!(health.anchor, AnchorState::Missing);
    assert!(!health.is_good());
}
