//! Which endpoint serves which kind: the built-in ones of Kubernetes 1.36, and custom ones from their definitions.

use haechi_objects::Object;

use crate::{GroupVersionKind, GroupVersionResource};

/// Group, versions, kinds with their plural names; `!` in front of a plural marks a kind without namespaces.
type Row = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const BUILT_IN: &[Row] = &[
    ("", &["v1"], &[
        ("Binding", "bindings"), ("ComponentStatus", "!componentstatuses"), ("ConfigMap", "configmaps"),
        ("Endpoints", "endpoints"), ("Event", "events"), ("LimitRange", "limitranges"), ("Namespace", "!namespaces"),
        ("Node", "!nodes"), ("PersistentVolume", "!persistentvolumes"),
        ("PersistentVolumeClaim", "persistentvolumeclaims"), ("Pod", "pods"), ("PodTemplate", "podtemplates"),
        ("ReplicationController", "replicationcontrollers"), ("ResourceQuota", "resourcequotas"),
        ("Secret", "secrets"), ("Service", "services"), ("ServiceAccount", "serviceaccounts"),
    ]),
    ("apps", &["v1"], &[
        ("ControllerRevision", "controllerrevisions"), ("DaemonSet", "daemonsets"), ("Deployment", "deployments"),
        ("ReplicaSet", "replicasets"), ("StatefulSet", "statefulsets"),
    ]),
    ("batch", &["v1"], &[("CronJob", "cronjobs"), ("Job", "jobs")]),
    ("batch", &["v1beta1"], &[("CronJob", "cronjobs")]),
    ("autoscaling", &["v2", "v1"], &[("HorizontalPodAutoscaler", "horizontalpodautoscalers")]),
    ("policy", &["v1"], &[("PodDisruptionBudget", "poddisruptionbudgets"), ("Eviction", "pods")]),
    ("policy", &["v1beta1"], &[
        ("PodDisruptionBudget", "poddisruptionbudgets"), ("PodSecurityPolicy", "!podsecuritypolicies"),
    ]),
    ("networking.k8s.io", &["v1"], &[
        ("Ingress", "ingresses"), ("IngressClass", "!ingressclasses"), ("NetworkPolicy", "networkpolicies"),
        ("IPAddress", "!ipaddresses"), ("ServiceCIDR", "!servicecidrs"),
    ]),
    ("networking.k8s.io", &["v1beta1"], &[("Ingress", "ingresses"), ("IngressClass", "!ingressclasses")]),
    ("extensions", &["v1beta1"], &[
        ("DaemonSet", "daemonsets"), ("Deployment", "deployments"), ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"), ("ReplicaSet", "replicasets"),
    ]),
    ("rbac.authorization.k8s.io", &["v1"], &[
        ("ClusterRole", "!clusterroles"), ("ClusterRoleBinding", "!clusterrolebindings"), ("Role", "roles"),
        ("RoleBinding", "rolebindings"),
    ]),
    ("storage.k8s.io", &["v1"], &[
        ("CSIDriver", "!csidrivers"), ("CSINode", "!csinodes"), ("CSIStorageCapacity", "csistoragecapacities"),
        ("StorageClass", "!storageclasses"), ("VolumeAttachment", "!volumeattachments"),
        ("VolumeAttributesClass", "!volumeattributesclasses"),
    ]),
    ("admissionregistration.k8s.io", &["v1", "v1beta1", "v1alpha1"], &[
        ("MutatingAdmissionPolicy", "!mutatingadmissionpolicies"),
        ("MutatingAdmissionPolicyBinding", "!mutatingadmissionpolicybindings"),
        ("MutatingWebhookConfiguration", "!mutatingwebhookconfigurations"),
        ("ValidatingAdmissionPolicy", "!validatingadmissionpolicies"),
        ("ValidatingAdmissionPolicyBinding", "!validatingadmissionpolicybindings"),
        ("ValidatingWebhookConfiguration", "!validatingwebhookconfigurations"),
    ]),
    ("apiextensions.k8s.io", &["v1"], &[("CustomResourceDefinition", "!customresourcedefinitions")]),
    ("apiregistration.k8s.io", &["v1"], &[("APIService", "!apiservices")]),
    ("authentication.k8s.io", &["v1"], &[
        ("SelfSubjectReview", "!selfsubjectreviews"), ("TokenRequest", "serviceaccounts"),
        ("TokenReview", "!tokenreviews"),
    ]),
    ("authorization.k8s.io", &["v1"], &[
        ("LocalSubjectAccessReview", "localsubjectaccessreviews"),
        ("SelfSubjectAccessReview", "!selfsubjectaccessreviews"),
        ("SelfSubjectRulesReview", "!selfsubjectrulesreviews"), ("SubjectAccessReview", "!subjectaccessreviews"),
    ]),
    ("certificates.k8s.io", &["v1", "v1beta1", "v1alpha1"], &[
        ("CertificateSigningRequest", "!certificatesigningrequests"), ("ClusterTrustBundle", "!clustertrustbundles"),
        ("PodCertificateRequest", "podcertificaterequests"),
    ]),
    ("coordination.k8s.io", &["v1"], &[("Lease", "leases")]),
    ("discovery.k8s.io", &["v1"], &[("EndpointSlice", "endpointslices")]),
    ("events.k8s.io", &["v1"], &[("Event", "events")]),
    ("flowcontrol.apiserver.k8s.io", &["v1"], &[
        ("FlowSchema", "!flowschemas"), ("PriorityLevelConfiguration", "!prioritylevelconfigurations"),
    ]),
    ("node.k8s.io", &["v1"], &[("RuntimeClass", "!runtimeclasses")]),
    ("scheduling.k8s.io", &["v1"], &[("PriorityClass", "!priorityclasses")]),
    ("resource.k8s.io", &["v1", "v1beta2", "v1beta1"], &[
        ("DeviceClass", "!deviceclasses"), ("ResourceClaim", "resourceclaims"),
        ("ResourceClaimTemplate", "resourceclaimtemplates"), ("ResourceSlice", "!resourceslices"),
    ]),
];

