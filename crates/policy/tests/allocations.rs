//! What a policy looks at is handed to it, not made for it: what a review allocates for each further policy does not
//! depend on the object.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::alloc::System;

use haechi_objects::{Object, objects};
use haechi_policy::cel::CelEngine;
use haechi_policy::gatekeeper::Gatekeeper;
use haechi_policy::{Engine, Inventory, Outcome, PolicyDocument, PolicySet, Request};
use haechi_syntax::{Limits, Parsed, parse};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn objects_of(parsed: &Parsed) -> Vec<Object<'_>> {
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.documents.iter().flat_map(|document| objects(document).objects).collect()
}

/// An AdmissionReview of a Pod with that many containers.
fn review_of(containers: usize) -> String {
    let container =
        |n: usize| format!("{{name: c{n}, image: 'registry.example/a:{n}', env: [{{name: A, value: b}}]}}");
    let containers: Vec<String> = (0..containers).map(container).collect();
    format!(
        "{{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {{uid: a, operation: CREATE, kind: {{group: '', \
         version: v1, kind: Pod}}, resource: {{group: '', version: v1, resource: pods}}, name: p, namespace: n, object: \
         {{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: n, labels: {{a: b}}}}, spec: {{containers: \
         [{}]}}}}}}}}",
        containers.join(", ")
    )
}

fn rego(count: usize) -> String {
    let template = "\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k}
spec:
  crd: {spec: {names: {kind: K}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k
      violation[{\"msg\": \"latest\"}] { endswith(input.review.object.spec.containers[_].image, \":latest\") }
";
    let constraint = |n| {
        format!("---\n{{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: K, metadata: {{name: c{n}}}}}\n")
    };
    template.to_owned() + &(0..count).map(constraint).collect::<String>()
}

fn cel(count: usize) -> String {
    let policy = |n| {
        format!(
            "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: p{n}}}\nspec:\n  \
             matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: \
             [pods]}}]}}\n  validations: [{{expression: \"object.spec.containers.all(c, !c.image.endsWith(':latest'))\"}}]\n\
             ---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: \
             b{n}}}\nspec: {{policyName: p{n}, validationActions: [Deny]}}\n"
        )
    };
    (0..count).map(policy).collect()
}

/// How often, and how many bytes, a review allocates; the room for the verdicts is there before.
fn allocated<E: Engine>(engine: &E, policies: &str, containers: usize) -> (usize, usize) {
    let parsed = parse(policies.as_bytes(), &Limits::default());
    let documents: Vec<PolicyDocument<'_>> =
        objects_of(&parsed).into_iter().map(|object| PolicyDocument { path: "p".into(), object }).collect();
    let loaded = engine.load(&documents);
    assert_eq!(loaded.errors, []);
    let review = review_of(containers);
    let review = parse(review.as_bytes(), &Limits::default());
    let inventory = Inventory::default();
    let request = Request::from_admission_review(review.documents[0].root(), &inventory).unwrap();
    let mut verdicts = Vec::with_capacity(1000);
    // The first review may compile what the next ones find.
    loaded.set.review(&request, &mut verdicts);
    assert!(verdicts.iter().all(|verdict| verdict.outcome == Outcome::Pass), "{verdicts:?}");
    verdicts.clear();
    let region = Region::new(ALLOCATOR);
    loaded.set.review(&request, &mut verdicts);
    let change = region.change();
    (change.allocations + change.reallocations, change.bytes_allocated)
}

fn check<E: Engine>(engine: &E, policies: impl Fn(usize) -> String, most: usize) {
    let per_policy = |containers| {
        let (one, bytes) = allocated(engine, &policies(10), containers);
        let (many, more_bytes) = allocated(engine, &policies(110), containers);
        ((many - one) / 100, (more_bytes - bytes) / 100)
    };
    let (few, many) = (per_policy(1), per_policy(40));
    assert!(few.0 <= most, "{} allocations for each policy", few.0);
    assert!(many.0 <= few.0 && many.1 <= few.1 + 16, "{few:?} with one container, {many:?} with forty");
}

/// One test, so that no other thread allocates.
#[test]
fn no_policy_gets_an_input_of_its_own() {
    check(&Gatekeeper::default(), rego, 2);
    check(&CelEngine::default(), cel, 2);
}
