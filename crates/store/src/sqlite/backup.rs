//! Copies of a store, made while it is used, and put in place of one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::files::{Folder, database_path, sync_folder};
use super::readers::Readers;
use super::{SqliteStore, health, journal, schema};
use crate::journal::{Act, Anchor, Break};
use crate::{OpenError, StoreError};

/// Pages that are copied at a time.
const PAGES: i32 = 4096;

/// A copy that was made, or put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The journal's anchor in the copy: to be kept elsewhere.
    pub anchor: Anchor,
}

/// Why a store could not be copied, or a copy not be put in place. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is a file of this name already.
    #[error("`{}` exists already: name another file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The store or the copy cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database refuses.
    #[error("cannot copy the store")]
    Store(#[from] StoreError),
    /// The copy is damaged.
    #[error("the copy is damaged ({}): use another backup", damage.join("; "))]
    Damaged {
        /// What is damaged, in SQLite's words.
        damage: Vec<String>,
    },
    /// The journal in the copy is broken.
    #[error("the journal in the copy is broken ({0}): use another backup, and find out who changed this one")]
    Journal(Break),
}

fn file_failed(path: &Path) -> impl FnOnce(io::Error) -> CopyError + use<> {
    let path = path.to_owned();
    move |source| CopyError::File { path, source }
}

/// Opens a copy that nobody else uses, as a file without write-ahead log.
fn open_copy(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection
        .execute_batch("PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;")?;
    connection.execute_batch("PRAGMA journal_mode=DELETE;")?;
    Ok(connection)
}

/// Reads every page, index and journal entry of a copy.
fn verify(connection: &Connection, kept: Option<Anchor>) -> Result<Anchor, CopyError> {
    let damage = health::damage(connection, true)?;
    if !damage.is_empty() {
        return Err(CopyError::Damaged { damage });
    }
    let report = journal::verify(connection, kept)?;
    match report.broken {
        Some(broken) => Err(CopyError::Journal(broken)),
        None => Ok(report.good),
    }
}

fn make_durable(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Removes what was not finished.
struct Unfinished<'p>(&'p Path);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // It is not there any more when all went well.
        let _ = fs::remove_file(self.0);
    }
}

impl SqliteStore {
    /// Writes the store as it stands to a new file, while others go on using it, and verifies the copy. Bodies that are encrypted
    /// stay so; keys are not part of it.
    ///
    /// # Errors
    /// See [`CopyError`]; then there is no such file.
    pub fn backup(&self, to: &Path) -> Result<Copied, CopyError> {
        self.readers.backup(to)
    }
}

impl Readers {
    pub(super) fn backup(&self, to: &Path) -> Result<Copied, CopyError> {
        if to.exists() {
            return Err(CopyError::Exists { path: to.to_owned() });
        }
        let part = super::files::with_suffix(to, ".part");
        let _unfinished = Unfinished(&part);
        super::files::private()
            .create(true)
            .truncate(true)
            .write(true)
            .open(&part)
            .map_err(file_failed(&part))?;
        let mut copy = Connection::open(&part).map_err(StoreError::from)?;
        self.read(|transaction| {
            // The state that is copied is the one that is first read, whatever is written meanwhile.
            journal::head(transaction)?;
            let backup = Backup::new(transaction, &mut copy)?;
            while backup.step(PAGES)? != StepResult::Done {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        })?;
        drop(copy);
        let copy = open_copy(&part)?;
        let anchor = verify(&copy, None)?;
        drop(copy);
        make_durable(&part).map_err(file_failed(&part))?;
        fs::rename(&part, to).map_err(file_failed(to))?;
        let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sync_folder(folder).map_err(file_failed(folder))?;
        Ok(Copied { path: to.to_owned(), bytes: health::size(to), anchor })
    }
}

/// Puts a backup in the place of the store in `folder` (or makes one there): verified first, as a whole or not at all, and
/// journalled as `act`. The database that was there stays beside it under its old name, which no longer counts.
///
/// # Errors
/// See [`CopyError`]; then the folder is as it was.
pub fn restore(backup: &Path, folder: &Path, kept: Option<&Anchor>, act: Act) -> Result<Copied, CopyError> {
    let locked = Folder::open(folder)?;
    let number = if locked.database().exists() { locked.number() + 1 } else { locked.number() };
    let part = folder.join("restore.part");
    let _unfinished = Unfinished(&part);
    let mut from = File::open(backup).map_err(file_failed(backup))?;
    let mut to = super::files::private()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&part)
        .map_err(file_failed(&part))?;
    io::copy(&mut from, &mut to).map_err(file_failed(&part))?;
    drop(to);
    let copy = open_copy(&part).map_err(|source| OpenError::Database { path: backup.to_owned(), source })?;
    schema::check(&copy, backup)?;
    verify(&copy, kept.copied())?;
    schema::migrate(&copy, backup)?;
    let anchor = journal::append(&copy, act)?;
    drop(copy);
    make_durable(&part).map_err(file_failed(&part))?;
    let database = database_path(folder, number);
    // The anchor first: beside no database it means nothing, and a database without its anchor would look tampered with.
    locked.write_anchor_of(number, &anchor).map_err(file_failed(folder))?;
    fs::rename(&part, &database).map_err(file_failed(&database))?;
    sync_folder(folder).map_err(file_failed(folder))?;
    Ok(Copied { bytes: health::size(&database), path: database, anchor })
}
