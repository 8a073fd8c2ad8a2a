use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::bounds::{MAX_PAGE, check_body, check_items, check_lengths, missing, parsed};
use crate::StoreError;
use crate::journal::Act;
use crate::outbox::{AlertHead, AlertState, ClaimedAlert, NewAlert, OutboxStore, Retried};

/// Most bytes of an error that is remembered.
const MAX_ERROR: usize = 1024;

/// No state is called so.
#[derive(Debug, thiserror::Error)]
#[error("unknown state `{0}` of an alert")]
pub(super) struct UnknownState(String);

struct State(AlertState);

impl std::str::FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = AlertState::ALL.into_iter().find(|state| state.as_str() == text);
        named.map(State).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

fn head(row: &Row<'_>) -> rusqlite::Result<AlertHead> {
    Ok(AlertHead {
        id: row.get(0)?,
        receiver: row.get(1)?,
        group: row.get(2)?,
        created_us: row.get(3)?,
        due_us: row.get(4)?,
        attempts: row.get(5)?,
        last_error: row.get(6)?,
        state: parsed::<State>(row, 7)?.0,
    })
}

fn claim(
    connection: &Connection,
    receiver: Option<&str>,
    now_us: i64,
    lease_until_us: i64,
    limit: u32,
) -> Result<Vec<ClaimedAlert>, StoreError> {
    let mut due = connection.prepare_cached(
        "SELECT id, receiver, group_key, payload, attempts + 1, lease + 1 FROM outbox
         WHERE state IN ('pending', 'leased') AND due_us <= ?1 AND (?2 IS NULL OR receiver = ?2)
         AND NOT EXISTS (
             SELECT 1 FROM outbox AS earlier
             WHERE earlier.state IN ('pending', 'leased') AND earlier.receiver = outbox.receiver
             AND earlier.group_key = outbox.group_key AND earlier.seq < outbox.seq
         )
         ORDER BY due_us, seq LIMIT ?3",
    )?;
    let claimed = due.query_map(params![now_us, receiver, limit.min(MAX_PAGE)], |row| {
        Ok(ClaimedAlert {
            id: row.get(0)?,
            receiver: row.get(1)?,
            group: row.get(2)?,
            payload: row.get(3)?,
            attempt: row.get(4)?,
            lease: row.get(5)?,
        })
    })?;
    let claimed: Vec<ClaimedAlert> = claimed.collect::<rusqlite::Result<_>>()?;
    let mut lease = connection.prepare_cached(
        "UPDATE outbox SET state = 'leased', due_us = ?2, attempts = ?3, lease = ?4 WHERE id = ?1",
    )?;
    for alert in &claimed {
        lease.execute(params![alert.id, lease_until_us, alert.attempt, alert.lease])?;
    }
    Ok(claimed)
}

fn is_dead(connection: &Connection, id: &str) -> Result<bool, StoreError> {
    let state: String = connection
        .prepare_cached("SELECT state FROM outbox WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| missing("alert", id))?;
    Ok(state == AlertState::Dead.as_str())
}

fn shortened(error: &str) -> &str {
    let ends = error.char_indices().map(|(start, char)| start + char.len_utf8());
    let end = ends.take_while(|end| *end <= MAX_ERROR).last().unwrap_or_default();
    error.get(..end).unwrap_or_default()
}

pub(super) fn check_alerts(alerts: &[NewAlert]) -> Result<(), StoreError> {
    check_items("alerts", alerts.len())?;
    for alert in alerts {
        check_lengths(&[
            ("id of the alert", &alert.id),
            ("receiver", &alert.receiver),
            ("group of the alert", &alert.group),
        ])?;
        check_body("alert", &alert.payload)?;
    }
    Ok(())
}

/// Puts alerts in that are not there yet; how many.
pub(super) fn insert_alerts(connection: &Connection, alerts: &[NewAlert]) -> Result<u64, StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO outbox (id, receiver, group_key, payload, created_us, due_us, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending')",
    )?;
    let mut new = 0;
    for alert in alerts {
        new += insert.execute(params![
            alert.id,
            alert.receiver,
            alert.group,
            alert.payload,
            alert.created_us,
            alert.due_us
        ])? as u64;
    }
    Ok(new)
}

