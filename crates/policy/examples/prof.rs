//! A five-container Pod against fifty constraints of Gatekeeper's library, each of which applies to it.

#![allow(warnings)]
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "the macros make undocumented functions"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use haechi_objects::objects;
use haechi_policy::gatekeeper::Gatekeeper;
use haechi_policy::{Engine, Inventory, Outcome, PolicyDocument, PolicySet, Request};
use haechi_syntax::{Document, Limits, parse};

/// Constraints that the Pod is judged by.
const POLICIES: usize = 50;

fn pod_text() -> String {
    let container = |n: usize| {
        format!(
            "  - name: c{n}\n    image: registry.example/app{n}:1.{n}\n    ports: [{{containerPort: 80{n}}}]\n    \
             resources: {{limits: {{cpu: 100m, memory: 1Gi}}, requests: {{cpu: 50m, memory: 1Gi}}}}\n    \
             livenessProbe: {{httpGet: {{path: /, port: 80}}}}\n    readinessProbe: {{httpGet: {{path: /, port: 80}}}}\n    \
             securityContext:\n      allowPrivilegeEscalation: false\n      readOnlyRootFilesystem: true\n      \
             runAsNonRoot: true\n      runAsUser: 1000\n      capabilities: {{drop: [ALL]}}\n      \
             seccompProfile: {{type: RuntimeDefault}}\n    volumeMounts: [{{name: a, mountPath: /a, readOnly: true}}]\n"
        )
    };
    let containers: String = (0..5).map(container).collect();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: shop, labels: {{app: p, owner: me.agilebank.demo}}, \
         annotations: {{a: b, c: d}}}}\nspec:\n  serviceAccountName: shop\n  volumes: [{{name: a, configMap: {{name: x}}}}, \
         {{name: b, emptyDir: {{}}}}]\n  containers:\n{containers}"
    )
}

fn library() -> PathBuf {
    let root = std::env::var_os("HAECHI_CONFORMANCE").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    root.unwrap_or(beside).join("policy/gatekeeper/library")
}

fn files(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, name, found);
        } else if path.ends_with(name) {
            found.push(path);
        }
    }
    found.sort();
}

fn documents(name: &str) -> Vec<Document> {
    let mut paths = Vec::new();
    files(&library(), name, &mut paths);
    let read = |path: &PathBuf| parse(&std::fs::read(path).unwrap_or_default(), &Limits::default()).documents;
    paths.iter().flat_map(read).collect()
}

fn policies(documents: &[Document]) -> Vec<PolicyDocument<'_>> {
    let objects = documents.iter().flat_map(|document| objects(document).objects);
    objects.map(|object| PolicyDocument { path: "library".into(), object }).collect()
}

fn main() {
    let templates = documents("template.yaml");
    if templates.is_empty() {
        eprintln!("skipped: no {}", library().display());
        return;
    }
    let constraints = documents("constraint.yaml");
    let inventory = Inventory::default();
    let parsed = parse(pod_text().as_bytes(), &Limits::default());
    let document = parsed.documents.first().expect("one document");
    let object = *objects(document).objects.first().expect("one object");
    let request = Request::of_object(object, &inventory);

    // Those that have something to say about the Pod, as often as it takes.
    let all: Vec<PolicyDocument<'_>> =
        policies(&templates).into_iter().chain(policies(&constraints)).collect();
    let mut verdicts = Vec::new();
    Gatekeeper::default().load(&all).set.review(&request, &mut verdicts);
    let applies = |constraint: &PolicyDocument<'_>| {
        let policy = format!("{}/{}", constraint.object.kind(), constraint.object.name());
        verdicts.iter().any(|verdict| {
            *verdict.policy == *policy && matches!(verdict.outcome, Outcome::Pass | Outcome::Violation(_))
        })
    };
    let chosen: Vec<&Document> = constraints
        .iter()
        .filter(|document| policies(std::slice::from_ref(document)).iter().all(applies))
        .collect();

    let only = std::env::args().nth(1).unwrap_or_default();
    let n: usize = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(300);
    for c in &chosen {
        if !c.source().text().contains(&only) {
            continue;
        }
        let docs: Vec<PolicyDocument<'_>> =
            policies(&templates).into_iter().chain(policies(std::slice::from_ref(*c))).collect();
        let set = Gatekeeper::default().load(&docs).set;
        let mut v = Vec::new();
        for _ in 0..50 {
            v.clear();
            set.review(black_box(&request), &mut v);
        }
        let t = std::time::Instant::now();
        for _ in 0..n {
            v.clear();
            set.review(black_box(&request), &mut v);
        }
        println!(
            "{:>10.2} us {}",
            t.elapsed().as_secs_f64() / n as f64 * 1e6,
            set.policies().next().unwrap_or("")
        );
    }
}
