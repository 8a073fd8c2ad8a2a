//! The changes that cut all paths really do: they are made in the manifests, and nobody gets there any more.

use std::collections::HashSet;
use std::sync::Arc;

use haechi_access::attack::{self, AttackGraph, Change, Cut, FactId, Goal, Start};
use haechi_access::cloud::Cloud;
use haechi_access::{Inventory, Snapshot, SnapshotBuilder, SnapshotOptions, Subject};
use haechi_objects::PodTemplates;
use haechi_syntax::{Limits, parse_yaml};

fn load(documents: &[String]) -> (Snapshot, AttackGraph) {
    let mut builder = SnapshotBuilder::new(SnapshotOptions::default());
    let mut inventory = Inventory::default();
    for (index, text) in documents.iter().enumerate() {
        let path: Arc<str> = format!("{index}.yaml").into();
        let parsed = parse_yaml(text.as_bytes(), &Limits::default());
        assert!(parsed.errors.is_empty(), "{text}");
        builder.add_file(&path, &parsed);
        for document in &parsed.documents {
            inventory.add_document(u32::try_from(index).unwrap(), document, &PodTemplates::default());
        }
    }
    let snapshot = builder.finish();
    let graph = attack::build(&snapshot, &inventory, Some(&Cloud::default()));
    (snapshot, graph)
}

fn users(graph: &AttackGraph, names: &[&str]) -> Vec<FactId> {
    names.iter().flat_map(|name| graph.start_facts(&Start::Subject(Subject::parse(name).unwrap()))).collect()
}

fn cut(documents: &[String], names: &[&str], goal: &Goal) -> (Snapshot, Option<Cut>) {
    let (snapshot, graph) = load(documents);
    let (starts, goals) = (users(&graph, names), graph.goal_facts(goal));
    assert!(!starts.is_empty() && !goals.is_empty());
    let cut = graph.smallest_cut(&snapshot, &starts, &goals);
    (snapshot, cut)
}

/// Makes the changes in the texts: documents are dropped, rules emptied, settings written.
fn apply(documents: &[String], snapshot: &Snapshot, changes: &[Change]) -> Vec<String> {
    let mut changed = documents.to_vec();
    for change in changes {
        match change {
            Change::RemoveBinding(id) => {
                let at: usize =
                    snapshot.path(snapshot.binding_view(*id).unwrap().place).trim_end_matches(".yaml").parse().unwrap();
                changed[at] = String::new();
            }
            Change::RemoveRule(id) => {
                let view = snapshot.rule_view(*id).unwrap();
                let at: usize = snapshot.path(view.place).trim_end_matches(".yaml").parse().unwrap();
                let verbs = format!("[{}]", view.rule.verbs.join(", "));
                assert!(changed[at].contains(&verbs), "{} in {}", verbs, changed[at]);
                changed[at] = changed[at].replacen(&verbs, "[none]", 1);
            }
            Change::EnforcePodSecurity(name) => changed.push(format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{pod-security.kubernetes.io/enforce: baseline}}}}\n"
            )),
            Change::WithoutToken(pod) => {
                let at = changed.iter().position(|text| text.contains(&format!("name: {}", pod.name))).unwrap();
                changed[at] = changed[at].replace("spec:", "spec:\n  automountServiceAccountToken: false");
            }
            other => panic!("{other:?} is not among what these cases need"),
        }
    }
    changed
}

fn is_reached(documents: &[String], names: &[&str], goal: &Goal) -> bool {
    let (_, graph) = load(documents);
    let reach = graph.reach(&users(&graph, names), &HashSet::new());
    graph.goal_facts(goal).iter().any(|fact| reach.has(*fact))
}

fn role(name: &str, verbs: &str, group: &str, resources: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\n\
         rules: [{{verbs: [{verbs}], apiGroups: ['{group}'], resources: [{resources}]}}]\n"
    )
}

