use haechi_syntax::{Items, Node};

use crate::{Labels, Object};

/// Which kind of object a pod comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// A pod by itself.
    Pod,
    /// `apps` Deployment.
    Deployment,
    /// `apps` StatefulSet.
    StatefulSet,
    /// `apps` DaemonSet.
    DaemonSet,
    /// `apps` ReplicaSet.
    ReplicaSet,
    /// Core ReplicationController.
    ReplicationController,
    /// `batch` Job.
    Job,
    /// `batch` CronJob.
    CronJob,
    /// Core PodTemplate.
    PodTemplate,
    /// A custom resource that holds a pod template.
    Custom,
}

impl WorkloadKind {
    /// Whether the pods are meant to run until they are told to stop, so that probes and replicas make sense.
    pub fn is_long_running(self) -> bool {
        !matches!(self, WorkloadKind::Job | WorkloadKind::CronJob)
    }
}

/// Where a kind keeps its pod template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplatePath {
    /// API group, `""` for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Keys from the object to the template (the map with `metadata` and `spec`).
    pub path: Vec<String>,
}

/// Which kinds of objects run pods: Kubernetes' own, well-known custom ones, and those that the user names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodTemplates {
    /// Further kinds; they win over the built-in ones.
    pub custom: Vec<TemplatePath>,
}

/// (group, kind, template path, workload kind). A path of no keys: the object itself is the pod.
const BUILT_IN: &[(&str, &str, &[&str], WorkloadKind)] = &[
    ("", "Pod", &[], WorkloadKind::Pod),
    ("apps", "Deployment", &["spec", "template"], WorkloadKind::Deployment),
    ("apps", "StatefulSet", &["spec", "template"], WorkloadKind::StatefulSet),
    ("apps", "DaemonSet", &["spec", "template"], WorkloadKind::DaemonSet),
    ("apps", "ReplicaSet", &["spec", "template"], WorkloadKind::ReplicaSet),
    ("", "ReplicationController", &["spec", "template"], WorkloadKind::ReplicationController),
    ("batch", "Job", &["spec", "template"], WorkloadKind::Job),
    ("batch", "CronJob", &["spec", "jobTemplate", "spec", "template"], WorkloadKind::CronJob),
    ("", "PodTemplate", &["template"], WorkloadKind::PodTemplate),
    // Removed in 1.16, still found in repositories: the same shape.
    ("extensions", "Deployment", &["spec", "template"], WorkloadKind::Deployment),
    ("extensions", "DaemonSet", &["spec", "template"], WorkloadKind::DaemonSet),
    ("extensions", "ReplicaSet", &["spec", "template"], WorkloadKind::ReplicaSet),
    ("argoproj.io", "Rollout", &["spec", "template"], WorkloadKind::Custom),
    ("serving.knative.dev", "Service", &["spec", "template"], WorkloadKind::Custom),
    ("serving.knative.dev", "Configuration", &["spec", "template"], WorkloadKind::Custom),
    ("serving.knative.dev", "Revision", &[], WorkloadKind::Custom),
    ("apps.openshift.io", "DeploymentConfig", &["spec", "template"], WorkloadKind::Custom),
    // OpenShift's kinds had no group of their own before 3.6.
    ("", "DeploymentConfig", &["spec", "template"], WorkloadKind::Custom),
];

/// The pod that an object runs, normalised over all kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pod<'d> {
    object: Object<'d>,
    kind: WorkloadKind,
    template: Node<'d>,
    spec: Node<'d>,
}

/// Where a setting was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In the container's own security context.
    Container,
    /// In the pod's.
    Pod,
}

/// A security setting as it applies to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective<'d> {
    /// The value.
    pub node: Node<'d>,
    /// Where it stands.
    pub scope: Scope,
}

/// The three lists of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerList {
    /// `spec.initContainers`.
    Init,
    /// `spec.containers`.
    Regular,
    /// `spec.ephemeralContainers`.
    Ephemeral,
}

impl ContainerList {
    /// All lists, in the order in which the API server visits them.
    pub const ALL: [ContainerList; 3] =
        [ContainerList::Init, ContainerList::Regular, ContainerList::Ephemeral];

    /// The field of the pod spec.
    pub const fn field(self) -> &'static str {
        match self {
            ContainerList::Init => "initContainers",
            ContainerList::Regular => "containers",
            ContainerList::Ephemeral => "ephemeralContainers",
        }
    }
}

/// One container of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Container<'d> {
    pod: Pod<'d>,
    node: Node<'d>,
    list: ContainerList,
    index: usize,
}

