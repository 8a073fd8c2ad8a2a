//! What `--fix` writes, and what it leaves alone and says so: files behind links, files that somebody protects, parts that
//! cannot be read, findings that are accepted.

#![cfg(test)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  serviceAccount: a\n  containers:\n  - name: web\n    \
                   image: web:1\n    securityContext:\n      privileged: true\n";

const ONLY: &str = "--only=deprecated-service-account-field,privileged-container";

#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

fn haechi(folder: &Path, args: &[&str], stdin: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["scan", ONLY])
        .args(args)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn with(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn fixed() -> String {
    POD.replace("serviceAccount:", "serviceAccountName:").replace("privileged: true", "privileged: false")
}

/// The file is as it was, the others are fixed, and the reason is told.
#[track_caller]
fn assert_left_alone(folder: &TempDir, args: &[&str], name: &str, before: &str, reason: &str) {
    let run = haechi(folder.path(), args, b"");
    assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), before, "{run:?}");
    assert_eq!(run.code, 3, "{run:?}");
    let flat = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(reason), "`{reason}` is said in {}", run.out);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".haechi")), "{left:?}");
}

#[test]
fn diff_writes_nothing_and_ends_with_one() {
    let folder = with(&[("pod.yaml", POD)]);
    let run = haechi(folder.path(), &["--fix", "--diff", "."], b"");
    assert_eq!(run.code, 1);
    assert!(run.out.starts_with("--- pod.yaml\n+++ pod.yaml\n@@ "), "{}", run.out);
    assert_eq!(fs::read_to_string(folder.path().join("pod.yaml")).unwrap(), POD);
    // Also where findings never fail.
    assert_eq!(haechi(folder.path(), &["--fix", "--diff", "--fail-on=never", "."], b"").code, 1);
    let clean = with(&[("pod.yaml", &fixed())]);
    let run = haechi(clean.path(), &["--fix", "--diff", "--unsafe-fixes", "."], b"");
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""));
}

#[test]
fn a_difference_of_a_part_says_what_is_missing() {
    let folder = with(&[("bad.yaml", "a: [1\n"), ("pod.yaml", POD)]);
    let run = haechi(folder.path(), &["--fix", "--diff", "."], b"");
    assert_eq!(run.code, 3);
    assert!(run.out.starts_with("--- pod.yaml\n"), "{run:?}");
    assert!(run.err.contains("bad.yaml:1:4") && run.err.contains("Incomplete"), "{}", run.err);
}

#[test]
fn safe_fixes_alone_leave_the_unsafe_ones_and_say_so() {
    let folder = with(&[("pod.yaml", POD)]);
    let run = haechi(folder.path(), &["--fix", "."], b"");
    assert_eq!(run.code, 1);
    assert!(run.out.contains("One finding can be fixed with `--fix --unsafe-fixes`"), "{}", run.out);
    let text = fs::read_to_string(folder.path().join("pod.yaml")).unwrap();
    assert_eq!(text, POD.replace("serviceAccount:", "serviceAccountName:"));
    let run = haechi(folder.path(), &["--fix", "--unsafe-fixes", "."], b"");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(fs::read_to_string(folder.path().join("pod.yaml")).unwrap(), fixed());
}

#[test]
fn unsafe_fixes_and_diff_need_fix() {
    let folder = with(&[("pod.yaml", POD)]);
    for args in [["--diff", "."], ["--unsafe-fixes", "."]] {
        assert_eq!(haechi(folder.path(), &args, b"").code, 2);
    }
}

#[test]
fn programs_read_what_was_fixed() {
    let folder = with(&[("pod.yaml", POD)]);
    let run = haechi(folder.path(), &["--fix", "-o", "json", "."], b"");
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["counts"]["fixed"], 1);
    assert_eq!(report["fixed"][0]["rule"], "deprecated-service-account-field");
    assert_eq!(report["fixed"][0]["location"]["start"]["line"], 6);
    assert_eq!(report["findings"][0]["edits"]["safety"], "unsafe");
    assert!(report["findings"][0]["edits"]["risk"].as_str().unwrap().contains("devices"));
    assert!(run.err.contains("One finding was fixed in one file."), "{}", run.err);
}

#[test]
fn standard_input_goes_fixed_to_standard_output() {
    let folder = with(&[]);
    let run = haechi(folder.path(), &["--fix", "--unsafe-fixes", "-"], POD.as_bytes());
    assert_eq!((run.code, run.out), (0, fixed()));
    assert!(run.err.contains("2 findings were fixed in one file."), "{}", run.err);
    // What cannot be read goes through as it came: a pipe must not lose it.
    let broken = format!("{POD}---\na: [1\n");
    let run = haechi(folder.path(), &["--fix", "-"], broken.as_bytes());
    assert_eq!((run.code, run.out), (3, broken));
    assert!(run.err.contains("a part of it cannot be read"), "{}", run.err);
    let run = haechi(folder.path(), &["--fix", "-"], b"");
    assert_eq!((run.code, run.out.as_str()), (3, ""));
    let run = haechi(folder.path(), &["--fix", "--diff", "-"], POD.as_bytes());
    assert!(run.code == 1 && run.out.starts_with("--- -\n+++ -\n"), "{run:?}");
}

