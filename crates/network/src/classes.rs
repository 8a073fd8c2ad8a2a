//! Endpoints that no policy can tell apart, and sets of them as bits.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::bits::BitSet;
use crate::ip::{self, Atom, IpSet};
use crate::profile::{Profile, Tri};
use crate::world::{
    Endpoint, EndpointKind, Identity, LabelExpr, Match, MeshMode, NamespaceExpr, PeerExpr, Policy,
    PortDeclaration, World,
};

/// Endpoints alike in everything that some policy looks at.
#[derive(Debug, Clone)]
pub struct Class {
    /// The endpoints, by index in [`World::endpoints`].
    pub members: Vec<u32>,
    /// Declared ports whose names some policy uses.
    pub ports: Vec<PortDeclaration>,
    /// Whether policies select it by labels.
    pub is_selectable: bool,
    /// Whether it lives in its node's network.
    pub is_host: bool,
    /// Whether it is inside the cluster.
    pub is_inside: bool,
}

/// Which end of the uncertainty is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// What is surely in.
    Least,
    /// What may be in.
    Most,
}

impl Bound {
    fn other(self) -> Self {
        match self {
            Bound::Least => Bound::Most,
            Bound::Most => Bound::Least,
        }
    }
}

/// All that can stand at an end of a connection: classes of endpoints first, then sets of outside addresses.
#[derive(Debug)]
pub struct Universe {
    /// The classes.
    pub classes: Vec<Class>,
    /// The class of each endpoint.
    pub class_of: Vec<u32>,
    /// Outside addresses that no policy tells apart.
    pub blocks: Vec<Atom>,
    possible: Vec<(LabelExpr, LabelExpr)>,
    sets: FxHashMap<IpSet, usize>,
    by_namespace: FxHashMap<String, BitSet>,
    /// key → value → classes.
    by_label: FxHashMap<String, FxHashMap<String, BitSet>>,
    by_account: FxHashMap<String, BitSet>,
    selectable: BitSet,
    hosts: BitSet,
    outside: BitSet,
    blocks_match_pods: Tri,
    blocks_match_nodes: Tri,
    mesh_addresses_match_pods: Tri,
    names_have_addresses: bool,
    cache: FxHashMap<(PeerExpr, Bound), Arc<BitSet>>,
}

/// What policies look at.
#[derive(Debug, Default)]
struct Looks {
    keys: FxHashSet<String>,
    port_names: FxHashSet<String>,
    sets: FxHashMap<IpSet, usize>,
    accounts: bool,
    profiles: bool,
    names: bool,
    mesh: bool,
}

impl Looks {
    fn at_policy(&mut self, policy: &Policy) {
        self.at_peer(&policy.subject);
        for rule in policy.ingress.iter().chain(&policy.egress).flatten() {
            self.at_peer(&rule.peer);
            self.at_peer(&rule.subject);
            for part in &rule.traffic {
                self.at_match(part);
            }
        }
    }

    fn at_match(&mut self, part: &Match) {
        let all = [&part.ports, &part.not_ports, &part.source_ports, &part.not_source_ports];
        for set in all.into_iter().flatten() {
            self.port_names.extend(set.names.iter().map(|(_, name)| name.clone()));
        }
    }

    fn at_peer(&mut self, peer: &PeerExpr) {
        match peer {
            PeerExpr::Pods { pods, .. } | PeerExpr::Hosts(pods) => {
                pods.for_each_key(&mut |key| {
                    if !self.keys.contains(key) {
                        self.keys.insert(key.to_owned());
                    }
                });
            }
            PeerExpr::Addresses(set) | PeerExpr::SourceAddresses(set) => {
                let next = self.sets.len();
                if !self.sets.contains_key(set) {
                    self.sets.insert(set.clone(), next);
                }
            }
            PeerExpr::ServiceAccounts(_) => self.accounts = true,
            PeerExpr::CalicoProfiles(_) => self.profiles = true,
            PeerExpr::Identity(_) => (self.accounts, self.mesh) = (true, true),
            PeerExpr::InMesh | PeerExpr::StrictMtls(_) => self.mesh = true,
            // Things known by name are never one class with others.
            PeerExpr::Names(_) => {}
            PeerExpr::Endpoint(_) => self.names = true,
            PeerExpr::And(parts) | PeerExpr::Or(parts) => parts.iter().for_each(|part| self.at_peer(part)),
            PeerExpr::Not(inner) | PeerExpr::Unknown(inner, _) => self.at_peer(inner),
            PeerExpr::All | PeerExpr::Nothing | PeerExpr::Nodes | PeerExpr::Outside => {}
        }
    }
}

