//! Requests to services and what their answers mean.

use std::fmt;
use std::time::Duration;

pub use haechi_outbound::Reply;
use jiff::Timestamp;
use serde_json::Value;

use super::{Login, Receiver, Service, Text};
use crate::alert::AllTexts;
use crate::notification::Notification;
use crate::secret::{Secret, SecretError, Secrets, resolve};
use crate::words::Words;

/// Longest wait that a service may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(6 * 3600);
/// Most bytes of a service's own words in an error.
const MAX_SAID: usize = 300;

/// A request by `POST`. What it holds may be secret and is not shown.
pub struct HttpRequest {
    /// Where to.
    pub url: Secret,
    /// Headers, the names in lower case.
    pub headers: Vec<(String, Secret)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpRequest")
            .field("url", &self.url)
            .field("headers", &names)
            .field("bytes", &self.body.len())
            .finish()
    }
}

impl HttpRequest {
    pub(crate) fn json(url: Secret, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), Secret::new("application/json"))];
        Self { url, headers, body: body.to_string().into_bytes() }
    }

    pub(crate) fn with(mut self, name: &str, value: Secret) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has it.
    Accepted,
    /// Not now: try again.
    Later {
        /// After how long, if it says so.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// Not this one, however often it is tried.
    Refused {
        /// Why.
        why: String,
    },
}

/// Why there is nothing to send.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// A secret is missing; it may be there later.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What is in the secret is no address.
    #[error("the `url` from {0} is no address")]
    Address(crate::secret::SecretSource),
    /// The template cannot be filled in.
    #[error("the template: {0}")]
    Template(String),
    /// The mail cannot be written.
    #[error("the mail: {0}")]
    Mail(String),
}

/// What to send.
#[derive(Debug)]
pub enum Outgoing {
    /// Nothing: there is no news for this service.
    Nothing,
    /// A request.
    Http(HttpRequest),
    /// Mail: subject, text and HTML.
    Mail {
        /// The subject.
        subject: String,
        /// For readers of plain text.
        text: String,
        /// The same as HTML.
        html: String,
    },
    /// Syslog messages.
    Syslog(Vec<Vec<u8>>),
}

