//! What the tests of the store share.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "helpers of tests; not every test needs all"
)]

use haechi_store::SqliteStore;
use haechi_store::events::{EventBatch, EventKey, NewEvent};
use haechi_store::journal::Act;
use haechi_store::sqlite::Options;
use tempfile::TempDir;

pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(Options::new(folder.path())).unwrap()
}

pub fn act(name: &str) -> Act {
    Act {
        time_us: 1_700_000_000_000_000,
        actor: "alice".into(),
        act: name.into(),
        subject: "thing".into(),
        details: serde_json::json!({ "why": "test" }),
    }
}

/// Event number `number`: its body tells the number, its time as well.
pub fn event(number: u64) -> NewEvent {
    NewEvent {
        key: EventKey::of([b"test".as_slice(), &number.to_le_bytes()]),
        time_us: Some(1_700_000_000_000_000 + i64::try_from(number).unwrap() * 1000),
        body: format!("{{\"event\":{number},\"verb\":\"create\"}}").into_bytes(),
    }
}

pub fn batch(numbers: impl IntoIterator<Item = u64>) -> EventBatch {
    EventBatch {
        source: "k8s_audit".into(),
        received_us: 1_800_000_000_000_000,
        events: numbers.into_iter().map(event).collect(),
    }
}
