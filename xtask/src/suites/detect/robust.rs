//! Corpora without answers about rules: every event of them is read, and nothing else is taken for one.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use haechi_detect::decode::{FlowColumns, Format, Reject, RejectReason};
use haechi_detect::fields::Source;
use haechi_detect::program::RuleMatching;
use haechi_detect::rules::{Loaded, Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;
use haechi_syntax::{Limits, Node, Value, parse_yaml};
use serde_json::{Value as Json, json};

use super::{case_name, files_below, read_json};
use crate::conformance::{Outcome, Suite};

pub(crate) const VPC_FLOW: Suite = Suite { name: "detect/vpcflow", needs: "detect/vpcflow", run: vpc_flow };

pub(crate) const STRATUS: Suite =
    Suite { name: "detect/stratus-cloudtrail", needs: "detect/stratus-cloudtrail", run: stratus };

pub(crate) const INVICTUS: Suite =
    Suite { name: "detect/invictus-cloudtrail", needs: "detect/invictus-cloudtrail", run: invictus };

pub(crate) const EVENT_GENERATOR: Suite =
    Suite { name: "detect/event-generator", needs: "detect/event-generator", run: event_generator };

pub(crate) const SCAP: Suite = Suite { name: "detect/scap", needs: "detect/scap", run: scap };

const SHIPPED: &str = "detect/falco-rules-shipped";

#[derive(Default)]
struct Seen {
    detections: Vec<Detection>,
    rejects: Vec<Reject>,
}

impl Report for Seen {
    fn detection(&mut self, detection: Detection, _line: u64) {
        self.detections.push(detection);
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push(reject);
    }
}

impl Seen {
    /// What went wrong, if other than `expected` events were read.
    fn difference(&self, events: u64, expected: usize) -> Option<String> {
        let is_right = usize::try_from(events) == Ok(expected) && self.rejects.is_empty();
        (!is_right).then(|| format!("{events} events of {expected}, refused: {:?}", self.rejects))
    }
}

fn run(loaded: &Loaded, bytes: &[u8], format: Format, columns: Option<FlowColumns>) -> (u64, Seen) {
    let options = StreamOptions { format, matching: RuleMatching::All, ..StreamOptions::default() };
    let mut stream = Stream::new(&loaded.program, options);
    if let Some(columns) = columns {
        stream = stream.with_flow_columns(columns);
    }
    let mut seen = Seen::default();
    stream.feed(bytes, &mut seen);
    stream.finish(&mut seen);
    (stream.stats().events, seen)
}

// Flow logs.

/// The formats of the corpus' lines, as AWS documents these examples: version, number of columns, definition.
const FLOW_FORMATS: [(&str, usize, &str); 5] = [
    (
        "2",
        14,
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
         log-status",
    ),
    (
        "3",
        17,
        "version interface-id account-id vpc-id subnet-id instance-id srcaddr dstaddr srcport dstport protocol tcp-flags \
         type pkt-srcaddr pkt-dstaddr action log-status",
    ),
    (
        "3",
        21,
        "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr \
         pkt-dstaddr protocol bytes packets start end action tcp-flags log-status",
    ),
    (
        "5",
        29,
        "version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id vpc-id subnet-id \
         instance-id interface-id region az-id sublocation-type sublocation-id action tcp-flags pkt-srcaddr pkt-dstaddr \
         pkt-src-aws-service pkt-dst-aws-service traffic-path flow-direction log-status",
    ),
    (
        "7",
        20,
        "version srcaddr dstaddr srcport dstport protocol start end action log-status ecs-cluster-arn ecs-cluster-name \
         ecs-container-instance-arn ecs-container-instance-id ecs-container-id ecs-second-container-id \
         ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id",
    ),
];

const FLOW_RULE: &str = "
- rule: read
  desc: a column has what it should have
  condition: >
    vpcflow.logstatus in (OK, NODATA, SKIPDATA) and (vpcflow.logstatus = NODATA or vpcflow.logstatus = SKIPDATA or
    (vpcflow.srcaddr exists and vpcflow.dstaddr exists and vpcflow.dstport exists and vpcflow.action in (ACCEPT, REJECT)))
  output: read
  priority: INFO
  source: aws_vpcflow
";

fn vpc_flow(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(VPC_FLOW.needs);
    let loaded = load(&[RuleFile { name: "read.yaml", bytes: FLOW_RULE.as_bytes() }], &Options::default());
    for path in files_below(&folder, "log")? {
        let text = std::fs::read_to_string(&path)?;
        for (at, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
            let name = format!("{}:{}", case_name(&folder, &path), at + 1);
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let format = FLOW_FORMATS
                .iter()
                .find(|(version, count, _)| words.first() == Some(version) && words.len() == *count);
            let Some((version, _, columns)) = format else {
                outcome.judge(name, Some(format!("no documented format has these columns: {line}")));
                continue;
            };
            let columns = FlowColumns::parse(columns)?;
            let (events, seen) = run(&loaded, line.as_bytes(), Format::VpcFlow, Some(columns));
            let mut difference = seen.difference(events, 1);
            if seen.detections.len() != 1 {
                difference.get_or_insert_with(|| "a column has not what it should have".into());
            }
            // Without its columns, a line of a later version is refused, not guessed at.
            let (_, alone) = run(&loaded, line.as_bytes(), Format::Detect, None);
            let is_refused = alone.rejects.iter().any(|reject| reject.reason == RejectReason::UnknownColumns);
            if is_refused != (*version != "2") {
                difference.get_or_insert_with(|| format!("without its columns: {:?}", alone.rejects));
            }
            outcome.judge(name, difference);
        }
    }
    Ok(outcome)
}

// CloudTrail.

fn stratus(root: &Path) -> Result<Outcome> {
    cloud_trail(root, STRATUS.needs)
}

fn invictus(root: &Path) -> Result<Outcome> {
    cloud_trail(root, INVICTUS.needs)
}

fn cloud_trail(root: &Path, needs: &str) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(needs);
    let rules = std::fs::read(root.join(SHIPPED).join("plugins/aws_cloudtrail_rules.yaml"))?;
    let loaded = load(&[RuleFile { name: "aws_cloudtrail_rules.yaml", bytes: &rules }], &Options::default());
    for path in files_below(&folder, "json")? {
        let bytes = std::fs::read(&path)?;
        let json = read_json(&path)?;
        let records = json.get("Records").unwrap_or(&json);
        let expected = records.as_array().map_or(1, Vec::len);
        let (events, seen) = run(&loaded, &bytes, Format::Detect, None);
        let mut difference = seen.difference(events, expected);
        // The same records, each on a line of its own and without blanks, give the same.
        let lines: String =
            records.as_array().into_iter().flatten().map(|record| format!("{record}\n")).collect();
        if records.is_array() {
            let (_, again) = run(&loaded, lines.as_bytes(), Format::Json(Source::CLOUDTRAIL), None);
            let messages = |seen: &Seen| -> Vec<String> {
                seen.detections.iter().map(|detection| detection.message.clone()).collect()
            };
            if messages(&again) != messages(&seen) {
                difference.get_or_insert_with(|| "one record a line gives other detections".into());
            }
        }
        outcome.judge(case_name(&folder, &path), difference);
    }
    Ok(outcome)
}

