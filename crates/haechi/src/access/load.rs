use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::ArgMatches;
use haechi_access::attack::{self, AttackGraph};
use haechi_access::cloud::Cloud;
use haechi_access::{
    Coverage, Detail, Inventory, Issue, IssueKind, Observations, Place, Snapshot, SnapshotBuilder,
    SnapshotOptions, events_of, read_event, salvage,
};
use haechi_model::{Arg, ArgValue, Problem, ProblemKind, Span};
use haechi_objects::PodTemplates;
use haechi_report::{Args, Texts, visible};
use haechi_sources::{
    ClusterKind, DiscoverOptions, FileEntry, ReadError, discover, event_files, open_events, read,
};
use haechi_syntax::{Limits, Node, Parsed, Source, parse, parse_json};

use super::arguments::paths;
use crate::{Exit, connection, kustomize};

/// Everything that the files tell.
pub(super) struct Loaded {
    pub(super) snapshot: Snapshot,
    pub(super) inventory: Inventory,
    pub(super) cloud: Cloud,
    /// Files, or parts of them, that could not be read at all.
    pub(super) unread: Vec<String>,
}

impl Loaded {
    pub(super) fn graph(&self) -> AttackGraph {
        attack::build(&self.snapshot, &self.inventory, Some(&self.cloud))
    }

    /// Whether something that answers may depend on is missing.
    pub(super) fn is_incomplete(&self) -> bool {
        let coverage = self.snapshot.coverage();
        !self.unread.is_empty()
            || self.snapshot.issues().iter().any(|issue| issue.kind.leaves_doubt(coverage))
    }

    /// Says on standard error what could not be read as it stands.
    pub(super) fn tell_problems(&self, texts: &Texts) -> Result<()> {
        let mut out = io::stderr().lock();
        for problem in &self.unread {
            writeln!(out, "{}", visible(problem))?;
        }
        drop(out);
        self.tell_issues(texts, |_| true)
    }

    /// The same of some issues only.
    pub(super) fn tell_issues(&self, texts: &Texts, is_wanted: impl Fn(&Issue) -> bool) -> Result<()> {
        let mut out = io::stderr().lock();
        for issue in self.snapshot.issues().iter().filter(|issue| is_wanted(issue)) {
            let place = self.snapshot.place_text(issue.place);
            let title = texts.message(&format!("access-issue-{}", issue.kind.as_str()), &Args::new());
            let object = if issue.object.is_empty() { String::new() } else { format!("{}: ", issue.object) };
            let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
            let detail = issue_detail(issue, texts);
            writeln!(out, "{}", visible(&format!("{place}{title}: {object}{detail}")))?;
        }
        Ok(())
    }

    /// `exit`, unless something is missing.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        if self.is_incomplete() { Exit::Incomplete } else { exit }
    }
}

/// What is wrong and how to mend it, in the reader's language.
pub(super) fn issue_detail(issue: &Issue, texts: &Texts) -> String {
    let args =
        issue.detail.args.iter().fold(Args::new(), |args, (name, value)| args.text(name, value.as_str()));
    texts.message(&format!("access-detail-{}", issue.detail.id), &args)
}

/// What a command needs to know of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Roles and bindings.
    Rights,
    /// Also workloads, nodes and all else that attack paths are made of.
    Paths,
}

/// Reads the files that `--file` names, and the cluster if `--cluster` asks for it.
pub(super) fn load(matches: &ArgMatches, texts: &Texts, need: Need) -> Result<Loaded> {
    let is_whole = is_whole(matches);
    load_paths(&paths(matches, "file"), is_whole, Some(matches), texts, need)
}

pub(super) fn is_whole(matches: &ArgMatches) -> bool {
    matches.try_get_one::<bool>("whole").ok().flatten().copied().unwrap_or_default()
}

