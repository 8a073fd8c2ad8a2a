//! Removes what is old, in small transactions, so that events are taken in meanwhile.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::SqliteStore;
use super::events::BLOCK_EVENTS;
use crate::StoreError;
use crate::maintenance::{Retained, Retention};

/// Blocks of events that go in one transaction.
const BLOCKS: usize = 32;
/// Rows that go in one transaction.
const ROWS: i64 = 2000;
/// Pages that are given back in one transaction.
const PAGES: i64 = 2000;

/// Of detections that no open incident needs.
const FREE_DETECTIONS: &str =
    "(incident IS NULL OR incident IN (SELECT id FROM incidents WHERE state = 'closed'))";

/// Removes the oldest blocks that came before `before_us` and that no open incident needs, until `enough` bytes of bodies are
/// gone; the numbers of blocks and events.
fn remove_blocks(connection: &Connection, before_us: i64, enough: u64) -> Result<(u64, u64), StoreError> {
    let mut needed = connection.prepare_cached(
        "SELECT DISTINCT event / ?1 FROM detections JOIN incidents ON incidents.id = detections.incident
         WHERE state <> 'closed' AND event IS NOT NULL",
    )?;
    let needed = needed.query_map([BLOCK_EVENTS], |row| row.get(0))?;
    let needed: BTreeSet<i64> = needed.collect::<rusqlite::Result<_>>()?;
    let mut blocks = Vec::new();
    let mut bytes = 0_u64;
    let mut oldest = connection.prepare_cached(
        "SELECT id, length(body) FROM event_blocks WHERE received_us < ?1 ORDER BY received_us, id",
    )?;
    let mut rows = oldest.query([before_us])?;
    while let Some(row) = rows.next()? {
        let block: i64 = row.get(0)?;
        if !needed.contains(&block) {
            blocks.push(block);
            bytes = bytes.saturating_add(row.get(1)?);
        }
        if blocks.len() == BLOCKS || bytes >= enough {
            break;
        }
    }
    drop(rows);
    let mut events = 0;
    for block in &blocks {
        let first = block.saturating_mul(BLOCK_EVENTS);
        events += connection
            .prepare_cached("DELETE FROM events WHERE id BETWEEN ?1 AND ?2")?
            .execute([first, first.saturating_add(BLOCK_EVENTS - 1)])? as u64;
        connection.prepare_cached("DELETE FROM event_blocks WHERE id = ?1")?.execute([block])?;
    }
    Ok((blocks.len() as u64, events))
}

/// Bytes that hold something, and the bytes of the file.
fn sizes(connection: &Connection) -> Result<(u64, u64), StoreError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let (page, pages, free) = (pragma("page_size")?, pragma("page_count")?, pragma("freelist_count")?);
    Ok((pages.saturating_sub(free).saturating_mul(page), pages.saturating_mul(page)))
}

