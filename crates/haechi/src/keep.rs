//! The findings of a live cluster, kept current: what is watched is scanned again once changes settle, and the store is
//! told what is new, what is back and what is fixed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use haechi_serve::clock::now_ns;
use haechi_serve::clusters::ClusterState;
use haechi_serve::companion::{Beside, Companion};
use haechi_sources::Discovery;
use haechi_sources::cluster::{
    Change, Cluster, ClusterDocument, ClusterKind, ClusterLimits, ConnectError, Connection, Outcome, Scope,
    WatchOptions,
};
use haechi_store::findings::{Coverage, ScanRun};

use crate::commands::scan::{is_made_by_controller, today};
use crate::found::{compliance, seen};
use crate::scan::{ScanOptions, Text, scan_with};

/// How long nothing may change before a scan begins.
const SETTLED: Duration = Duration::from_secs(2);

/// How long changes may go on without a scan.
const LONGEST: Duration = Duration::from_secs(30);

/// The first pause before a cluster is connected to anew, which doubles, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Keeps the findings of a cluster current.
pub(crate) struct Keeper {
    /// What the cluster is called in the store.
    pub(crate) name: String,
    /// How to connect.
    pub(crate) connection: Connection,
    /// How to scan.
    pub(crate) options: ScanOptions,
}

impl Companion for Keeper {
    fn name(&self) -> String {
        format!("cluster {}", self.name)
    }

