//! Detections, and the incidents that they make.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{act, batch, event, folder, open};
use haechi_model::{Priority, Severity};
use haechi_store::counters::CounterStore as _;
use haechi_store::detections::{DetectionQuery, DetectionStore as _, NewDetection};
use haechi_store::events::{EventStore as _, Stored};
use haechi_store::incidents::{
    IncidentMove, IncidentQuery, IncidentState, IncidentStore as _, IncidentUpdate, SeenKey,
};
use haechi_store::journal::JournalStore as _;
use haechi_store::maintenance::{MaintenanceStore as _, Retention};
use haechi_store::outbox::{NewAlert, OutboxStore as _};
use haechi_store::silences::{Silence, SilenceStore as _};
use haechi_store::{SqliteStore, StoreError};

fn detection(number: u64) -> NewDetection {
    NewDetection {
        id: format!("d{number}"),
        cluster: "prod".into(),
        rule: "Attach/Exec Pod".into(),
        source: "k8s_audit".into(),
        priority: Priority::Notice,
        time_us: event(number).time_us.unwrap(),
        event: Some((event(number).time_us, event(number).key)),
        body: "{}".into(),
    }
}

#[test]
fn events_and_what_was_detected_in_them_are_one() {
    let folder = folder();
    let store = open(&folder);
    let both = |numbers: [u64; 2]| numbers.into_iter().map(detection).collect::<Vec<_>>();
    let (stored, news) = store.put_detected(batch(0..2), both([0, 1])).unwrap();
    assert_eq!((stored, news), (Stored { stored: 2, duplicates: 0 }, vec![true, true]));
    // A sender that heard nothing sends again: what is known is told apart, event by event and detection by detection.
    let (stored, news) = store.put_detected(batch(1..3), both([1, 2])).unwrap();
    assert_eq!((stored, news), (Stored { stored: 1, duplicates: 1 }, vec![false, true]));
    let found = store.detection("d2").unwrap().unwrap();
    assert_eq!(
        store.event(found.event.unwrap()).unwrap().unwrap().body,
        event(2).body,
        "found in its own transaction"
    );
    let mut too_long = detection(5);
    too_long.body = "x".repeat(2 << 20);
    assert!(store.put_detected(batch(5..6), vec![too_long]).is_err());
    assert_eq!(store.find_event(event(5).time_us, &event(5).key).unwrap(), None, "nothing of it is stored");
    assert!(store.counts().unwrap()["k8s_audit"].adds_up());
    assert_eq!(store.counts().unwrap()["k8s_audit"].stored, 3);
}

fn update(id: &str, detections: &[&str]) -> IncidentUpdate {
    IncidentUpdate {
        id: id.into(),
        group: "eve".into(),
        cluster: "prod".into(),
        severity: Severity::Medium,
        first_us: 100,
        last_us: 110,
        title: "exec by eve".into(),
        detections: detections.iter().map(|id| (*id).to_owned()).collect(),
        findings: vec![],
        keys: vec![SeenKey { key: "user eve".into(), first_us: 100, last_us: 110 }],
        looks_back_us: 50,
    }
}

fn to(id: &str, to: IncidentState, now_us: i64) -> IncidentMove {
    IncidentMove { id: id.into(), to, by: "user:kim".into(), now_us, note: String::new() }
}

fn put(store: &SqliteStore, update: IncidentUpdate) -> Result<bool, StoreError> {
    store.put_incident(update, act("incident.opened"))
}

#[test]
fn a_detection_is_kept_once_and_leads_to_its_event() {
    let folder = folder();
    let store = open(&folder);
    store.put_events(batch(0..2)).unwrap();
    let both = || vec![detection(0), detection(1), detection(7)];
    assert_eq!(store.put_detections(both()).unwrap(), Stored { stored: 3, duplicates: 0 });
    assert_eq!(store.put_detections(both()).unwrap(), Stored { stored: 0, duplicates: 3 });
    let found = store.detection("d1").unwrap().unwrap();
    assert_eq!(store.event(found.event.unwrap()).unwrap().unwrap().body, event(1).body);
    assert_eq!(store.detection("d7").unwrap().unwrap().event, None, "its event was never stored");
    let urgent = DetectionQuery { at_least: Some(Priority::Warning), limit: 10, ..DetectionQuery::default() };
    assert_eq!(store.detections(&urgent).unwrap(), []);
}

