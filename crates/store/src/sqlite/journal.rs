use std::io;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::SqliteStore;
use crate::StoreError;
use crate::journal::{Act, Anchor, Chain, Entry, Hash, JournalStore, Report, write_end, write_entry};

const COLUMNS: &str = "seq, time_us, actor, act, subject, details, prev, hash";

/// Appends an entry, and tells the new anchor.
pub(super) fn append(connection: &Connection, act: Act) -> Result<Anchor, StoreError> {
    let entry = Entry::new(act, &head(connection)?)?;
    connection
        .prepare_cached(
            "INSERT INTO journal (seq, time_us, actor, act, subject, details, prev, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            number(entry.seq)?,
            entry.time_us,
            entry.actor,
            entry.act,
            entry.subject,
            entry.details,
            entry.prev.0,
            entry.hash.0
        ])?;
    Ok(entry.anchor())
}

pub(super) fn head(connection: &Connection) -> Result<Anchor, StoreError> {
    let head = connection
        .prepare_cached("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok(Anchor { entries: row.get(0)?, head: Hash(row.get(1)?) }))
        .optional()?;
    Ok(head.unwrap_or_default())
}

fn number(seq: u64) -> Result<i64, StoreError> {
    i64::try_from(seq).map_err(|_| StoreError::Internal { detail: format!("journal entry {seq}") })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get(0)?,
        time_us: row.get(1)?,
        actor: row.get(2)?,
        act: row.get(3)?,
        subject: row.get(4)?,
        details: row.get(5)?,
        prev: Hash(row.get(6)?),
        hash: Hash(row.get(7)?),
    })
}

/// Holds the journal of one state of the database against its hashes.
pub(super) fn verify(
    connection: &Connection,
    anchors: impl IntoIterator<Item = Anchor>,
) -> Result<Report, StoreError> {
    follow(connection, Chain::with_anchors(anchors))
}

/// Holds the journal of one state of the database against a chain.
pub(super) fn follow(connection: &Connection, mut chain: Chain) -> Result<Report, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM journal ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match entry(row) {
            Ok(entry) if chain.push(&entry) => {}
            Ok(_) => break,
            Err(_) => {
                chain.push_unreadable(row.get::<_, i64>(0)?.try_into().unwrap_or_default());
                break;
            }
        }
    }
    Ok(chain.finish())
}

pub(super) fn export(transaction: &Transaction<'_>, to: &mut dyn io::Write) -> io::Result<Anchor> {
    let failed = |error: rusqlite::Error| io::Error::other(StoreError::from(error));
    let mut anchor = Anchor::default();
    let query = format!("SELECT {COLUMNS} FROM journal ORDER BY seq");
    let mut statement = transaction.prepare(&query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let entry = entry(row).map_err(failed)?;
        write_entry(&entry, to)?;
        anchor = entry.anchor();
    }
    write_end(anchor, to)?;
    Ok(anchor)
}

/// Entries with higher numbers.
pub(super) fn page(connection: &Connection, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let query = format!("SELECT {COLUMNS} FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    let mut statement = connection.prepare_cached(&query)?;
    let entries = statement.query_map(params![after, limit.min(10_000)], entry)?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

impl JournalStore for SqliteStore {
    fn append_act(&self, act: Act) -> Result<u64, StoreError> {
        self.write(move |tx| tx.journal(&act))
    }

    fn journal(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.readers.read(|transaction| page(transaction, after, limit))
    }

    fn anchor(&self) -> Result<Anchor, StoreError> {
        self.readers.read(|transaction| head(transaction))
    }

    fn verify_journal(&self, kept: Option<&Anchor>) -> Result<Report, StoreError> {
        // Read first: the journal only grows, so that an older anchor is passed by a newer state.
        let beside = self.folder.read_anchor().map_err(|error| StoreError::Corrupt {
            detail: format!("the journal's anchor beside the database: {error}"),
        })?;
        self.readers.read(|transaction| verify(transaction, beside.into_iter().chain(kept.copied())))
    }

    fn export_journal(&self, to: &mut dyn io::Write) -> io::Result<Anchor> {
        self.readers.read(|transaction| Ok(export(transaction, to))).map_err(io::Error::other)?
    }
}
