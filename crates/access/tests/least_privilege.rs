//! Roles from audit events, unused grants, and what changed between two snapshots.

use std::sync::Arc;

use haechi_access::{
    GenerateOptions, Identity, Observations, Observed, ObservedTarget, Snapshot, SnapshotBuilder,
    SnapshotOptions, Subject, Use, Verdict, diff, generate, read_event, unused,
};
use haechi_syntax::{Limits, parse_json, parse_yaml};

fn load(yaml: &str) -> Snapshot {
    let mut builder = SnapshotBuilder::new(SnapshotOptions::default());
    let path: Arc<str> = "a.yaml".into();
    builder.add_file(&path, &parse_yaml(yaml.as_bytes(), &Limits::default()));
    builder.finish()
}

fn role(rules: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: r, namespace: a}}\nrules: {rules}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: b, namespace: a}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}}\nsubjects: [{{kind: User, name: jane}}]\n"
    )
}

fn request(verb: &str, resource: &str, name: &str) -> Observed {
    Observed {
        user: "jane".into(),
        groups: vec![],
        verb: verb.into(),
        target: ObservedTarget::Resource {
            namespace: "a".into(),
            group: String::new(),
            resource: resource.into(),
            subresource: String::new(),
            name: name.into(),
        },
    }
}

#[test]
fn widening_stops_at_what_is_granted() {
    let snapshot = load(&role(
        "[{apiGroups: [''], resources: [configmaps], verbs: [get, list], resourceNames: [x, z]}]",
    ));
    let jane = Subject::user("jane");
    let granted = snapshot.permissions(&Identity::new(&jane, &[]));
    let requests = [request("get", "configmaps", "x"), request("get", "configmaps", "z")];
    let options = GenerateOptions::generous("made");
    let bounded = generate(&jane, &requests, None, Some(&granted), &options);
    assert_eq!(bounded.roles[0].rules[0].resource_names, ["x", "z"]);
    assert_eq!(bounded.not_granted, Some(vec![]));
    assert!(bounded.not_covered.is_empty());
    // Without a grant to compare with, names are widened as asked for.
    let free = generate(&jane, &requests, None, None, &options);
    assert!(free.roles[0].rules[0].resource_names.is_empty());
}

#[test]
fn request_without_a_name_is_not_lost_among_names() {
    let jane = Subject::user("jane");
    let requests = [request("list", "configmaps", ""), request("get", "configmaps", "x")];
    let generated = generate(&jane, &requests, None, None, &GenerateOptions::default());
    assert!(generated.not_covered.is_empty(), "{:?}", generated.roles);
}

fn event(json: &str) -> haechi_access::AuditEvent {
    let parsed = parse_json(json.as_bytes(), &Limits::default());
    read_event(parsed.documents[0].root()).unwrap()
}

#[test]
fn events_are_read_as_the_authorizer_saw_the_request() {
    let exec = event(
        r#"{"verb": "create", "user": {"username": "jane"}, "requestURI": "/x", "auditID": "1",
            "objectRef": {"resource": "pods", "subresource": "exec", "namespace": "a", "name": "p"}}"#,
    );
    assert!(matches!(&exec.request.target, ObservedTarget::Resource { name, .. } if name == "p"));
    let created = event(
        r#"{"verb": "create", "user": {"username": "jane"}, "requestURI": "/x",
            "objectRef": {"resource": "pods", "namespace": "a", "name": "p"}}"#,
    );
    assert!(matches!(&created.request.target, ObservedTarget::Resource { name, .. } if name.is_empty()));
    let url =
        event(r#"{"verb": "get", "user": {"username": "jane"}, "requestURI": "/openapi/v2?timeout=32s"}"#);
    assert_eq!(url.request.target, ObservedTarget::Url("/openapi/v2".into()));
    let refused = event(
        r#"{"verb": "get", "user": {"username": "root", "groups": []}, "impersonatedUser": {"username": "jane", "groups": ["dev"]},
            "requestURI": "/x", "annotations": {"authorization.k8s.io/decision": "forbid"}}"#,
    );
    assert_eq!((refused.verdict, refused.request.user.as_str()), (Verdict::Forbidden, "jane"));
    assert_eq!(refused.impersonations.len(), 2);
}

