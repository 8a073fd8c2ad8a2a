//! Haechi's own rules: each one sees what it is there for, and not what merely looks like it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use haechi_detect::builtin;
use haechi_detect::decode::{Format, Reject};
use haechi_detect::fields::Source;
use haechi_detect::program::RuleMatching;
use haechi_detect::rules::{Loaded, Options, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;
use serde_json::{Value, json};

#[derive(Default)]
struct Seen(Vec<Detection>);

impl Report for Seen {
    fn detection(&mut self, detection: Detection, _line: u64) {
        self.0.push(detection);
    }

    fn reject(&mut self, reject: Reject) {
        panic!("{reject:?}");
    }
}

fn loaded(is_korean: bool) -> Loaded {
    let loaded = load(builtin::files(is_korean), &Options::default());
    for result in &loaded.results {
        assert!(result.errors.is_empty() && result.warnings.is_empty(), "{}", result.verbose());
    }
    loaded
}

fn detected(loaded: &Loaded, event: &Value) -> Vec<Detection> {
    let options = StreamOptions {
        format: Format::Json(Source::K8S_AUDIT),
        matching: RuleMatching::All,
        ..StreamOptions::default()
    };
    let mut stream = Stream::new(&loaded.program, options);
    let mut seen = Seen::default();
    stream.feed(format!("{event}\n").as_bytes(), &mut seen);
    stream.finish(&mut seen);
    seen.0
}

/// What kim asked for, answered with 200; `changes` is merged into it, `null` takes away.
fn event(verb: &str, resource: &str, changes: Value) -> Value {
    let (resource, subresource) = resource.split_once('/').map_or((resource, None), |(r, s)| (r, Some(s)));
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "1",
        "stage": "ResponseComplete", "requestURI": "/api/v1/x", "verb": verb, "user": {"username": "kim", "groups": ["dev"]},
        "sourceIPs": ["192.0.2.1"], "userAgent": "kubectl/v1.36.0",
        "objectRef": {"resource": resource, "namespace": "shop", "name": "a"},
        "responseStatus": {"code": 200}, "stageTimestamp": "2026-01-02T03:04:05.000000Z",
        "annotations": {"authorization.k8s.io/decision": "allow"},
    });
    if let Some(subresource) = subresource {
        event["objectRef"]["subresource"] = subresource.into();
    }
    merge(&mut event, changes);
    event
}

fn merge(into: &mut Value, changes: Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, value) in changes {
                if value.is_null() {
                    into.remove(&key);
                } else {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (into, value) => *into = value,
    }
}

fn pod(spec: Value) -> Value {
    event(
        "create",
        "pods",
        json!({"requestObject": {"spec": spec}, "responseObject": {"metadata": {"name": "a"}}}),
    )
}

fn by(event: Value, user: &str) -> Value {
    let mut event = event;
    event["user"] = json!({"username": user});
    event
}

fn with(mut event: Value, changes: Value) -> Value {
    merge(&mut event, changes);
    event
}

fn binding(role: &str, subject: Value) -> Value {
    event(
        "create",
        "clusterrolebindings",
        json!({
            "objectRef": {"namespace": null}, "requestObject": {"roleRef": {"name": role}, "subjects": [subject]},
        }),
    )
}

fn role(rules: Value, labels: Value) -> Value {
    event(
        "update",
        "clusterroles",
        json!({"requestObject": {"metadata": {"labels": labels}, "rules": rules}}),
    )
}

/// What kim asked for by that address.
fn asked(verb: &str, resource: &str, uri: &str) -> Value {
    event(verb, resource, json!({"requestURI": uri}))
}

/// A binding after a patch of which only the answer tells what it holds.
fn granted(subject: Value) -> Value {
    event(
        "patch",
        "clusterrolebindings",
        json!({"requestObject": [{"op": "add"}], "responseObject": {"roleRef": {"name": "view"}, "subjects": [subject]}}),
    )
}

fn role_patched(rules: Value) -> Value {
    event(
        "patch",
        "clusterroles",
        json!({"requestObject": [{"op": "add"}], "responseObject": {"rules": rules}}),
    )
}

