//! The checks, each in its editions, in the API server's order.

use haechi_syntax::Node;

use super::facts::{ContainerFacts, Context, Facts};
use super::wording::{Distinct, Setters, containers, join_quoted, plural};
use super::{Culprit, Level};
use crate::go;

/// A check that found something.
pub(crate) struct Broken<'d> {
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
    pub(crate) culprits: Vec<Culprit<'d>>,
}

/// An edition of a check.
pub(crate) struct Revision {
    /// First minor version.
    since: u16,
    pub(crate) run: for<'d> fn(&Facts<'d>) -> Option<Broken<'d>>,
}

/// A check of the standards.
pub(crate) struct Check {
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    /// By ascending version.
    revisions: &'static [Revision],
    /// The minor version from which a stricter check of the restricted level takes its place there.
    overridden_since: Option<u16>,
}

impl Check {
    /// The edition of a minor version, if the check exists by then.
    pub(crate) fn revision(&self, minor: u16) -> Option<&'static Revision> {
        self.revisions.iter().rev().find(|revision| revision.since <= minor)
    }

    /// Whether the restricted level has a stricter check in its place.
    pub(crate) fn is_overridden(&self, minor: u16) -> bool {
        self.overridden_since.is_some_and(|since| since <= minor)
    }
}

/// Some of [`CHECKS`], by index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckSet(u32);

impl CheckSet {
    const fn of(indices: &[u32]) -> Self {
        let mut bits = 0;
        let mut rest = indices;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first;
            rest = others;
        }
        Self(bits)
    }

    pub(crate) fn contains(self, index: usize) -> bool {
        u32::try_from(index).is_ok_and(|index| index < 32 && self.0 & (1 << index) != 0)
    }
}

// Which checks read a field. The numbers are the places in CHECKS; a test holds them together.
pub(crate) const ALL: CheckSet = CheckSet(u32::MAX);
pub(crate) const ANNOTATIONS: CheckSet = CheckSet::of(&[0, 9]);
pub(crate) const APP_ARMOR: CheckSet = CheckSet::of(&[0]);
pub(crate) const CAPABILITIES: CheckSet = CheckSet::of(&[1, 13]);
pub(crate) const HOST_NAMESPACES: CheckSet = CheckSet::of(&[2, 4]);
pub(crate) const VOLUMES: CheckSet = CheckSet::of(&[3, 15]);
pub(crate) const HOST_PORTS: CheckSet = CheckSet::of(&[4]);
pub(crate) const HANDLERS: CheckSet = CheckSet::of(&[5]);
pub(crate) const PRIVILEGED: CheckSet = CheckSet::of(&[6]);
pub(crate) const PROC_MOUNT: CheckSet = CheckSet::of(&[7, 14]);
pub(crate) const SE_LINUX: CheckSet = CheckSet::of(&[8]);
pub(crate) const SECCOMP: CheckSet = CheckSet::of(&[9, 18]);
pub(crate) const SYSCTLS: CheckSet = CheckSet::of(&[10]);
pub(crate) const HOST_PROCESS: CheckSet = CheckSet::of(&[11]);
pub(crate) const ESCALATION: CheckSet = CheckSet::of(&[12]);
pub(crate) const NON_ROOT: CheckSet = CheckSet::of(&[16]);
pub(crate) const RUN_AS_USER: CheckSet = CheckSet::of(&[17]);
pub(crate) const EXEMPT_ON_WINDOWS: CheckSet = CheckSet::of(&[0, 12, 13, 18]);
pub(crate) const RELAXED_BY_HOST_USERS: CheckSet = CheckSet::of(&[7, 16, 17]);

const fn since(since: u16, run: for<'d> fn(&Facts<'d>) -> Option<Broken<'d>>) -> Revision {
    Revision { since, run }
}

const fn baseline(id: &'static str, revisions: &'static [Revision]) -> Check {
    Check { id, level: Level::Baseline, revisions, overridden_since: None }
}

