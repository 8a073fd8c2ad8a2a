//! The defaults of kinds that run pods, and of a few others that policies are about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haechi_objects::Object;
use serde_json::{Value as Json, json};

use super::pods::{Of, pod_spec};
use super::{Fields, child, default, drop_fields, items, made, text};

/// The kinds whose defaults are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pod,
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
    CronJob,
    Service,
    Secret,
    Namespace,
    PersistentVolumeClaim,
    RoleBinding,
    NetworkPolicy,
}

impl Kind {
    pub(super) fn of(object: Object<'_>) -> Option<Self> {
        Some(match (object.api_version(), object.kind()) {
            ("v1", "Pod") => Kind::Pod,
            ("apps/v1", "Deployment") => Kind::Deployment,
            ("apps/v1", "StatefulSet") => Kind::StatefulSet,
            ("apps/v1", "DaemonSet") => Kind::DaemonSet,
            ("apps/v1", "ReplicaSet") => Kind::ReplicaSet,
            ("v1", "ReplicationController") => Kind::ReplicationController,
            ("batch/v1", "Job") => Kind::Job,
            ("batch/v1", "CronJob") => Kind::CronJob,
            ("v1", "Service") => Kind::Service,
            ("v1", "Secret") => Kind::Secret,
            ("v1", "Namespace") => Kind::Namespace,
            ("v1", "PersistentVolumeClaim") => Kind::PersistentVolumeClaim,
            ("rbac.authorization.k8s.io/v1", "RoleBinding" | "ClusterRoleBinding") => Kind::RoleBinding,
            ("networking.k8s.io/v1", "NetworkPolicy") => Kind::NetworkPolicy,
            _ => return None,
        })
    }

    pub(super) fn fill(self, root: &mut Fields) {
        match self {
            Kind::Secret => secret(root),
            Kind::RoleBinding => binding(root),
            Kind::Namespace => namespace(root),
            _ => {
                if let Some(spec) = made(root, "spec") {
                    self.fill_spec(spec);
                }
            }
        }
    }

    fn fill_spec(self, spec: &mut Fields) {
        match self {
            Kind::Pod => pod_spec(spec, Of::Pod),
            Kind::Deployment => {
                default(spec, "replicas", 1);
                default(spec, "revisionHistoryLimit", 10);
                default(spec, "progressDeadlineSeconds", 600);
                drop_fields(spec, &[], &[], &["paused"], &["minReadySeconds"]);
                rolling(spec, "strategy", &[("maxUnavailable", json!("25%")), ("maxSurge", json!("25%"))]);
                template(spec);
            }
            Kind::StatefulSet => {
                default(spec, "replicas", 1);
                default(spec, "revisionHistoryLimit", 10);
                default(spec, "podManagementPolicy", "OrderedReady");
                drop_fields(spec, &["serviceName"], &[], &[], &["minReadySeconds"]);
                rolling(spec, "updateStrategy", &[("partition", json!(0))]);
                if let Some(policy) = made(spec, "persistentVolumeClaimRetentionPolicy") {
                    default(policy, "whenDeleted", "Retain");
                    default(policy, "whenScaled", "Retain");
                }
                for claim in items(spec, "volumeClaimTemplates") {
                    if let Some(spec) = child(claim, "spec") {
                        default(spec, "volumeMode", "Filesystem");
                    }
                }
                template(spec);
            }
            Kind::DaemonSet => {
                default(spec, "revisionHistoryLimit", 10);
                drop_fields(spec, &[], &[], &[], &["minReadySeconds"]);
                rolling(spec, "updateStrategy", &[("maxUnavailable", json!(1)), ("maxSurge", json!(0))]);
                template(spec);
            }
            Kind::ReplicaSet | Kind::ReplicationController => {
                default(spec, "replicas", 1);
                template(spec);
            }
            Kind::Job => job(spec),
            Kind::CronJob => {
                default(spec, "concurrencyPolicy", "Allow");
                default(spec, "suspend", false);
                default(spec, "successfulJobsHistoryLimit", 3);
                default(spec, "failedJobsHistoryLimit", 1);
                let job = child(spec, "jobTemplate").and_then(|job| child(job, "spec"));
                if let Some(job) = job {
                    template(job);
                }
            }
            Kind::Service => service(spec),
            Kind::PersistentVolumeClaim => default(spec, "volumeMode", "Filesystem"),
            Kind::NetworkPolicy => network_policy(spec),
            Kind::Secret | Kind::RoleBinding | Kind::Namespace => {}
        }
    }
}

