//! What the engine is asked about: namespaces, endpoints and policies as plain data.
//!
//! Every kind of policy becomes the same [`Policy`]: who it is for, and rules that allow, deny or pass traffic from
//! or to peers. What makes the kinds differ (who is asked first, what happens to traffic that no rule names) is in
//! the [`Stage`]s.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use haechi_model::{Position, Span};
use haechi_syntax::Source;

use crate::ip::IpSet;
use crate::l4::Protocol;
use crate::space::Range;

/// Where in the manifests something stands.
#[derive(Clone)]
pub struct Origin {
    /// The file as the user named it.
    pub path: Arc<str>,
    /// Its text.
    pub source: Arc<Source>,
    /// The bytes.
    pub span: Span,
}

impl Origin {
    /// Line and column of the first character.
    pub fn position(&self) -> Position {
        self.source.position(self.span.start)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position();
        write!(f, "{}:{line}:{column}", self.path)
    }
}

impl fmt::Display for Origin {
    /// `path:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position();
        write!(f, "{}:{line}:{column}", self.path)
    }
}

/// Labels, sorted by key.
pub type LabelMap = BTreeMap<String, String>;

/// A condition on labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LabelExpr {
    /// Always holds.
    All,
    /// The key is there.
    Has(String),
    /// The key is there with one of the values.
    In(String, Vec<String>),
    /// The key is there and its value contains the text (Calico).
    Contains(String, String),
    /// The key is there and its value starts with the text (Calico).
    StartsWith(String, String),
    /// The key is there and its value ends with the text (Calico).
    EndsWith(String, String),
    /// The condition does not hold.
    Not(Box<LabelExpr>),
    /// All hold.
    And(Vec<LabelExpr>),
    /// At least one holds.
    Or(Vec<LabelExpr>),
}

impl LabelExpr {
    /// Whether labels fulfil the condition.
    pub fn matches<'l>(&self, value_of: &impl Fn(&str) -> Option<&'l str>) -> bool {
        match self {
            LabelExpr::All => true,
            LabelExpr::Has(key) => value_of(key).is_some(),
            LabelExpr::In(key, values) => {
                value_of(key).is_some_and(|value| values.iter().any(|v| v == value))
            }
            LabelExpr::Contains(key, part) => {
                value_of(key).is_some_and(|value| value.contains(part.as_str()))
            }
            LabelExpr::StartsWith(key, part) => {
                value_of(key).is_some_and(|value| value.starts_with(part.as_str()))
            }
            LabelExpr::EndsWith(key, part) => {
                value_of(key).is_some_and(|value| value.ends_with(part.as_str()))
            }
            LabelExpr::Not(inner) => !inner.matches(value_of),
            LabelExpr::And(parts) => parts.iter().all(|part| part.matches(value_of)),
            LabelExpr::Or(parts) => parts.iter().any(|part| part.matches(value_of)),
        }
    }

    /// As [`LabelExpr::matches`], on a map.
    pub fn matches_map(&self, labels: &LabelMap) -> bool {
        self.matches(&|key| labels.get(key).map(String::as_str))
    }

    /// All of the conditions hold; in a canonical form.
    pub fn all_of(mut parts: Vec<LabelExpr>) -> LabelExpr {
        parts.sort();
        parts.dedup();
        match parts.len() {
            0 => LabelExpr::All,
            1 => parts.swap_remove(0),
            _ => LabelExpr::And(parts),
        }
    }

    /// Calls `found` for every key that the condition looks at.
    pub fn for_each_key(&self, found: &mut impl FnMut(&str)) {
        match self {
            LabelExpr::All => {}
            LabelExpr::Has(key)
            | LabelExpr::In(key, _)
            | LabelExpr::Contains(key, _)
            | LabelExpr::StartsWith(key, _)
            | LabelExpr::EndsWith(key, _) => found(key),
            LabelExpr::Not(inner) => inner.for_each_key(found),
            LabelExpr::And(parts) | LabelExpr::Or(parts) => {
                parts.iter().for_each(|part| part.for_each_key(found));
            }
        }
    }
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespace {
    /// Its labels, with `kubernetes.io/metadata.name`.
    pub labels: LabelMap,
    /// Whether its object was seen; else only its name is known, because something lives in it.
    pub is_defined: bool,
}

