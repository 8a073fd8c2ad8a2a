//! `haechi network` with input that is broken, hostile or not there: named with its place, nothing else lost.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const GOOD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: one}\nspec: {containers: [{name: c, image: c}]}\nstatus: {podIP: 10.0.0.1}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: one}\nspec: {containers: [{name: c, image: c}]}\nstatus: {podIP: 10.0.0.2}\n";

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn network(folder: &Path, args: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .arg("network")
        .args(args)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!err.contains("panicked"), "{err}");
    Run { code: output.status.code().unwrap(), out: String::from_utf8(output.stdout).unwrap(), err }
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

#[test]
fn a_broken_file_is_named_and_the_rest_is_judged() {
    let folder = folder(&[("bad.yaml", b"apiVersion: v1\nkind: [\n"), ("odd.json", b"{\"kind\":")]);
    let run = network(folder.path(), &["reach", "-f", "."]);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("one/a[Pod] => one/b[Pod] : all connections"), "{}", run.out);
    assert!(run.err.contains("bad.yaml:") && run.err.contains("odd.json:"), "{}", run.err);
}

#[test]
fn a_policy_that_cannot_be_read_leaves_its_pods_unknown() {
    let policy = b"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: one}\nspec: {podSelector: {}, ingress: [{ports: [{port: 99999}]}]}\n";
    let folder = folder(&[("policy.yaml", policy)]);
    let run = network(folder.path(), &["explain", "-f", ".", "a", "b", "80"]);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("TCP 80: not known"), "{}", run.out);
    assert!(run.err.contains("policy.yaml:4:"), "{}", run.err);
}

#[test]
fn rubbish_in_a_log_is_counted_and_the_rest_is_used() {
    let mut log = b"2 1 eni-1 10.0.0.1 10.0.0.2 40000 80 6 1 1 1 1 ACCEPT OK\n\xff\xfe rubbish\n".to_vec();
    log.extend(vec![b'x'; 300_000]);
    log.extend(b"\n2 1 eni-1 10.0.0.1 999.0.0.2 40000 80 6 1 1 1 1 ACCEPT OK\n");
    let folder = folder(&[("flows.log", &log)]);
    let run = network(folder.path(), &["observe", "-f", "good.yaml", "--flows", "flows.log"]);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("1 distinct connection was observed"), "{}", run.out);
    for place in ["flows.log:2: no UTF-8", "flows.log:3: longer than", "flows.log:4: no source"] {
        assert!(run.err.contains(place), "{place} in {}", run.err);
    }
}

#[test]
fn json_that_is_deep_or_no_flow_is_told() {
    let deep = "[".repeat(100_000);
    let log = format!(
        "{deep}\n{{\"flow\":{{\"l4\":{{\"TCP\":{{\"destination_port\":70000}}}}}}}}\n{{\"node_status\":{{}}}}\n"
    );
    let folder = folder(&[("flows.json", format!("{{}}\n{log}").as_bytes())]);
    let run = network(folder.path(), &["observe", "-f", "good.yaml", "--flows", "flows.json", "-o", "json"]);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("\"connections\": 0"), "{}", run.out);
    assert!(run.err.contains("flows.json:2: no JSON") && run.err.contains("flows.json:3:"), "{}", run.err);
}

#[test]
fn mistakes_of_the_user_end_with_two() {
    let folder = folder(&[]);
    for args in [
        &["reach", "-f", "good.yaml", "--workload", "nobody"][..],
        &["reach", "-f", "good.yaml", "--workload", "a", "--port", "70000"],
        &["reach"],
        &["reach", "-f", "good.yaml", "--cni", "none"],
        &["explain", "-f", "good.yaml", "a"],
        &["explain", "-f", "good.yaml", "a", "nobody"],
        &["explain", "-f", "good.yaml", "a", "b", "no-such-port"],
        &["generate", "-f", "good.yaml", "--ingress-namespace", "Not_A_Name"],
        &["observe", "-f", "good.yaml"],
    ] {
        let run = network(folder.path(), args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(run.out.is_empty(), "{args:?}");
    }
}

#[test]
fn what_is_written_is_what_the_flows_need() {
    let log = b"2 1 eni-1 10.0.0.1 10.0.0.2 40000 80 6 1 1 1 1 ACCEPT OK\n";
    let folder = folder(&[("flows.log", log)]);
    let run = network(folder.path(), &["generate", "-f", "good.yaml", "--flows", "flows.log"]);
    assert_eq!(run.code, 0, "{}", run.err);
    fs::write(folder.path().join("written.yaml"), &run.out).unwrap();
    let again = network(folder.path(), &["observe", "-f", ".", "--flows", "flows.log"]);
    assert!(!again.out.contains("refuse"), "{}", again.out);
    let other = network(folder.path(), &["explain", "-f", ".", "8.8.8.8", "b", "80"]);
    assert_eq!(other.code, 1, "{}", other.out);
}
