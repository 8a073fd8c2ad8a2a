//! Whether a large object has a key is told from its text before the object is read. That must not hide a value: not of
//! any field, and not behind escapes.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_detect::decode::Reject;
use haechi_detect::fields::Source;
use haechi_detect::rules::{Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;

const SPEC: &str = r#""spec":{"hostIPC":true,"hostNetwork":true,"hostPID":true,"type":"NodePort","ports":[{"port":80}],"securityContext":{"runAsUser":1,"runAsGroup":2,"fsGroup":3,"supplementalGroups":[4]},"volumes":[{"name":"a","hostPath":{"path":"/etc"},"flexVolume":{"driver":"d"}}],CONTAINERS}"#;

const CONTAINER: &str = r#"[{"name":"c","image":"registry/app:1","args":["a"],"command":["b"],"ports":[{"hostPort":1}],"securityContext":{"privileged":true,"allowPrivilegeEscalation":true,"readOnlyRootFilesystem":false,"runAsUser":5,"runAsGroup":6,"procMount":"Unmasked","capabilities":{"add":["SYS_ADMIN"]}}}]"#;

/// An object that has all that fields ask for, whatever its kind.
fn request() -> String {
    let containers = ["containers", "initContainers", "ephemeralContainers"]
        .map(|list| format!(r#""{list}":{CONTAINER}"#))
        .join(",");
    let rules =
        r#""rules":[{"apiGroups":["g"],"nonResourceURLs":["/u"],"verbs":["get"],"resources":["pods"]}]"#;
    let subjects = r#""subjects":[{"kind":"User","name":"u"},{"kind":"ServiceAccount","name":"s","namespace":"n"},{"kind":"Group","name":"g"}],"roleRef":{"name":"r"}"#;
    let spec = SPEC.replace("CONTAINERS", &containers);
    format!(r#"{{"metadata":{{"name":"n"}},"data":{{"k":"v"}},{rules},{subjects},{spec}}}"#)
}

/// The same with the first letter of each key as an escape.
fn escaped(json: &str) -> String {
    let mut out = String::new();
    let mut parts = json.split('"').peekable();
    let mut inside = false;
    while let Some(part) = parts.next() {
        let is_key = inside && parts.peek().is_some_and(|next| next.starts_with(':'));
        match part.chars().next() {
            Some(first) if is_key => out.push_str(&format!("\\u{:04x}{}", u32::from(first), &part[1..])),
            _ => out.push_str(part),
        }
        if parts.peek().is_some() {
            out.push('"');
        }
        inside = !inside;
    }
    out
}

#[derive(Default)]
struct Messages(Vec<String>);

impl Report for Messages {
    fn detection(&mut self, detection: Detection, _line: u64) {
        self.0.push(detection.message);
    }

    fn reject(&mut self, reject: Reject) {
        panic!("{reject:?}");
    }
}

fn message(output: &str, request: &str, subresource: &str) -> String {
    let rule = format!(
        "- rule: r\n  desc: d\n  condition: ka.verb exists\n  output: \"{output}\"\n  priority: INFO\n  source: k8s_audit\n"
    );
    let loaded = load(&[RuleFile { name: "r.yaml", bytes: rule.as_bytes() }], &Options::default());
    assert!(loaded.results[0].is_successful(), "{}", loaded.results[0].verbose());
    let event = format!(
        r#"{{"kind":"Event","auditID":"1","stage":"ResponseComplete","stageTimestamp":"2026-01-02T03:04:05Z","verb":"create","objectRef":{{"resource":"pods",{subresource}}},"requestObject":{request},"responseObject":{request}}}"#
    );
    let mut stream = Stream::new(&loaded.program, StreamOptions::default());
    let mut messages = Messages::default();
    stream.feed(event.as_bytes(), &mut messages);
    stream.finish(&mut messages);
    messages.0.pop().unwrap()
}

/// Each field that is read out of large objects.
fn fields() -> Vec<String> {
    let audit = Source::at(Source::K8S_AUDIT).unwrap();
    let large = ["ka.req.", "ka.resp.name", "ka.target.subresource"];
    let mut fields: Vec<String> = audit
        .fields()
        .filter(|field| large.iter().any(|prefix| field.name.starts_with(prefix)))
        .map(|field| match field.name {
            "ka.req.volume.hostpath" => "ka.req.volume.hostpath[/etc]".to_owned(),
            "ka.req.binding.subject.has_name" => "ka.req.binding.subject.has_name[u]".to_owned(),
            // It is about the reference, which has no such thing.
            "ka.req.configmap.name" => "ka.req.configmap.obj".to_owned(),
            name => name.to_owned(),
        })
        .collect();
    fields.extend(
        ["jevt.value[/requestObject/spec/containers/0/name]", "jevt.value[/responseObject/spec/volumes/0]"]
            .map(str::to_owned),
    );
    fields
}

#[test]
fn every_field_has_its_value_however_keys_are_written() {
    let plain = request();
    let subresource = r#""subresource":"exec""#;
    for field in fields() {
        let output = format!("%{field}");
        let value = message(&output, &plain, subresource);
        assert!(value != "<NA>" && !value.is_empty(), "{field}");
        // Lists and objects are shown as they are written.
        if !value.contains('{') {
            assert_eq!(message(&output, &escaped(&plain), &escaped(subresource)), value, "{field}");
        } else {
            assert_ne!(message(&output, &escaped(&plain), &escaped(subresource)), "<NA>", "{field}");
        }
    }
}

#[test]
fn what_is_not_there_has_no_value() {
    for field in fields() {
        let value = message(&format!("%{field}"), r#"{"kind":"Pod","status":{}}"#, r#""name":"a""#);
        assert_eq!(value, "<NA>", "{field}");
    }
}
