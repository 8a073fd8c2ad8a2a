use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::SqliteStore;
use super::bounds::check_name;
use crate::StoreError;
use crate::counters::{CounterStore, SourceCounts};

pub(super) fn add(connection: &Connection, source: &str, what: &str, count: u64) -> Result<(), StoreError> {
    if count == 0 {
        return Ok(());
    }
    let count = i64::try_from(count)
        .map_err(|_| StoreError::Invalid { detail: format!("a count of {count} is too large") })?;
    connection
        .prepare_cached(
            "INSERT INTO counters (source, what, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = value + excluded.value",
        )?
        .execute(params![source, what, count])?;
    Ok(())
}

/// Counts by source.
pub(super) fn read(connection: &Connection) -> Result<BTreeMap<String, SourceCounts>, StoreError> {
    let mut counts: BTreeMap<String, SourceCounts> = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT source, what, value FROM counters")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (source, what, value): (String, String, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let of = counts.entry(source).or_default();
        match (what.as_str(), what.strip_prefix("dropped:")) {
            ("received", _) => of.received = value,
            ("stored", _) => of.stored = value,
            ("duplicates", _) => of.duplicates = value,
            (_, Some(reason)) => {
                of.dropped.insert(reason.to_owned(), value);
            }
            (other, None) => {
                return Err(StoreError::Corrupt { detail: format!("unknown counter `{other}`") });
            }
        }
    }
    Ok(counts)
}

impl CounterStore for SqliteStore {
    fn count_dropped(&self, source: &str, reason: &str, count: u64) -> Result<(), StoreError> {
        check_name("source", source)?;
        check_name("reason", reason)?;
        let (source, what) = (source.to_owned(), format!("dropped:{reason}"));
        self.write(move |tx| {
            add(tx.connection, &source, "received", count)?;
            add(tx.connection, &source, &what, count)
        })
    }

    fn counts(&self) -> Result<BTreeMap<String, SourceCounts>, StoreError> {
        self.readers.read(|transaction| read(transaction))
    }
}
