//! What the tests of alerts share.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests; not every test needs all"
)]

use std::collections::BTreeMap;

use haechi_alerts::alert::{Kind, Origin, Status, Wording};
use haechi_alerts::notification::{Item, News};
use haechi_alerts::secret::{SecretSource, Secrets};
use haechi_alerts::{Alert, Notification};
use haechi_model::Severity;

/// Secrets of tests.
pub struct Table;

impl Secrets for Table {
    fn read(&self, from: &SecretSource) -> Result<String, String> {
        match from {
            SecretSource::Env(name) if name == "URL" => Ok("https://example.com/secret/path".into()),
            SecretSource::Env(name) if name == "TOKEN" => Ok("t0ken\n".into()),
            SecretSource::Env(name) if name.starts_with("http") => Ok(name.clone()),
            _ => Err("not there".into()),
        }
    }
}

pub fn alert(name: &str) -> Alert {
    Alert {
        fingerprint: name.into(),
        origin: Origin::Detection,
        kind: Kind::Event,
        status: Status::Firing,
        rule: "Secret read".into(),
        source: "k8s_audit".into(),
        severity: Severity::High,
        cluster: "prod".into(),
        namespace: Some("shop".into()),
        resource: Some("Secret shop/db".into()),
        frameworks: vec!["pci-dss".into()],
        controls: vec!["7.2.1".into()],
        time_us: 1_789_997_600_000_000,
        ended_us: None,
        labels: BTreeMap::from([("user".into(), "alice".into())]),
        title: Wording { en: "Secret read".into(), ko: "시크릿 읽음".into() },
        summary: Wording { en: "alice read `db`".into(), ko: "alice가 `db`를 읽었습니다".into() },
        link: Some("https://haechi.example/1".into()),
    }
}

pub fn notification(alerts: Vec<Alert>) -> Notification {
    Notification {
        id: "n1".into(),
        receiver: "r".into(),
        group: "0123456789abcdef0123456789abcdef".into(),
        route: "1".into(),
        labels: BTreeMap::from([("rule".into(), "Secret read".into())]),
        status: Status::Firing,
        items: alerts.into_iter().map(|alert| Item { news: News::New, count: 1, alert }).collect(),
        more: 0,
        groups: 1,
        lasting: 0,
        created_us: 1_790_000_000_000_000,
        again_us: 1_790_014_400_000_000,
        part: 1,
        parts: 1,
    }
}

/// A syslog message, read by the grammar of RFC 5424.
#[derive(Debug)]
pub struct Parsed {
    pub facility: u8,
    pub severity: u8,
    pub time: String,
    pub hostname: String,
    pub message_id: String,
    pub data: BTreeMap<String, String>,
    pub text: String,
}

pub fn parsed(bytes: &[u8]) -> Parsed {
    let text = std::str::from_utf8(bytes).unwrap();
    let (priority, rest) = text.strip_prefix('<').unwrap().split_once('>').unwrap();
    let priority: u8 = priority.parse().unwrap();
    let fields: Vec<&str> = rest.splitn(7, ' ').collect();
    let [version, time, hostname, app, process, message_id, rest] = fields[..] else { panic!("{rest}") };
    assert_eq!((version, app, process), ("1", "haechi", "-"));
    assert!(hostname.len() <= 255 && hostname.bytes().all(|byte| byte.is_ascii_graphic()));
    let mut chars = rest.chars();
    assert_eq!(chars.next(), Some('['));
    let mut word = String::new();
    let mut data = BTreeMap::new();
    let mut name = String::new();
    let mut is_value = false;
    loop {
        let c = chars.next().expect("the element ends");
        match c {
            ']' if !is_value => break,
            '\\' if is_value => {
                let escaped = chars.next().unwrap();
                assert!(matches!(escaped, '"' | '\\' | ']'), "{escaped}");
                word.push(escaped);
            }
            ']' if is_value => panic!("`]` is not escaped"),
            '"' if is_value => {
                is_value = false;
                assert!(data.insert(std::mem::take(&mut name), std::mem::take(&mut word)).is_none());
            }
            '"' => is_value = true,
            '=' if !is_value => name = std::mem::take(&mut word),
            ' ' if !is_value => word.clear(),
            c => {
                assert!(is_value || c.is_ascii_graphic());
                word.push(c);
            }
        }
    }
    assert!(data.keys().all(|name| (1..=32).contains(&name.len())));
    let text = chars.as_str().strip_prefix(" \u{feff}").expect("a byte order mark").to_owned();
    Parsed {
        facility: priority / 8,
        severity: priority % 8,
        time: time.into(),
        hostname: hostname.into(),
        message_id: message_id.into(),
        data,
        text,
    }
}

/// A value of a form.
pub fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).unwrap()
}
