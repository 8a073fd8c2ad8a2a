//! Edges that pods, nodes, secrets and services give.

use std::collections::{BTreeSet, HashMap};

use crate::inventory::{ContainerFacts, Inventory, PodFacts, PodSecurity, VolumeSource};
use crate::rule::Place;
use crate::subject::{NODES, Subject};

use super::graph::{Assumption, AttackGraph, Evidence, Fact, Power, Scope};
use super::technique::Technique;

/// The node that stands for "wherever it is scheduled".
pub const SOME_NODE: &str = "(any node)";

/// A hostPath that covers one of these, writable, hands over the node.
const WRITE_TARGETS: &[&str] = &[
    "/",
    "/etc",
    "/root",
    "/home",
    "/var/lib/kubelet",
    "/etc/kubernetes",
    "/etc/kubernetes/manifests",
    "/etc/cron.d",
    "/etc/systemd/system",
    "/var/spool/cron",
    "/usr/bin",
    "/usr/local/bin",
    "/opt/cni/bin",
    "/etc/cni/net.d",
    "/root/.ssh",
    "/proc",
    "/proc/sys",
    "/sys",
    "/dev",
];

/// A readable one gives keys.
const READ_TARGETS: &[&str] = &[
    "/",
    "/etc",
    "/root",
    "/root/.ssh",
    "/home",
    "/etc/kubernetes",
    "/etc/kubernetes/pki",
    "/var/lib/kubelet/pki",
    "/proc",
];

const RUNTIME_SOCKETS: &[&str] = &[
    "/run/containerd/containerd.sock",
    "/run/docker.sock",
    "/run/crio/crio.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/dockershim.sock",
    "/run/cri-dockerd.sock",
    "/run/podman/podman.sock",
];

pub(super) struct PodEdges<'s> {
    pub(super) inventory: &'s Inventory,
    pub(super) graph: &'s mut AttackGraph,
}

