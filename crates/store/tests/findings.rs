//! When findings are new, fixed, and back again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{folder, open};
use haechi_model::{Fingerprint, ResourceRef, Severity};
use haechi_store::SqliteStore;
use haechi_store::findings::{
    Coverage, FindingQuery, FindingStore as _, ScanChanges, ScanRun, SeenFinding, StoredFinding,
};

fn print(name: &str) -> Fingerprint {
    Fingerprint::of([name])
}

fn seen(name: &str) -> SeenFinding {
    SeenFinding {
        fingerprint: print(name),
        rule: "host-path-root".into(),
        severity: Severity::High,
        resource: ResourceRef {
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: Some("web".into()),
            name: name.into(),
        },
        body: "{}".into(),
    }
}

fn run(at_us: i64, names: &[&str]) -> ScanRun {
    ScanRun {
        cluster: "prod".into(),
        at_us,
        covered: Some(Coverage::default()),
        findings: names.iter().map(|name| seen(name)).collect(),
    }
}

fn find(store: &SqliteStore, name: &str) -> StoredFinding {
    let all = store.findings(&FindingQuery { limit: 100, ..FindingQuery::default() }).unwrap();
    all.into_iter().find(|found| found.finding.fingerprint == print(name)).unwrap()
}

#[test]
fn a_finding_is_new_once_fixed_when_gone_and_reopened_when_back() {
    let folder = folder();
    let store = open(&folder);
    let changes = store.put_scan(run(10, &["a", "b", "a"])).unwrap();
    assert_eq!(changes.new.len(), 2, "what is found twice in a scan is one finding");
    let changes = store.put_scan(run(20, &["a"])).unwrap();
    assert_eq!(changes, ScanChanges { fixed: vec![print("b")], unchanged: 1, ..ScanChanges::default() });
    assert_eq!(find(&store, "b").fixed_us, Some(20));
    assert_eq!(store.finding_counts().unwrap()["prod"][&Severity::High], 1);
    let changes = store.put_scan(run(30, &["a", "b"])).unwrap();
    assert_eq!(changes.reopened, [print("b")]);
    let b = find(&store, "b");
    assert_eq!((b.first_seen_us, b.last_seen_us, b.fixed_us, b.reopened), (10, 30, None, 1));
}

#[test]
fn an_incomplete_scan_fixes_nothing_and_adds_what_it_saw() {
    let folder = folder();
    let store = open(&folder);
    store.put_scan(run(10, &["a"])).unwrap();
    let changes = store.put_scan(ScanRun { covered: None, ..run(20, &["b"]) }).unwrap();
    assert_eq!((changes.new, changes.fixed), (vec![print("b")], vec![]));
    assert_eq!(find(&store, "a").fixed_us, None);
}

#[test]
fn what_the_scan_did_not_cover_is_not_fixed() {
    let covered = |rule: &str, kind: &str, namespace: Option<&str>| Coverage {
        rules: Some([rule.to_owned()].into()),
        kinds: Some([kind.to_owned()].into()),
        namespaces: Some([namespace.map(str::to_owned)].into()),
    };
    let cases = [
        (covered("host-path-root", "Pod", Some("web")), true),
        (covered("other-rule", "Pod", Some("web")), false),
        (covered("host-path-root", "Deployment", Some("web")), false),
        (covered("host-path-root", "Pod", Some("db")), false),
        (covered("host-path-root", "Pod", None), false),
    ];
    for (covered, is_fixed) in cases {
        let folder = folder();
        let store = open(&folder);
        store.put_scan(run(10, &["a"])).unwrap();
        store.put_scan(ScanRun { covered: Some(covered.clone()), ..run(20, &[]) }).unwrap();
        assert_eq!(find(&store, "a").fixed_us.is_some(), is_fixed, "{covered:?}");
    }
}

#[test]
fn a_scan_of_another_cluster_fixes_nothing_here() {
    let folder = folder();
    let store = open(&folder);
    store.put_scan(run(10, &["a"])).unwrap();
    store.put_scan(ScanRun { cluster: "dev".into(), ..run(20, &[]) }).unwrap();
    assert_eq!(find(&store, "a").fixed_us, None);
}

#[test]
fn an_older_scan_that_arrives_late_changes_no_verdict() {
    let folder = folder();
    let store = open(&folder);
    store.put_scan(run(20, &["a"])).unwrap();
    store.put_scan(run(10, &["b"])).unwrap();
    assert_eq!(find(&store, "a").fixed_us, None, "seen after the older scan");
    store.put_scan(run(30, &["a"])).unwrap();
    assert_eq!(find(&store, "b").fixed_us, Some(30));
    let late = store.put_scan(run(25, &["b"])).unwrap();
    assert_eq!(late.reopened, []);
    let b = find(&store, "b");
    assert_eq!((b.fixed_us, b.last_seen_us, b.reopened), (Some(30), 25, 0));
}

#[test]
fn findings_are_given_in_pages_the_worst_first() {
    let folder = folder();
    let store = open(&folder);
    let mut findings = Vec::new();
    for (index, severity) in Severity::ALL.into_iter().cycle().take(50).enumerate() {
        findings.push(SeenFinding { severity, ..seen(&index.to_string()) });
    }
    store.put_scan(ScanRun { findings, ..run(10, &[]) }).unwrap();
    let mut query = FindingQuery { limit: 7, at_least: Some(Severity::Medium), ..FindingQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = store.findings(&query).unwrap();
        let Some(last) = page.last() else { break };
        query.after = Some((last.finding.severity, last.cluster.clone(), last.finding.fingerprint));
        found.extend(page.into_iter().map(|found| found.finding));
    }
    assert_eq!(found.len(), 30);
    assert!(found.windows(2).all(|pair| pair[0].severity >= pair[1].severity && pair[0] != pair[1]));
}