/// What kind of thing talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum EndpointKind {
    /// A pod, or the pods of a workload that are alike.
    #[default]
    Pod,
    /// A network interface of a node that policies can name (Calico's HostEndpoint).
    Host,
    /// Something outside that is known by its DNS name.
    Name,
    /// The ingress controller: it stands for whatever forwards requests from outside, and no manifest shows it.
    IngressController,
    /// A pod that does not exist but that a policy speaks of; used to find what is exposed to such pods.
    Possible,
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortDeclaration {
    /// Its name; empty if it has none.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub port: u16,
}

/// One thing that connects or is connected to.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    /// What it is.
    pub kind: EndpointKind,
    /// The namespace; empty for what has none.
    pub namespace: String,
    /// Name of the pod or of the workload.
    pub name: String,
    /// Kind of the workload (`Deployment`, `Pod` …).
    pub workload: String,
    /// The pod's own name; empty where only the workload is known.
    pub pod: String,
    /// How many pods the workload asks for; 1 for a pod.
    pub replicas: u32,
    /// Calico profiles that it names itself.
    pub profiles: Vec<String>,
    /// Labels of the pods.
    pub labels: LabelMap,
    /// Declared ports.
    pub ports: Vec<PortDeclaration>,
    /// Ports of its node that lead to it: protocol, the node's port, its own.
    pub host_ports: Vec<(Protocol, u16, u16)>,
    /// Addresses, if known.
    pub ips: Vec<std::net::IpAddr>,
    /// Whether it lives in its node's network namespace.
    pub host_network: bool,
    /// Service account; empty if not known.
    pub service_account: String,
    /// The node, if known.
    pub node: Option<String>,
    /// Whether an Istio proxy stands before it.
    pub mesh: MeshMode,
    /// Which group of endpoints that take only mutual TLS it belongs to; 0 for none.
    pub strict_group: u32,
    /// Secondary networks that it has joined.
    pub networks: Vec<crate::read::networks::Membership>,
    /// Where it is declared.
    pub origin: Option<Origin>,
}

/// How an endpoint takes part in a service mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum MeshMode {
    /// Not at all.
    #[default]
    None,
    /// Through a proxy in the pod.
    Sidecar,
    /// Through the node's proxy (ambient mode).
    Ambient,
    /// Not to be told: its namespace was not read, and nothing of the pod says.
    Unknown,
}

impl fmt::Display for Endpoint {
    /// `namespace/name[Kind]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            EndpointKind::IngressController => f.write_str("{ingress-controller}"),
            EndpointKind::Name => f.write_str(&self.name),
            _ if self.namespace.is_empty() => write!(f, "{}[{}]", self.name, self.workload),
            _ => write!(f, "{}/{}[{}]", self.namespace, self.name, self.workload),
        }
    }
}

