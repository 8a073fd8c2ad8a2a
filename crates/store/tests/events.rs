//! Events are kept once, counted, found by time, and encrypted where a key is given.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{batch, event, folder, open};
use haechi_store::counters::CounterStore as _;
use haechi_store::events::{EventBatch, EventQuery, EventStore as _, MAX_BODY, NewEvent, Stored};
use haechi_store::maintenance::{MaintenanceStore as _, Retention};
use haechi_store::seal::Keys;
use haechi_store::sqlite::Options;
use haechi_store::{SqliteStore, StoreError};

fn all() -> EventQuery {
    EventQuery { limit: 10_000, ..EventQuery::default() }
}

#[test]
fn an_event_that_comes_again_is_stored_once_and_counted() {
    let folder = folder();
    let store = open(&folder);
    assert_eq!(store.put_events(batch(0..10)).unwrap(), Stored { stored: 10, duplicates: 0 });
    assert_eq!(store.put_events(batch(5..15)).unwrap(), Stored { stored: 5, duplicates: 5 });
    assert_eq!(store.put_events(batch([20, 20])).unwrap(), Stored { stored: 1, duplicates: 1 });
    store.count_dropped("k8s_audit", "queue-full", 7).unwrap();
    let counts = store.counts().unwrap().remove("k8s_audit").unwrap();
    assert_eq!((counts.received, counts.stored, counts.duplicates), (29, 16, 6));
    assert_eq!(counts.dropped["queue-full"], 7);
    assert!(counts.adds_up());
    assert_eq!(store.events(&all()).unwrap().len(), 16);
}

#[test]
fn events_without_time_are_told_apart_by_their_key_alone() {
    let folder = folder();
    let store = open(&folder);
    let timeless = |received_us| EventBatch {
        received_us,
        events: vec![NewEvent { time_us: None, ..event(1) }],
        ..batch([])
    };
    assert_eq!(store.put_events(timeless(5)).unwrap().stored, 1);
    assert_eq!(store.put_events(timeless(9)).unwrap().duplicates, 1);
    assert_eq!(store.put_events(batch([1])).unwrap().stored, 1, "the same key at a time is another event");
    let from_5 = EventQuery { from_us: Some(5), to_us: Some(6), ..all() };
    let heads = store.event_heads(&from_5).unwrap();
    assert_eq!(heads.iter().map(|head| (head.time_us, head.received_us)).collect::<Vec<_>>(), [(None, 5)]);
    assert_eq!(store.find_event(None, &event(1).key).unwrap(), Some(heads[0].id));
}

#[test]
fn events_are_given_by_time_in_pages_both_ways() {
    let folder = folder();
    let store = open(&folder);
    // Two batches whose times overlap, in no order.
    store.put_events(batch((0..1000).filter(|number| number % 3 == 0).rev())).unwrap();
    store.put_events(batch((0..1000).filter(|number| number % 3 != 0))).unwrap();
    for newest_first in [false, true] {
        let mut seen = Vec::new();
        let mut query = EventQuery { limit: 70, newest_first, ..EventQuery::default() };
        loop {
            let page = store.events(&query).unwrap();
            let Some(last) = page.last() else { break };
            query.after = Some(last.head.place());
            seen.extend(page);
        }
        if newest_first {
            seen.reverse();
        }
        assert_eq!(seen.len(), 1000);
        for (number, found) in (0..).zip(seen) {
            assert_eq!(found.body, event(number).body);
            assert_eq!(store.event(found.head.id).unwrap().unwrap().body, event(number).body);
        }
    }
}

#[test]
fn only_events_of_a_source_and_a_time_are_given() {
    let folder = folder();
    let store = open(&folder);
    store.put_events(batch(0..10)).unwrap();
    store.put_events(EventBatch { source: "falco".into(), ..batch(10..20) }).unwrap();
    let query = EventQuery {
        source: Some("falco".into()),
        from_us: event(5).time_us,
        to_us: event(13).time_us,
        ..all()
    };
    let bodies: Vec<_> = store.events(&query).unwrap().into_iter().map(|event| event.body).collect();
    assert_eq!(bodies, (10..13).map(|number| event(number).body).collect::<Vec<_>>());
}

#[test]
fn events_survive_a_new_start_and_their_numbers_never_come_back() {
    let folder = folder();
    let store = open(&folder);
    store.put_events(batch(0..10)).unwrap();
    let id = store.find_event(event(3).time_us, &event(3).key).unwrap().unwrap();
    drop(store);
    let store = open(&folder);
    assert_eq!(store.event(id).unwrap().unwrap().body, event(3).body);
    store.put_events(batch(10..11)).unwrap();
    let later = store.find_event(event(10).time_us, &event(10).key).unwrap().unwrap();
    assert!(later > id);
}