fn id(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn short(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// Whether a hostPath holds that path: the path itself, or one of its parents.
fn covers(host_path: &str, path: &str) -> bool {
    host_path == "/"
        || path == host_path
        || path.strip_prefix(host_path).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a hostPath lies below a directory (or is it).
fn is_below(host_path: &str, directory: &str) -> bool {
    covers(directory, host_path)
}

impl PodEdges<'_> {
    /// Names that other edges refer to.
    pub(super) fn register(&mut self) {
        let inventory = self.inventory;
        for name in inventory.namespaces.keys() {
            self.graph.namespace(name);
        }
        for name in inventory.nodes.keys() {
            self.graph.node(name);
        }
        for (namespace, name) in inventory.accounts.keys() {
            self.graph.namespace(namespace);
            self.graph.identity(&Subject::service_account(namespace, name));
        }
        for pod in &inventory.pods {
            self.graph.namespace(&pod.namespace);
            self.graph.identity(&Subject::service_account(&pod.namespace, &pod.account));
            let node = pod.node.as_deref().unwrap_or(SOME_NODE);
            self.graph.node(node);
            self.graph.pods.push((pod.object_kind.clone(), pod.namespace.clone(), pod.name.clone()));
            self.graph
                .containers
                .push(pod.containers.iter().map(|container| container.name.clone()).collect());
            self.graph.volumes.push(pod.volumes.iter().map(|volume| volume.name.clone()).collect());
        }
        for key in inventory.secrets.keys() {
            self.graph.namespace(&key.0);
            self.graph.secret(key.clone());
        }
        for key in &inventory.asked_secrets {
            self.graph.namespace(&key.0);
            self.graph.secret(key.clone());
        }
        if inventory.nodes.is_empty() {
            self.graph.node(SOME_NODE);
        }
    }

    pub(super) fn add_all(&mut self) {
        for index in 0..self.inventory.pods.len() {
            self.add_pod(index);
        }
        self.add_accounts();
        self.add_secrets();
        self.add_nodes();
        self.add_admission();
        self.add_exposure();
        self.add_open_ports();
    }

    fn node_of(&mut self, pod: &PodFacts) -> u32 {
        self.graph.node(pod.node.as_deref().unwrap_or(SOME_NODE))
    }

    fn add_pod(&mut self, index: usize) {
        let Some(pod) = self.inventory.pods.get(index) else { return };
        let pod_fact = Fact::Pod(id(index));
        let follows = Technique::Follows;
        let scope = self.graph.namespace(&pod.namespace);
        let enter = Fact::Power(Power::EnterPods, scope);
        self.graph.add(follows, &[enter], pod_fact, Evidence::At(pod.place), None);
        let node = self.node_of(pod);
        let on_node = pod.node.is_none().then_some(Assumption::SameNode);
        self.graph.add(
            Technique::PodAttachNode,
            &[Fact::Node(node)],
            pod_fact,
            Evidence::At(pod.place),
            on_node,
        );
        let has_token = self.inventory.has_token(pod);
        let account = self.graph.identity(&Subject::service_account(&pod.namespace, &pod.account));
        for (position, container) in pod.containers.iter().enumerate() {
            let fact = Fact::Container(id(index), short(position));
            let at = Evidence::At(container.place);
            self.graph.add(Technique::ContainerAttach, &[pod_fact], fact, at, None);
            if has_token {
                self.graph.add(Technique::IdentityAssumeContainer, &[fact], account, at, None);
            }
            self.graph.add(follows, &[fact], Fact::PodNetwork, at, None);
            self.add_escapes(pod, container, fact, node);
            self.add_mounts(index, pod, container, fact, node);
            for name in &container.env_secrets {
                let secret = self.graph.secret((pod.namespace.clone(), name.clone()));
                self.graph.add(Technique::VolumeDiscover, &[fact], secret, at, None);
            }
            if pod.shares_processes {
                for other in (0..pod.containers.len()).filter(|other| *other != position) {
                    let sibling = Fact::Container(id(index), short(other));
                    let place = Evidence::At(pod.place);
                    self.graph.add(Technique::SharePsNamespace, &[fact], sibling, place, None);
                }
            }
        }
        for (position, volume) in pod.volumes.iter().enumerate() {
            let fact = Fact::Volume(id(index), short(position));
            let at = Evidence::At(volume.place);
            self.graph.add(Technique::VolumeAccess, &[Fact::Node(node)], fact, at, on_node);
            match &volume.source {
                VolumeSource::Secret(name) => {
                    let secret = self.graph.secret((pod.namespace.clone(), name.clone()));
                    self.graph.add(follows, &[fact], secret, at, None);
                }
                // A token for another audience is no credential for this API server.
                VolumeSource::Token(None) => {
                    self.graph.add(Technique::TokenSteal, &[fact], account, at, None);
                }
                _ => {}
            }
        }
        // The token that is mounted without being asked for.
        if has_token && !pod.volumes.iter().any(|volume| matches!(volume.source, VolumeSource::Token(None))) {
            let fact = Fact::Volume(id(index), short(pod.volumes.len()));
            if let Some(names) = self.graph.volumes.get_mut(index) {
                names.push("kube-api-access".to_owned());
            }
            let at = Evidence::At(pod.place);
            self.graph.add(Technique::VolumeAccess, &[Fact::Node(node)], fact, at, on_node);
            self.graph.add(Technique::TokenSteal, &[fact], account, at, None);
            for position in 0..pod.containers.len() {
                let container = Fact::Container(id(index), short(position));
                self.graph.add(Technique::VolumeDiscover, &[container], fact, at, None);
            }
        }
    }

    /// Ways out of a container that its own settings open.
    fn add_escapes(&mut self, pod: &PodFacts, container: &ContainerFacts, from: Fact, node: u32) {
        use Technique as T;
        let to = Fact::Node(node);
        let at = Evidence::At(container.place);
        let is_root = !container.is_root_excluded;
        let mut escape = |technique, holds: bool, assumption| {
            if holds {
                self.graph.add(technique, &[from], to, at, assumption);
            }
        };
        let has = |cap: &str| container.has_cap(cap);
        escape(T::CePrivMount, container.is_privileged, None);
        escape(T::CeNsenter, container.is_privileged && pod.host_pid, None);
        escape(T::CeModuleLoad, has("SYS_MODULE"), None);
        escape(T::CeSysPtrace, pod.host_pid && has("SYS_PTRACE") && has("SYS_ADMIN"), None);
        let is_confined = container.has_seccomp && !container.is_privileged;
        let cgroup = has("SYS_ADMIN")
            && is_root
            && !is_confined
            && (container.is_privileged || container.is_apparmor_unconfined);
        escape(T::CeSysAdminCgroup, cgroup, None);
        escape(T::CeDacReadSearch, has("DAC_READ_SEARCH"), None);
        let traces = (has("BPF") && has("PERFMON")) || has("SYS_ADMIN");
        escape(T::CeBpfPerfmon, traces && pod.host_pid, None);
        if pod.host_network {
            let technique = T::HostNetworkSniff;
            self.graph.add(technique, &[from], Fact::Effect(technique, Scope::Cluster), at, None);
        }
        if container.keeps_cap("NET_RAW") && !pod.host_network {
            let technique = T::NetRawSpoof;
            let scope = self.graph.namespace(&pod.namespace);
            self.graph.add(technique, &[from], Fact::Effect(technique, scope), at, None);
        }
        self.add_flaws(pod, container, from, node);
    }

    /// Versions of the node with known ways out.
    fn add_flaws(&mut self, pod: &PodFacts, container: &ContainerFacts, from: Fact, node: u32) {
        let on: Vec<(&String, &crate::inventory::NodeFacts)> = match &pod.node {
            Some(name) => self.inventory.nodes.get_key_value(name).into_iter().collect(),
            None => self.inventory.nodes.iter().collect(),
        };
        let assumption = Some(Assumption::NotMended);
        for (name, facts) in on {
            let to = if pod.node.is_some() { Fact::Node(node) } else { Fact::Node(self.graph.node(name)) };
            let at = Evidence::At(facts.place);
            if has_runtime_flaw(&facts.runtime, pod.host_network) {
                self.graph.add(Technique::CeRuntimeVuln, &[from], to, at, assumption);
            }
            if has_kernel_flaw(&facts.kernel) && (!container.has_seccomp || container.is_privileged) {
                self.graph.add(Technique::CeKernelVuln, &[from], to, at, assumption);
            }
        }
    }

    /// What mounted volumes give.
    fn add_mounts(
        &mut self,
        index: usize,
        pod: &PodFacts,
        container: &ContainerFacts,
        from: Fact,
        node: u32,
    ) {
        use Technique as T;
        for mount in &container.mounts {
            let Some(volume) = pod.volumes.get(mount.volume) else { continue };
            let fact = Fact::Volume(id(index), short(mount.volume));
            let at = Evidence::At(mount.place);
            self.graph.add(T::VolumeDiscover, &[from], fact, at, None);
            let VolumeSource::HostPath(path) = &volume.source else { continue };
            let to = Fact::Node(node);
            let at = Evidence::At(volume.place);
            // A read-only mount hides the volume's writability from this container only.
            let is_sensitive = |targets: &[&str]| targets.iter().any(|target| covers(path, target));
            let is_inside = |targets: &[&str]| {
                targets
                    .iter()
                    .any(|target| *target != "/" && target.matches('/').count() > 1 && is_below(path, target))
            };
            let gives_all = is_sensitive(WRITE_TARGETS) || is_inside(WRITE_TARGETS);
            if !mount.is_read_only && gives_all {
                self.graph.add(T::ExploitHostWrite, &[fact], to, at, None);
            }
            if mount.is_read_only && (is_sensitive(READ_TARGETS) || is_inside(READ_TARGETS)) {
                self.graph.add(T::ExploitHostRead, &[fact], to, at, None);
            }
            if covers(path, "/var/lib/kubelet/pods") || is_below(path, "/var/lib/kubelet/pods") {
                self.traverse(fact, pod, at);
            }
            let core_pattern =
                ["/", "/proc", "/proc/sys", "/proc/sys/kernel", "/proc/sys/kernel/core_pattern"];
            if !mount.is_read_only && core_pattern.contains(&path.as_str()) {
                self.graph.add(T::CeUmhCorePattern, &[from], to, at, None);
            }
            if !mount.is_read_only
                && !container.is_root_excluded
                && (covers(path, "/var/log") || path == "/var/log/pods")
            {
                let logs = Fact::Power(Power::ReadLogs, self.graph.namespace(&pod.namespace));
                self.graph.add(T::CeVarLogSymlink, &[from, logs], to, at, None);
            }
            // Talking to a socket needs no write access to its file system.
            let real =
                path.strip_prefix("/var/run").map_or_else(|| path.clone(), |rest| format!("/run{rest}"));
            if RUNTIME_SOCKETS.iter().any(|socket| covers(&real, socket)) {
                self.graph.add(T::ExploitRuntimeSock, &[from], to, at, None);
            }
            if container.has_cap("MKNOD") && container.added.contains("MKNOD") && path == "/dev"
                || (is_below(path, "/dev")
                    && path.as_str() != "/dev/null"
                    && !path.starts_with("/dev/shm")
                    && !path.starts_with("/dev/dri"))
            {
                self.graph.add(T::CeHostDevice, &[from], to, at, None);
            }
            self.add_control_plane_files(pod, path, fact, at);
        }
    }

    /// Files that only control plane nodes have.
    fn add_control_plane_files(&mut self, pod: &PodFacts, path: &str, volume: Fact, at: Evidence) {
        let of_node = pod.node.as_ref().and_then(|node| self.inventory.nodes.get(node));
        let may_be_there = match of_node {
            Some(node) => node.is_control_plane,
            None => pod.may_run_on_control_plane,
        };
        if may_be_there && covers(path, "/etc/kubernetes/pki/etcd") {
            self.graph.add(Technique::EtcdOpen, &[volume], Fact::ClusterAdmin, at, None);
        }
    }

    /// The directory of a node's pods holds the tokens of all of them.
    fn traverse(&mut self, volume: Fact, pod: &PodFacts, at: Evidence) {
        for (index, other) in self.inventory.pods.iter().enumerate() {
            let assumption = match (&pod.node, &other.node) {
                (Some(a), Some(b)) if a == b => None,
                (Some(_), Some(_)) => continue,
                _ => Some(Assumption::SameNode),
            };
            if !self.inventory.has_token(other) {
                continue;
            }
            let token =
                other.volumes.iter().position(|volume| matches!(volume.source, VolumeSource::Token(None)));
            let to = Fact::Volume(id(index), short(token.unwrap_or(other.volumes.len())));
            self.graph.add(Technique::ExploitHostTraverse, &[volume], to, at, assumption);
        }
    }

    /// Accounts of a namespace, and the groups that everybody is in.
    fn add_accounts(&mut self) {
        let follows = Technique::Follows;
        for subject in self.graph.identities.clone() {
            let from = self.graph.identity(&subject);
            if let Subject::ServiceAccount { namespace, .. } = &subject {
                let scope = self.graph.namespace(namespace);
                self.graph.add(follows, &[Fact::Power(Power::Accounts, scope)], from, Evidence::None, None);
                let assumption = self.stored_token(&subject);
                if let Some((evidence, assumption)) = assumption {
                    let tokens = Fact::Power(Power::StoredTokens, scope);
                    self.graph.add(follows, &[tokens], from, evidence, assumption);
                }
            }
            for group in subject.implied_groups() {
                if let Some(group) = self.graph.find_identity(&Subject::group(&group))
                    && group != from
                {
                    self.graph.add(follows, &[from], group, Evidence::None, None);
                }
            }
        }
    }

    /// Whether a Secret with the account's token is there; without any Secret in the input nobody knows.
    fn stored_token(&self, subject: &Subject) -> Option<(Evidence, Option<Assumption>)> {
        let Subject::ServiceAccount { namespace, name } = subject else { return None };
        let mut of_namespace = self
            .inventory
            .secrets
            .range((namespace.clone(), String::new())..)
            .take_while(|((of, _), _)| of == namespace);
        let known = of_namespace.clone().find(|(_, secret)| secret.token_of.as_deref() == Some(name));
        if let Some((_, secret)) = known {
            return Some((Evidence::At(secret.place), None));
        }
        of_namespace.next().is_none().then_some((Evidence::None, Some(Assumption::SecretsNotSeen)))
    }

    fn add_secrets(&mut self) {
        for (key, secret) in &self.inventory.secrets {
            let fact = self.graph.secret(key.clone());
            let scope = self.graph.namespace(&key.0);
            let at = Evidence::At(secret.place);
            if let Some(account) = &secret.token_of {
                let identity = self.graph.identity(&Subject::service_account(&key.0, account));
                self.graph.add(Technique::TokenSteal, &[fact], identity, at, None);
            }
            self.graph.add(Technique::Follows, &[Fact::Power(Power::Secrets, scope)], fact, at, None);
        }
        // Secrets that only a pod or a rule names.
        for key in self.graph.secrets.clone() {
            if !self.inventory.secrets.contains_key(&key) {
                let scope = self.graph.namespace(&key.0);
                let fact = self.graph.secret(key);
                self.graph.add(
                    Technique::Follows,
                    &[Fact::Power(Power::Secrets, scope)],
                    fact,
                    Evidence::None,
                    None,
                );
            }
        }
    }

    fn add_nodes(&mut self) {
        let nodes_group = self.graph.find_identity(&Subject::group(NODES));
        for index in 0..self.graph.nodes.len() {
            let node = Fact::Node(id(index));
            let name = self.graph.nodes.get(index).cloned().unwrap_or_default();
            let facts = self.inventory.nodes.get(&name);
            let at = facts.map_or(Evidence::None, |facts| Evidence::At(facts.place));
            let credential = Fact::NodeCredential(id(index));
            self.graph.add(Technique::IdentityAssumeNode, &[node], credential, at, None);
            if let Some(group) = nodes_group {
                self.graph.add(Technique::Follows, &[credential], group, at, None);
            }
            let user = Subject::User { name: format!("system:node:{name}") };
            if let Some(user) = self.graph.find_identity(&user) {
                self.graph.add(Technique::Follows, &[credential], user, at, None);
            }
            if facts.is_some_and(|facts| facts.is_control_plane) {
                self.graph.add(Technique::StaticPod, &[node], Fact::ClusterAdmin, at, None);
            }
            self.graph.add(Technique::Follows, &[Fact::ClusterAdmin], node, Evidence::None, None);
        }
        // The kubelet's credential fetches tokens for the pods of its node.
        for (index, pod) in self.inventory.pods.iter().enumerate() {
            let Some(node) = pod.node.as_deref().and_then(|node| self.graph.find_node(node)) else {
                continue;
            };
            let account = self.graph.identity(&Subject::service_account(&pod.namespace, &pod.account));
            let at = Evidence::At(pod.place);
            self.graph.add(Technique::TokenRequest, &[Fact::NodeCredential(node)], account, at, None);
            let evict = Fact::Power(Power::Evict, self.graph.namespace(&pod.namespace));
            let unschedule = Fact::Power(Power::Unschedule, Scope::Cluster);
            let any = Fact::Node(self.graph.node(SOME_NODE));
            let mut holders: BTreeSet<Fact> =
                (0..self.graph.nodes.len()).map(|node| Fact::Node(id(node))).collect();
            holders.insert(any);
            // A pod of a DaemonSet, and one that is bound to its node, comes back where it was.
            let is_movable = pod.kind != haechi_objects::WorkloadKind::DaemonSet;
            if is_movable && self.graph.nodes.len() <= 16 {
                for holder in holders {
                    let premises = [holder, evict, unschedule];
                    let assumption = Some(Assumption::SameNode);
                    self.graph.add(Technique::PodSteal, &premises, Fact::Pod(id(index)), at, assumption);
                }
            }
        }
        self.add_stealing_of_unplaced();
    }

    /// Pods that the input places nowhere are stolen from wherever they are.
    fn add_stealing_of_unplaced(&mut self) {
        let unschedule = Fact::Power(Power::Unschedule, Scope::Cluster);
        for (index, pod) in self.inventory.pods.iter().enumerate() {
            if pod.node.is_some() || pod.kind == haechi_objects::WorkloadKind::DaemonSet {
                continue;
            }
            let evict = Fact::Power(Power::Evict, self.graph.namespace(&pod.namespace));
            let premises = [Fact::Node(self.graph.node(SOME_NODE)), evict, unschedule];
            let at = Evidence::At(pod.place);
            self.graph.add(Technique::PodSteal, &premises, Fact::Pod(id(index)), at, None);
        }
    }

    /// Where privileged pods are admitted, running pods gives nodes; persistent volumes give them everywhere.
    fn add_admission(&mut self) {
        let somewhere = Fact::Effect(Technique::WorkloadCreate, Scope::Cluster);
        let volumes = Fact::Power(Power::MakeVolumes, Scope::Cluster);
        let guards = (!self.inventory.admission_guards.is_empty()).then_some(Assumption::AdmissionGuards);
        let targets: Vec<Fact> = (0..self.graph.nodes.len()).map(|node| Fact::Node(id(node))).collect();
        // One fact between namespaces and nodes, so that edges do not multiply.
        let privileged = Fact::Effect(Technique::PodCreate, Scope::Cluster);
        for target in &targets {
            self.graph.add(Technique::PodCreate, &[privileged], *target, Evidence::None, None);
            self.graph.add(Technique::PvCreate, &[volumes, somewhere], *target, Evidence::None, None);
        }
        for index in 0..self.graph.namespaces.len() {
            let scope = Scope::Namespace(id(index));
            let name = self.graph.namespaces.get(index).cloned().unwrap_or_default();
            let facts = self.inventory.namespaces.get(&name).cloned().unwrap_or_default();
            let admits = Fact::Power(Power::PrivilegedPods, scope);
            let run = Fact::Power(Power::RunPods, scope);
            self.graph.add(Technique::Follows, &[run, admits], privileged, Evidence::None, None);
            if facts.enforce.is_none_or(|level| level < PodSecurity::Baseline) {
                let assumption = if facts.is_seen { guards } else { Some(Assumption::NamespaceNotSeen) };
                let at = if facts.is_seen { Evidence::At(facts.place) } else { Evidence::None };
                self.graph.add(Technique::Follows, &[], admits, at, assumption);
            }
        }
    }

    /// What the internet reaches.
    fn add_exposure(&mut self) {
        let ingressed: BTreeSet<(String, String)> = self
            .inventory
            .ingresses
            .iter()
            .flat_map(|(namespace, ingress)| {
                ingress.services.iter().map(move |service| (namespace.clone(), service.clone()))
            })
            .collect();
        let at_ingress = |key: &(String, String)| {
            self.inventory
                .ingresses
                .iter()
                .find(|(namespace, ingress)| *namespace == key.0 && ingress.services.contains(&key.1))
                .map(|(_, ingress)| ingress.place)
        };
        let mut of_namespace: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, pod) in self.inventory.pods.iter().enumerate() {
            of_namespace.entry(&pod.namespace).or_default().push(index);
        }
        let mut exposed: Vec<(usize, Place)> = Vec::new();
        for (key, service) in &self.inventory.services {
            let is_open = matches!(service.kind.as_str(), "LoadBalancer" | "NodePort" | "external IP");
            if (!is_open && !ingressed.contains(key)) || service.selector.is_empty() {
                continue;
            }
            let place = if is_open { service.place } else { at_ingress(key).unwrap_or(service.place) };
            for index in of_namespace.get(key.0.as_str()).into_iter().flatten() {
                let is_selected = self.inventory.pods.get(*index).is_some_and(|pod| {
                    service.selector.iter().all(|(label, value)| pod.labels.get(label) == Some(value))
                });
                if is_selected {
                    exposed.push((*index, place));
                }
            }
        }
        for (index, pod) in self.inventory.pods.iter().enumerate() {
            let has_host_port = pod.containers.iter().any(|container| {
                container
                    .ports
                    .iter()
                    .any(|(_, port, host)| host.is_some() || (pod.host_network && *port != 0))
            });
            if has_host_port {
                exposed.push((index, pod.place));
            }
        }
        exposed.sort_unstable();
        exposed.dedup_by_key(|(index, _)| *index);
        for (index, place) in exposed {
            let at = Evidence::At(place);
            let assumption = Some(Assumption::Vulnerable);
            let pod_fact = Fact::Pod(id(index));
            self.graph.add(Technique::EndpointExploit, &[Fact::Internet], pod_fact, at, assumption);
            let Some(pod) = self.inventory.pods.get(index) else { continue };
            if pod.containers.iter().any(is_open_dashboard) {
                let account = self.graph.identity(&Subject::service_account(&pod.namespace, &pod.account));
                self.graph.add(Technique::DashboardExposed, &[Fact::Internet], account, at, None);
            }
        }
    }

    fn add_open_ports(&mut self) {
        for kubelet in &self.inventory.kubelets {
            let at = Evidence::At(kubelet.place);
            if kubelet.is_anonymous {
                let to = Fact::Power(Power::EnterPods, Scope::Cluster);
                self.graph.add(Technique::KubeletAnon, &[Fact::PodNetwork], to, at, None);
            } else if kubelet.has_read_only_port {
                let to = Fact::Effect(Technique::KubeletAnon, Scope::Cluster);
                self.graph.add(Technique::KubeletAnon, &[Fact::PodNetwork], to, at, None);
            }
        }
        for pod in &self.inventory.pods {
            for container in pod.containers.iter().filter(|container| is_open_etcd(container)) {
                let at = Evidence::At(container.place);
                let assumption = Some(Assumption::Reachable);
                self.graph.add(Technique::EtcdOpen, &[Fact::PodNetwork], Fact::ClusterAdmin, at, assumption);
            }
        }
        // Who sends no credentials is this user with this group.
        for subject in [Subject::user("system:anonymous"), Subject::group(crate::subject::UNAUTHENTICATED)] {
            if let Some(to) = self.graph.find_identity(&subject) {
                self.graph.add(Technique::ApiserverAnon, &[Fact::PodNetwork], to, Evidence::None, None);
                let assumption = Some(Assumption::Reachable);
                self.graph.add(Technique::ApiserverAnon, &[Fact::Internet], to, Evidence::None, assumption);
            }
        }
    }
}

/// An etcd that takes clients without a certificate from beyond its own host.
fn is_open_etcd(container: &ContainerFacts) -> bool {
    let is_etcd =
        container.arguments.first().is_some_and(|command| command.rsplit('/').next() == Some("etcd"));
    let value = |flag: &str| {
        let prefix = format!("--{flag}=");
        container.arguments.iter().find_map(|argument| argument.strip_prefix(&prefix))
    };
    let asks_certificate = value("client-cert-auth") == Some("true")
        || container.arguments.iter().any(|argument| argument == "--client-cert-auth");
    let listens = value("listen-client-urls").is_some_and(|urls| {
        urls.split(',').any(|url| {
            !url.contains("//127.0.0.1") && !url.contains("//localhost") && !url.contains("//[::1]")
        })
    });
    is_etcd && listens && !asks_certificate
}

/// A user interface that acts with its own account for everybody who comes.
fn is_open_dashboard(container: &ContainerFacts) -> bool {
    let has = |wanted: &str| container.arguments.iter().any(|argument| argument == wanted);
    let image = container.image.as_str();
    (image.contains("kubernetesui/dashboard")
        && (has("--enable-skip-login") || has("--enable-insecure-login")))
        || (image.contains("argocli") && (has("--auth-mode=server") || has("server") && has("--auth-mode")))
        || (image.contains("kubeflow") && image.contains("centraldashboard"))
}

/// Numbers at the beginning of a version: `5.10.0-8-amd64` is [5, 10, 0].
fn version(text: &str) -> Vec<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.get(..end).unwrap_or_default().split('.').filter_map(|part| part.parse().ok()).collect()
}

