//! Looking into a store that another process may have open: copied, verified, read, and never written to.
//!
//! SQLite's write-ahead log lets any number of processes read one state while one writes. What a process that was killed left in
//! the log is read from there.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::backup::{Copied, CopyError};
use super::files::{database_path, newest, read_anchor};
use super::readers::{Readers, open};
use super::{counters, health, journal, schema};
use crate::counters::SourceCounts;
use crate::journal::{Act, Anchor, Entry, JournalStore, Kept, Report};
use crate::maintenance::{AnchorState, KeyState};
use crate::seal::Keys;
use crate::{OpenError, StoreError};

/// A store that is only read.
pub struct StoreReader {
    folder: PathBuf,
    number: u64,
    readers: Readers,
}

impl fmt::Debug for StoreReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreReader").field("database", &self.database()).finish_non_exhaustive()
    }
}

/// What came out of looking at everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What is damaged, in SQLite's words; empty if nothing is.
    pub damage: Vec<String>,
    /// What came out of verifying the journal.
    pub journal: Report,
    /// What the anchor beside the database says.
    pub anchor: AnchorState,
    /// Counts of what came in, by source.
    pub counts: BTreeMap<String, SourceCounts>,
    /// Ids of the keys that bodies are encrypted with, and whether each opens what was encrypted with it last.
    pub keys: BTreeMap<String, KeyState>,
}

impl Verified {
    /// Whether nothing is wrong; a key that was not given is not.
    pub fn is_good(&self) -> bool {
        self.damage.is_empty()
            && self.journal.broken.is_none()
            && matches!(self.anchor, AnchorState::Current | AnchorState::Behind)
            && self.counts.values().all(SourceCounts::adds_up)
            && self.keys.values().all(|state| *state != KeyState::Wrong)
    }
}

impl StoreReader {
    /// Opens the store in a folder, whoever else has it open.
    ///
    /// # Errors
    /// When there is none, or it is none that this program knows.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
        let number = newest(folder).map_err(failed)?;
        if number == 0 {
            return Err(OpenError::Missing { path: folder.to_owned() });
        }
        let database = database_path(folder, number);
        let connection =
            open(&database).map_err(|source| OpenError::Database { path: database.clone(), source })?;
        schema::check(&connection, &database)?;
        drop(connection);
        Ok(Self { folder: folder.to_owned(), number, readers: Readers::new(database) })
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        database_path(&self.folder, self.number)
    }

    /// As [`super::SqliteStore::backup`].
    ///
    /// # Errors
    /// See [`CopyError`]; then there is no such file.
    pub fn backup(&self, to: &Path) -> Result<Copied, CopyError> {
        self.readers.backup(to)
    }

    /// Reads every page, index and journal entry, and holds them against their hashes, against the anchor beside the database and
    /// what was kept elsewhere.
    ///
    /// # Errors
    /// When not even that can be read. What is wrong is part of the result.
    pub fn verify(&self, kept: Option<&Kept>, keys: &Keys) -> Result<Verified, StoreError> {
        // Read first: the journal only grows, so that an older anchor is passed by a newer state.
        let beside = read_anchor(&self.folder, self.number);
        self.readers.read(|transaction| {
            let damage = health::damage(transaction, true)?;
            let chain = Kept::chain(kept, beside.as_ref().ok().copied().flatten());
            let journal = journal::follow(transaction, chain)?;
            let head = journal::head(transaction)?;
            let anchor = match &beside {
                Err(_) => AnchorState::Unreadable,
                Ok(None) => AnchorState::Missing,
                Ok(Some(anchor)) if anchor.entries < head.entries => AnchorState::Behind,
                Ok(Some(_)) => AnchorState::Current,
            };
            let counts = counters::read(transaction)?;
            Ok(Verified { damage, journal, anchor, counts, keys: health::try_keys(transaction, keys)? })
        })
    }
}

impl JournalStore for StoreReader {
    fn append_act(&self, _: Act) -> Result<u64, StoreError> {
        Err(StoreError::ReadOnly { detail: "the store was opened for reading".to_owned() })
    }

    fn journal(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.readers.read(|transaction| journal::page(transaction, after, limit))
    }

    fn anchor(&self) -> Result<Anchor, StoreError> {
        self.readers.read(|transaction| journal::head(transaction))
    }

    fn verify_journal(&self, kept: Option<&Anchor>) -> Result<Report, StoreError> {
        let beside = read_anchor(&self.folder, self.number).map_err(|error| StoreError::Corrupt {
            detail: format!("the journal's anchor beside the database: {error}"),
        })?;
        self.readers.read(|transaction| journal::verify(transaction, beside.into_iter().chain(kept.copied())))
    }

    fn export_journal(&self, to: &mut dyn io::Write) -> io::Result<Anchor> {
        self.readers.read(|transaction| Ok(journal::export(transaction, to))).map_err(io::Error::other)?
    }
}
