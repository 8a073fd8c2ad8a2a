//! What stands in the cluster besides roles: pods, accounts, nodes, secrets' names, services. Facts for attack paths.

use std::collections::{BTreeMap, BTreeSet};

use haechi_objects::{Container, LabelSelector, Object, Pod, PodTemplates, WorkloadKind, objects};
use haechi_syntax::{Document, Node};

use crate::rule::Place;

/// Namespace and name.
pub type Key = (String, String);

/// A level of the Pod Security Standards that a namespace enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodSecurity {
    /// Everything is admitted.
    Privileged,
    /// No privileged containers, host namespaces, hostPath volumes.
    Baseline,
    /// Only hardened pods.
    Restricted,
}

/// A namespace.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamespaceFacts {
    /// Whether its object was seen; else its labels are unknown.
    pub(crate) is_seen: bool,
    pub(crate) enforce: Option<PodSecurity>,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct AccountFacts {
    pub(crate) automount: Option<bool>,
    pub(crate) role_arn: Option<String>,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VolumeSource {
    HostPath(String),
    Secret(String),
    /// A projected service account token; the audience, if one is named.
    Token(Option<String>),
    Claim(String),
    Other,
}

#[derive(Debug, Clone)]
pub(crate) struct VolumeFacts {
    pub(crate) name: String,
    pub(crate) source: VolumeSource,
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) struct Mount {
    /// Index of the pod's volume.
    pub(crate) volume: usize,
    pub(crate) is_read_only: bool,
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) struct ContainerFacts {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) is_privileged: bool,
    /// Without `CAP_`, upper case; `ALL` is every capability.
    pub(crate) added: BTreeSet<String>,
    pub(crate) dropped: BTreeSet<String>,
    pub(crate) is_root_excluded: bool,
    /// A seccomp profile other than `Unconfined` applies.
    pub(crate) has_seccomp: bool,
    pub(crate) is_apparmor_unconfined: bool,
    pub(crate) mounts: Vec<Mount>,
    /// (name, port, host port).
    pub(crate) ports: Vec<(String, i64, Option<i64>)>,
    /// Secrets that its environment takes.
    pub(crate) env_secrets: Vec<String>,
    pub(crate) place: Place,
}

impl ContainerFacts {
    /// Whether it has a capability that is not in the default set.
    pub(crate) fn has_cap(&self, cap: &str) -> bool {
        self.is_privileged || self.added.contains(cap) || self.added.contains("ALL")
    }

    /// Whether it keeps a capability of the default set.
    pub(crate) fn keeps_cap(&self, cap: &str) -> bool {
        self.has_cap(cap) || !(self.dropped.contains(cap) || self.dropped.contains("ALL"))
    }
}

/// A workload's pod. All replicas are alike and stand as one.
#[derive(Debug, Clone)]
pub(crate) struct PodFacts {
    pub(crate) kind: WorkloadKind,
    pub(crate) object_kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) account: String,
    /// The pod's own `automountServiceAccountToken`.
    pub(crate) automount: Option<bool>,
    pub(crate) host_pid: bool,
    pub(crate) host_network: bool,
    pub(crate) shares_processes: bool,
    pub(crate) node: Option<String>,
    pub(crate) may_run_on_control_plane: bool,
    pub(crate) containers: Vec<ContainerFacts>,
    pub(crate) volumes: Vec<VolumeFacts>,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct SecretFacts {
    /// The service account whose token it holds.
    pub(crate) token_of: Option<String>,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct NodeFacts {
    pub(crate) is_control_plane: bool,
    pub(crate) kernel: String,
    pub(crate) runtime: String,
    pub(crate) provider: String,
    pub(crate) place: Place,
}

/// A Service, Ingress or Gateway route that leads from outside to pods.
#[derive(Debug, Clone)]
pub(crate) struct ServiceFacts {
    pub(crate) selector: BTreeMap<String, String>,
    pub(crate) kind: String,
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) struct IngressFacts {
    pub(crate) services: Vec<String>,
    pub(crate) place: Place,
}

/// A NetworkPolicy, as far as the metadata address is concerned.
#[derive(Debug, Clone)]
pub(crate) struct EgressPolicy {
    pub(crate) selector: Vec<(String, haechi_objects::SelectorOperator, Vec<String>)>,
    /// Whether it lets traffic to 169.254.169.254 through.
    pub(crate) allows_metadata: bool,
}

/// How far a port is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// In the pod's own network address.
    Pod,
    /// On the node's address.
    Node,
    /// Behind a Service.
    Service,
}

