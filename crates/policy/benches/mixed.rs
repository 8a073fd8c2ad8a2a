//! A five-container Pod as an AdmissionReview against a hundred policies, half of them Rego and half CEL; and how long
//! it takes until what never ends is stopped.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "the macros make undocumented functions"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use haechi_objects::{Object, objects};
use haechi_policy::cel::CelEngine;
use haechi_policy::gatekeeper::Gatekeeper;
use haechi_policy::{Engine, Inventory, Outcome, PolicyDocument, PolicySet, Request};
use haechi_syntax::{Document, Limits, Parsed, parse};

const EACH: usize = 50;

fn review_text() -> String {
    let container = |n: usize| {
        format!(
            "{{name: c{n}, image: 'registry.example/team/app{n}:v1.{n}.0', ports: [{{containerPort: 80{n}, protocol: TCP}}], \
             env: [{{name: A, value: '1'}}], resources: {{limits: {{cpu: 100m, memory: 1Gi}}, requests: {{cpu: 50m, memory: \
             1Gi}}}}, livenessProbe: {{httpGet: {{path: /, port: 80}}}}, readinessProbe: {{httpGet: {{path: /, port: 80}}}}, \
             securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: \
             1000, capabilities: {{drop: [ALL]}}, seccompProfile: {{type: RuntimeDefault}}}}, volumeMounts: [{{name: a, \
             mountPath: /a, readOnly: true}}]}}"
        )
    };
    let containers: Vec<String> = (0..5).map(container).collect();
    format!(
        "{{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {{uid: a, operation: CREATE, kind: {{group: '', \
         version: v1, kind: Pod}}, resource: {{group: '', version: v1, resource: pods}}, name: p, namespace: shop, userInfo: \
         {{username: ops, groups: [g]}}, object: {{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: shop, labels: \
         {{app: p, owner: ops}}, annotations: {{a: b}}}}, spec: {{serviceAccountName: shop, volumes: [{{name: a, configMap: \
         {{name: x}}}}, {{name: b, emptyDir: {{}}}}], containers: [{}]}}}}}}}}",
        containers.join(", ")
    )
}

const VALIDATIONS: [&str; 5] = [
    "object.spec.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || \
     c.securityContext.privileged == false)",
    "object.spec.containers.all(c, c.image.startsWith('registry.example/') && !c.image.endsWith(':latest'))",
    "object.spec.containers.all(c, c.?securityContext.?capabilities.?drop.orValue([]).exists(d, d == 'ALL'))",
    "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))",
    "object.spec.containers.all(c, quantity(c.resources.limits.memory).compareTo(quantity('4Gi')) <= 0)",
];

fn cel_policies() -> String {
    let policy = |n: usize| {
        let validation = VALIDATIONS.iter().cycle().nth(n).expect("a cycle");
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: p{n}}}\nspec:\n  \
             matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: \
             [pods]}}]}}\n  validations: [{{expression: \"{validation}\"}}]\n---\n\
             apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n\
             metadata: {{name: b{n}}}\nspec: {{policyName: p{n}, validationActions: [Deny]}}\n---\n"
        )
    };
    (0..EACH).map(policy).collect()
}

fn objects_of(documents: &[Document]) -> Vec<Object<'_>> {
    documents.iter().flat_map(|document| objects(document).objects).collect()
}

fn policies(documents: &[Document]) -> Vec<PolicyDocument<'_>> {
    let objects = objects_of(documents).into_iter();
    objects.map(|object| PolicyDocument { path: Arc::from("p"), object }).collect()
}

fn read(text: &str) -> Parsed {
    parse(text.as_bytes(), &Limits::default())
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
    paths
        .iter()
        .flat_map(|path| parse(&std::fs::read(path).unwrap_or_default(), &Limits::default()).documents)
        .collect()
}