fn volume(spec: Value) -> Value {
    event("create", "persistentvolumes", json!({"requestObject": {"spec": spec}}))
}

fn settings(verb: &str, name: &str, namespace: &str) -> Value {
    event(verb, "configmaps", json!({"objectRef": {"name": name, "namespace": namespace}}))
}

/// Rule, events that it must see, events that it must not see.
fn cases() -> Vec<(&'static str, Vec<Value>, Vec<Value>)> {
    let web = "system:serviceaccount:shop:web";
    let controller = "system:serviceaccount:kube-system:daemon-set-controller";
    let user = |name: &str| json!({"kind": "User", "name": name});
    let group = |name: &str| json!({"kind": "Group", "name": name});
    let refused = json!({"responseStatus": {"code": 403}});
    let privileged = json!({"containers": [{"image": "a", "securityContext": {"privileged": true}}]});
    let host =
        |path: &str| pod(json!({"containers": [], "volumes": [{"name": "v", "hostPath": {"path": path}}]}));
    let capability = |name: &str| {
        pod(json!({"containers": [{"name": "c", "securityContext": {"capabilities": {"add": [name]}}}]}))
    };
    let map = |text: &str| event("create", "configmaps", json!({"requestObject": {"data": {"a": text}}}));
    let level = |level: Value| json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}});
    // `null` in a patch is what it is about: it must not be taken for a change of the event.
    let label = |value: Value| {
        let mut event = event("patch", "namespaces", json!({}));
        event["requestObject"] = level(value);
        event
    };
    let operation = |operation: Value| event("patch", "namespaces", json!({"requestObject": [operation]}));
    let service = |spec: Value| event("create", "services", json!({"requestObject": {"spec": spec}}));
    let balanced = event(
        "patch",
        "services/status",
        json!({"requestObject": {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}}),
    );
    vec![
        (
            "Command in container",
            vec![
                event(
                    "create",
                    "pods/exec",
                    json!({"responseStatus": {"code": 101}, "stage": "ResponseStarted"}),
                ),
                event("get", "pods/attach", json!({"responseStatus": {"code": 101}})),
                event("create", "pods/exec", json!({"responseStatus": {"code": 400}})),
            ],
            vec![
                event("create", "pods/exec", json!({"stage": "RequestReceived", "responseStatus": null})),
                event("get", "pods/log", json!({})),
                event("get", "pods", json!({})),
            ],
        ),
        (
            "Ephemeral container added",
            vec![event("patch", "pods/ephemeralcontainers", json!({}))],
            vec![
                event("patch", "pods/ephemeralcontainers", refused.clone()),
                event("get", "pods/ephemeralcontainers", json!({})),
                event("patch", "pods/status", json!({})),
            ],
        ),
        (
            "Port forwarded to pod",
            vec![event("get", "pods/portforward", json!({"responseStatus": {"code": 101}}))],
            vec![event("get", "services/portforward", json!({}))],
        ),
        (
            "Kubelet reached through API server",
            vec![
                event("get", "nodes/proxy", json!({})),
                by(event("create", "nodes/proxy", json!({})), web),
                asked("create", "nodes/proxy", "/api/v1/nodes/n1/proxy/metrics"),
                asked("get", "nodes/proxy", "/api/v1/nodes/n1/proxy/exec/shop/a/b?path=/proxy/metrics"),
            ],
            vec![
                by(event("get", "nodes/proxy", json!({})), "kube-apiserver-kubelet-client"),
                // What gathers measurements.
                asked("get", "nodes/proxy", "/api/v1/nodes/n1/proxy/metrics"),
                asked("get", "nodes/proxy", "/api/v1/nodes/n1/proxy/metrics/cadvisor"),
                event("get", "nodes/status", json!({})),
            ],
        ),
        (
            "Pod or service reached through API server",
            vec![
                event("get", "services/proxy", json!({})),
                by(event("create", "pods/proxy", json!({})), web),
            ],
            vec![
                event("get", "nodes/proxy", json!({})),
                by(event("get", "services/proxy", json!({})), "system:apiserver"),
            ],
        ),
        (
            "Privileged pod created",
            vec![
                pod(json!({"containers": [{"securityContext": {"windowsOptions": {"hostProcess": true}}}]})),
                pod(privileged.clone()),
                pod(
                    json!({"containers": [{"image": "a"}], "initContainers": [{"image": "b", "securityContext": {"privileged": true}}]}),
                ),
                // A controller made it, outside of kube-system.
                by(pod(privileged.clone()), controller),
                // A person made it in kube-system.
                with(pod(privileged.clone()), json!({"objectRef": {"namespace": "kube-system"}})),
            ],
            vec![
                with(
                    by(pod(privileged.clone()), controller),
                    json!({"objectRef": {"namespace": "kube-system"}}),
                ),
                with(pod(privileged.clone()), refused.clone()),
                pod(json!({"containers": [{"image": "a", "securityContext": {"privileged": false}}]})),
                with(pod(privileged), json!({"objectRef": {"subresource": "binding"}})),
            ],
        ),
        (
            "Pod in host namespaces",
            vec![
                pod(json!({"hostPID": true})),
                pod(json!({"hostIPC": true})),
                pod(json!({"hostNetwork": true})),
            ],
            vec![
                pod(json!({"hostPID": false})),
                pod(json!({"shareProcessNamespace": true})),
                // What a node runs by itself, mirrored.
                by(pod(json!({"hostNetwork": true})), "system:node:n1"),
            ],
        ),
        (
            "Sensitive host path mounted",
            [
                "/",
                "//",
                "/etc",
                "/etc/kubernetes/pki",
                "//etc",
                "/var/run/docker.sock",
                "/run/containerd",
                "/var/lib/kubelet/pods",
                "/root/.ssh",
                "/.",
                "/./etc",
                "/var",
                "/var/",
                "/var/lib",
                "/var//lib/kubelet",
                "/var/./run/docker.sock",
            ]
            .map(host)
            .into(),
            [
                "/srv/data",
                "/var/lib/postgresql",
                "/var/log/pods",
                "/var/libs",
                "/.etc",
                "/etcd-backup",
                "/runner",
                "/opt/etc",
            ]
            .map(host)
            .into(),
        ),
        (
            "Dangerous capability added",
            vec![
                capability("SYS_ADMIN"),
                capability("CAP_SYS_PTRACE"),
                capability("ALL"),
                capability("sys_admin"),
            ],
            vec![
                capability("NET_BIND_SERVICE"),
                pod(json!({"containers": [{"securityContext": {"capabilities": {"drop": ["ALL"]}}}]})),
            ],
        ),
        (
            "Cluster admin granted",
            vec![
                binding("cluster-admin", user("mallory")),
                binding("view", group("system:masters")),
                event("patch", "clusterrolebindings", json!({"objectRef": {"name": "cluster-admin"}})),
                by(binding("cluster-admin", user("mallory")), controller),
                // A patch says only what it changes.
                event(
                    "patch",
                    "clusterrolebindings",
                    json!({"responseObject": {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}}),
                ),
                granted(
                    json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:masters"}),
                ),
            ],
            vec![
                binding("view", user("mallory")),
                with(binding("cluster-admin", user("mallory")), refused.clone()),
                by(binding("cluster-admin", group("system:masters")), "system:apiserver"),
                event("get", "clusterrolebindings", json!({"objectRef": {"name": "cluster-admin"}})),
            ],
        ),
        (
            "Rights granted to everybody",
            vec![
                binding("view", group("system:authenticated")),
                binding("view", group("system:unauthenticated")),
                binding("view", user("system:anonymous")),
                granted(group("system:authenticated")),
                granted(user("system:anonymous")),
            ],
            vec![
                granted(user("system:authenticated")),
                binding("view", group("system:serviceaccounts:shop")),
                binding("view", user("system:authenticated")),
            ],
        ),
        (
            "Role with wildcard written",
            vec![
                role(json!([{"verbs": ["*"], "resources": ["pods"]}]), json!({})),
                role(json!([{"verbs": ["get"], "resources": ["*"]}]), json!({})),
                role_patched(json!([{"verbs": ["get", "*"], "resources": ["pods"]}])),
            ],
            vec![
                role(json!([{"verbs": ["get"], "resources": ["pods/*"]}]), json!({})),
                role_patched(json!([{"verbs": ["get"], "resources": ["pods/*"], "apiGroups": ["*"]}])),
                by(
                    role(json!([{"verbs": ["*"], "resources": ["*"]}]), json!({})),
                    "system:serviceaccount:kube-system:clusterrole-aggregation-controller",
                ),
            ],
        ),
        (
            "Role that can be widened written",
            ["escalate", "bind", "impersonate"]
                .map(|verb| role(json!([{"verbs": ["get"]}, {"verbs": [verb]}]), json!({})))
                .into(),
            vec![
                role(json!([{"verbs": ["binding"]}]), json!({})),
                role_patched(json!([{"verbs": ["get"], "resources": ["bind"]}])),
            ],
        ),
        (
            "Role that widens others written",
            vec![role(json!([]), json!({"rbac.authorization.k8s.io/aggregate-to-edit": "true"}))],
            vec![
                role(json!([]), json!({"rbac.authorization.k8s.io/aggregate-to-edit": "false"})),
                role(json!([]), json!({"app": "aggregate-to-edit"})),
            ],
        ),
        (
            "Role of Kubernetes changed",
            vec![event("delete", "clusterroles", json!({"objectRef": {"name": "system:node"}}))],
            vec![
                by(
                    event("update", "clusterroles", json!({"objectRef": {"name": "system:node"}})),
                    "system:apiserver",
                ),
                event("get", "clusterroles", json!({"objectRef": {"name": "system:node"}})),
            ],
        ),
        (
            "Volume on sensitive host path made",
            vec![
                volume(json!({"hostPath": {"path": "/etc/kubernetes"}})),
                volume(json!({"local": {"path": "/var/lib"}})),
                by(volume(json!({"hostPath": {"path": "/"}})), web),
            ],
            vec![
                volume(json!({"hostPath": {"path": "/srv/data"}})),
                volume(json!({"nfs": {"server": "nfs", "path": "/etc"}})),
            ],
        ),
        (
            "Rights refused",
            vec![
                event("create", "clusterrolebindings", refused.clone()),
                event("create", "serviceaccounts/token", refused.clone()),
                event(
                    "list",
                    "pods",
                    json!({"responseStatus": {
                        "code": 403, "message": "users \"lee\" is forbidden: User \"kim\" cannot impersonate resource \"users\"",
                    }}),
                ),
            ],
            vec![
                event("create", "roles", json!({})),
                event("list", "roles", refused.clone()),
                by(event("create", "roles", refused.clone()), web),
                by(event("create", "roles", refused.clone()), "system:kube-controller-manager"),
            ],
        ),
        (
            "Impersonation",
            vec![event("list", "pods", json!({"impersonatedUser": {"username": "lee"}}))],
            vec![
                event("list", "pods", json!({})),
                event(
                    "list",
                    "pods",
                    with(refused.clone(), json!({"impersonatedUser": {"username": "lee"}})),
                ),
            ],
        ),
        (
            "Impersonation of cluster administrators",
            vec![event(
                "list",
                "pods",
                json!({"impersonatedUser": {"username": "lee", "groups": ["a", "system:masters"]}}),
            )],
            vec![event(
                "list",
                "pods",
                json!({"impersonatedUser": {"username": "system:masters", "groups": ["a"]}}),
            )],
        ),
        (
            "Certificate request approved",
            vec![event("update", "certificatesigningrequests/approval", json!({}))],
            vec![
                event("create", "certificatesigningrequests", json!({})),
                by(
                    event("update", "certificatesigningrequests/approval", json!({})),
                    "system:serviceaccount:kube-system:certificate-controller",
                ),
            ],
        ),
        (
            "Anonymous request allowed",
            vec![by(event("list", "pods", json!({"requestURI": "/api/v1/pods"})), "system:anonymous")],
            vec![
                by(event("get", "x", json!({"requestURI": "/livez?verbose"})), "system:anonymous"),
                by(
                    event("list", "pods", with(refused.clone(), json!({"requestURI": "/api/v1/pods"}))),
                    "system:anonymous",
                ),
                event("list", "pods", json!({"requestURI": "/api/v1/pods"})),
            ],
        ),
        (
            "Anonymous request refused",
            vec![by(event("list", "pods", refused.clone()), "system:anonymous")],
            vec![
                by(event("list", "pods", json!({})), "system:anonymous"),
                event("list", "pods", refused.clone()),
            ],
        ),
        (
            "Secrets of all namespaces listed",
            vec![
                by(event("list", "secrets", json!({"objectRef": {"namespace": null}})), web),
                event(
                    "watch",
                    "secrets",
                    json!({"objectRef": {"namespace": null}, "stage": "ResponseStarted"}),
                ),
            ],
            vec![
                event("list", "secrets", json!({})),
                by(
                    event("list", "secrets", json!({"objectRef": {"namespace": null}})),
                    "system:kube-controller-manager",
                ),
            ],
        ),
        (
            "Secrets of another namespace listed",
            vec![
                by(event("list", "secrets", json!({"objectRef": {"namespace": "pay"}})), web),
                // A namespace that begins as its own does.
                by(event("watch", "secrets", json!({"objectRef": {"namespace": "sho"}})), web),
            ],
            vec![
                by(event("list", "secrets", json!({})), web),
                by(event("list", "secrets", json!({"objectRef": {"namespace": null}})), web),
                by(event("get", "secrets", json!({"objectRef": {"namespace": "pay"}})), web),
                by(event("list", "secrets", json!({"objectRef": {"namespace": "pay"}})), controller),
            ],
        ),
        (
            "Secret read by a person",
            vec![event("get", "secrets", json!({}))],
            vec![
                by(event("get", "secrets", json!({})), web),
                by(event("get", "secrets", json!({})), "system:node:a"),
                event("get", "configmaps", json!({})),
            ],
        ),
        (
            "Service account token made",
            vec![event("create", "serviceaccounts/token", json!({"responseStatus": {"code": 201}}))],
            vec![
                by(event("create", "serviceaccounts/token", json!({})), "system:node:a"),
                event("create", "serviceaccounts", json!({})),
            ],
        ),
        (
            "Lasting service account token made",
            vec![event(
                "create",
                "secrets",
                json!({"requestObject": {"type": "kubernetes.io/service-account-token"}}),
            )],
            vec![
                event("create", "secrets", json!({"requestObject": {"type": "Opaque"}})),
                by(
                    event(
                        "create",
                        "secrets",
                        json!({"requestObject": {"type": "kubernetes.io/service-account-token"}}),
                    ),
                    "system:kube-controller-manager",
                ),
            ],
        ),
        (
            "Service account made in kube-system",
            vec![event("create", "serviceaccounts", json!({"objectRef": {"namespace": "kube-system"}}))],
            vec![
                event("create", "serviceaccounts", json!({})),
                event("create", "serviceaccounts/token", json!({"objectRef": {"namespace": "kube-system"}})),
                by(
                    event("create", "serviceaccounts", json!({"objectRef": {"namespace": "kube-system"}})),
                    controller,
                ),
            ],
        ),
        (
            "Credentials in ConfigMap",
            vec![
                map("aws_secret_access_key = x"),
                map("-----BEGIN RSA PRIVATE KEY-----"),
                map("id: AKIAIOSFODNN7EXAMPLE"),
                map("AKIAIOSFODNN7EXAMPLE"),
            ],
            vec![
                map("-----BEGIN PUBLIC KEY-----"),
                map("XAKIAIOSFODNN7EXAMPLE"),
                by(map("AWS_SECRET_ACCESS_KEY"), "system:kube-scheduler"),
            ],
        ),
        (
            "Service account asks what it may do",
            vec![by(
                event("create", "selfsubjectrulesreviews", json!({"responseStatus": {"code": 201}})),
                web,
            )],
            vec![
                event("create", "selfsubjectrulesreviews", json!({})),
                by(event("create", "selfsubjectaccessreviews", json!({})), web),
            ],
        ),
        (
            "Service account refused",
            vec![by(event("get", "pods", refused.clone()), web)],
            vec![
                by(event("get", "pods", json!({"responseStatus": {"code": 404}})), web),
                event("get", "pods", refused.clone()),
                by(event("get", "pods", refused.clone()), controller),
            ],
        ),
        (
            "Service account used by hand",
            vec![by(event("get", "pods", json!({"userAgent": "curl/8.9"})), web)],
            vec![
                by(event("get", "pods", json!({"userAgent": "web/1.0 curl/8.9"})), web),
                event("get", "pods", json!({})),
            ],
        ),
        (
            "Credentials of Kubernetes used by hand",
            vec![
                by(event("list", "pods", json!({})), "system:node:n1"),
                by(event("list", "pods", json!({"userAgent": "curl/8.0"})), "system:kube-scheduler"),
            ],
            vec![
                by(event("list", "pods", json!({"userAgent": "kubelet/v1.36.0"})), "system:node:n1"),
                by(event("list", "pods", json!({})), web),
                by(event("list", "pods", json!({})), "system:anonymous"),
            ],
        ),
        (
            "Admission webhook changed",
            vec![
                event("delete", "validatingwebhookconfigurations", json!({})),
                event("patch", "mutatingwebhookconfigurations", json!({})),
                // Operators keep theirs current; none takes one away in its daily work.
                by(event("delete", "validatingwebhookconfigurations", json!({})), web),
            ],
            vec![
                event("get", "validatingwebhookconfigurations", json!({})),
                by(event("update", "mutatingwebhookconfigurations", json!({})), web),
            ],
        ),
        (
            "Pod Security loosened",
            vec![
                label("privileged".into()),
                label(Value::Null),
                operation(
                    json!({"op": "remove", "path": "/metadata/labels/pod-security.kubernetes.io~1enforce"}),
                ),
                operation(
                    json!({"op": "replace", "path": "/metadata/labels/pod-security.kubernetes.io~1enforce", "value": "privileged"}),
                ),
            ],
            vec![
                operation(
                    json!({"op": "replace", "path": "/metadata/labels/pod-security.kubernetes.io~1enforce", "value": "baseline"}),
                ),
                operation(json!({"op": "remove", "path": "/metadata/labels/app"})),
                label("restricted".into()),
                by(label("privileged".into()), controller),
            ],
        ),
        (
            "Network policy removed",
            vec![
                event("delete", "networkpolicies", json!({})),
                by(event("deletecollection", "ciliumnetworkpolicies", json!({})), web),
            ],
            vec![
                event("update", "networkpolicies", json!({})),
                by(
                    event("delete", "networkpolicies", json!({})),
                    "system:serviceaccount:kube-system:namespace-controller",
                ),
            ],
        ),
        (
            "Workload changed in kube-system",
            vec![event("create", "daemonsets", json!({"objectRef": {"namespace": "kube-system"}}))],
            vec![
                event("create", "daemonsets", json!({})),
                by(
                    event("update", "daemonsets", json!({"objectRef": {"namespace": "kube-system"}})),
                    controller,
                ),
                event("update", "daemonsets/status", json!({"objectRef": {"namespace": "kube-system"}})),
                event("list", "pods", json!({"objectRef": {"namespace": "kube-system"}})),
            ],
        ),
        (
            "Settings of the cluster changed",
            vec![
                settings("update", "coredns", "kube-system"),
                settings("patch", "aws-auth", "kube-system"),
                by(settings("delete", "cluster-info", "kube-public"), web),
            ],
            vec![
                settings("update", "coredns", "shop"),
                settings("update", "a", "kube-system"),
                settings("get", "coredns", "kube-system"),
                by(settings("update", "coredns", "kube-system"), controller),
            ],
        ),
        (
            "Events deleted",
            vec![event("deletecollection", "events", json!({}))],
            vec![event("list", "events", json!({})), by(event("delete", "events", json!({})), controller)],
        ),
        (
            "Many objects deleted at once",
            vec![event("deletecollection", "persistentvolumeclaims", json!({}))],
            vec![
                event("delete", "persistentvolumeclaims", json!({})),
                // That has a rule of its own.
                event("deletecollection", "events", json!({})),
                by(
                    event("deletecollection", "pods", json!({})),
                    "system:serviceaccount:kube-system:namespace-controller",
                ),
                by(event("deletecollection", "pods", json!({})), web),
            ],
        ),
        (
            "Namespace deleted",
            vec![event("delete", "namespaces", json!({}))],
            vec![
                by(
                    event("delete", "namespaces", json!({})),
                    "system:serviceaccount:kube-system:namespace-controller",
                ),
                event("delete", "namespaces", refused),
            ],
        ),
        (
            "Service with external addresses",
            vec![service(json!({"externalIPs": ["203.0.113.7"]})), balanced.clone()],
            vec![
                service(json!({"externalIPs": []})),
                service(json!({"externalName": "example.com"})),
                // A load balancer's own controller.
                by(balanced, web),
            ],
        ),
        (
            "Workload in default namespace",
            vec![event("create", "deployments", json!({"objectRef": {"namespace": "default"}}))],
            vec![
                event("create", "deployments", json!({})),
                event("create", "pods/binding", json!({"objectRef": {"namespace": "default"}})),
            ],
        ),
        (
            "NodePort service made",
            vec![service(json!({"type": "NodePort", "ports": [{"port": 80}]}))],
            vec![service(json!({"type": "ClusterIP"}))],
        ),
    ]
}

