//! Every check finds what is bad in its own fixture, at the right place, and nothing in the good one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use haechi_checks::{
    CHECKS, Check, Context, FixValue, Inventory, Options, ResourceBound, ResourceList, Run, fix_value, judge,
};
use haechi_model::{Finding, NewValue};
use haechi_objects::{PodTemplates, Quantity, objects, type_errors};
use haechi_syntax::edit::{self, Splice};
use haechi_syntax::{Document, Limits, Parsed, parse};

fn fixture(check: &Check, name: &str) -> PathBuf {
    let folder = check.info.slug.replace('-', "_");
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(check.info.area).join(folder).join(name)
}

fn read(path: &Path) -> Parsed {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parsed = parse(&bytes, &Limits::default());
    assert_eq!(parsed.errors, [], "{}", path.display());
    for object in parsed.documents.iter().flat_map(|document| objects(document).objects) {
        let wrong = type_errors(object, &PodTemplates::default());
        assert_eq!(wrong, [], "{}: a fixture has the right types", path.display());
    }
    parsed
}

/// What the fixtures of checks that do nothing until they are told something are judged by.
fn options(check: &Check) -> Options {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let mut options = Options::default();
    match check.info.slug {
        "image-not-allowed" => {
            options.allowed_images = words(&["registry.example/"]);
            options.forbidden_images = words(&["registry.example/legacy/"]);
        }
        "required-label-missing" => options.required_labels = words(&["owner"]),
        "required-annotation-missing" => {
            options.required_annotations = words(&["contact"]);
            options.required_claim_annotations = words(&["backup"]);
        }
        "forbidden-annotation" => {
            options.forbidden_annotations = words(&["reload/auto=true", "debug/*"]);
        }
        "resources-out-of-bounds" => {
            options.resource_bounds = vec![ResourceBound {
                resource: "memory".to_owned(),
                list: ResourceList::Limits,
                least: Quantity::parse("64Mi"),
                most: Quantity::parse("1Gi"),
            }];
        }
        _ => {}
    }
    options
}

/// Values for fixes that take one from the configuration.
fn fix_options(check: &Check) -> Options {
    let mut options = options(check);
    if let Some(kind) = fix_value(check.info.slug) {
        let value: NewValue = match (kind, check.info.slug) {
            (FixValue::Quantity, slug) if slug.starts_with("cpu") => "250m".into(),
            (FixValue::Quantity, _) => "128Mi".into(),
            (FixValue::Id, _) => 10_001.into(),
            (FixValue::Seconds, _) => 600.into(),
        };
        options.fix_values.insert(check.info.slug.to_owned(), value);
    }
    options
}

fn judge_each<'d>(check: &Check, parsed: &'d Parsed, mut found: impl FnMut(&'d Document, Vec<Finding>)) {
    let path: Arc<str> = "fixture.yaml".into();
    let (templates, options) = (PodTemplates::default(), fix_options(check));
    let all = parsed.documents.iter().flat_map(|document| objects(document).objects);
    let inventory = Inventory::new(all, &templates);
    let context = Context { templates: &templates, options: &options, inventory: &inventory };
    for document in &parsed.documents {
        let here = objects(document);
        assert!(here.rejects.is_empty(), "{:?}", here.rejects);
        for object in here.objects {
            found(document, judge(object, &path, &context, [check]));
        }
    }
}

fn findings(check: &Check, parsed: &Parsed) -> Vec<Finding> {
    let mut all = Vec::new();
    judge_each(check, parsed, |_, found| all.extend(found));
    all
}

/// One line per finding, with the text that is pointed at.
fn show(findings: &[Finding], parsed: &Parsed) -> String {
    let mut out = String::new();
    for finding in findings {
        let location = &finding.location;
        let args: Vec<String> =
            finding.args.iter().map(|arg| format!("{}={}", arg.name, arg.value)).collect();
        writeln!(
            out,
            "{}:{} {} `{}` {} {} [{}]",
            location.start.line,
            location.start.column,
            finding.severity,
            parsed.source.slice(location.span),
            location.json_path,
            finding.resource,
            args.join(", ")
        )
        .unwrap();
    }
    out
}

#[test]
fn bad_fixtures_are_found_where_they_are_bad() {
    for check in CHECKS {
        let parsed = read(&fixture(check, "bad.yaml"));
        let found = findings(check, &parsed);
        assert!(!found.is_empty(), "{} finds nothing in its bad fixture", check.info.slug);
        insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(check.info.slug, show(&found, &parsed));
        });
    }
}

