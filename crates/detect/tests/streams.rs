//! Streams of every format, and what is wrong in them.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_detect::decode::{FlowColumns, Format, Limits, Reject, RejectReason};
use haechi_detect::program::{RuleMatching, Verdict};
use haechi_detect::rules::{Loaded, Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions, StreamStats};
use haechi_model::{Detection, FieldValue};

fn rules(text: &str) -> Loaded {
    let loaded = load(&[RuleFile { name: "rules.yaml", bytes: text.as_bytes() }], &Options::default());
    assert!(loaded.results[0].is_successful(), "{}", loaded.results[0].verbose());
    loaded
}

fn rule(source: &str, condition: &str, output: &str) -> Loaded {
    rules(&format!(
        "- rule: r\n  desc: d\n  condition: {condition}\n  output: \"{output}\"\n  priority: INFO\n  source: {source}\n"
    ))
}

#[derive(Default)]
struct Log {
    detections: Vec<(u64, Detection)>,
    rejects: Vec<(u64, RejectReason)>,
}

impl Report for Log {
    fn detection(&mut self, detection: Detection, line: u64) {
        self.detections.push((line, detection));
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push((reject.line, reject.reason));
    }
}

impl Log {
    fn messages(&self) -> Vec<&str> {
        self.detections.iter().map(|(_, detection)| detection.message.as_str()).collect()
    }
}

fn run_with(loaded: &Loaded, bytes: &[u8], options: StreamOptions) -> (Log, StreamStats) {
    let mut stream = Stream::new(&loaded.program, options);
    let mut log = Log::default();
    // Pieces of an awkward size: where a chunk ends must not matter.
    for chunk in bytes.chunks(37) {
        stream.feed(chunk, &mut log);
    }
    stream.finish(&mut log);
    let stats = stream.stats().clone();
    (log, stats)
}

fn run(loaded: &Loaded, bytes: &[u8]) -> Log {
    run_with(loaded, bytes, StreamOptions::default()).0
}

fn audit(id: &str, more: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"{id}","stage":"ResponseComplete","verb":"create","stageTimestamp":"2026-01-02T03:04:05.5Z"{more}}}"#
    )
}

