//! What programs read is what the schemas describe.
#![cfg(test)]

mod fixture;

use std::path::{Path, PathBuf};

use haechi_model::ScanReport;
use haechi_report::{Context, Language, write_json, write_sarif};
use serde_json::{Value, json};

use fixture::{clean, context, full, incomplete, nothing, rendered, texts, written};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

type Write = fn(&ScanReport, &Context<'_>, &mut dyn std::io::Write) -> std::io::Result<()>;

/// Every fixture in both languages through `write`, against the schema.
fn check(schema: &Value, write: Write) {
    let validator = jsonschema::validator_for(schema).unwrap();
    for language in Language::ALL {
        for report in [full(), clean(), nothing(), incomplete(), rendered()] {
            let texts = texts(language);
            let mut context = context(&texts);
            context.time = Some("2026-01-02T03:04:05Z");
            context.hidden = 2;
            context.sarif_limit = Some(4);
            let value: Value = serde_json::from_str(&written(|out| write(&report, &context, out))).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }
}

#[test]
fn json_is_as_its_schema_says() {
    let schema = read(&project().join("docs/schema/scan-v1.json"));
    check(&schema, write_json);
}

/// The schema lists every member: otherwise it would accept a renamed one in silence.
#[test]
fn json_has_no_member_that_its_schema_does_not_know() {
    let mut schema = read(&project().join("docs/schema/scan-v1.json"));
    close(&mut schema);
    check(&schema, write_json);
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for (_, value) in object.iter_mut() {
                close(value);
            }
            if object.contains_key("properties") && object.contains_key("required") {
                object.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn schema_refuses_what_is_no_scan() {
    let schema = read(&project().join("docs/schema/scan-v1.json"));
    let texts = texts(Language::En);
    let context = context(&texts);
    let mut value: Value = serde_json::from_str(&written(|out| write_json(&full(), &context, out))).unwrap();
    assert!(jsonschema::is_valid(&schema, &value));
    value["findings"][0]["severity"] = "grave".into();
    assert!(!jsonschema::is_valid(&schema, &value));
}

#[test]
fn sarif_is_as_oasis_says() {
    let conformance = std::env::var_os("HAECHI_CONFORMANCE")
        .map_or_else(|| project().join("../shared/conformance"), PathBuf::from);
    let schema = conformance.join("posture/schemas/sarif-schema-2.1.0.json");
    if !schema.exists() {
        println!("skipped: {} is not there", schema.display());
        return;
    }
    // Two patterns have a bracket that stands for itself, which only lenient readers of patterns accept.
    let text = std::fs::read_to_string(&schema).unwrap().replace("}]?$", "}\\\\]?$");
    check(&serde_json::from_str(&text).unwrap(), write_sarif);
}

#[test]
fn sarif_of_detections_is_as_oasis_says() {
    let conformance = std::env::var_os("HAECHI_CONFORMANCE")
        .map_or_else(|| project().join("../shared/conformance"), PathBuf::from);
    let schema = conformance.join("posture/schemas/sarif-schema-2.1.0.json");
    if !schema.exists() {
        println!("skipped: {} is not there", schema.display());
        return;
    }
    let text = std::fs::read_to_string(&schema).unwrap().replace("}]?$", "}\\\\]?$");
    let schema: Value = serde_json::from_str(&text).unwrap();
    let detection = haechi_model::Detection {
        rule: "Secret read".into(),
        source: "k8s_audit".into(),
        priority: haechi_model::Priority::Warning,
        tags: vec!["k8s".to_owned()].into(),
        time_ns: 1_470_327_477_881_781_397,
        event_number: 7,
        event_id: Some("0f1e".into()),
        namespace: None,
        resource: None,
        message: "한글 \u{1b}".into(),
        fields: Vec::new(),
    };
    let mut out = Vec::new();
    let mut writer = haechi_report::SarifDetections::begin("0.1.0", &[], &mut out).unwrap();
    writer.detection(&detection, "로그/audit 1.jsonl", 12, "2016-08-04T16:17:57Z", &mut out).unwrap();
    writer.detection(&detection, "-", 0, "2016-08-04T16:17:57Z", &mut out).unwrap();
    writer.end(&["x:1: cut off".to_owned()], &mut out).unwrap();
    let value: Value = serde_json::from_slice(&out).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

fn sarif(report: &ScanReport, limit: Option<usize>) -> Value {
    let texts = texts(Language::En);
    let mut context = context(&texts);
    context.sarif_limit = limit;
    serde_json::from_str(&written(|out| write_sarif(report, &context, out))).unwrap()
}

/// The results that nobody accepted.
fn open(run: &Value) -> impl Iterator<Item = &Value> {
    run["results"].as_array().unwrap().iter().filter(|result| result["suppressions"] == json!([]))
}

#[test]
fn sarif_says_what_was_accepted_and_why() {
    let value = sarif(&full(), None);
    let results = value["runs"][0]["results"].as_array().unwrap();
    let accepted: Vec<&Value> = results.iter().filter(|result| result["suppressions"] != json!([])).collect();
    assert_eq!(accepted.len(), full().suppressed.len());
    let expected = json!([{"kind": "inSource", "status": "accepted", "justification": "it is summer"}]);
    assert_eq!(accepted[0]["suppressions"], expected);
}

#[test]
fn sarif_limit_keeps_the_gravest_and_says_so() {
    let value = sarif(&full(), Some(2));
    let run = &value["runs"][0];
    let rules: Vec<&str> = open(run).map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert_eq!(rules, ["loud-bell", "pod-security/hostPathVolumes"]);
    let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().iter().any(|note| {
        note["descriptor"]["id"] == "results-truncated"
            && note["message"]["text"].as_str().unwrap().contains("2 most severe of 7")
    });
    assert!(told, "{run}");
}

#[test]
fn sarif_beyond_what_github_takes_says_so() {
    let mut report = full();
    let finding = report.findings[0].clone();
    report.findings = vec![finding; 25_001];
    let value = sarif(&report, None);
    let run = &value["runs"][0];
    assert_eq!(open(run).count(), 25_001);
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["descriptor"]["id"] == "results-over-github-limit"));
}

#[test]
fn sarif_results_point_at_their_rules_and_are_told_apart() {
    let value = sarif(&full(), None);
    let run = &value["runs"][0];
    let mut seen = std::collections::BTreeSet::new();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        let identity =
            (uri.to_string(), result["partialFingerprints"]["primaryLocationLineHash"].to_string());
        assert!(seen.insert(identity.clone()), "{identity:?} stands twice");
    }
}

#[test]
fn sarif_of_an_incomplete_scan_is_no_success() {
    for (report, success) in [(clean(), true), (nothing(), false), (incomplete(), false)] {
        assert_eq!(sarif(&report, None)["runs"][0]["invocations"][0]["executionSuccessful"], success);
    }
}

#[test]
fn sarif_message_makes_no_link_of_a_name() {
    let mut report = full();
    report.findings.truncate(1);
    report.findings[0].args[0].value = "[x](https://example.org)".into();
    let value = sarif(&report, None);
    let text = value["runs"][0]["results"][0]["message"]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("[x] (https"), "{text}");
}
