//! Whether everything is as it should be.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::{SqliteStore, journal};
use crate::StoreError;
use crate::counters::CounterStore as _;
use crate::maintenance::{AnchorState, Health, KeyState, MaintenanceStore, Retained, Retention};
use crate::seal::Keys;

/// What SQLite finds damaged: at most 100 lines of its words.
pub(super) fn damage(connection: &Connection, deep: bool) -> Result<Vec<String>, StoreError> {
    let check = if deep { "PRAGMA integrity_check(100)" } else { "PRAGMA quick_check(100)" };
    let mut statement = connection.prepare(check)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut lines: Vec<String> = match lines.collect() {
        Ok(lines) => lines,
        // So damaged that it cannot even be checked.
        Err(error) => return Ok(vec![error.to_string()]),
    };
    lines.retain(|line| line != "ok");
    Ok(lines)
}

/// Ids of the keys that bodies are encrypted with, and whether each was given.
fn keys(connection: &Connection, given: &Keys) -> Result<BTreeMap<String, bool>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT key_id FROM event_blocks WHERE key_id IS NOT NULL
         UNION SELECT key_id FROM resources WHERE key_id IS NOT NULL",
    )?;
    let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
    let ids = ids.map(|id| id.map(|id| (id.clone(), given.has(&id))));
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Tries each key that bodies of events are encrypted with on the newest of them.
pub(super) fn try_keys(
    transaction: &rusqlite::Transaction<'_>,
    given: &Keys,
) -> Result<BTreeMap<String, KeyState>, StoreError> {
    let mut states: BTreeMap<String, KeyState> = keys(transaction, given)?
        .into_iter()
        .map(|(id, is_given)| (id, if is_given { KeyState::Opens } else { KeyState::Missing }))
        .collect();
    let mut statement = transaction
        .prepare("SELECT key_id, max(id) FROM event_blocks WHERE key_id IS NOT NULL GROUP BY key_id")?;
    let newest = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    for newest in newest.collect::<rusqlite::Result<Vec<_>>>()? {
        let (id, block) = newest;
        if given.has(&id) {
            match super::events::try_block(transaction, block, given) {
                Err(StoreError::WrongKey { .. }) => states.insert(id, KeyState::Wrong),
                tried => tried.map(|()| None)?,
            };
        }
    }
    Ok(states)
}

pub(super) fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

impl MaintenanceStore for SqliteStore {
    fn retain(&self, now_us: i64, retention: &Retention) -> Result<Retained, StoreError> {
        self.remove_old(now_us, retention)
    }

    fn health(&self, deep: bool) -> Result<Health, StoreError> {
        let counts = self.counts()?;
        // Read before the journal, which only grows.
        let beside = self.folder.read_anchor();
        let database = self.folder.database();
        let log = super::files::with_suffix(database, "-wal");
        self.readers.read(|transaction| {
            let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
            let page = pragma("page_size")?;
            let free_bytes = pragma("freelist_count")?.saturating_mul(page);
            let database_bytes = pragma("page_count")?.saturating_mul(page);
            let damage = damage(transaction, deep)?;
            let anchors = beside.as_ref().ok().copied().flatten();
            let journal = journal::verify(transaction, anchors)?;
            let head = journal::head(transaction)?;
            let anchor = match &beside {
                Err(_) => AnchorState::Unreadable,
                Ok(None) => AnchorState::Missing,
                Ok(Some(anchor)) if anchor.entries < head.entries => AnchorState::Behind,
                Ok(Some(_)) => AnchorState::Current,
            };
            let keys = if deep { keys(transaction, &self.keys)? } else { BTreeMap::new() };
            Ok(Health {
                keys,
                database_bytes,
                free_bytes,
                log_bytes: size(&log),
                waiting: self.writer.waiting(),
                failing: self.writer.failing(),
                damage,
                journal,
                anchor,
                uncounted: counts
                    .into_iter()
                    .filter(|(_, counts)| !counts.adds_up())
                    .map(|(source, _)| source)
                    .collect(),
            })
        })
    }
}
