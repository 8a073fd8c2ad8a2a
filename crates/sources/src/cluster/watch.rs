//! Kinds kept up to date: a list, then what changes, then a list again where the server no longer knows what changed.

use std::ops::ControlFlow;
use std::time::Duration;

use http::{Request, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::page::{MESSAGE_BYTES, Pages, Place, document, path_of, percent_encode, refusal};
use super::{ClusterDocument, ClusterKind, Detail, ListError, Listed, Outcome, Scope, with_causes};

/// How patient a watch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchOptions {
    /// How long one watch lasts before it is asked for anew; the server ends it.
    pub duration: Duration,
    /// How long to wait after a first failure; twice as long after each further one.
    pub first_wait: Duration,
    /// The longest wait, and how often a kind is looked for that is not served.
    pub longest_wait: Duration,
    /// How often a silent watch asks whether to go on.
    pub tick: Duration,
    /// How often the server is asked whether it is there, beside what is watched: a network that lets nothing through any more
    /// looks like a cluster in which nothing changes.
    pub ask: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(290),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            tick: Duration::from_secs(1),
            ask: Duration::from_secs(15),
        }
    }
}

/// What a watch tells of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// All there is now: what is not among the documents is gone. `listed` says whether some of it may not be seen.
    Synced {
        /// What came of the list.
        listed: Listed,
        /// The objects.
        documents: Vec<ClusterDocument>,
    },
    /// An object is new or another than before.
    Applied(ClusterDocument),
    /// An object is gone.
    Deleted(ClusterDocument),
    /// The kind cannot be seen for now, so that what is known of it grows old; tried again.
    Lost {
        /// Which.
        kind: ClusterKind,
        /// Why.
        error: ListError,
    },
    /// Whether the server answers at all; told when it is first asked, and whenever that changes.
    Answers(Result<(), ListError>),
}

/// How a watch ended.
enum Ended {
    /// As it should: the next begins here.
    At(String),
    /// The server no longer knows what changed since, or said something that makes no sense: list anew.
    Outdated,
    /// It broke after that version, for that reason.
    Broken(String, ListError),
    /// Nobody wants to know any more.
    Unwanted,
}

/// Changes that wait to be taken before the connections are read more slowly.
const WAITING: usize = 256;

/// Failures in a row after which a kind counts as lost.
const FAILURES: u32 = 3;

pub(super) async fn all(
    pages: &Pages,
    kinds: &[ClusterKind],
    scope: Scope<'_>,
    options: WatchOptions,
    take: &mut dyn FnMut(Option<Change>) -> ControlFlow<()>,
) {
    let (sender, mut changes) = mpsc::channel(WAITING);
    let namespace = match scope {
        Scope::All { fallback } => fallback.map(str::to_owned),
        Scope::Only(namespace) => Some(namespace.to_owned()),
    };
    let is_narrow = matches!(scope, Scope::Only(_));
    // Dropped at the end, which stops them.
    let mut watches = JoinSet::new();
    for kind in kinds {
        let watch = Watch { pages: pages.clone(), kind: *kind, options, sender: sender.clone() };
        let namespace = namespace.clone();
        watches.spawn(async move {
            let scope = match (is_narrow, namespace.as_deref()) {
                (true, Some(namespace)) => Scope::Only(namespace),
                (_, fallback) => Scope::All { fallback },
            };
            watch.follow(scope).await;
        });
    }
    watches.spawn(ask(pages.clone(), options.ask, sender));
    loop {
        let change = match tokio::time::timeout(options.tick, changes.recv()).await {
            Ok(Some(change)) => Some(change),
            Ok(None) => return,
            Err(_) => None,
        };
        if take(change).is_break() {
            return;
        }
    }
}

