use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use haechi_model::{Arg, ArgValue, Problem, ProblemKind};
use ignore::{DirEntry, WalkBuilder};

use crate::charts::Charts;

/// How folders are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscoverOptions {
    /// Whether `.gitignore`, `.ignore` and git's own exclude files are honoured.
    pub honour_ignore_files: bool,
}

impl Default for DiscoverOptions {
    fn default() -> Self {
        Self { honour_ignore_files: true }
    }
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// The path to open; `-` is standard input.
    pub path: PathBuf,
    /// The path to show: as the user named it, with `/`.
    pub shown: Arc<str>,
    /// Whether the user named this very file; then what it holds is worth a word even if it is no manifest.
    pub is_named: bool,
}

/// What there is to read, and what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Files in the order of the paths given, within a folder by name; no file twice.
    pub files: Vec<FileEntry>,
    /// What could not be entered, and charts, whose templates are no manifests before they are rendered.
    pub problems: Vec<Problem>,
    /// The charts among these problems.
    pub charts: Vec<Chart>,
}

/// A Helm chart whose templates were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Its folder, to open.
    pub path: PathBuf,
    /// Its folder as the user would name it: the path of its problem.
    pub shown: Arc<str>,
}

/// Finds the files that `paths` name: files as they are, folders searched for `*.yaml`, `*.yml` and `*.json`, glob
/// patterns where no file has that very name, `-` for standard input.
pub fn discover(paths: &[PathBuf], options: &DiscoverOptions) -> Discovery {
    let mut search = Search { options: *options, ..Search::default() };
    for path in paths {
        search.path(path);
    }
    search.finish()
}

#[derive(Debug, Default)]
struct Search {
    options: DiscoverOptions,
    found: Discovery,
    /// Canonical paths of the files found, so that links and overlapping arguments name no file twice; with the
    /// places where they stand among the found.
    seen: HashMap<PathBuf, usize>,
    charts: Charts,
    /// Templates left out, by chart as the user would name it; with the folder to open.
    templates: BTreeMap<PathBuf, (PathBuf, usize)>,
}

impl Search {
    fn path(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            self.found.files.push(FileEntry { path: path.to_owned(), shown: "-".into(), is_named: true });
            return;
        }
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path, None),
            Ok(_) => self.file(path, true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => match glob(path) {
                Some((base, matcher)) => self.pattern(path, &base, &matcher),
                None => self.problem(ProblemKind::NotFound, path, None),
            },
            Err(error) => {
                let kind = if is_loop(&error) { ProblemKind::CyclicLink } else { ProblemKind::Unreadable };
                self.problem(kind, path, Some(&error.to_string()));
            }
        }
    }

    fn pattern(&mut self, pattern: &Path, base: &Path, matcher: &GlobMatcher) {
        let before = (self.found.files.len(), self.found.problems.len(), self.templates.len());
        self.folder(base, Some(matcher));
        if before == (self.found.files.len(), self.found.problems.len(), self.templates.len()) {
            self.problem(ProblemKind::NotFound, pattern, None);
        }
    }

    fn folder(&mut self, folder: &Path, matcher: Option<&GlobMatcher>) {
        let mut walk = WalkBuilder::new(folder);
        walk.standard_filters(false)
            .follow_links(true)
            .sort_by_file_name(std::ffi::OsStr::cmp)
            .filter_entry(|entry| entry.depth() == 0 || !is_version_control(entry));
        if self.options.honour_ignore_files {
            walk.git_ignore(true).git_exclude(true).ignore(true).parents(true).require_git(false);
        }
        for entry in walk.build() {
            match entry {
                Ok(entry) => {
                    let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
                    let fits = match matcher {
                        Some(matcher) => matcher.is_match(plain(entry.path())),
                        None => has_manifest_extension(entry.path()),
                    };
                    if is_file && fits {
                        self.file(entry.path(), false);
                    }
                }
                Err(error) => self.walk_error(folder, &error),
            }
        }
    }

    fn file(&mut self, path: &Path, is_named: bool) {
        // A file that cannot be resolved is kept as it is: reading it will tell why.
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(chart) = self.charts.of_template(&identity) {
            let shown_chart = shown_chart(path, &identity, &chart);
            self.templates.entry(shown_chart).or_insert((chart, 0)).1 += 1;
            return;
        }
        let entry = || FileEntry { path: path.to_owned(), shown: shown(path), is_named };
        match self.seen.entry(identity) {
            Entry::Vacant(seen) => {
                seen.insert(self.found.files.len());
                self.found.files.push(entry());
            }
            Entry::Occupied(seen) => {
                if let Some(found) = self.found.files.get_mut(*seen.get())
                    && is_in_mount(&found.path)
                    && !is_in_mount(path)
                {
                    *found = entry();
                }
            }
        }
    }

    fn walk_error(&mut self, folder: &Path, error: &ignore::Error) {
        let mut inner = error;
        let mut path = folder;
        loop {
            match inner {
                ignore::Error::WithPath { path: at, err } => {
                    path = at;
                    inner = err;
                }
                ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                    inner = err
                }
                ignore::Error::Loop { child, .. } => {
                    return self.problem(ProblemKind::CyclicLink, child, None);
                }
                // A mistake in an ignore file: the rest of that file still counts.
                ignore::Error::Glob { .. } | ignore::Error::Partial(_) => return,
                other => {
                    // The walker may hide the system's own error; asking again tells a circle from a link to nothing.
                    let kind = match std::fs::metadata(path) {
                        Err(error) if is_loop(&error) => ProblemKind::CyclicLink,
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => ProblemKind::NotFound,
                        _ => ProblemKind::Unreadable,
                    };
                    let detail = other.to_string();
                    return self.problem(kind, path, Some(&detail));
                }
            }
        }
    }

    fn problem(&mut self, kind: ProblemKind, path: &Path, detail: Option<&str>) {
        let args = detail.map(|detail| arg("detail", detail)).into_iter().collect();
        self.found.problems.push(Problem { kind, path: shown(path), position: None, args });
    }

    fn finish(mut self) -> Discovery {
        for (chart, (path, count)) in std::mem::take(&mut self.templates) {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let args = vec![
                arg("engine", "helm"),
                Arg { name: Cow::Borrowed("count"), value: ArgValue::Number(count) },
            ];
            let shown = shown(&chart);
            self.found.charts.push(Chart { path, shown: shown.clone() });
            self.found.problems.push(Problem {
                kind: ProblemKind::Template,
                path: shown,
                position: None,
                args,
            });
        }
        self.found
    }
}

