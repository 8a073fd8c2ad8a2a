//! Detections in the formats of other tools. Both are written as detections come: a stream may never end, and memory
//! stays flat.

use std::collections::BTreeMap;
use std::io::{self, Write};

use haechi_model::{Detection, FieldValue, Priority};
use serde_json::{Map, Value, json};

/// What is told about a rule besides its name.
#[derive(Debug, Clone)]
pub struct DetectionRule {
    /// The name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// How urgent a match is.
    pub priority: Priority,
    /// Its tags.
    pub tags: Vec<String>,
}

/// Writes SARIF 2.1.0: all rules first, then a result for each detection.
#[derive(Debug)]
pub struct SarifDetections {
    index: BTreeMap<String, usize>,
    is_first: bool,
}

impl SarifDetections {
    /// Writes what comes before the first detection.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(version: &str, rules: &[DetectionRule], out: &mut dyn Write) -> io::Result<Self> {
        let list: Vec<Value> = rules.iter().map(sarif_rule).collect();
        let driver = json!({ "name": "Haechi", "semanticVersion": version, "rules": list });
        let schema =
            "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
        writeln!(out, "{{\"$schema\":\"{schema}\",\"version\":\"2.1.0\",\"runs\":[{{")?;
        writeln!(out, "\"tool\":{{\"driver\":{driver}}},")?;
        write!(out, "\"results\":[")?;
        let index = rules.iter().enumerate().map(|(at, rule)| (rule.name.clone(), at)).collect();
        Ok(Self { index, is_first: true })
    }

    /// Writes a detection; the event stands in that file, where it begins on that line (0: the file has none); `time` is when it happened, as
    /// RFC 3339 writes it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn detection(
        &mut self,
        detection: &Detection,
        file: &str,
        line: u64,
        time: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut location = json!({ "artifactLocation": { "uri": uri(file) } });
        if let (1.., Some(location)) = (line, location.as_object_mut()) {
            location.insert("region".into(), json!({ "startLine": line }));
        }
        let mut result = json!({
            "ruleId": &*detection.rule,
            "level": sarif_level(detection.priority),
            // Words of an event must not become a link on the page that shows it.
            "message": { "text": detection.message.replace("](", "] (") },
            "locations": [{ "physicalLocation": location }],
            "properties": {
                "source": &*detection.source,
                "priority": detection.priority.as_str(),
                "time": time,
                "tags": &*detection.tags,
                "fields": fields(detection),
            },
        });
        if let (Some(at), Some(result)) = (self.index.get(&*detection.rule), result.as_object_mut()) {
            result.insert("ruleIndex".into(), (*at).into());
        }
        if let (Some(id), Some(result)) = (&detection.event_id, result.as_object_mut()) {
            result.insert("partialFingerprints".into(), json!({ "haechiEventId/v1": id }));
        }
        writeln!(out, "{}", if self.is_first { "" } else { "," })?;
        self.is_first = false;
        write!(out, "{result}")
    }

    /// Writes the end: whether all could be read, and what could not.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(self, problems: &[String], out: &mut dyn Write) -> io::Result<()> {
        let notifications: Vec<Value> =
            problems.iter().map(|text| json!({ "level": "error", "message": { "text": text } })).collect();
        let invocation = json!({
            "executionSuccessful": problems.is_empty(),
            "toolExecutionNotifications": notifications,
        });
        writeln!(out, "\n],")?;
        writeln!(out, "\"columnKind\":\"unicodeCodePoints\",\"invocations\":[{invocation}]}}]}}")
    }
}

fn sarif_rule(rule: &DetectionRule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.name },
        "fullDescription": { "text": if rule.description.is_empty() { &rule.name } else { &rule.description } },
        "defaultConfiguration": { "level": sarif_level(rule.priority) },
        "properties": { "tags": rule.tags, "priority": rule.priority.as_str() },
    })
}

const fn sarif_level(priority: Priority) -> &'static str {
    match priority {
        Priority::Emergency | Priority::Alert | Priority::Critical | Priority::Error => "error",
        Priority::Warning => "warning",
        Priority::Notice | Priority::Informational | Priority::Debug => "note",
    }
}

/// A path as a reference: what must not stand in one is written as `%41`.
fn uri(path: &str) -> String {
    let path = if path == "-" { "stdin" } else { path };
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'\\' => out.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn fields(detection: &Detection) -> Value {
    Value::Object(
        detection.fields.iter().map(|(name, value)| (name.clone(), field(value))).collect::<Map<_, _>>(),
    )
}

fn field(value: &FieldValue) -> Value {
    match value {
        FieldValue::Null => Value::Null,
        FieldValue::Bool(value) => (*value).into(),
        FieldValue::Unsigned(number) => (*number).into(),
        FieldValue::Signed(number) => (*number).into(),
        FieldValue::Float(number) => (*number).into(),
        FieldValue::Text(text) => text.clone().into(),
        FieldValue::List(items) => Value::Array(items.iter().map(field).collect()),
    }
}

/// Writes a detection as an event of the Open Cybersecurity Schema Framework, class Detection Finding (2004): one line
/// of JSON.
///
/// <https://schema.ocsf.io/1.5.0/classes/detection_finding>
///
/// # Errors
/// Those of `out`.
pub fn write_ocsf_detection(
    detection: &Detection,
    rule: Option<&DetectionRule>,
    version: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let time_ms = detection.time_ns / 1_000_000;
    let (severity_id, severity) = ocsf_severity(detection.priority);
    let event = match &detection.event_id {
        Some(id) => id.clone(),
        None => format!("{}/{}", detection.time_ns, detection.event_number),
    };
    let mut info = json!({
        "uid": format!("{}/{}/{event}", detection.source, detection.rule),
        "title": &*detection.rule,
        "types": &*detection.tags,
        "created_time": time_ms,
        "analytic": { "name": &*detection.rule, "type_id": 1, "type": "Rule" },
        "product": { "name": "Haechi", "vendor_name": "Haechi", "version": version },
    });
    let attacks: Vec<Value> = detection.tags.iter().filter_map(|tag| technique(tag)).collect();
    if let Some(info) = info.as_object_mut() {
        if let Some(description) = rule.map(|rule| &rule.description).filter(|text| !text.is_empty()) {
            info.insert("desc".into(), description.clone().into());
        }
        if !attacks.is_empty() {
            info.insert("attacks".into(), attacks.into());
        }
    }
    let object = json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200_401,
        "type_name": "Detection Finding: Create",
        "time": time_ms,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "message": detection.message,
        "metadata": {
            "version": "1.5.0",
            "product": { "name": "Haechi", "vendor_name": "Haechi", "version": version },
            "log_name": &*detection.source,
        },
        "finding_info": info,
        "evidences": [{ "data": fields(detection) }],
    });
    writeln!(out, "{object}")
}

