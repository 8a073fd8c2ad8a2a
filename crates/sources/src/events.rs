mod refusal;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::MultiGzDecoder;

pub use self::refusal::EventsRefusal;

/// Endings of files with events; a folder may hold others too.
const ENDINGS: [&str; 8] = ["json", "jsonl", "ndjson", "log", "txt", "gz", "parquet", "scap"];

/// How often a followed file is looked at.
const POLL: Duration = Duration::from_millis(200);

/// The files with events that `paths` name: files as they are, folders searched, `-` for standard input. Sorted by
/// name within a folder: logs carry their time in it.
///
/// # Errors
/// A path that does not exist, or a folder that cannot be read.
pub fn event_files(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" || !path.is_dir() {
            files.push(path.clone());
        } else {
            search(path, &mut files)?;
        }
    }
    Ok(files)
}

fn search(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    entries.sort();
    for path in entries {
        // A link may lead back to a parent.
        if path.is_symlink() && path.is_dir() {
            continue;
        }
        if path.is_dir() {
            search(&path, files)?;
        } else if path.extension().is_some_and(|found| ENDINGS.iter().any(|ending| found == *ending)) {
            files.push(path);
        }
    }
    Ok(())
}

/// How Parquet and gzip begin.
const PARQUET: &[u8] = b"PAR1";
pub(crate) const GZIP: &[u8] = &[0x1f, 0x8b];

/// Opens a file with events, or standard input. What is compressed with gzip is unpacked, and the rows of Parquet
/// become lines, whatever the file is called.
///
/// # Errors
/// What the system says; Parquet that is broken, or that this build cannot read.
pub fn open_events(path: &Path) -> io::Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        return unpacked(io::stdin().lock());
    }
    let mut file = File::open(path)?;
    // What is no plain file cannot be read twice.
    if file.metadata()?.is_file() {
        let head = beginning(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        if head == PARQUET {
            return parquet_lines(file);
        }
    }
    unpacked(file)
}

/// The first four bytes, fewer where there are no more.
fn beginning(bytes: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(PARQUET.len());
    bytes.take(PARQUET.len() as u64).read_to_end(&mut head)?;
    Ok(head)
}

pub(crate) fn unpacked(mut bytes: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let head = beginning(&mut bytes)?;
    let is_packed = head.starts_with(GZIP);
    let is_parquet = head == PARQUET;
    let whole = io::Cursor::new(head).chain(bytes);
    if is_parquet {
        return parquet_lines(spooled(whole)?);
    }
    Ok(match is_packed {
        true => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole))),
        false => Box::new(whole),
    })
}

/// So much of what cannot be read twice is kept.
const MAX_SPOOLED: u64 = 4 << 30;

/// Keeps bytes in a file without a name: the description of Parquet stands at its end, and is read first.
fn spooled(bytes: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    if io::copy(&mut bytes.take(MAX_SPOOLED + 1), &mut file)? > MAX_SPOOLED {
        return Err(EventsRefusal::LargeStream.into());
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

#[cfg(feature = "parquet")]
fn parquet_lines(file: File) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(crate::parquet::ParquetLines::open(file)?))
}

#[cfg(not(feature = "parquet"))]
fn parquet_lines(_: File) -> io::Result<Box<dyn Read>> {
    Err(EventsRefusal::NoParquet.into())
}

/// A file that grows: at its end, reading waits for more. A file that was replaced or cut is read from its start.
#[derive(Debug)]
pub struct FollowedFile {
    path: PathBuf,
    file: File,
    at: u64,
    /// Whether what was read last is the middle of a line.
    is_in_line: bool,
}

impl FollowedFile {
    /// Opens a file, at its start.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: File::open(path)?, at: 0, is_in_line: false })
    }

    /// Whether another file stands at the path now, or this one was cut.
    fn was_replaced(&self) -> bool {
        let (Ok(there), Ok(here)) = (std::fs::metadata(&self.path), self.file.metadata()) else {
            return false;
        };
        here.len() < self.at || identity(&there) != identity(&here)
    }
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}

impl Read for FollowedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.file.read(buffer)?;
            self.at += count as u64;
            if count > 0 || buffer.is_empty() {
                if let Some(last) = count.checked_sub(1).and_then(|last| buffer.get(last)) {
                    self.is_in_line = *last != b'\n';
                }
                return Ok(count);
            }
            if self.was_replaced() {
                // The line that has no end there has none here either.
                if std::mem::take(&mut self.is_in_line)
                    && let Some(first) = buffer.first_mut()
                {
                    *first = b'\n';
                    return Ok(1);
                }
                match File::open(&self.path) {
                    Ok(file) => self.file = file,
                    Err(_) => {
                        self.file.seek(SeekFrom::Start(0))?;
                    }
                }
                self.at = 0;
                continue;
            }
            std::thread::sleep(POLL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn gzip_is_unpacked_and_folders_are_searched_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"packed").unwrap();
        std::fs::write(folder.path().join("b.gz"), packed.finish().unwrap()).unwrap();
        std::fs::write(folder.path().join("a.log"), "plain").unwrap();
        std::fs::write(folder.path().join("c.png"), "no events").unwrap();
        std::fs::write(folder.path().join("d.json"), "").unwrap();
        let files = event_files(&[folder.path().to_owned()]).unwrap();
        let texts: Vec<String> = files
            .iter()
            .map(|path| {
                let mut text = String::new();
                open_events(path).unwrap().read_to_string(&mut text).unwrap();
                text
            })
            .collect();
        assert_eq!(texts, ["plain", "packed", ""]);
    }

    #[test]
    fn a_replaced_file_is_read_from_its_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        std::fs::write(&path, "one\n").unwrap();
        let mut followed = FollowedFile::open(&path).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(followed.read(&mut buffer).unwrap(), 4);
        std::fs::rename(&path, folder.path().join("audit.log.1")).unwrap();
        std::fs::write(&path, "two\n").unwrap();
        let count = followed.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"two\n");
    }
}
