use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use haechi_network::notice::{Notice, NoticeKind};
use haechi_network::read::{self, Input, Options, Snapshot};
use haechi_network::{Engine, Profile, exposure, lint, networks};
use haechi_report::{Args, Texts};
use haechi_sources::{DiscoverOptions, discover, read as read_file};
use haechi_syntax::{Limits, parse};

use crate::Exit;

/// What the manifests say, and what of them could not be read.
pub(super) struct Loaded {
    pub(super) snapshot: Snapshot,
    pub(super) profile: Profile,
    /// Texts in which workloads may name what they call, by endpoint.
    pub(super) mentions: Vec<(usize, String)>,
    /// Files, or parts of them, that could not be read at all.
    unread: Vec<String>,
    notices: Vec<Notice>,
}

/// Reads all manifests below the paths.
pub(super) fn load(paths: &[PathBuf], profile: Profile) -> Loaded {
    let mut unread = Vec::new();
    let discovery = discover(paths, &DiscoverOptions { honour_ignore_files: true });
    for problem in discovery.problems.iter().filter(|problem| problem.kind.is_incomplete()) {
        unread.push(format!("{}: {}", problem.path, problem.kind.as_str()));
    }
    let limits = Limits::default();
    let mut documents = Vec::new();
    for entry in &discovery.files {
        let bytes = match read_file(entry, limits.bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                unread.push(format!("{}: {error:?}", entry.shown));
                continue;
            }
        };
        let parsed = parse(&bytes, &limits);
        for error in &parsed.errors {
            let place = parsed.source.position(error.span.start);
            unread.push(format!("{}:{}:{}: {}", entry.shown, place.line, place.column, error.message));
        }
        documents.extend(parsed.documents.into_iter().map(|document| (Arc::clone(&entry.shown), document)));
    }
    let inputs: Vec<Input<'_>> =
        documents.iter().map(|(path, document)| Input { path: Arc::clone(path), document }).collect();
    let mut snapshot = read::read(&inputs, &Options { profile, ..Options::default() });
    let mentions = read::mentions(&inputs, &snapshot.world);
    let notices = std::mem::take(&mut snapshot.notices);
    if !snapshot.entries.is_empty() {
        read::add_ingress_controller(&mut snapshot.world);
        // The controller is most often in a namespace of which these manifests say nothing.
        snapshot.world.possible = exposure::possible_peers(&snapshot);
    }
    networks::separate(&mut snapshot);
    Loaded { snapshot, profile, mentions, unread, notices }
}

impl Loaded {
    pub(super) fn engine(&self) -> Engine {
        Engine::new(self.snapshot.world.clone(), self.profile)
    }

    /// Whether something that answers may depend on is missing.
    pub(super) fn is_incomplete(&self) -> bool {
        let leaves_doubt = |notice: &&Notice| {
            notice.kind.is_error() || matches!(notice.kind, NoticeKind::NotJudged | NoticeKind::Duplicate)
        };
        !self.unread.is_empty() || self.notices.iter().any(|notice| leaves_doubt(&notice))
    }

    /// Says on standard error what could not be read or looks wrong, by place.
    pub(super) fn tell_problems(&self, engine: &Engine, texts: &Texts) -> Result<()> {
        let mut notices = self.notices.clone();
        notices.extend(lint::lint(engine, &self.snapshot));
        notices.sort_by(|a, b| {
            (&a.origin.path, a.origin.span, a.kind).cmp(&(&b.origin.path, b.origin.span, b.kind))
        });
        let mut out = io::stderr().lock();
        for problem in &self.unread {
            writeln!(out, "{problem}")?;
        }
        for notice in notices {
            let id = format!("network-notice-{}", notice.kind.as_str());
            let title = texts.message(&id, &Args::new().text("subject", notice.subject.clone()));
            let resource = &notice.resource;
            let name = match &resource.namespace {
                Some(namespace) => format!("{} {namespace}/{}", resource.kind, resource.name),
                None => format!("{} {}", resource.kind, resource.name),
            };
            if notice.kind.is_told_by_subject() {
                writeln!(out, "{}: {name}: {title}", notice.origin)?;
            } else {
                writeln!(out, "{}: {name}: {title}: {}", notice.origin, notice.detail)?;
            }
        }
        Ok(())
    }

    /// As [`Loaded::tell_problems`], for answers that are about primary networks only.
    pub(super) fn tell_problems_of_primary(&self, engine: &Engine, texts: &Texts) -> Result<()> {
        if self.has_secondary() {
            writeln!(io::stderr().lock(), "{}", super::words::message(texts, "network-secondary-left-out"))?;
        }
        self.tell_problems(engine, texts)
    }

    /// Whether pods meet in networks beside their primary one.
    pub(super) fn has_secondary(&self) -> bool {
        self.snapshot.world.endpoints.iter().any(|endpoint| !endpoint.networks.is_empty())
    }

    /// `exit`, unless something is missing.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        if self.is_incomplete() { Exit::Incomplete } else { exit }
    }
}
