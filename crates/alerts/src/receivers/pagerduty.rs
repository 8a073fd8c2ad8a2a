//! PagerDuty: Events API v2, <https://developer.pagerduty.com/docs/events-api-v2/overview/>. One incident for each group.

use haechi_model::Severity;
use serde_json::{Map, Value, json};

use crate::alert::Status;
use crate::secret::Secret;
use crate::words::{Words, at_most, one_line, time, web_link};

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "info",
    }
}

pub(crate) fn body(words: &Words<'_>, routing_key: &Secret) -> Value {
    let notification = words.notification;
    if notification.status == Status::Resolved {
        return json!({
            "routing_key": routing_key.expose(),
            "event_action": "resolve",
            "dedup_key": notification.group,
        });
    }
    let first = notification.items.first().map(|item| &item.alert);
    let of = |value: Option<&str>| value.map(|text| at_most(&one_line(text), 255));
    let source = of(first.and_then(|alert| alert.resource.as_deref()))
        .or_else(|| of(first.map(|alert| alert.cluster.as_str())))
        .filter(|source| !source.is_empty())
        .unwrap_or_else(|| "haechi".into());
    let alerts: Vec<Value> = notification
        .items
        .iter()
        .map(|item| {
            let fields: Map<String, Value> =
                words.fields(item).into_iter().map(|(name, value)| (name, value.into())).collect();
            json!({ "title": words.title(&item.alert), "summary": words.summary(&item.alert), "details": fields })
        })
        .collect();
    let links: Vec<Value> = notification
        .items
        .iter()
        .filter_map(|item| {
            let text = at_most(&one_line(words.title(&item.alert)), 200);
            Some(json!({ "href": web_link(&item.alert)?, "text": text }))
        })
        .collect();
    json!({
        "routing_key": routing_key.expose(),
        "event_action": "trigger",
        "dedup_key": notification.group,
        "client": "Haechi",
        "links": links,
        "payload": {
            "summary": at_most(&one_line(&words.subject()), 1024),
            "source": source,
            "severity": severity(notification.severity()),
            "timestamp": first.map(|alert| time(alert.time_us)),
            "component": first.map(|alert| alert.source.as_str()),
            "group": first.map(|alert| alert.cluster.as_str()),
            "class": first.map(|alert| alert.rule.as_str()),
            "custom_details": { "alerts": alerts, "notes": words.notes(notification.more) },
        },
    })
}
