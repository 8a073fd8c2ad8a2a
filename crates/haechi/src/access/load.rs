use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::ArgMatches;
use haechi_access::attack::{self, AttackGraph};
use haechi_access::cloud::Cloud;
use haechi_access::{
    Coverage, Inventory, Issue, IssueKind, Observations, Place, Snapshot, SnapshotBuilder, SnapshotOptions,
    events_of, read_event,
};
use haechi_objects::PodTemplates;
use haechi_report::{Args, Texts};
use haechi_sources::{DiscoverOptions, discover, read};
use haechi_syntax::{Limits, parse};

use super::arguments::paths;
use crate::Exit;

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
            writeln!(out, "{problem}")?;
        }
        for issue in self.snapshot.issues() {
            let place = self.snapshot.place_text(issue.place);
            let title = texts.message(&format!("access-issue-{}", issue.kind.as_str()), &Args::new());
            let object = if issue.object.is_empty() { String::new() } else { format!("{}: ", issue.object) };
            writeln!(out, "{place}: {title}: {object}{}", issue.detail)?;
        }
        Ok(())
    }

    /// `exit`, unless something is missing.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        if self.is_incomplete() { Exit::Incomplete } else { exit }
    }
}

/// Reads the files that `--file` names.
pub(super) fn load(matches: &ArgMatches) -> Loaded {
    let whole = matches.try_get_one::<bool>("whole").ok().flatten().copied().unwrap_or_default();
    load_paths(&paths(matches, "file"), whole)
}

/// Reads roles and bindings, workloads, and what the AWS command line printed.
pub(super) fn load_paths(paths: &[PathBuf], whole: bool) -> Loaded {
    let coverage = if whole { Coverage::Whole } else { Coverage::Part };
    let mut builder = SnapshotBuilder::new(SnapshotOptions { coverage, ..SnapshotOptions::default() });
    let mut inventory = Inventory::default();
    let mut cloud = Cloud::default();
    let mut unread = Vec::new();
    let discovery = discover(paths, &DiscoverOptions { honour_ignore_files: true });
    for problem in discovery.problems.iter().filter(|problem| problem.kind.is_incomplete()) {
        unread.push(format!("{}: {}", problem.path, problem.kind.as_str()));
    }
    let limits = Limits::default();
    let mut source = 0u32;
    for entry in &discovery.files {
        let bytes = match read(entry, limits.bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                let reason = format!("{}: {error:?}", entry.shown);
                builder.report(Issue {
                    kind: IssueKind::Truncated,
                    object: String::new(),
                    detail: "this file could not be read; what it holds is unknown".to_owned(),
                    place: Place::NOWHERE,
                });
                unread.push(reason);
                continue;
            }
        };
        let parsed = parse(&bytes, &limits);
        builder.add_file(&entry.shown, &parsed);
        for document in &parsed.documents {
            let root = document.root();
            if root.get("kind").is_some() || root.get("apiVersion").is_some() {
                inventory.add_document(source, document, &PodTemplates::default());
            } else if root.is_mapping() {
                cloud.add_document(root);
            }
        }
        source += 1;
    }
    Loaded { snapshot: builder.finish(), inventory, cloud, unread }
}

/// Reads audit events, and says how many lines were none.
pub(super) fn load_events(matches: &ArgMatches) -> (Observations, Vec<String>) {
    let mut observations = Observations::default();
    let mut unread = Vec::new();
    let discovery = discover(&paths(matches, "audit"), &DiscoverOptions { honour_ignore_files: false });
    for problem in discovery.problems.iter().filter(|problem| problem.kind.is_incomplete()) {
        unread.push(format!("{}: {}", problem.path, problem.kind.as_str()));
    }
    // A log of a busy day is larger than any manifest.
    let limits = Limits { bytes: 1 << 30, ..Limits::default() };
    for entry in &discovery.files {
        match read(entry, limits.bytes) {
            Ok(bytes) => read_log(&entry.shown, &bytes, &limits, &mut observations, &mut unread),
            Err(error) => unread.push(format!("{}: {error:?}", entry.shown)),
        }
    }
    (observations, unread)
}

/// A log has one event on each line; a line that is cut short costs only itself.
fn read_log(
    path: &Arc<str>,
    bytes: &[u8],
    limits: &Limits,
    into: &mut Observations,
    unread: &mut Vec<String>,
) {
    let is_log =
        bytes.split(|byte| *byte == b'\n').take(2).all(|line| line.is_empty() || line.ends_with(b"}"));
    if !is_log {
        return read_events(path, 1, bytes, limits, into, unread);
    }
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().any(|byte| !byte.is_ascii_whitespace()) {
            read_events(path, number + 1, line, limits, into, unread);
        }
    }
}

fn read_events(
    path: &Arc<str>,
    line: usize,
    bytes: &[u8],
    limits: &Limits,
    into: &mut Observations,
    unread: &mut Vec<String>,
) {
    let parsed = parse(bytes, limits);
    for error in &parsed.errors {
        unread.push(format!("{path}:{line}: {}", error.message));
    }
    for document in &parsed.documents {
        for event in events_of(document.root()) {
            match read_event(event) {
                Ok(event) => into.add(event),
                Err(error) => unread.push(format!("{path}:{line}: {error}")),
            }
        }
    }
}
