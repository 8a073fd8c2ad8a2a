use std::fs::File;
use std::io::{self, Read};

use crate::FileEntry;

/// Why a file could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// It is longer than the limit; nothing of it was kept. The size in bytes if it is known.
    TooLarge(Option<u64>),
    /// The system refused.
    Io(io::Error),
}

/// Reads a file, or standard input, of at most `limit` bytes.
pub fn read(entry: &FileEntry, limit: usize) -> Result<Vec<u8>, ReadError> {
    if entry.shown.as_ref() == "-" {
        return read_up_to(io::stdin().lock(), limit, 0)
            .map_err(ReadError::Io)?
            .ok_or(ReadError::TooLarge(None));
    }
    let file = File::open(&entry.path).map_err(ReadError::Io)?;
    let size = file.metadata().map_err(ReadError::Io)?.len();
    if size > limit as u64 {
        return Err(ReadError::TooLarge(Some(size)));
    }
    let expected = usize::try_from(size).unwrap_or(0);
    read_up_to(file, limit, expected).map_err(ReadError::Io)?.ok_or(ReadError::TooLarge(None))
}

/// `None` where there is more than `limit`.
fn read_up_to(source: impl Read, limit: usize, expected: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(expected + 1);
    source.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}