impl Receiver {
    /// What this receiver is sent. Secrets are read now.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn outgoing(
        &self,
        notification: &Notification,
        secrets: &dyn Secrets,
        texts: &AllTexts,
        now_us: i64,
    ) -> Result<Outgoing, RequestError> {
        // For who keeps one thing open for each group, a part of it that is over is no news; to send it would open it again.
        let is_one = matches!(self.service, Service::PagerDuty { .. } | Service::Opsgenie { .. });
        if is_one && notification.status == crate::Status::Firing && notification.is_all_over() {
            return Ok(Outgoing::Nothing);
        }
        let words = Words { texts: texts.of(self.language), notification };
        let secret = |name: &'static str, from: &crate::secret::SecretSource| resolve(secrets, name, from);
        let address = |from: &crate::secret::SecretSource| {
            let url = secret("url", from)?;
            match crate::config::check_url(url.expose()) {
                Ok(_) => Ok(url),
                // The text may be the secret.
                Err(_) => Err(RequestError::Address(from.clone())),
            }
        };
        let request = match &self.service {
            Service::SlackWebhook { url } => {
                HttpRequest::json(address(url)?, &super::slack::body(&words, None))
            }
            Service::SlackChat { token, channel, url } => {
                let body = super::slack::body(&words, Some(channel));
                let bearer = Secret::new(format!("Bearer {}", secret("token", token)?.expose()));
                HttpRequest::json(Secret::new(url), &body).with("authorization", bearer)
            }
            Service::Teams { url } => HttpRequest::json(address(url)?, &super::teams::body(&words)),
            Service::PagerDuty { routing_key, url } => {
                let body = super::pagerduty::body(&words, &secret("routing-key", routing_key)?);
                HttpRequest::json(Secret::new(url), &body)
            }
            Service::Opsgenie { api_key, url } => {
                let (path, body) = super::opsgenie::body(&words);
                let url = Secret::new(format!("{}{path}", url.trim_end_matches('/')));
                let key = Secret::new(format!("GenieKey {}", secret("api-key", api_key)?.expose()));
                HttpRequest::json(url, &body).with("authorization", key)
            }
            Service::Alertmanager { url, login } => {
                let url = Secret::new(format!("{}/api/v2/alerts", url.trim_end_matches('/')));
                let request = HttpRequest::json(url, &super::alertmanager::body(&words));
                match login {
                    Login::None => request,
                    Login::Bearer(token) => {
                        let bearer = format!("Bearer {}", secret("token", token)?.expose());
                        request.with("authorization", Secret::new(bearer))
                    }
                    Login::Basic { username, password } => {
                        let password = secret("password", password)?;
                        request.with("authorization", basic(username, &password))
                    }
                }
            }
            Service::Webhook { url, headers, template, content_type, signing_key } => {
                let url = match url {
                    Text::Plain(url) => Secret::new(url),
                    Text::Secret(from) => address(from)?,
                };
                let key = signing_key.as_ref().map(|key| secret("signing-key", key)).transpose()?;
                let body = super::webhook::body(&words, template.as_ref(), content_type)
                    .map_err(RequestError::Template)?;
                let mut request = HttpRequest { url, headers: Vec::new(), body }
                    .with("content-type", Secret::new(content_type))
                    .with("idempotency-key", Secret::new(&notification.id));
                if let Some(key) = key {
                    let signature = super::webhook::signature(&key, now_us, &request.body);
                    request = request.with("x-haechi-signature", Secret::new(signature));
                }
                self.further(request, headers, secrets)?
            }
            Service::Sns { .. } => super::sns::request(&self.service, &words, secrets, now_us)?,
            Service::Otlp { url, headers } => {
                let request =
                    HttpRequest::json(Secret::new(super::otlp::url(url)), &super::otlp::body(&words, now_us));
                self.further(request, headers, secrets)?
            }
            Service::Smtp { .. } => {
                let (text, html) = (words.text(), words.html());
                return Ok(Outgoing::Mail { subject: words.subject(), text, html });
            }
            Service::Syslog { transport, facility, hostname, .. } => {
                let messages = super::syslog::messages(&words, *transport, *facility, hostname.as_deref());
                return Ok(Outgoing::Syslog(messages));
            }
        };
        Ok(Outgoing::Http(request))
    }

    fn further(
        &self,
        mut request: HttpRequest,
        headers: &[(String, Text)],
        secrets: &dyn Secrets,
    ) -> Result<HttpRequest, SecretError> {
        for (name, value) in headers {
            let value = match value {
                Text::Plain(text) => Secret::new(text),
                Text::Secret(from) => resolve(secrets, "header", from)?,
            };
            // The user's header counts, not ours of the same name.
            request.headers.retain(|(own, _)| own != name);
            request = request.with(name, value);
        }
        Ok(request)
    }

    /// Places of all secrets that this receiver needs, with the names of their keys.
    pub fn secrets(&self) -> Vec<(&'static str, &crate::secret::SecretSource)> {
        fn of<'t>(headers: &'t [(String, Text)]) -> Vec<(&'static str, &'t crate::secret::SecretSource)> {
            let secret = |text: &'t Text| match text {
                Text::Secret(from) => Some(("header", from)),
                Text::Plain(_) => None,
            };
            headers.iter().filter_map(|(_, text)| secret(text)).collect()
        }
        match &self.service {
            Service::SlackWebhook { url } | Service::Teams { url } => vec![("url", url)],
            Service::SlackChat { token, .. } => vec![("token", token)],
            Service::PagerDuty { routing_key, .. } => vec![("routing-key", routing_key)],
            Service::Opsgenie { api_key, .. } => vec![("api-key", api_key)],
            Service::Alertmanager { login, .. } => match login {
                Login::None => vec![],
                Login::Bearer(token) => vec![("token", token)],
                Login::Basic { password, .. } => vec![("password", password)],
            },
            Service::Smtp { login, .. } => login.iter().map(|(_, password)| ("password", password)).collect(),
            Service::Webhook { url, headers, signing_key, .. } => {
                let mut all = of(headers);
                if let Text::Secret(from) = url {
                    all.push(("url", from));
                }
                all.extend(signing_key.iter().map(|key| ("signing-key", key)));
                all
            }
            Service::Syslog { .. } => vec![],
            Service::Sns { access_key_id, secret_access_key, session_token, .. } => {
                let mut all =
                    vec![("access-key-id", access_key_id), ("secret-access-key", secret_access_key)];
                all.extend(session_token.iter().map(|token| ("session-token", token)));
                all
            }
            Service::Otlp { headers, .. } => of(headers),
        }
    }
}

fn basic(username: &str, password: &Secret) -> Secret {
    use base64::Engine as _;
    let pair = zeroize::Zeroizing::new(format!("{username}:{}", password.expose()));
    Secret::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair.as_bytes())))
}

impl Service {
    /// What an answer of this service means.
    pub fn judge(&self, reply: &Reply, now_us: i64) -> Answer {
        let why = || match said(&reply.body) {
            said if said.is_empty() => format!("status {}", reply.status),
            said => format!("status {}: {said}", reply.status),
        };
        match reply.status {
            200..=299 => self.judge_success(reply),
            408 | 425 | 429 | 500..=599 => {
                let after = reply.retry_after.as_deref().and_then(|text| retry_after(text, now_us));
                Answer::Later { after, why: why() }
            }
            // Amazon says by the code of an error, not by the status, that a client is too fast or its clock is wrong.
            400 | 403 if matches!(self, Self::Sns { .. }) && is_passing(&reply.body) => {
                Answer::Later { after: None, why: why() }
            }
            300..=399 => Answer::Refused { why: format!("{} (redirects are not followed)", why()) },
            400..=499 => Answer::Refused { why: why() },
            status => Answer::Later { after: None, why: format!("status {status} makes no sense") },
        }
    }

