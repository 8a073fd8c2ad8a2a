//! `haechi serve` with alerts, through the binary: an event comes in, somebody is told, once, also after `kill -9`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};

const RULES: &str = "
- rule: Secret read
  desc: d
  condition: ka.verb = get
  output: secret %ka.target.name in %ka.target.namespace read by %ka.user.name
  priority: ERROR
  source: k8s_audit
";

/// Bodies of what is posted to this address.
fn receiver() -> (u16, Receiver<serde_json::Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, posted) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                if let Some(text) = line.strip_prefix("content-length: ") {
                    length = text.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    (port, posted)
}

/// Puts an event into the watched folder, as somebody who has finished writing it.
fn put_event(folder: &Path, name: &str) {
    let event = serde_json::json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": name, "stage": "ResponseComplete", "verb": "get",
        "user": { "username": "alice" },
        "objectRef": { "resource": "secrets", "namespace": "shop", "name": name },
        "stageTimestamp": jiff::Timestamp::now().to_string(),
    });
    let path = folder.join("events").join(format!("{name}.jsonl"));
    std::fs::write(&path, format!("{event}\n")).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap_or(SystemTime::UNIX_EPOCH);
    file.set_modified(modified - Duration::from_secs(60)).unwrap();
}

/// The service, killed when it is dropped.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(folder: &Path) -> Service {
    let child = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            "data",
            "--rules",
            "rules.yaml",
            "--watch",
            "events",
        ])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Service(child)
}

#[test]
fn who_is_concerned_is_told_once_also_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (port, posted) = receiver();
    std::fs::create_dir(folder.path().join("events")).unwrap();
    std::fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    let config = format!(
        "[alerts]\nreceivers = []\ngroup-wait = '0s'\ngroup-interval = '1s'\n\
         [[alerts.receiver]]\nname = 'hook'\ntimeout = '2s'\nkind = 'webhook'\nurl = 'http://127.0.0.1:{port}/'\n\
         [[alerts.route]]\nseverity = 'high'\nnamespace = ['sh*']\nreceivers = ['hook']\n"
    );
    std::fs::write(folder.path().join("haechi.toml"), config).unwrap();
    put_event(folder.path(), "db");
    let service = serve(folder.path());
    let first = posted.recv_timeout(Duration::from_secs(60)).unwrap();
    let alert = &first["alerts"][0];
    assert_eq!(alert["summary"], "secret db in shop read by alice");
    assert_eq!((&alert["severity"], &alert["namespace"]), (&"high".into(), &"shop".into()));
    drop(service);
    put_event(folder.path(), "keys");
    let _service = serve(folder.path());
    let second = posted.recv_timeout(Duration::from_secs(60)).unwrap();
    // What was leased when the process was killed waits for the end of its lease.
    // The answer to the first may have come too late for the killed one to note: then it is the same notification.
    let second = if second["id"] == first["id"] {
        posted.recv_timeout(Duration::from_secs(60)).unwrap()
    } else {
        second
    };
    assert_eq!(second["alerts"][0]["summary"], "secret keys in shop read by alice", "{second}");
    assert_eq!(second["count"], 1);
    let third = posted.recv_timeout(Duration::from_secs(8));
    assert!(third.is_err(), "nothing is told twice: {third:?}");
}

#[test]
fn an_incident_is_told_once_for_all_its_detections_also_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (port, posted) = receiver();
    std::fs::create_dir(folder.path().join("events")).unwrap();
    std::fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    let config = format!(
        "[alerts]\nreceivers = ['hook']\ngroup-wait = '0s'\ngroup-interval = '1s'\nincidents = 'high'\ndetections = false\n\
         [[alerts.receiver]]\nname = 'hook'\ntimeout = '2s'\nkind = 'webhook'\nurl = 'http://127.0.0.1:{port}/'\n"
    );
    std::fs::write(folder.path().join("haechi.toml"), config).unwrap();
    put_event(folder.path(), "db");
    let service = serve(folder.path());
    let first = posted.recv_timeout(Duration::from_secs(60)).unwrap();
    let alert = &first["alerts"][0];
    assert_eq!(
        (&alert["title"], &alert["severity"]),
        (&"Secret read: alice".into(), &"high".into()),
        "{first}"
    );
    assert_eq!((&first["count"], &alert["namespace"]), (&1.into(), &"shop".into()), "{first}");
    put_event(folder.path(), "keys");
    drop(service);
    let _service = serve(folder.path());
    // The answer to the first may have come too late for the killed one to note: then it is the same notification.
    while let Ok(again) = posted.recv_timeout(Duration::from_secs(10)) {
        assert_eq!(again["id"], first["id"], "nothing is told twice: {again}");
    }
}
