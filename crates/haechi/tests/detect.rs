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

/// Waits for so many more lines; fewer where they do not come.
fn lines(from: &std::sync::mpsc::Receiver<String>, count: usize) -> Vec<String> {
    (0..count).map_while(|_| from.recv_timeout(std::time::Duration::from_secs(20)).ok()).collect()
}

#[test]
fn a_followed_file_may_grow_be_replaced_and_be_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    std::fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    std::fs::write(&path, event("first", "") + "\n").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["detect", "--lang", "en", "--follow", "--rules", "rules.yaml", "audit.log"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let watch = |pipe: Box<dyn std::io::Read + Send>| {
        let (to, from) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in std::io::BufRead::lines(std::io::BufReader::new(pipe)).map_while(Result::ok) {
                let _ = to.send(line);
            }
        });
        from
    };
    let found = watch(Box::new(child.stdout.take().unwrap()));
    let told = watch(Box::new(child.stderr.take().unwrap()));
    let id = |lines: Vec<String>| -> Vec<String> {
        lines.iter().map(|line| line.rsplit_once("id=").unwrap().1.to_owned()).collect()
    };
    let append = |text: &str| {
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    assert_eq!(id(lines(&found, 1)), ["first"]);

    // A line that comes in two pieces is one event.
    let whole = event("grown", "") + "\n";
    append(&whole[..40]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    append(&whole[40..]);
    assert_eq!(id(lines(&found, 1)), ["grown"]);

    // The old file ends inside a line: it takes nothing of the new one with it.
    append(&event("cut", "")[..50]);
    std::fs::rename(&path, folder.path().join("audit.log.1")).unwrap();
    std::fs::write(&path, event("replaced", "") + "\n").unwrap();
    assert_eq!(id(lines(&found, 1)), ["replaced"]);
    assert_eq!(lines(&told, 1), ["audit.log:3: ends inside a value"]);

    // Cut to nothing and written anew, as `copytruncate` does.
    std::fs::write(&path, "").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    append(&(event("anew", "") + "\n"));
    assert_eq!(id(lines(&found, 1)), ["anew"]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn recordings_of_kernel_events_are_read_and_their_damage_is_told_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "- rule: r\n  desc: d\n  condition: evt.type exists\n  output: x\n  priority: INFO\n  warn_evttypes: false\n";
    let block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes(), &length, body, &length].concat()
    };
    let head = [&0x1a2b_3c4du32.to_le_bytes()[..], &[1, 0, 2, 0], &[0xff; 8]].concat();
    let mut capture = block(0x0a0d_0d0a, &head);
    capture.extend(block(0x216, &[0; 8]));
    capture.extend([1, 2, 3, 4]);
    std::fs::write(folder.path().join("x.scap"), capture).unwrap();
    std::fs::write(folder.path().join("r.yaml"), rules).unwrap();
    for (language, expected) in [
        (
            "en",
            [
                "x.scap at byte 28: a block of the recording",
                "x.scap at byte 48: the recording ends inside a block",
                "first at byte 28",
            ],
        ),
        (
            "ko",
            [
                "x.scap 바이트 28: 기록 파일의 블록",
                "x.scap 바이트 48: 기록 파일이 블록 중간에서",
                "처음 나온 바이트 28",
            ],
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
            .args(["detect", "--lang", language, "--rules", "r.yaml", "x.scap"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        let told = String::from_utf8(output.stderr).unwrap();
        for part in expected {
            assert!(told.contains(part), "{part}\n{told}");
        }
    }
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