/// A port that something listens on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The pod's namespace.
    pub namespace: String,
    /// The workload.
    pub pod: String,
    /// The port's name or number; for a Service its name.
    pub name: String,
    /// How far it is open.
    pub exposure: Exposure,
}

/// How a kubelet guards its port.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KubeletFacts {
    pub(crate) is_anonymous: bool,
    pub(crate) has_read_only_port: bool,
    pub(crate) place: Place,
}

/// The ConfigMap `aws-auth`, its values as written.
#[derive(Debug, Clone)]
pub(crate) struct AwsAuthMap {
    pub(crate) roles: String,
    pub(crate) users: String,
    pub(crate) accounts: String,
    pub(crate) place: Place,
}

/// Everything but roles and bindings that attack paths are made of.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    pub(crate) namespaces: BTreeMap<String, NamespaceFacts>,
    pub(crate) accounts: BTreeMap<Key, AccountFacts>,
    pub(crate) pods: Vec<PodFacts>,
    pub(crate) secrets: BTreeMap<Key, SecretFacts>,
    /// Secrets that somebody asks about and that were not in the input.
    pub(crate) asked_secrets: BTreeSet<Key>,
    pub(crate) nodes: BTreeMap<String, NodeFacts>,
    pub(crate) services: BTreeMap<Key, ServiceFacts>,
    pub(crate) ingresses: Vec<(String, IngressFacts)>,
    pub(crate) egress: BTreeMap<String, Vec<EgressPolicy>>,
    pub(crate) kubelets: Vec<KubeletFacts>,
    /// Names of Gatekeeper, Kyverno or admission policy objects and webhooks: they may refuse what RBAC allows.
    pub(crate) admission_guards: Vec<String>,
    pub(crate) config_maps: BTreeSet<Key>,
    pub(crate) aws_auth: Option<AwsAuthMap>,
}

impl Inventory {
    /// Reads every object of a document that attack paths are concerned with.
    pub fn add_document(&mut self, source: u32, document: &Document, templates: &PodTemplates) {
        for object in objects(document).objects {
            self.add_object(source, object, templates);
        }
    }

    /// Says that a Secret is asked about, which may exist though the input does not have it.
    pub fn ask_for_secret(&mut self, namespace: &str, name: &str) {
        self.asked_secrets.insert((namespace.to_owned(), name.to_owned()));
    }

    /// Reads one object.
    pub fn add_object(&mut self, source: u32, object: Object<'_>, templates: &PodTemplates) {
        let place = Place { source, span: object.anchor_span() };
        let namespace = object.namespace().unwrap_or("default").to_owned();
        let key = (namespace.clone(), object.name().to_owned());
        if let Some(pod) = templates.pod(object) {
            self.pods.push(read_pod(source, pod));
            return;
        }
        match (object.group(), object.kind()) {
            ("", "Namespace") => {
                let enforce = object.labels().get("pod-security.kubernetes.io/enforce");
                let enforce = match enforce {
                    Some("restricted") => Some(PodSecurity::Restricted),
                    Some("baseline") => Some(PodSecurity::Baseline),
                    // An unknown level is refused by the API server; nothing is enforced by it.
                    _ => Some(PodSecurity::Privileged),
                };
                self.namespaces.insert(key.1, NamespaceFacts { is_seen: true, enforce, place });
            }
            ("", "ServiceAccount") => {
                let facts = AccountFacts {
                    automount: object.node().get("automountServiceAccountToken").and_then(Node::as_bool),
                    role_arn: object
                        .annotation("eks.amazonaws.com/role-arn")
                        .and_then(Node::as_str)
                        .map(str::to_owned),
                    place,
                };
                self.accounts.insert(key, facts);
            }
            ("", "Secret") => {
                let is_token = object.node().get("type").and_then(Node::as_str)
                    == Some("kubernetes.io/service-account-token");
                let account = object
                    .annotation("kubernetes.io/service-account.name")
                    .and_then(Node::as_str)
                    .map(str::to_owned);
                let token_of = account.filter(|_| is_token);
                // Of a live cluster, Secrets with tokens are listed once more by their type.
                if token_of.is_some() || self.secrets.get(&key).is_none_or(|known| known.token_of.is_none()) {
                    self.secrets.insert(key, SecretFacts { token_of, place });
                }
            }
            ("", "Node") => self.read_node(object, place),
            ("", "Service") => self.read_service(object, key, place),
            ("networking.k8s.io" | "extensions", "Ingress") => self.read_ingress(object, namespace, place),
            ("gateway.networking.k8s.io", "HTTPRoute" | "TCPRoute" | "TLSRoute" | "GRPCRoute") => {
                self.read_route(object, namespace, place);
            }
            ("networking.k8s.io", "NetworkPolicy") => self.read_network_policy(object, namespace),
            ("", "ConfigMap") => {
                if key.0 == "kube-system" && key.1 == "aws-auth" {
                    let data = |key| {
                        let text = object.node().at(&["data", key]).and_then(Node::as_str);
                        text.unwrap_or_default().to_owned()
                    };
                    self.aws_auth = Some(AwsAuthMap {
                        roles: data("mapRoles"),
                        users: data("mapUsers"),
                        accounts: data("mapAccounts"),
                        place,
                    });
                }
                self.config_maps.insert(key);
            }
            ("kubelet.config.k8s.io", "KubeletConfiguration") => self.read_kubelet(object, place),
            (
                "admissionregistration.k8s.io",
                "ValidatingWebhookConfiguration" | "ValidatingAdmissionPolicy",
            )
            | ("kyverno.io", "ClusterPolicy" | "Policy") => {
                self.admission_guards.push(format!("{} {}", object.kind(), object.name()));
            }
            ("constraints.gatekeeper.sh", _) => {
                self.admission_guards.push(format!("{} {}", object.kind(), object.name()));
            }
            _ => {}
        }
    }