fn template(spec: &mut Fields) {
    let Some(template) = child(spec, "template") else { return };
    if let Some(metadata) = child(template, "metadata") {
        drop_fields(metadata, &["name", "namespace"], &["labels", "annotations"], &[], &[]);
    }
    if let Some(spec) = child(template, "spec") {
        pod_spec(spec, Of::Template);
    }
}

/// A strategy that rolls, unless another is asked for.
fn rolling(spec: &mut Fields, key: &str, values: &[(&str, Json)]) {
    let Some(strategy) = made(spec, key) else { return };
    default(strategy, "type", "RollingUpdate");
    if text(strategy, "type") != Some("RollingUpdate") {
        return;
    }
    if let Some(rolling) = made(strategy, "rollingUpdate") {
        for (name, value) in values {
            default(rolling, name, value.clone());
        }
    }
}

fn job(spec: &mut Fields) {
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        spec.insert("completions".into(), 1.into());
    }
    default(spec, "parallelism", 1);
    default(spec, "completionMode", "NonIndexed");
    default(spec, "suspend", false);
    default(spec, "backoffLimit", if spec.contains_key("backoffLimitPerIndex") { i32::MAX } else { 6 });
    let replacement = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    default(spec, "podReplacementPolicy", replacement);
    template(spec);
}

fn service(spec: &mut Fields) {
    drop_fields(
        spec,
        &["type", "sessionAffinity", "clusterIP", "externalName", "loadBalancerIP", "externalTrafficPolicy"],
        &["selector"],
        &["publishNotReadyAddresses"],
        &["healthCheckNodePort"],
    );
    default(spec, "type", "ClusterIP");
    default(spec, "sessionAffinity", "None");
    let kind = text(spec, "type").unwrap_or_default().to_owned();
    if kind != "ExternalName" {
        default(spec, "internalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        default(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", true);
    }
    for port in items(spec, "ports") {
        drop_fields(port, &["name", "protocol", "targetPort"], &[], &[], &["nodePort", "targetPort"]);
        default(port, "protocol", "TCP");
        if let Some(number) = port.get("port").cloned() {
            default(port, "targetPort", number);
        }
    }
}

/// What is written as text is stored in base 64.
fn secret(root: &mut Fields) {
    drop_fields(root, &["type"], &["data", "stringData"], &[], &[]);
    default(root, "type", "Opaque");
    let Some(Json::Object(texts)) = root.remove("stringData") else { return };
    if let Some(data) = made(root, "data") {
        for (key, value) in texts {
            if let Some(text) = value.as_str() {
                data.insert(key, STANDARD.encode(text).into());
            }
        }
    }
}

fn binding(root: &mut Fields) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    if let Some(role) = child(root, "roleRef") {
        drop_fields(role, &["apiGroup"], &[], &[], &[]);
        default(role, "apiGroup", GROUP);
    }
    for subject in items(root, "subjects") {
        drop_fields(subject, &["apiGroup", "namespace"], &[], &[], &[]);
        if matches!(text(subject, "kind"), Some("User" | "Group")) {
            default(subject, "apiGroup", GROUP);
        }
    }
}

fn namespace(root: &mut Fields) {
    let name = child(root, "metadata").and_then(|metadata| text(metadata, "name").map(str::to_owned));
    if let (Some(name), Some(metadata)) = (name, child(root, "metadata"))
        && let Some(labels) = made(metadata, "labels")
    {
        labels.insert("kubernetes.io/metadata.name".into(), name.into());
    }
    if let Some(spec) = made(root, "spec") {
        default(spec, "finalizers", json!(["kubernetes"]));
    }
}

fn network_policy(spec: &mut Fields) {
    let has_egress = spec.contains_key("egress");
    if !spec.contains_key("policyTypes") {
        let types = if has_egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
        spec.insert("policyTypes".into(), types);
    }
    for list in ["ingress", "egress"] {
        for rule in items(spec, list) {
            items(rule, "ports").for_each(|port| default(port, "protocol", "TCP"));
        }
    }
}
