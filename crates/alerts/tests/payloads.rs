//! What each service is sent, against the shape that its documentation gives.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::{Table, alert, notification, parsed};
use haechi_alerts::alert::{AllTexts, Kind, Status, Wording};
use haechi_alerts::notification::{Item, News};
use haechi_alerts::receivers::{HttpRequest, Outgoing};
use haechi_alerts::{Alert, Config, Notification};
use haechi_model::Severity;
use serde_json::{Value, json};

const NOW: i64 = 1_790_000_000_000_000;

fn outgoing(receiver: &str, notification: &Notification) -> Outgoing {
    let text = format!("[alerts]\nreceivers = ['r']\n[[alerts.receiver]]\nname = 'r'\n{receiver}\n");
    let config = Config::parse(&text).unwrap().unwrap();
    let receiver = config.receiver("r").unwrap();
    receiver.outgoing(notification, &Table, &AllTexts::default(), NOW).unwrap()
}

fn http(receiver: &str, notification: &Notification) -> HttpRequest {
    match outgoing(receiver, notification) {
        Outgoing::Http(request) => request,
        other => panic!("{other:?}"),
    }
}

fn json_of(receiver: &str, notification: &Notification) -> Value {
    serde_json::from_slice(&http(receiver, notification).body).unwrap()
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> &'r str {
    request.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.expose()).unwrap_or_default()
}

/// Everything that a service could take for markup, a mention, a header or the end of a message.
fn hostile() -> Alert {
    Alert {
        title: Wording::same(
            "<!channel> *a* [x](http://evil) {{ id }} \"]\\ \r\nBcc: x@y \u{1b}[31m <script>",
        ),
        summary: Wording::same("<@U1> & <http://evil|click> ${jndi:x} \0 한글 🦄"),
        resource: Some("Pod shop/\"a\"]".into()),
        link: Some("javascript:alert(1)".into()),
        ..alert("hostile")
    }
}

fn many(count: usize) -> Notification {
    let item = |number: usize| Item { news: News::New, count: 1, alert: alert(&format!("a-{number}")) };
    Notification { items: (0..count).map(item).collect(), ..notification(vec![]) }
}

const SLACK: &str = "kind = 'slack'\nurl = { env = 'URL' }";