/// All that makes two endpoints differ for some policy.
#[derive(PartialEq, Eq, Hash)]
struct ClassKey<'w> {
    kind: EndpointKind,
    namespace: &'w str,
    labels: Vec<(&'w str, &'w str)>,
    ports: Vec<&'w PortDeclaration>,
    host_network: bool,
    account: &'w str,
    profiles: &'w [String],
    mesh: Option<(MeshMode, u32)>,
    /// The outside atoms its addresses would fall into; `None` where that does not matter.
    blocks: Option<Vec<usize>>,
    /// Its own index where it must stand alone.
    alone: Option<usize>,
}

impl Universe {
    /// Finds the classes of `world` with respect to its policies and to `also`, which may be asked about later.
    pub fn new(world: &World, profile: &Profile, also: &[Policy]) -> Self {
        let mut looks = Looks::default();
        world.policies.iter().chain(also).for_each(|policy| looks.at_policy(policy));
        let mut sets: Vec<(usize, &IpSet)> = looks.sets.iter().map(|(set, index)| (*index, set)).collect();
        sets.sort_unstable_by_key(|(index, _)| *index);
        let sets: Vec<IpSet> = sets.into_iter().map(|(_, set)| set.clone()).collect();
        let blocks = ip::atoms(&sets);
        let addresses_matter = !sets.is_empty()
            && (profile.blocks_match_pods != Tri::No
                || profile.blocks_match_nodes != Tri::No
                || looks.mesh && profile.mesh_addresses_match_pods != Tri::No);

        let mut by_key: FxHashMap<ClassKey<'_>, u32> = FxHashMap::default();
        let mut classes: Vec<Class> = Vec::new();
        let mut class_of = Vec::with_capacity(world.endpoints.len());
        for (index, endpoint) in world.endpoints.iter().enumerate() {
            let is_host = endpoint.host_network && !profile.host_network_as_pod;
            let key = ClassKey {
                kind: endpoint.kind,
                namespace: &endpoint.namespace,
                labels: endpoint
                    .labels
                    .iter()
                    .filter(|(key, _)| looks.keys.contains(key.as_str()))
                    .map(|(key, value)| (key.as_str(), value.as_str()))
                    .collect(),
                ports: endpoint.ports.iter().filter(|port| looks.port_names.contains(&port.name)).collect(),
                host_network: is_host,
                account: if looks.accounts { &endpoint.service_account } else { "" },
                profiles: if looks.profiles { &endpoint.profiles } else { &[] },
                mesh: looks.mesh.then_some((endpoint.mesh, endpoint.strict_group)),
                blocks: addresses_matter.then(|| {
                    endpoint
                        .ips
                        .iter()
                        .filter_map(|ip| blocks.iter().position(|block| block.addresses.contains(*ip)))
                        .collect()
                }),
                alone: (looks.names || endpoint.kind == EndpointKind::Name).then_some(index),
            };
            let ports = key.ports.iter().map(|port| (*port).clone()).collect();
            let class = *by_key.entry(key).or_insert_with(|| {
                classes.push(Class {
                    members: Vec::new(),
                    ports,
                    is_selectable: !is_host
                        && matches!(
                            endpoint.kind,
                            EndpointKind::Pod | EndpointKind::Possible | EndpointKind::IngressController
                        ),
                    is_host: is_host || endpoint.kind == EndpointKind::Host,
                    is_inside: endpoint.kind != EndpointKind::Name,
                });
                u32::try_from(classes.len() - 1).unwrap_or(u32::MAX)
            });
            class_of.push(class);
            if let Some(class) = classes.get_mut(class as usize) {
                class.members.push(u32::try_from(index).unwrap_or(u32::MAX));
            }
        }
        let mut universe = Self {
            classes,
            class_of,
            blocks,
            possible: world
                .possible
                .iter()
                .map(|peer| (peer.namespaces.condition(), peer.pods.condition()))
                .collect(),
            sets: looks.sets,
            by_namespace: FxHashMap::default(),
            by_label: FxHashMap::default(),
            by_account: FxHashMap::default(),
            selectable: BitSet::new(0),
            hosts: BitSet::new(0),
            outside: BitSet::new(0),
            blocks_match_pods: profile.blocks_match_pods,
            blocks_match_nodes: profile.blocks_match_nodes,
            mesh_addresses_match_pods: profile.mesh_addresses_match_pods,
            names_have_addresses: profile.names_have_addresses,
            cache: FxHashMap::default(),
        };
        universe.index(world, &looks.keys);
        universe
    }