#[test]
fn each_rule_sees_what_it_is_there_for() {
    let loaded = loaded(false);
    let all: BTreeSet<&str> = loaded.rules.iter().map(|rule| &*rule.name).collect();
    let mut tested = BTreeSet::new();
    for (rule, seen, unseen) in cases() {
        tested.insert(rule);
        assert!(!seen.is_empty() && !unseen.is_empty(), "{rule}");
        let sees = |event: &Value| detected(&loaded, event).iter().any(|detection| &*detection.rule == rule);
        for event in &seen {
            assert!(sees(event), "`{rule}` misses {event}");
        }
        for event in &unseen {
            assert!(!sees(event), "`{rule}` takes for it {event}");
        }
    }
    assert_eq!(tested, all);
}

#[test]
fn texts_in_korean_tell_the_same_fields() {
    let (english, korean) = (loaded(false), loaded(true));
    let outputs = |loaded: &Loaded| -> BTreeMap<String, (String, BTreeSet<String>)> {
        let fields = |output: &str| {
            output.split('%').skip(1).map(|part| part.split([' ', ')']).next().unwrap().to_owned()).collect()
        };
        let rule = |rule: &haechi_detect::rules::RuleSummary| {
            (rule.name.to_string(), (rule.description.clone(), fields(&rule.output)))
        };
        loaded.rules.iter().map(rule).collect()
    };
    let (english, korean) = (outputs(&english), outputs(&korean));
    assert_eq!(english.keys().collect::<Vec<_>>(), korean.keys().collect::<Vec<_>>());
    for (name, (description, fields)) in &english {
        assert_eq!(fields, &korean[name].1, "{name}");
        assert!(!fields.is_empty(), "{name}");
        assert_ne!(description, &korean[name].0, "{name}");
        assert!(korean[name].0.chars().any(|c| ('가'..='힣').contains(&c)), "{name}");
    }
}

#[test]
fn every_rule_names_its_technique() {
    for rule in loaded(false).program.all_rules() {
        let technique =
            |tag: &String| tag.starts_with('T') && tag[1..].chars().all(|c| c.is_ascii_digit() || c == '.');
        assert!(rule.info.tags.iter().any(technique), "{}", rule.info.name);
    }
}
