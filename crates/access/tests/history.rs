//! Changes of roles and bindings out of audit events.

use std::sync::Arc;

use haechi_access::{
    Coverage, Place, RbacChange, RbacOutcome, SnapshotBuilder, SnapshotOptions, SubjectChange, apply_event,
    diff,
};
use haechi_syntax::{Limits, parse_json, parse_yaml};
use serde_json::{Value as Json, json};

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: a}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
";
const BINDING: &str = "---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: User, name: jane}]
";

fn replay(yaml: &str, events: &[Json]) -> (Vec<RbacChange>, Vec<SubjectChange>, bool) {
    let options = SnapshotOptions { coverage: Coverage::Part, ..SnapshotOptions::default() };
    let mut before = SnapshotBuilder::new(options);
    let path: Arc<str> = "before.yaml".into();
    before.add_file(&path, &parse_yaml(yaml.as_bytes(), &Limits::default()));
    let mut after = before.clone();
    let mut applied = Vec::new();
    for event in events {
        let parsed = parse_json(event.to_string().as_bytes(), &Limits::default());
        let event = parsed.documents[0].root();
        applied.extend(apply_event(&mut before, &mut after, Place::NOWHERE, event).unwrap());
    }
    let after = after.finish();
    (applied, diff(&before.finish(), &after), after.is_truncated())
}

fn event(verb: &str, resource: &str, name: &str, more: Json) -> Json {
    let mut event = json!({
        "verb": verb, "stage": "ResponseComplete", "requestURI": "/x", "user": { "username": "eve" },
        "objectRef": { "apiGroup": "rbac.authorization.k8s.io", "resource": resource, "namespace": "a", "name": name },
        "responseStatus": { "code": 200 },
    });
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn written(resource: &str) -> Json {
    json!({ "metadata": { "name": "r", "namespace": "a" },
        "rules": [{ "apiGroups": [""], "resources": [resource], "verbs": ["get"] }] })
}

#[test]
fn update_tells_gain_and_loss() {
    let events = [event("update", "roles", "r", json!({ "responseObject": written("secrets") }))];
    let (applied, changes, _) = replay(&[ROLE, BINDING].concat(), &events);
    assert_eq!((applied[0].outcome, applied[0].user.as_str()), (RbacOutcome::Written, "eve"));
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].gained[0].part.resources, ["secrets"]);
    assert_eq!(changes[0].lost[0].part.resources, ["pods"]);
}

#[test]
fn requests_that_changed_nothing_are_left_out() {
    let object = json!({ "responseObject": written("secrets") });
    let with = |key: &str, value: Json| {
        let mut event = event("update", "roles", "r", object.clone());
        event[key] = value;
        event
    };
    let events = [
        with("stage", json!("RequestReceived")),
        with("responseStatus", json!({ "code": 403 })),
        with("requestURI", json!("/x?fieldManager=k&dryRun=All")),
        with("verb", json!("get")),
        with("objectRef", json!({ "apiGroup": "", "resource": "pods", "name": "r" })),
    ];
    let (applied, changes, _) = replay(&[ROLE, BINDING].concat(), &events);
    assert_eq!((applied.len(), changes.len()), (0, 0), "{applied:?}");
}

#[test]
fn patch_without_an_answer_leaves_open_what_it_did() {
    let events = [event("patch", "roles", "r", json!({ "requestObject": written("secrets") }))];
    let (applied, changes, _) = replay(&[ROLE, BINDING].concat(), &events);
    assert_eq!(applied[0].outcome, RbacOutcome::NotRecorded);
    assert!(changes[0].gained.is_empty() && changes[0].lost.is_empty());
    assert_eq!((changes[0].perhaps_lost.len(), changes[0].unclear.len()), (1, 1));
}

#[test]
fn what_was_there_before_the_log_is_unknown_and_not_absent() {
    // The role is not among the files: it had some rules before this update.
    let events = [event("update", "roles", "r", json!({ "responseObject": written("pods") }))];
    let (_, changes, _) = replay(BINDING, &events);
    assert!(changes[0].gained.is_empty(), "{changes:?}");
    assert_eq!(changes[0].perhaps_gained.len(), 1);
    // A role that the log itself creates was not there.
    let events = [
        event("create", "roles", "r", json!({ "responseObject": written("pods") })),
        event(
            "create",
            "rolebindings",
            "b",
            json!({ "requestObject": {
            "metadata": { "name": "b", "namespace": "a" }, "roleRef": { "kind": "Role", "name": "r" },
            "subjects": [{ "kind": "User", "name": "joe" }] } }),
        ),
    ];
    let (_, changes, _) = replay("", &events);
    assert_eq!((changes.len(), changes[0].gained.len()), (1, 1), "{changes:?}");
}

#[test]
fn deletions_take_away() {
    let one = [event("delete", "rolebindings", "b", json!({}))];
    let (_, changes, _) = replay(&[ROLE, BINDING].concat(), &one);
    assert_eq!(changes[0].lost.len(), 1);
    let all = [event("deletecollection", "rolebindings", "", json!({}))];
    let (applied, changes, _) = replay(&[ROLE, BINDING].concat(), &all);
    assert_eq!((applied[0].outcome, changes[0].lost.len()), (RbacOutcome::Removed, 1));
    let some = [event(
        "deletecollection",
        "rolebindings",
        "",
        json!({ "requestURI": "/x?labelSelector=app%3Dweb" }),
    )];
    let (applied, _, is_truncated) = replay(&[ROLE, BINDING].concat(), &some);
    assert_eq!((applied[0].outcome, is_truncated), (RbacOutcome::NotRecorded, true));
}
