//! What people accepted stays accepted, says why, and nothing more is hidden.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  hostPID: true\n  containers:\n  - name: web\n    \
                   image: web:1\n    securityContext:\n      privileged: true\n  - name: log\n    image: log:1\n    \
                   securityContext:\n      privileged: true\n";

fn scan(folder: &Path, args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["scan", "--only", "privileged-container,host-pid-namespace", "."])
        .args(args)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn with(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pod.yaml"), text).unwrap();
    folder
}

/// Exit code, accepted findings, remaining findings.
#[track_caller]
fn assert_scan(text: &str, code: i32, parts: &[&str], absent: &[&str]) {
    let folder = with(text);
    let (found, out) = scan(folder.path(), &[]);
    assert_eq!(found, code, "{out}");
    for part in parts {
        assert!(out.contains(part), "`{part}` is said in: {out}");
    }
    for part in absent {
        assert!(!out.contains(part), "`{part}` is not said in: {out}");
    }
}

#[test]
fn comment_at_the_end_of_a_line_speaks_of_that_line() {
    let text =
        POD.replace("hostPID: true", "hostPID: true # haechi: ignore host-pid-namespace -- node agent");
    assert_scan(&text, 1, &["One finding is accepted", "2 findings in one file"], &["process namespace"]);
}

#[test]
fn comment_above_speaks_of_what_it_stands_above() {
    let text = POD
        .replace("  - name: web", "  # haechi: ignore privileged-container -- loads modules\n  - name: web");
    assert_scan(&text, 1, &["One finding is accepted", "Container log runs"], &["Container web runs"]);
    let text = POD
        .replace("  containers:", "  # haechi: ignore privileged-container -- both\n  # more\n  containers:");
    assert_scan(&text, 1, &["2 findings are accepted"], &["Container web runs", "Container log runs"]);
}

#[test]
fn file_comment_and_annotation_speak_of_the_whole() {
    let text = format!("# haechi: ignore-file privileged-container host-pid-namespace -- a demo\n{POD}");
    assert_scan(&text, 0, &["3 findings are accepted", "No findings"], &[]);
    let note = "metadata:\n  annotations:\n    ignore-check.haechi.dev/privileged-container: agent [container web]\n";
    let text = POD.replace("metadata:\n", note);
    assert_scan(&text, 1, &["One finding is accepted", "Container log runs"], &["Container web runs"]);
}

#[test]
fn suppression_without_a_reason_is_refused_with_its_place() {
    for (comment, said) in [
        ("# haechi: ignore host-pid-namespace", "it gives no reason"),
        ("# haechi: ignore host-pid-namespace --", "it gives no reason"),
        ("# haechi: ignore -- why not", "it names no rule"),
        ("# haechi: ignore no-such-check -- why", "there is no rule `no-such-check`"),
        ("# haechi: skip host-pid-namespace -- why", "`skip` is unknown"),
        ("# haechi: ignore host-pid-namespace -- why [until soon]", "[until soon]` is no date"),
    ] {
        let text = POD.replace("hostPID: true", &format!("hostPID: true {comment}"));
        assert_scan(&text, 1, &["pod.yaml:6:17", said, "3 findings in one file"], &["accepted by"]);
    }
    let text = POD.replace(
        "metadata:\n",
        "metadata:\n  annotations: {ignore-check.haechi.dev/host-pid-namespace: ''}\n",
    );
    assert_scan(&text, 1, &["pod.yaml:4:17", "it gives no reason"], &[]);
}

#[test]
fn expired_and_unused_suppressions_are_named() {
    let text = POD.replace(
        "hostPID: true",
        "hostPID: true # haechi: ignore host-pid-namespace -- x [until 2020-01-31]",
    );
    assert_scan(&text, 1, &["has expired", "accepted until 2020-01-31", "3 findings"], &[]);
    let text = POD.replace(
        "hostPID: true",
        "hostPID: false # haechi: ignore host-pid-namespace -- x [until 2999-01-31]",
    );
    assert_scan(&text, 1, &["no longer needed", "pod.yaml:6:18"], &[]);
    // A rule that was not asked says nothing about its suppressions.
    let text = POD.replace("hostPID: true", "hostPID: true # haechi: ignore host-port -- x");
    assert_scan(&text, 1, &[], &["no longer needed"]);
}

#[test]
fn configuration_accepts_by_place_and_name() {
    let folder = with(POD);
    let write = |text: &str| fs::write(folder.path().join("haechi.toml"), text).unwrap();
    write(
        "[[suppress]]\ncheck = \"privileged-container\"\nreason = \"agent\"\ncontainer = \"log\"\npath = \"*.yaml\"\n",
    );
    let (code, out) = scan(folder.path(), &[]);
    assert!(
        code == 1 && out.contains("One finding is accepted") && !out.contains("Container log runs"),
        "{out}"
    );
    write("[[suppress]]\ncheck = \"privileged-container\"\nreason = \"agent\"\nname = \"other\"\n");
    assert!(scan(folder.path(), &[]).1.contains("haechi.toml:1:1"), "an unused one is named with its line");
    write("[[suppress]]\ncheck = \"privileged-container\"\n");
    let (code, out) = scan(folder.path(), &[]);
    assert!(code == 2 && out.contains("haechi.toml:1:1") && out.contains("needs a `reason`"), "{code} {out}");
    write("[scan]\nfail-on = \"never\"\n[checks.host-pid-namespace]\nseverity = \"low\"\n");
    assert_eq!(scan(folder.path(), &[]).0, 0);
    assert_eq!(scan(folder.path(), &["--fail-on", "low"]).0, 1, "the command line goes first");
    write("[scan]\nexclude = [\"pod.yaml\"]\n");
    assert_eq!(scan(folder.path(), &[]).0, 3, "nothing is left to scan");
}

#[test]
fn baseline_hides_what_is_known_and_nothing_else() {
    let folder = with(POD);
    let baseline = folder.path().join("known.baseline");
    let status = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["baseline", "--only", "privileged-container,host-pid-namespace", ".", "-w"])
        .arg(&baseline)
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let known = baseline.to_str().unwrap();
    let (code, out) = scan(folder.path(), &["--baseline", known]);
    assert!(code == 0 && out.contains("3 findings are known"), "{out}");

    // Lines move and the file is renamed: still known.
    fs::remove_file(folder.path().join("pod.yaml")).unwrap();
    fs::write(folder.path().join("renamed.yaml"), format!("# a comment\n\n{POD}")).unwrap();
    assert_eq!(scan(folder.path(), &["--baseline", known]).0, 0);

    // A further container is new.
    let more = format!("{POD}  - name: new\n    image: new:1\n    securityContext: {{privileged: true}}\n");
    fs::write(folder.path().join("renamed.yaml"), more).unwrap();
    let (code, out) = scan(folder.path(), &["--baseline", known]);
    assert!(code == 1 && out.contains("Container new runs") && !out.contains("Container log runs"), "{out}");

    // The same object twice is one more finding than is known.
    fs::write(folder.path().join("renamed.yaml"), format!("{POD}---\n{POD}")).unwrap();
    assert_eq!(scan(folder.path(), &["--baseline", known]).0, 1);

    fs::write(&baseline, "{}").unwrap();
    assert_eq!(scan(folder.path(), &["--baseline", known]).0, 2);
}