// Falco's event generator.

fn event_generator(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(EVENT_GENERATOR.needs);
    let read = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        Ok::<_, anyhow::Error>((path.display().to_string(), bytes))
    };
    let audit = vec![read(root.join(SHIPPED).join("plugins/k8s_audit_rules.yaml"))?];
    let audit = load_all(&audit);
    for path in files_below(&folder, "yaml")? {
        let bytes = std::fs::read(&path)?;
        let parsed = parse_yaml(&bytes, &Limits::default());
        let Some(object) = parsed.documents.first().map(|document| to_json(document.root())) else {
            outcome.judge(case_name(&folder, &path), Some("no object".into()));
            continue;
        };
        let label =
            object.pointer("/metadata/labels/falco.org~1rule").and_then(Json::as_str).unwrap_or_default();
        let events = creations(&object);
        let bytes = events.iter().map(|event| format!("{event}\n")).collect::<String>();
        let (count, seen) = run(&audit, bytes.as_bytes(), Format::Detect, None);
        let names: Vec<&str> = seen.detections.iter().map(|detection| &*detection.rule).collect();
        let mut difference = seen.difference(count, events.len());
        if !names.iter().any(|name| plain(name) == plain(label)) {
            difference.get_or_insert_with(|| format!("no `{label}` among {names:?}"));
        }
        outcome.judge(case_name(&folder, &path), difference);
    }
    let syscall = files_below(&root.join(SHIPPED).join("syscall"), "yaml")?;
    let mut files = syscall.into_iter().map(read).collect::<Result<Vec<_>>>()?;
    // The stable rules first: the others use their macros.
    files.sort_by_key(|(name, _)| (!name.ends_with("falco_rules.yaml"), name.clone()));
    let usable: BTreeSet<String> =
        load_all(&files).rules.iter().filter(|rule| rule.is_usable).map(|rule| plain(&rule.name)).collect();
    let actions = read_json(&folder.join("actions.json"))?;
    for action in actions.get("syscall").and_then(Json::as_array).into_iter().flatten() {
        let name = action.get("action").and_then(Json::as_str).unwrap_or_default();
        let rule = plain(name.trim_start_matches("syscall."));
        if usable.contains(&rule) {
            outcome.judge(name, None);
        } else {
            outcome.apart.push((name.to_owned(), "no shipped rule is called as this action".into()));
        }
    }
    Ok(outcome)
}