#[test]
fn files_with_parts_that_cannot_be_read_are_left_alone() {
    for (text, reason) in [
        (format!("{POD}---\na: [1\n"), "a part of it cannot be read"),
        (
            format!("{POD}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {{{{ .Values.x }}}}}}\n"),
            "it holds a template",
        ),
        (
            format!(
                "{POD}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: '{{{{ x }}}}'}}\nspec: {{containers: [{{name: a}}]}}\n"
            ),
            "it holds a template",
        ),
        (format!("# {{{{- if .Values.pod }}}}\n{POD}# {{{{- end }}}}\n"), "it holds a template"),
        (
            POD.replace("metadata:\n", "metadata:\n  labels: {app: '{{ .Release.Name }}'}\n"),
            "it holds a template",
        ),
    ] {
        let folder = with(&[("bad.yaml", &text), ("good.yaml", POD)]);
        assert_left_alone(&folder, &["--fix", "--unsafe-fixes", "."], "bad.yaml", &text, reason);
        assert_eq!(fs::read_to_string(folder.path().join("good.yaml")).unwrap(), fixed());
    }
}

#[test]
fn patches_and_charts_are_never_edited() {
    let folder = with(&[
        ("kustomization.yaml", "patches:\n- path: patch.yaml\n"),
        ("patch.yaml", POD),
        ("Chart.yaml", "name: c\nversion: 1.0.0\n"),
    ]);
    fs::create_dir(folder.path().join("templates")).unwrap();
    fs::write(folder.path().join("templates/pod.yaml"), POD).unwrap();
    let run = haechi(folder.path(), &["--fix", "--unsafe-fixes", "."], b"");
    assert_eq!(run.code, 3);
    let run = haechi(folder.path(), &["--fix", "--unsafe-fixes", "templates/pod.yaml"], b"");
    assert_eq!(run.code, 3);
    for name in ["patch.yaml", "templates/pod.yaml"] {
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), POD, "{name}");
    }
}

#[test]
fn accepted_known_and_mild_findings_are_not_fixed() {
    let text =
        POD.replace("privileged: true", "privileged: true # haechi: ignore privileged-container -- agent");
    let folder = with(&[("pod.yaml", &text)]);
    haechi(folder.path(), &["--fix", "--unsafe-fixes", "."], b"");
    let fixed = fs::read_to_string(folder.path().join("pod.yaml")).unwrap();
    assert_eq!(fixed, text.replace("serviceAccount:", "serviceAccountName:"));

    let folder = with(&[("pod.yaml", POD)]);
    let known = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["baseline", "--only=privileged-container", "-w", "known.json", "pod.yaml"])
        .current_dir(folder.path())
        .status();
    assert!(known.unwrap().success());
    let run = haechi(folder.path(), &["--fix", "--unsafe-fixes", "--baseline=known.json", "pod.yaml"], b"");
    assert_eq!(run.code, 0, "{run:?}");
    let fixed = fs::read_to_string(folder.path().join("pod.yaml")).unwrap();
    assert_eq!(fixed, POD.replace("serviceAccount:", "serviceAccountName:"));

    let folder = with(&[("pod.yaml", POD)]);
    haechi(folder.path(), &["--fix", "--unsafe-fixes", "--min-severity=high", "."], b"");
    let fixed = fs::read_to_string(folder.path().join("pod.yaml")).unwrap();
    assert_eq!(fixed, POD.replace("privileged: true", "privileged: false"));
}

#[cfg(unix)]
#[test]
fn protected_and_linked_files_are_left_alone() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let args = ["--fix", "--unsafe-fixes", "."];

    let folder = with(&[("pod.yaml", POD)]);
    mode(&folder.path().join("pod.yaml"), 0o444);
    assert_left_alone(&folder, &args, "pod.yaml", POD, "it is read-only");

    // The file's own name may be fixed, what a link leads to may not.
    let outside = with(&[("pod.yaml", POD)]);
    let folder = with(&[]);
    symlink(outside.path().join("pod.yaml"), folder.path().join("pod.yaml")).unwrap();
    assert_left_alone(&folder, &args, "pod.yaml", POD, "symbolic link");
    assert_left_alone(&folder, &["--fix", "pod.yaml"], "pod.yaml", POD, "symbolic link");
    let folder = with(&[]);
    symlink(outside.path(), folder.path().join("linked")).unwrap();
    assert_left_alone(&folder, &args, "linked/pod.yaml", POD, "symbolic link");

    let folder = with(&[("pod.yaml", POD)]);
    fs::hard_link(folder.path().join("pod.yaml"), folder.path().join("other.txt")).unwrap();
    assert_left_alone(&folder, &args, "pod.yaml", POD, "other names share its content");

    // A link that the user named is meant.
    let folder = with(&[]);
    symlink(outside.path(), folder.path().join("linked")).unwrap();
    mode(&outside.path().join("pod.yaml"), 0o640);
    let owner = |path: &Path| fs::metadata(path).map(|it| (it.uid(), it.gid(), it.mode() & 0o777)).unwrap();
    let before = owner(&outside.path().join("pod.yaml"));
    let run = haechi(folder.path(), &["--fix", "--unsafe-fixes", "linked"], b"");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(fs::read_to_string(outside.path().join("pod.yaml")).unwrap(), fixed());
    assert_eq!(owner(&outside.path().join("pod.yaml")), before);
}