#[test]
fn slack_gets_blocks_within_its_limits() {
    let body = json_of(SLACK, &Notification { more: 7, lasting: 2, ..many(10) });
    let blocks = body["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    assert_eq!(blocks[0]["type"], "header");
    assert!(blocks[0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
    assert_eq!(body["text"], "[high] Secret read, and 16 more");
    for block in blocks.iter().filter(|block| block["type"] == "section") {
        assert!(block["text"]["text"].as_str().unwrap().len() <= 3000);
        let fields = block["fields"].as_array().unwrap();
        assert!(!fields.is_empty() && fields.len() <= 10);
        assert!(fields.iter().all(|field| field["text"].as_str().unwrap().len() <= 2000));
    }
    let notes = blocks.last().unwrap()["elements"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(
        notes,
        "7 more alerts are not shown here.\n2 alerts of this group that were told before are still open."
    );
    let korean = json_of(&format!("{SLACK}\nlanguage = 'ko'"), &many(3));
    assert_eq!(korean["text"], "[높음] 시크릿 읽음 외 2건");
    let request = http(SLACK, &many(1));
    assert_eq!(request.url.expose(), "https://example.com/secret/path");
    assert!(!format!("{request:?}").contains("secret/path"), "{request:?}");
}

#[test]
fn slack_never_mentions_anybody() {
    let body = json_of(SLACK, &notification(vec![hostile()]));
    for text in texts(&body["blocks"]).iter().chain([&body["text"].as_str().unwrap().to_owned()]) {
        // The header is plain text, where nothing is markup.
        let is_header = body["blocks"][0]["text"]["text"] == text.as_str();
        assert!(is_header || !text.contains('<'), "{text}");
    }
    let long = Alert { summary: Wording::same("<".repeat(4000)), ..alert("x") };
    let body = json_of(SLACK, &notification(vec![long]));
    assert!(texts(&body["blocks"]).iter().all(|text| text.encode_utf16().count() <= 3000));
}

/// All texts in blocks.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("text").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(map.values().flat_map(texts)).collect()
        }
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn slack_can_be_told_by_a_bot() {
    let request = http("kind = 'slack'\ntoken = { env = 'TOKEN' }\nchannel = 'C123'", &many(1));
    assert_eq!(request.url.expose(), "https://slack.com/api/chat.postMessage");
    assert_eq!(header(&request, "authorization"), "Bearer t0ken");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["channel"], "C123");
}

#[test]
fn teams_gets_an_adaptive_card_of_plain_text() {
    let body = json_of("kind = 'teams'\nurl = { env = 'URL' }", &notification(vec![hostile()]));
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(attachment["content"]["type"], "AdaptiveCard");
    assert_eq!(attachment["content"]["actions"], json!([]), "no link to a script");
    for block in attachment["content"]["body"].as_array().unwrap() {
        assert_eq!(block["type"], "RichTextBlock", "others read Markdown");
        assert!(block["inlines"].as_array().unwrap().iter().all(|run| run["type"] == "TextRun"));
    }
    let long = Alert { summary: Wording::same("가".repeat(1300)), ..alert("x") };
    let many = Notification { more: 5, ..notification(vec![long; 10]) };
    let request = http("kind = 'teams'\nurl = { env = 'URL' }", &many);
    assert!(request.body.len() < 28 << 10, "{}", request.body.len());
    let text = String::from_utf8(request.body).unwrap();
    let told = text.matches("\"weight\":\"Bolder\"").count();
    assert!(told > 5 && text.contains("more alerts are not shown here"), "{text}");
}

#[test]
fn pagerduty_triggers_and_resolves_by_the_group() {
    const PAGER: &str = "kind = 'pagerduty'\nrouting-key = { env = 'TOKEN' }";
    let body = json_of(PAGER, &many(3));
    assert_eq!((&body["event_action"], &body["routing_key"]), (&json!("trigger"), &json!("t0ken")));
    assert_eq!(body["dedup_key"], "0123456789abcdef0123456789abcdef");
    let payload = &body["payload"];
    assert_eq!((&payload["severity"], &payload["source"]), (&json!("error"), &json!("Secret shop/db")));
    assert_eq!(payload["summary"], "[high] Secret read, and 2 more");
    assert_eq!(payload["timestamp"], "2026-09-21T13:33:20Z");
    assert_eq!(body["links"][0]["href"], "https://haechi.example/1");
    let over = Notification { status: Status::Resolved, ..many(1) };
    let body = json_of(PAGER, &over);
    assert_eq!(
        body,
        json!({
            "routing_key": "t0ken", "event_action": "resolve", "dedup_key": "0123456789abcdef0123456789abcdef",
        })
    );
    let long = Alert { title: Wording::same("가".repeat(5000)), ..alert("x") };
    let summary = json_of(PAGER, &notification(vec![long]));
    assert!(summary["payload"]["summary"].as_str().unwrap().chars().count() <= 1024);
    for (severity, name) in Severity::ALL.into_iter().zip(["info", "info", "warning", "error", "critical"]) {
        let body = json_of(PAGER, &notification(vec![Alert { severity, ..alert("x") }]));
        assert_eq!(body["payload"]["severity"], name);
    }
}

#[test]
fn opsgenie_creates_and_closes_by_alias() {
    const OPSGENIE: &str = "kind = 'opsgenie'\napi-key = { env = 'TOKEN' }";
    let request = http(OPSGENIE, &many(20));
    assert_eq!(request.url.expose(), "https://api.opsgenie.com/v2/alerts");
    assert_eq!(header(&request, "authorization"), "GenieKey t0ken");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        (&body["priority"], &body["alias"]),
        (&json!("P2"), &json!("0123456789abcdef0123456789abcdef"))
    );
    assert!(body["message"].as_str().unwrap().chars().count() <= 130);
    assert!(body["description"].as_str().unwrap().chars().count() <= 15_000);
    assert!(body["details"].as_object().unwrap().values().all(Value::is_string));
    let close = http(OPSGENIE, &Notification { status: Status::Resolved, ..many(1) });
    assert_eq!(
        close.url.expose(),
        "https://api.opsgenie.com/v2/alerts/0123456789abcdef0123456789abcdef/close?identifierType=alias"
    );
}

#[test]
fn part_of_a_group_that_is_over_opens_nothing_again() {
    let over = Alert { status: Status::Resolved, kind: Kind::Condition, ..alert("over") };
    let told = Notification { lasting: 1, ..notification(vec![over]) };
    for receiver in [
        "kind = 'pagerduty'\nrouting-key = { env = 'TOKEN' }",
        "kind = 'opsgenie'\napi-key = { env = 'TOKEN' }",
    ] {
        assert!(matches!(outgoing(receiver, &told), Outgoing::Nothing));
    }
    let body = json_of(SLACK, &told);
    assert_eq!(body["text"], "[resolved] Secret read");
}

#[test]
fn alertmanager_gets_labels_and_an_end() {
    let over =
        Alert { status: Status::Resolved, kind: Kind::Condition, ended_us: Some(NOW), ..alert("over") };
    let odd = Alert { labels: [("a/b".to_owned(), "c".to_owned())].into(), namespace: None, ..alert("odd") };
    let told = Notification { again_us: NOW + 3_600_000_000, ..notification(vec![odd, over]) };
    let request = http(
        "kind = 'alertmanager'\nurl = 'http://am:9093/prefix/'\nusername = 'u'\npassword = { env = 'TOKEN' }",
        &told,
    );
    assert_eq!(request.url.expose(), "http://am:9093/prefix/api/v2/alerts");
    assert_eq!(header(&request, "authorization"), "Basic dTp0MGtlbg==");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let labels = body[0]["labels"].as_object().unwrap();
    assert!(labels.values().all(|value| !value.as_str().unwrap().is_empty()));
    assert_eq!(
        (&labels["alertname"], &labels["severity"], &labels["a_b"]),
        (&json!("Secret read"), &json!("high"), &json!("c"))
    );
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time(&body[0]["endsAt"]).as_microsecond() > NOW, "it lasts");
    assert_eq!(time(&body[1]["endsAt"]).as_microsecond(), NOW);
    assert!(body.as_array().unwrap().iter().all(|alert| time(&alert["startsAt"]) <= time(&alert["endsAt"])));
}

