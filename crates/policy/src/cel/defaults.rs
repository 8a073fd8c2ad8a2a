//! A manifest as the API server hands it to its admission policies: with the defaults of the built-in kinds, and
//! without the fields that its types do not write (a boolean that is `false`, an empty list …).
//!
//! A policy that asks `object.spec.hostNetwork == false` fails in a cluster, whatever the manifest says: the field is not
//! there unless it is true. Judged as the manifest stands, `hostNetwork: false` would be a pass that no cluster gives.
//!
//! What the server makes up is left out, so that reading it fails: uids, times, names of `generateName`, addresses and
//! ports of Services, the token volume of a Pod's service account, `status`. Kinds that are not named here are judged as
//! they stand. Source: `k8s.io/kubernetes/pkg/apis/*/v*/defaults.go` and the admission plugins that are on by default.

mod pods;
mod quantities;
mod workloads;

use haechi_objects::Object;
use haechi_syntax::{Document, Limits, parse_json};
use serde_json::{Map, Value as Json, json};

use crate::rego::Value;

type Fields = Map<String, Json>;

/// The object as the API server sees it, or `None` for a kind that is not imitated.
pub(crate) fn as_admitted(object: Object<'_>, namespace: &str) -> Option<Document> {
    let kind = workloads::Kind::of(object)?;
    let Json::Object(mut root) = Value::of_node(object.node()).to_json() else { return None };
    drop_empty(&mut root);
    if let Some(metadata) = child(&mut root, "metadata") {
        drop_fields(metadata, &["name", "generateName", "namespace"], &["labels", "annotations"], &[], &[]);
        if !namespace.is_empty() && !metadata.contains_key("namespace") {
            metadata.insert("namespace".into(), namespace.into());
        }
    }
    kind.fill(&mut root);
    parse_json(Json::Object(root).to_string().as_bytes(), &Limits::default()).documents.pop()
}

/// The map under a key, if there is one.
fn child<'j>(fields: &'j mut Fields, key: &str) -> Option<&'j mut Fields> {
    fields.get_mut(key).and_then(Json::as_object_mut)
}

/// The map under a key, made if it is missing; `None` if something else stands there.
fn made<'j>(fields: &'j mut Fields, key: &str) -> Option<&'j mut Fields> {
    fields.entry(key).or_insert_with(|| json!({})).as_object_mut()
}

/// The maps of the list under a key.
fn items<'j>(fields: &'j mut Fields, key: &str) -> impl Iterator<Item = &'j mut Fields> {
    let list = fields.get_mut(key).and_then(Json::as_array_mut);
    list.into_iter().flatten().filter_map(Json::as_object_mut)
}

/// Puts a value where none is.
fn default(fields: &mut Fields, key: &str, value: impl Into<Json>) {
    if !fields.contains_key(key) {
        fields.insert(key.into(), value.into());
    }
}

fn text<'j>(fields: &'j Fields, key: &str) -> Option<&'j str> {
    fields.get(key).and_then(Json::as_str)
}

/// Takes out nulls and empty lists, at every depth: no type of the API writes them, but for the containers of a pod.
fn drop_empty(fields: &mut Fields) {
    fields.retain(|key, value| {
        drop_inside(value);
        !value.is_null() && (key == "containers" || value.as_array().is_none_or(|list| !list.is_empty()))
    });
}

fn drop_inside(value: &mut Json) {
    match value {
        Json::Object(fields) => drop_empty(fields),
        Json::Array(items) => items.iter_mut().for_each(drop_inside),
        _ => {}
    }
}

/// Takes out fields with the zero of their type, by types: texts, maps, booleans, numbers.
fn drop_fields(fields: &mut Fields, texts: &[&str], maps: &[&str], booleans: &[&str], numbers: &[&str]) {
    fields.retain(|key, value| {
        let is_in = |names: &[&str]| names.contains(&key.as_str());
        let is_zero = match value {
            Json::String(text) => text.is_empty() && is_in(texts),
            Json::Object(map) => map.is_empty() && is_in(maps),
            Json::Bool(value) => !*value && is_in(booleans),
            Json::Number(number) => number.as_i64() == Some(0) && is_in(numbers),
            _ => false,
        };
        !is_zero
    });
}

#[cfg(test)]
mod tests {
    use super::as_admitted;
    use crate::rego::Value;
    use haechi_objects::objects;
    use haechi_syntax::{Limits, parse};

    fn admitted(text: &str) -> serde_json::Value {
        let parsed = parse(text.as_bytes(), &Limits::default());
        let document = as_admitted(objects(&parsed.documents[0]).objects[0], "shop").unwrap();
        Value::of_node(document.root()).to_json()
    }

    #[test]
    fn pod_gets_what_the_server_fills_in() {
        let pod = admitted(
            "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {}}, spec: {hostNetwork: false, serviceAccountName: x, \
             containers: [{name: a, image: 'a@sha256:0', args: [], stdin: false, securityContext: {privileged: false}, ports: \
             [{containerPort: 80, hostPort: 0}], livenessProbe: {httpGet: {port: 80}}, resources: {limits: {cpu: '0.5'}}}], \
             volumes: [{name: e}, {name: s, secret: {secretName: x}}]}}",
        );
        let spec = &pod["spec"];
        assert_eq!(pod["metadata"], serde_json::json!({"name": "a", "namespace": "shop"}));
        assert_eq!(spec.get("hostNetwork"), None);
        assert_eq!(spec["serviceAccount"], "x");
        assert_eq!(spec["restartPolicy"], "Always");
        let container = &spec["containers"][0];
        assert_eq!(container.get("args"), None);
        assert_eq!(container.get("stdin"), None);
        // A pointer in the API: false is written.
        assert_eq!(container["securityContext"]["privileged"], false);
        assert_eq!(container["ports"], serde_json::json!([{"containerPort": 80, "protocol": "TCP"}]));
        assert_eq!(container["livenessProbe"]["periodSeconds"], 10);
        assert_eq!(container["livenessProbe"]["httpGet"]["scheme"], "HTTP");
        assert_eq!(container["imagePullPolicy"], "IfNotPresent");
        assert_eq!(container["resources"]["requests"]["cpu"], "500m");
        assert_eq!(spec["volumes"][0]["emptyDir"], serde_json::json!({}));
        assert_eq!(spec["volumes"][1]["secret"]["defaultMode"], 420);
    }

    #[test]
    fn ports_of_a_pod_on_the_host_network_are_ports_of_the_host() {
        let pod = admitted(
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: true, containers: [{name: a, image: a, ports: \
             [{containerPort: 80}]}]}}",
        );
        assert_eq!(pod["spec"]["containers"][0]["ports"][0]["hostPort"], 80);
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], "Always");
    }

    #[test]
    fn template_gets_no_defaults_of_pods_alone() {
        let job = admitted(
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never, containers: \
             [{name: a, image: 'a:1', resources: {limits: {cpu: 1}}}]}}}}",
        );
        let spec = &job["spec"]["template"]["spec"];
        assert_eq!(spec.get("tolerations"), None);
        assert_eq!(spec.get("enableServiceLinks"), None);
        assert_eq!(spec["containers"][0]["resources"].get("requests"), None);
        assert_eq!(spec["restartPolicy"], "Never");
        assert_eq!(job["spec"]["backoffLimit"], 6);
    }

    #[test]
    fn secret_holds_what_was_written_as_text() {
        let secret = admitted("{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {k: v}}");
        assert_eq!(secret["data"]["k"], "dg==");
        assert_eq!(secret.get("stringData"), None);
        assert_eq!(secret["type"], "Opaque");
    }
}
