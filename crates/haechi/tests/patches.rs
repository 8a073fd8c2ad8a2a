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

#[test]
fn port_that_a_patch_declares_is_known_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("base.yaml", BASE);
    write("kustomization.yaml", "resources: [base.yaml]\npatches: [{path: proxy.yaml}]\n");
    write("proxy.yaml", PATCH);
    let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["scan", "--only=invalid-target-port,network-policy-unknown-port", "-o", "json", "."])
        .current_dir(folder.path())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|finding| &finding["message"]).collect();
    let text = format!("{found:?}");
    assert_eq!(found.len(), 2, "{text}");
    assert!(text.contains("admin") && !text.contains("metrics"), "{text}");
}
