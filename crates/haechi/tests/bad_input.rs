//! Input that is broken, hostile or not there: named with its place, nothing else lost, exit code 3.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

const GOOD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\nspec:\n  containers:\n  - {name: a, image: 'a:1', \
                    securityContext: {privileged: true}}\n";

struct Run {
    code: i32,
    out: String,
}

fn haechi(folder: &Path, args: &[&str], stdin: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(args)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The command may refuse its input before it has read it all.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!err.contains("panicked"), "{err}");
    Run { code: output.status.code().unwrap(), out: String::from_utf8(output.stdout).unwrap() }
}

/// Scans a folder with a good manifest beside the bad file: the good one must still be judged.
fn scan_beside_good(bad: &[u8], name: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    fs::write(folder.path().join(name), bad).unwrap();
    let run = haechi(folder.path(), &["scan", "--only", "privileged-container", "."], b"");
    assert!(
        run.out.contains("Container a runs in privileged mode."),
        "the good file is judged:\n{}",
        run.out
    );
    run
}

#[track_caller]
fn assert_incomplete(run: &Run, parts: &[&str]) {
    assert_eq!(run.code, 3, "{}", run.out);
    // Lines are wrapped to the width of the terminal.
    let flat = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part), "`{part}` is said in:\n{}", run.out);
    }
}

#[test]
fn binary_file_is_named() {
    let run = scan_beside_good(b"\x7fELF\x02\x01\x01\0\0\0\0\0", "bad.yaml");
    assert_incomplete(&run, &["bad.yaml", "The file is not text"]);
}

#[test]
fn utf_16_is_named() {
    let wide: Vec<u8> =
        std::iter::once(0xfeff_u16).chain(GOOD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let run = scan_beside_good(&wide, "bad.yaml");
    assert_incomplete(&run, &["bad.yaml", "UTF-8"]);
    let without_mark: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_incomplete(&scan_beside_good(&without_mark, "bad.yaml"), &["bad.yaml", "UTF-8"]);
}

#[test]
fn a_hundred_megabytes_are_refused_without_being_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    let mut file = fs::File::create(folder.path().join("big.yaml")).unwrap();
    file.seek(SeekFrom::Start(100 << 20)).unwrap();
    file.write_all(b"a: 1\n").unwrap();
    let run = haechi(folder.path(), &["scan", "."], b"");
    assert_incomplete(&run, &["big.yaml", "size limit"]);
    let stdin = haechi(folder.path(), &["scan", "--max-file-size", "1", "-"], &vec![b'#'; 2 << 20]);
    assert_incomplete(&stdin, &["size limit"]);
}

#[test]
fn deep_nesting_ends_with_a_message() {
    for bad in [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
        "- ".repeat(10_000) + "x\n",
        format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        let run = scan_beside_good(bad.as_bytes(), "deep.yaml");
        assert_incomplete(&run, &["deep.yaml:"]);
    }
}

#[test]
fn alias_bomb_is_not_expanded() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert_incomplete(&scan_beside_good(bomb.as_bytes(), "bomb.yaml"), &["bomb.yaml:"]);
    let mut merges = String::from("m0: &m0 {k: 1}\n");
    for level in 1..40 {
        merges.push_str(&format!("m{level}: &m{level}\n  <<: [*m{0}, *m{0}]\n  k{level}: 1\n", level - 1));
    }
    let start = Instant::now();
    let run = scan_beside_good(merges.as_bytes(), "merges.yaml");
    assert!(start.elapsed().as_secs() < 20, "merges are bounded");
    assert!(run.code == 3 || run.code == 1, "{}", run.out);
}

#[test]
fn cyclic_alias_is_named_with_its_line() {
    let run = scan_beside_good(b"kind: x\na: &a\n  b: *a\n", "cycle.yaml");
    assert_incomplete(&run, &["cycle.yaml:3:"]);
}

#[test]
fn broken_document_hides_no_other_document_of_its_file() {
    let text = format!("a: [1\n---\n{GOOD}---\nb: \"x\n---\n{GOOD}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mixed.yaml"), text).unwrap();
    let run = haechi(folder.path(), &["scan", "--only", "privileged-container", "mixed.yaml"], b"");
    assert_incomplete(&run, &["mixed.yaml:8:", "mixed.yaml:17:"]);
    assert_eq!(run.out.matches("Container a runs in privileged mode.").count(), 2, "{}", run.out);
}

