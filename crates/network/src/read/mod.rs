//! Manifests to a [`World`], the Services and entries in front of it, and what is wrong with them.

mod calico;
mod calico_profile;
mod calico_selector;
mod cilium;
mod cluster_policy;
mod fields;
mod gateways;
mod network_policy;
pub mod networks;
pub mod services;
mod workloads;

use std::sync::Arc;

use haechi_objects::{Object, PodTemplates, objects};
use haechi_syntax::Document;

use crate::mesh::mtls::{DestinationRule, NodeEncryption, PeerAuthentication};
use crate::mesh::sidecar::{self, Sidecar};
use crate::mesh::{self, AuthorizationPolicy, MeshSecurity};
use crate::notice::Notice;
use crate::profile::Profile;
use crate::world::{Endpoint, EndpointKind, Layer, Policy, Stage, StageKind, World};
use fields::Reader;
pub(crate) use fields::text_of;
use services::{Entry, Service};

/// A document and where it comes from.
#[derive(Debug, Clone)]
pub struct Input<'d> {
    /// The file as the user named it.
    pub path: Arc<str>,
    /// The document.
    pub document: &'d Document,
}

/// How manifests are read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The choices of the network plugin.
    pub profile: Profile,
    /// Further kinds that run pods.
    pub templates: PodTemplates,
    /// Whether well-known kinds count whatever API group they are given, as some analyzers have it. The API server
    /// would refuse such objects.
    pub any_group: bool,
    /// Whether a policy that the API server would refuse counts all the same where its meaning is clear.
    pub lenient: bool,
    /// Whether the hosts of a Sidecar, and not their ports, limit what goes out, even where unknown destinations are
    /// passed through, as some analyzers have it.
    pub sidecar_hosts_only: bool,
    /// The namespace whose policies are for the whole mesh, where its configuration is not read; `istio-system` if
    /// empty.
    pub mesh_root: String,
}

/// The API version that a kind has in truth.
const KNOWN_KINDS: &[(&str, &str)] = &[
    ("Pod", "v1"),
    ("Service", "v1"),
    ("Namespace", "v1"),
    ("Deployment", "apps/v1"),
    ("StatefulSet", "apps/v1"),
    ("DaemonSet", "apps/v1"),
    ("ReplicaSet", "apps/v1"),
    ("Job", "batch/v1"),
    ("CronJob", "batch/v1"),
    ("Ingress", "networking.k8s.io/v1"),
    ("Route", "route.openshift.io/v1"),
    ("VirtualMachine", "kubevirt.io/v1"),
    ("UserDefinedNetwork", "k8s.ovn.org/v1"),
    ("ClusterUserDefinedNetwork", "k8s.ovn.org/v1"),
    ("NetworkAttachmentDefinition", "k8s.cni.cncf.io/v1"),
    ("MultiNetworkPolicy", "k8s.cni.cncf.io/v1beta1"),
];

fn with_known_group(object: Object<'_>) -> Object<'_> {
    match KNOWN_KINDS.iter().find(|(kind, _)| *kind == object.kind()) {
        Some((kind, version)) => Object::new(object.node(), version, kind),
        None => object,
    }
}

/// Everything about the network that manifests say.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Endpoints and policies.
    pub world: World,
    /// Services.
    pub services: Vec<Service>,
    /// What leads requests from outside to Services.
    pub entries: Vec<Entry>,
    /// Networks beside the cluster's own.
    pub networks: networks::Networks,
    /// Who may call whom in the mesh.
    pub authorization: Vec<AuthorizationPolicy>,
    /// How calls in the mesh are protected.
    pub mesh: MeshSecurity,
    /// What is wrong.
    pub notices: Vec<Notice>,
}