#[test]
fn a_detection_waits_until_it_is_decided_what_to_alert_about_it() {
    let folder = folder();
    let store = open(&folder);
    store.put_detections((0..3).map(detection).collect()).unwrap();
    let waiting = |store: &SqliteStore| -> Vec<String> {
        store.unalerted(10).unwrap().into_iter().map(|detection| detection.id).collect()
    };
    assert_eq!(waiting(&store), ["d0", "d1", "d2"]);
    let alert = |receiver: &str| NewAlert {
        id: format!("{receiver} d0"),
        receiver: receiver.into(),
        group: "g".into(),
        payload: b"exec".to_vec(),
        created_us: 1,
        due_us: 1,
    };
    let too_large = NewAlert { payload: vec![0; 2 << 20], ..alert("pager") };
    assert!(store.put_alerts_for(vec!["d0".into()], vec![alert("slack"), too_large]).is_err());
    assert_eq!(waiting(&store), ["d0", "d1", "d2"], "what is not put in is not noted");
    let decided = vec!["d0".into(), "d1".into(), "gone".into()];
    assert_eq!(store.put_alerts_for(decided, vec![alert("slack"), alert("pager")]).unwrap(), 2);
    drop(store);
    let store = open(&folder);
    assert_eq!(waiting(&store), ["d2"]);
    assert_eq!(store.alerts(None, None, 10).unwrap().len(), 2);
    store.put_detections(vec![detection(0)]).unwrap();
    assert_eq!(waiting(&store), ["d2"], "a detection that comes again is decided already");
}

#[test]
fn an_incident_grows_until_it_is_closed() {
    let folder = folder();
    let store = open(&folder);
    store.put_detections((0..4).map(detection).collect()).unwrap();
    let waiting = |store: &SqliteStore| store.ungrouped(10).unwrap().len();
    assert_eq!(waiting(&store), 4);
    assert!(put(&store, update("i1", &["d0"])).unwrap());
    let worse = IncidentUpdate {
        severity: Severity::High,
        first_us: 90,
        last_us: 95,
        keys: vec![SeenKey { key: "user eve".into(), first_us: 90, last_us: 95 }],
        ..update("i1", &["d1"])
    };
    assert!(!put(&store, worse).unwrap());
    put(&store, update("i1", &["d2"])).unwrap();
    let incident = store.incident("i1").unwrap().unwrap();
    assert_eq!((incident.detections, incident.severity), (3, Severity::High));
    assert_eq!((incident.opened_us, incident.last_us, incident.updated_us), (90, 110, 110));
    let keys = [SeenKey { key: "user eve".into(), first_us: 90, last_us: 110 }];
    assert_eq!(store.incident_keys("i1").unwrap(), keys);
    let about = |from, to| {
        let keys = ["user bob".to_owned(), "user eve".to_owned()];
        store.incidents_about("prod", &keys, from, to).unwrap().len()
    };
    assert_eq!([about(110, 200), about(111, 200), about(0, 90), about(0, 89)], [1, 0, 1, 0]);
    let of_it = DetectionQuery { incident: Some("i1".into()), limit: 10, ..DetectionQuery::default() };
    assert_eq!(store.detections(&of_it).unwrap().len(), 3);
    store.move_incident(to("i1", IncidentState::Closed, 200), act("incident.closed")).unwrap();
    assert_eq!(about(0, 200), 0, "what is closed takes nothing in");
    assert_eq!(waiting(&store), 1);
    let refused = put(&store, update("i1", &["d3"])).unwrap_err();
    assert!(matches!(refused, StoreError::Refused { what: "incident", .. }), "{refused}");
    assert_eq!(waiting(&store), 1, "a refused call changes nothing");
    assert!(put(&store, update("i2", &["d3", "d0"])).unwrap());
    assert_eq!(store.incident("i2").unwrap().unwrap().detections, 1, "d0 stays where it is");
    assert_eq!(waiting(&store), 0);
    assert_eq!(store.anchor().unwrap().entries, 3, "two were opened, one was closed");
    let count = |query: IncidentQuery| store.incidents(&IncidentQuery { limit: 10, ..query }).unwrap().len();
    assert_eq!(count(IncidentQuery { state: Some(IncidentState::Open), ..IncidentQuery::default() }), 1);
    assert_eq!(count(IncidentQuery { is_closed: Some(true), ..IncidentQuery::default() }), 1);
    assert_eq!(count(IncidentQuery { is_closed: Some(false), ..IncidentQuery::default() }), 1);
    assert_eq!(count(IncidentQuery { at_least: Some(Severity::High), ..IncidentQuery::default() }), 1);
    let elsewhere = IncidentUpdate { cluster: "test".into(), ..update("i2", &[]) };
    assert!(matches!(put(&store, elsewhere), Err(StoreError::Invalid { .. })));
}