const fn replaced(id: &'static str, revisions: &'static [Revision], overridden_since: u16) -> Check {
    Check { id, level: Level::Baseline, revisions, overridden_since: Some(overridden_since) }
}

const fn restricted(id: &'static str, revisions: &'static [Revision]) -> Check {
    Check { id, level: Level::Restricted, revisions, overridden_since: None }
}

/// Baseline, then restricted, each by id.
pub(crate) static CHECKS: &[Check] = &[
    baseline("appArmorProfile", &[since(0, app_armor)]),
    replaced("capabilities_baseline", &[since(0, capabilities_baseline)], 22),
    baseline("hostNamespaces", &[since(0, host_namespaces)]),
    replaced("hostPathVolumes", &[since(0, host_path_volumes)], 0),
    baseline("hostPorts", &[since(0, host_ports)]),
    baseline("hostProbesAndHostLifecycle", &[since(34, host_probes)]),
    baseline("privileged", &[since(0, privileged)]),
    replaced("procMount", &[since(0, proc_mount), since(35, in_host_users::<PROC_MOUNT_CHECK>)], 35),
    baseline("seLinuxOptions", &[since(0, se_linux::<3>), since(31, se_linux::<4>)]),
    replaced("seccompProfile_baseline", &[since(0, seccomp_annotations), since(19, seccomp_fields)], 19),
    baseline(
        "sysctls",
        &[
            since(0, sysctls::<5>),
            since(27, sysctls::<6>),
            since(29, sysctls::<10>),
            since(32, sysctls::<12>),
            since(37, sysctls::<14>),
        ],
    ),
    baseline("windowsHostProcess", &[since(0, windows_host_process)]),
    restricted(
        "allowPrivilegeEscalation",
        &[since(8, allow_privilege_escalation), since(25, on_linux::<ESCALATION_CHECK>)],
    ),
    restricted(
        "capabilities_restricted",
        &[since(22, capabilities_restricted), since(25, on_linux::<CAPABILITIES_CHECK>)],
    ),
    restricted("procMount_restricted", &[since(35, proc_mount)]),
    restricted("restrictedVolumes", &[since(0, restricted_volumes)]),
    restricted("runAsNonRoot", &[since(0, run_as_non_root), since(35, in_host_users::<NON_ROOT_CHECK>)]),
    restricted("runAsUser", &[since(23, run_as_user), since(35, in_host_users::<RUN_AS_USER_CHECK>)]),
    restricted(
        "seccompProfile_restricted",
        &[since(19, seccomp_restricted), since(25, on_linux::<SECCOMP_CHECK>)],
    ),
];

const PROC_MOUNT_CHECK: u8 = 0;
const NON_ROOT_CHECK: u8 = 1;
const RUN_AS_USER_CHECK: u8 = 2;
const ESCALATION_CHECK: u8 = 0;
const CAPABILITIES_CHECK: u8 = 1;
const SECCOMP_CHECK: u8 = 2;

/// From 1.35 on: not asked of pods in a user namespace of their own.
fn in_host_users<'d, const CHECK: u8>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    if facts.host_users.is_some_and(|host_users| !host_users.value) {
        return None;
    }
    match CHECK {
        PROC_MOUNT_CHECK => proc_mount(facts),
        NON_ROOT_CHECK => run_as_non_root(facts),
        _ => run_as_user(facts),
    }
}

/// From 1.25 on: not asked of Windows pods, which may not have the field at all.
fn on_linux<'d, const CHECK: u8>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    if facts.is_windows {
        return None;
    }
    match CHECK {
        ESCALATION_CHECK => allow_privilege_escalation(facts),
        CAPABILITIES_CHECK => capabilities_restricted(facts),
        _ => seccomp_restricted(facts),
    }
}

fn at<'d>(node: Node<'d>) -> Culprit<'d> {
    Culprit { node, missing: "" }
}

/// What lacks in the security context of a container, or in a container without one.
fn lacking<'d>(container: &ContainerFacts<'d>, missing: &'static str) -> Culprit<'d> {
    match container.context.node {
        Some(node) => Culprit { node, missing: missing.strip_prefix("securityContext.").unwrap_or(missing) },
        None => Culprit { node: container.node, missing },
    }
}

