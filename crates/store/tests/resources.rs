//! Objects as they were last seen.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{folder, open};
use haechi_model::ResourceRef;
use haechi_store::maintenance::KeyState;
use haechi_store::resources::{
    ResourceChanges, ResourceQuery, ResourceRun, ResourceStore as _, SeenResource, StoredResource,
};
use haechi_store::seal::Keys;
use haechi_store::sqlite::Options;
use haechi_store::{SqliteStore, StoreError};

fn pod(name: &str, version: u8) -> SeenResource {
    SeenResource {
        resource: ResourceRef {
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: Some("web".into()),
            name: name.into(),
        },
        digest: [version; 32],
        body: Some(format!("{name} {version}").into_bytes()),
    }
}

fn run(at_us: i64, resources: Vec<SeenResource>) -> ResourceRun {
    ResourceRun { cluster: "prod".into(), at_us, whole_kinds: ["Pod".to_owned()].into(), resources }
}

fn all(store: &SqliteStore) -> Vec<StoredResource> {
    let query = ResourceQuery { limit: 100, with_gone: true, ..ResourceQuery::default() };
    store.resources(&query).unwrap()
}

#[test]
fn an_object_is_new_changes_goes_and_comes_back() {
    let folder = folder();
    let store = open(&folder);
    let put = |at, resources| store.put_resources(run(at, resources)).unwrap();
    let new = put(1, vec![pod("a", 1), pod("b", 1)]);
    assert_eq!(new, ResourceChanges { new: 2, ..ResourceChanges::default() });
    let changed = put(2, vec![pod("a", 2), pod("b", 1)]);
    assert_eq!(changed, ResourceChanges { changed: 1, unchanged: 1, ..ResourceChanges::default() });
    let gone = put(3, vec![pod("b", 1)]);
    assert_eq!(gone, ResourceChanges { gone: 1, unchanged: 1, ..ResourceChanges::default() });
    let a = &all(&store)[0];
    assert_eq!((a.first_seen_us, a.changed_us, a.last_seen_us, a.gone_us), (1, 2, 2, Some(3)));
    assert_eq!(a.seen, pod("a", 2));
    let present = ResourceQuery { limit: 100, ..ResourceQuery::default() };
    assert_eq!(store.resources(&present).unwrap().len(), 1);
    assert_eq!(put(4, vec![pod("a", 2), pod("b", 1)]).new, 1);
    assert_eq!(all(&store)[0].gone_us, None);
}

#[test]
fn only_what_was_listed_as_a_whole_can_be_gone() {
    let folder = folder();
    let store = open(&folder);
    store.put_resources(run(1, vec![pod("a", 1)])).unwrap();
    let other = ResourceRun { whole_kinds: ["Secret".to_owned()].into(), ..run(2, vec![]) };
    assert_eq!(store.put_resources(other).unwrap().gone, 0);
    let elsewhere = ResourceRun { cluster: "dev".into(), ..run(3, vec![]) };
    assert_eq!(store.put_resources(elsewhere).unwrap().gone, 0);
    assert_eq!(store.put_resources(run(4, vec![])).unwrap().gone, 1);
}

#[test]
fn an_older_listing_that_arrives_late_changes_nothing() {
    let folder = folder();
    let store = open(&folder);
    store.put_resources(run(5, vec![pod("a", 2)])).unwrap();
    store.put_resources(run(3, vec![pod("a", 1)])).unwrap();
    assert_eq!(all(&store)[0].seen, pod("a", 2));
    store.put_resources(run(4, vec![])).unwrap();
    assert_eq!(all(&store)[0].gone_us, None, "seen after that listing began");
    store.put_resources(run(8, vec![])).unwrap();
    store.put_resources(run(7, vec![pod("a", 2)])).unwrap();
    assert_eq!(all(&store)[0].gone_us, Some(8));
}

#[test]
fn objects_are_found_by_what_they_are_in_pages() {
    let folder = folder();
    let store = open(&folder);
    let mut node = pod("n", 1);
    node.resource.kind = "Node".into();
    node.resource.namespace = None;
    let mut resources: Vec<_> = (0..25).map(|index| pod(&format!("p{index:02}"), 1)).collect();
    resources.push(node.clone());
    store.put_resources(run(1, resources)).unwrap();
    let nodes = ResourceQuery { kind: Some("Node".into()), limit: 9, ..ResourceQuery::default() };
    assert_eq!(store.resources(&nodes).unwrap()[0].seen, node);
    let mut query = ResourceQuery { namespace: Some("web".into()), limit: 7, ..ResourceQuery::default() };
    let mut names = Vec::new();
    loop {
        let page = store.resources(&query).unwrap();
        let Some(last) = page.last() else { break };
        let of = &last.seen.resource;
        let namespace = of.namespace.clone().unwrap_or_default();
        query.after = Some((last.cluster.clone(), of.kind.clone(), namespace, of.name.clone()));
        names.extend(page.into_iter().map(|found| found.seen.resource.name));
    }
    assert_eq!(names, (0..25).map(|index| format!("p{index:02}")).collect::<Vec<_>>());
}

#[test]
fn an_encrypted_object_cannot_be_passed_off_as_another_one() {
    let folder = folder();
    let keys = || Keys::none().with_current("k", [3; 32]);
    let open = || SqliteStore::open(Options { keys: keys(), ..Options::new(folder.path()) }).unwrap();
    open().put_resources(run(1, vec![pod("a", 1), pod("b", 1)])).unwrap();
    assert_eq!(all(&open())[1].seen, pod("b", 1));
    let connection = rusqlite::Connection::open(folder.path().join("store-1.db")).unwrap();
    let swap = "UPDATE resources SET body = (SELECT body FROM resources WHERE name = 'a') WHERE name = 'b'";
    connection.execute_batch(swap).unwrap();
    drop(connection);
    let query = ResourceQuery { limit: 9, ..ResourceQuery::default() };
    let error = open().resources(&query).unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { key_id } if key_id == "k"));
}

#[test]
fn a_key_is_tried_on_objects_too() {
    let folder = folder();
    let open = |key: u8| {
        let keys = Keys::none().with_current("k", [key; 32]);
        SqliteStore::open(Options { keys, ..Options::new(folder.path()) }).unwrap()
    };
    open(3).put_resources(run(1, vec![pod("a", 1)])).unwrap();
    assert_eq!(open(3).try_keys().unwrap()["k"], KeyState::Opens);
    assert_eq!(open(4).try_keys().unwrap()["k"], KeyState::Wrong);
}
