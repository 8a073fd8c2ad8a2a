//! How many objects a scan judges in a second, parsing included, on one thread.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use haechi::scan::{ScanOptions, scan};
use haechi_sources::{DiscoverOptions, discover};

const OBJECTS: u64 = 1_000;

/// Deployments of three containers, every other one hardened.
fn manifests() -> String {
    let mut text = String::new();
    for at in 0..OBJECTS {
        let security = if at % 2 == 0 { "privileged: true" } else { "allowPrivilegeEscalation: false" };
        write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{at}\n  namespace: shop\n  labels:\n    app: \
             app-{at}\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: app-{at}\n  template:\n    \
             metadata:\n      labels:\n        app: app-{at}\n    spec:\n      containers:\n"
        )
        .unwrap();
        for container in ["web", "proxy", "log"] {
            write!(
                text,
                "      - name: {container}\n        image: registry.example/{container}:1.{at}\n        ports:\n        - \
                 containerPort: 8080\n        resources:\n          requests:\n            cpu: 100m\n            memory: \
                 64Mi\n        securityContext:\n          {security}\n          readOnlyRootFilesystem: true\n"
            )
            .unwrap();
        }
    }
    text
}

fn scans(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("all.yaml"), manifests()).unwrap();
    let options = ScanOptions::default();
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Elements(OBJECTS)).sample_size(20);
    group.bench_function("deployments", |bencher| {
        bencher.iter(|| {
            let found = discover(&[folder.path().to_owned()], &DiscoverOptions::default());
            black_box(scan(found, &options, &|| {}))
        });
    });
    group.finish();
}

criterion_group!(benches, scans);
criterion_main!(benches);