/// A kind of a CustomResourceDefinition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Custom {
    group: Box<str>,
    kind: Box<str>,
    plural: Box<str>,
    versions: Vec<Box<str>>,
    namespaced: bool,
}

/// An endpoint and whether its objects live in namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) plural: Box<str>,
    /// `None` where nobody here knows.
    pub(crate) namespaced: Option<bool>,
}

/// Endpoints by kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resources {
    custom: Vec<Custom>,
}

impl Resources {
    /// Reads a CustomResourceDefinition; leaves other objects alone.
    pub(crate) fn learn(&mut self, object: Object<'_>) {
        if object.group() != "apiextensions.k8s.io" || object.kind() != "CustomResourceDefinition" {
            return;
        }
        let root = object.node();
        let text = |path: &[&str]| root.at(path).and_then(|node| node.as_str());
        let names =
            (text(&["spec", "group"]), text(&["spec", "names", "kind"]), text(&["spec", "names", "plural"]));
        let (Some(group), Some(kind), Some(plural)) = names else { return };
        let versions = root.at(&["spec", "versions"]).into_iter().flat_map(|list| list.items());
        let served = versions.filter(|version| version.get("served").is_none_or(|served| !served.is_false()));
        let versions: Vec<Box<str>> =
            served.filter_map(|version| version.get("name")?.as_str()).map(Box::from).collect();
        let namespaced = text(&["spec", "scope"]) != Some("Cluster");
        self.custom.push(Custom {
            group: group.into(),
            kind: kind.into(),
            plural: plural.into(),
            versions,
            namespaced,
        });
    }

    /// The endpoint of a kind. One that nobody here knows is guessed as Kubernetes' own tools guess it.
    pub(crate) fn endpoint(&self, of: &GroupVersionKind<'_>) -> Endpoint {
        if let Some(custom) =
            self.custom.iter().find(|custom| *custom.group == *of.group && *custom.kind == *of.kind)
        {
            return Endpoint { plural: custom.plural.clone(), namespaced: Some(custom.namespaced) };
        }
        let found = BUILT_IN
            .iter()
            .filter(|(group, ..)| *group == of.group)
            .flat_map(|(.., kinds)| *kinds)
            .find(|(kind, _)| *kind == of.kind);
        match found {
            Some((_, plural)) => Endpoint {
                plural: plural.trim_start_matches('!').into(),
                namespaced: Some(!plural.starts_with('!')),
            },
            None => Endpoint { plural: guess_plural(of.kind).into(), namespaced: None },
        }
    }

    /// Other endpoints that serve the same objects in another form: group, version and kind of each.
    pub(crate) fn equivalents(&self, of: &GroupVersionResource<'_>) -> Vec<(Box<str>, Box<str>, Box<str>)> {
        let mut found = Vec::new();
        for custom in
            self.custom.iter().filter(|custom| *custom.group == *of.group && *custom.plural == *of.resource)
        {
            let others = custom.versions.iter().filter(|version| ***version != *of.version);
            found.extend(others.map(|version| (custom.group.clone(), version.clone(), custom.kind.clone())));
        }
        let same_kind: &[(&str, &str)] = match of.resource {
            "events" => &[("", "v1"), ("events.k8s.io", "v1")],
            "horizontalpodautoscalers" => &[("autoscaling", "v1"), ("autoscaling", "v2")],
            _ => &[],
        };
        let kind = if of.resource == "events" { "Event" } else { "HorizontalPodAutoscaler" };
        if same_kind.contains(&(of.group, of.version)) {
            let others = same_kind.iter().filter(|known| **known != (of.group, of.version));
            found.extend(others.map(|(group, version)| ((*group).into(), (*version).into(), kind.into())));
        }
        found
    }
}

/// `Policy` → `policies`, `Ingress` → `ingresses`, `Widget` → `widgets`.
fn guess_plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    if let Some(stem) = lower.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u'])) {
        return format!("{stem}ies");
    }
    if lower.ends_with('s') || lower.ends_with('x') || lower.ends_with("ch") || lower.ends_with("sh") {
        return format!("{lower}es");
    }
    format!("{lower}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_endpoints() {
        let resources = Resources::default();
        let endpoint = |group, kind| resources.endpoint(&GroupVersionKind { group, version: "v1", kind });
        assert_eq!(&*endpoint("networking.k8s.io", "Ingress").plural, "ingresses");
        assert_eq!(endpoint("", "Namespace").namespaced, Some(false));
        assert_eq!(
            endpoint("example.com", "Policy"),
            Endpoint { plural: "policies".into(), namespaced: None }
        );
    }

    #[test]
    fn autoscalers_are_served_in_two_versions() {
        let of = GroupVersionResource {
            group: "autoscaling",
            version: "v2",
            resource: "horizontalpodautoscalers",
        };
        assert_eq!(Resources::default().equivalents(&of).len(), 1);
    }
}
