//! What an event is about in Kubernetes: the namespace, and the one object, where it tells of one.

use std::borrow::Cow;

use haechi_model::ResourceRef;

use crate::event::{Body, Event};
use crate::extract;
use crate::fields::Source;
use crate::json::{Kind, Value};

/// The namespace and the object that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// The namespace; of a request about a Namespace that namespace.
    pub namespace: Option<String>,
    /// The object, if it is a single one that is named: a request for a list has none. A request for a part of an object
    /// (`pods/exec`) is about the object. The kind of what Kubernetes itself serves is written as in manifests, as
    /// findings have it (`Pod`); that of anything else as the API's paths have it (`certificates`), because no event
    /// says both.
    pub resource: Option<ResourceRef>,
}

impl Target {
    /// What the event is about, as its source tells.
    pub(crate) fn of(event: &Event<'_>) -> Self {
        match event.body {
            Body::Json(_) if event.source == Source::K8S_AUDIT => of_audit(event),
            Body::Json(_) if event.source == Source::GUARDDUTY => of_guardduty(event),
            Body::Reported(fields) => of_report(event.value(fields)),
            Body::Kernel(kernel) => {
                let field = |name: &str| extract::kernel_text(name, kernel);
                of_pod(field("k8s.ns.name"), field("k8s.pod.name"))
            }
            Body::Json(_) | Body::Columns(_) => Self::default(),
        }
    }
}

fn of_audit(event: &Event<'_>) -> Target {
    let Some(reference) = event.top("objectRef") else { return Target::default() };
    let text = |key: &str| text(reference.get(key));
    // What is created may be named by the server only; then the reference has no name.
    let name = text("name").or_else(|| match text("subresource") {
        Some(_) => None,
        None => created_name(event),
    });
    target(text("apiGroup"), text("apiVersion"), text("resource"), text("namespace"), name)
}

/// The name in the object that a request for its creation sent or got back.
fn created_name(event: &Event<'_>) -> Option<String> {
    if text(event.top("verb")).as_deref() != Some("create") {
        return None;
    }
    let name = |object: &str, key: &str| {
        let object = event.top(object)?;
        // What went wrong is no object.
        let is_status = object.get("kind").and_then(Value::string).as_deref() == Some("Status");
        if is_status { None } else { text(object.path(&["metadata", key])) }
    };
    name("responseObject", "name")
        .or_else(|| name("requestObject", "name"))
        .or_else(|| name("requestObject", "generateName").map(|prefix| prefix + "*"))
}

/// A finding is about a request to the API, or about a workload.
fn of_guardduty(event: &Event<'_>) -> Target {
    let action = event.path(&["service", "action", "kubernetesApiCallAction"]);
    let called = |key: &str| text(action.and_then(|action| action.get(key)));
    if let (Some(resource), name @ Some(_)) = (called("resource"), called("resourceName")) {
        return target(None, None, Some(resource), called("namespace"), name);
    }
    let workload = event.path(&["resource", "kubernetesDetails", "kubernetesWorkloadDetails"]);
    let of_workload = |key: &str| text(workload.and_then(|workload| workload.get(key)));
    let namespace = of_workload("namespace").or_else(|| called("namespace"));
    target(None, None, of_workload("type"), namespace, of_workload("name"))
}

/// What another sensor reported.
fn of_report(fields: Value<'_>) -> Target {
    let field = |names: &[&str]| names.iter().find_map(|name| text(fields.get(name)));
    if let Some(resource) = field(&["ka.target.resource"]) {
        let name = field(&["ka.target.name", "ka.resp.name"]);
        return target(None, None, Some(resource), field(&["ka.target.namespace"]), name);
    }
    let namespace = field(&["k8s.ns.name", "k8smeta.ns.name", "ka.target.namespace"]);
    of_pod(namespace, field(&["k8s.pod.name", "k8smeta.pod.name", "ka.target.pod.name"]))
}

fn of_pod(namespace: Option<String>, name: Option<String>) -> Target {
    target(None, Some("v1".into()), Some("pods".into()), namespace, name)
}

fn target(
    group: Option<String>,
    version: Option<String>,
    resource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
) -> Target {
    let kind = resource.map(|resource| kind_of(group.as_deref(), &resource).map_or(resource, str::to_owned));
    if kind.as_deref() == Some("Namespace") {
        // It is in no namespace, but about one.
        let namespace = name.clone().or(namespace);
        return Target { namespace, resource: reference(group, version, kind, None, name) };
    }
    Target { namespace: namespace.clone(), resource: reference(group, version, kind, namespace, name) }
}

