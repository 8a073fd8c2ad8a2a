use std::io;
use std::path::PathBuf;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made, read or locked.
    #[error("cannot use the store's folder `{}`: check that it exists and that this user may write to it", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process has the store open.
    #[error("the store in `{}` is in use by another process: stop that one first", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// There is no store.
    #[error("there is no store in `{}`: name the folder that `haechi serve --data` was given", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("`{}` is not a store of Haechi (application id {found:#010x}): name another folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The application id in it.
        found: i64,
    },
    /// A newer version of Haechi has written the file.
    #[error(
        "`{}` has schema version {found}, this version of Haechi knows up to {known}: use the newer Haechi, or restore a backup that was made before the update",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The database refuses: damaged, read-only, disk full …
    #[error("cannot open the store `{}`", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: StoreError,
    },
    /// The writer thread could not be started.
    #[error("cannot start the store's writer thread")]
    Thread(#[source] io::Error),
}

/// Why a call of a store failed. Nothing of what the call was to write is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No space is left: the disk is full, or the store has reached its limit.
    #[error(
        "no space left for the store ({detail}): free space or shorten retention; nothing of this call was stored"
    )]
    Full {
        /// What the database said.
        detail: String,
    },
    /// The disk failed to read or write.
    #[error("the store's disk failed ({detail}): check the volume; nothing of this call was stored")]
    Io {
        /// What the database said.
        detail: String,
    },
    /// The file or the volume is read-only.
    #[error("the store is read-only ({detail}): make its folder and files writable for this user")]
    ReadOnly {
        /// What the database said.
        detail: String,
    },
    /// The file is damaged.
    #[error("the store's file is damaged ({detail}): restore a backup")]
    Corrupt {
        /// What is damaged.
        detail: String,
    },
    /// Too many calls wait already, or another connection holds a lock for too long.
    #[error("the store is busy: try again later")]
    Busy,
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
    /// An argument is beyond the bounds of the store.
    #[error("`{what}` has {size} bytes, at most {limit} are taken")]
    TooLarge {
        /// Which argument.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The bound.
        limit: usize,
    },
    /// An argument makes no sense.
    #[error("{detail}")]
    Invalid {
        /// Which, and why.
        detail: String,
    },
    /// The name or id is taken.
    #[error("{what} `{id}` exists already")]
    Exists {
        /// `user`, `token` …
        what: &'static str,
        /// Its name or id.
        id: String,
    },
    /// Nothing has this name or id.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// `user`, `token` …
        what: &'static str,
        /// Its name or id.
        id: String,
    },
    /// What is asked for is not possible in the state that the thing is in.
    #[error("{what} `{id}` is {state}: {detail}")]
    Refused {
        /// `incident` …
        what: &'static str,
        /// Its name or id.
        id: String,
        /// The state it is in.
        state: &'static str,
        /// What is not possible.
        detail: String,
    },
    /// The body was encrypted with a key that was not given.
    #[error("the body is encrypted with the key `{key_id}`, which was not given: add it to the store's keys")]
    NoKey {
        /// Id of the key.
        key_id: String,
    },
    /// The key of that id is another one than the body was encrypted with, or the body was changed.
    #[error(
        "the key `{key_id}` does not open the body: it is another key of the same id, or the body was changed"
    )]
    WrongKey {
        /// Id of the key.
        key_id: String,
    },
    /// The system has no randomness to give.
    #[error("no randomness for encryption ({detail})")]
    Randomness {
        /// What the system said.
        detail: String,
    },
    /// Something that should not happen.
    #[error("the store failed ({detail})")]
    Internal {
        /// What the database said.
        detail: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody changing it.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Io { .. } | Self::ReadOnly { .. } | Self::Busy)
    }
}