/// A set of things that talk, as a policy describes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PeerExpr {
    /// Everything, inside and outside.
    All,
    /// Nothing.
    Nothing,
    /// Pods by labels of their namespace and of their own.
    Pods {
        /// In which namespaces.
        namespaces: NamespaceExpr,
        /// Which of their pods.
        pods: LabelExpr,
    },
    /// Interfaces of nodes (Calico's HostEndpoints) by their labels.
    Hosts(LabelExpr),
    /// Everything in the network of a node: host endpoints and pods with `hostNetwork`.
    Nodes,
    /// Addresses. Whether that includes pods that have them is the CNI's choice.
    Addresses(IpSet),
    /// Everything outside the cluster, whatever its address.
    Outside,
    /// Pods whose service account fulfils a condition.
    ServiceAccounts(Vec<String>),
    /// Endpoints that name just these Calico profiles, in this order.
    CalicoProfiles(Vec<String>),
    /// Callers whose address is one of these, as a proxy beside the workload sees them: pods have theirs.
    SourceAddresses(IpSet),
    /// Workloads of the mesh that have such an identity.
    Identity(Identity),
    /// Workloads before which a proxy of the mesh stands.
    InMesh,
    /// Endpoints that take only mutual TLS, by the number of their group.
    StrictMtls(u32),
    /// Things outside that are known by name and match the pattern.
    Names(String),
    /// The pods of a namespace and name, exactly.
    Endpoint(usize),
    /// In all of them.
    And(Vec<PeerExpr>),
    /// In at least one.
    Or(Vec<PeerExpr>),
    /// Everything else.
    Not(Box<PeerExpr>),
    /// Some unknown part of that; the text says why it is unknown.
    Unknown(Box<PeerExpr>, &'static str),
}

/// A condition on the identity that a workload of the mesh shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// `trust domain/ns/namespace/sa/account`.
    Principal(crate::strings::Pattern),
    /// Its namespace.
    Namespace(crate::strings::Pattern),
}

/// A set of namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NamespaceExpr {
    /// The one with that name.
    Named(String),
    /// Those whose labels fulfil the condition.
    Labels(LabelExpr),
}

/// Ports by number or name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PortSet {
    /// Numbers on the first line of [`crate::space`] (for source ports: port numbers).
    pub ranges: Vec<Range>,
    /// Names, with the protocol they must have where one is given.
    pub names: Vec<(Option<Protocol>, String)>,
}

/// HTTP requests, by the patterns of the policy (see [`crate::strings::Pattern`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct HttpMatch {
    /// Methods; empty is any.
    pub methods: Vec<String>,
    /// Methods that are not.
    pub not_methods: Vec<String>,
    /// Paths; empty is any.
    pub paths: Vec<crate::strings::Pattern>,
    /// Paths that are not.
    pub not_paths: Vec<crate::strings::Pattern>,
    /// Hosts; empty is any.
    pub hosts: Vec<crate::strings::Pattern>,
    /// Hosts that are not.
    pub not_hosts: Vec<crate::strings::Pattern>,
}

/// One alternative of what a rule speaks of; all conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Match {
    /// To these ports; `None` is any connection.
    pub ports: Option<PortSet>,
    /// But not to these.
    pub not_ports: Option<PortSet>,
    /// From these source ports.
    pub source_ports: Option<PortSet>,
    /// But not from these.
    pub not_source_ports: Option<PortSet>,
    /// Only these requests.
    pub http: Option<HttpMatch>,
}

/// A label selector as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RawSelector {
    /// `matchLabels`.
    pub labels: Vec<(String, String)>,
    /// `matchExpressions`: key, operator, values.
    pub expressions: Vec<(String, &'static str, Vec<String>)>,
}

impl RawSelector {
    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }
}

/// Pods as a rule describes them, whether or not there are any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PossiblePeer {
    /// By labels of their namespaces.
    pub namespaces: RawSelector,
    /// By their own labels.
    pub pods: RawSelector,
}

impl PossiblePeer {
    /// Whether both descriptions ask for the same.
    pub fn is_same(&self, other: &PossiblePeer) -> bool {
        self.namespaces.condition() == other.namespaces.condition()
            && self.pods.condition() == other.pods.condition()
    }
}

/// What a rule does with the traffic that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Lets it through.
    Allow,
    /// Stops it.
    Deny,
    /// Leaves it to the next stage.
    Pass,
    /// Only notes it.
    Log,
}

