//! OpenTelemetry: logs by HTTP with JSON, <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

use haechi_model::Severity;
use serde_json::{Value, json};

use crate::words::{Words, web_link};

/// The address of a collector without a path means the usual one.
pub(crate) fn url(text: &str) -> String {
    let has_path = text.parse::<http::Uri>().is_ok_and(|uri| !matches!(uri.path(), "" | "/"));
    if has_path { text.to_owned() } else { format!("{}/v1/logs", text.trim_end_matches('/')) }
}

const fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Critical => (21, "FATAL"),
        Severity::High => (17, "ERROR"),
        Severity::Medium => (13, "WARN"),
        Severity::Low => (10, "INFO2"),
        Severity::Info => (9, "INFO"),
    }
}

fn attribute(key: &str, text: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": text } })
}

/// Nanoseconds; 64-bit numbers are texts in this form.
fn nanoseconds(us: i64) -> String {
    format!("{}", i128::from(us.max(0)) * 1000)
}

pub(crate) fn body(words: &Words<'_>, now_us: i64) -> Value {
    let records = words.notification.items.iter().map(|item| {
        let alert = &item.alert;
        let (number, text) = severity(alert.severity);
        let mut attributes = Vec::new();
        let status = match alert.status {
            crate::Status::Firing => "firing",
            crate::Status::Resolved => "resolved",
        };
        for (key, value) in [
            ("haechi.fingerprint", alert.fingerprint.as_str()),
            ("haechi.notification", &words.notification.id),
            ("haechi.origin", alert.origin.as_str()),
            ("haechi.rule", &alert.rule),
            ("haechi.source", &alert.source),
            ("haechi.severity", alert.severity.as_str()),
            ("haechi.status", status),
            ("haechi.title", words.title(alert)),
            ("haechi.resource", alert.resource.as_deref().unwrap_or_default()),
            ("haechi.frameworks", &alert.frameworks.join(",")),
            ("haechi.controls", &alert.controls.join(",")),
            ("haechi.link", web_link(alert).unwrap_or_default()),
            ("k8s.cluster.name", &alert.cluster),
            ("k8s.namespace.name", alert.namespace.as_deref().unwrap_or_default()),
        ] {
            if !value.is_empty() {
                attributes.push(attribute(key, value));
            }
        }
        attributes.push(json!({ "key": "haechi.count", "value": { "intValue": item.count.to_string() } }));
        let label = |(name, value): (&String, &String)| attribute(&format!("haechi.label.{name}"), value);
        attributes.extend(alert.labels.iter().map(label));
        json!({
            "timeUnixNano": nanoseconds(alert.time_us),
            "observedTimeUnixNano": nanoseconds(now_us),
            "severityNumber": number,
            "severityText": text,
            "body": { "stringValue": words.summary(alert) },
            "attributes": attributes,
        })
    });
    json!({
        "resourceLogs": [{
            "resource": { "attributes": [
                attribute("service.name", "haechi"),
                attribute("service.version", env!("CARGO_PKG_VERSION")),
            ] },
            "scopeLogs": [{
                "scope": { "name": "haechi.alerts" },
                "logRecords": records.collect::<Vec<_>>(),
            }],
        }],
    })
}