    fn read_node(&mut self, object: Object<'_>, place: Place) {
        let info = |key| {
            let text = object.node().at(&["status", "nodeInfo", key]).and_then(Node::as_str);
            text.unwrap_or_default().to_owned()
        };
        let labels = object.labels();
        let facts = NodeFacts {
            is_control_plane: ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]
                .iter()
                .any(|label| labels.get(label).is_some()),
            kernel: info("kernelVersion"),
            runtime: info("containerRuntimeVersion"),
            provider: object
                .node()
                .at(&["spec", "providerID"])
                .and_then(Node::as_str)
                .unwrap_or_default()
                .to_owned(),
            place,
        };
        self.nodes.insert(object.name().to_owned(), facts);
    }

    fn read_service(&mut self, object: Object<'_>, key: Key, place: Place) {
        let Some(spec) = object.spec() else { return };
        let selector = haechi_objects::Labels::new(spec.get("selector"));
        let external = spec.get("externalIPs").is_some_and(|ips| !ips.is_empty());
        let kind = match spec.get("type").and_then(Node::as_str) {
            Some(kind @ ("LoadBalancer" | "NodePort")) => kind,
            _ if external => "external IP",
            _ => "ClusterIP",
        };
        // A load balancer with this annotation has an address inside of the network only.
        let internal = [
            "service.beta.kubernetes.io/aws-load-balancer-internal",
            "service.beta.kubernetes.io/azure-load-balancer-internal",
            "networking.gke.io/load-balancer-type",
        ];
        let is_internal = internal.iter().any(|name| {
            object.annotation(name).and_then(Node::as_str).is_some_and(|value| {
                value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("internal")
            })
        }) || object
            .annotation("service.beta.kubernetes.io/aws-load-balancer-scheme")
            .and_then(Node::as_str)
            == Some("internal");
        let facts = ServiceFacts {
            selector: selector.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            kind: if is_internal { "internal load balancer".to_owned() } else { kind.to_owned() },
            place,
        };
        self.services.insert(key, facts);
    }

    fn read_ingress(&mut self, object: Object<'_>, namespace: String, place: Place) {
        let Some(spec) = object.spec() else { return };
        let mut services = Vec::new();
        let mut take = |backend: Option<Node<'_>>| {
            let name = backend.and_then(|backend| {
                backend.at(&["service", "name"]).or_else(|| backend.get("serviceName")).and_then(Node::as_str)
            });
            services.extend(name.map(str::to_owned));
        };
        take(spec.get("defaultBackend").or_else(|| spec.get("backend")));
        for rule in spec.get("rules").map(Node::items).into_iter().flatten() {
            for path in rule.at(&["http", "paths"]).map(Node::items).into_iter().flatten() {
                take(path.get("backend"));
            }
        }
        self.ingresses.push((namespace, IngressFacts { services, place }));
    }

    fn read_route(&mut self, object: Object<'_>, namespace: String, place: Place) {
        let Some(spec) = object.spec() else { return };
        let mut services = Vec::new();
        for rule in spec.get("rules").map(Node::items).into_iter().flatten() {
            for backend in rule.get("backendRefs").map(Node::items).into_iter().flatten() {
                services.extend(backend.get("name").and_then(Node::as_str).map(str::to_owned));
            }
        }
        self.ingresses.push((namespace, IngressFacts { services, place }));
    }

    fn read_network_policy(&mut self, object: Object<'_>, namespace: String) {
        let Some(spec) = object.spec() else { return };
        let egress = spec.get("egress");
        let types = spec.get("policyTypes");
        let is_egress = match types {
            Some(types) => types.items().any(|name| name.as_str() == Some("Egress")),
            None => egress.is_some_and(|rules| !rules.is_empty()),
        };
        if !is_egress {
            return;
        }
        let Some(Ok(selector)) = spec.get("podSelector").map(LabelSelector::parse) else { return };
        let allows_metadata =
            egress.map(Node::items).into_iter().flatten().any(|rule| match rule.get("to") {
                None => true,
                Some(to) if to.is_empty() => true,
                Some(to) => to.items().filter_map(|peer| peer.get("ipBlock")).any(|block| {
                    let text = |key| block.get(key).and_then(Node::as_str);
                    let is_in = text("cidr").is_some_and(has_metadata_address);
                    let excepted = block.get("except").map(Node::items).into_iter().flatten();
                    is_in && !excepted.filter_map(Node::as_str).any(has_metadata_address)
                }),
            });
        let requirements = selector.requirements.iter().map(|requirement| {
            let values = requirement.values.iter().map(|value| (*value).to_owned()).collect();
            (requirement.key.to_owned(), requirement.operator, values)
        });
        let policy = EgressPolicy { selector: requirements.collect(), allows_metadata };
        self.egress.entry(namespace).or_default().push(policy);
    }

    fn read_kubelet(&mut self, object: Object<'_>, place: Place) {
        let node = object.node();
        let anonymous = node.at(&["authentication", "anonymous", "enabled"]).and_then(Node::as_bool);
        let mode = node.at(&["authorization", "mode"]).and_then(Node::as_str);
        self.kubelets.push(KubeletFacts {
            is_anonymous: anonymous == Some(true) && mode == Some("AlwaysAllow"),
            has_read_only_port: node.get("readOnlyPort").and_then(Node::as_i64).is_some_and(|port| port != 0),
            place,
        });
    }

    /// Every port that something listens on, with how far it is open.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let mut found = Vec::new();
        for pod in &self.pods {
            for container in &pod.containers {
                for (name, port, host_port) in &container.ports {
                    let exposure = if host_port.is_some() { Exposure::Node } else { Exposure::Pod };
                    let name = if name.is_empty() { port.to_string() } else { name.clone() };
                    found.push(Endpoint {
                        namespace: pod.namespace.clone(),
                        pod: pod.name.clone(),
                        name,
                        exposure,
                    });
                }
            }
        }
        for ((namespace, name), service) in &self.services {
            let is_selected = |pod: &&PodFacts| {
                pod.namespace == *namespace
                    && !service.selector.is_empty()
                    && service.selector.iter().all(|(label, value)| pod.labels.get(label) == Some(value))
            };
            for pod in self.pods.iter().filter(is_selected) {
                found.push(Endpoint {
                    namespace: namespace.clone(),
                    pod: pod.name.clone(),
                    name: name.clone(),
                    exposure: Exposure::Service,
                });
            }
        }
        found
    }

    /// Whether the pod's traffic to the metadata address of the cloud is cut by a NetworkPolicy.
    pub(crate) fn is_metadata_cut(&self, pod: &PodFacts) -> bool {
        if pod.host_network {
            return false;
        }
        let Some(policies) = self.egress.get(&pod.namespace) else { return false };
        let selecting = policies.iter().filter(|policy| is_selected(&policy.selector, &pod.labels));
        let mut is_isolated = false;
        for policy in selecting {
            if policy.allows_metadata {
                return false;
            }
            is_isolated = true;
        }
        is_isolated
    }

    /// Whether a pod gets a token of its account. The pod's own field wins over the account's.
    pub(crate) fn has_token(&self, pod: &PodFacts) -> bool {
        let account = self.accounts.get(&(pod.namespace.clone(), pod.account.clone()));
        pod.automount.or_else(|| account.and_then(|account| account.automount)).unwrap_or(true)
            || pod.volumes.iter().any(|volume| matches!(volume.source, VolumeSource::Token(None)))
    }
}

