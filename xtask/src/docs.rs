//! Documents that are generated: a page per check in both languages, indexes, manual pages, shell completions.
//!
//! ```text
//! doc comment of a check + its texts + docs/source/checks.ko.toml ─► docs/checks/*.md, docs/ko/checks/*.md
//! command line ─► docs/man/*, docs/completions/*
//! ```
//!
//! The English of a page is the doc comment in the check's own file. Its Korean stands in `docs/source/checks.ko.toml`
//! with a digest of the English that was translated, so that a change of one without the other is an error.

mod checks;
mod command_line;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::conformance::project;

/// Every generated file by its path below `docs`, with its text.
pub(crate) type Pages = BTreeMap<PathBuf, String>;

/// The folders below `docs` that hold generated files and nothing else.
const GENERATED: [&str; 4] = ["checks", "ko/checks", "man", "completions"];

/// What there is to do so that the files agree with their sources.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Files that are missing or have another text.
    pub outdated: Vec<PathBuf>,
    /// Files that nothing generates any more.
    pub stale: Vec<PathBuf>,
}

impl Difference {
    /// Whether all files are as they should be.
    pub fn is_empty(&self) -> bool {
        self.outdated.is_empty() && self.stale.is_empty()
    }
}

/// Compares the files with what their sources make of them, and unless `only_check` brings them up to date.
pub fn generate(only_check: bool) -> Result<Difference> {
    let root = project().join("docs");
    let mut pages = Pages::new();
    checks::add(&mut pages)?;
    command_line::add(&mut pages)?;
    let mut difference = Difference::default();
    for (path, text) in &pages {
        let file = root.join(path);
        if std::fs::read_to_string(&file).is_ok_and(|there| there == *text) {
            continue;
        }
        difference.outdated.push(path.clone());
        if !only_check {
            write(&file, text)?;
        }
    }
    for folder in GENERATED {
        for file in files(&root.join(folder))? {
            let path = file.strip_prefix(&root).context("a file outside of its folder")?.to_path_buf();
            if !pages.contains_key(&path) {
                difference.stale.push(path);
                if !only_check {
                    std::fs::remove_file(&file)?;
                }
            }
        }
    }
    Ok(difference)
}

fn write(file: &Path, text: &str) -> Result<()> {
    let Some(folder) = file.parent() else { bail!("{} has no folder", file.display()) };
    std::fs::create_dir_all(folder)?;
    std::fs::write(file, text).with_context(|| file.display().to_string())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(found) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
