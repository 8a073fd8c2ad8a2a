//! PeerAuthentication and DestinationRule: whether calls are mutual TLS, and which of them cannot work.

use std::collections::BTreeMap;

use haechi_objects::{Labels, Object};
use haechi_syntax::Node;

use crate::world::{Endpoint, LabelMap, MeshMode, Origin, PolicyRef};

/// What a workload takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MtlsMode {
    /// Plain text and mutual TLS.
    Permissive,
    /// Only mutual TLS.
    Strict,
    /// Only plain text.
    Disable,
}

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientTls {
    /// Whatever the server is known to take.
    Auto,
    /// No TLS.
    Disable,
    /// TLS that shows only the server's certificate.
    Simple,
    /// Mutual TLS with certificates of its own.
    Mutual,
    /// Mutual TLS with the mesh's certificates.
    IstioMutual,
}

/// How a connection is protected on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encryption {
    /// Mutual TLS.
    MutualTls,
    /// TLS that ends at the ingress, or that shows only the server.
    Tls,
    /// Encrypted by the network plugin between nodes (WireGuard, IPsec).
    Network,
    /// Not at all.
    Plaintext,
    /// Not known.
    Unknown,
    /// The client does what the server refuses.
    Broken,
}

impl Encryption {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Encryption::MutualTls => "mtls",
            Encryption::Tls => "tls",
            Encryption::Network => "network",
            Encryption::Plaintext => "plaintext",
            Encryption::Unknown => "unknown",
            Encryption::Broken => "broken",
        }
    }
}

/// A PeerAuthentication.
#[derive(Debug, Clone)]
pub struct PeerAuthentication {
    /// Its name.
    pub id: PolicyRef,
    /// `metadata.creationTimestamp`; empty if not known. The oldest wins among equals.
    pub created: String,
    /// The workloads that it is for; everything in its namespace where it has none.
    pub selector: Option<LabelMap>,
    /// The mode; `None` takes that of the level above.
    pub mode: Option<MtlsMode>,
    /// Modes of single ports; only those of a policy with a selector count.
    pub ports: BTreeMap<u16, Option<MtlsMode>>,
    /// Where it stands.
    pub origin: Option<Origin>,
}

/// A DestinationRule, as far as TLS is concerned.
#[derive(Debug, Clone)]
pub struct DestinationRule {
    /// Its name.
    pub id: PolicyRef,
    /// The host that it is for.
    pub host: String,
    /// Mode for all ports.
    pub mode: Option<ClientTls>,
    /// Modes of single ports.
    pub ports: BTreeMap<u16, ClientTls>,
    /// Whether certificates are not checked.
    pub skips_verification: bool,
    /// Where it stands.
    pub origin: Option<Origin>,
}

fn mtls_mode(node: Option<Node<'_>>) -> Option<MtlsMode> {
    match node?.get("mode")?.as_str()? {
        "STRICT" => Some(MtlsMode::Strict),
        "PERMISSIVE" => Some(MtlsMode::Permissive),
        "DISABLE" => Some(MtlsMode::Disable),
        // UNSET and whatever else is inherited.
        _ => None,
    }
}

fn client_tls(node: Option<Node<'_>>) -> Option<ClientTls> {
    match node?.get("mode").and_then(Node::as_str)? {
        "DISABLE" => Some(ClientTls::Disable),
        "SIMPLE" => Some(ClientTls::Simple),
        "MUTUAL" => Some(ClientTls::Mutual),
        "ISTIO_MUTUAL" => Some(ClientTls::IstioMutual),
        _ => None,
    }
}

fn policy_ref(object: Object<'_>) -> PolicyRef {
    PolicyRef {
        kind: object.kind().to_owned(),
        namespace: Some(object.namespace().unwrap_or("default").to_owned()),
        name: object.name().to_owned(),
    }
}

