//! Events in blocks: an index row for each, their bodies compressed together.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::bounds::check_name;
use super::{SqliteStore, counters};
use crate::StoreError;
use crate::events::{
    EventBatch, EventHead, EventId, EventKey, EventQuery, EventStore, MAX_BATCH, MAX_BODY, MAX_EVENTS,
    MAX_PAGE, Stored, StoredEvent,
};
use crate::seal::{self, Keys, Sealer};

/// A block is closed when its bodies have so many bytes: one event is read by opening one block.
const BLOCK_BYTES: usize = 256 << 10;
/// Numbers of events in a block: `block * BLOCK_EVENTS + place`.
pub(super) const BLOCK_EVENTS: i64 = 4096;
/// Most bytes of a block: what is less than full, and the largest body.
const MAX_BLOCK: usize = BLOCK_BYTES + MAX_BODY;
/// A page with bodies ends when it has so many bytes.
const PAGE_BYTES: usize = 16 << 20;

/// The block that is being filled.
#[derive(Default)]
struct Block {
    id: i64,
    events: i64,
    received_us: i64,
    bodies: Vec<u8>,
    bound: Vec<u8>,
}

impl Block {
    fn bind(bound: &mut Vec<u8>, time_us: i64, key: &[u8], ends_at: i64) {
        bound.extend_from_slice(&time_us.to_be_bytes());
        bound.extend_from_slice(key);
        bound.extend_from_slice(&ends_at.to_be_bytes());
    }

    fn write(&mut self, connection: &Connection, sealer: &mut Sealer, keys: &Keys) -> Result<(), StoreError> {
        if self.events == 0 {
            return Ok(());
        }
        let sealed = sealer.seal(&self.bodies, &self.bound, keys)?;
        connection
            .prepare_cached(
                "INSERT INTO event_blocks (id, received_us, size, key_id, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                self.id,
                self.received_us,
                offset(self.bodies.len())?,
                sealed.key_id,
                sealed.bytes
            ])?;
        self.id += 1;
        self.events = 0;
        self.received_us = 0;
        self.bodies.clear();
        self.bound.clear();
        Ok(())
    }
}

fn offset(bytes: usize) -> Result<i64, StoreError> {
    i64::try_from(bytes).map_err(|_| StoreError::Internal { detail: "a block is too large".to_owned() })
}

