//! The embedded store: SQLite in write-ahead mode, one writer thread, readers of their own.
//!
//! # Files
//!
//! A store is a folder:
//!
//! | file | holds |
//! |---|---|
//! | `store-N.db`, `-wal`, `-shm` | the database; the highest `N` counts, a restore makes the next one |
//! | `store-N.anchor` | the journal's anchor as JSON, written after each commit that appends to the journal, before `Ok` |
//! | `lock` | locked by the process that has the store open |
//! | `*.part` | what was being made when a process ended; removed when the store is opened |
//!
//! The database has `application_id` `Haec` and the version of its schema in `user_version`; tables are described in
//! `sqlite/schema.rs`.
//!
//! # Durability
//!
//! The writer takes all calls that wait, runs them in one transaction, and answers them after its commit, which ends with an
//! `fsync` of the write-ahead log (`synchronous=FULL`). When a commit fails, each call is tried in a transaction of its own, so
//! that one that asks for too much does not take the others with it; what fails then is answered with its error. An error of
//! the disk makes the writer open the database anew for the next call: it goes on by itself when space returns.

mod accounts;
mod backup;
mod bounds;
mod counters;
mod detections;
mod dispatch;
mod events;
mod failure;
mod files;
mod findings;
mod health;
mod incidents;
mod journal;
mod outbox;
mod reader;
mod readers;
mod resources;
mod retention;
mod schema;
mod silences;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::maintenance::KeyState;
use crate::seal::Keys;
use crate::{OpenError, StoreError};
pub use backup::{Copied, CopyError, restore};
use files::Folder;
pub use reader::{StoreReader, Verified};
use readers::Readers;
use writer::{Tx, Writer};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// The store's folder; made if it is not there.
    pub folder: PathBuf,
    /// Keys for bodies at rest.
    pub keys: Keys,
    /// The store takes no more than so many bytes for its database (not counting the write-ahead log); calls fail with
    /// [`StoreError::Full`] beyond. None: as much as the disk has.
    pub max_bytes: Option<u64>,
    /// Calls that wait for the writer before further ones are told [`StoreError::Busy`].
    pub queue: usize,
    /// Bytes of events that wait for the writer before further ones are told [`StoreError::Busy`].
    pub queue_bytes: usize,
}

impl Options {
    /// A store in this folder, without encryption and bound.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            keys: Keys::none(),
            max_bytes: None,
            queue: 1024,
            queue_bytes: 64 << 20,
        }
    }
}

/// A store in a folder. Dropping it writes out what waits and closes the files.
pub struct SqliteStore {
    // Closed in this order: the writer, as the last one, brings the log into the database.
    readers: Readers,
    writer: Writer,
    keys: Arc<Keys>,
    folder: Arc<Folder>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("database", &self.folder.database()).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store, makes it if the folder is empty, and brings its schema up to date.
    ///
    /// # Errors
    /// See [`OpenError`]. A store that cannot be opened is left as it is.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let folder = Arc::new(Folder::open(&options.folder)?);
        let keys = Arc::new(options.keys);
        let writer = Writer::start(
            Arc::clone(&folder),
            Arc::clone(&keys),
            options.max_bytes,
            options.queue,
            options.queue_bytes,
        )?;
        let readers = Readers::new(folder.database().to_owned());
        Ok(Self { writer, readers, keys, folder })
    }

    /// Tries the keys that were given on what is encrypted: ids of all keys that are needed, and whether each opens what was
    /// encrypted with it last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn try_keys(&self) -> Result<BTreeMap<String, KeyState>, StoreError> {
        self.readers.read(|transaction| health::try_keys(transaction, &self.keys))
    }

    /// The database file.
    pub fn database(&self) -> &Path {
        self.folder.database()
    }

    /// Runs `work` in the writer's next transaction and waits for its commit.
    fn write<R: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.writer.run(work)
    }
}
