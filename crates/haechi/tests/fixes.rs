//! Fixing real manifests: nothing changes but what a fixed finding speaks of, what was fixed is gone, nothing new comes
//! but what a fix is known to bring, and a second run has nothing to do.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use haechi::fix::{FixOptions, Fixed};
use haechi::scan::{ScanOptions, scan, scan_and_fix};
use haechi_checks::{CHECKS, FixValue, fix_value};
use haechi_model::{Finding, FixSafety, NewValue, ProblemGroup, ScanReport};
use haechi_sources::{DiscoverOptions, discover};
use haechi_syntax::{Limits, Node, Parsed, Value, parse};

/// (what was fixed, what that lets other checks see): settings that were not looked at before, or that are now.
const BROUGHT: &[(&str, &str)] = &[
    // A pod with the node's network or processes has no user namespace to miss.
    ("host-ipc-namespace", "user-namespace-not-used"),
    ("host-network-namespace", "user-namespace-not-used"),
    ("host-pid-namespace", "user-namespace-not-used"),
    // Privileged containers are not asked for less.
    ("privileged-container", "kernel-hardening-missing"),
    // One number of replicas asks nothing of several; two do.
    ("too-few-replicas", "anti-affinity-missing"),
    ("too-few-replicas", "disruption-budget-missing"),
    ("too-few-replicas", "rollout-without-overlap"),
    ("too-few-replicas", "topology-spread-missing"),
    // Dangerous labels are taken away; which ones are right is for people to say.
    ("unsafe-selinux-options", "selinux-options-missing"),
];

fn options(all: bool) -> ScanOptions {
    let mut options = ScanOptions { threads: 2, today: "2026-01-01".to_owned(), ..ScanOptions::default() };
    if all {
        options.checks = CHECKS.to_vec();
        for check in CHECKS {
            let value: NewValue = match fix_value(check.info.slug) {
                Some(FixValue::Quantity) if check.info.slug.starts_with("cpu") => "250m".into(),
                Some(FixValue::Quantity) => "128Mi".into(),
                Some(FixValue::Id) => 10_001.into(),
                Some(FixValue::Seconds) => 600.into(),
                None => continue,
            };
            options.check_options.fix_values.insert(check.info.slug.to_owned(), value);
        }
    }
    options
}

fn fix(folder: &Path, options: &ScanOptions, with_unsafe: bool) -> Fixed {
    let roots = [folder.to_owned()];
    let discovery = discover(&roots, &DiscoverOptions { honour_ignore_files: false });
    let fix = FixOptions { with_unsafe, write: true };
    scan_and_fix(discovery, &roots, options, fix, &|findings| vec![true; findings.len()], &|| {})
}

fn report(folder: &Path, options: &ScanOptions) -> ScanReport {
    let discovery = discover(&[folder.to_owned()], &DiscoverOptions { honour_ignore_files: false });
    scan(discovery, options, &|| {}).report
}

/// Findings of one report that have no partner in the other: neither one of the same identity, nor one that says the same
/// of the same object at another place.
fn unmatched<'f>(these: &'f [Finding], those: &[Finding]) -> Vec<&'f Finding> {
    let path = |finding: &Finding| finding.location.path.to_string();
    let identity = |finding: &Finding| format!("{} {} {}", path(finding), finding.rule, finding.fingerprint);
    let words = |finding: &Finding| {
        format!("{} {} {} {:?}", path(finding), finding.rule, finding.resource, finding.args)
    };
    let mut left: Vec<&Finding> = these.iter().collect();
    let mut others: Vec<&Finding> = those.iter().collect();
    for key in [&identity as &dyn Fn(&Finding) -> String, &words] {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        others.iter().for_each(|other| *counts.entry(key(other)).or_default() += 1);
        let mut used: BTreeMap<String, usize> = BTreeMap::new();
        left.retain(|finding| match counts.get_mut(&key(finding)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                *used.entry(key(finding)).or_default() += 1;
                false
            }
            _ => true,
        });
        others.retain(|other| match used.get_mut(&key(other)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
    }
    left
}