/// Reads roles and bindings, workloads, and what the AWS command line printed. `cluster`: the flags of a connection,
/// which may ask for one.
pub(super) fn load_paths(
    paths: &[PathBuf],
    is_whole: bool,
    cluster: Option<&ArgMatches>,
    texts: &Texts,
    need: Need,
) -> Result<Loaded> {
    let mut reading = read_paths(paths, is_whole, cluster, texts, need)?;
    let is_live = cluster.is_some_and(connection::is_asked);
    // Files without a single binding say nothing of who may do what: that is no "no".
    if !is_whole && !is_live && !paths.is_empty() && !reading.builder.has_bindings() {
        reading.builder.report(Issue {
            kind: IssueKind::Truncated,
            object: String::new(),
            detail: Detail::new("no-bindings"),
            place: Place::NOWHERE,
        });
    }
    Ok(reading.finish())
}

/// The same, to go on with.
pub(super) fn read_paths(
    paths: &[PathBuf],
    is_whole: bool,
    cluster: Option<&ArgMatches>,
    texts: &Texts,
    need: Need,
) -> Result<Reading> {
    let live = match cluster.filter(|matches| connection::is_asked(matches)) {
        Some(matches) => Some(Live::read(matches, texts, need)?),
        None => None,
    };
    let is_whole = is_whole || live.as_ref().is_some_and(|live| live.has_all_roles);
    let coverage = if is_whole { Coverage::Whole } else { Coverage::Part };
    let options = SnapshotOptions {
        coverage,
        // A cluster has its own; which of them could not be read is not known.
        without_default_roles: live.is_some(),
        ..SnapshotOptions::default()
    };
    let mut reading = Reading {
        builder: SnapshotBuilder::new(options),
        inventory: Inventory::default(),
        cloud: Cloud::default(),
        unread: Vec::new(),
        limits: Limits { bytes: 1 << 30, expanded_nodes: 100_000_000, ..Limits::default() },
    };
    reading.files(paths, texts);
    if let Some(live) = live {
        reading.live(live);
    }
    Ok(reading)
}

/// What a cluster answered.
struct Live {
    documents: Vec<connection::Document>,
    missing: Vec<connection::Missing>,
    has_all_roles: bool,
    problems: Vec<String>,
}

impl Live {
    fn read(matches: &ArgMatches, texts: &Texts, need: Need) -> Result<Self> {
        let mut kinds = ClusterKind::RBAC.to_vec();
        if need == Need::Paths {
            kinds.extend(ClusterKind::ATTACK);
        }
        // Where only one namespace can be read, the one that is asked about is worth most.
        let namespace = matches.try_get_one::<String>("namespace").ok().flatten();
        let fallback = connection::Namespaces::All(namespace.map(String::as_str));
        let (documents, missing) = connection::read(matches, texts, &kinds, fallback)?;
        let has_all_roles = !missing.iter().any(|missing| missing.kind.kind.ends_with("Role"));
        let problems = missing
            .iter()
            .map(|missing| {
                let args =
                    Args::new().text("kind", missing.kind.plural).text("detail", missing.detail.clone());
                texts.message("access-not-listed", &args)
            })
            .collect();
        Ok(Live { documents, missing, has_all_roles, problems })
    }
}

/// Input while it is read.
pub(super) struct Reading {
    pub(super) builder: SnapshotBuilder,
    inventory: Inventory,
    cloud: Cloud,
    pub(super) unread: Vec<String>,
    limits: Limits,
}

impl Reading {
    pub(super) fn finish(self) -> Loaded {
        Loaded {
            snapshot: self.builder.finish(),
            inventory: self.inventory,
            cloud: self.cloud,
            unread: self.unread,
        }
    }