/// Stores and counts what is new of batches.
pub(super) fn put<'b>(
    connection: &Connection,
    batches: impl Iterator<Item = (&'b EventBatch, &'b mut Stored)>,
    sealer: &mut Sealer,
    keys: &Keys,
) -> Result<(), StoreError> {
    let mut batches = batches.peekable();
    if batches.peek().is_none() {
        return Ok(());
    }
    let next = connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'next_block'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let mut block = Block { id: next.unwrap_or(1), ..Block::default() };
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO events (id, source, time_us, tells_time, received_us, key, ends_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (batch, stored) in batches {
        *stored = Stored::default();
        let source = source_number(connection, &batch.source)?;
        for event in &batch.events {
            let time_us = event.time_us.unwrap_or(batch.received_us);
            let ends_at = offset(block.bodies.len() + event.body.len())?;
            let is_new = insert.execute(params![
                block.id * BLOCK_EVENTS + block.events,
                source,
                time_us,
                event.time_us.is_some(),
                batch.received_us,
                event.key.0,
                ends_at
            ])? == 1;
            if !is_new {
                stored.duplicates += 1;
                continue;
            }
            stored.stored += 1;
            block.events += 1;
            block.received_us = block.received_us.max(batch.received_us);
            block.bodies.extend_from_slice(&event.body);
            Block::bind(&mut block.bound, time_us, &event.key.0, ends_at);
            if block.bodies.len() >= BLOCK_BYTES || block.events == BLOCK_EVENTS {
                block.write(connection, sealer, keys)?;
            }
        }
        counters::add(connection, &batch.source, "received", stored.stored + stored.duplicates)?;
        counters::add(connection, &batch.source, "stored", stored.stored)?;
        counters::add(connection, &batch.source, "duplicates", stored.duplicates)?;
    }
    block.write(connection, sealer, keys)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES ('next_block', ?1)")?
        .execute([block.id])?;
    Ok(())
}

fn source_number(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection.prepare_cached("INSERT OR IGNORE INTO event_sources (name) VALUES (?1)")?.execute([name])?;
    Ok(connection
        .prepare_cached("SELECT id FROM event_sources WHERE name = ?1")?
        .query_row([name], |row| row.get(0))?)
}

/// The number of the event with this identity.
pub(super) fn find(
    connection: &Connection,
    time_us: Option<i64>,
    key: &EventKey,
) -> Result<Option<EventId>, StoreError> {
    let found = match time_us {
        Some(time_us) => connection
            .prepare_cached("SELECT id FROM events WHERE time_us = ?1 AND key = ?2")?
            .query_row(params![time_us, key.0], |row| row.get(0)),
        None => connection
            .prepare_cached("SELECT id FROM events WHERE key = ?1 AND tells_time = 0")?
            .query_row([key.0], |row| row.get(0)),
    };
    Ok(found.optional()?.map(EventId))
}

const HEAD: &str = "events.id, event_sources.name, key, time_us, tells_time, received_us";
const FROM: &str = "FROM events CROSS JOIN event_sources ON event_sources.id = events.source";

fn head(row: &Row<'_>) -> rusqlite::Result<EventHead> {
    let time_us = row.get(3)?;
    Ok(EventHead {
        id: EventId(row.get(0)?),
        source: row.get(1)?,
        key: EventKey(row.get(2)?),
        time_us: row.get::<_, bool>(4)?.then_some(time_us),
        received_us: row.get(5)?,
    })
}

/// The query for a page; the index on (time, key) gives the order, so that a page costs no more than it holds.
fn page_sql(newest_first: bool, is_after: bool) -> String {
    let (order, behind) = if newest_first { ("DESC", "<") } else { ("ASC", ">") };
    let behind = match is_after {
        true => format!("(time_us, key) {behind} (?5, ?6)"),
        false => "?5 IS NULL AND ?6 IS NULL".to_owned(),
    };
    format!(
        "SELECT {HEAD} {FROM} WHERE (?1 IS NULL OR event_sources.name = ?1) AND time_us >= ?2 AND time_us < ?3
         AND {behind} ORDER BY time_us {order}, key {order} LIMIT ?4"
    )
}

fn heads(transaction: &Transaction<'_>, query: &EventQuery) -> Result<Vec<EventHead>, StoreError> {
    let sql = page_sql(query.newest_first, query.after.is_some());
    let mut statement = transaction.prepare_cached(&sql)?;
    let heads = statement.query_map(
        params![
            query.source,
            query.from_us.unwrap_or(i64::MIN),
            // The bound is exclusive; the last possible microsecond is none that anybody misses.
            query.to_us.unwrap_or(i64::MAX),
            query.limit.min(MAX_PAGE),
            query.after.map(|place| place.time_us),
            query.after.map(|place| place.key.0)
        ],
        head,
    )?;
    Ok(heads.collect::<rusqlite::Result<_>>()?)
}

/// A block, opened.
struct Opened {
    block: i64,
    bodies: Vec<u8>,
    /// Number of each event, and where its body ends.
    ends: Vec<(i64, usize)>,
}

impl Opened {
    fn read(transaction: &Transaction<'_>, block: i64, keys: &Keys) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Corrupt { detail: format!("block {block} of events {what}") };
        let first = block.saturating_mul(BLOCK_EVENTS);
        let mut bound = Vec::new();
        let mut ends = Vec::new();
        let mut statement = transaction.prepare_cached(
            "SELECT id, time_us, key, ends_at FROM events WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let mut rows = statement.query([first, first.saturating_add(BLOCK_EVENTS - 1)])?;
        while let Some(row) = rows.next()? {
            let (id, ends_at): (i64, i64) = (row.get(0)?, row.get(3)?);
            Block::bind(&mut bound, row.get(1)?, &row.get::<_, [u8; 16]>(2)?, ends_at);
            ends.push((id, usize::try_from(ends_at).map_err(|_| damaged("has a body of no size"))?));
        }
        let mut statement =
            transaction.prepare_cached("SELECT size, key_id, body FROM event_blocks WHERE id = ?1")?;
        let mut rows = statement.query([block])?;
        let row = rows.next()?.ok_or_else(|| damaged("is missing"))?;
        let size: usize = row.get(0)?;
        if size > MAX_BLOCK {
            return Err(damaged("is larger than blocks are"));
        }
        let (key_id, body): (Option<String>, _) = (row.get(1)?, row.get_ref(2)?);
        let body = body.as_blob().map_err(|_| damaged("has no body"))?;
        let bodies = seal::open(body, key_id.as_deref(), &bound, size, keys)?;
        Ok(Self { block, bodies, ends })
    }

    fn body(&self, id: EventId) -> Option<&[u8]> {
        let place = self.ends.binary_search_by_key(&id.0, |(id, _)| *id).ok()?;
        let (_, end) = self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(_, end)| *end);
        self.bodies.get(start..*end)
    }
}

/// Whether a block can be opened.
pub(super) fn try_block(transaction: &Transaction<'_>, block: i64, keys: &Keys) -> Result<(), StoreError> {
    Opened::read(transaction, block, keys).map(|_| ())
}

/// Opens blocks; keeps the last few, since events that stand together mostly lie together.
struct Bodies<'t> {
    transaction: &'t Transaction<'t>,
    keys: &'t Keys,
    opened: Vec<Opened>,
}