fn is_selected(
    requirements: &[(String, haechi_objects::SelectorOperator, Vec<String>)],
    labels: &BTreeMap<String, String>,
) -> bool {
    use haechi_objects::SelectorOperator as Op;
    requirements.iter().all(|(key, operator, values)| {
        let value = labels.get(key);
        match operator {
            Op::In => value.is_some_and(|value| values.contains(value)),
            Op::NotIn => value.is_none_or(|value| !values.contains(value)),
            Op::Exists => value.is_some(),
            Op::DoesNotExist => value.is_none(),
        }
    })
}

/// Whether a CIDR holds 169.254.169.254.
fn has_metadata_address(cidr: &str) -> bool {
    let Some((address, bits)) = cidr.split_once('/') else { return cidr == "169.254.169.254" };
    let (Ok(address), Ok(bits)) = (address.parse::<std::net::Ipv4Addr>(), bits.parse::<u32>()) else {
        return false;
    };
    let mask = u32::MAX.checked_shl(32u32.saturating_sub(bits)).unwrap_or(0);
    let metadata = u32::from(std::net::Ipv4Addr::new(169, 254, 169, 254));
    bits <= 32 && u32::from(address) & mask == metadata & mask
}

fn read_pod(source: u32, pod: Pod<'_>) -> PodFacts {
    let object = pod.object();
    let spec = pod.spec();
    let text =
        |key: &str| spec.get(key).and_then(Node::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let flag = |key: &str| spec.get(key).is_some_and(Node::is_true);
    let at = |node: Node<'_>| Place { source, span: node.anchor_span() };
    let volumes: Vec<VolumeFacts> = pod
        .volumes()
        .map(|volume| VolumeFacts {
            name: volume.get("name").and_then(Node::as_str).unwrap_or_default().to_owned(),
            source: volume_source(volume),
            place: at(volume),
        })
        .collect();
    let containers = pod.containers().map(|container| read_container(source, container, &volumes)).collect();
    PodFacts {
        kind: pod.kind(),
        object_kind: object.kind().to_owned(),
        namespace: object.namespace().unwrap_or("default").to_owned(),
        name: object.name().to_owned(),
        labels: pod.labels().iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        account: text("serviceAccountName")
            .or_else(|| text("serviceAccount"))
            .unwrap_or_else(|| "default".to_owned()),
        automount: spec.get("automountServiceAccountToken").and_then(Node::as_bool),
        host_pid: flag("hostPID"),
        host_network: flag("hostNetwork"),
        shares_processes: flag("shareProcessNamespace"),
        node: text("nodeName"),
        may_run_on_control_plane: tolerates_control_plane(spec),
        containers,
        volumes,
        place: Place { source, span: object.anchor_span() },
    }
}

fn tolerates_control_plane(spec: Node<'_>) -> bool {
    spec.get("tolerations").map(Node::items).into_iter().flatten().any(|toleration| {
        let key = toleration.get("key").and_then(Node::as_str).unwrap_or_default();
        let exists = toleration.get("operator").and_then(Node::as_str) == Some("Exists");
        (key.is_empty() && exists)
            || key == "node-role.kubernetes.io/control-plane"
            || key == "node-role.kubernetes.io/master"
    })
}

fn volume_source(volume: Node<'_>) -> VolumeSource {
    let text = |path: &[&str]| volume.at(path).and_then(Node::as_str).map(str::to_owned);
    if let Some(path) = text(&["hostPath", "path"]) {
        return VolumeSource::HostPath(normal_path(&path));
    }
    if let Some(name) = text(&["secret", "secretName"]) {
        return VolumeSource::Secret(name);
    }
    if let Some(name) = text(&["persistentVolumeClaim", "claimName"]) {
        return VolumeSource::Claim(name);
    }
    for source in volume.at(&["projected", "sources"]).map(Node::items).into_iter().flatten() {
        if let Some(token) = source.get("serviceAccountToken") {
            return VolumeSource::Token(token.get("audience").and_then(Node::as_str).map(str::to_owned));
        }
        if let Some(name) = source.at(&["secret", "name"]).and_then(Node::as_str) {
            return VolumeSource::Secret(name.to_owned());
        }
    }
    VolumeSource::Other
}

/// `/var//log/` is `/var/log`, `..` steps back as the kernel would.
fn normal_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn read_container(source: u32, container: Container<'_>, volumes: &[VolumeFacts]) -> ContainerFacts {
    let caps = |list: &str| -> BTreeSet<String> {
        let names = container.security("capabilities").and_then(|caps| caps.get(list)).map(Node::items);
        names
            .into_iter()
            .flatten()
            .filter_map(Node::as_str)
            .map(|name| name.to_ascii_uppercase().trim_start_matches("CAP_").to_owned())
            .collect()
    };
    let texts = |key: &str| {
        container
            .node()
            .get(key)
            .map(Node::items)
            .into_iter()
            .flatten()
            .filter_map(Node::as_str)
            .map(str::to_owned)
    };
    let number = |key| container.effective(key).and_then(|setting| setting.node.as_i64());
    let profile = |key: &str| {
        container
            .effective(key)
            .and_then(|setting| setting.node.get("type"))
            .and_then(Node::as_str)
            .map(str::to_owned)
    };
    let mounts = container.node().get("volumeMounts").map(Node::items).into_iter().flatten();
    let mounts = mounts.filter_map(|mount| {
        let name = mount.get("name").and_then(Node::as_str)?;
        Some(Mount {
            volume: volumes.iter().position(|volume| volume.name == name)?,
            is_read_only: mount.get("readOnly").is_some_and(Node::is_true),
            place: Place { source, span: mount.anchor_span() },
        })
    });
    let ports = container.node().get("ports").map(Node::items).into_iter().flatten().map(|port| {
        let name = port.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
        let number = |key| port.get(key).and_then(Node::as_i64);
        (name, number("containerPort").unwrap_or_default(), number("hostPort").filter(|port| *port != 0))
    });
    let mut env_secrets = Vec::new();
    for entry in container.node().get("env").map(Node::items).into_iter().flatten() {
        env_secrets.extend(
            entry.at(&["valueFrom", "secretKeyRef", "name"]).and_then(Node::as_str).map(str::to_owned),
        );
    }
    for entry in container.node().get("envFrom").map(Node::items).into_iter().flatten() {
        env_secrets.extend(entry.at(&["secretRef", "name"]).and_then(Node::as_str).map(str::to_owned));
    }
    let runs_as = number("runAsUser");
    let non_root = container.effective("runAsNonRoot").is_some_and(|setting| setting.node.is_true());
    let name_span = container.node().get("name").map_or_else(|| container.node().anchor_span(), Node::span);
    ContainerFacts {
        name: container.name().to_owned(),
        image: container.image().and_then(Node::as_str).unwrap_or_default().to_owned(),
        arguments: texts("command").chain(texts("args")).collect(),
        is_privileged: container.security("privileged").is_some_and(Node::is_true),
        added: caps("add"),
        dropped: caps("drop"),
        is_root_excluded: runs_as.is_some_and(|user| user != 0) || (non_root && runs_as != Some(0)),
        has_seccomp: profile("seccompProfile").is_some_and(|kind| kind != "Unconfined"),
        is_apparmor_unconfined: profile("appArmorProfile").as_deref() == Some("Unconfined"),
        mounts: mounts.collect(),
        ports: ports.collect(),
        env_secrets,
        place: Place { source, span: name_span },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_address_is_found_in_blocks() {
        assert!(has_metadata_address("0.0.0.0/0"));
        assert!(has_metadata_address("169.254.0.0/16"));
        assert!(has_metadata_address("169.254.169.254/32"));
        assert!(!has_metadata_address("10.0.0.0/8"));
        assert!(!has_metadata_address("fe80::/10"));
    }

    #[test]
    fn paths_are_read_as_the_kernel_does() {
        assert_eq!(normal_path("/var/lib/../log//"), "/var/log");
        assert_eq!(normal_path("/"), "/");
    }
}
