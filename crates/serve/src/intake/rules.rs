//! The detection rules, read again when their files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use haechi_detect::builtin;
use haechi_detect::program::Program;
use haechi_detect::rules::{Options, RuleFile, load};
use sha2::{Digest, Sha256};

/// Longest file of rules.
const FILE_BYTES: u64 = 16 << 20;

/// How the rules stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleHealth {
    /// Rules that take part.
    pub rules: usize,
    /// What is wrong with the files as they are now; the last good rules are asked.
    pub problems: Vec<String>,
}

/// One state of the rules.
#[derive(Debug)]
pub(super) struct RuleSet {
    pub(super) number: u64,
    pub(super) program: Program,
}

#[derive(Debug, Default)]
struct State {
    seen: Option<[u8; 32]>,
    health: RuleHealth,
}

/// The rules that are asked.
#[derive(Debug)]
pub struct RuleBook {
    paths: Vec<PathBuf>,
    is_korean: bool,
    current: ArcSwap<RuleSet>,
    state: Mutex<State>,
}

impl RuleBook {
    /// Reads the rules for the first time. Without any path, and for the path `builtin`, these are Haechi's own; in Korean if
    /// that is asked for.
    ///
    /// # Errors
    /// Every mistake in them: what a broken rule should have seen would go unseen.
    pub fn open(paths: Vec<PathBuf>, is_korean: bool) -> Result<Self, Vec<String>> {
        let empty = RuleSet { number: 0, program: load(&[], &Options::default()).program };
        let book = Self { paths, is_korean, current: ArcSwap::from_pointee(empty), state: Mutex::default() };
        book.reload();
        let problems = book.health().problems;
        if problems.is_empty() { Ok(book) } else { Err(problems) }
    }

    /// How the rules stand.
    pub fn health(&self) -> RuleHealth {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).health.clone()
    }

    pub(super) fn current(&self) -> Arc<RuleSet> {
        self.current.load_full()
    }

    /// Reads the files again; `true` where other rules are asked from now on. Files depend on each other: where one has a
    /// mistake, all rules stay as they were.
    pub fn reload(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (files, mut problems) = read(&self.paths, self.is_korean);
        let mut hash = Sha256::new();
        for (name, bytes) in &files {
            hash.update(name.as_bytes());
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
        problems.iter().for_each(|problem| hash.update(problem.as_bytes()));
        let seen: [u8; 32] = hash.finalize().into();
        if state.seen == Some(seen) {
            return false;
        }
        state.seen = Some(seen);
        let named: Vec<RuleFile<'_>> = files.iter().map(|(name, bytes)| RuleFile { name, bytes }).collect();
        let loaded = load(&named, &Options::default());
        problems.extend(loaded.results.iter().flat_map(|result| &result.errors).map(ToString::to_string));
        if problems.is_empty() {
            let rules = loaded.rules.iter().filter(|rule| rule.enabled && rule.is_usable).count();
            state.health = RuleHealth { rules, problems };
            let number = self.current.load().number + 1;
            self.current.store(Arc::new(RuleSet { number, program: loaded.program }));
            true
        } else {
            state.health.problems = problems;
            false
        }
    }
}

type Files = Vec<(String, Vec<u8>)>;

/// What stands for Haechi's own rules among the paths.
const BUILTIN: &str = "builtin";

fn read(paths: &[PathBuf], is_korean: bool) -> (Files, Vec<String>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let own = builtin::files(is_korean).iter().map(|file| (file.name.to_owned(), file.bytes.to_vec()));
    if paths.is_empty() {
        files.extend(own.clone());
    }
    for path in paths {
        if path.as_os_str() == BUILTIN && !path.exists() {
            files.extend(own.clone());
            continue;
        }
        match inside(path) {
            Ok(found) => {
                for file in found {
                    match std::fs::metadata(&file).and_then(|meta| match meta.len() > FILE_BYTES {
                        true => Err(std::io::Error::other(format!("longer than {FILE_BYTES} bytes"))),
                        false => std::fs::read(&file),
                    }) {
                        Ok(bytes) => files.push((file.display().to_string(), bytes)),
                        Err(error) => problems.push(format!("{}: {error}", file.display())),
                    }
                }
            }
            Err(error) => problems.push(format!("{}: {error}", path.display())),
        }
    }
    (files, problems)
}

/// A file by itself; of a folder the `*.yaml` and `*.yml` in it, by name.
fn inside(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut found = entries.collect::<std::io::Result<Vec<PathBuf>>>()?;
    found.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
    found.sort();
    Ok(found)
}