fn mixed(criterion: &mut Criterion) {
    let templates = documents("template.yaml");
    if templates.is_empty() {
        eprintln!("skipped: no {}", library().display());
        return;
    }
    let constraints = documents("constraint.yaml");
    let inventory = Inventory::default();
    let review = read(&review_text());
    let root = review.documents.first().expect("a review").root();
    let request = Request::from_admission_review(root, &inventory).expect("a request");
    let gatekeeper = Gatekeeper { rego_first: true, ..Gatekeeper::default() };
    let all: Vec<PolicyDocument<'_>> =
        policies(&templates).into_iter().chain(policies(&constraints)).collect();
    let mut verdicts = Vec::new();
    gatekeeper.load(&all).set.review(&request, &mut verdicts);
    let applies = |document: &&Document| {
        policies(std::slice::from_ref(*document)).iter().all(|constraint| {
            let policy = format!("{}/{}", constraint.object.kind(), constraint.object.name());
            verdicts.iter().any(|verdict| {
                *verdict.policy == *policy && matches!(verdict.outcome, Outcome::Pass | Outcome::Violation(_))
            })
        })
    };
    let chosen: Vec<&Document> = constraints.iter().filter(applies).collect();
    let copies: Vec<Document> = (0..EACH)
        .filter_map(|n| {
            let source = chosen.get(n % chosen.len().max(1))?.source().text();
            read(&source.replacen("\n  name: ", &format!("\n  name: n{n}-"), 1)).documents.pop()
        })
        .collect();
    let loaded: Vec<PolicyDocument<'_>> = policies(&templates).into_iter().chain(policies(&copies)).collect();
    let rego = gatekeeper.load(&loaded).set;
    let cel_text = read(&cel_policies());
    let cel = CelEngine::default().load(&policies(&cel_text.documents)).set;
    let mut verdicts = Vec::new();
    rego.review(&request, &mut verdicts);
    cel.review(&request, &mut verdicts);
    let judged =
        verdicts.iter().filter(|verdict| !matches!(verdict.outcome, Outcome::NotApplicable(_))).count();
    assert!(judged >= 2 * EACH, "{judged} verdicts");
    criterion.bench_function("mixed/five containers/50 Rego and 50 CEL", |bencher| {
        bencher.iter(|| {
            verdicts.clear();
            rego.review(black_box(&request), &mut verdicts);
            cel.review(black_box(&request), &mut verdicts);
            verdicts.len()
        });
    });
    criterion.bench_function("mixed/five containers/50 Rego", |bencher| {
        bencher.iter(|| {
            verdicts.clear();
            rego.review(black_box(&request), &mut verdicts);
            verdicts.len()
        });
    });
}

fn template(body: &str) -> String {
    format!(
        "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {{name: k}}\nspec:\n  crd: {{spec: {{names: \
         {{kind: K}}}}}}\n  targets:\n  - target: admission.k8s.gatekeeper.sh\n    rego: |\n      package k\n      \
         violation[{{\"msg\": \"m\"}}] {{ {body} }}\n---\n{{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: K, metadata: \
         {{name: c}}}}\n"
    )
}

/// Each must stay far below 50 ms: the bounds on steps and cost are chosen by it.
fn stops(criterion: &mut Criterion) {
    let list = format!("[{}]", (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    let cel = format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: p}}\nspec:\n  \
         matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: \
         [pods]}}]}}\n  validations: [{{expression: \"{list}.all(a, {list}.all(b, {list}.all(c, a + b + c >= 0)))\"}}]\n---\n\
         apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: b}}\nspec: \
         {{policyName: p, validationActions: [Deny]}}\n"
    );
    let rego_cases = [
        ("loop", "r := numbers.range(1, 3000); a := r[_]; b := r[_]; a + b < 0"),
        (
            "texts",
            "r := numbers.range(1, 3000); a := r[_]; b := r[_]; contains(sprintf(\"%v-%v\", [a, b]), \"x\")",
        ),
        (
            "regexes",
            "r := numbers.range(1, 3000); p := sprintf(\"(a|aa)+%v$\", [r[_]]); re_match(p, concat(\"\", [\"a\" | r[_]]))",
        ),
        ("sets", "r := numbers.range(1, 3000); s := {[a, b] | a := r[_]; b := r[_]}; count(s) < 0"),
    ];
    let review = read(&review_text());
    let inventory = Inventory::default();
    let root = review.documents.first().expect("a review").root();
    let request = Request::from_admission_review(root, &inventory).expect("a request");
    let mut measure = |name: &str, set: &dyn PolicySet| {
        let mut verdicts = Vec::new();
        set.review(&request, &mut verdicts);
        let is_stopped = verdicts.iter().all(|verdict| matches!(verdict.outcome, Outcome::Error { .. }));
        assert!(is_stopped, "{name}: {verdicts:?}");
        criterion.bench_function(&format!("stops/{name}"), |bencher| {
            bencher.iter(|| {
                verdicts.clear();
                set.review(black_box(&request), &mut verdicts);
            });
        });
    };
    for (name, body) in rego_cases {
        let parsed = read(&template(body));
        let loaded = Gatekeeper::default().load(&policies(&parsed.documents));
        assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
        measure(name, &loaded.set);
    }
    let parsed = read(&cel);
    let loaded = CelEngine::default().load(&policies(&parsed.documents));
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    measure("cel", &loaded.set);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = mixed, stops
}
criterion_main!(benches);
