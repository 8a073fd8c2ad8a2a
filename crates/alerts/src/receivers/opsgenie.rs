//! Opsgenie: alerts API, <https://docs.opsgenie.com/docs/alert-api>. One alert for each group.

use haechi_model::Severity;
use serde_json::{Map, Value, json};

use crate::alert::Status;
use crate::words::{Words, at_most, one_line};

const fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "P1",
        Severity::High => "P2",
        Severity::Medium => "P3",
        Severity::Low => "P4",
        Severity::Info => "P5",
    }
}

/// The path of the interface and the body.
pub(crate) fn body(words: &Words<'_>) -> (String, Value) {
    let notification = words.notification;
    // 32 hexadecimal digits: nothing to encode.
    let alias = &notification.group;
    if notification.status == Status::Resolved {
        let note = at_most(&words.text(), 25_000);
        let path = format!("/v2/alerts/{alias}/close?identifierType=alias");
        return (path, json!({ "source": "haechi", "note": note }));
    }
    let first = notification.items.first().map(|item| &item.alert);
    let mut tags: Vec<String> = vec!["haechi".into()];
    for item in &notification.items {
        for framework in &item.alert.frameworks {
            let tag = at_most(&one_line(framework), 50);
            if tags.len() < 20 && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    }
    let mut details = Map::new();
    for (name, value) in &notification.labels {
        details.insert(at_most(name, 100), at_most(&one_line(value), 400).into());
    }
    details.insert("count".into(), notification.count().to_string().into());
    let entity = first.and_then(|alert| alert.resource.as_deref()).unwrap_or_default();
    let body = json!({
        "message": at_most(&one_line(&words.subject()), 130),
        "alias": alias,
        "description": at_most(&words.text(), 15_000),
        "priority": priority(notification.severity()),
        "source": "haechi",
        "entity": at_most(&one_line(entity), 512),
        "tags": tags,
        "details": details,
    });
    ("/v2/alerts".into(), body)
}
