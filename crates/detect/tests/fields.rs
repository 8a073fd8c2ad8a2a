//! Fields that Falco's plugins read otherwise than they describe them; the modules under `extract` list each.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use haechi_detect::decode::Reject;
use haechi_detect::rules::{Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;

#[derive(Default)]
struct Messages(Vec<String>);

impl Report for Messages {
    fn detection(&mut self, detection: Detection, _line: u64) {
        self.0.push(detection.message);
    }

    fn reject(&mut self, reject: Reject) {
        panic!("refused: {reject:?}");
    }
}

/// What fields show of an event: `output` with the fields filled in.
fn shown(source: &str, output: &str, event: &str) -> String {
    let rule = format!(
        "- rule: r\n  desc: d\n  condition: evt.num > 0\n  output: \"{output}\"\n  priority: INFO\n  source: {source}\n"
    );
    let loaded = load(&[RuleFile { name: "r.yaml", bytes: rule.as_bytes() }], &Options::default());
    assert!(loaded.results[0].is_successful(), "{}", loaded.results[0].verbose());
    let mut stream = Stream::new(&loaded.program, StreamOptions::default());
    let mut messages = Messages::default();
    stream.feed(event.as_bytes(), &mut messages);
    stream.finish(&mut messages);
    messages.0.join("\n")
}

fn audit(output: &str, more: &str) -> String {
    let event = format!(
        r#"{{"kind":"Event","auditID":"a","stage":"ResponseComplete","stageTimestamp":"2026-01-02T03:04:05Z",{more}}}"#
    );
    shown("k8s_audit", output, &event)
}

fn trail(output: &str, more: &str) -> String {
    let event = format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","eventSource":"s3.amazonaws.com",{more}}}"#
    );
    shown("aws_cloudtrail", output, &event)
}

#[test]
fn source_addresses_are_those_of_the_event() {
    let event =
        r#""sourceIPs":["192.0.2.1","192.0.2.2"],"requestObject":{"rules":[{"sourceIPs":["9.9.9.9"]}]}"#;
    assert_eq!(audit("%ka.sourceips %ka.sourceips[1]", event), "(192.0.2.1,192.0.2.2) (192.0.2.2)");
}

#[test]
fn a_binding_has_the_subjects_that_it_names() {
    let event = r#""requestObject":{"subjects":[{"kind":"User","name":"alice"}]}"#;
    let output = "%ka.req.binding.subject.has_name[alice] %ka.req.binding.subject.has_name[bob]";
    assert_eq!(audit(output, event), "true false");
}

#[test]
fn repositories_of_registries_with_a_port_are_whole() {
    let event = r#""requestObject":{"spec":{"containers":[{"image":"registry:5000/team/app:1.2"}]}}"#;
    assert_eq!(audit("%ka.req.pod.containers.image.repository", event), "(registry:5000/team/app)");
}

#[test]
fn effective_users_are_those_of_the_containers_else_of_the_pod() {
    let event = r#""requestObject":{"spec":{"securityContext":{"runAsUser":7},"containers":[{"name":"a"},{"name":"b","securityContext":{"runAsUser":0}}]}}"#;
    assert_eq!(audit("%ka.req.pod.containers.eff_run_as_user", event), "(7,0)");
}

#[test]
fn the_name_of_a_document_is_found() {
    let event = r#""eventName":"ModifyDocumentPermission","requestParameters":{"documentName":"backup"}"#;
    assert_eq!(trail("%ct.request.documentname", event), "backup");
}

#[test]
fn whether_an_event_only_reads_is_told_by_its_name_where_it_does_not_say() {
    for (event, expected) in [
        (r#""eventName":"DescribeInstances""#, "true"),
        (r#""eventName":"DeleteBucket""#, "false"),
        (r#""eventName":"GetObject","readOnly":false"#, "false"),
    ] {
        assert_eq!(trail("%ct.readonly", event), expected, "{event}");
    }
}

#[test]
fn bytes_that_an_event_does_not_tell_are_no_value() {
    let event = r#""eventName":"GetObject""#;
    assert_eq!(trail("%s3.bytes.in %s3.bytes.out", event), "<NA> <NA>");
    let event = r#""eventName":"PutObject","additionalEventData":{"bytesTransferredIn":33.0}"#;
    assert_eq!(trail("%s3.bytes.in %s3.bytes.out", event), "33 <NA>");
}

#[test]
fn values_that_are_no_texts_are_shown_as_json_and_null_is_none() {
    let event = r#""eventName":"X","errorCode":5,"errorMessage":null,"awsRegion":["a", "b"]"#;
    assert_eq!(trail("%ct.error %ct.errormessage %ct.region", event), r#"5 <NA> ["a","b"]"#);
}
