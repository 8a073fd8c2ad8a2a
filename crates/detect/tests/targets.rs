//! What detections say about the namespace and the object that their event is about.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_detect::decode::Reject;
use haechi_detect::output::OutputOptions;
use haechi_detect::rules::{Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;

struct Only(Vec<Detection>);

impl Report for Only {
    fn detection(&mut self, detection: Detection, _line: u64) {
        self.0.push(detection);
    }

    fn reject(&mut self, reject: Reject) {
        panic!("{reject:?}");
    }
}

fn detection(source: &str, condition: &str, event: &str) -> Detection {
    let rule = format!(
        "- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n  source: {source}\n"
    );
    let loaded = load(&[RuleFile { name: "rules.yaml", bytes: rule.as_bytes() }], &Options::default());
    let mut stream = Stream::new(&loaded.program, StreamOptions::default());
    let mut only = Only(Vec::new());
    stream.feed(event.as_bytes(), &mut only);
    stream.finish(&mut only);
    only.0.pop().unwrap_or_else(|| panic!("{event}"))
}

/// Namespace, and API version, kind, namespace and name of the object.
fn target(source: &str, condition: &str, event: &str) -> String {
    let found = detection(source, condition, event);
    let namespace = found.namespace.unwrap_or_else(|| "-".into());
    match found.resource {
        Some(resource) => format!("{namespace}: {} {resource}", resource.api_version).replace("  ", " "),
        None => namespace,
    }
}

fn audit(verb: &str, more: &str) -> String {
    let event = format!(
        r#"{{"kind":"Event","auditID":"1","stage":"ResponseComplete","stageTimestamp":"2026-01-02T03:04:05Z","verb":"{verb}",{more}}}"#
    );
    target("k8s_audit", "ka.verb exists", &event)
}

#[test]
fn audit_events_are_about_the_object_that_they_refer_to() {
    for (reference, expected) in [
        (
            r#""resource":"secrets","namespace":"shop","name":"db","apiVersion":"v1""#,
            "shop: v1 Secret shop/db",
        ),
        (
            r#""resource":"pods","namespace":"shop","name":"web","apiVersion":"v1","subresource":"exec""#,
            "shop: v1 Pod shop/web",
        ),
        (
            r#""resource":"deployments","namespace":"kube-system","name":"coredns","apiGroup":"apps","apiVersion":"v1""#,
            "kube-system: apps/v1 Deployment kube-system/coredns",
        ),
        (
            r#""resource":"clusterroles","name":"a","apiGroup":"rbac.authorization.k8s.io","apiVersion":"v1""#,
            "-: rbac.authorization.k8s.io/v1 ClusterRole a",
        ),
        // It lies in no namespace, and whoever looks after that namespace has to hear of it.
        (
            r#""resource":"namespaces","namespace":"shop","name":"shop","apiVersion":"v1""#,
            "shop: v1 Namespace shop",
        ),
        (r#""resource":"namespaces","name":"shop","apiVersion":"v1""#, "shop: v1 Namespace shop"),
        // Called as Kubernetes' own are, but something else.
        (
            r#""resource":"services","namespace":"shop","name":"f","apiGroup":"serving.knative.dev","apiVersion":"v1""#,
            "shop: serving.knative.dev/v1 services shop/f",
        ),
        (r#""resource":"secrets","namespace":"shop","apiVersion":"v1""#, "shop"),
        (r#""resource":"secrets","apiVersion":"v1""#, "-"),
        (r#""resource":7,"namespace":null,"name":["db"]"#, "-"),
    ] {
        assert_eq!(audit("get", &format!(r#""objectRef":{{{reference}}}"#)), expected, "{reference}");
    }
    assert_eq!(audit("get", r#""requestURI":"/healthz""#), "-");
}

#[test]
fn what_is_created_may_be_named_by_the_server_only() {
    let reference = r#""objectRef":{"resource":"pods","namespace":"shop","apiVersion":"v1"}"#;
    let request = r#""requestObject":{"kind":"Pod","metadata":{"generateName":"web-"}}"#;
    for (response, expected) in [
        (r#"{"kind":"Pod","metadata":{"name":"web-x7"}}"#, "shop: v1 Pod shop/web-x7"),
        (r#"{"kind":"Status","metadata":{"name":"odd"},"code":403}"#, "shop: v1 Pod shop/web-*"),
    ] {
        let more = format!(r#"{reference},{request},"responseObject":{response}"#);
        assert_eq!(audit("create", &more), expected);
    }
    // What a list or a deletion answers is not about one object.
    let list = format!(r#"{reference},"responseObject":{{"kind":"PodList","metadata":{{"name":"x"}}}}"#);
    assert_eq!(audit("list", &list), "shop");
}

#[test]
fn alerts_of_other_sensors_name_the_pod() {
    let falco = |source: &str, fields: &str| {
        format!(
            r#"{{"rule":"a","priority":"Error","source":"{source}","time":"2026-01-02T03:04:05Z","output":"o","output_fields":{{"evt.type":"execve",{fields}}}}}"#
        )
    };
    for (fields, expected) in [
        (r#""k8s.ns.name":"shop","k8s.pod.name":"web-1""#, "shop: v1 Pod shop/web-1"),
        (r#""k8smeta.ns.name":"shop","k8smeta.pod.name":"web-1""#, "shop: v1 Pod shop/web-1"),
        (r#""k8s.ns.name":null,"k8s.pod.name":"<NA>""#, "-"),
        (r#""k8s.ns.name":"shop","k8s.pod.name":"""#, "shop"),
    ] {
        assert_eq!(target("syscall", "evt.type = execve", &falco("syscall", fields)), expected, "{fields}");
    }
    let fields = r#""ka.verb":"get","ka.target.namespace":"shop","ka.target.resource":"secrets","ka.target.name":"db""#;
    assert_eq!(target("k8s_audit", "ka.verb = get", &falco("k8s_audit", fields)), "shop: Secret shop/db");
}

#[test]
fn guardduty_tells_of_a_request_or_of_a_workload() {
    let finding = |more: &str| {
        let event = format!(
            r#"{{"schemaVersion":"2.0","partition":"aws","id":"1","type":"Kubernetes:X","updatedAt":"2026-01-02T03:04:05Z",{more}}}"#
        );
        target("aws_guardduty", "guardduty.type exists", &event)
    };
    let workload = r#""resource":{"kubernetesDetails":{"kubernetesWorkloadDetails":{"name":"web","type":"deployments","namespace":"shop"}}}"#;
    assert_eq!(finding(&format!(r#"{workload},"service":{{}}"#)), "shop: Deployment shop/web");
    let call = r#""service":{"action":{"kubernetesApiCallAction":{"verb":"get","resource":"secrets","resourceName":"db","namespace":"pay"}}}"#;
    assert_eq!(finding(&format!("{workload},{call}")), "pay: Secret pay/db");
    let list = r#""service":{"action":{"kubernetesApiCallAction":{"verb":"list","resource":"secrets","namespace":"pay"}}}"#;
    assert_eq!(finding(list), "pay");
    assert_eq!(finding(r#""service":{}"#), "-");
}

#[test]
fn output_tells_the_target_to_those_who_ask() {
    let event = r#"{"kind":"Event","auditID":"1","stage":"ResponseComplete","stageTimestamp":"2026-01-02T03:04:05Z","verb":"get","objectRef":{"resource":"secrets","namespace":"shop","name":"db","apiVersion":"v1"}}"#;
    let found = detection("k8s_audit", "ka.verb exists", event);
    let options = OutputOptions { include_target: true, ..OutputOptions::default() };
    let json = options.json(&found);
    assert!(
        json.contains(r#""namespace":"shop""#)
            && json.contains(
                r#""resource":{"api_version":"v1","kind":"Secret","name":"db","namespace":"shop"}"#
            ),
        "{json}"
    );
    assert!(!OutputOptions::default().json(&found).contains("resource"));
}
