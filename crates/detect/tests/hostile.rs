//! The same mistakes in the events of every source: each is counted by its reason with its line, and what stands before and
//! behind it is held against the rules.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_detect::decode::{Reject, RejectReason};
use haechi_detect::rules::{Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;

struct Source {
    name: &'static str,
    /// A rule's condition that every good event meets.
    condition: &'static str,
    /// An event on one line: `@at` is its time, `@id` its identity.
    event: &'static str,
    /// What the time is in the event, today and in 150 years.
    times: [&'static str; 2],
    /// How an event of the time of reading says nothing of it.
    no_time: (&'static str, &'static str),
    /// A known value, and one that its format does not have.
    unknown: Option<(&'static str, &'static str)>,
}

const ISO: [&str; 2] = ["2026-01-02T03:04:05Z", "2176-01-02T03:04:05Z"];

const SOURCES: [Source; 8] = [
    Source {
        name: "k8s_audit",
        condition: "ka.verb = create",
        event: r#"{"kind":"Event","auditID":"@id","stage":"ResponseComplete","verb":"create","stageTimestamp":"@at"}"#,
        times: ISO,
        no_time: ("stageTimestamp", "stageTime"),
        unknown: Some(("ResponseComplete", "ResponseFinished")),
    },
    Source {
        name: "aws_cloudtrail",
        condition: "ct.name = ConsoleLogin",
        event: r#"{"eventVersion":"1.08","eventTime":"@at","eventID":"@id","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn","eventCategory":"Management"}"#,
        times: ISO,
        no_time: ("eventTime", "eventTme"),
        unknown: Some((r#":"Management""#, r#":"Managment""#)),
    },
    Source {
        name: "aws_guardduty",
        condition: "guardduty.severity >= 7",
        event: r#"{"schemaVersion":"2.0","partition":"aws","service":{},"id":"@id","type":"Kubernetes:X","severity":8.1,"updatedAt":"@at"}"#,
        times: ISO,
        no_time: ("updatedAt", "updated"),
        // Its types and actions are an open list.
        unknown: None,
    },
    Source {
        name: "aws_securityhub",
        condition: "securityhub.id exists",
        event: r#"{"SchemaVersion":"2018-10-08","ProductArn":"a","Id":"@id","Severity":{"Label":"HIGH"},"RecordState":"ACTIVE","Workflow":{"Status":"NEW"},"UpdatedAt":"@at"}"#,
        times: ISO,
        no_time: ("UpdatedAt", "Updated"),
        unknown: Some(("HIGH", "HIGHER")),
    },
    Source {
        name: "aws_inspector",
        condition: "inspector.arn exists",
        event: r#"{"findingArn":"@id","inspectorScore":9.8,"severity":"CRITICAL","status":"ACTIVE","updatedAt":"@at"}"#,
        times: ISO,
        no_time: ("updatedAt", "updated"),
        unknown: Some(("CRITICAL", "WORSE")),
    },
    Source {
        name: "aws_config",
        condition: "awsconfig.resourcetype = AWS::S3::Bucket",
        event: r#"{"configurationItemStatus":"OK","resourceId":"@id","resourceType":"AWS::S3::Bucket","configurationItemCaptureTime":"@at"}"#,
        times: ISO,
        no_time: ("CaptureTime", "Captured"),
        unknown: Some((r#""OK""#, r#""Fine""#)),
    },
    Source {
        name: "syscall",
        condition: "evt.type = execve",
        event: r#"{"rule":"@id","priority":"Error","source":"syscall","time":"@at","output":"o","output_fields":{"evt.type":"execve"}}"#,
        times: ISO,
        no_time: ("\"time\"", "\"tim\""),
        unknown: Some((r#""Error""#, r#""Terrible""#)),
    },
    Source {
        name: "aws_vpcflow",
        condition: "vpcflow.action = REJECT or vpcflow.action = MAYBE",
        event: "2 @id eni-1 203.0.113.12 172.31.16.139 49761 22 6 20 4249 @at 1418530070 REJECT OK",
        times: ["1418530010", "6500000000"],
        no_time: ("@at 1418530070", "- -"),
        unknown: Some(("REJECT", "MAYBE")),
    },
];

impl Source {
    fn event(&self, id: &str) -> String {
        self.event.replace("@id", id).replace("@at", self.times[0])
    }

    fn is_json(&self) -> bool {
        self.event.starts_with('{')
    }
}

#[derive(Default)]
struct Log {
    lines: Vec<u64>,
    rejects: Vec<(u64, RejectReason)>,
}

impl Report for Log {
    fn detection(&mut self, _: Detection, line: u64) {
        self.lines.push(line);
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push((reject.line, reject.reason));
    }
}

fn run(source: &Source, bytes: &[u8], chunk: usize) -> Log {
    let rule = format!(
        "- rule: r\n  desc: d\n  condition: {}\n  output: o\n  priority: INFO\n  source: {}\n",
        source.condition, source.name
    );
    let loaded = load(&[RuleFile { name: "r.yaml", bytes: rule.as_bytes() }], &Options::default());
    assert!(loaded.results[0].is_successful(), "{}", loaded.results[0].verbose());
    let options = StreamOptions { now_ns: Some(1_800_000_000_000_000_000), ..StreamOptions::default() };
    let mut stream = Stream::new(&loaded.program, options);
    let mut log = Log::default();
    for piece in bytes.chunks(chunk) {
        stream.feed(piece, &mut log);
    }
    stream.finish(&mut log);
    log
}

#[test]
fn each_mistake_is_told_with_its_line_and_hides_nothing() {
    for source in &SOURCES {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut matched = Vec::new();
        let mut rejected = Vec::new();
        let mut add = |line: Vec<u8>, is_matched: bool, reason: Option<RejectReason>| {
            lines.push(line);
            let number = u64::try_from(lines.len()).unwrap();
            matched.extend(is_matched.then_some(number));
            rejected.extend(reason.map(|reason| (number, reason)));
        };
        add(source.event("a").into_bytes(), true, None);
        // Cut off in the middle of a word.
        let whole = source.event("cut");
        let cut = whole.len() * 2 / 3;
        let reason = if source.is_json() { RejectReason::Truncated } else { RejectReason::Malformed };
        add(whole.as_bytes()[..cut].to_vec(), false, Some(reason));
        add(source.event("b").into_bytes(), true, None);
        let mut wrong = source.event("\u{1}").into_bytes();
        wrong.iter_mut().filter(|byte| **byte == 1).for_each(|byte| *byte = 0xff);
        add(wrong, false, Some(RejectReason::InvalidUtf8));
        let later = source.event.replace("@id", "later").replace("@at", source.times[1]);
        add(later.into_bytes(), false, Some(RejectReason::FutureTime));
        let (from, to) = source.no_time;
        let timeless = source.event.replace(from, to).replace("@id", "x").replace("@at", source.times[0]);
        // Without times it is not the form of version 2 any more.
        let reason = if source.is_json() { RejectReason::NoTime } else { RejectReason::UnknownColumns };
        add(timeless.into_bytes(), false, Some(reason));
        if source.is_json() {
            let twice = source.event("c").replacen(':', "::", 1);
            add(twice.into_bytes(), false, Some(RejectReason::Malformed));
        }
        if let Some((known, unknown)) = source.unknown
            && source.is_json()
        {
            // It is held against the rules all the same.
            let event = source.event("unknown").replacen(known, unknown, 1);
            lines.push(event.into_bytes());
            let number = u64::try_from(lines.len()).unwrap();
            matched.push(number);
            rejected.push((number, RejectReason::UnknownValue));
        }
        lines.push(source.event("z").into_bytes());
        matched.push(u64::try_from(lines.len()).unwrap());
        let bytes = lines.join(b"\n".as_slice());
        for chunk in [usize::MAX, 64, 1] {
            let log = run(source, &bytes, chunk);
            assert_eq!(log.rejects, rejected, "{} {chunk}", source.name);
            assert_eq!(log.lines, matched, "{} {chunk}", source.name);
        }
    }
}

#[test]
fn an_unknown_action_of_a_flow_log_with_a_header_is_told() {
    let flows = SOURCES.iter().find(|source| source.name == "aws_vpcflow").unwrap();
    let log =
        b"version action start\n2 REJECT 1418530010\n2 MAYBE 1418530010\n2 REJECT -\n2 REJECT 1418530010\n";
    let log = run(flows, log, 7);
    assert_eq!(log.lines, [2, 3, 5]);
    assert_eq!(log.rejects, [(3, RejectReason::UnknownValue), (4, RejectReason::NoTime)]);
}

#[test]
fn an_event_of_twenty_megabytes_is_read_of_every_source() {
    for source in SOURCES.iter().filter(|source| source.is_json()) {
        let pad = format!(r#","pad":["{}",{{"deep":[1,2,3]}}]}}"#, "x".repeat(20 << 20));
        let large = source.event("large");
        let bytes = format!("{}{pad}\n{}\n", large.strip_suffix('}').unwrap(), source.event("next"));
        let log = run(source, bytes.as_bytes(), 1 << 18);
        assert_eq!(log.lines, [1, 2], "{}", source.name);
        assert!(log.rejects.is_empty(), "{}", source.name);
    }
}
