//! Any text as the Rego of a ConstraintTemplate: no panic, an answer within the bounds, and mistakes with a place inside
//! of the file.

#![no_main]

use haechi_objects::{Object, objects};
use haechi_policy::gatekeeper::Gatekeeper;
use haechi_policy::{Engine, Inventory, PolicyDocument, PolicySet, Request};
use haechi_syntax::{Document, Limits, parse_json, parse_yaml};
use libfuzzer_sys::fuzz_target;

const POD: &[u8] = b"{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {b: c}}, spec: {containers: [{name: a, image: \
'x/a:1', args: [1, -2.5, null, true]}, {name: b}], volumes: []}}";
const CONSTRAINT: &[u8] =
    b"{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: K, metadata: {name: c}, spec: {parameters: {a: [1, {b: c}]}}}";

fn object(document: &Document) -> Option<Object<'_>> {
    objects(document).objects.first().copied()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // The first byte chooses the version of the language.
    let (version, rego) = match text.strip_prefix('1') {
        Some(rest) => ("v1", rest),
        None => ("v0", text),
    };
    let source = serde_json::json!({"version": version, "rego": format!("package k\n{rego}")});
    let code = serde_json::json!([{"engine": "Rego", "source": source}]);
    let template = serde_json::json!({
        "apiVersion": "templates.gatekeeper.sh/v1beta1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "k"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "K"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": code}],
        },
    });
    let limits = Limits::default();
    let template = parse_json(template.to_string().as_bytes(), &limits);
    let (constraint, pod) = (parse_yaml(CONSTRAINT, &limits), parse_yaml(POD, &limits));
    let (Some(template), Some(constraint), Some(pod)) =
        (template.documents.first(), constraint.documents.first(), pod.documents.first())
    else {
        return;
    };
    let documents: Vec<PolicyDocument<'_>> = [template, constraint]
        .into_iter()
        .filter_map(object)
        .map(|object| PolicyDocument { path: "p".into(), object })
        .collect();
    let loaded = Gatekeeper::default().load(&documents);
    let len = template.source().text().len().max(CONSTRAINT.len());
    for error in &loaded.errors {
        assert!(error.span.end as usize <= len, "{error}");
    }
    let Some(object) = object(pod) else { return };
    let inventory = Inventory::new([object]);
    let request = Request::of_object(object, &inventory);
    let mut verdicts = Vec::new();
    loaded.set.review(&request, &mut verdicts);
    // Nothing depends on when it is asked.
    let mut again = Vec::new();
    loaded.set.review(&request, &mut again);
    assert_eq!(verdicts, again);
    assert!(!loaded.errors.is_empty() || !verdicts.is_empty(), "a constraint says something");
});
