//! The roles in the documents that the project was made for are read, and what they really give is told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use haechi_access::attack::{self, Goal, Start};
use haechi_access::{
    Action, Answer, Inventory, Request, Snapshot, SnapshotBuilder, SnapshotOptions, Subject,
};
use haechi_syntax::{Limits, parse_yaml};

fn document(prefix: &str) -> Option<String> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/seeds");
    let entry = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    let text = entry.and_then(|entry| std::fs::read_to_string(entry.path()).ok());
    if text.is_none() {
        println!("skipped: the document {prefix} is not here");
    }
    text
}

fn load(blocks: &[&str]) -> Snapshot {
    let mut builder = SnapshotBuilder::new(SnapshotOptions::default());
    for (index, block) in blocks.iter().enumerate() {
        let path: Arc<str> = format!("block-{index}.yaml").into();
        builder.add_file(&path, &parse_yaml(block.as_bytes(), &Limits::default()));
    }
    builder.finish()
}

fn may(snapshot: &Snapshot, user: &str, verb: &str, resource: &str, namespace: &str) -> Answer {
    let action = Action::on(verb, "", resource, namespace);
    snapshot.decide(&Request { user, groups: &["system:authenticated"], action }).answer
}

#[test]
fn reader_of_everything_is_more_than_a_reader() {
    let Some(text) = document("003") else { return };
    let blocks: Vec<&str> = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .filter(|block| block.starts_with("apiVersion: rbac.authorization.k8s.io"))
        .collect();
    let snapshot = load(&blocks);
    assert_eq!(snapshot.issues(), []);
    assert_eq!(may(&snapshot, "alice", "get", "pods/log", "development"), Answer::Allowed);
    assert_eq!(may(&snapshot, "alice", "get", "pods", "production"), Answer::Denied);
    // `get` on `*` reads Secrets, and `get` on `nodes/proxy` runs commands in every pod.
    assert_eq!(may(&snapshot, "bob", "list", "secrets", "kube-system"), Answer::Allowed);
    assert_eq!(may(&snapshot, "bob", "get", "nodes/proxy", ""), Answer::Allowed);
    assert_eq!(may(&snapshot, "bob", "delete", "pods", "development"), Answer::Denied);
    let mut inventory = Inventory::default();
    inventory.ask_for_secret("kube-system", "any");
    let graph = attack::build(&snapshot, &inventory, None);
    let start = graph.start_facts(&Start::Subject(Subject::user("bob")));
    let secret = graph.goal_facts(&Goal::Secret("kube-system".into(), "any".into()));
    let path = graph.path(&snapshot, start[0], &secret).expect("bob reads Secrets");
    assert_eq!(path.steps[0].technique.id(), "SECRET_READ");
}

#[test]
fn roles_that_lost_their_indentation_are_told_and_not_passed() {
    let Some(text) = document("004") else { return };
    let start = text.find("apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n").expect("roles");
    let end = text[start..].find("OPA Gatekeeper").expect("what follows") + start;
    let snapshot = load(&[&text[start..end]]);
    assert!(!snapshot.issues().is_empty());
    // What cannot be read may grant anything: no answer about its subjects is a no.
    assert_eq!(may(&snapshot, "jane@company.com", "get", "pods", "production"), Answer::Unknown);
}