/// Finds the containers whose security context breaks a rule.
fn bad_containers<'d>(
    facts: &Facts<'d>,
    culprits: &mut Vec<Culprit<'d>>,
    is_bad: impl Fn(&Context<'d>) -> Option<Node<'d>>,
) -> Vec<&'d str> {
    let mut names = Vec::new();
    for container in facts.containers() {
        if let Some(node) = is_bad(&container.context) {
            names.push(container.name);
            culprits.push(at(node));
        }
    }
    names
}

/// Finds who breaks a rule that holds for the pod's security context and the containers' alike.
fn setters<'d>(
    facts: &Facts<'d>,
    culprits: &mut Vec<Culprit<'d>>,
    is_bad: impl Fn(&Context<'d>) -> Option<Node<'d>>,
) -> Setters<'d> {
    let by_pod = is_bad(&facts.context);
    culprits.extend(by_pod.map(at));
    Setters { pod: by_pod.is_some(), containers: bad_containers(facts, culprits, is_bad) }
}

const APP_ARMOR_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The type of profile that an AppArmor annotation stands for, if the API server writes it into the field.
fn app_armor_type(annotation: &str) -> Option<(&'static str, Option<&str>)> {
    match annotation {
        "unconfined" => Some(("Unconfined", None)),
        "runtime/default" => Some(("RuntimeDefault", None)),
        _ => {
            let profile = annotation.strip_prefix("localhost/")?;
            // The field must be a clean path to be taken over (validation of localhostProfile).
            let is_valid = !profile.is_empty() && profile.trim() == profile && profile.len() <= 4095;
            is_valid.then_some(("Localhost", Some(profile)))
        }
    }
}

fn app_armor<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let is_bad = |kind: &str| !matches!(kind, "RuntimeDefault" | "Localhost");
    let mut culprits = Vec::new();
    let mut setters = Setters::default();
    let mut values = Distinct::new();
    let pod_profile = facts.context.app_armor;
    if let Some(profile) = pod_profile.filter(|profile| is_bad(profile.kind)) {
        setters.pod = true;
        values.insert(profile.kind);
        culprits.push(at(profile.node));
    }
    for container in facts.containers() {
        let annotation = app_armor_annotation(facts, container.name);
        if let Some(profile) = container.context.app_armor {
            if is_bad(profile.kind) {
                setters.containers.push(container.name);
                values.insert(profile.kind);
                culprits.push(at(profile.node));
            }
        } else if let Some((value, node)) = annotation
            && !facts.is_windows
            && let Some((kind, localhost)) = app_armor_type(value)
            && pod_profile.is_none_or(|pod| (pod.kind, pod.localhost) != (kind, localhost))
            && is_bad(kind)
        {
            setters.containers.push(container.name);
            values.insert(kind);
            culprits.push(at(node));
        }
    }
    let mut annotations: Vec<String> = Vec::new();
    for entry in facts.annotations.map(Node::entries).into_iter().flatten() {
        let value = entry.value.as_str().unwrap_or_default();
        let is_allowed = value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
        if entry.key.starts_with(APP_ARMOR_PREFIX) && !is_allowed {
            annotations.push(format!("{}={}", entry.key, go::quote(value)));
            if !culprits.iter().any(|culprit| culprit.node == entry.value) {
                culprits.push(at(entry.value));
            }
        }
    }
    annotations.sort();
    if setters.is_empty() && annotations.is_empty() {
        return None;
    }
    let mut who: Vec<String> = Vec::new();
    if !setters.is_empty() {
        who.push(setters.text());
    }
    if !annotations.is_empty() {
        who.push(plural(annotations.len(), "annotation", "annotations").to_owned());
    }
    let count = values.len() + annotations.len();
    let all = values.iter().copied().chain(annotations.iter().map(String::as_str));
    let detail = format!("{} must not set AppArmor profile type to {}", who.join(" and "), join_quoted(all));
    let reason = plural(count, "forbidden AppArmor profile", "forbidden AppArmor profiles");
    Some(Broken { reason, detail, culprits })
}

