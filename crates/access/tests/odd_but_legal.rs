//! Odd but legal input, one claim a test: where naive tools fail.
#![cfg(test)]

use std::sync::Arc;

use haechi_access::attack::{self, Goal, Start};
use haechi_access::{
    Action, Answer, Authority, Authorizers, Coverage, Identity, Inventory, IssueKind, Request, Snapshot,
    SnapshotBuilder, SnapshotOptions, Subject,
};
use haechi_syntax::{Limits, parse_yaml};

fn load(yaml: &str) -> Snapshot {
    let options = SnapshotOptions { coverage: Coverage::Whole, ..SnapshotOptions::default() };
    let mut builder = SnapshotBuilder::new(options);
    let path: Arc<str> = "a.yaml".into();
    let parsed = parse_yaml(yaml.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    builder.add_file(&path, &parsed);
    builder.finish()
}

fn role(namespace: Option<&str>, name: &str, more: &str, rules: &str) -> String {
    let (prefix, at) = match namespace {
        Some(namespace) => ("", format!(", namespace: {namespace}")),
        None => ("Cluster", String::new()),
    };
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {prefix}Role\nmetadata: {{name: {name}{at}{more}}}\nrules: {rules}\n"
    )
}

fn binding(namespace: Option<&str>, name: &str, role: &str, subjects: &str) -> String {
    let (prefix, at) = match namespace {
        Some(namespace) => ("", format!(", namespace: {namespace}")),
        None => ("Cluster", String::new()),
    };
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {prefix}RoleBinding\nmetadata: {{name: {name}{at}}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {role}}}\nsubjects: {subjects}\n"
    )
}

const ANN: &str = "[{kind: User, name: ann}]";

fn asks<'r>(snapshot: &Snapshot, subject: &str, action: Action<'r>) -> bool {
    let identity = Identity::new(&Subject::parse(subject).unwrap(), &[]);
    let groups = identity.group_names();
    snapshot.decide(&Request { user: &identity.user, groups: &groups, action }).answer == Answer::Allowed
}

#[test]
fn aggregated_roles_in_a_circle_end() {
    let selects = |name: &str, label: &str, selected: &str| {
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}, labels: {{{label}: 'y'}}}}\n\
             aggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{{selected}: 'y'}}}}]}}\nrules: []\n"
        )
    };
    let yaml = [
        selects("a", "in-b", "in-a"),
        selects("b", "in-a", "in-b"),
        role(None, "leaf", ", labels: {in-b: 'y'}", "[{apiGroups: [''], resources: [pods], verbs: [get]}]"),
        binding(None, "x", "ClusterRole, name: a", ANN),
    ];
    let snapshot = load(&yaml.concat());
    assert!(asks(&snapshot, "ann", Action::on("get", "", "pods", "x")));
    assert!(!asks(&snapshot, "ann", Action::on("list", "", "pods", "x")));
}

#[test]
fn names_do_not_help_requests_that_carry_none() {
    let rules = "[{apiGroups: [''], resources: [secrets, pods/eviction], resourceNames: [a], verbs: ['*']}]";
    let snapshot =
        load(&[role(Some("ns"), "r", "", rules), binding(Some("ns"), "b", "Role, name: r", ANN)].concat());
    for verb in ["list", "watch", "create", "deletecollection"] {
        assert!(!asks(&snapshot, "ann", Action::on(verb, "", "secrets", "ns")), "{verb}");
    }
    assert!(asks(&snapshot, "ann", Action::on("get", "", "secrets", "ns").named("a")));
    assert!(!asks(&snapshot, "ann", Action::on("get", "", "secrets", "ns").named("b")));
    // A list by the field selector `metadata.name=a` carries it; creating a subresource carries its parent's.
    assert!(asks(&snapshot, "ann", Action::on("list", "", "secrets", "ns").named("a")));
    assert!(asks(&snapshot, "ann", Action::on("create", "", "pods/eviction", "ns").named("a")));
}

#[test]
fn only_one_kind_of_subresource_wildcard_exists() {
    let rules = "[{apiGroups: [apps], resources: ['*/scale'], verbs: [get]}, {apiGroups: [''], resources: ['pods/*'], verbs: [get]}]";
    let snapshot =
        load(&[role(None, "r", "", rules), binding(None, "b", "ClusterRole, name: r", ANN)].concat());
    assert!(asks(&snapshot, "ann", Action::on("get", "apps", "deployments/scale", "ns")));
    assert!(!asks(&snapshot, "ann", Action::on("get", "apps", "deployments", "ns")));
    assert!(!asks(&snapshot, "ann", Action::on("get", "", "replicationcontrollers/scale", "ns")));
    assert!(!asks(&snapshot, "ann", Action::on("get", "", "pods/log", "ns")));
}