/// (what, before, after, or nothing where the file must stay): with all fixes of the two checks.
const LAYOUTS: &[(&str, &str, Option<&str>)] = &[
    (
        "items of a list",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec:\n    serviceAccount: a # x\n    containers: [{name: a, securityContext: {privileged: yes}}]\n",
        Some(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec:\n    serviceAccountName: a # x\n    containers: [{name: a, securityContext: {privileged: false}}]\n",
        ),
    ),
    (
        "JSON",
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"serviceAccount\":\"a\",\"containers\":[{\"name\":\"a\",\"securityContext\":{\"privileged\":true}}]}}",
        Some(
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"serviceAccountName\":\"a\",\"containers\":[{\"name\":\"a\",\"securityContext\":{\"privileged\":false}}]}}",
        ),
    ),
    (
        "line ends of Windows, several documents, a mark at the start",
        "\u{feff}# a\r\n---\r\napiVersion: v1\r\nkind: Pod\r\nmetadata: {name: a}\r\nspec:\r\n  containers:\r\n  - name: a\r\n    securityContext:\r\n      privileged: true\r\n---\r\n# end\r\n",
        Some(
            "\u{feff}# a\r\n---\r\napiVersion: v1\r\nkind: Pod\r\nmetadata: {name: a}\r\nspec:\r\n  containers:\r\n  - name: a\r\n    securityContext:\r\n      privileged: false\r\n---\r\n# end\r\n",
        ),
    ),
    (
        "a value that two containers share, bad in both",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    securityContext: &s\n      privileged: true\n  - name: b\n    securityContext: *s\n",
        Some(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    securityContext: &s\n      privileged: false\n  - name: b\n    securityContext: *s\n",
        ),
    ),
    (
        "a value that something else shares",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nx-common: &s\n  privileged: true\nspec:\n  containers:\n  - name: a\n    securityContext: *s\n",
        None,
    ),
    (
        "a value that is shared, and accepted in one place",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {ignore-check.haechi.dev/privileged-container: 'agent [container b]'}}\nspec:\n  containers:\n  - name: a\n    securityContext: &s\n      privileged: true\n  - name: b\n    securityContext: *s\n",
        None,
    ),
    (
        "a merged value: the container's own key goes before it",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nx-common: &s\n  privileged: true\nspec:\n  containers:\n  - name: a\n    securityContext:\n      <<: *s\n      runAsNonRoot: true\n",
        Some(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nx-common: &s\n  privileged: true\nspec:\n  containers:\n  - name: a\n    securityContext:\n      <<: *s\n      runAsNonRoot: true\n      privileged: false\n",
        ),
    ),
    (
        "of two equal keys the one that counts",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    securityContext:\n      privileged: false\n      privileged: true # last\n",
        Some(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    securityContext:\n      privileged: false\n      privileged: false # last\n",
        ),
    ),
    (
        "tabs before comments, quotes, blank lines",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n\nspec:\n\n  \"serviceAccount\": 'a'\t# own\n\n  containers:\n\n  -   name: a\n\n      securityContext:   # c\n\n        privileged: true\t# why\n",
        Some(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n\nspec:\n\n  \"serviceAccountName\": 'a'\t# own\n\n  containers:\n\n  -   name: a\n\n      securityContext:   # c\n\n        privileged: false\t# why\n",
        ),
    ),
    (
        "a tagged value",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    securityContext: {privileged: !!bool true}\n",
        None,
    ),
];

#[test]
fn every_layout_is_kept() {
    for (what, before, after) in LAYOUTS {
        let folder = with(&[("pod.yaml", before)]);
        let run = haechi(folder.path(), &["--fix", "--unsafe-fixes", "pod.yaml"], b"");
        let text = fs::read_to_string(folder.path().join("pod.yaml")).unwrap();
        assert_eq!(text, after.unwrap_or(before), "{what}: {run:?}");
        assert!(run.code <= 1, "{what}: {run:?}");
        let again = haechi(folder.path(), &["--fix", "--unsafe-fixes", "pod.yaml"], b"");
        assert_eq!(fs::read_to_string(folder.path().join("pod.yaml")).unwrap(), text, "{what}: {again:?}");
    }
}