fn arg(name: &'static str, value: &str) -> Arg {
    Arg { name: Cow::Borrowed(name), value: value.into() }
}

/// The chart's folder as the user would name it: as many steps above the file as it is in the resolved path.
fn shown_chart(path: &Path, identity: &Path, chart: &Path) -> PathBuf {
    let steps = identity.strip_prefix(chart).map_or(0, |inside| inside.components().count());
    let named = path.ancestors().nth(steps);
    match named {
        Some(named) if named.as_os_str().is_empty() => PathBuf::from("."),
        Some(named) => named.to_owned(),
        None => chart.to_owned(),
    }
}

/// `ELOOP`: too many levels of symbolic links. The error kind has a name of its own only in an unstable library.
fn is_loop(error: &std::io::Error) -> bool {
    let number = if cfg!(target_os = "linux") { 40 } else { 62 };
    cfg!(unix) && error.raw_os_error() == Some(number)
}

/// Whether a file is named by where kubelet keeps what a volume holds: folders that begin with two dots, a new one for
/// each change. Files are linked into the volume from there, by names that stay.
fn is_in_mount(path: &Path) -> bool {
    path.components()
        .any(|part| matches!(part, Component::Normal(name) if name.as_encoded_bytes().starts_with(b"..")))
}

fn is_version_control(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    is_folder && [".git", ".hg", ".svn"].iter().any(|name| entry.file_name() == *name)
}

fn has_manifest_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// The folder before the first part with a wildcard, and the matcher for paths below it.
fn glob(path: &Path) -> Option<(PathBuf, GlobMatcher)> {
    let text = path.to_str()?;
    if !text.contains(['*', '?', '[', '{']) {
        return None;
    }
    let mut base = PathBuf::new();
    for part in path.components() {
        let has_wildcard = part.as_os_str().to_str().is_some_and(|part| part.contains(['*', '?', '[', '{']));
        if has_wildcard {
            break;
        }
        base.push(part);
    }
    if base.as_os_str().is_empty() {
        base.push(".");
    }
    let plain = plain(path);
    let matcher = GlobBuilder::new(plain.to_str()?).literal_separator(true).build().ok()?.compile_matcher();
    base.is_dir().then_some((base, matcher))
}

/// The path without `.` steps, for matching and showing.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}

fn shown(path: &Path) -> Arc<str> {
    let plain = plain(path);
    let text = plain.to_string_lossy();
    if text.is_empty() { ".".into() } else { text.replace(std::path::MAIN_SEPARATOR, "/").into() }
}