    fn cluster(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn prepare(&mut self, beside: &Beside) {
        // It is watched from now on, and nothing is known of it yet.
        beside.tell_cluster(&self.name, ClusterState::default());
        beside.tell_compliance(&self.name, None);
    }

    fn run(self: Box<Self>, beside: &Beside) {
        let mut watched = Watched {
            view: View::new(ClusterKind::SCAN),
            state: ClusterState::default(),
            wrong: None,
            unseen: (String::new(), Instant::now()),
        };
        watched.state.server = self.connection.server().unwrap_or_default();
        let mut pause = PAUSES.0;
        while !beside.must_stop() {
            match Cluster::open(&self.connection, ClusterLimits::default()) {
                Ok(cluster) => {
                    if self.follow(&cluster, &mut watched, beside) {
                        pause = PAUSES.0;
                    }
                }
                Err(error) => {
                    watched.state.answered(false, now_us());
                    watched.wrong = Some(error.to_string());
                    watched.tell(&self.name, beside, Instant::now());
                }
            }
            if !beside.wait(pause) {
                return;
            }
            pause = pause.saturating_mul(2).min(PAUSES.1);
        }
    }
}

fn now_us() -> i64 {
    now_ns() / 1_000
}

/// A cluster that is watched, whichever connection it is seen through.
struct Watched {
    view: View,
    state: ClusterState,
    /// What went wrong last, beside what is not seen.
    wrong: Option<String>,
    /// What is not seen, and since when it is just that. Kinds are lost one by one: they are told together.
    unseen: (String, Instant),
}

impl Watched {
    fn tell(&mut self, name: &str, beside: &Beside, now: Instant) {
        let unseen = self.view.unseen().join("; ");
        if unseen != self.unseen.0 {
            self.unseen = (unseen, now);
        }
        let (unseen, since) = &self.unseen;
        if self.wrong.is_some() || unseen.is_empty() {
            self.state.error = self.wrong.clone();
        } else if now.duration_since(*since) >= SETTLED {
            self.state.error = Some(unseen.clone());
        }
        beside.tell(self.state.error.clone());
        beside.tell_cluster(name, self.state.clone());
    }
}

impl Keeper {
    /// Watches until the service ends, or until the credentials are no longer taken: others may have come into the
    /// configuration. Tells whether the server answered.
    fn follow(&self, cluster: &Cluster, watched: &mut Watched, beside: &Beside) -> bool {
        let (mut away, mut judged) = (None, None);
        let mut has_answered = false;
        cluster.watch(
            ClusterKind::SCAN,
            Scope::All { fallback: Some(cluster.default_namespace()) },
            WatchOptions::default(),
            &mut |change| {
                if beside.must_stop() {
                    return ControlFlow::Break(());
                }
                let now = Instant::now();
                match &change {
                    Some(Change::Answers(answer)) => {
                        watched.state.answered(answer.is_ok(), now_us());
                        has_answered |= answer.is_ok();
                        away = answer.as_ref().err().map(|error| cluster.away(error));
                    }
                    Some(Change::Synced { .. }) => watched.state.last_listed_us = Some(now_us()),
                    Some(Change::Applied(_) | Change::Deleted(_) | Change::Lost { .. }) | None => {}
                }
                if let Some(change) = change {
                    watched.view.take(change, now);
                }
                if watched.view.is_due(now) {
                    judged = self.judge(&watched.view, beside).err();
                    if judged.is_none() {
                        watched.state.last_judged_us = Some(now_us());
                    }
                    // What could not be stored is tried again, as after a change.
                    watched.view.judged(judged.is_some().then_some(now));
                }
                watched.wrong = away.as_ref().map(ToString::to_string).or_else(|| judged.clone());
                watched.tell(&self.name, beside, now);
                match away {
                    Some(ConnectError::Unauthorized { .. }) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            },
        );
        has_answered
    }

    fn judge(&self, view: &View, beside: &Beside) -> Result<(), String> {
        // Read before the scan: what changes meanwhile is of a later time.
        let last_us = beside.store().last_scan_us(&self.name);
        let last_us = last_us.map_err(|error| format!("findings cannot be read: {error}"))?;
        // A clock that was set back must not make this scan older than the last: what came back would stay fixed.
        let at_us = now_us().max(last_us.map_or(i64::MIN, |last| last.saturating_add(1)));
        let options = ScanOptions { today: today(), ..self.options.clone() };
        let scanned = scan_with(Discovery::default(), view.texts(), &options, &|| {});
        let covered = view.coverage();
        let is_whole = covered.as_ref().is_some_and(|covered| *covered == Coverage::default());
        let compliance = is_whole.then(|| compliance(&scanned.report, &options.checks)).flatten();
        let run = ScanRun {
            cluster: self.name.clone(),
            at_us,
            covered,
            findings: scanned.report.findings.iter().map(seen).collect(),
        };
        beside.store().put_scan(run).map_err(|error| format!("findings were not stored: {error}"))?;
        beside.tell_compliance(&self.name, compliance);
        beside.count_findings().map_err(|error| format!("findings were not counted: {error}"))
    }
}

/// How well a kind is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sight {
    /// Not told yet.
    Waiting,
    /// All of it.
    Whole,
    /// Not, or not all of it, for that reason. What was seen before stays until it is seen again.
    Part(String),
}

/// The number of a kind, and the origin of an object.
type Key = (usize, Arc<str>);

/// What is known of a cluster.
#[derive(Debug)]
struct View {
    kinds: Vec<(ClusterKind, Sight)>,
    /// By the number of the kind, since two lists may bring parts of the same objects, and by origin.
    texts: BTreeMap<Key, Arc<str>>,
    /// The first and the last change that was not judged yet.
    changed: Option<(Instant, Instant)>,
}

impl View {
    fn new(kinds: &[ClusterKind]) -> Self {
        let kinds = kinds.iter().map(|kind| (*kind, Sight::Waiting)).collect();
        Self { kinds, texts: BTreeMap::new(), changed: None }
    }

    fn take(&mut self, change: Change, now: Instant) {
        let is_changed = match change {
            Change::Synced { listed, documents } => {
                let Some(at) = self.see(
                    &listed.kind,
                    match (&listed.outcome, listed.error()) {
                        (Outcome::Whole | Outcome::NotServed, _) | (_, None) => Sight::Whole,
                        (_, Some(error)) => Sight::Part(error.to_string()),
                    },
                ) else {
                    return;
                };
                let kept: BTreeMap<_, _> =
                    documents.into_iter().filter_map(|document| kept(at, document)).collect();
                let before = self.texts.len();
                self.texts.retain(|key, _| key.0 != at || kept.contains_key(key));
                let mut is_changed = self.texts.len() != before;
                for (key, text) in kept {
                    is_changed |= self.texts.insert(key, text.clone()).as_ref() != Some(&text);
                }
                is_changed
            }
            Change::Applied(document) => {
                let Some(at) = self.number(&document.kind) else { return };
                let origin = document.origin.clone();
                match kept(at, document) {
                    Some((key, text)) => self.texts.insert(key, text.clone()).as_ref() != Some(&text),
                    // A controller has adopted it: the controller is judged.
                    None => self.texts.remove(&(at, origin)).is_some(),
                }
            }
            Change::Deleted(document) => {
                let Some(at) = self.number(&document.kind) else { return };
                self.texts.remove(&(at, document.origin)).is_some()
            }
            Change::Lost { kind, error } => {
                self.see(&kind, Sight::Part(error.to_string()));
                false
            }
            Change::Answers(_) => false,
        };
        if is_changed {
            let first = self.changed.map_or(now, |(first, _)| first);
            self.changed = Some((first, now));
        }
    }