/// Names of the stages. Their order is the order in which policies are asked.
pub(crate) mod stage {
    pub(crate) const ADMIN: &str = "admin";
    pub(crate) const NETWORK_POLICY: &str = "network-policy";
    pub(crate) const BASELINE: &str = "baseline";
    /// What Calico's profiles say, after all policies.
    pub(crate) const PROFILES: &str = "profiles";
    pub(crate) const MESH: &str = "mesh";
    /// Calico's tiers are `tier:NAME`.
    pub(crate) const TIER: &str = "tier:";
    /// The tier of policies that name none.
    pub(crate) const DEFAULT_TIER: &str = "default";
}

/// A policy whose stage is still only named.
pub(crate) struct Staged {
    pub(crate) stage: String,
    pub(crate) policy: Policy,
}

/// Reads all objects. Those that are about something else are left alone.
pub fn read(inputs: &[Input<'_>], options: &Options) -> Snapshot {
    let mut found: Vec<(Arc<str>, Object<'_>)> = Vec::new();
    for input in inputs {
        let of_document = objects(input.document);
        found.extend(of_document.objects.into_iter().map(|object| {
            let object = if options.any_group { with_known_group(object) } else { object };
            (Arc::clone(&input.path), object)
        }));
    }
    read_objects(&found, options)
}

/// Reads objects that were found before.
pub fn read_objects(found: &[(Arc<str>, Object<'_>)], options: &Options) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.mesh.root_namespace.clone_from(&options.mesh_root);
    let mut staged: Vec<Staged> = Vec::new();
    let mut tiers: Vec<calico::Tier> = Vec::new();
    // What policies say of namespaces (same labels) and accounts needs those first.
    for (path, object) in found {
        let reader = Reader::new(path, *object, &mut snapshot.notices);
        workloads::read_object(reader, options, &mut snapshot.world);
    }
    workloads::complete(&mut snapshot.world);
    calico_profile::apply_labels(found, &mut snapshot.world);
    let accounts = workloads::accounts(found);
    let sets: Vec<calico::NetworkSet> =
        found.iter().filter_map(|(_, object)| calico::network_set(*object)).collect();
    for (path, object) in found {
        mesh_config(*object, &mut snapshot);
        let mut reader = Reader::new(path, *object, &mut snapshot.notices);
        reader.is_lenient = options.lenient;
        if let Some(encryption) = NodeEncryption::read(*object, Some(reader.object_origin())) {
            snapshot.mesh.between_nodes = Some(encryption);
        }
        match (object.group(), object.kind()) {
            ("networking.k8s.io" | "extensions", "NetworkPolicy") => {
                staged.push(network_policy::read(&mut reader, options));
            }
            (
                "policy.networking.k8s.io",
                "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" | "ClusterNetworkPolicy",
            ) => {
                cluster_policy::read(&mut reader, &snapshot.world, &mut staged);
            }
            ("projectcalico.org" | "crd.projectcalico.org", kind) => match kind {
                "NetworkPolicy" | "GlobalNetworkPolicy" => {
                    let around = calico::Surroundings {
                        accounts: &accounts,
                        sets: &sets,
                        namespaces: &snapshot.world.namespaces,
                    };
                    staged.extend(calico::read(&mut reader, &around));
                }
                "Tier" => tiers.push(calico::Tier::read(*object)),
                _ => {}
            },
            ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy") => {
                staged.extend(cilium::read(&mut reader));
            }
            ("", "Service") => snapshot.services.extend(services::read_service(&mut reader)),
            ("security.istio.io" | "networking.istio.io", _) => {
                let origin = Some(reader.object_origin());
                snapshot.authorization.extend(AuthorizationPolicy::read(*object, origin.clone()));
                snapshot.mesh.peers.extend(PeerAuthentication::read(*object, origin.clone()));
                snapshot.mesh.rules.extend(DestinationRule::read(*object, origin.clone()));
                snapshot.mesh.sidecars.extend(Sidecar::read(*object, origin));
                snapshot.entries.extend(gateways::virtual_service(&reader, found));
            }
            ("k8s.ovn.org" | "k8s.cni.cncf.io", _) => {
                networks::read(&mut reader, options, &mut snapshot.networks)
            }
            _ => {
                let mut entry = services::read_entry(&mut reader);
                if let Some(entry) = entry.as_mut()
                    && object.group() == "gateway.networking.k8s.io"
                {
                    entry.tls |= gateways::route_speaks_tls(*object, found);
                }
                snapshot.entries.extend(entry);
            }
        }
    }
    let speaks_of_mesh = !snapshot.authorization.is_empty()
        || !snapshot.mesh.peers.is_empty()
        || !snapshot.mesh.rules.is_empty()
        || !snapshot.mesh.sidecars.is_empty()
        || snapshot.world.endpoints.iter().any(|endpoint| endpoint.mesh.may_be_in());
    if !speaks_of_mesh {
        workloads::leave_mesh(&mut snapshot.world);
    }
    staged.extend(calico_profile::policies(found, &mut snapshot, &accounts, &sets));
    place(&mut snapshot.world, staged, &tiers, options);
    if speaks_of_mesh {
        let world = &mut snapshot.world;
        let stage = world.stages.len();
        world.stages.push(Stage { name: stage::MESH.to_owned(), kind: StageKind::Union, layer: Layer::Mesh });
        let policies = mesh::reach::policies(world, &snapshot.authorization, &snapshot.mesh, stage);
        world.policies.extend(policies);
        let (mesh, services) = (&snapshot.mesh, &snapshot.services);
        let around = (mesh.root(), mesh.registry_only);
        let sidecars = mesh::sidecar::policies(
            world,
            services,
            &mesh.sidecars,
            around,
            options.sidecar_hosts_only,
            stage,
        );
        world.policies.extend(sidecars);
    }
    snapshot.notices.extend(crate::lint::duplicates(&snapshot.world));
    snapshot
}

/// What Istio's own configuration says of the whole mesh.
fn mesh_config(object: Object<'_>, snapshot: &mut Snapshot) {
    let is_config =
        object.is("", "ConfigMap") && (object.name() == "istio" || object.name().starts_with("istio-"));
    let text = object.node().get("data").and_then(|data| data.get("mesh")?.as_str());
    let Some(text) = text.filter(|_| is_config) else { return };
    let parsed = haechi_syntax::parse(text.as_bytes(), &haechi_syntax::Limits::default());
    let Some(document) = parsed.documents.first() else { return };
    let config = document.root();
    let names = config.get("trustDomain").into_iter();
    let names =
        names.chain(config.get("trustDomainAliases").into_iter().flat_map(haechi_syntax::Node::items));
    snapshot.world.trust_domains.extend(names.filter_map(|name| name.as_str()).map(str::to_owned));
    if let Some(root) = config.get("rootNamespace").and_then(haechi_syntax::Node::as_str) {
        root.clone_into(&mut snapshot.mesh.root_namespace);
    }
    if sidecar::registry_only(config.get("outboundTrafficPolicy")) == Some(true) {
        snapshot.mesh.registry_only = true;
    }
}

/// Texts in which a workload may name what it calls: environment, arguments and commands, by endpoint.
pub fn mentions(inputs: &[Input<'_>], world: &World) -> Vec<(usize, String)> {
    fn texts(node: haechi_syntax::Node<'_>, found: &mut Vec<String>) {
        match node.value() {
            haechi_syntax::Value::String(text) => found.push(text.to_owned()),
            haechi_syntax::Value::Sequence(items) => items.for_each(|item| texts(item, found)),
            haechi_syntax::Value::Mapping(entries) => entries.for_each(|entry| texts(entry.value, found)),
            _ => {}
        }
    }
    let mut by_origin: std::collections::BTreeMap<(&str, haechi_model::Span), usize> =
        std::collections::BTreeMap::new();
    for (index, endpoint) in world.endpoints.iter().enumerate() {
        if let Some(origin) = &endpoint.origin {
            by_origin.insert((&origin.path, origin.span), index);
        }
    }
    let templates = PodTemplates::default();
    let mut mentions = Vec::new();
    for input in inputs {
        for object in objects(input.document).objects {
            let Some(index) = by_origin.get(&(&*input.path, object.anchor_span())) else { continue };
            let Some(pod) = templates.pod(object) else { continue };
            let mut found = Vec::new();
            for container in pod.containers() {
                for key in ["env", "args", "command"] {
                    if let Some(node) = container.node().get(key) {
                        texts(node, &mut found);
                    }
                }
            }
            mentions.extend(found.into_iter().map(|text| (*index, text)));
        }
    }
    mentions
}

/// Where Calico asks the cluster's own policies of the administrator, its tier without a name, and the baseline.
const ADMIN_ORDER: f64 = 1_000.0;
const DEFAULT_TIER_ORDER: f64 = 1_000_000.0;
const BASELINE_ORDER: f64 = 10_000_000.0;
/// Where Calico asks NetworkPolicies within its default tier.
pub(crate) const NETWORK_POLICY_ORDER: f64 = 1_000.0;

/// Orders the stages and puts every policy into its own.
fn place(world: &mut World, staged: Vec<Staged>, tiers: &[calico::Tier], options: &Options) {
    let mut used: Vec<String> = Vec::new();
    for staged in &staged {
        if staged.stage.starts_with(stage::TIER) && !used.contains(&staged.stage) {
            used.push(staged.stage.clone());
        }
    }
    let default_tier = format!("{}{}", stage::TIER, stage::DEFAULT_TIER);
    let in_tier = options.profile.network_policy_in_tier || used.contains(&default_tier);
    if in_tier && !used.contains(&default_tier) {
        used.push(default_tier.clone());
    }
    let tier_of = |stage: &str| tiers.iter().find(|tier| stage.strip_prefix(stage::TIER) == Some(&tier.name));
    let order_of = |stage: &str| match tier_of(stage) {
        Some(tier) => tier.order,
        None if stage == default_tier => DEFAULT_TIER_ORDER,
        None => f64::INFINITY,
    };
    let mut names: Vec<(String, StageKind, f64)> = used
        .into_iter()
        .map(|stage| {
            let passes = tier_of(&stage).is_some_and(|tier| tier.passes);
            let order = order_of(&stage);
            (stage, if passes { StageKind::Ordered } else { StageKind::Closed }, order)
        })
        .collect();
    names.push((stage::ADMIN.to_owned(), StageKind::Ordered, ADMIN_ORDER));
    names.push((stage::NETWORK_POLICY.to_owned(), StageKind::Union, DEFAULT_TIER_ORDER));
    names.push((stage::BASELINE.to_owned(), StageKind::Ordered, BASELINE_ORDER));
    // Equal ones go by name, which puts `network-policy` before `tier:default`.
    names.sort_by(|a, b| a.2.total_cmp(&b.2).then_with(|| a.0.cmp(&b.0)));
    names.push((stage::PROFILES.to_owned(), StageKind::Closed, f64::INFINITY));
    for mut staged in staged {
        if in_tier && staged.stage == stage::NETWORK_POLICY && staged.policy.id.kind == "NetworkPolicy" {
            staged.stage.clone_from(&default_tier);
            staged.policy.order = NETWORK_POLICY_ORDER;
        }
        staged.policy.stage = names.iter().position(|(name, ..)| *name == staged.stage).unwrap_or(0);
        world.policies.push(staged.policy);
    }
    world.stages =
        names.into_iter().map(|(name, kind, _)| Stage { name, kind, layer: Layer::Network }).collect();
}

/// Adds the endpoint that stands for the ingress controller, once.
pub fn add_ingress_controller(world: &mut World) -> usize {
    let found = world.endpoints.iter().position(|endpoint| endpoint.kind == EndpointKind::IngressController);
    found.unwrap_or_else(|| {
        world.endpoints.push(Endpoint {
            kind: EndpointKind::IngressController,
            name: "ingress-controller".to_owned(),
            workload: "IngressController".to_owned(),
            ..Endpoint::default()
        });
        world.namespaces.entry(String::new()).or_default();
        world.endpoints.len() - 1
    })
}