fn app_armor_annotation<'d>(facts: &Facts<'d>, container: &str) -> Option<(&'d str, Node<'d>)> {
    let mut entries = facts.annotations?.entries();
    let entry = entries.find(|entry| entry.key.strip_prefix(APP_ARMOR_PREFIX) == Some(container))?;
    Some((entry.value.as_str().unwrap_or_default(), entry.value))
}

/// What Docker gives by default, without NET_RAW.
const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The containers that add a capability that `is_allowed` does not allow, and those capabilities.
fn added<'d>(
    facts: &Facts<'d>,
    culprits: &mut Vec<Culprit<'d>>,
    is_allowed: impl Fn(&str) -> bool,
) -> (Vec<&'d str>, Distinct<'d>) {
    let mut bad = Vec::new();
    let mut capabilities = Distinct::new();
    for container in facts.containers() {
        let mut is_bad = false;
        let add = container.context.capabilities.and_then(|capabilities| capabilities.get("add"));
        for node in add.map(Node::items).into_iter().flatten() {
            let capability = node.as_str().unwrap_or_default();
            if !is_allowed(capability) {
                is_bad = true;
                capabilities.insert(capability);
                culprits.push(at(node));
            }
        }
        if is_bad {
            bad.push(container.name);
        }
    }
    (bad, capabilities)
}

fn added_detail(bad: &[&str], capabilities: &Distinct<'_>) -> String {
    format!(
        "{} must not include {} in securityContext.capabilities.add",
        containers(bad),
        join_quoted(capabilities.iter().copied())
    )
}

fn capabilities_baseline<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let (bad, capabilities) =
        added(facts, &mut culprits, |capability| DEFAULT_CAPABILITIES.contains(&capability));
    if bad.is_empty() {
        return None;
    }
    let detail = added_detail(&bad, &capabilities);
    Some(Broken { reason: "non-default capabilities", detail, culprits })
}

fn capabilities_restricted<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let mut missing = Vec::new();
    for container in facts.containers() {
        let drop = container.context.capabilities.and_then(|capabilities| capabilities.get("drop"));
        let has_all = drop.is_some_and(|drop| drop.items().any(|item| item.as_str() == Some("ALL")));
        if !has_all {
            missing.push(container.name);
            culprits.push(match (drop, container.context.capabilities) {
                (Some(drop), _) => at(drop),
                (None, Some(node)) => Culprit { node, missing: "drop" },
                (None, None) => lacking(container, "securityContext.capabilities.drop"),
            });
        }
    }
    // A container without a security context adds nothing, so the two lists can be gathered one after the other.
    let (bad, capabilities) = added(facts, &mut culprits, |capability| capability == "NET_BIND_SERVICE");
    let mut details = Vec::new();
    if !missing.is_empty() {
        let who = containers(&missing);
        details.push(format!("{who} must set securityContext.capabilities.drop=[\"ALL\"]"));
    }
    if !bad.is_empty() {
        details.push(added_detail(&bad, &capabilities));
    }
    let detail = details.join("; ");
    (!detail.is_empty()).then_some(Broken { reason: "unrestricted capabilities", detail, culprits })
}

fn host_namespaces<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let fields = [
        (facts.host_network, "hostNetwork=true"),
        (facts.host_pid, "hostPID=true"),
        (facts.host_ipc, "hostIPC=true"),
    ];
    let mut culprits = Vec::new();
    let mut used = Vec::new();
    for (field, text) in fields {
        if let Some(field) = field.filter(|field| field.value) {
            used.push(text);
            culprits.push(at(field.node));
        }
    }
    (!used.is_empty()).then(|| Broken { reason: "host namespaces", detail: used.join(", "), culprits })
}

fn volume_name<'d>(volume: Node<'d>) -> &'d str {
    volume.get("name").and_then(Node::as_str).unwrap_or_default()
}

