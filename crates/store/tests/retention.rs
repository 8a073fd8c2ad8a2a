//! What is old goes, and its space with it; what is needed stays.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{act, batch, event, folder, open};
use haechi_model::{Fingerprint, Priority, ResourceRef, Severity};
use haechi_store::SqliteStore;
use haechi_store::accounts::{AccountStore as _, Role, SecretHash, Session, User};
use haechi_store::counters::CounterStore as _;
use haechi_store::detections::{DetectionQuery, DetectionStore as _, NewDetection};
use haechi_store::events::{EventBatch, EventQuery, EventStore as _, NewEvent};
use haechi_store::findings::{Coverage, FindingQuery, FindingStore as _, ScanRun, SeenFinding};
use haechi_store::incidents::{IncidentMove, IncidentState, IncidentStore as _, IncidentUpdate};
use haechi_store::journal::JournalStore as _;
use haechi_store::maintenance::{MaintenanceStore as _, Retention};
use haechi_store::outbox::{NewAlert, OutboxStore as _};
use haechi_store::resources::{ResourceQuery, ResourceRun, ResourceStore as _, SeenResource};

/// Bodies that do not compress.
fn bulky(numbers: std::ops::Range<u64>, received_us: i64) -> EventBatch {
    let body = |number: u64| {
        let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        std::iter::repeat_with(next).take(1024).flatten().collect::<Vec<u8>>()
    };
    let events = numbers.map(|number| NewEvent { body: body(number), ..event(number) }).collect();
    EventBatch { received_us, events, ..batch([]) }
}

fn count(store: &SqliteStore) -> usize {
    store.event_heads(&EventQuery { limit: 10_000, ..EventQuery::default() }).unwrap().len()
}

fn detection(number: u64) -> NewDetection {
    NewDetection {
        id: format!("d{number}"),
        cluster: "prod".into(),
        rule: "r".into(),
        source: "k8s_audit".into(),
        priority: Priority::Critical,
        time_us: 10,
        event: Some((event(number).time_us, event(number).key)),
        body: "{}".into(),
    }
}

fn incident(detections: &[&str]) -> IncidentUpdate {
    IncidentUpdate {
        group: "g".into(),
        id: "i".into(),
        cluster: "prod".into(),
        severity: Severity::High,
        first_us: 10,
        last_us: 10,
        title: "t".into(),
        detections: detections.iter().map(|id| (*id).to_owned()).collect(),
        findings: vec![],
        keys: vec![],
        looks_back_us: 0,
    }
}

#[test]
fn old_events_go_by_when_they_came_and_the_file_becomes_smaller() {
    let folder = folder();
    let store = open(&folder);
    store.put_events(bulky(0..500, 100)).unwrap();
    store.put_events(bulky(500..600, 200)).unwrap();
    let before = store.health(false).unwrap().database_bytes;
    let keep = Retention { events_us: Some(50), ..Retention::default() };
    let retained = store.retain(200, &keep).unwrap();
    assert_eq!(retained.events, 500);
    assert_eq!(count(&store), 100);
    let health = store.health(true).unwrap();
    assert!(health.is_good(), "{health:?}");
    assert_eq!(health.free_bytes, 0);
    assert!(health.database_bytes < before / 3, "{} of {before}", health.database_bytes);
    assert_eq!(health.log_bytes, 0);
    assert!(retained.freed_bytes > before / 2);
    let counts = store.counts().unwrap().remove("k8s_audit").unwrap();
    assert_eq!(counts.stored, 600, "counts are of what came, not of what is left");
    assert_eq!(store.retain(200, &keep).unwrap().events, 0);
}

#[test]
fn numbers_of_events_do_not_come_back_when_all_are_removed() {
    let folder = folder();
    let store = open(&folder);
    store.put_events(batch(0..5)).unwrap();
    let id = store.find_event(event(4).time_us, &event(4).key).unwrap().unwrap();
    let all = Retention { events_us: Some(0), ..Retention::default() };
    assert_eq!(store.retain(i64::MAX, &all).unwrap().events, 5);
    drop(store);
    let store = open(&folder);
    store.put_events(batch(5..6)).unwrap();
    assert_eq!(store.event(id).unwrap(), None);
    assert!(store.find_event(event(5).time_us, &event(5).key).unwrap().unwrap() > id);
}

#[test]
fn a_store_that_is_too_large_loses_its_oldest_events_and_no_more_than_needed() {
    let folder = folder();
    let store = open(&folder);
    for part in 0..10 {
        store.put_events(bulky(part * 100..part * 100 + 100, i64::try_from(part).unwrap())).unwrap();
    }
    let retained = store.retain(0, &Retention { max_bytes: Some(5 << 20), ..Retention::default() }).unwrap();
    assert!(!retained.is_over);
    let left = count(&store);
    assert!((400..640).contains(&left), "{left} events of 8 KiB are left");
    assert!(store.find_event(event(999).time_us, &event(999).key).unwrap().is_some());
    assert!(store.find_event(event(0).time_us, &event(0).key).unwrap().is_none());
}

