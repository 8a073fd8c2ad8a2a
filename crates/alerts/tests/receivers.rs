//! Each service by a server of its kind on this machine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "common/mod.rs"]
mod common;
#[path = "common/servers.rs"]
mod servers;

use std::time::Duration;

use common::{Table, alert, notification, parsed};
use haechi_alerts::alert::{AllTexts, Wording};
use haechi_alerts::deliver::send;
use haechi_alerts::receivers::Answer;
use haechi_alerts::{Alert, Config, Notification};
use servers::{MailTls, authority, status, wait_for};

const NOW: i64 = 1_790_000_000_000_000;

async fn told(receiver: &str, notification: &Notification) -> Answer {
    let text = format!("[alerts]\nreceivers = ['r']\n[[alerts.receiver]]\nname = 'r'\n{receiver}\n");
    let config = Config::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).unwrap();
    send(config.receiver("r").unwrap(), notification, &Table, &AllTexts::default(), NOW, 1).await
}

fn one() -> Notification {
    notification(vec![alert("a"), alert("b")])
}

#[tokio::test]
async fn every_service_by_http_is_posted_to_its_path() {
    let server = servers::http(0, None, |request| match request.line.contains("postMessage") {
        true => status(200, "{\"ok\":true}"),
        false => status(202, "{}"),
    })
    .await;
    let at = format!("http://127.0.0.1:{}", server.port);
    let arn = "arn:aws:sns:eu-west-1:123456789012:alerts";
    let services = [
        (format!("kind = 'slack'\nurl = {{ env = '{at}/slack' }}"), "POST /slack HTTP/1.1"),
        (
            format!(
                "kind = 'slack'\ntoken = {{ env = 'TOKEN' }}\nchannel = 'c'\nurl = '{at}/api/chat.postMessage'"
            ),
            "POST /api/chat.postMessage HTTP/1.1",
        ),
        (
            format!("kind = 'teams'\nurl = {{ env = '{at}/workflows/1?sig=x' }}"),
            "POST /workflows/1?sig=x HTTP/1.1",
        ),
        (
            format!("kind = 'pagerduty'\nrouting-key = {{ env = 'TOKEN' }}\nurl = '{at}/v2/enqueue'"),
            "POST /v2/enqueue HTTP/1.1",
        ),
        (
            format!("kind = 'opsgenie'\napi-key = {{ env = 'TOKEN' }}\nurl = '{at}'"),
            "POST /v2/alerts HTTP/1.1",
        ),
        (format!("kind = 'alertmanager'\nurl = '{at}'"), "POST /api/v2/alerts HTTP/1.1"),
        (format!("kind = 'webhook'\nurl = '{at}/hook'"), "POST /hook HTTP/1.1"),
        (
            format!(
                "kind = 'sns'\ntopic-arn = '{arn}'\nurl = '{at}/'\naccess-key-id = {{ env = 'TOKEN' }}\nsecret-access-key = {{ env = 'TOKEN' }}"
            ),
            "POST / HTTP/1.1",
        ),
        (format!("kind = 'otlp'\nurl = '{at}'"), "POST /v1/logs HTTP/1.1"),
    ];
    for (receiver, line) in &services {
        assert_eq!(told(receiver, &one()).await, Answer::Accepted, "{receiver}");
        let request = server.seen().last().unwrap().clone();
        assert_eq!(request.line, *line);
        assert_eq!(request.header("host"), format!("127.0.0.1:{}", server.port));
        assert!(request.header("user-agent").starts_with("haechi/"));
        let is_form = request.header("content-type").starts_with("application/x-www-form-urlencoded");
        assert!(is_form || request.json().is_object() || request.json().is_array(), "{receiver}");
    }
    assert_eq!(server.seen().len(), services.len());
}

