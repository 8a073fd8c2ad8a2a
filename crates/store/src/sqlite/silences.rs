use rusqlite::{OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::bounds::{check_body, check_lengths, missing, unless_taken};
use crate::StoreError;
use crate::journal::Act;
use crate::silences::{Silence, SilenceStore};

fn silence(row: &Row<'_>) -> rusqlite::Result<Silence> {
    Ok(Silence {
        id: row.get(0)?,
        matcher: row.get(1)?,
        reason: row.get(2)?,
        created_by: row.get(3)?,
        created_us: row.get(4)?,
        starts_us: row.get(5)?,
        ends_us: row.get(6)?,
    })
}

impl SilenceStore for SqliteStore {
    fn add_silence(&self, silence: Silence, act: Act) -> Result<(), StoreError> {
        if silence.ends_us <= silence.starts_us {
            return Err(StoreError::Invalid { detail: "the silence ends before it begins".to_owned() });
        }
        check_lengths(&[
            ("id of the silence", &silence.id),
            ("reason of the silence", &silence.reason),
            ("maker of the silence", &silence.created_by),
        ])?;
        check_body("matcher of the silence", silence.matcher.as_bytes())?;
        self.write(move |tx| {
            let inserted = tx
                .connection
                .prepare_cached(
                    "INSERT INTO silences (id, matcher, reason, created_by, created_us, starts_us, ends_us)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    silence.id,
                    silence.matcher,
                    silence.reason,
                    silence.created_by,
                    silence.created_us,
                    silence.starts_us,
                    silence.ends_us
                ]);
            unless_taken(inserted, "silence", &silence.id)?;
            tx.journal(&act).map(|_| ())
        })
    }

    fn end_silence(&self, id: &str, now_us: i64, act: Act) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            let ends_us: i64 = tx
                .connection
                .prepare_cached("SELECT ends_us FROM silences WHERE id = ?1")?
                .query_row([&id], |row| row.get(0))
                .optional()?
                .ok_or_else(|| missing("silence", &id))?;
            if ends_us <= now_us {
                return Ok(false);
            }
            tx.connection
                .prepare_cached("UPDATE silences SET ends_us = ?2 WHERE id = ?1")?
                .execute(params![id, now_us])?;
            tx.journal(&act)?;
            Ok(true)
        })
    }

    fn silences(&self, at_us: Option<i64>) -> Result<Vec<Silence>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT id, matcher, reason, created_by, created_us, starts_us, ends_us FROM silences
                 WHERE ?1 IS NULL OR (starts_us <= ?1 AND ends_us > ?1) ORDER BY ends_us, id",
            )?;
            let rows = statement.query_map([at_us], silence)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
