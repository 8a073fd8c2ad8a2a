//! Findings stand under the one who owns the object.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

const OBJECTS: &str = "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: sales}}
---
apiVersion: v1
kind: Pod
metadata: {name: of-object, namespace: shop, labels: {team: web, squad: red}}
spec: {hostPID: true, containers: [{name: a, image: 'a:1'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: of-template, namespace: shop}
spec:
  template:
    metadata: {labels: {team: data}}
    spec: {hostPID: true, containers: [{name: a, image: 'a:1'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: of-namespace, namespace: shop}
spec: {hostPID: true, containers: [{name: a, image: 'a:1'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: of-nobody, namespace: other}
spec: {hostPID: true, containers: [{name: a, image: 'a:1'}]}
";

/// The headings and the objects under them, in order.
fn outline(folder: &Path, args: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["scan", "--only", "host-pid-namespace", "--group-by", "owner", "."])
        .args(args)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| line.rsplit('/').next().unwrap().to_owned();
    text.lines()
        .filter_map(|line| match line {
            line if line.starts_with("Owner ") || line.starts_with("No owner") => Some(line.to_owned()),
            line if line.contains("-->") => Some(name(line)),
            _ => None,
        })
        .collect()
}

#[test]
fn object_goes_before_its_pods_and_its_namespace() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("all.yaml"), OBJECTS).unwrap();
    let expected = [
        "Owner data",
        "of-template",
        "Owner sales",
        "of-namespace",
        "Owner web",
        "of-object",
        "No owner given",
        "of-nobody",
    ];
    assert_eq!(outline(folder.path(), &[]), expected);
}

#[test]
fn label_is_set_by_the_file_and_overruled_by_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("all.yaml"), OBJECTS).unwrap();
    fs::write(folder.path().join("haechi.toml"), "[scan]\nowner-labels = ['squad']\n").unwrap();
    let by_file = outline(folder.path(), &[]);
    assert_eq!(by_file[..3], ["Owner red", "of-object", "No owner given"]);
    let by_command = outline(folder.path(), &["--owner-label", "team"]);
    assert_eq!(by_command[0], "Owner data");
}
