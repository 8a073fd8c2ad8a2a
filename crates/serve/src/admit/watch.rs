//! Policies from folders, read again when they change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use haechi_sources::{DiscoverOptions, ReadError, discover, read};
use haechi_syntax::{Limits, parse};
use sha2::{Digest, Sha256};

use super::AdmissionSettings;
use super::generation::{Generation, ReadFile};

/// Longest file of policies.
const FILE_BYTES: usize = 16 << 20;

/// How the policies stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyHealth {
    /// Which generation is asked.
    pub generation: u64,
    /// When it was made, in seconds since 1970.
    pub since_s: i64,
    /// Policies in it.
    pub policies: usize,
    /// Checks that are asked beside them.
    pub checks: usize,
    /// What is wrong with the files as they are now, each with its place. What was last good of them is asked.
    pub problems: Vec<String>,
    /// What deserves a look but takes nothing away.
    pub notes: Vec<String>,
}

/// What a look at the folders brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloaded {
    /// Nothing changed.
    Same,
    /// There is a new generation.
    Changed,
    /// Something changed, and is too broken to be asked: the generation stays.
    Kept,
}

/// Policies in folders, with the generation of them that is asked.
#[derive(Debug)]
pub struct PolicyFolder {
    settings: Arc<AdmissionSettings>,
    current: ArcSwap<Generation>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    health: PolicyHealth,
    /// The digests of all files when they were last looked at.
    seen: Option<Seen>,
    /// What was last good of each file, by its path.
    good: BTreeMap<Arc<str>, Arc<ReadFile>>,
}

/// The state of the files, and what could not be entered.
type Seen = (BTreeMap<(bool, Arc<str>), [u8; 32]>, Vec<String>);

/// Files as they are now.
#[derive(Debug, Default)]
struct Found {
    files: Vec<Arc<ReadFile>>,
    /// Files that cannot be read or have mistakes.
    broken: BTreeSet<Arc<str>>,
    digests: BTreeMap<Arc<str>, [u8; 32]>,
    problems: Vec<String>,
    /// Whether a folder could not be entered: then what is missing may still be there.
    is_incomplete: bool,
}

impl PolicyFolder {
    /// Reads the folders for the first time.
    ///
    /// # Errors
    /// Every mistake in them: a service that starts without a policy that was written for it would let through what
    /// that policy refuses.
    pub fn open(settings: AdmissionSettings, now_s: i64) -> Result<Self, Vec<String>> {
        let settings = Arc::new(settings);
        let (empty, _) = Generation::load(0, &settings, Vec::new(), Vec::new());
        let folder =
            Self { settings, current: ArcSwap::from_pointee(empty), state: Mutex::new(State::default()) };
        folder.reload(now_s);
        let problems = folder.health().problems;
        if problems.is_empty() { Ok(folder) } else { Err(problems) }
    }

    /// The generation that is asked.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// How the policies stand.
    pub fn health(&self) -> PolicyHealth {
        self.lock().health.clone()
    }

