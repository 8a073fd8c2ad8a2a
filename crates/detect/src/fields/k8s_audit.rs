//! Kubernetes audit events.

use super::{Argument, Field};
use crate::extract::Special;
use crate::extract::{ContainerField, ContainerList};

const fn container(name: &'static str, list: ContainerList, field: ContainerField) -> Field {
    Field::special(name, Special::Container(list, field)).list().argument(Argument::OPTIONAL_INDEX)
}

pub(super) const K8S_AUDIT: &[Field] = &[
    Field::path("ka.auditid", &["auditID"]),
    Field::path("ka.stage", &["stage"]),
    Field::path("ka.auth.decision", &["annotations", "authorization.k8s.io/decision"]),
    Field::path("ka.auth.reason", &["annotations", "authorization.k8s.io/reason"]),
    Field::path("ka.auth.openshift.decision", &["annotations", "authentication.openshift.io/decision"]),
    Field::path("ka.auth.openshift.username", &["annotations", "authentication.openshift.io/username"]),
    Field::path(
        "ka.validations.admission.policy.failure",
        &["annotations", "validation.policy.admission.k8s.io/validation_failure"],
    ),
    Field::path(
        "ka.security.pod.violations",
        &["annotations", "pod-security.kubernetes.io/audit-violations"],
    ),
    Field::path("ka.user.name", &["user", "username"]),
    Field::path("ka.user.groups", &["user", "groups"]).list(),
    Field::path("ka.impuser.name", &["impersonatedUser", "username"]),
    Field::path("ka.verb", &["verb"]),
    Field::path("ka.uri", &["requestURI"]),
    Field::special("ka.uri.param", Special::UriParam).argument(Argument::REQUIRED_KEY),
    Field::path("ka.target.name", &["objectRef", "name"]),
    Field::path("ka.target.namespace", &["objectRef", "namespace"]),
    Field::path("ka.target.resource", &["objectRef", "resource"]),
    Field::path("ka.target.subresource", &["objectRef", "subresource"]),
    Field::special("ka.target.pod.name", Special::TargetPodName),
    Field::path("ka.req.binding.subjects", &["requestObject", "subjects"]).list(),
    Field::special("ka.req.binding.subjects.user_names", Special::SubjectUsers).list(),
    Field::special("ka.req.binding.subjects.serviceaccount_names", Special::SubjectServiceAccounts).list(),
    Field::special(
        "ka.req.binding.subjects.serviceaccount_ns_names",
        Special::SubjectNamespacedServiceAccounts,
    )
    .list(),
    Field::special("ka.req.binding.subjects.group_names", Special::SubjectGroups).list(),
    Field::path("ka.req.binding.role", &["requestObject", "roleRef", "name"]),
    Field::special("ka.req.binding.subject.has_name", Special::SubjectHasName)
        .argument(Argument::REQUIRED_KEY),
    Field::path("ka.req.configmap.name", &["objectRef", "name"]),
    Field::path("ka.req.configmap.obj", &["requestObject", "data"]),
    Field::special("ka.req.container.image", Special::FirstContainerImage),
    Field::special("ka.req.container.image.repository", Special::FirstContainerRepository),
    Field::path("ka.req.pod.host_ipc", &["requestObject", "spec", "hostIPC"]),
    Field::path("ka.req.pod.host_network", &["requestObject", "spec", "hostNetwork"]),
    Field::path("ka.req.container.host_network", &["requestObject", "spec", "hostNetwork"]),
    Field::path("ka.req.pod.host_pid", &["requestObject", "spec", "hostPID"]),
    Field::special("ka.req.container.privileged", Special::AnyContainerPrivileged),
    Field::path("ka.req.pod.run_as_user", &["requestObject", "spec", "securityContext", "runAsUser"]),
    Field::path("ka.req.pod.run_as_group", &["requestObject", "spec", "securityContext", "runAsGroup"]),
    Field::path("ka.req.role.rules", &["requestObject", "rules"]).list(),
    Field::special("ka.req.role.rules.apiGroups", Special::RoleRulesApiGroups)
        .list()
        .argument(Argument::OPTIONAL_INDEX),
    Field::special("ka.req.role.rules.nonResourceURLs", Special::RoleRulesUrls)
        .list()
        .argument(Argument::OPTIONAL_INDEX),
    Field::special("ka.req.role.rules.verbs", Special::RoleRulesVerbs)
        .list()
        .argument(Argument::OPTIONAL_INDEX),
    Field::special("ka.req.role.rules.resources", Special::RoleRulesResources)
        .list()
        .argument(Argument::OPTIONAL_INDEX),
    Field::path("ka.req.pod.fs_group", &["requestObject", "spec", "securityContext", "fsGroup"]),
    Field::path(
        "ka.req.pod.supplemental_groups",
        &["requestObject", "spec", "securityContext", "supplementalGroups"],
    )
    .list(),
    Field::path("ka.req.service.type", &["requestObject", "spec", "type"]),
    Field::special("ka.req.service.ports", Special::ServicePorts).list().argument(Argument::OPTIONAL_INDEX),
    Field::special("ka.req.volume.hostpath", Special::HasHostPath).argument(Argument::REQUIRED_KEY),
    Field::special("ka.req.pod.volumes.hostpath", Special::HostPaths)
        .list()
        .argument(Argument::OPTIONAL_INDEX),
    Field::special("ka.req.pod.volumes.flexvolume_driver", Special::FlexVolumeDrivers)
        .list()
        .argument(Argument::OPTIONAL_INDEX),
    Field::special("ka.req.pod.volumes.volume_type", Special::VolumeTypes)
        .list()
        .argument(Argument::OPTIONAL_INDEX),
    Field::path("ka.resp.name", &["responseObject", "metadata", "name"]),
    Field::path("ka.response.code", &["responseStatus", "code"]),
    Field::path("ka.response.reason", &["responseStatus", "reason"]),
    Field::path("ka.useragent", &["userAgent"]),
    Field::special("ka.sourceips", Special::SourceIps).list().argument(Argument::OPTIONAL_INDEX),
    Field::path("ka.cluster.name", &["annotations", "cluster_name"]),
    container("ka.req.pod.containers.args", ContainerList::Main, ContainerField::Args),
    container("ka.req.pod.initContainers.args", ContainerList::Init, ContainerField::Args),
    container("ka.req.pod.ephemeralContainers.args", ContainerList::Ephemeral, ContainerField::Args),
    container("ka.req.pod.containers.command", ContainerList::Main, ContainerField::Command),
    container("ka.req.pod.initContainers.command", ContainerList::Init, ContainerField::Command),
    container("ka.req.pod.ephemeralContainers.command", ContainerList::Ephemeral, ContainerField::Command),
    container("ka.req.pod.containers.name", ContainerList::Main, ContainerField::Name),
    container("ka.req.pod.initContainers.name", ContainerList::Init, ContainerField::Name),
    container("ka.req.pod.ephemeralContainers.name", ContainerList::Ephemeral, ContainerField::Name),
    container("ka.req.pod.containers.image", ContainerList::Main, ContainerField::Image),
    container("ka.req.pod.initContainers.image", ContainerList::Init, ContainerField::Image),
    container("ka.req.pod.ephemeralContainers.image", ContainerList::Ephemeral, ContainerField::Image),
    container("ka.req.pod.containers.image.repository", ContainerList::Main, ContainerField::Repository),
    container("ka.req.pod.initContainers.image.repository", ContainerList::Init, ContainerField::Repository),
    container(
        "ka.req.pod.ephemeralContainers.image.repository",
        ContainerList::Ephemeral,
        ContainerField::Repository,
    ),
    container("ka.req.pod.containers.host_port", ContainerList::Main, ContainerField::HostPort),
    container("ka.req.pod.initContainers.host_port", ContainerList::Init, ContainerField::HostPort),
    container("ka.req.pod.ephemeralContainers.host_port", ContainerList::Ephemeral, ContainerField::HostPort),
    container("ka.req.pod.containers.privileged", ContainerList::Main, ContainerField::Privileged),
    container("ka.req.pod.initContainers.privileged", ContainerList::Init, ContainerField::Privileged),
    container(
        "ka.req.pod.ephemeralContainers.privileged",
        ContainerList::Ephemeral,
        ContainerField::Privileged,
    ),
    container(
        "ka.req.pod.containers.allow_privilege_escalation",
        ContainerList::Main,
        ContainerField::Escalation,
    ),
    container(
        "ka.req.pod.initContainers.allow_privilege_escalation",
        ContainerList::Init,
        ContainerField::Escalation,
    ),
    container(
        "ka.req.pod.ephemeralContainers.allow_privilege_escalation",
        ContainerList::Ephemeral,
        ContainerField::Escalation,
    ),
    container("ka.req.pod.containers.read_only_fs", ContainerList::Main, ContainerField::ReadOnlyFs),
    container("ka.req.pod.initContainers.read_only_fs", ContainerList::Init, ContainerField::ReadOnlyFs),
    container(
        "ka.req.pod.ephemeralContainers.read_only_fs",
        ContainerList::Ephemeral,
        ContainerField::ReadOnlyFs,
    ),
    container("ka.req.pod.containers.run_as_user", ContainerList::Main, ContainerField::RunAsUser),
    container("ka.req.pod.initContainers.run_as_user", ContainerList::Init, ContainerField::RunAsUser),
    container(
        "ka.req.pod.ephemeralContainers.run_as_user",
        ContainerList::Ephemeral,
        ContainerField::RunAsUser,
    ),
    container("ka.req.pod.containers.eff_run_as_user", ContainerList::Main, ContainerField::EffectiveUser),
    container(
        "ka.req.pod.initContainers.eff_run_as_user",
        ContainerList::Init,
        ContainerField::EffectiveUser,
    ),
    container(
        "ka.req.pod.ephemeralContainers.eff_run_as_user",
        ContainerList::Ephemeral,
        ContainerField::EffectiveUser,
    ),
    container("ka.req.pod.containers.run_as_group", ContainerList::Main, ContainerField::RunAsGroup),
    container("ka.req.pod.initContainers.run_as_group", ContainerList::Init, ContainerField::RunAsGroup),
    container(
        "ka.req.pod.ephemeralContainers.run_as_group",
        ContainerList::Ephemeral,
        ContainerField::RunAsGroup,
    ),
    container("ka.req.pod.containers.eff_run_as_group", ContainerList::Main, ContainerField::EffectiveGroup),
    container(
        "ka.req.pod.initContainers.eff_run_as_group",
        ContainerList::Init,
        ContainerField::EffectiveGroup,
    ),
    container(
        "ka.req.pod.ephemeralContainers.eff_run_as_group",
        ContainerList::Ephemeral,
        ContainerField::EffectiveGroup,
    ),
    container("ka.req.pod.containers.proc_mount", ContainerList::Main, ContainerField::ProcMount),
    container("ka.req.pod.initContainers.proc_mount", ContainerList::Init, ContainerField::ProcMount),
    container(
        "ka.req.pod.ephemeralContainers.proc_mount",
        ContainerList::Ephemeral,
        ContainerField::ProcMount,
    ),
    container("ka.req.pod.containers.add_capabilities", ContainerList::Main, ContainerField::Capabilities),
    container(
        "ka.req.pod.initContainers.add_capabilities",
        ContainerList::Init,
        ContainerField::Capabilities,
    ),
    container(
        "ka.req.pod.ephemeralContainers.add_capabilities",
        ContainerList::Ephemeral,
        ContainerField::Capabilities,
    ),
];