/// Number of findings alike, by file, rule and fingerprint.
fn counts(findings: &[Finding]) -> BTreeMap<(String, String, String), usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        let key =
            (finding.location.path.to_string(), finding.rule.to_string(), finding.fingerprint.to_string());
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn read(text: &str) -> Parsed {
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert_eq!(parsed.errors, [], "{text}");
    parsed
}

/// Paths at which two trees differ. Of a list that lost or gained items, the list's own.
fn differences(old: Node<'_>, new: Node<'_>, path: &str, out: &mut Vec<String>) {
    match (old.value(), new.value()) {
        (Value::Mapping(_), Value::Mapping(_)) => {
            let keys: BTreeSet<&str> = old.entries().chain(new.entries()).map(|entry| entry.key).collect();
            for key in keys {
                let below = format!("{path}.{key}");
                match (old.entry(key), new.entry(key)) {
                    (Some(one), Some(other)) => differences(one.value, other.value, &below, out),
                    _ => out.push(below),
                }
            }
        }
        (Value::Sequence(_), Value::Sequence(_)) if old.len() == new.len() => {
            for (at, (one, other)) in old.items().zip(new.items()).enumerate() {
                differences(one, other, &format!("{path}[{at}]"), out);
            }
        }
        _ if format!("{old:?}") == format!("{new:?}") => {}
        _ => out.push(path.to_owned()),
    }
}

fn comments(parsed: &Parsed) -> Vec<&str> {
    let documents = parsed.documents.iter();
    documents
        .flat_map(|document| document.comments())
        .map(|comment| parsed.source.slice(comment.span))
        .collect()
}

/// Whether a change at `path` is what fixing `finding` may mean: on the way to what it points at or beside it, or in a
/// container that it names.
fn explains(finding: &Finding, path: &str, containers: &[(String, String)]) -> bool {
    let pointed = finding.location.json_path.replace("['", ".").replace("']", "");
    let parent = |path: &str| path.rsplit_once('.').map(|(parent, _)| parent.to_owned()).unwrap_or_default();
    let is_near = pointed.starts_with(path) || path.starts_with(&pointed) || parent(&pointed) == parent(path);
    // What a pod says for all, or what an alias stands for, is set in the container.
    let named = finding.args.iter().find(|arg| arg.name == "container").map(|arg| arg.value.to_string());
    is_near || containers.iter().any(|(name, at)| Some(name) == named.as_ref() && path.starts_with(at))
}

/// Names and paths of all containers.
fn containers(node: Node<'_>, path: &str, out: &mut Vec<(String, String)>) {
    for entry in node.entries() {
        let below = format!("{path}.{}", entry.key);
        if entry.key.ends_with("ontainers") {
            for (at, item) in entry.value.items().enumerate() {
                let name = item.get("name").and_then(Node::as_str).unwrap_or_default();
                out.push((name.to_owned(), format!("{below}[{at}]")));
            }
        }
        containers(entry.value, &below, out);
    }
    for (at, item) in node.items().enumerate() {
        containers(item, &format!("{path}[{at}]"), out);
    }
}

#[derive(Debug, Default)]
#[expect(dead_code, reason = "printed as a whole")]
struct Figures {
    files: usize,
    changed: usize,
    fixed: usize,
    left: usize,
    brought: BTreeMap<(String, String), usize>,
}

