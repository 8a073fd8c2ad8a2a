//! Events per second of one core, parsing included: time on the processor is counted, so that what else runs on the
//! machine matters less.
//!
//! Which events a figure is for: `audit/quiet` is at level Metadata, as most of a log is (about 870 bytes);
//! `audit/recorded-unmatched` is at level RequestResponse, with whole objects in it (about 2,200 bytes), as far as no rule
//! matches: once as long as it was recorded, and once too long for the processor's caches (a service reads what it has just
//! received); `audit/recorded` is all of that recording, five in eight of which match, told once each although it is repeated;
//! of `cloudtrail/mixed` a quarter matches.
//! What instructions the machine has decides much: they are chosen when the program runs.
//!
//! With `$HAECHI_CONFORMANCE` (or `../shared/conformance` beside the project) the rules are those that Falco's
//! plugins ship and the events are recorded ones; without, both are small samples made here.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test or benchmark fails by panicking"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use haechi_detect::decode::Reject;
use haechi_detect::rules::{Loaded, Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;

/// Time that the thread was on a processor.
struct OnProcessor;

impl Measurement for OnProcessor {
    type Intermediate = ThreadTime;
    type Value = Duration;

    fn start(&self) -> ThreadTime {
        ThreadTime::now()
    }

    fn end(&self, start: ThreadTime) -> Duration {
        start.elapsed()
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

#[derive(Default)]
struct Count(u64, u64);

impl Report for Count {
    fn detection(&mut self, detection: Detection, _line: u64) {
        black_box(&detection);
        self.0 += 1;
    }

    fn reject(&mut self, _reject: Reject) {
        self.1 += 1;
    }
}

fn corpora() -> Option<PathBuf> {
    let root = std::env::var_os("HAECHI_CONFORMANCE").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/conformance")),
        PathBuf::from,
    );
    root.join("detect").exists().then(|| root.join("detect"))
}

fn rules(file: &str, sample: &str) -> Loaded {
    let bytes = corpora()
        .and_then(|root| std::fs::read(root.join("falco-rules-shipped/plugins").join(file)).ok())
        .unwrap_or_else(|| sample.as_bytes().to_vec());
    load(&[RuleFile { name: file, bytes: &bytes }], &Options::default())
}

const AUDIT_SAMPLE: &str = "
- rule: secret read
  desc: sample
  condition: ka.verb in (get, list) and ka.target.resource = secrets and not ka.user.name startswith system:
  output: secret read by %ka.user.name
  priority: INFO
  source: k8s_audit
";

const TRAIL_SAMPLE: &str = "
- rule: login
  desc: sample
  condition: ct.name = ConsoleLogin and not ct.error exists
  output: login by %ct.user
  priority: INFO
  source: aws_cloudtrail
";

/// Events of a busy, healthy cluster: nobody's rules match them.
fn quiet_audit_events(count: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for index in 0..count {
        let (verb, uri, resource) = match index % 4 {
            0 => ("get", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-17", "leases"),
            1 => ("watch", "/api/v1/pods?allowWatchBookmarks=true&resourceVersion=123456", "pods"),
            2 => {
                ("update", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/controller", "leases")
            }
            _ => ("list", "/api/v1/namespaces/team-a/endpoints?limit=500&resourceVersion=0", "endpoints"),
        };
        let line = format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"0f1e2d3c-4b5a-6978-8796-{index:012}","stage":"ResponseComplete","requestURI":"{uri}","verb":"{verb}","user":{{"username":"system:node:ip-10-0-0-17","groups":["system:nodes","system:authenticated"]}},"sourceIPs":["10.0.0.17"],"userAgent":"kubelet/v1.36.0 (linux/amd64) kubernetes/abcdef0","objectRef":{{"resource":"{resource}","namespace":"kube-node-lease","name":"node-17","uid":"11111111-2222-3333-4444-555555555555","apiGroup":"coordination.k8s.io","apiVersion":"v1","resourceVersion":"123456"}},"responseStatus":{{"metadata":{{}},"code":200}},"requestReceivedTimestamp":"2026-01-02T03:04:05.678901Z","stageTimestamp":"2026-01-02T03:04:05.681234Z","annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}}}"#
        );
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out
}

fn trail_events(count: usize, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for index in 0..count {
        let line = format!(
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE:session","arn":"arn:aws:sts::111122223333:assumed-role/role/session","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/role","accountId":"111122223333","userName":"role"}},"attributes":{{"creationDate":"2026-01-02T03:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-01-02T03:04:05Z","eventSource":"ec2.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-sdk-go/1.44.0 (go1.19; linux; amd64)","requestParameters":{{"instancesSet":{{"items":[{{"instanceId":"i-0123456789abcdef0"}}]}},"filterSet":{{}}}},"responseElements":null,"requestID":"aaaaaaaa-bbbb-cccc-dddd-{index:012}","eventID":"eeeeeeee-ffff-0000-1111-{index:012}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.eu-west-1.amazonaws.com"}}}}"#
        );
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out
}

/// Ten events that the rules are about: what happens to trails, buckets and logins when somebody breaks in.
fn trail_matches() -> Vec<u8> {
    let mut out = Vec::new();
    for (name, source, more) in [
        (
            "StopLogging",
            "cloudtrail",
            r#""requestParameters":{"name":"arn:aws:cloudtrail:eu-west-1:1:trail/t"}"#,
        ),
        ("DeleteTrail", "cloudtrail", r#""requestParameters":{"name":"t"}"#),
        ("UpdateTrail", "cloudtrail", r#""requestParameters":{"name":"t"}"#),
        ("DeleteBucketEncryption", "s3", r#""requestParameters":{"bucketName":"b"}"#),
        ("PutBucketAcl", "s3", r#""requestParameters":{"bucketName":"b"}"#),
        ("DeleteBucketPolicy", "s3", r#""requestParameters":{"bucketName":"b"}"#),
        ("CreateAccessKey", "iam", r#""requestParameters":{"userName":"u"}"#),
        ("CreateHttpApi", "apigateway", r#""requestParameters":null"#),
        (
            "RunInstances",
            "ec2",
            r#""requestParameters":{"instanceType":"t3.large"},"awsRegion":"af-south-1""#,
        ),
        (
            "ConsoleLogin",
            "signin",
            r#""additionalEventData":{"MFAUsed":"No"},"responseElements":{"ConsoleLogin":"Success"}"#,
        ),
    ] {
        let line = format!(
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","userName":"root","accessKeyId":"ASIAEXAMPLE","sessionContext":{{"attributes":{{"creationDate":"2026-01-02T03:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-01-02T03:04:05Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","sourceIPAddress":"198.51.100.7","userAgent":"console.amazonaws.com",{more},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}}"#
        );
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out
}

/// The records of CloudTrail's files, one on each line.
fn records(folder: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    let mut paths: Vec<_> =
        std::fs::read_dir(folder.join("open")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let list = json.get("Records").or(Some(&json)).and_then(serde_json::Value::as_array).cloned();
        for record in list.unwrap_or_else(|| vec![json]) {
            out.extend(serde_json::to_vec(&record).unwrap());
            out.push(b'\n');
        }
    }
    out
}

fn run(loaded: &Loaded, bytes: &[u8]) -> (u64, Count) {
    let mut stream = Stream::new(&loaded.program, StreamOptions::default());
    let mut count = Count::default();
    for chunk in bytes.chunks(1 << 20) {
        stream.feed(chunk, &mut count);
    }
    stream.finish(&mut count);
    (stream.stats().events, count)
}

fn lines_that_match(loaded: &Loaded, bytes: &[u8], wanted: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if (run(loaded, line).1.0 > 0) == wanted {
            out.extend_from_slice(line);
        }
    }
    out
}

fn bench(c: &mut Criterion<OnProcessor>) {
    let audit = rules("k8s_audit_rules.yaml", AUDIT_SAMPLE);
    let trail = rules("aws_cloudtrail_rules.yaml", TRAIL_SAMPLE);
    let mut cases = vec![
        ("audit/quiet", &audit, quiet_audit_events(20_000)),
        ("cloudtrail/quiet", &trail, trail_events(20_000, "DescribeInstances")),
    ];
    if let Some(root) = corpora()
        && let Ok(recorded) = std::fs::read(root.join("audit-labelled/audit.jsonl"))
    {
        cases.push(("audit/recorded-unmatched", &audit, lines_that_match(&audit, &recorded, false)));
        let recorded = recorded.repeat(5);
        cases.push(("audit/recorded-unmatched-cold", &audit, lines_that_match(&audit, &recorded, false)));
        cases.push(("audit/recorded", &audit, recorded));
    }
    if let Some(root) = corpora() {
        let recorded: Vec<u8> = ["invictus-cloudtrail", "stratus-cloudtrail"]
            .iter()
            .flat_map(|name| records(&root.join(name)))
            .collect();
        cases.push(("cloudtrail/recorded", &trail, recorded.repeat(5)));
    }
    let mut mixed = Vec::new();
    for _ in 0..1_000 {
        mixed.extend(trail_events(10, "DescribeInstances"));
        mixed.extend(trail_matches());
    }
    cases.push(("cloudtrail/mixed", &trail, mixed));
    for (name, loaded, bytes) in cases {
        let (events, count) = run(loaded, &bytes);
        eprintln!(
            "{name}: {events} events of {} bytes, {} detections, {} refused",
            bytes.len() as u64 / events.max(1),
            count.0,
            count.1
        );
        let mut group = c.benchmark_group("detect");
        group.throughput(Throughput::Elements(events)).sample_size(20);
        group.bench_function(name, |b| b.iter(|| run(loaded, black_box(&bytes)).0));
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(OnProcessor);
    targets = bench
}
criterion_main!(benches);
