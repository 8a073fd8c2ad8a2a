//! A pod of five containers against fifty ValidatingAdmissionPolicies.

#![allow(missing_docs, clippy::expect_used, reason = "the macros make undocumented functions")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use haechi_objects::{Object, objects};
use haechi_policy::cel::CelEngine;
use haechi_policy::{Engine, Inventory, Operation, Outcome, PolicyDocument, PolicySet, Request};
use haechi_syntax::{Limits, Parsed, parse};

fn pod_text() -> String {
    let container = |n: usize| {
        format!(
            "  - name: c{n}\n    image: registry.example/team/app{n}:v1.{n}.0\n    ports: [{{containerPort: 80{n}}}]\n    \
             env: [{{name: A, value: '1'}}, {{name: B, value: '2'}}]\n    \
             resources: {{limits: {{cpu: 100m, memory: 1Gi}}, requests: {{cpu: 50m, memory: 512Mi}}}}\n    \
             livenessProbe: {{httpGet: {{path: /, port: 80}}}}\n    \
             securityContext:\n      allowPrivilegeEscalation: false\n      readOnlyRootFilesystem: true\n      \
             runAsNonRoot: true\n      runAsUser: 1000\n      capabilities: {{drop: [ALL]}}\n      \
             seccompProfile: {{type: RuntimeDefault}}\n"
        )
    };
    let containers: String = (0..5).map(container).collect();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: n, labels: {{app: p, owner: ops}}, annotations: {{a: b}}}}\n\
         spec:\n  hostNetwork: false\n  volumes: [{{name: a, configMap: {{name: x}}}}, {{name: b, emptyDir: {{}}}}]\n  \
         containers:\n{containers}"
    )
}

/// What such policies ask, in the manner of public libraries.
const VALIDATIONS: [&str; 10] = [
    "variables.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || \
     c.securityContext.privileged == false)",
    "variables.containers.all(c, has(c.resources) && has(c.resources.limits) && has(c.resources.limits.cpu) && \
     has(c.resources.limits.memory))",
    "variables.containers.all(c, c.image.startsWith('registry.example/') && !c.image.endsWith(':latest'))",
    "!has(object.spec.hostNetwork) || object.spec.hostNetwork == false",
    "variables.containers.all(c, quantity(c.resources.limits.memory).compareTo(quantity('4Gi')) <= 0)",
    "variables.containers.all(c, c.?securityContext.?capabilities.?drop.orValue([]).exists(d, d == 'ALL'))",
    "object.metadata.?labels['owner'].orValue('') in ['ops', 'dev', 'sec']",
    "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))",
    "variables.containers.all(c, c.image.matches('^[a-z0-9./-]+:v[0-9]+([.][0-9]+){2}$'))",
    "variables.containers.all(c, !has(c.env) || c.env.all(e, !e.name.contains('SECRET')))",
];

fn policies(count: usize) -> String {
    let policy = |n: usize| {
        let validation = VALIDATIONS[n % VALIDATIONS.len()];
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: p{n}}}\nspec:\n  \
             failurePolicy: Fail\n  matchConstraints:\n    resourceRules:\n    \
             - {{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}}\n    \
             - {{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}}\n  \
             variables:\n  - name: containers\n    expression: \"object.kind == 'Pod' ? object.spec.containers + \
             (has(object.spec.initContainers) ? object.spec.initContainers : []) : object.spec.template.spec.containers\"\n  \
             validations:\n  - expression: \"{validation}\"\n    messageExpression: \"object.kind + '/' + \
             object.metadata.name + ' breaks rule {n}'\"\n---\n\
             apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n\
             metadata: {{name: b{n}}}\nspec: {{policyName: p{n}, validationActions: [Deny]}}\n---\n"
        )
    };
    (0..count).map(policy).collect()
}

fn objects_of(parsed: &Parsed) -> Vec<Object<'_>> {
    parsed.documents.iter().flat_map(|document| objects(document).objects).collect()
}

fn cel(criterion: &mut Criterion) {
    let text = policies(50);
    let parsed = parse(text.as_bytes(), &Limits::default());
    let documents: Vec<PolicyDocument<'_>> = objects_of(&parsed)
        .into_iter()
        .map(|object| PolicyDocument { path: Arc::from("p"), object })
        .collect();
    let loaded = CelEngine::default().load(&documents);
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    let pod = parse(pod_text().as_bytes(), &Limits::default());
    let object = *objects_of(&pod).first().expect("a pod");
    let inventory = Inventory::default();
    let request = Request { operation: Some(Operation::Create), ..Request::of_object(object, &inventory) };
    let mut verdicts = Vec::new();
    loaded.set.review(&request, &mut verdicts);
    assert!(
        verdicts.len() == 50 && verdicts.iter().all(|verdict| verdict.outcome == Outcome::Pass),
        "{verdicts:?}"
    );
    criterion.bench_function("cel/50 policies/five containers", |bencher| {
        bencher.iter(|| {
            verdicts.clear();
            loaded.set.review(black_box(&request), &mut verdicts);
        });
    });
    criterion.bench_function("cel/load 50 policies", |bencher| {
        bencher.iter(|| CelEngine::default().load(black_box(&documents)));
    });
}

criterion_group!(benches, cel);
criterion_main!(benches);