    /// Some services say in the body that they have not taken it.
    fn judge_success(&self, reply: &Reply) -> Answer {
        let json = || serde_json::from_slice::<Value>(&reply.body).ok();
        match self {
            Self::SlackChat { .. } => {
                let Some(json) = json().filter(|json| json.get("ok").is_some_and(Value::is_boolean)) else {
                    let why =
                        "the answer cannot be read: whether the message was posted is not known".to_owned();
                    return Answer::Later { after: None, why };
                };
                if json.get("ok") == Some(&Value::Bool(true)) {
                    return Answer::Accepted;
                }
                let error = json.get("error").and_then(Value::as_str).unwrap_or("no reason given");
                let why = said(error.as_bytes());
                let passing = [
                    "ratelimited",
                    "rate_limited",
                    "internal_error",
                    "fatal_error",
                    "service_unavailable",
                    "request_timeout",
                ];
                match passing.contains(&error) {
                    true => Answer::Later { after: None, why },
                    false => Answer::Refused { why },
                }
            }
            Self::Otlp { .. } => {
                let partial = json().and_then(|json| json.get("partialSuccess").cloned()).unwrap_or_default();
                let rejected = match partial.get("rejectedLogRecords") {
                    Some(Value::String(text)) => text.parse().unwrap_or(0),
                    Some(number) => number.as_i64().unwrap_or(0),
                    None => 0,
                };
                if rejected == 0 {
                    return Answer::Accepted;
                }
                let message = partial.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
                // By its specification a client must not send them again.
                Answer::Refused { why: format!("{rejected} records rejected: {}", said(message.as_bytes())) }
            }
            _ => Answer::Accepted,
        }
    }
}

fn is_passing(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    ["Throttl", "RequestExpired", "ExpiredToken", "RequestTimeTooSkewed"]
        .iter()
        .any(|code| text.contains(code))
}

/// A service's own words as one short line.
pub(crate) fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(4 * MAX_SAID)).unwrap_or_default());
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    crate::alert::shortened(line.trim(), MAX_SAID)
}

/// `Retry-After`: seconds or a date.
fn retry_after(text: &str, now_us: i64) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            let now = Timestamp::from_microsecond(now_us).ok()?;
            Duration::try_from(date.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretSource;

    fn slack() -> Service {
        let token = SecretSource::Env("X".into());
        Service::SlackChat { token, channel: "c".into(), url: "https://slack.com/".into() }
    }

    fn teams() -> Service {
        Service::Teams { url: SecretSource::Env("X".into()) }
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, body: body.into(), ..Reply::default() }
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(teams().judge(&reply(202, ""), 0), Answer::Accepted);
        assert_eq!(
            teams().judge(&reply(400, "bad\ncard"), 0),
            Answer::Refused { why: "status 400: bad card".into() }
        );
        assert!(
            matches!(teams().judge(&reply(302, ""), 0), Answer::Refused { why } if why.contains("redirects"))
        );
        for status in [408, 429, 500, 503, 599, 700, 99] {
            assert!(matches!(teams().judge(&reply(status, ""), 0), Answer::Later { .. }), "{status}");
        }
    }

    #[test]
    fn slack_says_in_the_body_that_it_refuses() {
        assert_eq!(slack().judge(&reply(200, "{\"ok\":true}"), 0), Answer::Accepted);
        let refused = slack().judge(&reply(200, "{\"ok\":false,\"error\":\"channel_not_found\"}"), 0);
        assert_eq!(refused, Answer::Refused { why: "channel_not_found".into() });
        let later = slack().judge(&reply(200, "{\"ok\":false,\"error\":\"ratelimited\"}"), 0);
        assert!(matches!(later, Answer::Later { .. }));
        for malformed in ["", "<html>", "{\"ok\":\"yes\"}", "[]"] {
            assert!(matches!(slack().judge(&reply(200, malformed), 0), Answer::Later { .. }), "{malformed}");
        }
    }

    #[test]
    fn collector_that_rejects_records_has_not_taken_them() {
        let otlp = Service::Otlp { url: "http://x".into(), headers: vec![] };
        assert_eq!(otlp.judge(&reply(200, "{}"), 0), Answer::Accepted);
        assert_eq!(otlp.judge(&reply(200, "{\"partialSuccess\":{}}"), 0), Answer::Accepted);
        let partial = "{\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"too old\"}}";
        assert_eq!(
            otlp.judge(&reply(200, partial), 0),
            Answer::Refused { why: "2 records rejected: too old".into() }
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "1994-11-06T08:49:07Z".parse::<Timestamp>().unwrap().as_microsecond();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999", now), Some(MAX_RETRY_AFTER));
        assert_eq!(retry_after("soon", now), None);
    }
}