#[tokio::test]
async fn answers_decide_what_happens_next() {
    for (answer, expected) in [
        (
            "HTTP/1.1 429 x\r\nretry-after: 90\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Some(Duration::from_secs(90)),
        ),
        (status(503, "down"), None),
        ("HTTP/1.1 nonsense\r\n\r\n".to_owned(), None),
        (String::new(), None),
        ("HTTP/1.1 200 OK\r\n".to_owned(), None),
    ] {
        let text = answer.clone();
        let server = servers::http(0, None, move |_| text.clone()).await;
        let receiver = format!("kind = 'webhook'\nurl = 'http://127.0.0.1:{}'", server.port);
        let Answer::Later { after, .. } = told(&receiver, &one()).await else { panic!("{answer}") };
        assert_eq!(after, expected, "{answer}");
    }
    for code in [301, 400, 401, 404, 413] {
        let server = servers::http(0, None, move |_| {
            format!("HTTP/1.1 {code} x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 2\r\n\r\nno")
        })
        .await;
        let receiver = format!("kind = 'webhook'\nurl = 'http://127.0.0.1:{}'", server.port);
        let Answer::Refused { why } = told(&receiver, &one()).await else { panic!("{code}") };
        assert!(why.contains(&code.to_string()) && why.contains("no"), "{why}");
        assert_eq!(server.seen().len(), 1, "redirects are not followed");
    }
}

#[tokio::test]
async fn endless_answer_is_cut_and_silent_server_is_left() {
    let server = servers::http(0, None, |_| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{}", "x".repeat(1 << 20))
    })
    .await;
    let receiver = format!("kind = 'webhook'\nurl = 'http://127.0.0.1:{}'", server.port);
    assert_eq!(told(&receiver, &one()).await, Answer::Accepted);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let receiver = format!("kind = 'webhook'\nurl = 'http://127.0.0.1:{port}/secret'\ntimeout = '1s'");
    let Answer::Later { why, .. } = told(&receiver, &one()).await else { panic!() };
    assert_eq!(why, "no answer within 1 seconds");
}

#[tokio::test]
async fn metadata_services_are_not_reached() {
    for host in ["169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"] {
        let receiver = format!("kind = 'webhook'\nurl = 'http://{host}/latest'\ntimeout = '1s'");
        let Answer::Refused { why } = told(&receiver, &one()).await else { panic!("{host}") };
        assert!(why.contains("allow-link-local"), "{why}");
    }
    let receiver = "kind = 'syslog'\nhost = '169.254.169.254'\ntransport = 'udp'";
    assert!(matches!(told(receiver, &one()).await, Answer::Refused { .. }));
    let receiver = "kind = 'smtp'\nhost = '169.254.169.254'\nfrom = 'a@b.c'\nto = ['d@e.f']";
    assert!(matches!(told(receiver, &one()).await, Answer::Refused { .. }));
}

#[tokio::test]
async fn tls_goes_by_the_named_authority_only() {
    let authority = authority();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let server = servers::http(0, Some(authority.acceptor), |_| status(200, "")).await;
    let receiver =
        |host: &str, ca: &str| format!("kind = 'webhook'\nurl = 'https://{host}:{}'\n{ca}", server.port);
    let own = format!("ca-file = '{}'", ca.display());
    assert_eq!(told(&receiver("localhost", &own), &one()).await, Answer::Accepted);
    assert!(matches!(told(&receiver("127.0.0.1", &own), &one()).await, Answer::Later { .. }), "another name");
    assert!(
        matches!(told(&receiver("localhost", ""), &one()).await, Answer::Later { .. }),
        "unknown authority"
    );
    let none = "ca-file = '/does/not/exist'";
    let Answer::Later { why, .. } = told(&receiver("localhost", none), &one()).await else { panic!() };
    assert!(why.contains("ca-file"), "{why}");
    assert_eq!(server.seen().len(), 1);
}

fn mail_receiver(port: u16, more: &str) -> String {
    format!(
        "kind = 'smtp'\nhost = 'localhost'\nport = {port}\nfrom = 'Haechi <haechi@example.com>'\nto = ['ops@example.com', 'sec@example.com']\n{more}"
    )
}

#[tokio::test]
async fn mail_is_multipart_with_an_encoded_korean_subject() {
    let server = servers::smtp(MailTls::None, "250 ok").await;
    let odd = Alert { title: Wording::same("시크릿 읽음\r\nBcc: evil@example.com"), ..alert("a") };
    let receiver = mail_receiver(server.port, "tls = 'none'\nlanguage = 'ko'");
    assert_eq!(told(&receiver, &notification(vec![odd])).await, Answer::Accepted);
    let mail = server.seen().remove(0);
    assert_eq!(mail.from.split(' ').take(2).collect::<Vec<_>>(), ["MAIL", "FROM:<haechi@example.com>"]);
    assert_eq!(mail.to.len(), 2);
    let (head, body) = mail.data.split_once("\r\n\r\n").unwrap();
    assert!(head.is_ascii(), "{head}");
    assert!(!head.to_lowercase().contains("\r\nbcc:"), "{head}");
    assert!(head.contains("Subject: =?utf-8?b?"), "{head}");
    assert!(
        head.contains("multipart/alternative") && head.contains("Message-ID: <n1@example.com>"),
        "{head}"
    );
    assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
    assert!(
        body.contains("text/plain; charset=utf-8") && body.contains("text/html; charset=utf-8"),
        "{body}"
    );
    assert!(mail.data.lines().all(|line| line.len() <= 998));
}

