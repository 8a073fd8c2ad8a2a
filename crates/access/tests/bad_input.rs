//! What is missing or unreadable is reported, makes the answers that depend on it unknown, and leaves the others.

use std::sync::Arc;

use haechi_access::{
    Action, Answer, Coverage, Doubt, IssueKind, Request, Snapshot, SnapshotBuilder, SnapshotOptions, Subject,
};
use haechi_syntax::{Limits, parse_yaml};

fn load(yaml: &str) -> Snapshot {
    load_as(yaml, Coverage::Part)
}

fn load_as(yaml: &str, coverage: Coverage) -> Snapshot {
    let mut builder = SnapshotBuilder::new(SnapshotOptions { coverage, ..SnapshotOptions::default() });
    let path: Arc<str> = "a.yaml".into();
    builder.add_file(&path, &parse_yaml(yaml.as_bytes(), &Limits::default()));
    builder.finish()
}

fn ask(snapshot: &Snapshot, user: &str, verb: &str, resource: &str, namespace: &str) -> Answer {
    let request = Request { user, groups: &[], action: Action::on(verb, "", resource, namespace) };
    snapshot.decide(&request).answer
}

fn kinds(snapshot: &Snapshot) -> Vec<IssueKind> {
    snapshot.issues().iter().map(|issue| issue.kind).collect()
}

const GOOD: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: a}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: User, name: jane}]
---
";

fn with_good(yaml: &str) -> Snapshot {
    load(&format!("{GOOD}{yaml}"))
}

#[test]
fn binding_to_a_missing_role_leaves_its_subjects_unknown() {
    let yaml = "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: gone, namespace: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: gone}
subjects: [{kind: User, name: joe}]
";
    let snapshot = with_good(yaml);
    assert_eq!(kinds(&snapshot), [IssueKind::MissingRole]);
    assert_eq!(ask(&snapshot, "joe", "get", "pods", "a"), Answer::Unknown);
    // In another namespace the binding does not count, whatever the role says.
    assert_eq!(ask(&snapshot, "joe", "get", "pods", "b"), Answer::Denied);
    assert_eq!(ask(&snapshot, "jane", "get", "pods", "a"), Answer::Allowed);
    assert_eq!(ask(&snapshot, "jane", "delete", "pods", "a"), Answer::Denied);
    // A whole dump of a cluster without that role: the API server grants nothing, and so do we.
    let whole = load_as(&format!("{GOOD}{yaml}"), Coverage::Whole);
    assert_eq!(ask(&whole, "joe", "get", "pods", "a"), Answer::Denied);
    assert_eq!(kinds(&whole), [IssueKind::MissingRole]);
}

#[test]
fn malformed_rule_leaves_only_what_it_could_allow_unknown() {
    let snapshot = with_good(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: odd, namespace: a}
rules:
- {apiGroups: [''], resources: secrets, verbs: [get]}
- {apiGroups: [''], resources: [configmaps], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: odd, namespace: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: odd}
subjects: [{kind: User, name: joe}]
",
    );
    assert_eq!(kinds(&snapshot), [IssueKind::MalformedRole]);
    assert_eq!(ask(&snapshot, "joe", "list", "configmaps", "a"), Answer::Allowed);
    assert_eq!(ask(&snapshot, "joe", "get", "anything", "a"), Answer::Unknown);
    // The verb could be read: no resource makes `delete` of it.
    assert_eq!(ask(&snapshot, "joe", "delete", "anything", "a"), Answer::Denied);
    assert_eq!(ask(&snapshot, "jane", "get", "secrets", "a"), Answer::Denied);
}

#[test]
fn unreadable_subjects_may_be_anybody() {
    let snapshot = with_good(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: odd, namespace: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: jane
",
    );
    assert_eq!(ask(&snapshot, "joe", "get", "pods", "a"), Answer::Unknown);
    assert_eq!(ask(&snapshot, "joe", "delete", "pods", "a"), Answer::Denied);
    let found = snapshot.who_can(&Action::on("get", "", "pods", "a"));
    assert_eq!(found.subjects.len(), 1);
    assert!(matches!(found.doubts.as_slice(), [Doubt::MalformedBinding(_)]));
}

#[test]
fn truncated_dump_leaves_no_certain_no() {
    for broken in [
        "kind: Role\nmetadata: {name: [\n",
        "kind: List\napiVersion: v1\nmetadata: {continue: abc}\nitems: []\n",
    ] {
        let snapshot = with_good(broken);
        assert!(snapshot.is_truncated(), "{broken}");
        assert_eq!(ask(&snapshot, "joe", "get", "pods", "a"), Answer::Unknown);
        assert_eq!(ask(&snapshot, "jane", "get", "pods", "a"), Answer::Allowed);
    }
}

#[test]
fn issues_point_at_the_value_to_change() {
    let snapshot = with_good(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: odd}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: s}]
",
    );
    let mut found = kinds(&snapshot);
    found.sort();
    assert_eq!(found, [IssueKind::ImpossibleRoleRef, IssueKind::SubjectMatchesNobody]);
    let issue = snapshot.issues().iter().find(|issue| issue.kind == IssueKind::ImpossibleRoleRef).unwrap();
    assert_eq!(snapshot.place_text(issue.place), "a.yaml:17:66");
}

#[test]
fn aggregated_roles_are_filled_through_each_other() {
    let snapshot = load(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: part, labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}
rules: [{apiGroups: [example.com], resources: [widgets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: admins}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: User, name: jane}]
",
    );
    // view → edit → admin, by the labels that Kubernetes gives them.
    let action = Action::on("get", "example.com", "widgets", "a");
    let request = Request { user: "jane", groups: &[], action };
    assert_eq!(snapshot.decide(&request).answer, Answer::Allowed);
    let by: Vec<Subject> =
        snapshot.who_can(&action).subjects.iter().map(|(key, _)| snapshot.subject(*key)).collect();
    assert_eq!(by, [Subject::user("jane")]);
}

#[test]
fn malformed_selector_of_an_aggregated_role_leaves_it_unknown() {
    let snapshot = load(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: odd}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: 1}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: odd}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: odd}
subjects: [{kind: User, name: jane}]
",
    );
    assert_eq!(ask(&snapshot, "jane", "get", "pods", "a"), Answer::Unknown);
    assert_eq!(ask(&snapshot, "joe", "get", "pods", "a"), Answer::Denied);
}