#[test]
fn paths_are_given_by_cluster_bindings_alone() {
    let rules = "[{nonResourceURLs: [/metrics, '/debug/*'], verbs: [get]}]";
    let bound =
        load(&[role(None, "r", "", rules), binding(Some("ns"), "b", "ClusterRole, name: r", ANN)].concat());
    assert!(!asks(&bound, "ann", Action::on_url("get", "/metrics")));
    let whole = load(&[role(None, "r", "", rules), binding(None, "b", "ClusterRole, name: r", ANN)].concat());
    assert!(asks(&whole, "ann", Action::on_url("get", "/debug/pprof")));
    assert!(!asks(&whole, "ann", Action::on_url("get", "/debug")));
    assert!(!asks(&whole, "ann", Action::on_url("get", "/metrics/x")));
}

#[test]
fn role_gives_nothing_that_lives_in_no_namespace() {
    let rules = "[{apiGroups: [''], resources: [nodes, namespaces], verbs: [get, list]}]";
    let snapshot =
        load(&[role(Some("ns"), "r", "", rules), binding(Some("ns"), "b", "Role, name: r", ANN)].concat());
    assert!(!asks(&snapshot, "ann", Action::on("list", "", "nodes", "")));
    // One namespace is asked for in itself.
    assert!(asks(&snapshot, "ann", Action::on("get", "", "namespaces", "ns").named("ns")));
}

#[test]
fn masters_are_let_through_before_rbac() {
    let snapshot = load("");
    let request =
        Request { user: "eve", groups: &["system:masters"], action: Action::on("delete", "", "nodes", "") };
    let decision = Authorizers::default().decide(&snapshot, &request);
    assert_eq!((decision.answer, decision.by), (Answer::Allowed, Some(Authority::SystemMasters)));
    assert_eq!(decision.rbac.answer, Answer::Denied);
}

#[test]
fn accounts_are_in_the_groups_of_accounts_and_users_may_be_called_like_them() {
    let rules = "[{apiGroups: [''], resources: [pods], verbs: [get]}]";
    let of = |subjects: &str| {
        load(
            &[role(Some("ns"), "r", "", rules), binding(Some("ns"), "b", "Role, name: r", subjects)].concat(),
        )
    };
    let action = Action::on("get", "", "pods", "ns");
    for group in ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"] {
        let snapshot = of(&format!("[{{kind: Group, name: '{group}'}}]"));
        assert!(asks(&snapshot, "sa:ci/builder", action), "{group}");
    }
    assert!(!asks(&of("[{kind: Group, name: 'system:serviceaccounts:other'}]"), "sa:ci/builder", action));
    assert!(asks(&of("[{kind: User, name: 'system:serviceaccount:ci:builder'}]"), "sa:ci/builder", action));
    // The account without a namespace is the one of the binding's namespace.
    assert!(asks(&of("[{kind: ServiceAccount, name: builder}]"), "sa:ns/builder", action));
    assert!(!asks(&of("[{kind: ServiceAccount, name: builder}]"), "sa:ci/builder", action));
}

#[test]
fn same_binding_twice_counts_as_the_last_and_is_told() {
    let rules = "[{apiGroups: [''], resources: [pods], verbs: [get]}]";
    let yaml = [
        role(Some("ns"), "r", "", rules),
        binding(Some("ns"), "b", "Role, name: r", ANN),
        binding(Some("ns"), "b", "Role, name: r", "[{kind: User, name: bob}]"),
        binding(Some("other"), "b", "Role, name: r", ANN),
    ];
    let snapshot = load(&yaml.concat());
    assert!(!asks(&snapshot, "ann", Action::on("get", "", "pods", "ns")));
    assert!(asks(&snapshot, "bob", Action::on("get", "", "pods", "ns")));
    assert_eq!(snapshot.issues().iter().filter(|issue| issue.kind == IssueKind::DefinedTwice).count(), 1);
}

