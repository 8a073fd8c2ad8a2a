//! Syslog: messages as RFC 5424 has them, one for each alert; octet counting of RFC 6587 for streams.

use haechi_model::Severity;
use jiff::Timestamp;

use super::SyslogTransport;
use crate::alert::{Alert, shortened};
use crate::notification::Item;
use crate::words::{Words, one_line};

/// Most bytes of a message: what every receiver of RFC 5426 should take, and what those of streams usually do.
const MAX_DATAGRAM: usize = 2048;
const MAX_STREAM: usize = 8192;
/// Most bytes of a value of structured data.
const MAX_VALUE: usize = 256;

const fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Info => 6,
    }
}

/// A name of structured data: printable ASCII without `=`, `]`, `"` and space, at most 32.
fn name(text: &str) -> String {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '=' | ']' | '"');
    text.chars().map(|c| if fits(c) { c } else { '_' }).take(32).collect()
}

/// `"`, `\` and `]` are escaped, control characters are not sent.
fn value(text: &str) -> String {
    let mut out = String::new();
    for c in shortened(&one_line(text), MAX_VALUE).chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn structured(alert: &Alert, item: &Item, notification: &str) -> String {
    // 32473 is the enterprise number that RFC 5612 keeps for those without one of their own.
    let mut data = String::from("[haechi@32473");
    let mut add = |key: &str, text: &str| {
        if !text.is_empty() && data.len() < MAX_DATAGRAM / 2 {
            data.push_str(&format!(" {}=\"{}\"", name(key), value(text)));
        }
    };
    add("fingerprint", &alert.fingerprint);
    add("notification", notification);
    add("rule", &alert.rule);
    add("source", &alert.source);
    add("severity", alert.severity.as_str());
    add(
        "status",
        match alert.status {
            crate::Status::Firing => "firing",
            crate::Status::Resolved => "resolved",
        },
    );
    add("cluster", &alert.cluster);
    add("namespace", alert.namespace.as_deref().unwrap_or_default());
    add("resource", alert.resource.as_deref().unwrap_or_default());
    add("frameworks", &alert.frameworks.join(","));
    add("controls", &alert.controls.join(","));
    add("count", &item.count.to_string());
    for (label, text) in &alert.labels {
        add(&format!("label.{label}"), text);
    }
    data.push(']');
    data
}

pub(crate) fn messages(
    words: &Words<'_>,
    transport: SyslogTransport,
    facility: u8,
    hostname: Option<&str>,
) -> Vec<Vec<u8>> {
    let limit = if transport == SyslogTransport::Udp { MAX_DATAGRAM } else { MAX_STREAM };
    let message = |item: &Item| {
        let alert = &item.alert;
        let priority = facility.saturating_mul(8).saturating_add(severity(alert.severity));
        let time = Timestamp::from_microsecond(alert.time_us).map(|time| format!("{time:.6}"));
        let head = format!(
            "<{priority}>1 {} {} haechi - {} {} ",
            time.unwrap_or_else(|_| "-".into()),
            hostname.unwrap_or("-"),
            alert.origin.as_str(),
            structured(alert, item, &words.notification.id),
        );
        let state = words.state(item).map(|state| format!("[{state}] ")).unwrap_or_default();
        let text = one_line(&format!("{state}{}: {}", words.title(alert), words.summary(alert)));
        // The byte order mark says that it is UTF-8.
        let text = shortened(&text, limit.saturating_sub(head.len() + 3));
        let message = format!("{head}\u{feff}{text}");
        match transport {
            SyslogTransport::Udp => message.into_bytes(),
            SyslogTransport::Tcp | SyslogTransport::Tls => {
                format!("{} {message}", message.len()).into_bytes()
            }
        }
    };
    words.notification.items.iter().map(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structured_data_is_escaped() {
        assert_eq!(value("a \"b\" \\ ] \n c"), "a \\\"b\\\" \\\\ \\]   c");
        assert_eq!(name("app=\"x\"]/é"), "app__x__/_");
    }
}