fn binding(name: &str, role: &str, users: &[&str]) -> String {
    let users: Vec<String> = users.iter().map(|user| format!("{{kind: User, name: {user}}}")).collect();
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: {name}}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}\nsubjects: [{}]\n",
        users.join(", ")
    )
}

fn check(documents: &[String], names: &[&str], goal: &Goal, expected: usize) {
    assert!(is_reached(documents, names, goal), "there is nothing to cut");
    let (snapshot, cut) = cut(documents, names, goal);
    let cut = cut.expect("a cut");
    assert_eq!(cut.changes.len(), expected, "{cut:?}");
    assert!(cut.is_smallest);
    let changed = apply(documents, &snapshot, &cut.changes);
    assert!(!is_reached(&changed, names, goal), "{cut:?} leaves a path in\n{}", changed.join("---\n"));
    // Each change is needed.
    for leave_out in 0..cut.changes.len() {
        let mut fewer = cut.changes.clone();
        fewer.remove(leave_out);
        assert!(is_reached(&apply(documents, &snapshot, &fewer), names, goal), "{leave_out} of {cut:?}");
    }
}

#[test]
fn shared_role_is_cut_once() {
    let documents = [
        role("star", "impersonate", "", "users, groups"),
        binding("a", "star", &["ann"]),
        binding("b", "star", &["bob"]),
    ];
    check(&documents, &["ann", "bob"], &Goal::ClusterAdmin, 1);
}

#[test]
fn separate_ways_are_cut_each() {
    let documents = [
        role("one", "impersonate", "", "users, groups"),
        role("two", "create, update, patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        binding("a", "one", &["ann"]),
        binding("b", "two", &["bob"]),
    ];
    check(&documents, &["ann", "bob"], &Goal::ClusterAdmin, 2);
}

#[test]
fn parts_of_one_way_in_two_roles_are_cut_at_the_cheaper() {
    // Everybody may create bindings; who may also bind differs. Taking away the shared half is one change.
    let documents = [
        role("create", "create", "rbac.authorization.k8s.io", "clusterrolebindings"),
        role("bind-a", "bind", "rbac.authorization.k8s.io", "clusterroles"),
        role("bind-b", "bind", "rbac.authorization.k8s.io", "clusterroles"),
        binding("c", "create", &["ann", "bob"]),
        binding("a", "bind-a", &["ann"]),
        binding("b", "bind-b", &["bob"]),
    ];
    check(&documents, &["ann", "bob"], &Goal::ClusterAdmin, 1);
}

#[test]
fn any_of_many_goals_counts() {
    let node = |name: &str| format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\n");
    let documents = [
        role("pods", "create", "", "pods"),
        binding("a", "pods", &["ann"]),
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n".to_owned(),
        node("n1"),
        node("n2"),
    ];
    check(&documents, &["ann"], &Goal::AnyNode, 1);
}

#[test]
fn token_of_a_pod_is_one_change() {
    let documents = [
        role("star", "impersonate", "", "users, groups"),
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: c}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: star}\n\
         subjects: [{kind: ServiceAccount, namespace: shop, name: sa}]\n"
            .to_owned(),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  serviceAccountName: sa\n  \
         containers: [{name: c, image: i}]\n"
            .to_owned(),
    ];
    let (snapshot, graph) = load(&documents);
    let starts = graph.start_facts(&Start::Pod("shop".into(), "web".into()));
    let goals = graph.goal_facts(&Goal::ClusterAdmin);
    let cut = graph.smallest_cut(&snapshot, &starts, &goals).unwrap();
    assert_eq!(cut.changes.len(), 1, "{cut:?}");
}

#[test]
fn who_is_there_already_cannot_be_cut_off() {
    let documents = [binding("a", "cluster-admin", &["ann"])];
    let (snapshot, graph) = load(&documents);
    let goals = graph.goal_facts(&Goal::ClusterAdmin);
    assert_eq!(graph.smallest_cut(&snapshot, &goals, &goals), None);
}