#[test]
fn rules_that_the_server_refuses_are_told_and_grant_nothing() {
    let rules = "[{resources: [pods], verbs: [get]}, {apiGroups: [''], verbs: [get]}, {apiGroups: [''], resources: [pods]}, \
         {nonResourceURLs: [/x], verbs: [get]}]";
    let yaml = role(Some("ns"), "r", "", rules) + &binding(Some("ns"), "b", "Role, name: r", ANN);
    let snapshot = load(&yaml);
    let refused = snapshot.issues().iter().filter(|issue| issue.kind == IssueKind::Refused).count();
    assert_eq!(refused, 4, "{:?}", snapshot.issues());
    assert!(!asks(&snapshot, "ann", Action::on("get", "", "pods", "ns")));
    let old = yaml.replace("rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1");
    assert!(load(&old).issues().iter().any(|issue| issue.detail.id == "version"));
}

#[test]
fn lists_of_every_kind_are_opened() {
    let item =
        "metadata: {name: r, namespace: ns}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]";
    let bind = "metadata: {name: b, namespace: ns}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{kind: User, name: ann}]";
    let v1 = "apiVersion: rbac.authorization.k8s.io/v1";
    let plain = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {{{v1}, kind: Role, {item}}}\n- {{{v1}, kind: RoleBinding, {bind}}}\n"
    );
    let typed = format!(
        "{v1}\nkind: RoleList\nitems: [{{{item}}}]\n---\n{v1}\nkind: RoleBindingList\nitems: [{{{bind}}}]\n"
    );
    for yaml in [plain, typed] {
        assert!(asks(&load(&yaml), "ann", Action::on("get", "", "pods", "ns")), "{yaml}");
    }
}

fn reaches_admin(yaml: &str, subject: &str) -> bool {
    let snapshot = load(yaml);
    let graph = attack::build(&snapshot, &Inventory::default(), None);
    let start = graph.start_facts(&Start::Subject(Subject::parse(subject).unwrap()));
    graph.path(&snapshot, start[0], &graph.goal_facts(&Goal::ClusterAdmin)).is_some()
}

#[test]
fn escalating_rights_with_names_count_for_those_only() {
    let star = role(None, "strong", "", "[{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]");
    let with = |rules: &str| {
        [star.clone(), role(None, "r", "", rules), binding(None, "b", "ClusterRole, name: r", ANN)].concat()
    };
    let create =
        "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterrolebindings], verbs: [create]}";
    let bind = |name: &str| {
        format!(
            "{{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind], resourceNames: [{name}]}}"
        )
    };
    assert!(reaches_admin(&with(&format!("[{create}, {}]", bind("strong"))), "ann"));
    assert!(!reaches_admin(&with(&format!("[{create}, {}]", bind("r"))), "ann"));
    let impersonate = |resource: &str, name: &str| {
        format!(
            "{{apiGroups: [''], resources: [{resource}], verbs: [impersonate], resourceNames: ['{name}']}}"
        )
    };
    let both = format!("[{}, {}]", impersonate("users", "bob"), impersonate("groups", "system:masters"));
    assert!(reaches_admin(&with(&both), "ann"));
    // A group header is taken beside a user header only.
    assert!(!reaches_admin(&with(&format!("[{}]", impersonate("groups", "system:masters"))), "ann"));
    let other = format!("[{}, {}]", impersonate("users", "bob"), impersonate("groups", "dev"));
    assert!(!reaches_admin(&with(&other), "ann"));
    let escalate = "[{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [escalate, update], resourceNames: [NAME]}]";
    assert!(reaches_admin(&with(&escalate.replace("NAME", "r")), "ann"));
    assert!(!reaches_admin(&with(&escalate.replace("NAME", "other")), "ann"));
}

#[test]
fn namespace_that_yaml_reads_as_a_boolean_is_not_default() {
    let rules = "[{apiGroups: [''], resources: [pods], verbs: [get]}]";
    let yaml = role(Some("n"), "r", "", rules) + &binding(Some("n"), "b", "Role, name: r", ANN);
    let snapshot = load(&yaml);
    let ask = |namespace: &str| {
        let action = Action::on("get", "", "pods", namespace);
        snapshot.decide(&Request { user: "ann", groups: &[], action }).answer
    };
    assert_eq!((ask("default"), ask("n")), (Answer::Unknown, Answer::Unknown));
    assert_eq!(snapshot.issues().len(), 2);
    // Quoted, it is a name like any other.
    assert!(asks(
        &load(&yaml.replace("namespace: n", "namespace: 'n'")),
        "ann",
        Action::on("get", "", "pods", "n")
    ));
}
