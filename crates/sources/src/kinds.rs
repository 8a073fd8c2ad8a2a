//! The kinds that questions about a cluster need.

/// How much of an object is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Detail {
    /// All of it.
    Whole,
    /// Its metadata, and a `type` that the list was narrowed to.
    Metadata(Option<&'static str>),
}

/// A kind as the API server serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClusterKind {
    /// The API group, `""` for the core group.
    pub group: &'static str,
    /// Versions, the preferred one first: the first that is served is read.
    pub versions: &'static [&'static str],
    /// The name in paths.
    pub plural: &'static str,
    /// The kind of one object.
    pub kind: &'static str,
    /// Whether its objects live in namespaces.
    pub is_namespaced: bool,
    /// The only namespace that is asked for.
    pub only_namespace: Option<&'static str>,
    /// How much is asked for.
    pub detail: Detail,
    /// Whether every cluster serves it, so that "not found" is an error and not an absence.
    pub is_always_served: bool,
}

const fn of(
    group: &'static str,
    versions: &'static [&'static str],
    plural: &'static str,
    kind: &'static str,
) -> ClusterKind {
    ClusterKind {
        group,
        versions,
        plural,
        kind,
        is_namespaced: true,
        only_namespace: None,
        detail: Detail::Whole,
        is_always_served: true,
    }
}

const fn core(plural: &'static str, kind: &'static str) -> ClusterKind {
    of("", &["v1"], plural, kind)
}

const fn rbac(plural: &'static str, kind: &'static str) -> ClusterKind {
    of("rbac.authorization.k8s.io", &["v1"], plural, kind)
}

const fn route(plural: &'static str, kind: &'static str) -> ClusterKind {
    let versions = &["v1", "v1beta1", "v1alpha3", "v1alpha2"];
    ClusterKind { is_always_served: false, ..of("gateway.networking.k8s.io", versions, plural, kind) }
}

impl ClusterKind {
    const fn cluster_scoped(self) -> Self {
        ClusterKind { is_namespaced: false, ..self }
    }

    const fn optional(self) -> Self {
        ClusterKind { is_always_served: false, ..self }
    }

    /// Roles and bindings.
    pub const RBAC: &'static [ClusterKind] = &[
        rbac("clusterroles", "ClusterRole").cluster_scoped(),
        rbac("roles", "Role"),
        rbac("clusterrolebindings", "ClusterRoleBinding").cluster_scoped(),
        rbac("rolebindings", "RoleBinding"),
    ];

    /// What attack paths are made of besides roles and bindings. Pods are read as they run, so that their nodes are
    /// known; of Secrets only names, and which of them hold tokens.
    pub const ATTACK: &'static [ClusterKind] = &[
        core("namespaces", "Namespace").cluster_scoped(),
        core("nodes", "Node").cluster_scoped(),
        core("serviceaccounts", "ServiceAccount"),
        core("pods", "Pod"),
        SECRETS,
        TOKEN_SECRETS,
        core("services", "Service"),
        ClusterKind { only_namespace: Some("kube-system"), ..core("configmaps", "ConfigMap") },
        of("networking.k8s.io", &["v1"], "ingresses", "Ingress"),
        of("networking.k8s.io", &["v1"], "networkpolicies", "NetworkPolicy"),
        route("httproutes", "HTTPRoute"),
        route("grpcroutes", "GRPCRoute"),
        route("tlsroutes", "TLSRoute"),
        route("tcproutes", "TCPRoute"),
        of(
            "admissionregistration.k8s.io",
            &["v1"],
            "validatingwebhookconfigurations",
            "ValidatingWebhookConfiguration",
        )
        .cluster_scoped(),
        of(
            "admissionregistration.k8s.io",
            &["v1", "v1beta1"],
            "validatingadmissionpolicies",
            "ValidatingAdmissionPolicy",
        )
        .cluster_scoped()
        .optional(),
        of("kyverno.io", &["v1"], "clusterpolicies", "ClusterPolicy").cluster_scoped().optional(),
    ];

    /// What checks judge. Objects that a controller made are left out by who reads them: their controller is judged.
    pub const SCAN: &'static [ClusterKind] = &[
        core("namespaces", "Namespace").cluster_scoped(),
        core("serviceaccounts", "ServiceAccount"),
        core("pods", "Pod"),
        core("replicationcontrollers", "ReplicationController"),
        of("apps", &["v1"], "deployments", "Deployment"),
        of("apps", &["v1"], "daemonsets", "DaemonSet"),
        of("apps", &["v1"], "statefulsets", "StatefulSet"),
        of("apps", &["v1"], "replicasets", "ReplicaSet"),
        of("batch", &["v1"], "jobs", "Job"),
        of("batch", &["v1"], "cronjobs", "CronJob"),
        SECRETS,
        TOKEN_SECRETS,
        core("configmaps", "ConfigMap"),
        core("services", "Service"),
        core("limitranges", "LimitRange"),
        core("resourcequotas", "ResourceQuota"),
        core("persistentvolumeclaims", "PersistentVolumeClaim"),
        core("persistentvolumes", "PersistentVolume").cluster_scoped(),
        of("networking.k8s.io", &["v1"], "ingresses", "Ingress"),
        of("networking.k8s.io", &["v1"], "networkpolicies", "NetworkPolicy"),
        of("policy", &["v1"], "poddisruptionbudgets", "PodDisruptionBudget"),
        of("autoscaling", &["v2", "v1"], "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
        of("storage.k8s.io", &["v1"], "storageclasses", "StorageClass").cluster_scoped(),
        of("scheduling.k8s.io", &["v1"], "priorityclasses", "PriorityClass").cluster_scoped(),
        of(
            "admissionregistration.k8s.io",
            &["v1"],
            "validatingwebhookconfigurations",
            "ValidatingWebhookConfiguration",
        )
        .cluster_scoped(),
        of(
            "admissionregistration.k8s.io",
            &["v1"],
            "mutatingwebhookconfigurations",
            "MutatingWebhookConfiguration",
        )
        .cluster_scoped(),
        rbac("clusterroles", "ClusterRole").cluster_scoped(),
        rbac("roles", "Role"),
        rbac("clusterrolebindings", "ClusterRoleBinding").cluster_scoped(),
        rbac("rolebindings", "RoleBinding"),
    ];
}

const SECRETS: ClusterKind = ClusterKind { detail: Detail::Metadata(None), ..core("secrets", "Secret") };

const TOKEN_SECRETS: ClusterKind = ClusterKind {
    detail: Detail::Metadata(Some("kubernetes.io/service-account-token")),
    ..core("secrets", "Secret")
};