/// Runtimes as a node reports them. containerd below 1.3.9 and 1.4.0 to 1.4.2 leaves its socket to host network
/// containers that run as root (CVE-2020-15257); docker below 18.09.2 ships a runc that can be overwritten
/// (CVE-2019-5736).
fn has_runtime_flaw(runtime: &str, host_network: bool) -> bool {
    match runtime.split_once("://") {
        Some(("containerd", text)) => {
            let version = version(text);
            let is_old = version < vec![1, 3, 9] || (version >= vec![1, 4, 0] && version < vec![1, 4, 3]);
            host_network && !version.is_empty() && is_old
        }
        Some(("docker", text)) => {
            let version = version(text);
            !version.is_empty() && version < vec![18, 9, 2]
        }
        _ => false,
    }
}

/// Dirty Pipe (CVE-2022-0847): 5.8 until 5.10.102, 5.15.25, 5.16.11. The pipe page flaw needs no capability.
fn has_kernel_flaw(kernel: &str) -> bool {
    let version = version(kernel);
    if version < vec![5, 8] || version >= vec![5, 17] {
        return false;
    }
    let mended: &[&[u32]] = &[&[5, 10, 102], &[5, 15, 25], &[5, 16, 11]];
    !mended.iter().any(|fix| version.get(..2) == fix.get(..2) && version.as_slice() >= *fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_paths_cover_what_lies_below() {
        assert!(covers("/var/lib", "/var/lib/kubelet/pods"));
        assert!(covers("/", "/etc"));
        assert!(!covers("/var/library", "/var/lib"));
        assert!(!covers("/etc/ssl", "/etc"));
    }

    #[test]
    fn versions_with_flaws() {
        assert!(has_kernel_flaw("5.10.0-8-amd64"));
        assert!(!has_kernel_flaw("5.10.102"));
        assert!(!has_kernel_flaw("6.1.0"));
        assert!(!has_kernel_flaw(""));
        assert!(has_runtime_flaw("containerd://1.4.1", true));
        assert!(!has_runtime_flaw("containerd://1.4.3", true));
        assert!(!has_runtime_flaw("containerd://1.4.1", false));
        assert!(has_runtime_flaw("docker://18.09.1", false));
    }
}
