//! Folders that files with events arrive in.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use haechi_sources::{event_files, open_events};

use super::pipeline::{Pipeline, RunError};
use super::queue::Shared;
use super::{Detected, Feed, Intake};
use crate::clock;

/// A file is read when it has been left alone for so long: whoever writes it has finished.
const SETTLED: Duration = Duration::from_secs(5);
/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;

/// What a file looked like when it was read.
type Looks = (u64, Option<SystemTime>);

/// Watches the folders on a thread of its own until intake is stopped. Files stay where they are; after a restart they are
/// read again, and what is in them is there already.
///
/// # Errors
/// The system makes no more threads.
pub fn watch_folders(intake: &Intake, every: Duration) -> std::io::Result<()> {
    let shared = intake.shared.clone();
    if shared.options.folders.is_empty() {
        return Ok(());
    }
    std::thread::Builder::new().name("intake-folder".to_owned()).spawn(move || {
        let mut known = HashMap::new();
        while !shared.is_closed() {
            look(&shared, &mut known, SETTLED);
            std::thread::sleep(every);
        }
    })?;
    Ok(())
}

/// Reads files that are new or changed.
pub(super) fn look(shared: &Arc<Shared>, known: &mut HashMap<PathBuf, Looks>, settled: Duration) {
    for folder in &shared.options.folders {
        let files = match event_files(std::slice::from_ref(folder)) {
            Ok(files) => files,
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "a watched folder cannot be read");
                continue;
            }
        };
        for file in files {
            let Ok(meta) = std::fs::metadata(&file) else { continue };
            let looks = (meta.len(), meta.modified().ok());
            let age = looks.1.and_then(|modified| modified.elapsed().ok());
            if known.get(&file) == Some(&looks) || age.is_some_and(|age| age < settled) {
                continue;
            }
            if shared.is_closed() {
                return;
            }
            match read(shared, &file) {
                Ok(()) => {
                    known.insert(file, looks);
                }
                // The next look tries again: the store may have room then.
                Err(RunError::Store(error)) => {
                    tracing::error!(%error, file = %file.display(), "events could not be stored");
                }
                Err(RunError::Read(error)) => {
                    tracing::warn!(%error, file = %file.display(), "a file with events cannot be read");
                    shared.drop_events(Feed::Folder.as_str(), "unreadable", 1);
                    known.insert(file, looks);
                }
            }
        }
    }
    // What is gone need not be remembered.
    known.retain(|file, _| file.exists());
    shared.settle();
}

fn read(shared: &Shared, file: &Path) -> Result<(), RunError> {
    let mut source = open_events(file).map_err(RunError::Read)?;
    let rules = shared.rules.current();
    let mut pipeline = Pipeline::new(&*shared.store, &rules.program, Feed::Folder)
        .with_columns(shared.options.columns.clone());
    let next = || {
        let mut piece = Vec::with_capacity(PIECE);
        source.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        Ok((!piece.is_empty()).then_some(piece))
    };
    let tell = |detection| shared.tell(&Detected { detection, feed: Feed::Folder, cluster: None });
    pipeline.run(next, clock::now_ns() / 1000, tell).map(drop)
}
