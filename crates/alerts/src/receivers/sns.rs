//! Amazon SNS: `Publish`, <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.

use haechi_outbound::sigv4::{Signing, amz_date};

use super::{HttpRequest, RequestError, Service};
use crate::alert::shortened;
use crate::secret::{Secret, Secrets, resolve};
use crate::words::{Words, one_line};

/// Most bytes of a message; the service takes 256 KiB with attributes.
const MAX_MESSAGE: usize = 200 << 10;

/// Encoded as forms are, by the strict rules that signatures demand.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A subject is printable ASCII, less than 100 characters, and begins with no space.
fn subject(words: &Words<'_>) -> String {
    let english = haechi_report::Texts::new(haechi_report::Language::En);
    let words = Words { texts: &english, notification: words.notification };
    let line = one_line(&words.subject());
    let ascii: String = line.chars().map(|c| if c.is_ascii() { c } else { '?' }).take(99).collect();
    ascii.trim().to_owned()
}

pub(crate) fn request(
    service: &Service,
    words: &Words<'_>,
    secrets: &dyn Secrets,
    now_us: i64,
) -> Result<HttpRequest, RequestError> {
    let Service::Sns { topic_arn, region, url, access_key_id, secret_access_key, session_token } = service
    else {
        return Err(RequestError::Template("this receiver is no topic".into()));
    };
    let notification = words.notification;
    let mut message = words.text();
    if message.trim().is_empty() {
        message = words.subject();
    }
    let mut form = vec![
        ("Action", "Publish".to_owned()),
        ("Message", shortened(&message, MAX_MESSAGE)),
        ("MessageAttributes.entry.1.Name", "severity".to_owned()),
        ("MessageAttributes.entry.1.Value.DataType", "String".to_owned()),
        ("MessageAttributes.entry.1.Value.StringValue", notification.severity().to_string()),
        ("TopicArn", topic_arn.clone()),
        ("Version", "2010-03-31".to_owned()),
    ];
    let subject = subject(words);
    if !subject.is_empty() {
        form.push(("Subject", subject));
    }
    if topic_arn.ends_with(".fifo") {
        form.push(("MessageGroupId", notification.group.clone()));
        form.push(("MessageDeduplicationId", notification.id.clone()));
    }
    let body =
        form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    let uri: http::Uri = url.parse().unwrap_or_default();
    let host = uri.authority().map(ToString::to_string).unwrap_or_default();
    let date = amz_date(now_us);
    let content = "application/x-www-form-urlencoded; charset=utf-8";
    let id = resolve(secrets, "access-key-id", access_key_id)?;
    let key = resolve(secrets, "secret-access-key", secret_access_key)?;
    let token = session_token.as_ref().map(|from| resolve(secrets, "session-token", from)).transpose()?;
    let mut headers = vec![("content-type", content), ("host", host.as_str()), ("x-amz-date", date.as_str())];
    if let Some(token) = &token {
        headers.push(("x-amz-security-token", token.expose()));
    }
    let signing = Signing {
        method: "POST",
        path: if uri.path().is_empty() { "/" } else { uri.path() },
        query: uri.query().unwrap_or_default(),
        headers: &headers,
        body: body.as_bytes(),
        region,
        service: "sns",
        now_us,
    };
    let authorization = signing.authorization(&id, &key);
    // `host` is written by the client.
    let mut request =
        HttpRequest { url: Secret::new(url), headers: Vec::new(), body: body.clone().into_bytes() }
            .with("content-type", Secret::new(content))
            .with("x-amz-date", Secret::new(&date))
            .with("authorization", authorization);
    if let Some(token) = token {
        request = request.with("x-amz-security-token", token);
    }
    Ok(request)
}