#[test]
fn an_open_incident_keeps_its_detections_and_their_events_and_a_closed_one_does_not() {
    let folder = folder();
    let store = open(&folder);
    store.put_events(bulky(0..1000, 10)).unwrap();
    store.put_detections(vec![detection(3), detection(700)]).unwrap();
    store.put_incident(incident(&["d3"]), act("incident.opened")).unwrap();
    let keep = Retention {
        events_us: Some(0),
        detections_us: Some(0),
        closed_incidents_us: Some(0),
        max_bytes: Some(0),
        ..Retention::default()
    };
    let retained = store.retain(1000, &keep).unwrap();
    assert!(retained.is_over, "what is left is to be kept");
    assert_eq!((retained.detections, retained.incidents), (1, 0));
    let kept = store.detection("d3").unwrap().unwrap();
    assert_eq!(store.event(kept.event.unwrap()).unwrap().unwrap().head.key, event(3).key);
    assert!(count(&store) < 100, "only the block with the event is left");
    let journal = store.anchor().unwrap();
    store
        .move_incident(
            IncidentMove {
                id: "i".into(),
                to: IncidentState::Closed,
                by: "user:kim".into(),
                now_us: 500,
                note: String::new(),
            },
            act("incident.closed"),
        )
        .unwrap();
    let retained = store.retain(1000, &keep).unwrap();
    assert_eq!((retained.detections, retained.incidents), (1, 1));
    assert_eq!(count(&store), 0);
    assert_eq!(store.detections(&DetectionQuery { limit: 9, ..DetectionQuery::default() }).unwrap(), []);
    assert_eq!(store.anchor().unwrap().entries, journal.entries + 1, "the journal is never shortened");
    assert!(store.verify_journal(Some(&journal)).unwrap().broken.is_none());
}

#[test]
fn what_is_over_goes_and_what_is_not_stays() {
    let folder = folder();
    let store = open(&folder);
    let finding = |name: &str| SeenFinding {
        fingerprint: Fingerprint::of([name]),
        rule: "r".into(),
        severity: Severity::Low,
        resource: ResourceRef { kind: "Pod".into(), name: name.into(), ..ResourceRef::default() },
        body: "{}".into(),
    };
    let scan = |at_us, names: &[&str]| ScanRun {
        cluster: "prod".into(),
        at_us,
        covered: Some(Coverage::default()),
        findings: names.iter().map(|name| finding(name)).collect(),
    };
    store.put_scan(scan(1, &["a", "b", "c"])).unwrap();
    store.put_scan(scan(2, &["b", "c"])).unwrap();
    let linked = IncidentUpdate { findings: vec![Fingerprint::of(["c"])], ..incident(&[]) };
    store.put_incident(linked, act("incident.opened")).unwrap();
    store.put_scan(scan(3, &["b"])).unwrap();
    let object = |name: &str| SeenResource {
        resource: ResourceRef { kind: "Pod".into(), name: name.into(), ..ResourceRef::default() },
        digest: [1; 32],
        body: Some(b"{}".to_vec()),
    };
    let listed = |at_us, names: &[&str]| ResourceRun {
        cluster: "prod".into(),
        at_us,
        whole_kinds: ["Pod".to_owned()].into(),
        resources: names.iter().map(|name| object(name)).collect(),
    };
    store.put_resources(listed(1, &["a", "b"])).unwrap();
    assert_eq!(store.put_resources(listed(2, &["b"])).unwrap().gone, 1);
    let alert = |id: &str| NewAlert {
        id: id.into(),
        receiver: "r".into(),
        group: id.into(),
        payload: vec![],
        created_us: 1,
        due_us: 1,
    };
    store.put_alerts(vec![alert("done"), alert("waiting")]).unwrap();
    let claimed = store.claim_alerts(None, 1, 5, 1).unwrap().remove(0);
    assert!(store.ack_alert(&claimed.id, claimed.lease, 2).unwrap());
    let user = User {
        name: "alice".into(),
        role: Role::Viewer,
        password: None,
        identity: None,
        created_us: 0,
        is_disabled: false,
    };
    store.add_user(user, act("user.added")).unwrap();
    for (secret, expires_us) in [(b"a", 5), (b"b", 500)] {
        let session = Session {
            secret: SecretHash::of(secret),
            user: "alice".into(),
            created_us: 0,
            expires_us,
            last_used_us: 0,
            note: String::new(),
        };
        store.add_session(session, act("login.succeeded")).unwrap();
    }
    let keep = Retention {
        fixed_findings_us: Some(0),
        gone_resources_us: Some(0),
        ended_alerts_us: Some(0),
        ..Retention::default()
    };
    let retained = store.retain(100, &keep).unwrap();
    assert_eq!(
        (retained.findings, retained.resources, retained.alerts, retained.sessions),
        (1, 1, 1, 1),
        "{retained:?}"
    );
    let left = store.findings(&FindingQuery { limit: 9, ..FindingQuery::default() }).unwrap();
    assert_eq!(left.len(), 2, "one is not fixed, one belongs to an open incident");
    let left = ResourceQuery { limit: 9, with_gone: true, ..ResourceQuery::default() };
    assert_eq!(store.resources(&left).unwrap()[0].seen, object("b"));
    assert_eq!(store.alerts(None, None, 9).unwrap().len(), 1);
    assert!(store.session(&SecretHash::of(b"b"), 100).unwrap().is_some());
}
