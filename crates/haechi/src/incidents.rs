//! Incidents beside the service: detections that the store has not yet given to an incident are, with the findings of what they
//! concern.
//!
//! The store notes which detections were given to an incident, in the transaction that does it: those of a process that was ended
//! are taken up by the next one, and what comes again makes no second incident.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use haechi_alerts::alert::severity_of;
use haechi_alerts::incident::{Case, Closeness, Clue, Known, Span, group, keys_of, object_of, plural_of};
use haechi_model::{Fingerprint, ResourceRef, Severity};
use haechi_serve::companion::{Beside, Companion};
use haechi_serve::intake::{Detected, Listener};
use haechi_store::detections::StoredDetection;
use haechi_store::findings::FindingQuery;
use haechi_store::incidents::{IncidentUpdate, KnownIncident, SeenKey};
use haechi_store::journal::Act;
use haechi_store::{Store, StoreError};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

/// Detections that are grouped at once.
const BATCH: u32 = 1000;
/// Findings of a page.
const PAGE: u32 = 10_000;
/// How long nobody may come before the store is asked.
const LOOK: Duration = Duration::from_millis(500);

/// The listener and the companion that belong together.
pub(crate) fn incidents() -> (Arc<dyn Listener>, Box<dyn Companion>) {
    let (sender, news) = sync_channel(1);
    (Arc::new(Ear { news: sender }), Box::new(Grouping { news }))
}

/// Hears of detections: they are in the store then.
struct Ear {
    news: SyncSender<()>,
}

impl Listener for Ear {
    fn detected(&self, _: &Detected) {
        // One that waits already is as good.
        let _ = self.news.try_send(());
    }
}

/// Gives detections to incidents.
struct Grouping {
    news: Receiver<()>,
}

impl Companion for Grouping {
    fn name(&self) -> String {
        "incidents".to_owned()
    }

    fn run(self: Box<Self>, beside: &Beside) {
        let mut can_hear = true;
        loop {
            let is_last = beside.must_stop();
            let grouped = group_all(beside.store(), Closeness::default());
            beside.tell(grouped.err().map(|error| format!("detections were not grouped: {error}")));
            if is_last {
                return;
            }
            if !can_hear || self.news.recv_timeout(LOOK) == Err(RecvTimeoutError::Disconnected) {
                can_hear = false;
                std::thread::sleep(LOOK);
            }
        }
    }
}

/// Gives all detections that have no incident yet to one.
fn group_all(store: &dyn Store, closeness: Closeness) -> Result<(), StoreError> {
    // Each round takes detections off, unless somebody closes incidents at the same time: then the next look does it.
    for _ in 0..10_000 {
        let page = store.ungrouped(BATCH)?;
        if page.is_empty() {
            return Ok(());
        }
        let clues: Vec<Clue> = page.iter().map(clue).collect();
        let known = known(store, &clues, closeness)?;
        let mut odd = None;
        for case in group(clues, known, closeness) {
            match keep(store, &case, closeness) {
                // Closed, or removed by retention, since it was read: read again.
                Err(StoreError::Refused { .. } | StoreError::NotFound { .. }) => break,
                // What cannot be kept must not keep others from being.
                Err(error @ (StoreError::TooLarge { .. } | StoreError::Invalid { .. })) => odd = Some(error),
                kept => kept?,
            }
        }
        if let Some(odd) = odd {
            return Err(odd);
        }
    }
    Ok(())
}

fn clue(stored: &StoredDetection) -> Clue {
    let body: Json = serde_json::from_str(&stored.body).unwrap_or(Json::Null);
    let field = |name: &str| body.get("output_fields").and_then(|fields| fields.get(name)?.as_str());
    let target = body.get("resource").and_then(|resource| ResourceRef::deserialize(resource).ok());
    Clue {
        id: stored.id.clone(),
        cluster: stored.cluster.clone(),
        time_us: stored.time_us,
        severity: severity_of(stored.priority),
        rule: stored.rule.clone(),
        keys: keys_of(&stored.source, &stored.rule, target.as_ref(), field),
    }
}

/// Incidents that some of these may belong to.
fn known(store: &dyn Store, clues: &[Clue], closeness: Closeness) -> Result<Vec<Known>, StoreError> {
    let mut asked: BTreeMap<&str, (BTreeSet<String>, Span)> = BTreeMap::new();
    for clue in clues {
        let (keys, span) =
            asked.entry(&clue.cluster).or_insert_with(|| (BTreeSet::new(), Span::at(clue.time_us)));
        keys.extend(clue.keys.iter().cloned());
        span.first_us = span.first_us.min(clue.time_us);
        span.last_us = span.last_us.max(clue.time_us);
    }
    let mut known = Vec::new();
    for (cluster, (keys, span)) in asked {
        let keys: Vec<String> = keys.into_iter().collect();
        let from = span.first_us.saturating_sub(closeness.window_us);
        let to = span.last_us.saturating_add(closeness.window_us);
        known.extend(store.incidents_about(cluster, &keys, from, to)?.into_iter().map(as_known));
    }
    Ok(known)
}