#[test]
fn a_detection_whose_incident_was_removed_makes_no_other_one() {
    let folder = folder();
    let store = open(&folder);
    store.put_detections(vec![detection(0)]).unwrap();
    put(&store, update("i1", &["d0"])).unwrap();
    store.move_incident(to("i1", IncidentState::Closed, 200), act("incident.closed")).unwrap();
    let keep = Retention { closed_incidents_us: Some(10), ..Retention::default() };
    assert_eq!(store.retain(1000, &keep).unwrap().incidents, 1);
    assert_eq!(store.detection("d0").unwrap().unwrap().incident, None);
    assert_eq!(store.ungrouped(10).unwrap(), []);
    assert_eq!(store.incident_keys("i1").unwrap(), []);
}

#[test]
fn an_incident_with_a_detection_that_is_not_there_is_not_opened() {
    let folder = folder();
    let store = open(&folder);
    store.put_detections(vec![detection(0)]).unwrap();
    let refused = put(&store, update("i1", &["d0", "d9"]));
    assert!(matches!(refused, Err(StoreError::NotFound { what: "detection", id }) if id == "d9"));
    assert_eq!(store.incident("i1").unwrap(), None);
    assert_eq!(store.detection("d0").unwrap().unwrap().incident, None);
    assert_eq!(store.anchor().unwrap().entries, 0);
}

#[test]
fn incidents_go_forward_or_back_to_open() {
    use IncidentState::{Acknowledged, Closed, Contained, Open, Recovered};
    let allowed = [
        (Open, Acknowledged),
        (Acknowledged, Open),
        (Acknowledged, Contained),
        (Acknowledged, Recovered),
        (Acknowledged, Closed),
        (Open, Contained),
        (Open, Recovered),
        (Open, Closed),
        (Contained, Recovered),
        (Contained, Closed),
        (Contained, Open),
        (Recovered, Closed),
        (Recovered, Open),
        (Closed, Open),
    ];
    for from in IncidentState::ALL {
        for to in IncidentState::ALL {
            assert_eq!(from.may_become(to), allowed.contains(&(from, to)), "{from} → {to}");
        }
    }
    let folder = folder();
    let store = open(&folder);
    put(&store, update("i1", &[])).unwrap();
    let go = |state| store.move_incident(to("i1", state, 200), act("incident.moved"));
    let acknowledged = || store.incident("i1").unwrap().unwrap().acknowledged_by;
    go(Acknowledged).unwrap();
    assert_eq!(acknowledged().as_deref(), Some("user:kim"));
    go(Open).unwrap();
    assert_eq!(acknowledged(), None);
    go(Acknowledged).unwrap();
    go(Contained).unwrap();
    go(Closed).unwrap();
    let error = go(Acknowledged).unwrap_err();
    assert_eq!(error.to_string(), "incident `i1` is closed: it cannot become acknowledged");
    store.set_incident_notes("i1", "what we learned", 300, act("incident.noted")).unwrap();
    let incident = store.incident("i1").unwrap().unwrap();
    assert_eq!((incident.closed_us, incident.updated_us), (Some(200), 300));
    assert_eq!((incident.closed_by.as_deref(), incident.acknowledged_us), (Some("user:kim"), Some(200)));
    assert_eq!(incident.notes, "what we learned");
    assert_eq!(store.anchor().unwrap().entries, 7, "a refused step is not journalled");
    // Opened again: nobody looks after it, and it takes in what belongs to it.
    store
        .move_incident(
            IncidentMove { note: "it was too early".into(), ..to("i1", Open, 400) },
            act("incident.reopened"),
        )
        .unwrap();
    let incident = store.incident("i1").unwrap().unwrap();
    assert_eq!(
        (incident.state, incident.closed_us, incident.closed_by, incident.acknowledged_us),
        (Open, None, None, None)
    );
    assert_eq!(incident.notes, "what we learned\nit was too early");
    assert!(!put(&store, update("i1", &[])).unwrap());
    let too_long = IncidentMove { note: "x".repeat(2 << 20), ..to("i1", Closed, 500) };
    assert!(store.move_incident(too_long, act("incident.closed")).is_err());
    assert_eq!(store.incident("i1").unwrap().unwrap().state, Open, "with its note or not at all");
    assert_eq!(store.anchor().unwrap().entries, 8);
}