    fn index(&mut self, world: &World, keys: &FxHashSet<String>) {
        let size = self.size();
        let empty = BitSet::new(size);
        self.selectable = empty.clone();
        self.hosts = empty.clone();
        self.outside = BitSet::full(size);
        (self.first_possible()..size).for_each(|possible| self.outside.remove(possible));
        for (index, class) in self.classes.iter().enumerate() {
            let Some(endpoint) =
                class.members.first().and_then(|member| world.endpoints.get(*member as usize))
            else {
                continue;
            };
            if class.is_inside {
                self.outside.remove(index);
            }
            if class.is_host {
                self.hosts.insert(index);
            }
            if class.is_selectable {
                self.selectable.insert(index);
                let of_namespace = self.by_namespace.entry(endpoint.namespace.clone());
                of_namespace.or_insert_with(|| empty.clone()).insert(index);
                let of_account = self.by_account.entry(endpoint.service_account.clone());
                of_account.or_insert_with(|| empty.clone()).insert(index);
            }
            for (key, value) in endpoint.labels.iter().filter(|(key, _)| keys.contains(key.as_str())) {
                let values = self.by_label.entry(key.clone()).or_default();
                values.entry(value.clone()).or_insert_with(|| empty.clone()).insert(index);
            }
        }
    }

    /// How many numbers there are.
    pub fn size(&self) -> usize {
        self.first_possible() + self.possible.len()
    }

    /// The number of the first pod that does not exist but is asked about.
    pub fn first_possible(&self) -> usize {
        self.classes.len() + self.blocks.len()
    }

    /// The number of the class of an endpoint.
    pub fn class_of(&self, endpoint: usize) -> usize {
        self.class_of.get(endpoint).map_or(usize::MAX, |class| *class as usize)
    }

    /// The number of the outside addresses that hold `address`.
    pub fn block_of(&self, address: std::net::IpAddr) -> Option<usize> {
        let at = self.blocks.iter().position(|block| block.addresses.contains(address))?;
        Some(self.classes.len() + at)
    }

    /// Whether `number` is a class in its node's network.
    pub fn hosts(&self) -> &BitSet {
        &self.hosts
    }

    /// The numbers that the expression means, at least or at most.
    pub fn find(&mut self, world: &World, peer: &PeerExpr, bound: Bound) -> Arc<BitSet> {
        if let Some(found) = self.cache.get(&(peer.clone(), bound)) {
            return Arc::clone(found);
        }
        let found = Arc::new(self.evaluate(world, peer, bound));
        self.cache.insert((peer.clone(), bound), Arc::clone(&found));
        found
    }