    fn number(&self, kind: &ClusterKind) -> Option<usize> {
        self.kinds.iter().position(|(of, _)| of == kind)
    }

    /// Notes how well a kind is seen. A first sight is something to judge, an empty list as well.
    fn see(&mut self, kind: &ClusterKind, sight: Sight) -> Option<usize> {
        let at = self.number(kind)?;
        let slot = &mut self.kinds.get_mut(at)?.1;
        if *slot != sight {
            let now = Instant::now();
            self.changed = Some((self.changed.map_or(now, |(first, _)| first), now));
            *slot = sight;
        }
        Some(at)
    }

    /// Whether to scan: all kinds have been told of, something has changed, and it has settled or goes on for too long.
    fn is_due(&self, now: Instant) -> bool {
        let is_told = self.kinds.iter().all(|(_, sight)| *sight != Sight::Waiting);
        is_told
            && self.changed.is_some_and(|(first, last)| {
                now.duration_since(last) >= SETTLED || now.duration_since(first) >= LONGEST
            })
    }

    /// Everything was judged, or is to be judged again as if it had changed at that time.
    fn judged(&mut self, again: Option<Instant>) {
        self.changed = again.map(|now| (now, now));
    }

    fn texts(&self) -> Vec<Text> {
        let text =
            |((_, origin), text): (&Key, &Arc<str>)| Text { shown: origin.clone(), text: text.clone() };
        self.texts.iter().map(text).collect()
    }

    /// What the scan really covers: kinds that are seen as a whole. Where one kind was never seen, checks that look
    /// beyond one object cannot be trusted to have found nothing, so nothing is covered.
    fn coverage(&self) -> Option<Coverage> {
        let is_whole = |sight: &Sight| *sight == Sight::Whole;
        let seen = |at: usize| self.texts.keys().any(|key| key.0 == at);
        let is_blind = self.kinds.iter().enumerate().any(|(at, (_, sight))| !is_whole(sight) && !seen(at));
        if is_blind {
            return None;
        }
        if self.kinds.iter().all(|(_, sight)| is_whole(sight)) {
            return Some(Coverage::default());
        }
        let parts: BTreeSet<&str> =
            self.kinds.iter().filter(|(_, sight)| !is_whole(sight)).map(|(kind, _)| kind.kind).collect();
        let kinds = self.kinds.iter().map(|(kind, _)| kind.kind).filter(|kind| !parts.contains(kind));
        Some(Coverage { kinds: Some(kinds.map(str::to_owned).collect()), ..Coverage::default() })
    }

    /// What cannot be seen, and why; each reason once, with all that it keeps from being seen.
    fn unseen(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (kind, sight) in &self.kinds {
            let Sight::Part(why) = sight else { continue };
            match reasons.iter_mut().find(|(known, _)| known == why) {
                // Some kinds are listed in two parts.
                Some((_, kinds)) if kinds.contains(&kind.plural) => {}
                Some((_, kinds)) => kinds.push(kind.plural),
                None => reasons.push((why, vec![kind.plural])),
            }
        }
        reasons.into_iter().map(|(why, kinds)| format!("{}: {why}", kinds.join(", "))).collect()
    }
}

/// What is judged of a document: nothing where a controller made it, for the controller is judged itself.
fn kept(at: usize, document: ClusterDocument) -> Option<(Key, Arc<str>)> {
    (!is_made_by_controller(&document.text)).then(|| ((at, document.origin), document.text.into()))
}

#[cfg(test)]
mod tests {
    use haechi_sources::cluster::{ListError, Listed};

    use super::*;

    fn kind(plural: &str) -> ClusterKind {
        *ClusterKind::SCAN.iter().find(|kind| kind.plural == plural).unwrap()
    }

    fn view() -> View {
        View::new(&[kind("pods"), kind("services")])
    }