    fn files(&mut self, paths: &[PathBuf], texts: &Texts) {
        let discovery = discover(paths, &DiscoverOptions { honour_ignore_files: true });
        for problem in discovery.problems.iter().filter(|problem| problem.kind.is_incomplete()) {
            self.left_out(problem, texts);
        }
        let mut files: Vec<(FileEntry, Parsed)> = Vec::new();
        for entry in discovery.files {
            match read(&entry, self.limits.bytes) {
                Ok(bytes) => {
                    let parsed = parse(&bytes, &self.limits);
                    files.push((entry, parsed));
                }
                Err(error) => self.left_out(&read_problem(&entry, error, self.limits.bytes), texts),
            }
        }
        let patches = kustomize::patches(files.iter().flat_map(|(entry, parsed)| {
            parsed.documents.iter().map(|document| (entry.path.as_path(), document.root()))
        }));
        for (entry, parsed) in files {
            if patches.contains(&kustomize::plain(&entry.path)) {
                let engine = Arg { name: "engine".into(), value: "kustomize-patch".into() };
                let count = Arg { name: "count".into(), value: ArgValue::Number(1) };
                let path = entry.shown.clone();
                let args = vec![engine, count];
                let problem = Problem { kind: ProblemKind::Template, path, position: None, args };
                self.left_out(&problem, texts);
                continue;
            }
            self.file(&entry.shown, parsed);
        }
    }

    /// Something was not read that may hold roles or bindings.
    fn left_out(&mut self, problem: &Problem, texts: &Texts) {
        let text = texts.problem(problem);
        let detail = text.detail.map_or_else(String::new, |detail| format!(": {detail}"));
        let source = self.builder.add_source(problem.path.clone(), None);
        self.builder.report(Issue {
            kind: IssueKind::Truncated,
            object: String::new(),
            detail: Detail::new("said").with("text", format!("{}{detail}", text.title)),
            place: Place { source, span: Span::at(0) },
        });
    }

    fn file(&mut self, shown: &Arc<str>, parsed: Parsed) {
        // What of a dump was whole before it was cut.
        let salvaged = parsed.errors.first().and_then(|error| {
            let text = salvage(parsed.source.text())?;
            Some((error.message.clone(), parse(text.as_bytes(), &self.limits)))
        });
        let parsed = match salvaged {
            Some((message, salvaged)) if salvaged.errors.is_empty() => {
                let source = self.builder.add_file(shown, &salvaged);
                let end = u32::try_from(salvaged.source.text().len()).unwrap_or(u32::MAX).saturating_sub(2);
                self.builder.report(Issue {
                    kind: IssueKind::Truncated,
                    object: String::new(),
                    detail: Detail::new("cut").with("error", message),
                    place: Place { source, span: Span::at(end) },
                });
                self.inventory_of(source, &salvaged);
                return;
            }
            _ => parsed,
        };
        let source = self.builder.add_file(shown, &parsed);
        self.inventory_of(source, &parsed);
    }

    fn inventory_of(&mut self, source: u32, parsed: &Parsed) {
        for document in &parsed.documents {
            let root = document.root();
            if root.get("kind").is_some() || root.get("apiVersion").is_some() {
                self.inventory.add_document(source, document, &PodTemplates::default());
            } else if root.is_mapping() {
                self.cloud.add_document(root);
            }
        }
    }

    fn live(&mut self, live: Live) {
        for document in &live.documents {
            let parsed = parse_json(document.text.as_bytes(), &self.limits);
            self.file(&document.origin, parsed);
        }
        for missing in &live.missing {
            // Bindings that were not listed may name anybody; a role that was not is missed by its bindings.
            if missing.kind.kind.ends_with("Binding") {
                self.builder.report(Issue {
                    kind: IssueKind::Truncated,
                    object: String::new(),
                    detail: Detail::new("not-listed")
                        .with("kind", missing.kind.plural)
                        .with("error", missing.detail.as_str()),
                    place: Place::NOWHERE,
                });
            }
        }
        self.unread.extend(live.problems);
    }
}