    fn evaluate(&mut self, world: &World, peer: &PeerExpr, bound: Bound) -> BitSet {
        let size = self.size();
        match peer {
            PeerExpr::All => BitSet::full(size),
            PeerExpr::Nothing => BitSet::new(size),
            PeerExpr::Outside => self.outside.clone(),
            PeerExpr::Nodes => self.hosts.clone(),
            PeerExpr::Pods { namespaces, pods } => {
                let mut found = self.in_namespaces(world, namespaces);
                if *pods != LabelExpr::All {
                    found.intersect_with(&self.with_labels(pods));
                }
                // Of a pod that does not exist only its description is known: it is meant where the rule asks for
                // the same or for everything.
                for (index, (of_namespace, of_pod)) in self.possible.iter().enumerate() {
                    let in_namespace = match namespaces {
                        NamespaceExpr::Labels(LabelExpr::All) => true,
                        NamespaceExpr::Labels(labels) => labels == of_namespace,
                        NamespaceExpr::Named(name) => {
                            *of_namespace
                                == LabelExpr::In("kubernetes.io/metadata.name".to_owned(), vec![name.clone()])
                        }
                    };
                    let index = self.first_possible() + index;
                    if in_namespace && (*pods == LabelExpr::All || pods == of_pod) {
                        found.insert(index);
                    } else {
                        found.remove(index);
                    }
                }
                found
            }
            PeerExpr::Hosts(labels) => {
                let mut found = self.with_labels(labels);
                let mut hosts = BitSet::new(size);
                for (index, class) in self.classes.iter().enumerate() {
                    let first = class.members.first().and_then(|first| world.endpoints.get(*first as usize));
                    if first.is_some_and(|endpoint| endpoint.kind == EndpointKind::Host) {
                        hosts.insert(index);
                    }
                }
                found.intersect_with(&hosts);
                found
            }
            PeerExpr::Addresses(set) => self.with_addresses(world, set, bound, self.blocks_match_pods),
            PeerExpr::SourceAddresses(set) => {
                self.with_addresses(world, set, bound, self.mesh_addresses_match_pods)
            }
            PeerExpr::Identity(identity) => self.with(world, |endpoint| {
                has_identity(world, identity, endpoint) && is_in_mesh(endpoint.mesh, bound)
            }),
            PeerExpr::InMesh => self.with(world, |endpoint| is_in_mesh(endpoint.mesh, bound)),
            PeerExpr::CalicoProfiles(list) => self.with(world, |endpoint| endpoint.profiles == *list),
            PeerExpr::StrictMtls(group) => self.with(world, |endpoint| endpoint.strict_group == *group),
            PeerExpr::ServiceAccounts(names) => {
                let mut found = BitSet::new(size);
                for name in names {
                    if let Some(classes) = self.by_account.get(name) {
                        found.union_with(classes);
                    }
                }
                found
            }
            PeerExpr::Names(name) => {
                let mut found = BitSet::new(size);
                for (index, endpoint) in world.endpoints.iter().enumerate() {
                    if endpoint.kind == EndpointKind::Name && endpoint.name == *name {
                        found.insert(self.class_of(index));
                    }
                }
                found
            }
            PeerExpr::Endpoint(index) => {
                let mut found = BitSet::new(size);
                found.insert(self.class_of(*index));
                found
            }
            PeerExpr::And(parts) => {
                let mut found = BitSet::full(size);
                for part in parts {
                    found.intersect_with(&self.find(world, part, bound));
                }
                found
            }
            PeerExpr::Or(parts) => {
                let mut found = BitSet::new(size);
                for part in parts {
                    found.union_with(&self.find(world, part, bound));
                }
                found
            }
            PeerExpr::Not(inner) => {
                let mut found = (*self.find(world, inner, bound.other())).clone();
                found.complement();
                found
            }
            PeerExpr::Unknown(most, _) => match bound {
                Bound::Least => BitSet::new(size),
                Bound::Most => (*self.find(world, most, bound)).clone(),
            },
        }
    }

    fn in_namespaces(&self, world: &World, namespaces: &NamespaceExpr) -> BitSet {
        match namespaces {
            NamespaceExpr::Named(name) => {
                self.by_namespace.get(name).cloned().unwrap_or_else(|| BitSet::new(self.size()))
            }
            NamespaceExpr::Labels(LabelExpr::All) => self.selectable.clone(),
            NamespaceExpr::Labels(labels) => {
                let mut found = BitSet::new(self.size());
                let none = crate::world::LabelMap::new();
                #[expect(clippy::iter_over_hash_type, reason = "a union does not depend on the order")]
                for (name, classes) in &self.by_namespace {
                    let of = world.namespaces.get(name).map_or(&none, |namespace| &namespace.labels);
                    if labels.matches_map(of) {
                        found.union_with(classes);
                    }
                }
                found
            }
        }
    }