#[test]
fn bytes_that_are_no_utf_8_break_their_document_only() {
    let mut bytes = GOOD.as_bytes().to_vec();
    bytes.extend(b"---\na: \xff\xfe\n---\n");
    bytes.extend(GOOD.as_bytes());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mixed.yaml"), bytes).unwrap();
    let run = haechi(folder.path(), &["scan", "--only", "privileged-container", "mixed.yaml"], b"");
    assert_incomplete(&run, &["mixed.yaml:8:4"]);
    assert_eq!(run.out.matches("Container a runs in privileged mode.").count(), 2, "{}", run.out);
}

#[cfg(unix)]
#[test]
fn unreadable_file_and_circle_of_links_are_named() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    symlink(folder.path(), folder.path().join("circle")).unwrap();
    let secret = folder.path().join("secret.yaml");
    fs::write(&secret, GOOD).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let run = haechi(folder.path(), &["scan", "."], b"");
    assert_incomplete(&run, &["circle", "symbolic link"]);
    // The superuser reads everything; then there is nothing to name.
    if fs::read(&secret).is_err() {
        assert_incomplete(&run, &["secret.yaml", "could not be read"]);
    } else {
        println!("skipped: this user can read files without permission");
    }
}

#[test]
fn nothing_to_scan_is_said_and_is_no_pass() {
    let folder = TempDir::new().unwrap();
    let run = haechi(folder.path(), &["scan", "."], b"");
    assert_incomplete(&run, &["Nothing was scanned"]);
    let run = haechi(folder.path(), &["scan", "-"], b"# only a comment\n");
    assert_incomplete(&run, &["Nothing was scanned"]);
    let run = haechi(folder.path(), &["scan", "missing.yaml"], b"");
    assert_incomplete(&run, &["missing.yaml", "Nothing was scanned"]);
}

#[test]
fn values_of_a_wrong_type_are_no_pass() {
    let text = GOOD.replace("true", "\"true\"");
    let folder = TempDir::new().unwrap();
    let run = haechi(folder.path(), &["scan", "--only", "privileged-container", "-"], text.as_bytes());
    assert_incomplete(&run, &["securityContext.privileged must be true or false, found text"]);
}

#[test]
fn workload_without_containers_is_no_pass() {
    let folder = TempDir::new().unwrap();
    for text in [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: {name: a, image: b}}\n",
    ] {
        let run = haechi(folder.path(), &["scan", "-"], text.as_bytes());
        assert_eq!(run.code, 3, "{text}\n{}", run.out);
    }
}

#[test]
fn templates_are_left_out_and_said_so() {
    let folder = TempDir::new().unwrap();
    for text in [
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"{{ .Values.name }}\"\nspec: {containers: [{name: a, image: b}]}\n",
        "{% if x %}\nkind: Pod\n{% endif %}\n",
    ] {
        let run = haechi(folder.path(), &["scan", "-"], text.as_bytes());
        assert_incomplete(&run, &["template was not rendered"]);
    }
}

#[test]
fn result_is_the_same_whatever_the_number_of_threads() {
    let folder = TempDir::new().unwrap();
    for at in 0..40 {
        fs::write(folder.path().join(format!("{at}.yaml")), GOOD.replace("good", &format!("good-{at}")))
            .unwrap();
        fs::write(folder.path().join(format!("{at}-broken.yaml")), "a: [1\n").unwrap();
    }
    let outputs: Vec<String> = ["1", "2", "7"]
        .iter()
        .map(|threads| haechi(folder.path(), &["scan", "-o", "json", "-j", threads, "."], b"").out)
        .collect();
    assert!(outputs[0].len() > 1_000);
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
}

#[test]
fn wrong_usage_is_told_apart() {
    let folder = TempDir::new().unwrap();
    for args in [
        &["scan"][..],
        &["scan", "-", "--only", "no-such-check"],
        &["scan", "-", "--fail-on", "awful"],
        &["scan", "-", "--pod-security", "strict"],
        &["explain", "no-such-check"],
        &["frobnicate"],
    ] {
        assert_eq!(haechi(folder.path(), args, b"").code, 2, "{args:?}");
    }
}

#[test]
fn threshold_decides_the_exit_code() {
    let folder = TempDir::new().unwrap();
    let scan = |args: &[&str]| {
        let all: Vec<&str> =
            ["scan", "-", "--only", "memory-limit-missing"].iter().chain(args).copied().collect();
        haechi(folder.path(), &all, GOOD.as_bytes()).code
    };
    assert_eq!(scan(&[]), 1);
    assert_eq!(scan(&["--fail-on", "high"]), 0);
    assert_eq!(scan(&["--fail-on", "never"]), 0);
    // What is not shown still counts.
    assert_eq!(scan(&["--min-severity", "critical"]), 1);
}
