//! Detections as Falco prints them: a line of text, or a line of JSON.

use haechi_model::{Detection, FieldValue};
use serde_json::{Map, Value};

use crate::time;

/// A time as output has it: `2016-08-04T16:17:57.881781397Z`.
pub fn time_text(time_ns: u64) -> String {
    time::iso8601_zulu(time_ns)
}

/// What the output has in it; the defaults are Falco's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputOptions {
    /// Times as ISO 8601 instead of a clock time.
    pub time_iso8601: bool,
    /// JSON has `output`: the line of text.
    pub include_output: bool,
    /// JSON has `tags`.
    pub include_tags: bool,
    /// JSON has `message`: the line of text without time and priority.
    pub include_message: bool,
    /// JSON has `output_fields`.
    pub include_fields: bool,
    /// JSON has `namespace` and `resource`: what the event is about in Kubernetes. Falco's has neither.
    pub include_target: bool,
    /// Who speaks; `hostname` in JSON.
    pub hostname: String,
}

impl Default for OutputOptions {
    fn default() -> Self {
        Self {
            time_iso8601: false,
            include_output: true,
            include_tags: true,
            include_message: false,
            include_fields: true,
            include_target: false,
            hostname: String::new(),
        }
    }
}

impl OutputOptions {
    /// `13:53:31.726060287: Critical Some message (proc=bash)`, without line break; control characters are
    /// escaped as in JSON.
    pub fn text(&self, detection: &Detection) -> String {
        let quoted = Value::String(self.plain(detection)).to_string();
        quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
    }

    fn plain(&self, detection: &Detection) -> String {
        let time = match self.time_iso8601 {
            true => time::iso8601_offset(detection.time_ns),
            false => time::clock(detection.time_ns),
        };
        format!("{time}: {} {}", detection.priority, detection.message)
    }

    /// One JSON object without blanks, keys sorted.
    pub fn json(&self, detection: &Detection) -> String {
        self.value(detection).to_string()
    }

    /// The object of [`OutputOptions::json`].
    pub fn value(&self, detection: &Detection) -> Value {
        let mut object = Map::new();
        let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
        put("hostname", self.hostname.clone().into());
        if self.include_message {
            put("message", detection.message.clone().into());
        }
        if self.include_target {
            if let Some(namespace) = &detection.namespace {
                put("namespace", namespace.clone().into());
            }
            if let Some(resource) = &detection.resource {
                put("resource", serde_json::to_value(resource).unwrap_or_default());
            }
        }
        if self.include_output {
            put("output", self.plain(detection).into());
        }
        if self.include_fields {
            let mut fields: Map<String, Value> =
                detection.fields.iter().map(|(name, value)| (name.clone(), json(value))).collect();
            let time = if self.time_iso8601 { "evt.time.iso8601" } else { "evt.time" };
            fields.insert(time.to_owned(), detection.time_ns.into());
            fields.sort_keys();
            put("output_fields", Value::Object(fields));
        }
        put("priority", detection.priority.as_str().into());
        put("rule", (*detection.rule).into());
        put("source", (*detection.source).into());
        if self.include_tags {
            put("tags", detection.tags.iter().cloned().collect::<Vec<_>>().into());
        }
        put("time", time::iso8601_zulu(detection.time_ns).into());
        Value::Object(object)
    }
}

fn json(value: &FieldValue) -> Value {
    match value {
        FieldValue::Null => Value::Null,
        FieldValue::Bool(value) => (*value).into(),
        FieldValue::Unsigned(number) => (*number).into(),
        FieldValue::Signed(number) => (*number).into(),
        FieldValue::Float(number) => (*number).into(),
        FieldValue::Text(text) => text.clone().into(),
        FieldValue::List(items) => Value::Array(items.iter().map(json).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_model::Priority;

    fn detection() -> Detection {
        Detection {
            rule: "open_from_cat".into(),
            source: "syscall".into(),
            priority: Priority::Warning,
            tags: vec!["filesystem".to_owned(), "process".to_owned()].into(),
            time_ns: 1_470_327_477_881_781_397,
            event_number: 1,
            event_id: None,
            namespace: None,
            resource: None,
            message: "An open was seen (command=cat /dev/null)".into(),
            fields: vec![("proc.cmdline".into(), FieldValue::Text("cat /dev/null".into()))],
        }
    }

    #[test]
    fn json_is_as_falcos() {
        let options =
            OutputOptions { time_iso8601: true, hostname: "host".into(), ..OutputOptions::default() };
        assert_eq!(
            options.json(&detection()),
            r#"{"hostname":"host","output":"2016-08-04T16:17:57.881781397+0000: Warning An open was seen (command=cat /dev/null)","output_fields":{"evt.time.iso8601":1470327477881781397,"proc.cmdline":"cat /dev/null"},"priority":"Warning","rule":"open_from_cat","source":"syscall","tags":["filesystem","process"],"time":"2016-08-04T16:17:57.881781397Z"}"#
        );
    }

    #[test]
    fn text_escapes_control_characters() {
        let mut detection = detection();
        detection.message = "a\nb \"c\" \u{1b} 한글".into();
        assert_eq!(
            OutputOptions::default().text(&detection),
            "16:17:57.881781397: Warning a\\nb \\\"c\\\" \\u001b 한글"
        );
    }
}