const fn ocsf_severity(priority: Priority) -> (u8, &'static str) {
    match priority {
        Priority::Emergency => (6, "Fatal"),
        Priority::Alert | Priority::Critical => (5, "Critical"),
        Priority::Error => (4, "High"),
        Priority::Warning => (3, "Medium"),
        Priority::Notice => (2, "Low"),
        Priority::Informational | Priority::Debug => (1, "Informational"),
    }
}

/// A tag that names a technique of MITRE ATT&CK: `T1078` or `T1078.004`.
fn technique(tag: &str) -> Option<Value> {
    let digits = tag.strip_prefix('T')?;
    let (number, sub) = digits.split_once('.').map_or((digits, None), |(number, sub)| (number, Some(sub)));
    let is = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is(number, 4) || sub.is_some_and(|sub| !is(sub, 3)) {
        return None;
    }
    let mut attack = json!({ "technique": { "uid": format!("T{number}") } });
    if let (Some(_), Some(attack)) = (sub, attack.as_object_mut()) {
        attack.insert("sub_technique".into(), json!({ "uid": tag }));
    }
    Some(attack)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detection() -> Detection {
        Detection {
            rule: "Secret read".into(),
            source: "k8s_audit".into(),
            priority: Priority::Warning,
            tags: vec!["T1552.007".to_owned(), "k8s".to_owned()].into(),
            time_ns: 1_470_327_477_881_781_397,
            event_number: 7,
            event_id: Some("0f1e/ResponseComplete".into()),
            namespace: None,
            resource: None,
            message: "secret read [here](http://x)".into(),
            fields: vec![("ka.user.name".into(), FieldValue::Text("alice".into()))],
        }
    }

    fn rule() -> DetectionRule {
        DetectionRule {
            name: "Secret read".into(),
            description: "Somebody reads a Secret.".into(),
            priority: Priority::Warning,
            tags: vec!["k8s".into()],
        }
    }

    fn sarif(detections: &[Detection], problems: &[String]) -> Value {
        let mut out = Vec::new();
        let mut writer = SarifDetections::begin("0.1.0", &[rule()], &mut out).unwrap();
        for detection in detections {
            writer
                .detection(detection, "logs/audit 1.jsonl", 12, "2016-08-04T16:17:57.881781397Z", &mut out)
                .unwrap();
        }
        writer.end(problems, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn sarif_names_rule_file_and_line() {
        let log = sarif(&[detection(), detection()], &[]);
        let result = &log["runs"][0]["results"][1];
        assert_eq!(result["ruleIndex"], 0);
        assert_eq!(result["message"]["text"], "secret read [here] (http://x)");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "logs/audit%201.jsonl");
        assert_eq!(place["region"]["startLine"], 12);
        assert_eq!(result["properties"]["time"], "2016-08-04T16:17:57.881781397Z");
        assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
    }

    #[test]
    fn sarif_without_detections_tells_what_could_not_be_read() {
        let log = sarif(&[], &["x:1: cut off".into()]);
        assert_eq!(log["runs"][0]["results"], json!([]));
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["toolExecutionNotifications"][0]["message"]["text"], "x:1: cut off");
    }

    #[test]
    fn ocsf_has_what_its_class_requires() {
        let mut out = Vec::new();
        write_ocsf_detection(&detection(), Some(&rule()), "0.1.0", &mut out).unwrap();
        let event: Value = serde_json::from_slice(&out).unwrap();
        for key in [
            "activity_id",
            "category_uid",
            "class_uid",
            "finding_info",
            "metadata",
            "severity_id",
            "time",
            "type_uid",
        ] {
            assert!(!event[key].is_null(), "{key}");
        }
        assert_eq!(event["type_uid"].as_u64(), Some(event["class_uid"].as_u64().unwrap() * 100 + 1));
        assert_eq!(event["time"], 1_470_327_477_881_u64);
        assert_eq!(event["finding_info"]["uid"], "k8s_audit/Secret read/0f1e/ResponseComplete");
        assert!(event["metadata"]["version"].is_string() && event["metadata"]["product"].is_object());
        assert_eq!(
            event["finding_info"]["attacks"],
            json!([{ "technique": { "uid": "T1552" }, "sub_technique": { "uid": "T1552.007" } }])
        );
        assert_eq!(event["evidences"][0]["data"]["ka.user.name"], "alice");
    }

    #[test]
    fn tags_that_are_no_technique_are_left_alone() {
        for tag in ["T1", "T12345", "T1552.7", "mitre_execution", "TLSv1"] {
            assert_eq!(technique(tag), None, "{tag}");
        }
    }
}