#[test]
fn a_new_incident_refers_to_the_last_one_about_the_same() {
    let folder = folder();
    let store = open(&folder);
    let at = |id: &str, cluster: &str, first_us, key: &str| IncidentUpdate {
        cluster: cluster.into(),
        first_us,
        last_us: first_us + 10,
        keys: vec![SeenKey { key: key.into(), first_us, last_us: first_us + 10 }],
        ..update(id, &[])
    };
    let follows = |id: &str| store.incident(id).unwrap().unwrap().follows;
    put(&store, at("a", "prod", 100, "user eve")).unwrap();
    put(&store, at("b", "prod", 120, "user eve")).unwrap();
    put(&store, at("other", "test", 130, "user eve")).unwrap();
    put(&store, at("bob", "prod", 130, "user bob")).unwrap();
    put(&store, at("c", "prod", 180, "user eve")).unwrap();
    put(&store, at("late", "prod", 241, "user eve")).unwrap();
    assert_eq!(["a", "other", "bob", "late"].map(follows), [None, None, None, None]);
    assert_eq!((follows("b"), follows("c")), (Some("a".into()), Some("b".into())));
    // What joins later changes nothing of that, and what retention removes is referred to no more.
    put(&store, at("bob", "prod", 140, "user eve")).unwrap();
    assert_eq!(follows("bob"), None);
    store.move_incident(to("b", IncidentState::Closed, 200), act("incident.closed")).unwrap();
    let keep = Retention { closed_incidents_us: Some(10), ..Retention::default() };
    assert_eq!(store.retain(1000, &keep).unwrap().incidents, 1);
    assert_eq!(follows("c"), None);
}

#[test]
fn a_silence_counts_from_its_beginning_to_its_end() {
    let folder = folder();
    let store = open(&folder);
    let silence = Silence {
        id: "s1".into(),
        matcher: "rule=x".into(),
        reason: "maintenance".into(),
        created_by: "alice".into(),
        created_us: 5,
        starts_us: 10,
        ends_us: 20,
    };
    store.add_silence(silence.clone(), act("silence.added")).unwrap();
    let endless = Silence { id: "s2".into(), ends_us: 10, ..silence.clone() };
    assert!(store.add_silence(endless, act("silence.added")).is_err());
    let at = |time_us| store.silences(Some(time_us)).unwrap().len();
    assert_eq!([at(9), at(10), at(19), at(20)], [0, 1, 1, 0]);
    assert!(store.end_silence("s1", 15, act("silence.ended")).unwrap());
    assert!(!store.end_silence("s1", 16, act("silence.ended")).unwrap());
    assert_eq!([at(14), at(15)], [1, 0]);
    assert_eq!(store.silences(None).unwrap().len(), 1);
}