    /// What it was made with.
    pub fn settings(&self) -> &AdmissionSettings {
        &self.settings
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Whoever panicked with the lock left a whole state: it is written field by field from finished values.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Looks at the folders again, and takes over what changed. A file that became broken keeps what was last good of it;
    /// where a file's policies are refused, its last good ones stay.
    pub fn reload(&self, now_s: i64) -> Reloaded {
        let mut policies = find_files(&self.settings.policies);
        let mut cluster = find_files(&self.settings.inventory);
        let tag = |is_cluster: bool, found: &Found| {
            let digests = found.digests.clone().into_iter();
            digests.map(move |(path, digest)| ((is_cluster, path), digest)).collect::<Vec<_>>()
        };
        let digests = tag(false, &policies).into_iter().chain(tag(true, &cluster)).collect();
        let unread: Vec<String> = policies.problems.iter().chain(&cluster.problems).cloned().collect();
        let seen: Seen = (digests, unread);
        let mut state = self.lock();
        if state.seen.as_ref() == Some(&seen) {
            return Reloaded::Same;
        }
        let is_first = state.seen.is_none();
        let mut problems = Vec::new();
        for found in [&mut policies, &mut cluster] {
            problems.append(&mut found.problems);
            let here: BTreeSet<&Arc<str>> = found.digests.keys().collect();
            let kept: Vec<Arc<ReadFile>> = state
                .good
                .values()
                .filter(|file| {
                    found.broken.contains(&file.path) || (found.is_incomplete && !here.contains(&file.path))
                })
                .cloned()
                .collect();
            found.files.retain(|file| !kept.iter().any(|good| good.path == file.path));
            found.files.extend(kept);
            found.files.sort_by(|one, other| one.path.cmp(&other.path));
        }
        let number = self.current.load().number() + 1;
        let load = |files: &[Arc<ReadFile>]| {
            Generation::load(number, &self.settings, files.to_vec(), cluster.files.clone())
        };
        let (mut generation, errors) = load(&policies.files);
        problems.extend(errors.iter().map(ToString::to_string));
        if !errors.is_empty() && !is_first {
            // The files whose policies are refused go back to what they were.
            let refused: BTreeSet<&Arc<str>> = errors.iter().map(|error| &error.path).collect();
            for file in &mut policies.files {
                if refused.contains(&file.path)
                    && let Some(good) = state.good.get(&file.path)
                {
                    *file = good.clone();
                }
            }
            // A file that is refused and was never good stays out of nothing else's way.
            let (again, errors) = load(&policies.files);
            generation = again;
            let is_still_good = |error: &&haechi_policy::LoadError| {
                state
                    .good
                    .get(&error.path)
                    .is_some_and(|good| policies.files.iter().any(|file| Arc::ptr_eq(file, good)))
            };
            if errors.iter().any(|error| is_still_good(&error)) {
                // What was good is refused now for what another file lacks: all stays as it was.
                state.health.problems = problems;
                state.seen = Some(seen);
                return Reloaded::Kept;
            }
            let refused: BTreeSet<Arc<str>> = errors.into_iter().map(|error| error.path).collect();
            for file in policies.files.iter().filter(|file| !refused.contains(&file.path)) {
                state.good.insert(file.path.clone(), file.clone());
            }
        } else {
            state.good = policies.files.iter().map(|file| (file.path.clone(), file.clone())).collect();
        }
        state.good.extend(cluster.files.iter().map(|file| (file.path.clone(), file.clone())));
        let notes = generation
            .unknown_overrides()
            .map(|name| format!("`{name}` is set, but no policy is called so"))
            .collect();
        state.health = PolicyHealth {
            generation: number,
            since_s: now_s,
            policies: generation.policies().len(),
            checks: self.settings.checks.len(),
            problems,
            notes,
        };
        state.seen = Some(seen);
        self.current.store(Arc::new(generation));
        Reloaded::Changed
    }
}

fn find_files(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    if paths.is_empty() {
        return found;
    }
    let discovery = discover(paths, &DiscoverOptions { honour_ignore_files: false });
    for problem in discovery.problems.iter().filter(|problem| problem.kind.is_incomplete()) {
        found.is_incomplete = true;
        let detail = problem.args.iter().map(|arg| arg.value.to_string()).collect::<Vec<_>>().join(" ");
        found.problems.push(format!("{}: {} {detail}", problem.path, problem.kind.as_str()));
    }
    for entry in &discovery.files {
        let path = entry.shown.clone();
        let bytes = match read(entry, FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => {
                let why = match error {
                    ReadError::TooLarge(_) => format!("longer than {FILE_BYTES} bytes"),
                    ReadError::Io(error) => error.to_string(),
                };
                found.problems.push(format!("{path}: {why}"));
                found.digests.insert(path.clone(), [0; 32]);
                found.broken.insert(path);
                continue;
            }
        };
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let parsed = parse(&bytes, &Limits { bytes: FILE_BYTES, ..Limits::default() });
        for error in &parsed.errors {
            let place = parsed.source.position(error.span.start);
            found.problems.push(format!("{path}:{}:{}: {}", place.line, place.column, error.message));
        }
        if !parsed.errors.is_empty() {
            found.broken.insert(path.clone());
        }
        found.digests.insert(path.clone(), digest);
        found.files.push(Arc::new(ReadFile { path, documents: parsed.documents }));
    }
    found
}