fn reference(
    group: Option<String>,
    version: Option<String>,
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
) -> Option<ResourceRef> {
    let api_version = match (group, version) {
        (Some(group), Some(version)) => format!("{group}/{version}"),
        (None, Some(version)) => version,
        (_, None) => String::new(),
    };
    Some(ResourceRef { api_version, kind: kind?, namespace, name: name? })
}

/// A text that says something.
fn text(value: Option<Value<'_>>) -> Option<String> {
    let value = value.filter(|value| value.kind() == Kind::String)?;
    value.string().filter(|text| !matches!(&**text, "" | "<NA>")).map(Cow::into_owned)
}

/// The kind of a resource that Kubernetes itself serves. Without a group (who reports tells none) the name decides.
fn kind_of(group: Option<&str>, resource: &str) -> Option<&'static str> {
    let found = KINDS.iter().find(|(name, _, _)| *name == resource)?;
    let (_, kind, groups) = found;
    match group {
        // The core group has no name: whoever tells a group tells another one.
        Some(group) => groups.contains(&group).then_some(*kind),
        None => Some(*kind),
    }
}

/// Resources, their kinds, and the groups with a name that have served them.
const KINDS: &[(&str, &str, &[&str])] = &[
    ("certificatesigningrequests", "CertificateSigningRequest", &["certificates.k8s.io"]),
    ("clusterrolebindings", "ClusterRoleBinding", &["rbac.authorization.k8s.io"]),
    ("clusterroles", "ClusterRole", &["rbac.authorization.k8s.io"]),
    ("configmaps", "ConfigMap", &[]),
    ("controllerrevisions", "ControllerRevision", &["apps"]),
    ("cronjobs", "CronJob", &["batch"]),
    ("customresourcedefinitions", "CustomResourceDefinition", &["apiextensions.k8s.io"]),
    ("daemonsets", "DaemonSet", &["apps", "extensions"]),
    ("deployments", "Deployment", &["apps", "extensions"]),
    ("endpoints", "Endpoints", &[]),
    ("endpointslices", "EndpointSlice", &["discovery.k8s.io"]),
    ("events", "Event", &["events.k8s.io"]),
    ("horizontalpodautoscalers", "HorizontalPodAutoscaler", &["autoscaling"]),
    ("ingressclasses", "IngressClass", &["networking.k8s.io"]),
    ("ingresses", "Ingress", &["networking.k8s.io", "extensions"]),
    ("jobs", "Job", &["batch"]),
    ("leases", "Lease", &["coordination.k8s.io"]),
    ("limitranges", "LimitRange", &[]),
    ("mutatingadmissionpolicies", "MutatingAdmissionPolicy", &["admissionregistration.k8s.io"]),
    ("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", &["admissionregistration.k8s.io"]),
    ("namespaces", "Namespace", &[]),
    ("networkpolicies", "NetworkPolicy", &["networking.k8s.io", "extensions"]),
    ("nodes", "Node", &[]),
    ("persistentvolumeclaims", "PersistentVolumeClaim", &[]),
    ("persistentvolumes", "PersistentVolume", &[]),
    ("poddisruptionbudgets", "PodDisruptionBudget", &["policy"]),
    ("pods", "Pod", &[]),
    ("podtemplates", "PodTemplate", &[]),
    ("priorityclasses", "PriorityClass", &["scheduling.k8s.io"]),
    ("replicasets", "ReplicaSet", &["apps", "extensions"]),
    ("replicationcontrollers", "ReplicationController", &[]),
    ("resourcequotas", "ResourceQuota", &[]),
    ("rolebindings", "RoleBinding", &["rbac.authorization.k8s.io"]),
    ("roles", "Role", &["rbac.authorization.k8s.io"]),
    ("runtimeclasses", "RuntimeClass", &["node.k8s.io"]),
    ("secrets", "Secret", &[]),
    ("serviceaccounts", "ServiceAccount", &[]),
    ("services", "Service", &[]),
    ("statefulsets", "StatefulSet", &["apps"]),
    ("storageclasses", "StorageClass", &["storage.k8s.io"]),
    ("validatingadmissionpolicies", "ValidatingAdmissionPolicy", &["admissionregistration.k8s.io"]),
    (
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        &["admissionregistration.k8s.io"],
    ),
    ("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", &["admissionregistration.k8s.io"]),
    ("volumeattachments", "VolumeAttachment", &["storage.k8s.io"]),
];