    fn with_labels(&self, labels: &LabelExpr) -> BitSet {
        let size = self.size();
        let any_value = |key: &str, is_meant: &dyn Fn(&str) -> bool| {
            let mut found = BitSet::new(size);
            if let Some(values) = self.by_label.get(key) {
                #[expect(clippy::iter_over_hash_type, reason = "a union does not depend on the order")]
                for (value, classes) in values {
                    if is_meant(value) {
                        found.union_with(classes);
                    }
                }
            }
            found
        };
        match labels {
            LabelExpr::All => BitSet::full(size),
            LabelExpr::Has(key) => any_value(key, &|_| true),
            LabelExpr::In(key, values) => {
                let mut found = BitSet::new(size);
                if let Some(known) = self.by_label.get(key) {
                    for classes in values.iter().filter_map(|value| known.get(value)) {
                        found.union_with(classes);
                    }
                }
                found
            }
            LabelExpr::Contains(key, part) => any_value(key, &|value| value.contains(part.as_str())),
            LabelExpr::StartsWith(key, part) => any_value(key, &|value| value.starts_with(part.as_str())),
            LabelExpr::EndsWith(key, part) => any_value(key, &|value| value.ends_with(part.as_str())),
            LabelExpr::Not(inner) => {
                let mut found = self.with_labels(inner);
                found.complement();
                found
            }
            LabelExpr::And(parts) => {
                let mut found = BitSet::full(size);
                parts.iter().for_each(|part| found.intersect_with(&self.with_labels(part)));
                found
            }
            LabelExpr::Or(parts) => {
                let mut found = BitSet::new(size);
                parts.iter().for_each(|part| found.union_with(&self.with_labels(part)));
                found
            }
        }
    }

    /// The classes whose endpoints fulfil a condition on what all of a class have in common.
    fn with(&self, world: &World, is_meant: impl Fn(&Endpoint) -> bool) -> BitSet {
        let mut found = BitSet::new(self.size());
        for (index, class) in self.classes.iter().enumerate() {
            let first = class.members.first().and_then(|first| world.endpoints.get(*first as usize));
            if first.is_some_and(&is_meant) {
                found.insert(index);
            }
        }
        found
    }

    fn with_addresses(&self, world: &World, set: &IpSet, bound: Bound, match_pods: Tri) -> BitSet {
        let mut found = BitSet::new(self.size());
        let index = self.sets.get(set).copied();
        for (at, block) in self.blocks.iter().enumerate() {
            let is_in = match index {
                Some(index) => block.is_in(index),
                // A set that was not there when the classes were found: only what it wholly holds is sure.
                None => {
                    let common = block.addresses.intersect(set);
                    common == block.addresses || bound == Bound::Most && !common.is_empty()
                }
            };
            if is_in {
                found.insert(self.classes.len() + at);
            }
        }
        let may_match = |class: &Class| class.is_inside || self.names_have_addresses;
        for (at, class) in self.classes.iter().enumerate().filter(|(_, class)| may_match(class)) {
            let Some(endpoint) =
                class.members.first().and_then(|member| world.endpoints.get(*member as usize))
            else {
                continue;
            };
            // A node is no pod: its address is an address for most plugins.
            let matches = match (class.is_host, class.is_inside) {
                (true, _) => self.blocks_match_nodes,
                (false, true) => match_pods,
                (false, false) => Tri::Yes,
            };
            let is_in = match (matches, bound) {
                (Tri::No, _) | (Tri::Unknown, Bound::Least) => false,
                (Tri::Yes, Bound::Least) if endpoint.ips.is_empty() => *set == IpSet::all(),
                (Tri::Yes, Bound::Least) => endpoint.ips.iter().all(|ip| set.contains(*ip)),
                (_, Bound::Most) => {
                    !set.is_empty()
                        && (endpoint.ips.is_empty() || endpoint.ips.iter().any(|ip| set.contains(*ip)))
                }
            };
            if is_in {
                found.insert(at);
            }
        }
        found
    }
}

fn is_in_mesh(mode: MeshMode, bound: Bound) -> bool {
    match mode {
        MeshMode::Sidecar | MeshMode::Ambient => true,
        MeshMode::Unknown => bound == Bound::Most,
        MeshMode::None => false,
    }
}

/// Whether an endpoint would show such an identity if it shows one.
fn has_identity(world: &World, identity: &Identity, endpoint: &Endpoint) -> bool {
    match identity {
        Identity::Namespace(pattern) => pattern.matches(&endpoint.namespace),
        Identity::Principal(pattern) => {
            let of = |domain: &str| {
                let (namespace, account) = (&endpoint.namespace, &endpoint.service_account);
                pattern.matches(&format!("{domain}/ns/{namespace}/sa/{account}"))
            };
            // In policies `cluster.local` stands for the mesh's own domain, whatever that is called.
            of("cluster.local") || world.trust_domains.iter().any(|domain| of(domain))
        }
    }
}