#[test]
fn bad_input_is_counted_by_reason_and_the_stream_goes_on() {
    let loaded = rule("k8s_audit", "ka.verb = create", "id=%ka.auditid");
    let mut bytes = Vec::new();
    let mut line = |text: &[u8]| {
        bytes.extend_from_slice(text);
        bytes.push(b'\n');
    };
    line(audit("a", "").as_bytes());
    line(br#"{"kind":"Event","auditID":"cut","objectRef":{"resource":"po"#);
    line(audit("b", "").as_bytes());
    line(b"{\"kind\":\"Event\",\"auditID\":\"\xff\xfe\"}");
    line(br#"{"kind":"Event" "auditID":"x"}"#);
    line(br#"{"kind":"Pod"}"#);
    line(br#"{"kind":"Event","auditID":"no time"}"#);
    line(audit("c", r#","stageTimestamp2":0"#).replace("2026-01-02", "2199-01-02").as_bytes());
    line(audit("big", &format!(r#","pad":"{}""#, "x".repeat(5000))).as_bytes());
    line(b"no flow log line either");
    line(audit("d", "").as_bytes());
    line(audit("e", "").replace("ResponseComplete", "ResponseFinished").as_bytes());
    line(b"5 10.0.0.71 52.95.128.179 34210 80 6 1616729292 1616729349 ACCEPT OK");
    line(b"2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 7 8 1 2 MAYBE OK");
    let options = StreamOptions {
        limits: Limits { document_bytes: 4000 },
        now_ns: Some(1_800_000_000_000_000_000),
        ..StreamOptions::default()
    };
    let (log, stats) = run_with(&loaded, &bytes, options);
    // The event of an unknown stage is held against the rules.
    assert_eq!(log.messages(), ["id=a", "id=b", "id=d", "id=e"]);
    assert_eq!(
        log.rejects,
        [
            (2, RejectReason::Truncated),
            (4, RejectReason::InvalidUtf8),
            (5, RejectReason::Malformed),
            (6, RejectReason::UnknownKind),
            (7, RejectReason::NoTime),
            (8, RejectReason::FutureTime),
            (9, RejectReason::TooLarge),
            (10, RejectReason::Malformed),
            (12, RejectReason::UnknownValue),
            (13, RejectReason::UnknownColumns),
            // Without a header this may be another order of columns.
            (14, RejectReason::UnknownColumns),
        ]
    );
    assert_eq!((stats.events, stats.detections, stats.rejected(), stats.doubtful()), (4, 4, 10, 1));
}

#[test]
fn objects_that_are_run_together_on_a_line_are_events() {
    let loaded = rule("k8s_audit", "ka.verb = create", "id=%ka.auditid");
    let (a, b, c) = (audit("a", ""), audit("b", ""), audit("c", ""));
    let log = run(&loaded, format!("{a}{b} \t{c}\n").as_bytes());
    assert_eq!(log.messages(), ["id=a", "id=b", "id=c"]);
    assert_eq!(log.rejects, []);
    // What is broken costs itself, and what nobody can tell from it.
    for (broken, reason) in [
        (format!("{a}{{\"kind\":}}{b}{c}\n"), RejectReason::Malformed),
        (format!("{a}{b}{c}{{\"kind\":\"Ev\n"), RejectReason::Truncated),
        (format!("{a}{b}{c}]\n"), RejectReason::Malformed),
        (format!("{a}{b}{c}[]\n"), RejectReason::Malformed),
    ] {
        let log = run(&loaded, format!("{broken}{}\n", audit("d", "")).as_bytes());
        assert_eq!(log.messages(), ["id=a", "id=b", "id=c", "id=d"], "{broken}");
        assert_eq!(log.rejects, [(1, reason)], "{broken}");
    }
    // Behind a single object there is no other to believe in.
    let log = run(&loaded, format!("{a}]\n{b}x\n{c}[]\n").as_bytes());
    assert_eq!((log.messages().len(), log.rejects.len()), (0, 3));
}

#[test]
fn an_event_of_twenty_megabytes_is_read() {
    let loaded = rule("k8s_audit", "ka.req.configmap.obj contains needle", "found");
    let data = format!(r#","requestObject":{{"data":{{"k":"{}needle"}}}}"#, "x".repeat(20 << 20));
    assert_eq!(run(&loaded, audit("a", &data).as_bytes()).messages(), ["found"]);
}

#[test]
fn events_that_are_delivered_twice_are_told_once() {
    let loaded = rule("k8s_audit", "ka.verb = create", "id=%ka.auditid");
    let lines = [audit("a", ""), audit("b", ""), audit("a", "")].join("\n");
    let (log, stats) = run_with(&loaded, lines.as_bytes(), StreamOptions::default());
    assert_eq!(log.messages(), ["id=a", "id=b"]);
    assert_eq!(stats.duplicates, 1);
}

#[test]
fn lists_and_envelopes_hold_events() {
    let loaded = rule("k8s_audit", "ka.verb = create", "id=%ka.auditid");
    let list = format!(r#"{{"kind":"EventList","items":[{},{}]}}"#, audit("a", ""), audit("b", ""));
    assert_eq!(run(&loaded, list.as_bytes()).messages(), ["id=a", "id=b"]);
    let pretty = list.replace(",\"", ",\n\"").replace("[{", "[\n{");
    assert_eq!(run(&loaded, pretty.as_bytes()).messages(), ["id=a", "id=b"]);

    let trail = rule("aws_cloudtrail", "ct.name = ConsoleLogin", "%ct.user %ct.shortsrc");
    let record = r#"{"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","userIdentity":{"type":"IAMUser","userName":"alice"}}"#;
    for text in [
        record.to_owned(),
        format!(r#"{{"Records":[{record}]}}"#),
        format!("[{record}]"),
        format!(r#"{{"version":"0","detail-type":"AWS Console Sign In via CloudTrail","detail":{record}}}"#),
    ] {
        assert_eq!(run(&trail, text.as_bytes()).messages(), ["alice signin"], "{text}");
    }
}

#[test]
fn flow_logs_have_versions_and_headers() {
    let loaded = rule(
        "aws_vpcflow",
        "vpcflow.action = REJECT and vpcflow.dstport = ssh and not vpcflow.srcnet in (10.0.0.0/8)",
        "%vpcflow.srcaddr -> %vpcflow.dstaddr:%vpcflow.dstport %vpcflow.vpcid",
    );
    let log = "2 123456789010 eni-1 203.0.113.12 172.31.16.139 49761 22 6 20 4249 1418530010 1418530070 REJECT OK\n\
               2 123456789010 eni-1 10.1.1.1 172.31.16.139 49761 22 6 20 4249 1418530010 1418530070 REJECT OK\n\
               2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA\n\
               version vpc-id srcaddr dstaddr srcport dstport action start\n\
               5 vpc-1 2001:db8::1 2001:db8::2 1 22 REJECT 1418530010\n\
               5 vpc-1 2001:db8::1\n";
    let found = run(&loaded, log.as_bytes());
    assert_eq!(
        found.messages(),
        ["203.0.113.12 -> 172.31.16.139:22 <NA>", "2001:db8::1 -> 2001:db8::2:22 vpc-1"]
    );
    assert_eq!(found.rejects, [(6, RejectReason::Malformed)]);
}

#[test]
fn flow_logs_without_header_have_the_columns_that_are_given() {
    let loaded = rule("aws_vpcflow", "vpcflow.action != ACCEPT", "%vpcflow.srcaddr %vpcflow.action");
    let columns = FlowColumns::parse("${version} ${srcaddr} ${action}").unwrap();
    let mut stream =
        Stream::new(&loaded.program, StreamOptions { format: Format::VpcFlow, ..StreamOptions::default() })
            .with_flow_columns(columns);
    let mut log = Log::default();
    stream
        .feed(b"5 10.0.0.1 REJECT\nversion action srcaddr\n5 REJECT 10.0.0.2\n5 ACCEPT 10.0.0.3\n", &mut log);
    stream.finish(&mut log);
    // A header counts for its own file.
    stream.feed(b"5 10.0.0.4 MAYBE\n", &mut log);
    stream.finish(&mut log);
    assert_eq!(log.messages(), ["10.0.0.1 REJECT", "10.0.0.2 REJECT", "10.0.0.4 MAYBE"]);
    assert_eq!(log.rejects, [(5, RejectReason::UnknownValue)]);
}

#[test]
fn recordings_of_kernel_events_are_named() {
    let loaded = rule("k8s_audit", "ka.verb = create", "id=%ka.auditid");
    let mut stream = Stream::new(&loaded.program, StreamOptions::default());
    let mut log = Log::default();
    stream.feed(b"\n\r\r\n\0\x01\nbinary\n", &mut log);
    stream.finish(&mut log);
    stream.feed(audit("a", "").as_bytes(), &mut log);
    stream.finish(&mut log);
    assert_eq!(log.rejects, [(0, RejectReason::Capture)]);
    assert_eq!(log.messages(), ["id=a"]);
}

#[test]
fn an_id_that_a_client_chose_twice_hides_nothing() {
    let loaded = rule("k8s_audit", "ka.verb = create", "id=%ka.auditid");
    let lines = [audit("a", ""), audit("a", "").replace("04:05.5", "04:06.5")].join("\n");
    let (log, stats) = run_with(&loaded, lines.as_bytes(), StreamOptions::default());
    assert_eq!((log.messages().len(), stats.duplicates), (2, 0));
}

#[test]
fn findings_of_cloud_services_are_events() {
    for (source, condition, text) in [
        (
            "aws_guardduty",
            "guardduty.severity >= 7 and guardduty.type startswith Kubernetes",
            r#"{"detail-type":"GuardDuty Finding","detail":{"schemaVersion":"2.0","partition":"aws","service":{},"id":"1","type":"Kubernetes:X","severity":8.1,"updatedAt":"2026-01-02T03:04:05Z"}}"#,
        ),
        (
            "aws_securityhub",
            "securityhub.severity in (HIGH, CRITICAL)",
            r#"{"Findings":[{"SchemaVersion":"2018-10-08","ProductArn":"a","Id":"1","Severity":{"Label":"HIGH"},"UpdatedAt":"2026-01-02T03:04:05Z"}]}"#,
        ),
        (
            "aws_inspector",
            "inspector.vulnerability.id = CVE-2021-44228",
            r#"{"findingArn":"a","inspectorScore":9.8,"packageVulnerabilityDetails":{"vulnerabilityId":"CVE-2021-44228"},"updatedAt":"2026-01-02T03:04:05Z"}"#,
        ),
        (
            "aws_config",
            "awsconfig.resourcetype = AWS::S3::Bucket",
            r#"{"configurationItems":[{"configurationItemStatus":"OK","resourceType":"AWS::S3::Bucket","configurationItemCaptureTime":"2026-01-02T03:04:05Z"}]}"#,
        ),
    ] {
        let found = run(&rule(source, condition, "x"), text.as_bytes());
        assert_eq!(found.messages(), ["x"], "{source}: {:?}", found.rejects);
    }
}

#[test]
fn a_missing_field_passes_no_check_and_its_negation_holds() {
    let lines = [audit("a", ""), audit("b", r#","user":{"username":"alice"}"#)].join("\n");
    let messages = |condition: &str| {
        let loaded = rule("k8s_audit", condition, "%ka.auditid %ka.user.name");
        run(&loaded, lines.as_bytes()).messages().join(";")
    };
    assert_eq!(messages("ka.user.name != bob"), "b alice");
    assert_eq!(messages("not ka.user.name = bob"), "a <NA>;b alice");
    assert_eq!(messages("ka.user.name exists"), "b alice");
    assert_eq!(messages("ka.user.name startswith anyof (al, bo)"), "b alice");
    assert_eq!(messages("tolower(ka.user.name) = val(ka.user.name)"), "b alice");
    assert_eq!(messages("len(ka.user.name) = 5"), "b alice");
    assert_eq!(messages("ka.user.name contains oneof (a, li)"), "");
    assert_eq!(messages("ka.user.name != allof (bob, eve)"), "b alice");
}

#[test]
fn lists_are_held_as_a_whole_or_in_part() {
    let pod = r#","requestObject":{"spec":{"containers":[{"name":"a","image":"registry:5000/x:1"},{"name":"b","image":"y"}]}}"#;
    let line = audit("a", pod);
    let holds =
        |condition: &str| !run(&rule("k8s_audit", condition, "x"), line.as_bytes()).detections.is_empty();
    assert!(holds("ka.req.pod.containers.image.repository in (registry:5000/x, y, z)"));
    assert!(!holds("ka.req.pod.containers.image.repository in (y)"));
    assert!(holds("ka.req.pod.containers.image.repository intersects (y)"));
    assert!(holds("ka.req.pod.containers.name[1] in (b)"));
    assert!(!holds("ka.req.pod.containers.privileged in (true)"));
    assert!(holds("not ka.req.pod.containers.privileged intersects (true)"));
    assert!(holds("join('-', ka.req.pod.containers.name) = a-b"));
}

#[test]
fn first_and_all() {
    let loaded = rules(
        "
- rule: one
  desc: d
  condition: ka.verb = create
  output: one
  priority: INFO
  source: k8s_audit
- rule: two
  desc: d
  condition: ka.verb in (create, delete)
  output: two
  priority: INFO
  source: k8s_audit
",
    );
    let line = audit("a", "");
    assert_eq!(run(&loaded, line.as_bytes()).messages(), ["one"]);
    let all = StreamOptions { matching: RuleMatching::All, ..StreamOptions::default() };
    assert_eq!(run_with(&loaded, line.as_bytes(), all).0.messages(), ["one", "two"]);
}

#[test]
fn json_fields_keep_their_types() {
    let loaded = rule("k8s_audit", "ka.verb = create", "%evt.num %evt.time %ka.user.groups %20ka.verb|");
    let line = audit("a", r#","user":{"groups":["g","h"]}"#);
    let found = run(&loaded, line.as_bytes());
    let detection = &found.detections[0].1;
    assert_eq!(detection.message, "1 03:04:05.500000000 (g,h) create              |");
    let value = |name: &str| detection.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value);
    assert_eq!(value("evt.num"), Some(&FieldValue::Unsigned(1)));
    assert_eq!(value("evt.time"), Some(&FieldValue::Unsigned(detection.time_ns)));
    assert_eq!(
        value("ka.user.groups"),
        Some(&FieldValue::List(vec![FieldValue::Text("g".into()), FieldValue::Text("h".into())]))
    );
}

#[test]
fn explanations_name_the_checks_that_decide() {
    struct Explain<'l>(&'l Loaded, Vec<String>);
    impl haechi_detect::decode::Sink for Explain<'_> {
        fn event(&mut self, event: &haechi_detect::event::Event<'_>, _line: u64) {
            for rule in self.0.program.rules(event.source) {
                let explanation = self.0.program.explain(rule, event).unwrap();
                let deciding = explanation.deciding();
                let shown: Vec<_> = deciding
                    .iter()
                    .map(|part| format!("{} ({:?}, {:?})", part.text, part.verdict, part.value))
                    .collect();
                self.1.push(shown.join("; "));
                assert_ne!(explanation.verdict, Verdict::Missing);
            }
        }

        fn reject(&mut self, reject: Reject) {
            self.1.push(format!("{reject:?}"));
        }
    }
    let loaded =
        rule("k8s_audit", "ka.verb = create and not ka.user.name = root and ka.target.name = x", "o");
    let mut decoder =
        haechi_detect::decode::Decoder::new(haechi_detect::decode::Format::Detect, Limits::default(), None);
    let mut explain = Explain(&loaded, Vec::new());
    decoder.feed(audit("a", r#","user":{"username":"root"}"#).as_bytes(), &mut explain);
    decoder.finish(&mut explain);
    assert_eq!(
        explain.1,
        ["ka.user.name = root (Holds, Some(\"root\")); ka.target.name = x (Missing, None)"]
    );
}

/// Lines of every kind, good and bad ones; whoever reads them ahead has to stop where the line ends.
fn lines() -> Vec<Vec<u8>> {
    let good = audit("a", r#","requestObject":{"a":[1,"}\n"]}"#);
    let mut cut = good.clone();
    cut.truncate(120);
    vec![
        format!("{good}\n").into_bytes(),
        format!("{good}\r\n").into_bytes(),
        format!("{good} \n").into_bytes(),
        format!("{good}{good}\n").into_bytes(),
        format!("{good},\n").into_bytes(),
        format!(" {good}\n").into_bytes(),
        format!("[{good},{good}]\n").into_bytes(),
        format!("{cut}\n").into_bytes(),
        good.replacen(',', ",\n", 2).into_bytes(),
        good.replace("create", "cre\nate").into_bytes(),
        b"{\"kind\":\"Event\",\"auditID\":\"\xff\"}\n".to_vec(),
        format!("{}\n", audit("long", &format!(r#","pad":"{}""#, "x".repeat(70_000)))).into_bytes(),
        b"{\n".to_vec(),
        b"}\n".to_vec(),
        b"\"}\n".to_vec(),
        b"\n".to_vec(),
        b"2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 7 8 1 2 ACCEPT OK\n".to_vec(),
    ]
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 300, failure_persistence: None, ..proptest::prelude::ProptestConfig::default()
    })]

    #[test]
    fn what_is_in_a_stream_does_not_depend_on_how_much_of_it_is_at_hand(
        picked in proptest::collection::vec(0usize..17, 1..12)
    ) {
        let loaded = rule("k8s_audit", "ka.verb = create", "id=%ka.auditid");
        let lines = lines();
        let bytes: Vec<u8> = picked.iter().flat_map(|at| lines[*at].clone()).collect();
        let read = |chunk: usize| {
            let options = StreamOptions { matching: RuleMatching::All, ..StreamOptions::default() };
            let mut stream = Stream::new(&loaded.program, options);
            let mut log = Log::default();
            for chunk in bytes.chunks(chunk) {
                stream.feed(chunk, &mut log);
            }
            stream.finish(&mut log);
            let found: Vec<_> = log.detections.iter().map(|(line, found)| (*line, found.event_number)).collect();
            (found, log.rejects, stream.stats().clone())
        };
        // A line that is no longer than a piece is never at hand as a whole.
        let expected = read(31);
        for chunk in [1 << 20, 1 << 16, 300] {
            proptest::prop_assert_eq!(&read(chunk), &expected, "{}", chunk);
        }
    }
}

#[test]
fn the_time_in_digits_is_compared_as_a_text() {
    let time = "1767323045500000000";
    let holds = |condition: &str, event: &str| {
        !run(&rule("k8s_audit", condition, "o"), event.as_bytes()).detections.is_empty()
    };
    let event = audit("a", "");
    assert!(holds(&format!("jevt.rawtime = {time}"), &event));
    assert!(holds("jevt.rawtime != 0 and not jevt.rawtime = 0", &event));
    assert!(!holds(&format!("jevt.rawtime != {time}"), &event));
    for other in ["0", "00", "-0", "0x0"] {
        assert!(!holds(&format!("jevt.rawtime = '{other}'"), &event), "{other}");
    }
    for same_number in [format!("0{time}"), format!("'+{time}'")] {
        assert!(!holds(&format!("jevt.rawtime = {same_number}"), &event), "{same_number}");
        assert!(holds(&format!("jevt.rawtime != {same_number}"), &event), "{same_number}");
    }
    let epoch = event.replace("2026-01-02T03:04:05.5Z", "1970-01-01T00:00:00Z");
    assert!(holds("jevt.rawtime = 0", &epoch));
    // What another sensor reported has the time of its report.
    let reported = r#"{"rule":"r","source":"k8s_audit","time":"2026-01-02T03:04:05.5Z","output":"o","output_fields":{}}"#;
    assert!(holds(&format!("jevt.rawtime = {time}"), reported) && !holds("jevt.rawtime = 0", reported));
}

#[test]
fn events_of_a_file_that_was_cut_off_are_held_against_the_rules() {
    let trail = rule("aws_cloudtrail", "ct.name = StopLogging", "id=%ct.id");
    let record = |id: &str| {
        format!(
            r#"{{"eventTime":"2026-01-02T03:04:05Z","eventID":"{id}","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","x":"{{["}}"#
        )
    };
    let whole = format!(r#"{{"Records":[{},{}, {}]}}"#, record("a"), record("b"), record("c"));
    let end_of_b = whole.rfind(", ").unwrap();
    for end in [end_of_b, end_of_b + 1, end_of_b + 40, whole.len() - 3] {
        let log = run(&trail, &whole.as_bytes()[..end]);
        assert_eq!(log.messages(), ["id=a", "id=b"], "{end}");
        assert_eq!(log.rejects, [(1, RejectReason::Truncated)], "{end}");
    }
    // The last record is whole, what holds it is not.
    assert_eq!(run(&trail, &whole.as_bytes()[..whole.len() - 2]).messages(), ["id=a", "id=b", "id=c"]);
    // Over several lines, with more in front of the list.
    let lines = whole.replace(",{", ",\n {").replacen('{', "{\n \"fileVersion\": 1,\n ", 1);
    let log = run(&trail, &lines.as_bytes()[..lines.len() - 20]);
    assert_eq!(log.messages(), ["id=a", "id=b"]);
    assert_eq!(log.rejects, [(1, RejectReason::Truncated)]);
    let audits = rule("k8s_audit", "ka.verb = create", "id=%ka.auditid");
    let list = format!(r#"{{"kind":"EventList","items":[{},{}]}}"#, audit("a", ""), audit("b", ""));
    for (list, expected) in [(list.as_str(), vec!["id=a"]), (&list[list.find('[').unwrap()..], vec!["id=a"])]
    {
        assert_eq!(run(&audits, &list.as_bytes()[..list.len() - 9]).messages(), expected);
    }
    // Lists of other things hold no events.
    let other = format!(r#"{{"kind":"PodList","items":[{},{}]}}"#, audit("a", ""), audit("b", ""));
    assert!(run(&audits, &other.as_bytes()[..other.len() - 9]).messages().is_empty());
}
