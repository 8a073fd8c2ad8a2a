//! One pod against one level of the Pod Security Standards.

#![allow(missing_docs, clippy::expect_used, reason = "the macros make undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use haechi_objects::{PodTemplates, objects};
use haechi_policy::pss::{Level, Standards, Standing, Version};
use haechi_syntax::{Limits, parse};

fn pod_text() -> String {
    let container = |n: usize| {
        format!(
            "  - name: c{n}\n    image: registry.example/app:{n}\n    ports: [{{containerPort: 80{n}}}]\n    \
             resources: {{limits: {{cpu: 100m, memory: 1Gi}}}}\n    livenessProbe: {{httpGet: {{path: /, port: 80}}}}\n    \
             securityContext:\n      allowPrivilegeEscalation: false\n      readOnlyRootFilesystem: true\n      \
             runAsNonRoot: true\n      capabilities: {{drop: [ALL]}}\n      seccompProfile: {{type: RuntimeDefault}}\n"
        )
    };
    let containers: String = (0..5).map(container).collect();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, labels: {{app: p}}, annotations: {{a: b, c: d}}}}\nspec:\n  \
         volumes: [{{name: a, configMap: {{name: x}}}}, {{name: b, emptyDir: {{}}}}]\n  containers:\n{containers}"
    )
}

fn pss(criterion: &mut Criterion) {
    let parsed = parse(pod_text().as_bytes(), &Limits::default());
    let document = parsed.documents.first().expect("one document");
    let object = *objects(document).objects.first().expect("one object");
    let pod = PodTemplates::default().pod(object).expect("a pod");
    for level in [Level::Baseline, Level::Restricted] {
        let judgement = Standards::default().judge(pod, level, Version::Latest);
        assert_eq!(judgement.standing(), Standing::Meets, "{}", judgement.message());
        criterion.bench_function(&format!("pss/{level}/five containers"), |bencher| {
            bencher.iter(|| Standards::default().judge(black_box(pod), level, Version::Latest));
        });
    }
}

criterion_group!(benches, pss);
criterion_main!(benches);