#[test]
fn what_is_too_large_is_refused_as_a_whole() {
    let folder = folder();
    let store = open(&folder);
    let mut large = batch(0..2);
    large.events[1].body = vec![b'x'; MAX_BODY + 1];
    assert!(matches!(store.put_events(large), Err(StoreError::TooLarge { what: "event", .. })));
    assert!(store.put_events(EventBatch { source: String::new(), ..batch(0..1) }).is_err());
    assert_eq!(store.events(&all()).unwrap(), []);
    assert!(store.counts().unwrap().is_empty());
}

#[test]
fn an_event_of_the_largest_size_is_kept_beside_small_ones() {
    let folder = folder();
    let store = open(&folder);
    let mut mixed = batch(0..3);
    mixed.events[1].body = (0..MAX_BODY).map(|index| u8::try_from(index % 251).unwrap()).collect();
    let expected: Vec<_> = mixed.events.iter().map(|event| event.body.clone()).collect();
    store.put_events(mixed).unwrap();
    let bodies: Vec<_> = store.events(&all()).unwrap().into_iter().map(|event| event.body).collect();
    assert!(bodies == expected);
}

fn with_keys(folder: &tempfile::TempDir, keys: Keys) -> SqliteStore {
    SqliteStore::open(Options { keys, ..Options::new(folder.path()) }).unwrap()
}

#[test]
fn encrypted_bodies_are_read_with_their_own_key_after_it_was_rotated() {
    let folder = folder();
    with_keys(&folder, Keys::none()).put_events(batch(0..1)).unwrap();
    with_keys(&folder, Keys::none().with_current("2025", [1; 32])).put_events(batch(1..2)).unwrap();
    let both = Keys::none().with("2025", [1; 32]).with_current("2026", [2; 32]);
    let store = with_keys(&folder, both);
    store.put_events(batch(2..3)).unwrap();
    let bodies: Vec<_> = store.events(&all()).unwrap().into_iter().map(|event| event.body).collect();
    assert_eq!(bodies, [event(0).body, event(1).body, event(2).body]);
    let needed = |store: &SqliteStore| store.health(true).unwrap().keys.into_iter().collect::<Vec<_>>();
    assert_eq!(needed(&store), [("2025".to_owned(), true), ("2026".to_owned(), true)]);
    drop(store);
    let store = with_keys(&folder, Keys::none().with_current("2026", [2; 32]));
    assert_eq!(needed(&store), [("2025".to_owned(), false), ("2026".to_owned(), true)]);
    assert!(!store.health(true).unwrap().is_good());
    let keep = Retention { events_us: Some(0), ..Retention::default() };
    assert_eq!(store.retain(i64::MAX, &keep).unwrap().events, 3, "what cannot be read can be removed");
    assert_eq!(needed(&store), []);
}

#[test]
fn a_wrong_key_and_a_missing_key_are_told() {
    let folder = folder();
    let store = with_keys(&folder, Keys::none().with_current("a", [1; 32]));
    store.put_events(batch(0..1)).unwrap();
    drop(store);
    let wrong = with_keys(&folder, Keys::none().with_current("a", [2; 32]));
    assert_eq!(wrong.event_heads(&all()).unwrap().len(), 1);
    let error = wrong.events(&all()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the key `a` does not open the body: it is another key of the same id, or the body was changed"
    );
    drop(wrong);
    let error = with_keys(&folder, Keys::none().with_current("b", [1; 32])).events(&all()).unwrap_err();
    assert!(matches!(error, StoreError::NoKey { key_id } if key_id == "a"));
}

#[test]
fn an_encrypted_body_is_nowhere_in_the_files() {
    let folder = folder();
    let store = with_keys(&folder, Keys::none().with_current("a", [7; 32]));
    let mut secret = batch(0..1);
    // Nothing that a compressor could shorten.
    secret.events[0].body = b"hunter2-xkcd-936-correct".to_vec();
    store.put_events(secret).unwrap();
    let mut plain = folder_bytes(folder.path());
    assert!(!plain.windows(7).any(|window| window == b"hunter2"));
    drop(store);
    let other = common::folder();
    let store = open(&other);
    let mut seen = batch(0..1);
    seen.events[0].body = b"hunter2-xkcd-936-correct".to_vec();
    store.put_events(seen).unwrap();
    plain = folder_bytes(other.path());
    assert!(plain.windows(7).any(|window| window == b"hunter2"), "the search finds what is not encrypted");
}

fn folder_bytes(path: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(path).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}
