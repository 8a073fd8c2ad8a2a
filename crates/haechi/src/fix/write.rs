//! Puts a changed file in the place of the old one.
//!
//! The new text is written beside the file under another name, flushed to the disk and renamed, so that whoever reads
//! the file sees the old one or the new one, also after a crash. Permissions and owner are kept; where that cannot be,
//! and where a rename would tear the file from its other names (links), the file is left alone. Extended attributes are
//! not kept.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use haechi_sources::FileEntry;

use super::Refusal;

/// The part of a path or pattern that the user wrote out: links in it are meant.
pub(super) fn literal_part(path: &Path) -> PathBuf {
    if path.exists() {
        return path.to_owned();
    }
    let has_wildcard =
        |part: &std::path::Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    path.components().take_while(|part| !has_wildcard(part)).collect()
}

/// Whether a file must be left alone because of how it is reached. `roots` are what the user wrote out.
pub(super) fn is_behind_link(entry: &FileEntry, roots: &[PathBuf]) -> bool {
    entry.shown.as_ref() != "-" && passes_link(&entry.path, roots)
}

/// Why a file is not to be written to, as far as that can be told beforehand.
pub(super) fn refusal(entry: &FileEntry) -> Option<Refusal> {
    if entry.shown.as_ref() == "-" {
        return None;
    }
    match fs::metadata(&entry.path) {
        Ok(metadata) if metadata.permissions().readonly() => Some(Refusal::ReadOnly),
        Ok(metadata) if has_other_names(&metadata) => Some(Refusal::HardLink),
        Ok(_) => None,
        Err(error) => Some(Refusal::Write(error.to_string())),
    }
}

/// Whether the file, or a folder on the way to it that the user did not name, is a symbolic link: what stands behind
/// it may be no part of what was to be fixed.
fn passes_link(path: &Path, roots: &[PathBuf]) -> bool {
    let root =
        roots.iter().filter(|root| path.starts_with(root)).max_by_key(|root| root.components().count());
    let steps = path.ancestors().take_while(|step| Some(*step) != root.map(PathBuf::as_path));
    let is_link = |step: &Path| fs::symlink_metadata(step).is_ok_and(|metadata| metadata.is_symlink());
    is_link(path) || steps.filter(|step| !step.as_os_str().is_empty()).any(is_link)
}

/// Writes `after` if the file still holds `before`.
pub(super) fn write(path: &Path, before: &str, after: &str) -> Result<(), Refusal> {
    let metadata = fs::metadata(path).map_err(refused)?;
    let is_same_length = metadata.len() == before.len() as u64;
    if !is_same_length || fs::read(path).map_err(refused)? != before.as_bytes() {
        return Err(Refusal::Changed);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new =
        tempfile::Builder::new().prefix(".haechi-").suffix(".tmp").tempfile_in(folder).map_err(refused)?;
    new.write_all(after.as_bytes()).map_err(refused)?;
    keep_owner(new.as_file(), &metadata)?;
    new.as_file().set_permissions(metadata.permissions()).map_err(refused)?;
    new.as_file().sync_all().map_err(refused)?;
    new.persist(path).map_err(|error| refused(error.error))?;
    Ok(())
}

fn refused(error: io::Error) -> Refusal {
    Refusal::Write(error.to_string())
}

#[cfg(unix)]
fn has_other_names(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn keep_owner(new: &File, old: &Metadata) -> Result<(), Refusal> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let made = new.metadata().map_err(refused)?;
    if (made.uid(), made.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid())).map_err(|_| Refusal::Owner)
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> Result<(), Refusal> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_since_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pod.yaml");
        for there in ["one more\n", "two\n"] {
            fs::write(&path, there).unwrap();
            assert_eq!(write(&path, "one\n", "new\n"), Err(Refusal::Changed));
            assert_eq!(fs::read_to_string(&path).unwrap(), there);
        }
        fs::write(&path, "one\n").unwrap();
        assert_eq!(write(&path, "one\n", "new\n"), Ok(()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        assert!(matches!(write(&path, "new\n", "x\n"), Err(Refusal::Write(_))));
        assert!(!path.exists());
    }
}
