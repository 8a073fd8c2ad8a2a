use rusqlite::params;

use super::SqliteStore;
use super::bounds::{check_body, check_items, check_lengths};
use super::outbox::{check_alerts, insert_alerts};
use crate::StoreError;
use crate::dispatch::{DispatchStore, StatePart};
use crate::outbox::NewAlert;

/// The parts are settings whose keys begin so; no other setting does.
const PREFIX: &str = "alerts/";

impl DispatchStore for SqliteStore {
    fn dispatch_parts(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.readers.read(|transaction| {
            // `0` is the character after `/`.
            let mut statement = transaction.prepare_cached(
                "SELECT substr(key, 8), value FROM settings WHERE key >= 'alerts/' AND key < 'alerts0'",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn commit_dispatch(&self, parts: Vec<StatePart>, alerts: Vec<NewAlert>) -> Result<u64, StoreError> {
        check_items("parts of the state", parts.len())?;
        for (key, value) in &parts {
            check_lengths(&[("name of the part", key)])?;
            check_body("part", value.as_deref().unwrap_or_default())?;
        }
        check_alerts(&alerts)?;
        self.write(move |tx| {
            let mut set = tx
                .connection
                .prepare_cached("INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)")?;
            let mut remove = tx.connection.prepare_cached("DELETE FROM settings WHERE key = ?1")?;
            for (key, value) in &parts {
                let key = format!("{PREFIX}{key}");
                match value {
                    Some(value) => set.execute(params![key, value])?,
                    None => remove.execute([key])?,
                };
            }
            insert_alerts(tx.connection, &alerts)
        })
    }
}
