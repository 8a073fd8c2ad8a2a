//! How fast texts become trees: `cargo bench -p haechi-syntax`. Throughput counts bytes of the source.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haechi_syntax::{Limits, Parsed, parse, parse_json, parse_yaml};

/// Deployments as people write them: comments, a block scalar, quotes, flow lists.
fn manifests(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let _ = write!(
            text,
            "---
# Service {number} of the shop
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-{number}
  namespace: \"shop\"
  labels: {{app.kubernetes.io/name: shop-{number}, tier: backend}}
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app.kubernetes.io/name: shop-{number}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: shop-{number} # as in the selector
    spec:
      serviceAccountName: shop
      containers:
      - name: web
        image: registry.example/shop/web:1.{number}.0
        args: [\"--listen=:8080\", '--mode=fast']
        command:
        - /bin/sh
        - -c
        - |
          set -eu
          echo \"starting $POD_NAME\"
          exec /app/web --config /etc/shop/web.yaml
        env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: GREETING
          value: 안녕하세요, 상점입니다
        ports:
        - containerPort: 8080
          protocol: TCP
        resources:
          requests: {{cpu: 100m, memory: 128Mi}}
          limits:
            memory: 256Mi
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          runAsUser: 10001
          capabilities:
            drop:
            - ALL
",
            replicas = number % 5 + 1,
        );
    }
    text
}

/// The same objects as `kubectl get -o json` prints them.
fn objects(count: usize) -> String {
    let mut text = String::from("{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n");
    for number in 0..count {
        let separator = if number > 0 { ",\n" } else { "" };
        let _ = write!(
            text,
            r#"{separator}        {{
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {{
                "annotations": {{"note": "says \"hello\"\n"}},
                "generation": {number},
                "name": "shop-{number}",
                "namespace": "shop"
            }},
            "spec": {{
                "replicas": 3,
                "template": {{
                    "spec": {{
                        "containers": [
                            {{
                                "args": ["--listen=:8080", "--mode=fast"],
                                "image": "registry.example/shop/web:1.{number}.0",
                                "name": "web",
                                "securityContext": {{"allowPrivilegeEscalation": false, "runAsUser": 10001}}
                            }}
                        ]
                    }}
                }}
            }}
        }}"#
        );
    }
    text + "\n    ],\n    \"kind\": \"List\"\n}\n"
}

/// The corpus of real manifests, if it is on this machine.
fn corpus() -> Vec<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let conformance = std::env::var_os("HAECHI_CONFORMANCE").map_or(beside, PathBuf::from);
    let mut folders = vec![conformance.join("../corpora/manifests/files")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match std::fs::read(entry.path()) {
                Ok(bytes) => files.push(bytes),
                Err(_) => folders.push(entry.path()),
            }
        }
    }
    files
}

fn parse_texts(c: &mut Criterion) {
    type Parse = fn(&[u8], &Limits) -> Parsed;
    let mut group = c.benchmark_group("parse");
    for (name, parse, text) in [
        ("yaml", parse_yaml as Parse, manifests(500)),
        ("json", parse_json as Parse, objects(500)),
        ("json as yaml", parse_yaml as Parse, objects(500)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new(name, text.len()), &text, |bencher, text| {
            bencher.iter(|| black_box(parse(black_box(text.as_bytes()), &Limits::default())));
        });
    }
    let files = corpus();
    if !files.is_empty() {
        let bytes: usize = files.iter().map(Vec::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(BenchmarkId::new("corpus", files.len()), &files, |bencher, files| {
            bencher.iter(|| {
                for file in files {
                    black_box(parse(black_box(file), &Limits::default()));
                }
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = parse_texts
}
criterion_main!(benches);