/// Fixes a folder and holds the result against everything that is promised.
fn check(folder: &Path, options: &ScanOptions, with_unsafe: bool) -> Figures {
    let before = report(folder, options);
    let fixed = fix(folder, options, with_unsafe);
    let after = report(folder, options);
    assert_eq!(fixed.scanned.report.findings, after.findings, "what is reported is what is written");

    let (counts_before, counts_after) = (counts(&before.findings), counts(&after.findings));
    let refused: BTreeSet<&str> = fixed
        .scanned
        .report
        .problems
        .iter()
        .filter(|problem| problem.kind.group() == ProblemGroup::NotFixed)
        .map(|problem| problem.path.as_ref())
        .collect();
    for changed in &fixed.changed {
        let shown = changed.shown.as_ref();
        let (old, new) = (read(changed.before.text()), read(changed.after.text()));
        assert_eq!(fs::read_to_string(&changed.path).unwrap(), changed.after.text());
        assert_eq!(comments(&old), comments(&new), "{shown}: comments stay");
        let bare = |text: &str| text.matches("\r\n").count() == text.matches('\n').count();
        assert!(!bare(changed.before.text()) || bare(changed.after.text()), "{shown}: line ends stay");
        let here: Vec<&Finding> = fixed
            .scanned
            .report
            .fixed
            .iter()
            .filter(|finding| finding.location.path.as_ref() == shown)
            .collect();
        assert_eq!(old.documents.len(), new.documents.len(), "{shown}");
        for (one, other) in old.documents.iter().zip(&new.documents) {
            let (mut changes, mut names) = (Vec::new(), Vec::new());
            containers(one.root(), "$", &mut names);
            differences(one.root(), other.root(), "$", &mut changes);
            for path in changes {
                let is_explained = here.iter().any(|finding| explains(finding, &path, &names));
                assert!(is_explained, "{shown}: {path} changed, which no fixed finding speaks of");
            }
        }
    }
    // What was fixed is gone, and nothing came back in its place.
    for finding in &fixed.scanned.report.fixed {
        let key = counts(std::slice::from_ref(finding)).into_keys().next().unwrap();
        let (was, is) = (counts_before.get(&key).copied(), counts_after.get(&key).copied().unwrap_or(0));
        assert!(is == 0 || is < was.unwrap_or(0), "{key:?} was fixed and is still found");
        let safety = finding.fix.as_ref().map(|fix| fix.safety);
        assert!(with_unsafe || safety != Some(FixSafety::Unsafe), "{key:?}: an unsafe fix was applied");
    }
    let (mut brought, mut unexpected) = (BTreeMap::new(), Vec::new());
    for finding in unmatched(&after.findings, &before.findings) {
        let (path, rule) = (finding.location.path.as_ref(), finding.rule.as_ref());
        let causes: Vec<&str> = fixed
            .scanned
            .report
            .fixed
            .iter()
            .filter(|finding| finding.location.path.as_ref() == path)
            .map(|finding| finding.rule.as_ref())
            .filter(|cause| BROUGHT.contains(&(*cause, rule)))
            .collect();
        match causes.first() {
            Some(cause) => *brought.entry(((*cause).to_owned(), rule.to_owned())).or_default() += 1,
            None if rule == "unsorted-keys" => {}
            None => {
                let fixed = fixed.scanned.report.fixed.iter();
                let here: BTreeSet<&str> = fixed
                    .filter(|finding| finding.location.path.as_ref() == path)
                    .map(|finding| finding.rule.as_ref())
                    .collect();
                unexpected.push(format!("{path}: {rule} is found only after {here:?}"));
            }
        }
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    let kinds = |report: &ScanReport| {
        let mut kinds: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
        for problem in &report.problems {
            *kinds.entry((problem.path.to_string(), problem.kind.as_str())).or_default() += 1;
        }
        kinds
    };
    assert_eq!(kinds(&before), kinds(&after), "fixing brings no problem");
    // What may be fixed still is only what could not be.
    for finding in &after.findings {
        let is_wanted = finding.fix.as_ref().is_some_and(|fix| with_unsafe || fix.safety == FixSafety::Safe);
        let path = finding.location.path.as_ref();
        assert!(!is_wanted || refused.contains(path), "{path}: {} could be fixed", finding.rule);
    }
    let again = fix(folder, options, with_unsafe);
    assert!(
        again.changed.is_empty() && again.scanned.report.fixed.is_empty(),
        "a second run changes nothing"
    );
    Figures {
        files: before.counts.files,
        changed: fixed.changed.len(),
        fixed: fixed.scanned.report.fixed.len(),
        left: after.findings.len(),
        brought,
    }
}

/// Copies a folder; of its files one in so many.
fn copy(from: &Path, to: &Path, one_in: usize) {
    fs::create_dir_all(to).unwrap();
    let mut entries: Vec<_> = fs::read_dir(from).unwrap().map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for (at, entry) in entries.into_iter().enumerate() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target, one_in);
        } else if at % one_in == 0 {
            // Permissions are not copied: the corpus is read-only.
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

fn corpus() -> Option<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let conformance = std::env::var_os("HAECHI_CONFORMANCE")
        .map_or_else(|| project.join("../shared/conformance"), PathBuf::from);
    let files = conformance.join("../corpora/manifests/files");
    if files.exists() {
        return Some(files);
    }
    println!("skipped: {} is not there", files.display());
    None
}

