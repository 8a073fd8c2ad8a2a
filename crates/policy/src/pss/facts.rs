//! What the checks read of a pod, found in one walk with the types checked on the way.

use haechi_objects::{ContainerList, Pod};
use haechi_syntax::{Entry, Node, Value};

use super::checks::{self, CheckSet};

/// Containers of a pod that are kept without allocating.
const INLINE: usize = 8;

/// A value of the right type and the node that it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'d, T> {
    pub(crate) value: T,
    pub(crate) node: Node<'d>,
}

/// A value of a type that the API server refuses, and the checks that would have read it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Malformed<'d> {
    pub(crate) node: Node<'d>,
    pub(crate) expected: &'static str,
    checks: CheckSet,
}

/// `seLinuxOptions`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SeLinux<'d> {
    pub(crate) kind: Option<Field<'d, &'d str>>,
    pub(crate) user: Option<Field<'d, &'d str>>,
    pub(crate) role: Option<Field<'d, &'d str>>,
}

/// `appArmorProfile`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppArmor<'d> {
    pub(crate) kind: &'d str,
    pub(crate) localhost: Option<&'d str>,
    pub(crate) node: Node<'d>,
}

/// A security context: the pod's or a container's, with the fields that each has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context<'d> {
    pub(crate) node: Option<Node<'d>>,
    pub(crate) privileged: Option<Field<'d, bool>>,
    pub(crate) allow_privilege_escalation: Option<Field<'d, bool>>,
    pub(crate) run_as_non_root: Option<Field<'d, bool>>,
    pub(crate) run_as_user: Option<Field<'d, i64>>,
    pub(crate) host_process: Option<Field<'d, bool>>,
    pub(crate) proc_mount: Option<Field<'d, &'d str>>,
    /// The type of the seccomp profile; `""` for a profile without type.
    pub(crate) seccomp: Option<Field<'d, &'d str>>,
    pub(crate) app_armor: Option<AppArmor<'d>>,
    pub(crate) se_linux: Option<SeLinux<'d>>,
    /// `capabilities`, where it is there; its lists hold only texts.
    pub(crate) capabilities: Option<Node<'d>>,
    /// `sysctls` of a pod: a list of maps.
    pub(crate) sysctls: Option<Node<'d>>,
}

/// One container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContainerFacts<'d> {
    pub(crate) node: Node<'d>,
    pub(crate) name: &'d str,
    pub(crate) context: Context<'d>,
    /// A list of maps.
    pub(crate) ports: Option<Node<'d>>,
    /// Probes and lifecycle, whose `host` matters; in the order of the source.
    pub(crate) has_handlers: bool,
    pub(crate) is_ephemeral: bool,
}

/// A pod as the checks see it.
#[derive(Debug)]
pub(crate) struct Facts<'d> {
    pub(crate) spec: Node<'d>,
    pub(crate) annotations: Option<Node<'d>>,
    pub(crate) context: Context<'d>,
    pub(crate) host_network: Option<Field<'d, bool>>,
    pub(crate) host_pid: Option<Field<'d, bool>>,
    pub(crate) host_ipc: Option<Field<'d, bool>>,
    pub(crate) host_users: Option<Field<'d, bool>>,
    /// A list of maps.
    pub(crate) volumes: Option<Node<'d>>,
    pub(crate) is_windows: bool,
    inline: [Option<ContainerFacts<'d>>; INLINE],
    spilled: Vec<ContainerFacts<'d>>,
    malformed: Vec<Malformed<'d>>,
}

impl<'d> Facts<'d> {
    /// Reads a pod.
    pub(crate) fn of(pod: Pod<'d>) -> Self {
        let mut facts = Facts {
            spec: pod.spec(),
            annotations: None,
            context: Context::default(),
            host_network: None,
            host_pid: None,
            host_ipc: None,
            host_users: None,
            volumes: None,
            is_windows: false,
            inline: [None; INLINE],
            spilled: Vec::new(),
            malformed: Vec::new(),
        };
        facts.read_annotations(pod.template());
        let mut lists = [None; 3];
        for Entry { key, value, .. } in facts.spec.entries() {
            if value.is_null() {
                continue;
            }
            match key {
                "hostNetwork" => facts.host_network = facts.bool(value, checks::HOST_NAMESPACES),
                "hostPID" => facts.host_pid = facts.bool(value, checks::HOST_NAMESPACES),
                "hostIPC" => facts.host_ipc = facts.bool(value, checks::HOST_NAMESPACES),
                "hostUsers" => facts.host_users = facts.bool(value, checks::RELAXED_BY_HOST_USERS),
                "volumes" => {
                    facts.volumes = facts.list_of_maps(value, checks::VOLUMES);
                    for volume in value.items() {
                        facts.text_at(volume, "name", checks::VOLUMES);
                    }
                }
                "os" => facts.read_os(value),
                "securityContext" => facts.context = facts.read_context(value),
                "initContainers" => put(&mut lists, ContainerList::Init, value),
                "containers" => put(&mut lists, ContainerList::Regular, value),
                "ephemeralContainers" => put(&mut lists, ContainerList::Ephemeral, value),
                _ => {}
            }
        }
        let mut count = 0;
        for (list, node) in ContainerList::ALL.into_iter().zip(lists) {
            for item in node
                .and_then(|node| facts.list_of_maps(node, checks::ALL))
                .map(Node::items)
                .into_iter()
                .flatten()
            {
                let container = facts.read_container(item, list == ContainerList::Ephemeral);
                match facts.inline.get_mut(count) {
                    Some(place) => *place = Some(container),
                    None => facts.spilled.push(container),
                }
                count += 1;
            }
        }
        facts
    }