#[test]
fn mail_has_text_and_html_in_the_readers_language() {
    let smtp = "kind = 'smtp'\nhost = 'mx'\nfrom = 'a@b'\nto = ['c@d']\nlanguage = 'ko'";
    let Outgoing::Mail { subject, text, html } = outgoing(smtp, &notification(vec![alert("x")])) else {
        panic!()
    };
    assert_eq!(subject, "[높음] 시크릿 읽음");
    assert!(text.contains("  심각도: 높음\n") && text.contains("열기: https://haechi.example/1"), "{text}");
    assert!(
        html.contains("<html lang=\"ko\">") && html.contains("<a href=\"https://haechi.example/1\">열기</a>")
    );
    let Outgoing::Mail { subject, html, .. } = outgoing(smtp, &notification(vec![hostile()])) else {
        panic!()
    };
    assert!(!subject.contains(['\r', '\n']), "{subject:?}");
    assert!(!html.contains("<script") && !html.contains("javascript:"), "{html}");
}

#[test]
fn webhook_gets_our_json_or_a_template_and_a_signature() {
    let hook = "kind = 'webhook'\nurl = { env = 'URL' }\nsigning-key = { env = 'TOKEN' }\nheaders = { X-Team = 'shop', X-Key = { env = 'TOKEN' } }";
    let request = http(hook, &notification(vec![hostile()]));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["version"], &body["alerts"][0]["severity"]), (&json!(1), &json!("high")));
    assert_eq!(body["alerts"][0]["title"], hostile().title.en);
    assert_eq!((header(&request, "x-team"), header(&request, "x-key")), ("shop", "t0ken"));
    assert_eq!(header(&request, "idempotency-key"), "n1");
    let signature = header(&request, "x-haechi-signature");
    let (time, digest) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!((time, digest.len()), ("1790000000", 64));
    let template = "kind = 'webhook'\nurl = { env = 'URL' }\ntemplate = '''{\"text\": {{ subject }}, \"all\": [{% for a in alerts %}{{ a.title }}{% if not loop.last %},{% endif %}{% endfor %}]}'''";
    let body = json_of(template, &notification(vec![hostile(), alert("b")]));
    assert_eq!(body["all"], json!([hostile().title.en, "Secret read"]));
    let plain = "kind = 'webhook'\nurl = { env = 'URL' }\ncontent-type = 'text/plain'\ntemplate = '{{ alerts[0].rule }}!'";
    assert_eq!(http(plain, &many(1)).body, b"Secret read!");
}