fn host_path_volumes<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let mut names = Vec::new();
    for volume in facts.volumes.map(Node::items).into_iter().flatten() {
        if let Some(host_path) = volume.get("hostPath") {
            names.push(volume_name(volume));
            culprits.push(at(host_path));
        }
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!("{} {}", plural(names.len(), "volume", "volumes"), join_quoted(names));
    Some(Broken { reason: "hostPath volumes", detail, culprits })
}

/// Sources that the restricted level allows.
const ALLOWED_SOURCES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// The other sources, in the order in which the API server looks for the one to name.
const OTHER_SOURCES: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

fn restricted_volumes<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let mut names = Vec::new();
    let mut types = Distinct::new();
    for volume in facts.volumes.map(Node::items).into_iter().flatten() {
        let is_set = |key: &str| volume.get(key).is_some();
        if volume.entries().any(|entry| ALLOWED_SOURCES.contains(&entry.key) && !entry.value.is_null()) {
            continue;
        }
        // A volume without any known source becomes an emptyDir when it is stored.
        let Some(source) = OTHER_SOURCES.into_iter().find(|source| is_set(source)) else { continue };
        names.push(volume_name(volume));
        types.insert(source);
        culprits.extend(volume.get(source).map(at));
    }
    if names.is_empty() {
        return None;
    }
    let count = names.len();
    let detail = format!(
        "{} {} {} {} {}",
        plural(count, "volume", "volumes"),
        join_quoted(names),
        plural(count, "uses", "use"),
        plural(types.len(), "restricted volume type", "restricted volume types"),
        join_quoted(types.iter().copied())
    );
    Some(Broken { reason: "restricted volume types", detail, culprits })
}

fn host_ports<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let in_host_network = facts.host_network.is_some_and(|field| field.value);
    let mut culprits = Vec::new();
    let mut names = Vec::new();
    let mut ports = std::collections::BTreeSet::new();
    for container in facts.containers() {
        let mut is_bad = false;
        for port in container.ports.map(Node::items).into_iter().flatten() {
            let mut node = port.get("hostPort");
            let mut number = node.and_then(Node::as_i64).unwrap_or(0);
            // Defaulting of pods in the host's network; ephemeral containers have no ports.
            if number == 0 && in_host_network && !container.is_ephemeral {
                node = port.get("containerPort");
                number = node.and_then(Node::as_i64).unwrap_or(0);
            }
            if number != 0 {
                is_bad = true;
                ports.insert(number.to_string());
                culprits.extend(node.map(at));
            }
        }
        if is_bad {
            names.push(container.name);
        }
    }
    if names.is_empty() {
        return None;
    }
    let list: Vec<&str> = ports.iter().map(String::as_str).collect();
    let detail = format!(
        "{} {} {} {}",
        containers(&names),
        plural(names.len(), "uses", "use"),
        plural(list.len(), "hostPort", "hostPorts"),
        list.join(", ")
    );
    Some(Broken { reason: "hostPort", detail, culprits })
}

/// Probes, then the handlers of the lifecycle.
const HANDLERS_OF_CONTAINER: [&[&str]; 5] = [
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

fn host_probes<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let mut names = Distinct::new();
    let mut hosts = Distinct::new();
    for container in facts.containers().filter(|container| container.has_handlers) {
        for handler in HANDLERS_OF_CONTAINER.iter().filter_map(|path| container.node.at(path)) {
            for action in ["httpGet", "tcpSocket"] {
                let node = handler.at(&[action, "host"]);
                if let Some((node, host)) = node.and_then(|node| Some((node, node.as_str()?)))
                    && !host.is_empty()
                {
                    names.insert(container.name);
                    hosts.insert(host);
                    culprits.push(at(node));
                }
            }
        }
    }
    if names.is_empty() {
        return None;
    }
    let list: Vec<&str> = names.iter().copied().collect();
    let detail = format!(
        "{} {} {} {}",
        containers(&list),
        plural(list.len(), "uses", "use"),
        plural(hosts.len(), "probe or lifecycle host", "probe or lifecycle hosts"),
        join_quoted(hosts.iter().copied())
    );
    Some(Broken { reason: "probe or lifecycle host", detail, culprits })
}

