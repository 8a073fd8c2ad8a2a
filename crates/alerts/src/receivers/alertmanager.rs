//! Alertmanager: API v2, <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>. It groups by itself; each alert is
//! told to it, with an end: what is not told again by then is over for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::alert::{Alert, Status};
use crate::words::{Words, time, web_link};

/// A name as Prometheus demands: `[a-zA-Z_][a-zA-Z0-9_]*`.
fn name(text: &str) -> String {
    let mut name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        name.insert(0, '_');
    }
    name
}

fn labels(alert: &Alert) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> =
        alert.labels.iter().map(|(label, value)| (name(label), value.clone())).collect();
    // Ours count where names meet: routes of Alertmanager go by them.
    for (label, value) in [
        ("alertname", alert.rule.as_str()),
        ("severity", alert.severity.as_str()),
        ("source", &alert.source),
        ("origin", alert.origin.as_str()),
        ("cluster", &alert.cluster),
        ("namespace", alert.namespace.as_deref().unwrap_or_default()),
        ("resource", alert.resource.as_deref().unwrap_or_default()),
        // Alerts of the same labels are the same alert.
        ("haechi_fingerprint", &alert.fingerprint),
    ] {
        labels.insert(label.to_owned(), value.to_owned());
    }
    labels.retain(|_, value| !value.is_empty());
    labels
}

pub(crate) fn body(words: &Words<'_>) -> Value {
    let alerts = words.notification.items.iter().map(|item| {
        let alert = &item.alert;
        let end = match alert.status {
            Status::Firing => words.notification.again_us,
            // An end before the beginning is refused.
            Status::Resolved => alert.ended_us.unwrap_or(words.notification.created_us).max(alert.time_us),
        };
        let mut annotations = BTreeMap::from([
            ("summary", words.title(alert).to_owned()),
            ("description", words.summary(alert).to_owned()),
        ]);
        if !alert.frameworks.is_empty() {
            annotations.insert("frameworks", alert.frameworks.join(", "));
        }
        if !alert.controls.is_empty() {
            annotations.insert("controls", alert.controls.join(", "));
        }
        json!({
            "labels": labels(alert),
            "annotations": annotations,
            "startsAt": time(alert.time_us),
            "endsAt": time(end),
            "generatorURL": web_link(alert).unwrap_or_default(),
        })
    });
    Value::Array(alerts.collect())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn label_names_are_made_to_fit() {
        assert_eq!(name("app.kubernetes.io/name"), "app_kubernetes_io_name");
        assert_eq!(name("1st"), "_1st");
        assert_eq!(name("팀"), "_");
    }
}
