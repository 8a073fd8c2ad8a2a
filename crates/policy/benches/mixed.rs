//! A five-container Pod, and one of 16 KiB, as an AdmissionReview against a hundred policies, half of them Rego and half
//! CEL; and how long it takes until what never ends is stopped.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "the macros make undocumented functions"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use haechi_policy::cel::CelEngine;
use haechi_policy::gatekeeper::Gatekeeper;
use haechi_policy::{Engine, Inventory, Outcome, PolicySet, Request};

#[path = "fixtures/reviews.rs"]
mod reviews;

use reviews::{Measured, policies, read, review_text};

fn mixed(criterion: &mut Criterion) {
    let inventory = Inventory::default();
    let mut verdicts = Vec::new();
    let cases = [("five containers", reviews::mixed()), ("16 KiB", Some(reviews::load()))];
    for (name, measured) in cases {
        let Some(measured) = measured else { continue };
        let Measured { rego, cel, review } = &measured;
        let root = review.documents.first().expect("a review").root();
        let request = Request::from_admission_review(root, &inventory).expect("a request");
        let mut measure = |what: &str, sets: &[&dyn PolicySet]| {
            criterion.bench_function(&format!("mixed/{name}/{what}"), |bencher| {
                bencher.iter(|| {
                    verdicts.clear();
                    sets.iter().for_each(|set| set.review(black_box(&request), &mut verdicts));
                    verdicts.len()
                });
            });
        };
        measure("50 Rego and 50 CEL", &[rego, cel]);
        measure("50 Rego", &[rego]);
        measure("50 CEL", &[cel]);
    }
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