    fn document(plural: &str, name: &str, extra: &str) -> ClusterDocument {
        let kind = kind(plural);
        let text = format!("{{\"kind\":\"{}\",\"metadata\":{{\"name\":\"{name}\"{extra}}}}}", kind.kind);
        ClusterDocument { origin: format!("cluster/{}/shop/{name}", kind.kind).into(), kind, text }
    }

    fn synced(plural: &str, outcome: Outcome, names: &[&str]) -> Change {
        let documents: Vec<_> = names.iter().map(|name| document(plural, name, "")).collect();
        let listed = Listed { kind: kind(plural), objects: documents.len(), resource_version: None, outcome };
        Change::Synced { listed, documents }
    }

    fn names(view: &View) -> Vec<String> {
        view.texts().iter().map(|text| text.shown.rsplit('/').next().unwrap().to_owned()).collect()
    }

    fn forbidden() -> ListError {
        ListError::Forbidden("no".to_owned())
    }

    #[test]
    fn scan_waits_for_all_kinds_and_for_changes_to_settle() {
        let (mut view, start) = (view(), Instant::now());
        view.take(synced("pods", Outcome::Whole, &["a"]), start);
        assert!(!view.is_due(start + LONGEST), "services are not told yet");
        view.take(synced("services", Outcome::Whole, &[]), start);
        let told = Instant::now();
        assert!(!view.is_due(told));
        assert!(view.is_due(told + SETTLED));
        view.judged(None);
        assert!(!view.is_due(told + LONGEST), "nothing has changed since");
        // The same list again, as after a watch that expired, is no change.
        view.take(synced("pods", Outcome::Whole, &["a"]), told);
        assert!(!view.is_due(told + LONGEST));
        for second in 0..40 {
            view.take(
                Change::Applied(document("pods", &format!("p{second}"), "")),
                told + Duration::from_secs(second),
            );
        }
        assert!(
            view.is_due(told + Duration::from_secs(39)),
            "changes that do not end are judged at some time"
        );
    }

    #[test]
    fn what_is_gone_goes_and_what_a_controller_made_is_left_out() {
        let (mut view, now) = (view(), Instant::now());
        view.take(synced("pods", Outcome::Whole, &["a", "b"]), now);
        view.take(synced("services", Outcome::Whole, &["s"]), now);
        view.take(Change::Deleted(document("pods", "a", "")), now);
        assert_eq!(names(&view), ["b", "s"]);
        let owned = ",\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"r\",\"controller\":true}]";
        view.take(Change::Applied(document("pods", "c", owned)), now);
        view.take(Change::Applied(document("pods", "b", owned)), now);
        assert_eq!(names(&view), ["s"]);
        view.take(synced("services", Outcome::Whole, &["t"]), now);
        assert_eq!(names(&view), ["t"]);
    }

    #[test]
    fn a_reason_is_told_once_for_all_that_it_keeps_from_being_seen() {
        let (mut view, now) = (view(), Instant::now());
        for lost in ["services", "pods"] {
            view.take(Change::Lost { kind: kind(lost), error: forbidden() }, now);
        }
        assert_eq!(view.unseen(), ["pods, services: no"]);
    }

    #[test]
    fn nothing_is_called_fixed_that_was_not_seen() {
        let (mut view, now) = (view(), Instant::now());
        view.take(synced("pods", Outcome::Whole, &["a"]), now);
        view.take(Change::Lost { kind: kind("services"), error: forbidden() }, now);
        assert_eq!(view.coverage(), None, "services were never seen");
        assert_eq!(view.unseen(), ["services: no"]);
        view.take(synced("services", Outcome::Whole, &["s"]), now);
        assert_eq!(view.coverage(), Some(Coverage::default()));
        // Lost later: what is known stays, and is not called fixed.
        view.take(Change::Lost { kind: kind("services"), error: forbidden() }, now);
        assert_eq!(names(&view), ["a", "s"]);
        let covered = view.coverage().unwrap();
        assert!(covered.covers("x", "Pod", Some("shop")) && !covered.covers("x", "Service", Some("shop")));
        let only = Outcome::OneNamespace("shop".to_owned(), forbidden());
        view.take(synced("services", only, &["s"]), now);
        assert!(!view.coverage().unwrap().covers("x", "Service", Some("other")));
    }
}