fn read_problem(entry: &FileEntry, error: ReadError, limit: usize) -> Problem {
    let number = |name: &'static str, number: u64| Arg {
        name: name.into(),
        value: ArgValue::Number(i64::try_from(number).unwrap_or(i64::MAX)),
    };
    let (kind, args) = match error {
        ReadError::TooLarge(size) => {
            (ProblemKind::TooLarge, vec![number("size", size.unwrap_or(0)), number("limit", limit as u64)])
        }
        ReadError::Io(error) => {
            let detail = Arg { name: "detail".into(), value: error.to_string().as_str().into() };
            (ProblemKind::Unreadable, vec![detail])
        }
    };
    Problem { kind, path: entry.shown.clone(), position: None, args }
}

/// What an audit log tells.
#[derive(Default)]
pub(super) struct Log {
    pub(super) observations: Observations,
    /// Lines, or files, that could not be read.
    pub(super) unread: Vec<String>,
}

/// Is given where an event stands, the text it is in, and the event; says what is wrong with it.
type TakeEvent<'t> = &'t mut dyn FnMut(&str, &Arc<Source>, Node<'_>) -> Result<(), String>;

/// Calls `take` for each event of the logs that `--audit` names, with where it stands. Files may be compressed; a line
/// that is cut short costs only itself.
pub(super) fn each_event(matches: &ArgMatches, take: TakeEvent<'_>) -> Vec<String> {
    let mut unread = Vec::new();
    let named = paths(matches, "audit");
    let files = match event_files(&named) {
        Ok(files) => files,
        Err(error) => {
            unread.push(format!("{}: {error}", shown(&named)));
            Vec::new()
        }
    };
    if files.is_empty() && unread.is_empty() {
        unread.push(format!("{}: no file", shown(&named)));
    }
    for path in files {
        let mut bytes = Vec::new();
        let read = open_events(&path).and_then(|mut file| {
            // A log of a busy day is larger than any manifest.
            file.by_ref().take(LOG_BYTES).read_to_end(&mut bytes)?;
            if bytes.len() as u64 == LOG_BYTES {
                return Err(io::Error::other(format!("more than {LOG_BYTES} bytes")));
            }
            Ok(())
        });
        if let Err(error) = read {
            unread.push(format!("{}: {error}", path.display()));
        }
        each_in_file(&path.display().to_string(), &bytes, take, &mut unread);
    }
    unread
}

const LOG_BYTES: u64 = 2 << 30;

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn each_in_file(path: &str, bytes: &[u8], take: TakeEvent<'_>, unread: &mut Vec<String>) {
    let limits = Limits { bytes: 1 << 30, expanded_nodes: 100_000_000, ..Limits::default() };
    let mut read = |line: usize, bytes: &[u8]| {
        let at = format!("{path}:{line}");
        let parsed = parse(bytes, &limits);
        unread.extend(parsed.errors.iter().map(|error| format!("{at}: {}", error.message)));
        for document in &parsed.documents {
            for event in events_of(document.root()) {
                unread.extend(take(&at, &parsed.source, event).err().map(|error| format!("{at}: {error}")));
            }
        }
    };
    // A log has one event on each line; a list of events is one value.
    let first =
        bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let is_log = first.trim_ascii().starts_with(b"{") && first.trim_ascii().ends_with(b"}");
    if !is_log {
        return read(1, bytes);
    }
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            read(number + 1, line);
        }
    }
}

/// Reads audit events, and says which lines were none.
pub(super) fn load_events(matches: &ArgMatches, texts: &Texts) -> Log {
    let mut log = Log::default();
    let observations = &mut log.observations;
    log.unread = each_event(matches, &mut |_, _, event| {
        observations.add(read_event(event).map_err(|error| error.to_string())?);
        Ok(())
    });
    match usize::try_from(log.observations.undecided()).unwrap_or(usize::MAX) {
        0 => {}
        count => {
            log.unread.push(texts.message("access-undecided", &Args::new().number("count", count)));
        }
    }
    if log.observations.events == 0 {
        log.unread.push(texts.message("access-no-events", &Args::new()));
    }
    log
}