/// One rule of a policy.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What happens.
    pub action: Action,
    /// The other side.
    pub peer: PeerExpr,
    /// For which of the policy's own endpoints the rule is (Calico); elsewhere all.
    pub subject: PeerExpr,
    /// Which traffic; empty is any.
    pub traffic: Vec<Match>,
    /// Its peers that are pods, as written.
    pub selectors: Vec<PossiblePeer>,
    /// Whether it is not known what the rule's ports or requests are: then it may hold for less than it says.
    pub is_uncertain: bool,
    /// Its name, if the policy gives it one.
    pub name: Option<String>,
    /// Where it stands.
    pub origin: Option<Origin>,
}

/// Name of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyRef {
    /// Its kind.
    pub kind: String,
    /// Its namespace, if it is in one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl fmt::Display for PolicyRef {
    /// `Kind namespace/name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// A policy of any kind.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name.
    pub id: PolicyRef,
    /// The stage it belongs to, by index in [`World::stages`].
    pub stage: usize,
    /// Its place in the stage: lower is asked first. Equal ones go by `id`.
    pub order: f64,
    /// For whom.
    pub subject: PeerExpr,
    /// Rules for what comes in; `None` where the policy says nothing about that direction.
    pub ingress: Option<Vec<Rule>>,
    /// Rules for what goes out.
    pub egress: Option<Vec<Rule>>,
    /// Whether being selected is enough to refuse what no rule allows (only in [`StageKind::Union`]).
    pub isolates: bool,
    /// Why the policy could not be wholly read, if so. Then nothing is sure of the endpoints it may be for.
    pub unreadable: Option<String>,
    /// Where it stands.
    pub origin: Option<Origin>,
}

impl Policy {
    /// The rules of a direction.
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

/// Which way a connection goes, seen from the endpoint that a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Towards it.
    Ingress,
    /// Away from it.
    Egress,
}

impl Direction {
    /// Both.
    pub const BOTH: [Direction; 2] = [Direction::Ingress, Direction::Egress];

    fn index(self) -> usize {
        match self {
            Direction::Ingress => 0,
            Direction::Egress => 1,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.index() == 0 { "Ingress" } else { "Egress" })
    }
}

/// How the policies of a stage work together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageKind {
    /// The first rule that names the traffic decides; what none names goes on to the next stage
    /// (AdminNetworkPolicy, ClusterNetworkPolicy).
    Ordered,
    /// The first rule that names the traffic decides; what none names is refused for endpoints that some policy of
    /// the stage is for (Calico's tiers).
    Closed,
    /// Deny rules win, then allow rules; what none names is refused for endpoints that some policy of the stage is
    /// for (NetworkPolicy, Cilium). For those the stage is the last.
    Union,
}

/// Policies that are asked together.
#[derive(Debug, Clone)]
pub struct Stage {
    /// A name for people.
    pub name: String,
    /// How they work together.
    pub kind: StageKind,
    /// Where they are enforced.
    pub layer: Layer,
}

/// Where policies are enforced. What passes has to pass every layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Layer {
    /// In the network of pods and nodes.
    #[default]
    Network,
    /// In the proxies of the mesh, which see TCP only.
    Mesh,
}

/// All that the engine needs to know.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Namespaces by name; every namespace of an endpoint is in it.
    pub namespaces: BTreeMap<String, Namespace>,
    /// What talks.
    pub endpoints: Vec<Endpoint>,
    /// Pods that do not exist but are asked about.
    pub possible: Vec<PossiblePeer>,
    /// The stages, first asked first.
    pub stages: Vec<Stage>,
    /// The policies.
    pub policies: Vec<Policy>,
    /// Names of the mesh's own trust domain; `cluster.local` if empty.
    pub trust_domains: Vec<String>,
}

impl World {
    /// Whether a policy stands for what endpoints bring along (Calico's profiles): nobody wrote it as a policy.
    pub fn is_of_endpoints(&self, policy: &Policy) -> bool {
        self.stages.get(policy.stage).is_some_and(|stage| stage.name == crate::read::stage::PROFILES)
    }
}