#[test]
fn syslog_messages_are_read_by_their_grammar() {
    let udp = "kind = 'syslog'\nhost = 'h'\ntransport = 'udp'\nfacility = 'local0'\nhostname = 'node-1'";
    let Outgoing::Syslog(messages) = outgoing(udp, &notification(vec![hostile(), alert("b")])) else {
        panic!()
    };
    assert_eq!(messages.len(), 2);
    let first = parsed(&messages[0]);
    assert_eq!((first.facility, first.severity, first.hostname.as_str()), (16, 3, "node-1"));
    assert_eq!(first.data.get("resource").map(String::as_str), Some("Pod shop/\"a\"]"));
    assert_eq!(first.time, "2026-09-21T13:33:20.000000Z");
    assert!(first.text.contains("한글 🦄") && !first.text.contains(['\r', '\n', '\0']), "{}", first.text);
    let long = Alert { summary: Wording::same("가".repeat(1300)), ..alert("x") };
    let Outgoing::Syslog(messages) = outgoing(udp, &notification(vec![long])) else { panic!() };
    assert!(messages[0].len() <= 2048 && parsed(&messages[0]).text.ends_with('…'));
    let tcp = "kind = 'syslog'\nhost = 'h'\ntransport = 'tcp'";
    let Outgoing::Syslog(messages) = outgoing(tcp, &notification(vec![alert("b")])) else { panic!() };
    let (length, rest) = std::str::from_utf8(&messages[0]).unwrap().split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), rest.len());
    assert_eq!(parsed(rest.as_bytes()).facility, 4);
}

#[test]
fn sns_publishes_a_signed_form() {
    let sns = "kind = 'sns'\ntopic-arn = 'arn:aws:sns:ap-northeast-2:123456789012:alerts.fifo'\naccess-key-id = { env = 'TOKEN' }\nsecret-access-key = { env = 'TOKEN' }\nsession-token = { env = 'TOKEN' }\nlanguage = 'ko'";
    let request = http(sns, &notification(vec![hostile()]));
    assert_eq!(request.url.expose(), "https://sns.ap-northeast-2.amazonaws.com/");
    let form = String::from_utf8(request.body.clone()).unwrap();
    let value = |name: &str| {
        let pair = form.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        common::decoded(pair.unwrap_or_default())
    };
    assert_eq!((value("Action").as_str(), value("Version").as_str()), ("Publish", "2010-03-31"));
    let subject = value("Subject");
    assert!(subject.is_ascii() && subject.len() < 100 && !subject.contains('\n'), "{subject}");
    assert!(value("Message").contains("한글 🦄"));
    assert_eq!((value("MessageGroupId").len(), value("MessageDeduplicationId").as_str()), (32, "n1"));
    let authorization = header(&request, "authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=t0ken/20260921/ap-northeast-2/sns/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="), "{authorization}");
}

#[test]
fn otlp_gets_log_records() {
    let request = http("kind = 'otlp'\nurl = 'http://otel:4318'", &many(2));
    assert_eq!(request.url.expose(), "http://otel:4318/v1/logs");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let records = body["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(
        (&records[0]["severityNumber"], &records[0]["timeUnixNano"]),
        (&json!(17), &json!("1789997600000000000"))
    );
    assert_eq!(records[0]["body"]["stringValue"], "alice read `db`");
    let attribute = |key: &str| {
        let attributes = records[0]["attributes"].as_array().unwrap();
        attributes
            .iter()
            .find(|attribute| attribute["key"] == key)
            .map(|attribute| attribute["value"].clone())
    };
    assert_eq!(attribute("k8s.namespace.name"), Some(json!({ "stringValue": "shop" })));
    assert_eq!(attribute("haechi.count"), Some(json!({ "intValue": "1" })));
}