/// Asks from time to time whether the server is there, until nobody listens.
async fn ask(pages: Pages, every: Duration, sender: mpsc::Sender<Change>) {
    let mut known = None;
    loop {
        let answer = pages.ask().await;
        if known.as_ref() != Some(&answer) {
            if sender.send(Change::Answers(answer.clone())).await.is_err() {
                return;
            }
            known = Some(answer);
        }
        tokio::time::sleep(every).await;
    }
}

struct Watch {
    pages: Pages,
    kind: ClusterKind,
    options: WatchOptions,
    sender: mpsc::Sender<Change>,
}

impl Watch {
    /// Until nobody listens.
    async fn follow(&self, scope: Scope<'_>) {
        let mut failures = 0;
        loop {
            let (documents, listed, place) = self.pages.list(self.kind, scope).await;
            let error = listed.error().cloned();
            let told = match (place, &listed.outcome) {
                (Some(place), _) => {
                    if self.tell(Change::Synced { listed, documents }).await.is_break() {
                        return;
                    }
                    match self.watch_from(place).await {
                        ControlFlow::Break(()) => return,
                        // A server that ends each watch at once is not asked in a hurry.
                        ControlFlow::Continue(saw) => failures = if saw { 0 } else { failures + 1 },
                    }
                    if failures > 0 {
                        self.wait(failures).await;
                    }
                    continue;
                }
                (None, Outcome::NotServed) => {
                    // A kind that comes with something installed later.
                    failures = u32::MAX;
                    self.tell(Change::Synced { listed, documents }).await
                }
                (None, _) => {
                    failures += 1;
                    let error =
                        error.unwrap_or_else(|| ListError::Malformed("the list has no version".to_owned()));
                    self.tell(Change::Lost { kind: self.kind, error }).await
                }
            };
            if told.is_break() {
                return;
            }
            self.wait(failures).await;
            if failures == u32::MAX {
                failures = 0;
            }
        }
    }

    /// Watches from a place on, until the kind has to be listed again. Tells whether anything was seen.
    async fn watch_from(&self, mut place: Place) -> ControlFlow<(), bool> {
        let first = place.resource_version.clone();
        let mut failures = 0;
        loop {
            match self.watch_once(&place).await {
                Ended::At(version) => {
                    failures = if version == place.resource_version { failures + 1 } else { 0 };
                    place.resource_version = version;
                    if failures > 1 {
                        self.wait(failures - 1).await;
                    }
                }
                Ended::Broken(version, error) => {
                    failures = if version == place.resource_version { failures + 1 } else { 1 };
                    place.resource_version = version;
                    if failures >= FAILURES {
                        if self.tell(Change::Lost { kind: self.kind, error }).await.is_break() {
                            return ControlFlow::Break(());
                        }
                        // The list tells whether the kind is back.
                        self.wait(failures).await;
                        return ControlFlow::Continue(true);
                    }
                    self.wait(failures).await;
                }
                Ended::Outdated => return ControlFlow::Continue(place.resource_version != first),
                Ended::Unwanted => return ControlFlow::Break(()),
            }
        }
    }

    async fn watch_once(&self, place: &Place) -> Ended {
        let seconds = self.options.duration.as_secs().max(1);
        let path = format!(
            "{}watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={}",
            path_of(self.kind, place.version, place.namespace.as_deref()),
            percent_encode(&place.resource_version)
        );
        let mut version = place.resource_version.clone();
        // The server ends the watch; where it forgets to, the connection is dead or as good as that.
        let longest = self.options.duration + self.pages.timeout;
        match tokio::time::timeout(longest, self.read(&path, place.version, &mut version)).await {
            Ok(Ok(ended)) => ended.unwrap_or(Ended::At(version)),
            Ok(Err(ListError::Expired(_))) => Ended::Outdated,
            Ok(Err(error)) => Ended::Broken(version, error),
            Err(_) => Ended::Broken(version, ListError::TimedOut(longest.as_secs())),
        }
    }