#[tokio::test]
async fn mail_is_encrypted_before_the_password_is_sent() {
    let authority = authority();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let login = format!("username = 'haechi'\npassword = {{ env = 'TOKEN' }}\nca-file = '{}'", ca.display());
    for (name, tls) in [
        ("starttls", MailTls::StartTls(authority.acceptor.clone())),
        ("implicit", MailTls::Implicit(authority.acceptor.clone())),
    ] {
        let server = servers::smtp(tls, "250 ok").await;
        let receiver = mail_receiver(server.port, &format!("tls = '{name}'\n{login}"));
        assert_eq!(told(&receiver, &one()).await, Answer::Accepted, "{name}");
        let mail = server.seen().remove(0);
        assert!(mail.was_encrypted);
        assert_eq!(mail.login.as_deref(), Some("AGhhZWNoaQB0MGtlbg=="), "haechi and t0ken");
    }
    // A server that offers no TLS gets neither the password nor the mail.
    let server = servers::smtp(MailTls::None, "250 ok").await;
    let receiver = mail_receiver(server.port, &format!("tls = 'starttls'\n{login}"));
    assert!(matches!(told(&receiver, &one()).await, Answer::Later { .. }));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn mail_servers_refuse_now_or_for_good() {
    let server = servers::smtp(MailTls::None, "451 busy").await;
    let receiver = mail_receiver(server.port, "tls = 'none'");
    assert!(matches!(told(&receiver, &one()).await, Answer::Later { .. }));
    let server = servers::smtp(MailTls::None, "554 spam").await;
    let receiver = mail_receiver(server.port, "tls = 'none'");
    let Answer::Refused { why } = told(&receiver, &one()).await else { panic!() };
    assert!(why.contains("554"), "{why}");
}

#[tokio::test]
async fn syslog_arrives_by_datagram_stream_and_tls() {
    let server = servers::datagrams().await;
    let receiver = format!("kind = 'syslog'\nhost = '127.0.0.1'\nport = {}\ntransport = 'udp'", server.port);
    assert_eq!(told(&receiver, &one()).await, Answer::Accepted);
    assert_eq!(parsed(&wait_for(&server, 2).await[1]).data["fingerprint"], "b");

    let server = servers::syslog(None).await;
    let receiver = format!("kind = 'syslog'\nhost = '127.0.0.1'\nport = {}\ntransport = 'tcp'", server.port);
    assert_eq!(told(&receiver, &one()).await, Answer::Accepted);
    assert_eq!(parsed(&wait_for(&server, 2).await[0]).severity, 3);

    let authority = authority();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let server = servers::syslog(Some(authority.acceptor)).await;
    let receiver =
        format!("kind = 'syslog'\nhost = 'localhost'\nport = {}\nca-file = '{}'", server.port, ca.display());
    assert_eq!(told(&receiver, &one()).await, Answer::Accepted);
    assert_eq!(parsed(&wait_for(&server, 2).await[0]).message_id, "detection");
    let unknown = format!("kind = 'syslog'\nhost = 'localhost'\nport = {}", server.port);
    assert!(matches!(told(&unknown, &one()).await, Answer::Later { .. }));
}

#[tokio::test]
async fn what_is_missing_is_told_without_the_secret() {
    let Answer::Later { why, .. } = told("kind = 'slack'\nurl = { file = '/run/none' }", &one()).await else {
        panic!()
    };
    assert_eq!(why, "cannot read the url from file `/run/none`: not there");
    let Answer::Later { why, .. } = told("kind = 'slack'\nurl = { env = 'TOKEN' }", &one()).await else {
        panic!()
    };
    assert!(!why.contains("t0ken") && why.contains("no address"), "{why}");
    let template = "kind = 'webhook'\nurl = 'http://127.0.0.1:1'\ntemplate = '{{ nothing }}'";
    assert!(matches!(told(template, &one()).await, Answer::Refused { .. }));
}