fn privileged<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let bad = bad_containers(facts, &mut culprits, |context| {
        context.privileged.filter(|field| field.value).map(|field| field.node)
    });
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set securityContext.privileged=true", containers(&bad));
    Some(Broken { reason: "privileged", detail, culprits })
}

fn proc_mount<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let is_bad = |context: &Context<'d>| context.proc_mount.filter(|field| field.value != "Default");
    let bad = bad_containers(facts, &mut culprits, |context| is_bad(context).map(|field| field.node));
    if bad.is_empty() {
        return None;
    }
    let fields = facts.containers().filter_map(|container| is_bad(&container.context));
    let values: Distinct<'_> = fields.map(|field| field.value).collect();
    let detail =
        format!("{} must not set securityContext.procMount to {}", containers(&bad), join_quoted(values));
    Some(Broken { reason: "procMount", detail, culprits })
}

/// Types that the standards know; the last one since 1.31.
const SE_LINUX_TYPES: [&str; 4] =
    ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

fn se_linux<'d, const KNOWN: usize>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let is_good =
        |kind: &str| kind.is_empty() || SE_LINUX_TYPES.iter().take(KNOWN).any(|known| *known == kind);
    let bad_type = |context: &Context<'d>| {
        context.se_linux.and_then(|options| options.kind).filter(|kind| !is_good(kind.value))
    };
    let user = |context: &Context<'d>| {
        context.se_linux.and_then(|options| options.user).filter(|user| !user.value.is_empty())
    };
    let role = |context: &Context<'d>| {
        context.se_linux.and_then(|options| options.role).filter(|role| !role.value.is_empty())
    };
    let mut culprits = Vec::new();
    let bad = setters(facts, &mut culprits, |context| {
        bad_type(context).or_else(|| user(context)).or_else(|| role(context)).map(|field| field.node)
    });
    if bad.is_empty() {
        return None;
    }
    let contexts =
        || std::iter::once(&facts.context).chain(facts.containers().map(|container| &container.context));
    let types: Distinct<'_> = contexts().filter_map(bad_type).map(|kind| kind.value).collect();
    let mut data = Vec::new();
    if !types.is_empty() {
        data.push(format!("{} {}", plural(types.len(), "type", "types"), join_quoted(types)));
    }
    if contexts().any(|context| user(context).is_some()) {
        data.push("user may not be set".to_owned());
    }
    if contexts().any(|context| role(context).is_some()) {
        data.push("role may not be set".to_owned());
    }
    let detail = format!("{} set forbidden securityContext.seLinuxOptions: {}", bad.text(), data.join("; "));
    Some(Broken { reason: "seLinuxOptions", detail, culprits })
}

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Before 1.19 profiles were annotations.
fn seccomp_annotations<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    facts.annotations?;
    let is_bad = |value: &str| {
        !matches!(value, "runtime/default" | "docker/default") && !value.starts_with("localhost/")
    };
    let mut culprits = Vec::new();
    let mut forbidden = std::collections::BTreeSet::new();
    if let Some(field) = facts.annotation(SECCOMP_POD).filter(|field| is_bad(field.value)) {
        forbidden.insert(format!("{SECCOMP_POD}={}", go::quote(field.value)));
        culprits.push(at(field.node));
    }
    for entry in facts.annotations.map(Node::entries).into_iter().flatten() {
        let Some(name) = entry.key.strip_prefix(SECCOMP_CONTAINER_PREFIX) else { continue };
        let value = entry.value.as_str().unwrap_or_default();
        if is_bad(value) && facts.containers().any(|container| container.name == name) {
            forbidden.insert(format!("{}={}", entry.key, go::quote(value)));
            culprits.push(at(entry.value));
        }
    }
    if forbidden.is_empty() {
        return None;
    }
    let list: Vec<&str> = forbidden.iter().map(String::as_str).collect();
    let detail = format!("forbidden {} {}", plural(list.len(), "annotation", "annotations"), list.join(", "));
    Some(Broken { reason: "seccompProfile", detail, culprits })
}

