//! Views over whole documents.

use haechi_syntax::{Limits, Parsed, parse};

use crate::{ContainerList, PodTemplates, Reject, Scope, TemplatePath, objects, type_errors};

fn read(text: &str) -> Parsed {
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert_eq!(parsed.errors, [], "{text}");
    parsed
}

const SPEC: &str =
    "{initContainers: [{name: i}], containers: [{name: a}, {name: b}], ephemeralContainers: [{name: e}]}";

#[test]
fn every_workload_kind_gives_the_same_pod() {
    let template = format!("{{metadata: {{labels: {{app: x}}}}, spec: {SPEC}}}");
    for (head, body) in [
        ("v1 Pod", format!("metadata: {{labels: {{app: x}}}}\nspec: {SPEC}")),
        ("apps/v1 Deployment", format!("spec: {{template: {template}}}")),
        ("apps/v1beta2 StatefulSet", format!("spec: {{template: {template}}}")),
        ("extensions/v1beta1 DaemonSet", format!("spec: {{template: {template}}}")),
        ("apps/v1 ReplicaSet", format!("spec: {{template: {template}}}")),
        ("v1 ReplicationController", format!("spec: {{template: {template}}}")),
        ("batch/v1 Job", format!("spec: {{template: {template}}}")),
        ("batch/v1beta1 CronJob", format!("spec: {{jobTemplate: {{spec: {{template: {template}}}}}}}")),
        ("v1 PodTemplate", format!("template: {template}")),
        ("argoproj.io/v1alpha1 Rollout", format!("spec: {{template: {template}}}")),
        ("serving.knative.dev/v1 Service", format!("spec: {{template: {template}}}")),
        ("example.com/v1 Thing", format!("spec: {{worker: {{pod: {template}}}}}")),
    ] {
        let (version, kind) = head.split_once(' ').unwrap();
        let parsed = read(&format!("apiVersion: {version}\nkind: {kind}\n{body}\n"));
        let templates = PodTemplates {
            custom: vec![TemplatePath {
                group: "example.com".into(),
                kind: "Thing".into(),
                path: ["spec", "worker", "pod"].map(str::to_owned).into(),
            }],
        };
        let found = objects(&parsed.documents[0]);
        let pod = templates.pod(found.objects[0]).unwrap_or_else(|| panic!("{head} runs pods"));
        let names: Vec<_> = pod.containers().map(|container| (container.list(), container.name())).collect();
        let expected = [
            (ContainerList::Init, "i"),
            (ContainerList::Regular, "a"),
            (ContainerList::Regular, "b"),
            (ContainerList::Ephemeral, "e"),
        ];
        assert_eq!(names, expected, "{head}");
        assert_eq!(pod.labels().get("app"), Some("x"), "{head}");
    }
}

#[test]
fn lists_are_opened_and_typed_items_take_the_kind_of_their_list() {
    let parsed = read(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n\
         - apiVersion: v1\n  kind: PodList\n  items: [{metadata: {name: b}}, {metadata: {name: c}}]\n",
    );
    let found = objects(&parsed.documents[0]);
    let names: Vec<_> = found.objects.iter().map(|object| (object.kind(), object.name())).collect();
    assert_eq!(names, [("Pod", "a"), ("Pod", "b"), ("Pod", "c")]);
    assert_eq!(found.objects[2].node().json_path(), "$.items[1].items[1]");
}

#[test]
fn what_is_no_object_is_named() {
    let reject = |text: &str| match objects(&read(text).documents[0]).rejects.first() {
        Some(Reject::NotKubernetes(_)) => "not kubernetes",
        Some(Reject::Malformed(_, field)) => field,
        None => "none",
    };
    assert_eq!(reject("a: 1\n"), "not kubernetes");
    assert_eq!(reject("- 1\n"), "not kubernetes");
    assert_eq!(reject("kind: Pod\nmetadata: {name: x}\n"), "apiVersion");
    assert_eq!(reject("apiVersion: v1\nmetadata: {name: x}\n"), "kind");
    assert_eq!(reject("apiVersion: 1\nkind: Pod\n"), "apiVersion");
    assert_eq!(reject("# nothing\n"), "none");
}

#[test]
fn containers_inherit_from_their_pod_unless_they_say_otherwise() {
    let parsed = read(
        "apiVersion: v1\nkind: Pod\nspec:\n  securityContext: {runAsUser: 1, runAsNonRoot: true}\n  containers:\n  \
         - {name: a, securityContext: {runAsUser: 2, runAsNonRoot: null}}\n",
    );
    let found = objects(&parsed.documents[0]);
    let pod = PodTemplates::default().pod(found.objects[0]).unwrap();
    let container = pod.containers().next().unwrap();
    let user = container.effective("runAsUser").unwrap();
    assert_eq!((user.node.as_i64(), user.scope), (Some(2), Scope::Container));
    // A null in the container is an absent field, so the pod's value applies.
    assert_eq!(container.effective("runAsNonRoot").map(|found| found.scope), Some(Scope::Pod));
}

#[test]
fn wrong_types_are_named_with_their_place() {
    let parsed = read(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a: 1}}\nspec:\n  hostPID: 'true'\n  containers:\n  \
         - name: a\n    securityContext: {privileged: \"true\", runAsUser: '0', capabilities: {add: SYS_ADMIN}}\n",
    );
    let found = objects(&parsed.documents[0]);
    let errors = type_errors(found.objects[0], &PodTemplates::default());
    let shown: Vec<_> =
        errors.iter().map(|error| (error.json_path.as_str(), error.expected, error.found)).collect();
    assert_eq!(
        shown,
        [
            ("$.metadata.labels.a", "string", "number"),
            ("$.spec.hostPID", "boolean", "string"),
            ("$.spec.containers[0].securityContext.privileged", "boolean", "string"),
            ("$.spec.containers[0].securityContext.runAsUser", "integer", "string"),
            ("$.spec.containers[0].securityContext.capabilities.add", "array", "string"),
        ]
    );
}