    /// All containers in the API server's order: init, regular, ephemeral.
    pub(crate) fn containers(&self) -> impl Iterator<Item = &ContainerFacts<'d>> {
        self.inline.iter().map_while(Option::as_ref).chain(&self.spilled)
    }

    /// The first malformed value that the check with that index reads.
    pub(crate) fn malformed_for(&self, check: usize) -> Option<&Malformed<'d>> {
        self.malformed.iter().find(|malformed| malformed.checks.contains(check))
    }

    /// The value of an annotation.
    pub(crate) fn annotation(&self, key: &str) -> Option<Field<'d, &'d str>> {
        let entry = self.annotations?.entry(key)?;
        Some(Field { value: entry.value.as_str().unwrap_or_default(), node: entry.value })
    }

    fn refuse(&mut self, node: Node<'d>, expected: &'static str, checks: CheckSet) {
        self.malformed.push(Malformed { node, expected, checks });
    }

    fn bool(&mut self, node: Node<'d>, checks: CheckSet) -> Option<Field<'d, bool>> {
        let value = node.as_bool();
        if value.is_none() {
            self.refuse(node, "boolean", checks);
        }
        value.map(|value| Field { value, node })
    }

    fn int(&mut self, node: Node<'d>, checks: CheckSet) -> Option<Field<'d, i64>> {
        let value = node.as_i64();
        if value.is_none() {
            self.refuse(node, "integer", checks);
        }
        value.map(|value| Field { value, node })
    }

    fn text(&mut self, node: Node<'d>, checks: CheckSet) -> Option<Field<'d, &'d str>> {
        let value = node.as_str();
        if value.is_none() {
            self.refuse(node, "string", checks);
        }
        value.map(|value| Field { value, node })
    }

    /// The text under a key of a map; absent and null are `None`.
    fn text_at(&mut self, map: Node<'d>, key: &str, checks: CheckSet) -> Option<Field<'d, &'d str>> {
        map.get(key).and_then(|node| self.text(node, checks))
    }

    fn map(&mut self, node: Node<'d>, checks: CheckSet) -> Option<Node<'d>> {
        if node.is_mapping() {
            return Some(node);
        }
        self.refuse(node, "object", checks);
        None
    }

    fn list_of_maps(&mut self, node: Node<'d>, checks: CheckSet) -> Option<Node<'d>> {
        if !node.is_sequence() {
            self.refuse(node, "array", checks);
            return None;
        }
        match node.items().find(|item| !item.is_mapping()) {
            // A null item is an empty one to the decoder, but no API server accepts a container without a name.
            Some(item) => {
                self.refuse(item, "object", checks);
                None
            }
            None => Some(node),
        }
    }

    fn list_of_texts(&mut self, node: Node<'d>, checks: CheckSet) {
        if !node.is_sequence() {
            return self.refuse(node, "array", checks);
        }
        for item in node.items().filter(|item| !matches!(item.value(), Value::String(_) | Value::Null)) {
            self.refuse(item, "string", checks);
        }
    }

    fn read_annotations(&mut self, template: Node<'d>) {
        let Some(metadata) = template.get("metadata") else { return };
        let Some(metadata) = self.map(metadata, checks::ANNOTATIONS) else { return };
        let Some(annotations) = metadata.get("annotations") else { return };
        self.annotations = self.map(annotations, checks::ANNOTATIONS);
        for entry in annotations.entries() {
            if !matches!(entry.value.value(), Value::String(_) | Value::Null) {
                self.refuse(entry.value, "string", checks::ANNOTATIONS);
            }
        }
    }

    fn read_os(&mut self, node: Node<'d>) {
        let Some(os) = self.map(node, checks::EXEMPT_ON_WINDOWS) else { return };
        let name = self.text_at(os, "name", checks::EXEMPT_ON_WINDOWS);
        self.is_windows = name.is_some_and(|name| name.value == "windows");
    }

    fn read_context(&mut self, node: Node<'d>) -> Context<'d> {
        let mut context = Context::default();
        let Some(map) = self.map(node, checks::ALL) else { return context };
        context.node = Some(map);
        for Entry { key, value, .. } in map.entries() {
            if value.is_null() {
                continue;
            }
            match key {
                "privileged" => context.privileged = self.bool(value, checks::PRIVILEGED),
                "allowPrivilegeEscalation" => {
                    context.allow_privilege_escalation = self.bool(value, checks::ESCALATION);
                }
                "runAsNonRoot" => context.run_as_non_root = self.bool(value, checks::NON_ROOT),
                "runAsUser" => context.run_as_user = self.int(value, checks::RUN_AS_USER),
                "procMount" => context.proc_mount = self.text(value, checks::PROC_MOUNT),
                "seccompProfile" => context.seccomp = self.read_seccomp(value),
                "appArmorProfile" => context.app_armor = self.read_app_armor(value),
                "seLinuxOptions" => context.se_linux = self.read_se_linux(value),
                "windowsOptions" => {
                    let options = self.map(value, checks::HOST_PROCESS);
                    let host_process = options.and_then(|options| options.get("hostProcess"));
                    context.host_process =
                        host_process.and_then(|node| self.bool(node, checks::HOST_PROCESS));
                }
                "capabilities" => {
                    context.capabilities = self.map(value, checks::CAPABILITIES);
                    for list in ["add", "drop"].into_iter().filter_map(|key| value.get(key)) {
                        self.list_of_texts(list, checks::CAPABILITIES);
                    }
                }
                "sysctls" => {
                    context.sysctls = self.list_of_maps(value, checks::SYSCTLS);
                    for sysctl in value.items() {
                        self.text_at(sysctl, "name", checks::SYSCTLS);
                    }
                }
                _ => {}
            }
        }
        context
    }

    fn read_seccomp(&mut self, node: Node<'d>) -> Option<Field<'d, &'d str>> {
        let profile = self.map(node, checks::SECCOMP)?;
        let kind = self.text_at(profile, "type", checks::SECCOMP);
        Some(kind.unwrap_or(Field { value: "", node }))
    }

    fn read_app_armor(&mut self, node: Node<'d>) -> Option<AppArmor<'d>> {
        let profile = self.map(node, checks::APP_ARMOR)?;
        let kind = self.text_at(profile, "type", checks::APP_ARMOR);
        let localhost = self.text_at(profile, "localhostProfile", checks::APP_ARMOR);
        Some(AppArmor {
            kind: kind.map_or("", |kind| kind.value),
            localhost: localhost.map(|text| text.value),
            node: kind.map_or(node, |kind| kind.node),
        })
    }

    fn read_se_linux(&mut self, node: Node<'d>) -> Option<SeLinux<'d>> {
        let options = self.map(node, checks::SE_LINUX)?;
        Some(SeLinux {
            kind: self.text_at(options, "type", checks::SE_LINUX),
            user: self.text_at(options, "user", checks::SE_LINUX),
            role: self.text_at(options, "role", checks::SE_LINUX),
        })
    }

    fn read_container(&mut self, node: Node<'d>, is_ephemeral: bool) -> ContainerFacts<'d> {
        let mut facts = ContainerFacts {
            node,
            name: "",
            context: Context::default(),
            ports: None,
            has_handlers: false,
            is_ephemeral,
        };
        for Entry { key, value, .. } in node.entries() {
            if value.is_null() {
                continue;
            }
            match key {
                "name" => facts.name = self.text(value, checks::ALL).map_or("", |name| name.value),
                "securityContext" => facts.context = self.read_context(value),
                "ports" => {
                    facts.ports = self.list_of_maps(value, checks::HOST_PORTS);
                    for number in
                        value.items().flat_map(|port| [port.get("hostPort"), port.get("containerPort")])
                    {
                        let _ = number.and_then(|number| self.int(number, checks::HOST_PORTS));
                    }
                }
                "livenessProbe" | "readinessProbe" | "startupProbe" => {
                    facts.has_handlers = true;
                    self.check_handler(value);
                }
                "lifecycle" => {
                    facts.has_handlers = true;
                    let handlers = self.map(value, checks::HANDLERS);
                    for handler in ["postStart", "preStop"]
                        .into_iter()
                        .filter_map(|key| handlers.and_then(|h| h.get(key)))
                    {
                        self.check_handler(handler);
                    }
                }
                _ => {}
            }
        }
        facts
    }

    fn check_handler(&mut self, node: Node<'d>) {
        let Some(handler) = self.map(node, checks::HANDLERS) else { return };
        for action in ["httpGet", "tcpSocket"].into_iter().filter_map(|key| handler.get(key)) {
            if let Some(action) = self.map(action, checks::HANDLERS) {
                self.text_at(action, "host", checks::HANDLERS);
            }
        }
    }
}

fn put<'d>(lists: &mut [Option<Node<'d>>; 3], list: ContainerList, node: Node<'d>) {
    let index = ContainerList::ALL.iter().position(|other| *other == list).unwrap_or_default();
    if let Some(place) = lists.get_mut(index) {
        *place = Some(node);
    }
}