impl OutboxStore for SqliteStore {
    fn put_alerts(&self, alerts: Vec<NewAlert>) -> Result<u64, StoreError> {
        self.put_alerts_for(Vec::new(), alerts)
    }

    fn put_alerts_for(&self, detections: Vec<String>, alerts: Vec<NewAlert>) -> Result<u64, StoreError> {
        check_items("detections", detections.len())?;
        check_alerts(&alerts)?;
        self.write(move |tx| {
            let new = insert_alerts(tx.connection, &alerts)?;
            let mut note =
                tx.connection.prepare_cached("UPDATE detections SET is_alerted = 1 WHERE id = ?1")?;
            for detection in &detections {
                note.execute([detection])?;
            }
            Ok(new)
        })
    }

    fn claim_alerts(
        &self,
        receiver: Option<&str>,
        now_us: i64,
        lease_until_us: i64,
        limit: u32,
    ) -> Result<Vec<ClaimedAlert>, StoreError> {
        let receiver = receiver.map(str::to_owned);
        self.write(move |tx| claim(tx.connection, receiver.as_deref(), now_us, lease_until_us, limit))
    }

    fn ack_alert(&self, id: &str, lease: u64, now_us: i64) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            let acked = tx
                .connection
                .prepare_cached(
                    "UPDATE outbox SET state = 'done', due_us = ?3, last_error = NULL
                     WHERE id = ?1 AND lease = ?2 AND state = 'leased'",
                )?
                .execute(params![id, lease, now_us])?;
            Ok(acked == 1)
        })
    }

    fn retry_alert(
        &self,
        id: &str,
        lease: u64,
        error: &str,
        due_us: i64,
        max_attempts: u32,
    ) -> Result<Retried, StoreError> {
        let (id, error) = (id.to_owned(), shortened(error).to_owned());
        self.write(move |tx| {
            let state: Option<String> = tx
                .connection
                .prepare_cached(
                    "UPDATE outbox SET state = iif(attempts >= ?5, 'dead', 'pending'), due_us = ?4, last_error = ?3
                     WHERE id = ?1 AND lease = ?2 AND state = 'leased' RETURNING state",
                )?
                .query_row(params![id, lease, error, due_us, max_attempts], |row| row.get(0))
                .optional()?;
            Ok(match state.as_deref() {
                None => Retried::NotYours,
                Some("dead") => Retried::Dead,
                Some(_) => Retried::Pending,
            })
        })
    }

    fn revive_alert(&self, id: &str, due_us: i64, act: Act) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            if !is_dead(tx.connection, &id)? {
                return Ok(false);
            }
            tx.connection
                .prepare_cached(
                    "UPDATE outbox SET state = 'pending', due_us = ?2, attempts = 0 WHERE id = ?1",
                )?
                .execute(params![id, due_us])?;
            tx.journal(&act)?;
            Ok(true)
        })
    }

    fn drop_alert(&self, id: &str, act: Act) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            if !is_dead(tx.connection, &id)? {
                return Ok(false);
            }
            tx.connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([&id])?;
            tx.journal(&act)?;
            Ok(true)
        })
    }

    fn alert_payload(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare_cached("SELECT payload FROM outbox WHERE id = ?1")?;
            Ok(statement.query_row([id], |row| row.get(0)).optional()?)
        })
    }

    fn alerts(
        &self,
        receiver: Option<&str>,
        state: Option<AlertState>,
        limit: u32,
    ) -> Result<Vec<AlertHead>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT id, receiver, group_key, created_us, due_us, attempts, last_error, state FROM outbox
                 WHERE (?1 IS NULL OR receiver = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY seq DESC LIMIT ?3",
            )?;
            let state = state.map(AlertState::as_str);
            let rows = statement.query_map(params![receiver, state, limit.min(MAX_PAGE)], head)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn alert_counts(&self) -> Result<BTreeMap<String, BTreeMap<AlertState, u64>>, StoreError> {
        self.readers.read(|transaction| {
            let mut counts: BTreeMap<String, BTreeMap<AlertState, u64>> = BTreeMap::new();
            let mut statement = transaction
                .prepare_cached("SELECT receiver, state, count(*) FROM outbox GROUP BY receiver, state")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                counts.entry(row.get(0)?).or_default().insert(parsed::<State>(row, 1)?.0, row.get(2)?);
            }
            Ok(counts)
        })
    }
}