fn as_known(stored: KnownIncident) -> Known {
    let keys = stored
        .keys
        .into_iter()
        .map(|seen| (seen.key, Span { first_us: seen.first_us, last_us: seen.last_us }));
    Known {
        id: stored.id,
        cluster: stored.cluster,
        span: Span { first_us: stored.first_us, last_us: stored.last_us },
        keys: keys.collect(),
    }
}

fn keep(store: &dyn Store, case: &Case, closeness: Closeness) -> Result<(), StoreError> {
    let keys = case.keys.iter().map(|(key, span)| SeenKey {
        key: key.clone(),
        first_us: span.first_us,
        last_us: span.last_us,
    });
    let update = IncidentUpdate {
        id: case.id.clone(),
        group: case.group.clone(),
        cluster: case.cluster.clone(),
        severity: case.severity,
        first_us: case.span.first_us,
        last_us: case.span.last_us,
        title: case.title.clone(),
        detections: case.detections.clone(),
        findings: findings(store, case)?,
        keys: keys.collect(),
        looks_back_us: closeness.memory_us,
    };
    let act = Act {
        time_us: haechi_serve::clock::now_ns() / 1000,
        actor: "system".to_owned(),
        act: "incident.opened".to_owned(),
        subject: format!("incident:{}", case.id),
        details: json!({
            "cluster": case.cluster, "severity": case.severity.as_str(), "title": case.title,
            "detections": case.detections.len(),
        }),
    };
    store.put_incident(update, act).map(|_| ())
}