    /// Reads a watch to its end, an object a line.
    async fn read(&self, path: &str, version: &str, seen: &mut String) -> Result<Option<Ended>, ListError> {
        let accept = match self.kind.detail {
            Detail::Whole => "application/json",
            Detail::Metadata(_) => {
                "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;q=0.1"
            }
        };
        let broken = |error: kube::Error| ListError::Broken(with_causes(&error));
        let request = Request::get(path)
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .map_err(|error| ListError::Broken(error.to_string()))?;
        let response = tokio::time::timeout(self.pages.timeout, self.pages.client.send(request))
            .await
            .map_err(|_| ListError::TimedOut(self.pages.timeout.as_secs()))?
            .map_err(broken)?;
        let status = response.status();
        let limit = if status.is_success() { self.pages.limits.page_bytes } else { MESSAGE_BYTES };
        let mut body = response.into_body();
        let mut bytes: Vec<u8> = Vec::new();
        let mut looked = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(broken)?;
            let Some(data) = frame.data_ref() else { continue };
            if bytes.len() + data.len() > limit {
                return Err(ListError::PageTooLarge(limit));
            }
            bytes.extend_from_slice(data);
            while let Some(end) =
                bytes.iter().skip(looked).position(|byte| *byte == b'\n').filter(|_| status.is_success())
            {
                let line: Vec<u8> = bytes.drain(..=looked + end).collect();
                looked = 0;
                if let Some(ended) = self.event(&line, version, seen).await? {
                    return Ok(Some(ended));
                }
            }
            looked = bytes.len();
        }
        if !status.is_success() {
            let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let reason = status.canonical_reason().unwrap_or_default();
            return Err(refusal(
                status.as_u16(),
                body.get("message").and_then(Value::as_str).unwrap_or(reason),
            ));
        }
        // A last line without an end was cut off, unless it can be read.
        if bytes.iter().any(|byte| !byte.is_ascii_whitespace()) {
            return self.event(&bytes, version, seen).await;
        }
        Ok(None)
    }

    async fn event(&self, line: &[u8], version: &str, seen: &mut String) -> Result<Option<Ended>, ListError> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let malformed = |what: String| ListError::Malformed(what);
        let mut event: Map<String, Value> =
            serde_json::from_slice(line).map_err(|error| malformed(error.to_string()))?;
        let Some(Value::Object(object)) = event.remove("object") else {
            return Err(malformed("an event has no `object`".to_owned()));
        };
        let what = event.get("type").and_then(Value::as_str).unwrap_or_default();
        if what == "ERROR" {
            let code = object.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
            let message = object.get("message").and_then(Value::as_str).unwrap_or_default();
            return Err(refusal(code.unwrap_or(500), message));
        }
        let now = object
            .get("metadata")
            .and_then(|metadata| metadata.get("resourceVersion"))
            .and_then(Value::as_str);
        let Some(now) = now.map(str::to_owned) else {
            return Err(malformed("an event has no version".to_owned()));
        };
        let change = match what {
            "BOOKMARK" => None,
            "ADDED" | "MODIFIED" => Some(Change::Applied(document(self.kind, version, object))),
            "DELETED" => Some(Change::Deleted(document(self.kind, version, object))),
            // A kind of change that is not known: the list tells what it came to.
            _ => return Ok(Some(Ended::Outdated)),
        };
        if let Some(change) = change
            && self.tell(change).await.is_break()
        {
            return Ok(Some(Ended::Unwanted));
        }
        *seen = now;
        Ok(None)
    }

    async fn tell(&self, change: Change) -> ControlFlow<()> {
        match self.sender.send(change).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Waits longer after each failure, and not in step with other kinds.
    async fn wait(&self, failures: u32) {
        let doubled = self.options.first_wait.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let spread = self.kind.plural.bytes().map(u32::from).sum::<u32>() % 100;
        tokio::time::sleep(doubled.min(self.options.longest_wait).mul_f64(1.0 + f64::from(spread) / 400.0))
            .await;
    }
}