impl PeerAuthentication {
    /// Reads an object of that kind; `None` for anything else.
    pub fn read(object: Object<'_>, origin: Option<Origin>) -> Option<Self> {
        if !object.is("security.istio.io", "PeerAuthentication") {
            return None;
        }
        let spec = object.spec();
        let field = |key: &str| spec.and_then(|spec| spec.get(key));
        let selector = field("selector").and_then(|selector| selector.get("matchLabels"));
        let ports = field("portLevelMtls").into_iter().flat_map(Node::entries);
        Some(Self {
            id: policy_ref(object),
            created: object
                .metadata()
                .and_then(|metadata| metadata.get("creationTimestamp")?.as_str())
                .unwrap_or_default()
                .to_owned(),
            selector: selector.map(|labels| {
                Labels::new(Some(labels))
                    .iter()
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .collect()
            }),
            mode: mtls_mode(field("mtls")),
            ports: ports
                .filter_map(|port| Some((port.key.parse().ok()?, mtls_mode(Some(port.value)))))
                .collect(),
            origin,
        })
    }
}

impl DestinationRule {
    /// Reads an object of that kind; `None` for anything else.
    pub fn read(object: Object<'_>, origin: Option<Origin>) -> Option<Self> {
        if !object.is("networking.istio.io", "DestinationRule") {
            return None;
        }
        let spec = object.spec()?;
        let policy = spec.get("trafficPolicy");
        let tls = policy.and_then(|policy| policy.get("tls"));
        let levels =
            policy.and_then(|policy| policy.get("portLevelSettings")).into_iter().flat_map(Node::items);
        Some(Self {
            id: policy_ref(object),
            host: spec.get("host").and_then(Node::as_str).unwrap_or_default().to_owned(),
            mode: client_tls(tls),
            ports: levels
                .filter_map(|level| {
                    let port = level.at(&["port", "number"])?.as_i64()?;
                    Some((u16::try_from(port).ok()?, client_tls(level.get("tls"))?))
                })
                .collect(),
            skips_verification: tls
                .is_some_and(|tls| tls.get("insecureSkipVerify").is_some_and(Node::is_true)),
            origin,
        })
    }

    /// Whether the rule is for a Service, by its short or full name or by a pattern.
    pub fn is_for(&self, service: &str, namespace: &str) -> bool {
        let own = self.id.namespace.as_deref().unwrap_or_default();
        let full = format!("{service}.{namespace}.svc.cluster.local");
        let host = if self.host.contains('.') || self.host.starts_with('*') {
            self.host.clone()
        } else {
            format!("{}.{own}.svc.cluster.local", self.host)
        };
        match host.strip_prefix('*') {
            Some(suffix) => full.ends_with(suffix),
            None => host == full || full.starts_with(&format!("{host}.")),
        }
    }
}

/// Everything that decides about encryption in the mesh.
#[derive(Debug, Clone, Default)]
pub struct MeshSecurity {
    /// PeerAuthentications.
    pub peers: Vec<PeerAuthentication>,
    /// DestinationRules.
    pub rules: Vec<DestinationRule>,
    /// Sidecars.
    pub sidecars: Vec<super::sidecar::Sidecar>,
    /// Whether proxies refuse destinations that they do not know, where no Sidecar says otherwise.
    pub registry_only: bool,
    /// The namespace whose policies are for the whole mesh; `istio-system` if empty.
    pub root_namespace: String,
    /// What the network plugin was seen to be told of encryption between nodes; `None` where nothing was seen.
    pub between_nodes: Option<NodeEncryption>,
}

impl MeshSecurity {
    /// The namespace whose policies are for the whole mesh.
    pub fn root(&self) -> &str {
        if self.root_namespace.is_empty() { "istio-system" } else { &self.root_namespace }
    }

