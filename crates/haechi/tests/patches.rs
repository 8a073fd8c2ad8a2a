//! What a patch of a kustomization adds to a workload is not missing in it.

#![cfg(test)]

use std::fs;
use std::process::Command;

const BASE: &str = "apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop}
spec:
  selector: {app: shop}
  ports: [{name: metrics, port: 8443, targetPort: metrics}, {name: admin, port: 1, targetPort: admin}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shop, namespace: shop}
spec:
  podSelector: {matchLabels: {app: shop}}
  policyTypes: [Ingress]
  ingress: [{ports: [{port: metrics}, {port: admin}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: shop:1}]}
";

const PATCH: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec: {template: {spec: {containers: [{name: proxy, ports: [{name: metrics, containerPort: 8443}]}]}}}
";

fn scan(files: &[(&str, &str)], only: &str) -> (Option<i32>, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["scan", "-o", "json", "."])
        .arg(format!("--only={only}"))
        .current_dir(folder.path())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn part_of_a_workload_that_no_kustomization_names_is_not_judged_but_named() {
    let (code, report) = scan(&[("proxy.yaml", PATCH)], "container-runs-as-root");
    assert_eq!((code, report["findings"].as_array().unwrap().len()), (Some(3), 0), "{report}");
    assert_eq!(report["problems"][0]["args"]["engine"], "kustomize-patch", "{report}");
    // With an image or a selector it may be a whole one with a mistake: it is judged.
    for (part, whole) in
        [("{name: proxy,", "{name: proxy, image: proxy:1,"), ("spec: {t", "spec: {selector: {}, t")]
    {
        let text = PATCH.replace(part, whole);
        let (_, report) = scan(&[("proxy.yaml", &text)], "container-runs-as-root");
        assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report}");
    }
}

#[test]
fn port_that_a_patch_declares_is_known_and_others_are_not() {
    let files = [
        ("base.yaml", BASE),
        ("kustomization.yaml", "resources: [base.yaml]\npatches: [{path: proxy.yaml}]\n"),
        ("proxy.yaml", PATCH),
    ];
    let (_, report) = scan(&files, "invalid-target-port,network-policy-unknown-port");
    let found: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|finding| &finding["message"]).collect();
    let text = format!("{found:?}");
    assert_eq!(found.len(), 2, "{text}");
    assert!(text.contains("admin") && !text.contains("metrics"), "{text}");
}