/// Findings of high severity, not fixed, about the objects that a case concerns.
fn findings(store: &dyn Store, case: &Case) -> Result<Vec<Fingerprint>, StoreError> {
    let objects: BTreeSet<_> = case.keys.keys().filter_map(|key| object_of(key)).collect();
    let namespaces: BTreeSet<Option<&str>> = objects.iter().map(|(_, namespace, _)| *namespace).collect();
    let mut found = BTreeSet::new();
    for namespace in namespaces {
        let mut query = FindingQuery {
            cluster: Some(case.cluster.clone()),
            namespace: namespace.map(str::to_owned),
            at_least: Some(Severity::High),
            is_fixed: Some(false),
            limit: PAGE,
            ..FindingQuery::default()
        };
        loop {
            let page = store.findings(&query)?;
            let Some(last) = page.last() else { break };
            query.after = Some((last.finding.severity, last.cluster.clone(), last.finding.fingerprint));
            for stored in &page {
                let resource = &stored.finding.resource;
                let plural = plural_of(&resource.kind);
                let object = (plural.as_str(), resource.namespace.as_deref(), resource.name.as_str());
                if objects.contains(&object) {
                    found.insert(stored.finding.fingerprint);
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use haechi_model::Priority;
    use haechi_store::SqliteStore;
    use haechi_store::detections::{DetectionStore as _, NewDetection};
    use haechi_store::findings::{FindingStore as _, ScanRun, SeenFinding};
    use haechi_store::incidents::{Incident, IncidentMove, IncidentQuery, IncidentState, IncidentStore as _};
    use haechi_store::journal::JournalStore as _;
    use haechi_store::sqlite::Options;

    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn detection(id: &str, minute: i64, fields: Json) -> NewDetection {
        NewDetection {
            id: id.to_owned(),
            cluster: "prod".to_owned(),
            rule: "Secret read".to_owned(),
            source: "k8s_audit".to_owned(),
            priority: if id == "worst" { Priority::Critical } else { Priority::Notice },
            time_us: minute * MINUTE,
            event: None,
            body: json!({"output": "o", "output_fields": fields}).to_string(),
        }
    }

    fn open(folder: &tempfile::TempDir) -> SqliteStore {
        SqliteStore::open(Options::new(folder.path())).unwrap()
    }

    fn all(store: &SqliteStore) -> Vec<Incident> {
        let mut all = store.incidents(&IncidentQuery { limit: 100, ..IncidentQuery::default() }).unwrap();
        all.sort_by_key(|incident| incident.opened_us);
        all
    }

    fn alice(id: &str, minute: i64) -> NewDetection {
        detection(id, minute, json!({"ka.user.name": "alice"}))
    }

    #[test]
    fn what_was_stored_is_grouped_once_whatever_comes_between() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        store.put_detections(vec![alice("a", 0), alice("worst", 5)]).unwrap();
        group_all(&store, Closeness::default()).unwrap();
        let first = all(&store);
        assert_eq!((first.len(), first[0].detections, first[0].severity), (1, 2, Severity::Critical));
        assert_eq!(first[0].title, "Secret read: alice");
        // The same again, as after a sender that has not heard of it, and a new process.
        store.put_detections(vec![alice("a", 0), alice("worst", 5)]).unwrap();
        drop(store);
        let store = open(&folder);
        group_all(&store, Closeness::default()).unwrap();
        assert_eq!(all(&store), first);
        // Stored, but the process ended before it was grouped.
        store.put_detections(vec![alice("b", 20), alice("c", 120)]).unwrap();
        drop(store);
        let store = open(&folder);
        group_all(&store, Closeness::default()).unwrap();
        let after = all(&store);
        assert_eq!((after.len(), after[0].detections, after[1].detections), (2, 3, 1));
        assert_eq!(after[0].last_us, 20 * MINUTE);
        assert_eq!(store.anchor().unwrap().entries, 2, "each was opened once");
    }

    #[test]
    fn what_comes_after_the_end_is_another_incident_that_refers_to_the_former() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let group = |detection| {
            store.put_detections(vec![detection]).unwrap();
            group_all(&store, Closeness::default()).unwrap();
            all(&store)
        };
        let go = |id: &str, to| {
            let act = Act {
                time_us: 1,
                actor: "user:kim".to_owned(),
                act: "incident.moved".to_owned(),
                subject: String::new(),
                details: Json::Null,
            };
            let by = "user:kim".to_owned();
            let change = IncidentMove { id: id.to_owned(), to, by, now_us: MINUTE, note: String::new() };
            store.move_incident(change, act).unwrap();
        };
        let first = group(alice("a", 0)).remove(0);
        assert_eq!(first.follows, None);
        go(&first.id, IncidentState::Closed);
        let second = group(alice("b", 1)).remove(1);
        assert_eq!((second.follows.as_ref(), second.detections), (Some(&first.id), 1));
        // Somebody else is none of its business, and a week later it is forgotten.
        let of_bob = group(detection("c", 2, json!({"ka.user.name": "bob"}))).remove(2);
        assert_eq!(of_bob.follows, None);
        let week = 7 * 24 * 60;
        assert_eq!(group(alice("d", week + 2)).remove(3).follows, None);
        assert_eq!(group(alice("e", week * 2)).remove(4).follows.as_ref(), Some(&all(&store)[3].id));
        // The first was closed by mistake: what belongs to it joins it again.
        go(&first.id, IncidentState::Open);
        assert_eq!(group(alice("f", 3)).remove(0).detections, 2);
    }

    #[test]
    fn more_than_a_batch_is_grouped_and_poison_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let many = (0..2500).map(|n| alice(&format!("d{n:04}"), i64::from(n) / 100));
        store.put_detections(many.collect()).unwrap();
        let odd = NewDetection { body: "no JSON".to_owned(), ..alice("odd", 1) };
        let endless = detection("endless", 2, json!({"ka.user.name": "x".repeat(100_000)}));
        store.put_detections(vec![odd, endless]).unwrap();
        group_all(&store, Closeness::default()).unwrap();
        assert_eq!(store.ungrouped(10).unwrap(), []);
        let counts: Vec<u64> = all(&store).iter().map(|incident| incident.detections).collect();
        assert_eq!(counts, [2500, 1, 1]);
    }

    #[test]
    fn severe_findings_of_what_is_concerned_belong_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let finding = |name: &str, severity| SeenFinding {
            fingerprint: Fingerprint::of([name, "x"]),
            rule: "privileged-container".to_owned(),
            severity,
            resource: ResourceRef {
                api_version: "v1".to_owned(),
                kind: "Pod".to_owned(),
                namespace: Some("shop".to_owned()),
                name: name.to_owned(),
            },
            body: "{}".to_owned(),
        };
        let findings = vec![finding("web", Severity::High), finding("api", Severity::Critical)];
        let run = ScanRun { cluster: "prod".to_owned(), at_us: 1, covered: None, findings };
        store.put_scan(run).unwrap();
        let low = SeenFinding { fingerprint: Fingerprint::of(["l"]), ..finding("web", Severity::Low) };
        let run = ScanRun { cluster: "prod".to_owned(), at_us: 2, covered: None, findings: vec![low] };
        store.put_scan(run).unwrap();
        let pod = json!({"k8s.ns.name": "shop", "k8s.pod.name": "web"});
        store.put_detections(vec![detection("a", 0, pod)]).unwrap();
        group_all(&store, Closeness::default()).unwrap();
        let id = all(&store)[0].id.clone();
        assert_eq!(store.incident_findings(&id).unwrap(), [Fingerprint::of(["web", "x"])]);
    }
}
