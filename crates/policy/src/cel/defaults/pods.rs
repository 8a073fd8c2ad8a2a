//! The defaults of pods and of the templates of pods.

use serde_json::{Value as Json, json};

use super::quantities::normalise;
use super::{Fields, child, default, drop_fields, items, made, text};

/// Whether it is a Pod itself: some defaults are not filled into templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Pod,
    Template,
}

/// `spec` of a Pod or of a template.
pub(super) fn pod_spec(spec: &mut Fields, of: Of) {
    const TEXTS: [&str; 9] = [
        "serviceAccountName",
        "serviceAccount",
        "nodeName",
        "hostname",
        "subdomain",
        "schedulerName",
        "priorityClassName",
        "restartPolicy",
        "dnsPolicy",
    ];
    drop_fields(spec, &TEXTS, &["nodeSelector", "overhead"], &["hostNetwork", "hostPID", "hostIPC"], &[]);
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "restartPolicy", "Always");
    default(spec, "securityContext", json!({}));
    default(spec, "terminationGracePeriodSeconds", 30);
    default(spec, "schedulerName", "default-scheduler");
    // Two names of one field.
    let account =
        text(spec, "serviceAccountName").or_else(|| text(spec, "serviceAccount")).map(str::to_owned);
    if let Some(account) = account {
        spec.insert("serviceAccountName".into(), account.as_str().into());
        spec.insert("serviceAccount".into(), account.into());
    }
    let on_host = spec.get("hostNetwork") == Some(&Json::Bool(true));
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in items(spec, list) {
            fill_container(container, on_host && list != "ephemeralContainers");
            if of == Of::Pod && list != "ephemeralContainers" {
                fill_requests(container);
            }
        }
    }
    items(spec, "volumes").for_each(volume);
    if of == Of::Pod {
        only_pods(spec);
    }
}

/// What is filled into Pods alone, admission plugins included.
fn only_pods(spec: &mut Fields) {
    default(spec, "enableServiceLinks", true);
    default(spec, "preemptionPolicy", "PreemptLowerPriority");
    if !spec.contains_key("priorityClassName") {
        default(spec, "priority", 0);
    }
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Some(tolerations) = tolerations.as_array_mut() else { return };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerates = |toleration: &Json| {
            let is = |field: &str, value: &str| {
                toleration
                    .get(field)
                    .and_then(Json::as_str)
                    .is_none_or(|found| found.is_empty() || found == value)
            };
            is("key", key) && is("effect", "NoExecute")
        };
        if !tolerations.iter().any(tolerates) {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            }));
        }
    }
}

fn fill_container(container: &mut Fields, on_host: bool) {
    const TEXTS: [&str; 5] =
        ["image", "workingDir", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy"];
    drop_fields(container, &TEXTS, &[], &["stdin", "stdinOnce", "tty"], &[]);
    default(container, "terminationMessagePath", "/dev/termination-log");
    default(container, "terminationMessagePolicy", "File");
    let policy = pull_policy(text(container, "image").unwrap_or_default());
    default(container, "imagePullPolicy", policy);
    if let Some(resources) = made(container, "resources") {
        drop_fields(resources, &[], &["limits", "requests"], &[], &[]);
        for list in ["limits", "requests"] {
            child(resources, list).into_iter().flat_map(Fields::values_mut).for_each(normalise);
        }
    }
    for port in items(container, "ports") {
        drop_fields(port, &["name", "hostIP", "protocol"], &[], &[], &["hostPort"]);
        default(port, "protocol", "TCP");
        if let Some(number) = port.get("containerPort").filter(|_| on_host).cloned() {
            default(port, "hostPort", number);
        }
    }
    for mount in items(container, "volumeMounts") {
        drop_fields(mount, &["subPath", "subPathExpr"], &[], &["readOnly"], &[]);
    }
    for variable in items(container, "env") {
        drop_fields(variable, &["value"], &[], &[], &[]);
        if let Some(field) = child(variable, "valueFrom").and_then(|from| child(from, "fieldRef")) {
            default(field, "apiVersion", "v1");
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = child(container, probe) {
            fill_probe(probe);
        }
    }
    if let Some(lifecycle) = child(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(hook) = child(lifecycle, hook) {
                http(hook);
            }
        }
    }
}

/// Limits stand for the requests that are missing.
fn fill_requests(container: &mut Fields) {
    let Some(resources) = child(container, "resources") else { return };
    let Some(limits) = child(resources, "limits").map(|limits| limits.clone()) else { return };
    if let Some(requests) = made(resources, "requests") {
        for (name, limit) in limits {
            requests.entry(name).or_insert(limit);
        }
    }
}

fn fill_probe(probe: &mut Fields) {
    const NUMBERS: [&str; 5] =
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
    drop_fields(probe, &[], &[], &[], &NUMBERS);
    default(probe, "timeoutSeconds", 1);
    default(probe, "periodSeconds", 10);
    default(probe, "successThreshold", 1);
    default(probe, "failureThreshold", 3);
    if let Some(grpc) = child(probe, "grpc") {
        default(grpc, "service", "");
    }
    http(probe);
}

fn http(handler: &mut Fields) {
    if let Some(http) = child(handler, "httpGet") {
        drop_fields(http, &["path", "host", "scheme"], &[], &[], &[]);
        default(http, "path", "/");
        default(http, "scheme", "HTTP");
    }
}

/// Images without a tag, and those tagged `latest`, are always pulled.
fn pull_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let is_latest = match name.split_once('@') {
        Some((name, _)) => name.ends_with(":latest"),
        None => name.split_once(':').is_none_or(|(_, tag)| tag == "latest"),
    };
    if is_latest { "Always" } else { "IfNotPresent" }
}

fn volume(volume: &mut Fields) {
    if volume.keys().all(|key| key == "name") {
        volume.insert("emptyDir".into(), json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = child(volume, source) {
            default(source, "defaultMode", 420);
            items(source, "items").for_each(downward);
            for part in items(source, "sources") {
                if let Some(token) = child(part, "serviceAccountToken") {
                    default(token, "expirationSeconds", 3600);
                }
                if let Some(downward_api) = child(part, "downwardAPI") {
                    items(downward_api, "items").for_each(downward);
                }
            }
        }
    }
    if let Some(host) = child(volume, "hostPath") {
        default(host, "type", "");
    }
    if let Some(claim) = child(volume, "persistentVolumeClaim") {
        drop_fields(claim, &[], &[], &["readOnly"], &[]);
    }
    if let Some(nfs) = child(volume, "nfs") {
        drop_fields(nfs, &[], &[], &["readOnly"], &[]);
    }
    let template = child(volume, "ephemeral").and_then(|volume| child(volume, "volumeClaimTemplate"));
    if let Some(spec) = template.and_then(|template| child(template, "spec")) {
        default(spec, "volumeMode", "Filesystem");
    }
}

fn downward(item: &mut Fields) {
    if let Some(field) = child(item, "fieldRef") {
        default(field, "apiVersion", "v1");
    }
}
