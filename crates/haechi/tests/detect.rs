//! `haechi detect` through the binary: inputs that no page can show.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const RULES: &str = "
- rule: create
  desc: d
  condition: ka.verb = create
  output: id=%ka.auditid
  priority: INFO
  source: k8s_audit
";

fn event(id: &str, more: &str) -> String {
    format!(
        r#"{{"kind":"Event","auditID":"{id}","stage":"ResponseComplete","verb":"create","stageTimestamp":"2026-01-02T03:04:05Z"{more}}}"#
    )
}

fn detect(folder: &Path, events: &str, input: &[u8]) -> Output {
    std::fs::write(folder.join("rules.yaml"), RULES).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["detect", "--lang", "en", "--rules", "rules.yaml", events])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Output is read while input is written: neither waits for the other.
    let writer = std::thread::spawn(move || {
        // A command that refuses its arguments reads nothing.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn ids(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| line.rsplit_once("id=").unwrap().1.to_owned()).collect()
}

#[test]
fn what_is_broken_hides_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let big = event("big", &format!(r#","requestObject":{{"data":"{}"}}"#, "x".repeat(20 << 20)));
    let mut input = Vec::new();
    for line in [
        event("a", "").into_bytes(),
        b"{\"kind\":\"Event\",\"auditID\":\"\xff\xfe\"}".to_vec(),
        event("b", "").into_bytes(),
        event("cut", r#","objectRef":{"resource":"po"#).trim_end_matches('}').as_bytes().to_vec(),
        big.into_bytes(),
        event("later", "").replace("2026", "2199").into_bytes(),
        event("c", "").replace("ResponseComplete", "Halfway").into_bytes(),
    ] {
        input.extend(line);
        input.push(b'\n');
    }
    let output = detect(folder.path(), "-", &input);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(ids(&output), ["a", "b", "big", "c"]);
    let told = String::from_utf8(output.stderr).unwrap();
    for line in [
        "-:2: bytes that are no UTF-8",
        "-:4: ends inside a value",
        "-:6: more than a day later than now: a clock is wrong",
        "-:7: a value that this kind of event does not have: rules may not see it",
        "4 events, 4 detections, 0 delivered twice, 3 refused",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn folders_are_read_in_order_and_an_unreadable_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events");
    std::fs::create_dir(&events).unwrap();
    std::fs::write(events.join("2.jsonl"), event("two", "")).unwrap();
    std::fs::write(events.join("1.log"), event("one", "")).unwrap();
    std::fs::write(events.join("3.gz"), [0x1f, 0x8b, 8, 0, 1]).unwrap();
    std::fs::write(events.join("4.parquet"), b"PAR1 cut off").unwrap();
    let output = detect(folder.path(), "events", b"");
    assert_eq!(ids(&output), ["one", "two"]);
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("3.gz: ") && told.contains("4.parquet: "), "{told}");
}

#[test]
fn nothing_to_judge_is_no_clean_result() {
    let folder = tempfile::tempdir().unwrap();
    let output = detect(folder.path(), "-", b"");
    assert_eq!(output.status.code(), Some(3));
    let quiet = event("a", "").replace("create", "get");
    assert_eq!(detect(folder.path(), "-", quiet.as_bytes()).status.code(), Some(0));
    assert_eq!(detect(folder.path(), "no-such-file", b"").status.code(), Some(3));
}