fn load_all(files: &[(String, Vec<u8>)]) -> Loaded {
    let files: Vec<RuleFile<'_>> = files.iter().map(|(name, bytes)| RuleFile { name, bytes }).collect();
    load(&files, &Options::default())
}

/// Letters and digits only.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// The audit events of creating an object, and of the Pod that comes of it.
fn creations(object: &Json) -> Vec<Json> {
    let mut objects = vec![object.clone()];
    if let Some(template) = object.pointer("/spec/template") {
        let mut pod = template.clone();
        if let Some(pod) = pod.as_object_mut() {
            pod.insert("kind".into(), "Pod".into());
        }
        objects.push(pod);
    }
    let event = |(at, object): (usize, &Json)| {
        let kind = object.get("kind").and_then(Json::as_str).unwrap_or_default().to_lowercase();
        json!({
            "kind": "Event", "auditID": format!("{at}"), "stage": "ResponseComplete", "verb": "create",
            "user": { "username": "falco-event-generator" },
            "objectRef": { "resource": format!("{kind}s"), "namespace": "default", "name": object.pointer("/metadata/name") },
            "responseStatus": { "code": 201 }, "requestObject": object,
            "stageTimestamp": "2026-01-02T03:04:05Z",
        })
    };
    objects.iter().enumerate().map(event).collect()
}

fn to_json(node: Node<'_>) -> Json {
    match node.value() {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int(number) => number.into(),
        Value::Uint(number) => number.into(),
        Value::Float(number) => number.into(),
        Value::String(text) => text.into(),
        Value::Sequence(items) => items.map(to_json).collect(),
        Value::Mapping(entries) => {
            Json::Object(entries.map(|entry| (entry.key.to_owned(), to_json(entry.value))).collect())
        }
    }
}

// Kernel captures.

/// Falco's own rules are held against the captures: all of their fields are asked for.
fn scap(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(SCAP.needs);
    let mut rules = vec![("read.yaml".to_owned(), CAPTURE_RULE.as_bytes().to_vec())];
    for path in files_below(&root.join(SHIPPED).join("syscall"), "yaml")? {
        rules.push((case_name(root, &path), std::fs::read(&path)?));
    }
    let files: Vec<_> = rules.iter().map(|(name, bytes)| RuleFile { name, bytes }).collect();
    let loaded = load(&files, &Options::default());
    for path in files_below(&folder, "scap")? {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(
            &mut flate2::read::MultiGzDecoder::new(std::fs::File::open(&path)?),
            &mut bytes,
        )?;
        let expected = events_in_blocks(&bytes).context("no row of blocks")?;
        let (events, seen) = run(&loaded, &bytes, Format::Detect, None);
        let read = seen.detections.iter().filter(|found| &*found.rule == "read").count();
        let difference = seen.difference(events, expected).or_else(|| {
            (read != expected).then(|| format!("of {expected} events {read} have a type and arguments"))
        });
        outcome.judge(case_name(&folder, &path), difference);
    }
    Ok(outcome)
}

const CAPTURE_RULE: &str = "
- rule: read
  desc: what every event has
  condition: evt.type exists and evt.type != NA and evt.dir exists and evt.args exists
  output: read
  priority: INFO
";

/// How many events the blocks of a capture hold, entries of system calls not counted: counted without the reader.
fn events_in_blocks(bytes: &[u8]) -> Option<usize> {
    let number = |at: usize, width: usize| {
        let bytes = bytes.get(at..at + width)?;
        Some(bytes.iter().rev().fold(0usize, |number, byte| number << 8 | usize::from(*byte)))
    };
    // Events that are no system calls have only an entry.
    const WITHOUT_EXIT: [usize; 6] = [152, 186, 232, 234, 272, 324];
    let (mut at, mut count) = (0, 0);
    while at < bytes.len() {
        let (kind, length) = (number(at, 4)?, number(at + 4, 4)?);
        let header = match kind {
            0x204 | 0x216 | 0x221 => Some(at + 8 + 2),
            0x208 | 0x217 | 0x222 => Some(at + 8 + 2 + 4),
            _ => None,
        };
        if let Some(header) = header {
            let event = number(header + 8 + 8 + 4, 2)?;
            count += usize::from(event % 2 == 1 || WITHOUT_EXIT.contains(&event));
        }
        at += length;
    }
    Some(count)
}