impl Bodies<'_> {
    const KEPT: usize = 4;

    fn body(&mut self, id: EventId) -> Result<Vec<u8>, StoreError> {
        let block = id.0 / BLOCK_EVENTS;
        let at = match self.opened.iter().position(|opened| opened.block == block) {
            Some(at) => at,
            None => {
                if self.opened.len() == Self::KEPT {
                    self.opened.remove(0);
                }
                self.opened.push(Opened::read(self.transaction, block, self.keys)?);
                self.opened.len() - 1
            }
        };
        let body = self.opened.get(at).and_then(|opened| opened.body(id)).map(<[u8]>::to_vec);
        body.ok_or_else(|| StoreError::Corrupt { detail: format!("event {} has no body in its block", id.0) })
    }
}

pub(super) fn check(batch: &EventBatch) -> Result<(), StoreError> {
    check_name("source", &batch.source)?;
    if batch.events.len() > MAX_EVENTS {
        let (size, limit) = (batch.events.len(), MAX_EVENTS);
        return Err(StoreError::Invalid {
            detail: format!("a batch has {size} events, at most {limit} are taken"),
        });
    }
    let mut sum = 0_usize;
    for event in &batch.events {
        if event.body.len() > MAX_BODY {
            return Err(StoreError::TooLarge { what: "event", size: event.body.len(), limit: MAX_BODY });
        }
        sum = sum.saturating_add(event.body.len());
    }
    if sum > MAX_BATCH {
        return Err(StoreError::TooLarge { what: "batch of events", size: sum, limit: MAX_BATCH });
    }
    Ok(())
}

impl EventStore for SqliteStore {
    fn put_events(&self, batch: EventBatch) -> Result<Stored, StoreError> {
        check(&batch)?;
        self.writer.put_events(batch, Vec::new()).map(|done| done.stored)
    }

    fn event(&self, id: EventId) -> Result<Option<StoredEvent>, StoreError> {
        self.readers.read(|transaction| {
            let head = transaction
                .prepare_cached(&format!("SELECT {HEAD} {FROM} WHERE events.id = ?1"))?
                .query_row([id.0], head)
                .optional()?;
            let Some(head) = head else { return Ok(None) };
            let body = Bodies { transaction, keys: &self.keys, opened: Vec::new() }.body(id)?;
            Ok(Some(StoredEvent { head, body }))
        })
    }

    fn find_event(&self, time_us: Option<i64>, key: &EventKey) -> Result<Option<EventId>, StoreError> {
        self.readers.read(|transaction| find(transaction, time_us, key))
    }

    fn event_heads(&self, query: &EventQuery) -> Result<Vec<EventHead>, StoreError> {
        self.readers.read(|transaction| heads(transaction, query))
    }

    fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, StoreError> {
        self.readers.read(|transaction| {
            let mut bodies = Bodies { transaction, keys: &self.keys, opened: Vec::new() };
            let mut events = Vec::new();
            let mut bytes = 0;
            for head in heads(transaction, query)? {
                let body = bodies.body(head.id)?;
                bytes += body.len();
                events.push(StoredEvent { head, body });
                if bytes >= PAGE_BYTES {
                    break;
                }
            }
            Ok(events)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::sqlite::schema::tests::plan;

    #[test]
    fn a_page_is_read_in_the_order_of_the_index() {
        for (newest_first, is_after) in [(false, false), (false, true), (true, false), (true, true)] {
            let plan = plan(&super::page_sql(newest_first, is_after));
            assert!(plan.starts_with("SEARCH events USING INDEX events_identity"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