#[test]
fn stages_of_a_request_count_once() {
    let mut observations = Observations::default();
    for stage in ["RequestReceived", "ResponseComplete"] {
        observations.add(event(&format!(
            r#"{{"verb": "get", "auditID": "1", "stage": "{stage}", "user": {{"username": "jane"}}, "requestURI": "/x"}}"#
        )));
    }
    assert_eq!(observations.events, 1);
}

#[test]
fn unused_parts_and_wildcards_are_told() {
    let snapshot = load(&role(
        "[{apiGroups: [''], resources: [pods], verbs: [get, delete]}, {apiGroups: [''], resources: ['*'], verbs: [list]}, \
         {apiGroups: [apps], resources: [deployments], verbs: [get]}]",
    ));
    let mut observations = Observations::default();
    observations.allowed.insert(request("get", "pods", "p"), 1);
    observations.allowed.insert(request("list", "configmaps", ""), 1);
    let found = unused(&snapshot, &observations);
    assert_eq!(
        found.iter().map(|grant| grant.use_).collect::<Vec<_>>(),
        [Use::Part, Use::Wildcard, Use::Nothing]
    );
    assert_eq!(found[0].unused[0].verbs, ["delete"]);
}

#[test]
fn diff_counts_permissions_not_lines() {
    let one = "[{apiGroups: [''], resources: [pods, services], verbs: [get, list]}]";
    let split = "[{apiGroups: [''], resources: [pods], verbs: [get, list]}, {apiGroups: [''], resources: [services], verbs: [list, get]}]";
    assert_eq!(diff(&load(&role(one)), &load(&role(split))), []);
    let more = "[{apiGroups: [''], resources: [pods, services, secrets], verbs: [get]}]";
    let changes = diff(&load(&role(one)), &load(&role(more)));
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].gained.len(), 1);
    assert_eq!(changes[0].lost.len(), 2);
}

#[test]
fn what_was_begun_is_not_taken_for_allowed() {
    let mut observations = Observations::default();
    let at = |id: &str, stage: &str, more: &str| {
        event(&format!(
            r#"{{"verb": "get", "auditID": "{id}", "stage": "{stage}", "user": {{"username": "jane"}}, "requestURI": "/{id}"{more}}}"#
        ))
    };
    observations.add(at("1", "RequestReceived", ""));
    observations.add(at("1", "ResponseComplete", r#", "responseStatus": {"code": 403}"#));
    observations.add(at("2", "RequestReceived", ""));
    observations.add(at("3", "ResponseComplete", r#", "responseStatus": {"code": 200}"#));
    assert_eq!((observations.allowed.len(), observations.forbidden.len()), (1, 1));
    assert_eq!((observations.events, observations.undecided()), (2, 1));
}

#[test]
fn request_without_authentication_grants_nothing() {
    let refused =
        event(r#"{"verb": "get", "user": {}, "requestURI": "/x", "responseStatus": {"code": 401}}"#);
    assert_eq!(refused.verdict, Verdict::Forbidden);
}

#[test]
fn window_holds_whatever_digits_seconds_have() {
    let mut observations = Observations::default();
    for time in ["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.5Z", "2026-11-22T09:59:59.999999Z"] {
        observations.add(event(&format!(
            r#"{{"verb": "get", "requestReceivedTimestamp": "{time}", "user": {{"username": "j"}}, "requestURI": "/x"}}"#
        )));
    }
    let window = observations.window.unwrap();
    assert_eq!(window, ("2026-11-22T09:59:59.999999Z".into(), "2026-11-22T10:00:00.5Z".into()));
}

#[test]
fn diff_calls_what_may_have_been_held_a_perhaps() {
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: a}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\nsubjects: [{kind: User, name: jane}]\n";
    let whole = role("[{apiGroups: [''], resources: [pods], verbs: [get]}]");
    let changes = diff(&load(binding), &load(&whole));
    assert_eq!(changes.len(), 1);
    assert!(changes[0].gained.is_empty(), "{changes:?}");
    assert_eq!((changes[0].perhaps_gained.len(), changes[0].unclear.len()), (1, 1));
    assert!(changes[0].unclear[0].is_before);
    // A rule that cannot be read on either side is no change; one that came is not called a gain of everything.
    let odd = role("[{apiGroups: [''], resources: pods, verbs: [get]}]");
    assert_eq!(diff(&load(&odd), &load(&odd)), []);
    let changes = diff(&load(&role("[]")), &load(&odd));
    assert!(changes[0].gained.is_empty() && changes[0].unclear.len() == 1, "{changes:?}");
}