fn fix_corpus(all: bool, modes: &[bool], one_in: usize) {
    let Some(corpus) = corpus() else { return };
    let folder = tempfile::tempdir().unwrap();
    copy(&corpus, folder.path(), one_in);
    for with_unsafe in modes.iter().copied() {
        let figures = check(folder.path(), &options(all), with_unsafe);
        println!("all checks: {all}, unsafe fixes: {with_unsafe}: {figures:?}");
        assert!(figures.changed > 0);
    }
}

#[test]
fn real_manifests_are_fixed_with_the_checks_that_are_usually_asked() {
    fix_corpus(false, &[true], 4);
}

#[test]
fn real_manifests_are_fixed_with_all_checks_and_values() {
    fix_corpus(true, &[false, true], 1);
}

/// The same objects as JSON.
fn json(node: Node<'_>) -> serde_json::Value {
    match node.value() {
        Value::Sequence(items) => items.map(json).collect(),
        Value::Mapping(entries) => {
            let entries = entries.map(|entry| (entry.key.to_owned(), json(entry.value)));
            serde_json::Value::Object(entries.collect())
        }
        _ => serde_json::from_str(&format!("{node:?}")).unwrap(),
    }
}

/// Each fixture in other layouts, judged by its own check: what is fixed in one is fixed in all.
#[test]
fn fixtures_are_fixed_in_every_layout() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../checks/fixtures");
    let mut fixed = 0;
    for check_of_fixture in CHECKS {
        let info = check_of_fixture.info;
        let bad = fixtures.join(info.area).join(info.slug.replace('-', "_")).join("bad.yaml");
        let text = fs::read_to_string(bad).unwrap();
        let documents = read(&text).documents;
        let roots = || documents.iter().map(|document| json(document.root()));
        let list =
            serde_json::json!({"apiVersion": "v1", "kind": "List", "items": roots().collect::<Vec<_>>()});
        let pretty: Vec<String> = roots().map(|root| serde_json::to_string_pretty(&root).unwrap()).collect();
        let layouts = [
            text.clone(),
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
            // Comments go with the other layouts.
            pretty.join("\n---\n"),
            list.to_string(),
            format!("# flow\n{list}").replace("\":", "\": ").replace(",\"", ", \""),
        ];
        let mut options = options(true);
        options.checks = vec![check_of_fixture];
        let mut counts = Vec::new();
        for layout in &layouts {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("bad.yaml"), layout).unwrap();
            let figures = check(folder.path(), &options, true);
            counts.push(figures.fixed);
            fixed += figures.fixed;
        }
        // What stands in brackets or quotes may take more or less than one line, but never another value. Two keys of a
        // map are one in JSON, and a list has no comments that would be lost.
        let (blocks, others) = counts.split_at(3);
        assert!(blocks.iter().all(|count| *count == blocks[0]), "{}: {counts:?}", info.slug);
        assert!(others.iter().all(|count| *count >= blocks[0]), "{}: {counts:?}", info.slug);
    }
    println!("{fixed} findings fixed");
    assert!(fixed > 500, "{fixed}");
}

#[test]
fn fixtures_of_all_checks_are_fixed() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../checks/fixtures");
    let options = options(true);
    let (mut files, mut changed, mut fixed) = (0, 0, 0);
    for area in fs::read_dir(fixtures).unwrap() {
        for check_folder in fs::read_dir(area.unwrap().path()).unwrap() {
            let from = check_folder.unwrap().path();
            for name in ["bad.yaml", "good.yaml"] {
                let folder = tempfile::tempdir().unwrap();
                fs::write(folder.path().join(name), fs::read(from.join(name)).unwrap()).unwrap();
                for with_unsafe in [false, true] {
                    let figures = check(folder.path(), &options, with_unsafe);
                    changed += figures.changed;
                    fixed += figures.fixed;
                }
                files += 1;
            }
        }
    }
    println!("{fixed} findings of {files} fixtures fixed in {changed} runs");
    assert!(fixed > 1_000, "{fixed}");
}
