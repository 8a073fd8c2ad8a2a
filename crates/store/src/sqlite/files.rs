//! The store's folder: which database counts, the lock, the anchor beside the database.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::OpenError;
use crate::journal::Anchor;

/// A folder that this process has locked.
pub(crate) struct Folder {
    path: PathBuf,
    database: PathBuf,
    number: u64,
    /// Held open: closing it gives the lock back.
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be, locks it, and finds the database that counts.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Folder { path, source }
        };
        make_folder(path).map_err(failed(path))?;
        let lock_path = path.join("lock");
        let lock = private().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(&lock_path)(source)),
        }
        let number = newest(path).map_err(failed(path))?;
        for file in fs::read_dir(path).map_err(failed(path))? {
            let file = file.map_err(failed(path))?.path();
            if file.extension() == Some(OsStr::new("part")) {
                fs::remove_file(&file).map_err(failed(&file))?;
            }
        }
        let number = number.max(1);
        Ok(Self { path: path.to_owned(), database: database_path(path, number), number, _lock: lock })
    }

    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Makes the names in the folder durable.
    pub(crate) fn sync(&self) -> Result<(), OpenError> {
        sync_folder(&self.path).map_err(|source| OpenError::Folder { path: self.path.clone(), source })
    }

    /// The anchor beside the database; none if it was never written.
    pub(crate) fn read_anchor(&self) -> io::Result<Option<Anchor>> {
        read_anchor(&self.path, self.number)
    }

    /// Replaces the anchor beside the database, as a whole or not at all.
    pub(crate) fn write_anchor(&self, anchor: &Anchor) -> io::Result<()> {
        self.write_anchor_of(self.number, anchor)
    }

    pub(crate) fn write_anchor_of(&self, number: u64, anchor: &Anchor) -> io::Result<()> {
        let text = serde_json::to_vec(anchor)?;
        replace_file(&anchor_path(&self.path, number), &text)
    }
}

fn anchor_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("store-{number}.anchor"))
}

/// The anchor beside a database; none if it was never written.
pub(crate) fn read_anchor(folder: &Path, number: u64) -> io::Result<Option<Anchor>> {
    match fs::read(anchor_path(folder, number)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The number of the database that counts; 0 if there is none.
pub(crate) fn newest(folder: &Path) -> io::Result<u64> {
    let mut number = 0;
    for file in fs::read_dir(folder)? {
        number = number.max(database_number(&file?.path()).unwrap_or_default());
    }
    Ok(number)
}

/// Made files are readable by their owner only.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

pub(crate) fn database_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("store-{number}.db"))
}

/// The path with something behind its last name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The number in `store-N.db`.
fn database_number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("store-")?.strip_suffix(".db")?.parse().ok()
}

/// Makes the names of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Other systems do not open folders as files, and need no such thing.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Writes a file under another name, makes it durable, and gives it its name.
fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = with_suffix(path, ".part");
    let mut file = private().create(true).truncate(true).write(true).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}