/// Each fix alone: what it writes, that nothing else changes, and that its finding is gone.
#[test]
fn fixes_change_what_they_say_and_leave_no_finding() {
    let mut fixed = 0;
    for check in CHECKS {
        let parsed = read(&fixture(check, "bad.yaml"));
        let found = findings(check, &parsed);
        let mut shown = String::new();
        for finding in &found {
            let Some(fix) = &finding.fix else { continue };
            let what = format!("{} at {}", check.info.slug, finding.location.json_path);
            let edits: Vec<Splice> =
                fix.edits.iter().map(|edit| Splice { span: edit.span, text: edit.text.clone() }).collect();
            let text = edit::apply(parsed.source.text(), &edits).expect(&what);
            let after = parse(text.as_bytes(), &Limits::default());
            assert_eq!(after.errors, [], "{what}\n{text}");
            let verified = edit::verify(&parsed.documents, &after.documents, &[&fix.alteration]);
            assert_eq!(verified, Ok(()), "{what}\n{text}");
            for object in after.documents.iter().flat_map(|document| objects(document).objects) {
                assert_eq!(type_errors(object, &PodTemplates::default()), [], "{what}");
            }
            let count = |findings: &[Finding]| {
                findings.iter().filter(|other| other.fingerprint == finding.fingerprint).count()
            };
            assert_eq!(count(&findings(check, &after)) + 1, count(&found), "{what} is found still\n{text}");
            writeln!(shown, "{}:{} {}", finding.location.start.line, finding.resource, fix.safety.as_str())
                .unwrap();
            for edit in &fix.edits {
                writeln!(shown, "- {:?}\n+ {:?}", parsed.source.slice(edit.span), edit.text).unwrap();
            }
            fixed += 1;
        }
        if !shown.is_empty() {
            insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("fix-{}", check.info.slug), shown);
            });
        }
        let takes_value = fix_value(check.info.slug).is_some();
        assert!(!takes_value || !shown.is_empty(), "{} uses its value in no fix", check.info.slug);
    }
    assert!(fixed > 100, "{fixed}");
}

#[test]
fn fixes_that_need_a_value_are_not_there_without_one() {
    let check = haechi_checks::find("memory-limit-missing").unwrap();
    let parsed = read(&fixture(check, "bad.yaml"));
    let path: Arc<str> = "fixture.yaml".into();
    let (templates, options) = (PodTemplates::default(), Options::default());
    let inventory = Inventory::new(std::iter::empty(), &templates);
    let context = Context { templates: &templates, options: &options, inventory: &inventory };
    let all = parsed.documents.iter().flat_map(|document| objects(document).objects);
    let found: Vec<Finding> = all.flat_map(|object| judge(object, &path, &context, [check])).collect();
    assert!(!found.is_empty() && found.iter().all(|finding| finding.fix.is_none()));
}

#[test]
fn good_fixtures_are_clean() {
    for check in CHECKS {
        let parsed = read(&fixture(check, "good.yaml"));
        let found = findings(check, &parsed);
        assert!(found.is_empty(), "{}:\n{}", check.info.slug, show(&found, &parsed));
    }
}

#[test]
fn every_document_of_a_bad_fixture_is_bad() {
    // Checks that look at several objects need the others beside the bad one.
    for check in CHECKS.iter().filter(|check| matches!(check.run, Run::Object(_) | Run::Pod(_))) {
        let parsed = read(&fixture(check, "bad.yaml"));
        let mut bad = vec![false; parsed.documents.len()];
        judge_each(check, &parsed, |document, found| bad[document.index()] |= !found.is_empty());
        let good = bad.iter().position(|bad| !bad);
        assert_eq!(good, None, "{}: that document of the bad fixture is good", check.info.slug);
    }
}

#[test]
fn fingerprints_tell_findings_of_a_file_apart() {
    for check in CHECKS {
        let parsed = read(&fixture(check, "bad.yaml"));
        let found = findings(check, &parsed);
        let mut fingerprints: Vec<_> = found.iter().map(|finding| finding.fingerprint).collect();
        fingerprints.sort();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), found.len(), "{}", check.info.slug);
    }
}

#[test]
fn fingerprints_survive_moved_lines_and_new_neighbours() {
    let before = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: b, securityContext: {privileged: true}}\n";
    let after = "# moved\n\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: new}\n  - name: b\n    securityContext:\n      privileged: true\n";
    let check = haechi_checks::find("privileged-container").unwrap();
    let of = |text: &str| {
        let parsed = parse(text.as_bytes(), &Limits::default());
        findings(check, &parsed).iter().map(|finding| finding.fingerprint).collect::<Vec<_>>()
    };
    assert_eq!(of(before), of(after));
}

#[test]
fn registry_is_ordered_and_complete() {
    let keys: Vec<_> = CHECKS.iter().map(|check| (check.info.area, check.info.slug)).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(keys, sorted, "checks are ordered by area and slug, each once");
    for check in CHECKS {
        let info = &check.info;
        assert!(!info.references.is_empty(), "{} has a reference", info.slug);
        assert!(info.references.iter().all(|address| address.starts_with("https://")), "{}", info.slug);
        let is_kebab =
            info.slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(is_kebab, "{}", info.slug);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
            "src/{}/{}.rs",
            info.area,
            info.slug.replace('-', "_")
        ));
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for heading in
            ["/// ## What it does", "/// ## Why is this bad?", "/// ## Example", "/// ## Use instead"]
        {
            assert!(text.contains(heading), "{}: no `{heading}`", file.display());
        }
    }
}