    /// What a workload takes on a port, with the policy that says so. Source: workload before namespace before mesh;
    /// the oldest wins within a level; a selector in the root namespace makes a policy one of that namespace only.
    pub fn server_mode(&self, endpoint: &Endpoint, port: u16) -> (MtlsMode, Option<&PeerAuthentication>) {
        let root = self.root();
        let in_namespace =
            |policy: &&PeerAuthentication, namespace: &str| policy.id.namespace.as_deref() == Some(namespace);
        let oldest = |mut found: Vec<&'_ PeerAuthentication>| -> Option<usize> {
            found.sort_by(|a, b| (&a.created, &a.id.name).cmp(&(&b.created, &b.id.name)));
            let first = found.first()?;
            self.peers.iter().position(|policy| std::ptr::eq(policy, *first))
        };
        let workload = oldest(
            self.peers
                .iter()
                .filter(|policy| {
                    in_namespace(policy, &endpoint.namespace)
                        && policy.selector.as_ref().is_some_and(|selector| {
                            !selector.is_empty()
                                && selector.iter().all(|(key, value)| endpoint.labels.get(key) == Some(value))
                        })
                })
                .collect(),
        );
        let for_all = |namespace: &str| {
            let has_no_selector =
                |policy: &&PeerAuthentication| policy.selector.as_ref().is_none_or(LabelMap::is_empty);
            oldest(
                self.peers
                    .iter()
                    .filter(|policy| in_namespace(policy, namespace))
                    .filter(has_no_selector)
                    .collect(),
            )
        };
        let levels = [workload, for_all(&endpoint.namespace), for_all(root)];
        if let Some(policy) = workload.and_then(|index| self.peers.get(index))
            && let Some(Some(mode)) = policy.ports.get(&port)
        {
            return (*mode, Some(policy));
        }
        for policy in levels.into_iter().flatten().filter_map(|index| self.peers.get(index)) {
            if let Some(mode) = policy.mode {
                return (mode, Some(policy));
            }
        }
        (MtlsMode::Permissive, None)
    }

    /// What a client does when it calls a Service, with the rule that says so.
    pub fn client_mode(
        &self,
        client_namespace: &str,
        service: Option<(&str, &str)>,
        port: u16,
    ) -> (ClientTls, Option<&DestinationRule>) {
        let Some((service, namespace)) = service else { return (ClientTls::Auto, None) };
        // Source: the rule in the client's namespace counts before that of the Service's, before that of the root.
        for own in [client_namespace, namespace, self.root()] {
            let rule = self
                .rules
                .iter()
                .find(|rule| rule.id.namespace.as_deref() == Some(own) && rule.is_for(service, namespace));
            if let Some(rule) = rule {
                let mode = rule.ports.get(&port).copied().or(rule.mode);
                return (mode.unwrap_or(ClientTls::Auto), Some(rule));
            }
        }
        (ClientTls::Auto, None)
    }

    /// How a connection is protected that the mesh does not protect. Plain text means that nothing which was read
    /// encrypts it: what the programs do themselves is not to be seen.
    pub fn plain(&self, from: Option<&Endpoint>, to: &Endpoint) -> Encryption {
        let Some(from) = from else { return Encryption::Unknown };
        match &self.between_nodes {
            // Whether traffic of the nodes themselves is encrypted is a choice of its own.
            Some(_) if from.host_network || to.host_network => Encryption::Unknown,
            Some(NodeEncryption { is_on: true, .. }) => Encryption::Network,
            _ => Encryption::Plaintext,
        }
    }

    /// How a TCP connection from one endpoint to another is protected. `None` as client is something outside.
    /// `service_port` is the port of the Service that the client calls, `port` that of the workload.
    pub fn encryption(
        &self,
        from: Option<&Endpoint>,
        to: &Endpoint,
        service: Option<(&str, &str)>,
        service_port: u16,
        port: u16,
    ) -> Encryption {
        let (server, _) = self.server_mode(to, port);
        let is_in = |endpoint: &Endpoint| endpoint.mesh.may_be_in();
        let plain = self.plain(from, to);
        let Some(from) = from else {
            // What comes from outside to a strict workload has a certificate of the mesh or is refused.
            let is_strict = is_in(to) && server == MtlsMode::Strict;
            return if is_strict { Encryption::MutualTls } else { plain };
        };
        if [from.mesh, to.mesh].contains(&MeshMode::Unknown) {
            return if plain == Encryption::Network { plain } else { Encryption::Unknown };
        }
        let client = if is_in(from) {
            self.client_mode(&from.namespace, service, service_port).0
        } else {
            ClientTls::Disable
        };
        match (client, is_in(to), server) {
            (ClientTls::Auto, true, MtlsMode::Disable) | (ClientTls::Auto, false, _) => plain,
            (ClientTls::Auto | ClientTls::IstioMutual, true, MtlsMode::Permissive | MtlsMode::Strict) => {
                Encryption::MutualTls
            }
            (ClientTls::Disable | ClientTls::Simple | ClientTls::Mutual, true, MtlsMode::Strict)
            | (ClientTls::IstioMutual, true, MtlsMode::Disable)
            | (ClientTls::IstioMutual, false, _) => Encryption::Broken,
            // The client speaks TLS of its own, and the workload itself has to.
            (ClientTls::Simple, ..) => Encryption::Tls,
            (ClientTls::Mutual, ..) => Encryption::MutualTls,
            (ClientTls::Disable, ..) => plain,
        }
    }
}