impl PodTemplates {
    /// The pod that `object` runs, if it is of a kind that runs pods and has a pod spec.
    pub fn pod<'d>(&self, object: Object<'d>) -> Option<Pod<'d>> {
        let custom = self.custom.iter().find(|path| object.is(&path.group, &path.kind));
        let (kind, template) = match custom {
            Some(custom) => {
                let template = custom.path.iter().try_fold(object.node(), |node, key| node.get(key))?;
                (WorkloadKind::Custom, template)
            }
            None => {
                let (_, _, path, kind) = BUILT_IN.iter().find(|(group, kind, ..)| object.is(group, kind))?;
                (*kind, object.node().at(path)?)
            }
        };
        let spec = template.get("spec").filter(|spec| spec.is_mapping())?;
        Some(Pod { object, kind, template, spec })
    }

    /// Whether objects of this kind run pods, also where this one lacks its template.
    pub fn runs_pods(&self, object: Object<'_>) -> bool {
        self.kind(object).is_some()
    }

    /// What kind of workload objects of this kind are, also where this one lacks its template.
    pub fn kind(&self, object: Object<'_>) -> Option<WorkloadKind> {
        if self.custom.iter().any(|path| object.is(&path.group, &path.kind)) {
            return Some(WorkloadKind::Custom);
        }
        BUILT_IN.iter().find(|(group, kind, ..)| object.is(group, kind)).map(|(.., kind)| *kind)
    }
}

impl<'d> Pod<'d> {
    /// The object that runs the pod.
    pub fn object(self) -> Object<'d> {
        self.object
    }

    /// What kind of workload it is.
    pub fn kind(self) -> WorkloadKind {
        self.kind
    }

    /// The map that holds the pod's `metadata` and `spec`.
    pub fn template(self) -> Node<'d> {
        self.template
    }

    /// The pod spec.
    pub fn spec(self) -> Node<'d> {
        self.spec
    }

    /// The labels that the pods get.
    pub fn labels(self) -> Labels<'d> {
        Labels::new(self.template.at(&["metadata", "labels"]))
    }

    /// An annotation of the pods.
    pub fn annotation(self, key: &str) -> Option<Node<'d>> {
        self.template.at(&["metadata", "annotations", key])
    }

    /// `spec.securityContext`.
    pub fn security_context(self) -> Option<Node<'d>> {
        self.spec.get("securityContext")
    }

    /// Whether the pod says that it runs on Windows.
    pub fn is_windows(self) -> bool {
        self.spec.at(&["os", "name"]).and_then(Node::as_str) == Some("windows")
    }

    /// All containers: init, regular, ephemeral.
    pub fn containers(self) -> impl Iterator<Item = Container<'d>> {
        ContainerList::ALL.into_iter().flat_map(move |list| self.containers_in(list))
    }

    /// The containers of one list.
    pub fn containers_in(self, list: ContainerList) -> impl Iterator<Item = Container<'d>> {
        let nodes = self.spec.get(list.field()).map(Node::items);
        nodes
            .into_iter()
            .flatten()
            .enumerate()
            .filter(|(_, node)| node.is_mapping())
            .map(move |(index, node)| Container { pod: self, node, list, index })
    }

    /// `spec.volumes`.
    pub fn volumes(self) -> Items<'d> {
        // An absent list has no items, as any node that is no list.
        self.spec.get("volumes").unwrap_or(self.spec).items()
    }
}

impl<'d> Container<'d> {
    /// The pod it belongs to.
    pub fn pod(self) -> Pod<'d> {
        self.pod
    }

    /// The whole container.
    pub fn node(self) -> Node<'d> {
        self.node
    }

    /// Which list it stands in.
    pub fn list(self) -> ContainerList {
        self.list
    }

    /// Its place in that list.
    pub fn index(self) -> usize {
        self.index
    }

    /// Its name; empty if it has none.
    pub fn name(self) -> &'d str {
        self.node.get("name").and_then(Node::as_str).unwrap_or_default()
    }

    /// Its image as written.
    pub fn image(self) -> Option<Node<'d>> {
        self.node.get("image")
    }

    /// Its own security context.
    pub fn security_context(self) -> Option<Node<'d>> {
        self.node.get("securityContext")
    }

    /// A field of its own security context.
    pub fn security(self, field: &str) -> Option<Node<'d>> {
        self.security_context()?.get(field)
    }

    /// A setting that a container inherits from its pod unless it sets it itself: `runAsUser`, `runAsGroup`,
    /// `runAsNonRoot`, `seLinuxOptions`, `seccompProfile`, `appArmorProfile`, `windowsOptions`.
    pub fn effective(self, field: &str) -> Option<Effective<'d>> {
        if let Some(node) = self.security(field) {
            return Some(Effective { node, scope: Scope::Container });
        }
        let node = self.pod.security_context()?.get(field)?;
        Some(Effective { node, scope: Scope::Pod })
    }

    /// Whether an init container keeps running beside the others (`restartPolicy: Always`).
    pub fn is_sidecar(self) -> bool {
        self.list == ContainerList::Init
            && self.node.get("restartPolicy").and_then(Node::as_str) == Some("Always")
    }
}
