//! What JSON patches and apply configurations make of objects.

use super::{load_errors, mutation, review};
use crate::{Outcome, PatchOp};

const DEPLOYMENT: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, labels: {l: '1'}}, spec: {replicas: 1, \
                          selector: {matchLabels: {a: b}}, template: {spec: {containers: [{name: a, command: [x, z]}]}}}}";

/// The patches that a mutation makes, or what goes wrong.
fn patched(kind: &str, expression: &str) -> Result<Vec<(PatchOp, String, String)>, String> {
    let field = if kind == "JSONPatch" { "jsonPatch" } else { "applyConfiguration" };
    let spec = format!("mutations:\n- patchType: {kind}\n  {field}:\n    expression: >-\n      {expression}");
    let text = mutation("m", &spec);
    let verdicts = review(&text, DEPLOYMENT, "");
    let mut made = Vec::new();
    for verdict in verdicts {
        match verdict.outcome {
            Outcome::Error { message, .. } => return Err(message.to_string()),
            Outcome::Pass => made.extend(verdict.patches),
            other => return Err(format!("{other:?}")),
        }
    }
    let shown = made.into_iter().map(|patch| {
        let value = patch.value.map(|value| value.to_string()).unwrap_or_default();
        (patch.op, patch.path, value)
    });
    Ok(shown.collect())
}

#[test]
fn operations_do_what_the_api_server_makes_of_them() {
    let add = |path: &str, value: &str| Ok(vec![(PatchOp::Add, path.to_owned(), value.to_owned())]);
    let json = |expression: &str| patched("JSONPatch", expression);
    assert_eq!(
        json("[JSONPatch{op: 'replace', path: '/metadata/labels/x', value: '2'}]"),
        add("/metadata/labels/x", "\"2\"")
    );
    assert_eq!(
        json(
            "[JSONPatch{op: 'add', path: '/spec/template/spec/containers/-', value: Object.spec.template.spec.containers{name: 'b', ports: [Object.spec.template.spec.containers.ports{containerPort: 80}]}}]"
        ),
        add("/spec/template/spec/containers/1", "{\"name\":\"b\",\"ports\":[{\"containerPort\":80}]}")
    );
    assert_eq!(
        json(
            "[JSONPatch{op: 'add', path: '/spec/template/spec/containers/0/args', value: object.spec.template.spec.containers[0].command + ['w']}]"
        ),
        add("/spec/template/spec/containers/0/args", "[\"x\",\"z\",\"w\"]")
    );
    assert_eq!(
        json(
            "[JSONPatch{op: 'add', path: '/spec/template/spec/initContainers', value: [{'name': 'i'}] + object.spec.template.spec.containers.map(c, c.name == 'b', {'name': c.name})}]"
        ),
        add("/spec/template/spec/initContainers", "[{\"name\":\"i\"}]")
    );
    assert_eq!(
        json(
            "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'op': JSONPatch{op: 'o'}.op, 'has': string(has(JSONPatch{}.path)), 'same': string(JSONPatch{op: 'a', value: 1} == JSONPatch{op: 'a', value: 1})}}]"
        ),
        add("/metadata/annotations", "{\"has\":\"false\",\"op\":\"o\",\"same\":\"true\"}")
    );
    assert_eq!(
        json(
            "[JSONPatch{op: 'test', path: '/spec/replicas', value: 100}, JSONPatch{op: 'remove', path: '/spec/replicas'}]"
        ),
        Ok(Vec::new())
    );
}

#[test]
fn operations_that_do_not_fit_are_errors() {
    let error = |expression: &str| patched("JSONPatch", expression).unwrap_err();
    for (operation, wanted) in [
        (
            "op: 'replace', path: '/spec/template/spec/containers/-', value: 1",
            "replace operation does not apply: doc is missing key: /spec/template/spec/containers/-: missing value",
        ),
        (
            "op: 'replace', path: '/nope/x', value: 1",
            "replace operation does not apply: doc is missing path: /nope/x: missing value",
        ),
        (
            "op: 'remove', path: '/spec/nope'",
            "error in remove for path: '/spec/nope': Unable to remove nonexistent key: nope: missing value",
        ),
        (
            "op: 'add', path: '/nope/x', value: 1",
            "add operation does not apply: doc is missing path: \"/nope/x\": missing value",
        ),
        (
            "op: 'add', path: '/spec/template/spec/containers/7', value: 1",
            "error in add for path: '/spec/template/spec/containers/7': Unable to access invalid index: 7: invalid index referenced",
        ),
        (
            "op: 'copy', from: '/nope/x', path: '/spec/y'",
            "copy operation does not apply: doc is missing from path: /nope/x: missing value",
        ),
        (
            "op: 'copy', from: '/spec/replicas', path: '/nope/y'",
            "copy operation does not apply: doc is missing destination path: /nope/y: missing value",
        ),
        ("op: 'put', path: '/spec/y'", "Unexpected kind: put"),
    ] {
        assert_eq!(error(&format!("[JSONPatch{{{operation}}}]")), format!("JSON Patch: {wanted}"));
    }
    let typed = error(
        "[JSONPatch{op: 'add', path: '/spec/x', value: Object.spec.x{ports: [Object.spec.x.portz{a: 1}]}}]",
    );
    assert!(
        typed.contains("unexpected type name \"Object.spec.x.portz\", expected \"Object.spec.x.ports\""),
        "{typed}"
    );
}

#[test]
fn configurations_are_objects_and_touch_nothing_atomic() {
    let apply = |expression: &str| patched("ApplyConfiguration", expression);
    let replaced = vec![(PatchOp::Replace, "/spec/replicas".to_owned(), "2".to_owned())];
    assert_eq!(
        apply(
            "Object{spec: Object.spec{replicas: object.spec.replicas % 2 == 1 ? object.spec.replicas + 1 : 7}}"
        ),
        Ok(replaced)
    );
    let atomic = apply("Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'l': 'v'}}}}")
        .unwrap_err();
    assert!(atomic.ends_with("may not mutate atomic arrays, maps or structs: .spec.selector"), "{atomic}");
    let named = apply("Object{spec: Object.specx{replicas: 1}}").unwrap_err();
    assert!(named.contains("unexpected type name \"Object.specx\", expected \"Object.spec\""), "{named}");
    for (expression, found) in [("'text'", "string"), ("Object.spec.metadata{}", "Object.spec.metadata")] {
        let text = mutation(
            "m",
            &format!(
                "mutations:\n- patchType: ApplyConfiguration\n  applyConfiguration:\n    expression: >-\n      {expression}"
            ),
        );
        let errors = load_errors(&text);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].message.contains(found), "{}", errors[0].message);
    }
}