/// What the configuration of a network plugin says of encryption between nodes.
#[derive(Debug, Clone)]
pub struct NodeEncryption {
    /// Whether it is on.
    pub is_on: bool,
    /// `WireGuard` or `IPsec`.
    pub by: &'static str,
    /// Where that stands.
    pub origin: Option<Origin>,
}

impl NodeEncryption {
    /// Reads the configuration of Cilium, Calico, Antrea and OVN-Kubernetes; `None` for anything else, and for
    /// configuration that does not speak of encryption.
    pub fn read(object: Object<'_>, origin: Option<Origin>) -> Option<Self> {
        let found = |is_on: bool, by: &'static str| Some(Self { is_on, by, origin: origin.clone() });
        let is_true = |node: Node<'_>| node.is_true() || node.as_str() == Some("true");
        match (object.group(), object.kind(), object.name()) {
            ("", "ConfigMap", "cilium-config") => {
                let data = object.node().get("data")?;
                for (key, by) in [("enable-wireguard", "WireGuard"), ("enable-ipsec", "IPsec")] {
                    if data.get(key).is_some_and(is_true) {
                        return found(true, by);
                    }
                }
                data.get("enable-wireguard").or_else(|| data.get("enable-ipsec"))?;
                found(false, "")
            }
            ("", "ConfigMap", "antrea-config") => {
                let text = object.node().get("data")?.get("antrea-agent.conf")?.as_str()?;
                let line =
                    text.lines().find_map(|line| line.trim().strip_prefix("trafficEncryptionMode:"))?;
                match line.trim().trim_matches('"').to_ascii_lowercase().as_str() {
                    "wireguard" => found(true, "WireGuard"),
                    "ipsec" => found(true, "IPsec"),
                    _ => found(false, ""),
                }
            }
            ("projectcalico.org" | "crd.projectcalico.org", "FelixConfiguration", "default") => {
                let spec = object.spec()?;
                let keys = ["wireguardEnabled", "wireguardEnabledV6"];
                let set: Vec<Node<'_>> = keys.iter().filter_map(|key| spec.get(key)).collect();
                if set.is_empty() { None } else { found(set.into_iter().any(is_true), "WireGuard") }
            }
            ("operator.openshift.io", "Network", _) => {
                let config = object.spec()?.at(&["defaultNetwork", "ovnKubernetesConfig", "ipsecConfig"])?;
                // An empty object is the old way to switch it on.
                let mode = config.get("mode").and_then(Node::as_str).unwrap_or("Full");
                found(mode == "Full", "IPsec")
            }
            _ => None,
        }
    }
}
