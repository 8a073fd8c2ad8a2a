//! Any service that takes HTTP: our own JSON, or what a template of the user makes of it.

use haechi_outbound::{hex, hmac};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value as Filled};
use serde_json::{Value, json};

use crate::alert::Status;
use crate::notification::{Item, News};
use crate::secret::Secret;
use crate::words::{Words, time};

/// Most bytes of a template.
const MAX_TEMPLATE: usize = 64 << 10;
/// Most bytes of what it makes.
const MAX_BODY: usize = 1 << 20;
/// Most steps that it may take.
const FUEL: u64 = 1_000_000;

/// A template in the language of Jinja. In JSON every value that it names is written as JSON, quotes included:
/// `{"text": {{ subject }}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
}

fn environment(is_json: bool) -> Environment<'static> {
    let mut environment = Environment::new();
    let escape = if is_json { AutoEscape::Json } else { AutoEscape::None };
    environment.set_auto_escape_callback(move |_| escape.clone());
    // A name that does not exist is a mistake, not an empty text.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
}

impl Template {
    /// Checks the form of a template.
    ///
    /// # Errors
    /// What is wrong, with the line of the template.
    pub fn new(source: &str) -> Result<Self, String> {
        if source.len() > MAX_TEMPLATE {
            return Err(format!("the template has {} bytes, at most {MAX_TEMPLATE} are taken", source.len()));
        }
        environment(true).template_from_named_str("template", source).map_err(|error| told(&error))?;
        Ok(Self { source: source.to_owned() })
    }

    fn fill(&self, context: &Value, is_json: bool) -> Result<String, String> {
        let environment = environment(is_json);
        let filled = environment
            .render_named_str("template", &self.source, Filled::from(Serde(context)))
            .map_err(|error| told(&error))?;
        if filled.len() > MAX_BODY {
            return Err(format!("it makes {} bytes, at most {MAX_BODY} are sent", filled.len()));
        }
        if is_json {
            serde_json::from_str::<serde::de::IgnoredAny>(&filled)
                .map_err(|error| format!("what it makes is no JSON: {error}"))?;
        }
        Ok(filled)
    }
}

fn told(error: &minijinja::Error) -> String {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    format!("{}{detail}{line}", error.kind())
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Firing => "firing",
        Status::Resolved => "resolved",
    }
}

fn alert(words: &Words<'_>, item: &Item) -> Value {
    let alert = &item.alert;
    json!({
        "fingerprint": alert.fingerprint,
        "news": match item.news {
            News::New => "new",
            News::Again => "again",
            News::Resolved => "resolved",
        },
        "status": status(alert.status),
        "origin": alert.origin.as_str(),
        "rule": alert.rule,
        "source": alert.source,
        "severity": alert.severity.as_str(),
        "cluster": alert.cluster,
        "namespace": alert.namespace,
        "resource": alert.resource,
        "frameworks": alert.frameworks,
        "controls": alert.controls,
        "time": time(alert.time_us),
        "ended": alert.ended_us.map(time),
        "count": item.count,
        "labels": alert.labels,
        "title": words.title(alert),
        "summary": words.summary(alert),
        "link": alert.link,
    })
}

/// What a template can name, and what is sent without one.
pub(crate) fn context(words: &Words<'_>) -> Value {
    let notification = words.notification;
    let alerts: Vec<Value> = notification.items.iter().map(|item| alert(words, item)).collect();
    json!({
        "version": 1,
        "id": notification.id,
        "receiver": notification.receiver,
        "group": notification.group,
        "status": status(notification.status),
        "severity": notification.severity().as_str(),
        "labels": notification.labels,
        "created": time(notification.created_us),
        "part": notification.part,
        "parts": notification.parts,
        "count": notification.count(),
        "more": notification.more,
        "lasting": notification.lasting,
        "subject": words.subject(),
        "text": words.text(),
        "alerts": alerts,
    })
}

pub(crate) fn body(
    words: &Words<'_>,
    template: Option<&Template>,
    content_type: &str,
) -> Result<Vec<u8>, String> {
    let context = context(words);
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || essence.ends_with("+json");
    match template {
        None => Ok(context.to_string().into_bytes()),
        Some(template) => Ok(template.fill(&context, is_json)?.into_bytes()),
    }
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 over the seconds, a dot and the body. Who checks it compares the time as well, so that an old
/// request cannot be sent again.
pub fn signature(key: &Secret, now_us: i64, body: &[u8]) -> String {
    let seconds = now_us.div_euclid(1_000_000).to_string();
    let digest = hmac(key.expose().as_bytes(), &[seconds.as_bytes(), b".", body]);
    format!("t={seconds},v1={}", hex(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_json_templates_are_json() {
        let template = Template::new("{\"text\": {{ subject }}, \"n\": {{ count }}}").unwrap();
        let context = json!({ "subject": "a \"b\" \\ \n </script> 해치", "count": 3 });
        let filled: Value = serde_json::from_str(&template.fill(&context, true).unwrap()).unwrap();
        assert_eq!(filled, json!({ "text": "a \"b\" \\ \n </script> 해치", "n": 3 }));
        let text = Template::new("{{ subject }}").unwrap().fill(&context, false).unwrap();
        assert_eq!(text, "a \"b\" \\ \n </script> 해치");
    }

    #[test]
    fn mistakes_of_templates_are_told() {
        assert!(Template::new("a\n{% for x in %}").unwrap_err().contains("line 2"));
        let context = json!({ "subject": "x" });
        let error = |text: &str| Template::new(text).unwrap().fill(&context, true).unwrap_err();
        assert!(error("{\"a\": {{ subjetc }}}").contains("undefined"), "{}", error("{\"a\": {{ subjetc }}}"));
        assert!(error("{{ subject }} and more").contains("no JSON"));
        assert!(
            error("{% for x in range(9999) %}{% for y in range(9999) %}{{ y }}{% endfor %}{% endfor %}")
                .contains("fuel")
        );
    }
}