fn seccomp_fields<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let is_bad = |context: &Context<'d>| {
        context.seccomp.filter(|field| !matches!(field.value, "RuntimeDefault" | "Localhost"))
    };
    let mut culprits = Vec::new();
    let bad = setters(facts, &mut culprits, |context| is_bad(context).map(|field| field.node));
    if bad.is_empty() {
        return None;
    }
    let contexts =
        std::iter::once(&facts.context).chain(facts.containers().map(|container| &container.context));
    let values: Distinct<'_> = contexts.filter_map(is_bad).map(|field| field.value).collect();
    let detail =
        format!("{} must not set securityContext.seccompProfile.type to {}", bad.text(), join_quoted(values));
    Some(Broken { reason: "seccompProfile", detail, culprits })
}

fn seccomp_restricted<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    if let Some(broken) = seccomp_fields(facts) {
        return Some(broken);
    }
    if facts.context.seccomp.is_some() {
        return None;
    }
    let mut culprits = Vec::new();
    let mut names = Vec::new();
    for container in facts.containers().filter(|container| container.context.seccomp.is_none()) {
        names.push(container.name);
        culprits.push(lacking(container, "securityContext.seccompProfile.type"));
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!(
        "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
        containers(&names)
    );
    Some(Broken { reason: "seccompProfile", detail, culprits })
}

/// Namespaced, well isolated kernel parameters, by the version that came to allow them.
const SAFE_SYSCTLS: [&str; 14] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
];

fn sysctls<'d, const SAFE: usize>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let mut names = Vec::new();
    for sysctl in facts.context.sysctls.map(Node::items).into_iter().flatten() {
        let node = sysctl.get("name");
        let name = node.and_then(Node::as_str).unwrap_or_default();
        if !SAFE_SYSCTLS.iter().take(SAFE).any(|safe| *safe == name) {
            names.push(name);
            culprits.push(at(node.unwrap_or(sysctl)));
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(Broken { reason: "forbidden sysctls", detail: names.join(", "), culprits })
}

fn windows_host_process<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let bad = setters(facts, &mut culprits, |context| {
        context.host_process.filter(|field| field.value).map(|field| field.node)
    });
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set securityContext.windowsOptions.hostProcess=true", bad.text());
    Some(Broken { reason: "hostProcess", detail, culprits })
}

fn allow_privilege_escalation<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let mut names = Vec::new();
    for container in facts.containers() {
        match container.context.allow_privilege_escalation {
            Some(field) if !field.value => continue,
            Some(field) => culprits.push(at(field.node)),
            None => culprits.push(lacking(container, "securityContext.allowPrivilegeEscalation")),
        }
        names.push(container.name);
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&names));
    Some(Broken { reason: "allowPrivilegeEscalation != false", detail, culprits })
}

fn run_as_non_root<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    const REASON: &str = "runAsNonRoot != true";
    let mut culprits = Vec::new();
    let bad = setters(facts, &mut culprits, |context| {
        context.run_as_non_root.filter(|field| !field.value).map(|field| field.node)
    });
    if !bad.is_empty() {
        let detail = format!("{} must not set securityContext.runAsNonRoot=false", bad.text());
        return Some(Broken { reason: REASON, detail, culprits });
    }
    if facts.context.run_as_non_root.is_some() {
        return None;
    }
    let mut names = Vec::new();
    for container in facts.containers().filter(|container| container.context.run_as_non_root.is_none()) {
        names.push(container.name);
        culprits.push(lacking(container, "securityContext.runAsNonRoot"));
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&names));
    Some(Broken { reason: REASON, detail, culprits })
}

fn run_as_user<'d>(facts: &Facts<'d>) -> Option<Broken<'d>> {
    let mut culprits = Vec::new();
    let bad = setters(facts, &mut culprits, |context| {
        context.run_as_user.filter(|field| field.value == 0).map(|field| field.node)
    });
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set runAsUser=0", bad.text());
    Some(Broken { reason: "runAsUser=0", detail, culprits })
}