impl SqliteStore {
    /// Runs a deletion of at most [`ROWS`] rows until nothing is left to remove.
    fn remove_rows(&self, sql: String, before_us: i64) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let sql = sql.clone();
            let now = self.write(move |tx| {
                Ok(tx.connection.prepare_cached(&sql)?.execute(params![before_us, ROWS])?)
            })?;
            removed += now as u64;
            if now == 0 {
                return Ok(removed);
            }
        }
    }

    fn remove_events(&self, before_us: i64) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let (blocks, events) = self.write(move |tx| remove_blocks(tx.connection, before_us, u64::MAX))?;
            removed += events;
            if blocks == 0 {
                return Ok(removed);
            }
        }
    }

    /// Removes the oldest until no more than `max_bytes` hold something.
    fn shrink(&self, max_bytes: u64, retained: &mut Retained) -> Result<(), StoreError> {
        loop {
            let removed = self.write(move |tx| {
                let excess = sizes(tx.connection)?.0.saturating_sub(max_bytes);
                if excess == 0 {
                    return Ok(None);
                }
                let (blocks, events) = remove_blocks(tx.connection, i64::MAX, excess)?;
                if blocks > 0 {
                    return Ok(Some((events, 0)));
                }
                let sql = oldest_detections("time_us < ?1", "time_us, id");
                let detections = tx.connection.prepare_cached(&sql)?.execute(params![i64::MAX, ROWS])? as u64;
                Ok(Some((0, detections)))
            })?;
            match removed {
                None => return Ok(()),
                Some((0, 0)) => {
                    retained.is_over = true;
                    return Ok(());
                }
                Some((events, detections)) => {
                    retained.events += events;
                    retained.detections += detections;
                }
            }
        }
    }

    /// Gives pages that hold nothing back to the file system.
    fn vacuum(&self) -> Result<u64, StoreError> {
        let before = self.write(|tx| Ok(sizes(tx.connection)?.1))?;
        let mut free = u64::MAX;
        loop {
            let left = self.write(|tx| {
                let mut vacuum = tx.connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
                let mut rows = vacuum.query([])?;
                while rows.next()?.is_some() {}
                Ok(tx.connection.pragma_query_value(None, "freelist_count", |row| row.get::<_, u64>(0))?)
            })?;
            if left == 0 || left >= free {
                break;
            }
            free = left;
        }
        self.writer.checkpoint()?;
        let after = self.write(|tx| Ok(sizes(tx.connection)?.1))?;
        Ok(before.saturating_sub(after))
    }

    pub(super) fn remove_old(&self, now_us: i64, keep: &Retention) -> Result<Retained, StoreError> {
        let mut retained = Retained::default();
        let before = |age: i64| now_us.saturating_sub(age);
        let rows = |age: Option<i64>, table: &str, key: &str, condition: &str| match age {
            Some(age) => {
                let chosen = format!("SELECT {key} FROM {table} WHERE {condition} LIMIT ?2");
                self.remove_rows(format!("DELETE FROM {table} WHERE ({key}) IN ({chosen})"), before(age))
            }
            None => Ok(0),
        };
        retained.sessions = rows(Some(0), "sessions", "secret", "expires_us <= ?1")?;
        retained.incidents =
            rows(keep.closed_incidents_us, "incidents", "id", "state = 'closed' AND closed_us < ?1")?;
        if let Some(age) = keep.detections_us {
            retained.detections =
                self.remove_rows(oldest_detections("time_us < ?1", "time_us, id"), before(age))?;
        }
        retained.findings = rows(
            keep.fixed_findings_us,
            "findings",
            "cluster, fingerprint",
            "fixed_us < ?1 AND NOT EXISTS (
                SELECT 1 FROM incident_findings JOIN incidents ON incidents.id = incident_findings.incident
                WHERE state <> 'closed' AND incident_findings.cluster = findings.cluster
                AND incident_findings.fingerprint = findings.fingerprint)",
        )?;
        retained.resources =
            rows(keep.gone_resources_us, "resources", "cluster, kind, namespace, name", "gone_us < ?1")?;
        retained.alerts =
            rows(keep.ended_alerts_us, "outbox", "seq", "state IN ('done', 'dead') AND due_us < ?1")?;
        retained.silences = rows(keep.ended_silences_us, "silences", "id", "ends_us < ?1")?;
        if let Some(age) = keep.events_us {
            retained.events = self.remove_events(before(age))?;
        }
        if let Some(max_bytes) = keep.max_bytes {
            self.shrink(max_bytes, &mut retained)?;
        }
        retained.freed_bytes = self.vacuum()?;
        Ok(retained)
    }
}

fn oldest_detections(condition: &str, order: &str) -> String {
    format!(
        "DELETE FROM detections WHERE id IN (
             SELECT id FROM detections WHERE {condition} AND {FREE_DETECTIONS} ORDER BY {order} LIMIT ?2
         )"
    )
}
