//! Connections in clusters with more than one network.
//!
//! Pods of a user-defined network reach only each other and the outside; a secondary network joins pods whatever
//! their primary one is, and has policies of its own. So each network is a world by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Engine;
use crate::format;
use crate::list::{self, End, Focus, Row};
use crate::profile::{Profile, Tri};
use crate::read::Snapshot;
use crate::read::networks::PRIMARY_LABEL;
use crate::world::{
    Action, LabelExpr, Layer, NamespaceExpr, PeerExpr, Policy, PolicyRef, Rule, Stage, StageKind,
};

/// What kind of network it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkKind {
    /// The cluster's own.
    Pod,
    /// Of a UserDefinedNetwork.
    Udn,
    /// Of a ClusterUserDefinedNetwork.
    ClusterUdn,
    /// Of a NetworkAttachmentDefinition.
    Attachment,
}

/// A network with what is in it.
#[derive(Debug, Clone)]
pub struct Network {
    /// Its kind.
    pub kind: NetworkKind,
    /// Its name.
    pub name: String,
    /// Its endpoints and policies.
    pub snapshot: Snapshot,
}

/// The connections of all networks.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// By network, in the order in which they are shown.
    pub networks: Vec<(NetworkKind, String, Vec<Row>)>,
    /// Every workload with its primary network and its secondary ones.
    pub workloads: Vec<(End, String, Vec<String>)>,
    /// How many workloads are in the cluster's own network.
    pub in_pod_network: usize,
}

/// Name of the cluster's own network.
pub const POD_NETWORK: &str = "pod-network";

/// Marks virtual machines, which selectors of policies of secondary networks do not select. No label begins so.
const MACHINE: &str = "\0machine";

/// Whether manifests speak of any network beside the cluster's own.
pub fn has_many(snapshot: &Snapshot) -> bool {
    let networks = &snapshot.networks;
    !networks.primary.is_empty()
        || !networks.secondary.is_empty()
        || !networks.policies.is_empty()
        || snapshot.world.endpoints.iter().any(|endpoint| endpoint.workload == "VirtualMachine")
}

/// The primary network of each namespace that has one of its own.
fn primary_networks(snapshot: &Snapshot) -> BTreeMap<String, (NetworkKind, String)> {
    let mut found = BTreeMap::new();
    for network in &snapshot.networks.primary {
        for (name, namespace) in &snapshot.world.namespaces {
            let (kind, is_meant) = match &network.namespaces {
                Ok(own) => (NetworkKind::Udn, own == name),
                Err(selector) => (NetworkKind::ClusterUdn, selector.matches_map(&namespace.labels)),
            };
            if is_meant && namespace.labels.contains_key(PRIMARY_LABEL) {
                found.entry(name.clone()).or_insert((kind, network.name.clone()));
            }
        }
    }
    found
}

/// Writes into the world that primary networks do not reach each other, as policies that are asked before all others.
/// [`split`] shows each network by itself; this is for questions about two ends whatever networks they are in.
pub fn separate(snapshot: &mut Snapshot) {
    let primary = primary_networks(snapshot);
    if primary.is_empty() {
        return;
    }
    let world = &mut snapshot.world;
    world.stages.insert(
        0,
        Stage { name: "primary-networks".to_owned(), kind: StageKind::Ordered, layer: Layer::Network },
    );
    world.policies.iter_mut().for_each(|policy| policy.stage += 1);
    let mut members: BTreeMap<(NetworkKind, String), Vec<String>> = BTreeMap::new();
    // The ingress controller, which is nowhere in particular, may be in any network.
    for namespace in world.namespaces.keys().filter(|name| !name.is_empty()) {
        let network = primary.get(namespace).cloned();
        let network = network.unwrap_or((NetworkKind::Pod, POD_NETWORK.to_owned()));
        members.entry(network).or_default().push(namespace.clone());
    }
    let pods = |namespaces: &mut dyn Iterator<Item = &String>| {
        PeerExpr::Or(
            namespaces
                .map(|name| PeerExpr::Pods {
                    namespaces: NamespaceExpr::Named(name.clone()),
                    pods: LabelExpr::All,
                })
                .collect(),
        )
    };
    for ((kind, name), own) in &members {
        let others: Vec<&String> =
            members.iter().filter(|(key, _)| *key != &(*kind, name.clone())).flat_map(|(_, of)| of).collect();
        // The cluster's own network is declared nowhere: what sets it apart is the first of the others.
        let declared = snapshot.networks.primary.iter();
        let declared = declared.clone().find(|network| network.name == *name).or(declared.clone().next());
        let origin = declared.and_then(|network| network.origin.clone());
        let rule = Rule {
            action: Action::Deny,
            peer: pods(&mut others.into_iter()),
            subject: PeerExpr::All,
            traffic: Vec::new(),
            selectors: Vec::new(),
            is_uncertain: false,
            name: None,
            origin: origin.clone(),
        };
        let workload = match kind {
            NetworkKind::Pod => "Network",
            NetworkKind::Udn => "UserDefinedNetwork",
            NetworkKind::ClusterUdn => "ClusterUserDefinedNetwork",
            NetworkKind::Attachment => "NetworkAttachmentDefinition",
        };
        world.policies.push(Policy {
            id: PolicyRef { kind: workload.to_owned(), namespace: None, name: name.clone() },
            stage: 0,
            order: 0.0,
            subject: pods(&mut own.iter()),
            ingress: Some(vec![rule.clone()]),
            egress: Some(vec![rule]),
            isolates: false,
            unreadable: None,
            origin,
        });
    }
}

/// Splits what manifests say into networks, the cluster's own first.
pub fn split(snapshot: &Snapshot) -> Vec<Network> {
    let primary = primary_networks(snapshot);
    let mut keys: BTreeSet<(NetworkKind, String)> = primary.values().cloned().collect();
    keys.insert((NetworkKind::Pod, POD_NETWORK.to_owned()));
    let mut networks = Vec::new();
    for (kind, name) in keys {
        let mut of_network = snapshot.clone();
        of_network.world.endpoints.retain(|endpoint| {
            let own = primary.get(&endpoint.namespace);
            let is_everywhere = endpoint.kind == crate::world::EndpointKind::IngressController;
            is_everywhere
                || match kind {
                    NetworkKind::Pod => own.is_none(),
                    _ => own.is_some_and(|own| *own == (kind, name.clone())),
                }
        });
        networks.push(Network { kind, name, snapshot: of_network });
    }
    let names: BTreeSet<&String> = snapshot.networks.secondary.iter().map(|network| &network.name).collect();
    networks.extend(names.into_iter().map(|name| secondary(snapshot, name)));
    networks
}

fn secondary(snapshot: &Snapshot, name: &str) -> Network {
    let definitions: Vec<_> =
        snapshot.networks.secondary.iter().filter(|network| network.name == name).collect();
    let mut of_network = Snapshot::default();
    of_network.world.namespaces.clone_from(&snapshot.world.namespaces);
    of_network.world.stages = vec![Stage {
        name: "multi-network-policy".to_owned(),
        kind: StageKind::Union,
        layer: Layer::Network,
    }];
    for endpoint in &snapshot.world.endpoints {
        let member = endpoint.networks.iter().find(|membership| definitions.contains(&&membership.network));
        let Some(member) = member else { continue };
        let mut endpoint = endpoint.clone();
        endpoint.ips.clone_from(&member.ips);
        if endpoint.workload == "VirtualMachine" {
            endpoint.labels.insert(MACHINE.to_owned(), String::new());
        }
        of_network.world.endpoints.push(endpoint);
    }
    for policy in &snapshot.networks.policies {
        if !policy.networks.iter().any(|network| definitions.contains(&network)) {
            continue;
        }
        let mut policy = policy.policy.clone();
        for rule in policy.ingress.iter_mut().chain(&mut policy.egress).flatten() {
            without_machines(&mut rule.peer);
        }
        of_network.world.policies.push(policy);
    }
    Network { kind: NetworkKind::Attachment, name: name.to_owned(), snapshot: of_network }
}

fn without_machines(peer: &mut PeerExpr) {
    match peer {
        PeerExpr::Pods { pods, .. } => {
            let no_machine = LabelExpr::Not(Box::new(LabelExpr::Has(MACHINE.to_owned())));
            *pods = LabelExpr::And(vec![pods.clone(), no_machine]);
        }
        PeerExpr::Or(parts) => parts.iter_mut().for_each(without_machines),
        _ => {}
    }
}

/// The connections of every network.
pub fn connections(snapshot: &Snapshot, profile: Profile, focus: &Focus) -> Listing {
    let primary = primary_networks(snapshot);
    let mut listing = Listing::default();
    for network in split(snapshot) {
        let is_secondary = network.kind == NetworkKind::Attachment;
        // Policies of secondary networks mean addresses where they name addresses: there is no other identity.
        let profile = if is_secondary { Profile { blocks_match_pods: Tri::Yes, ..profile } } else { profile };
        let mut engine = Engine::new(network.snapshot.world.clone(), profile);
        let mut rows = list::connections(&mut engine, &network.snapshot, focus);
        if is_secondary {
            rows.retain(|row| !row.from.is_outside() && !row.to.is_outside());
        } else {
            listing.workloads.extend(list::workloads(&engine).into_iter().filter_map(|workload| {
                let End::Workload { namespace, .. } = &workload.end else { return None };
                let shown = match primary.get(namespace) {
                    None => POD_NETWORK.to_owned(),
                    Some((NetworkKind::Udn, name)) => format!("{name}[UDN]"),
                    Some((_, name)) => format!("{name}[CUDN]"),
                };
                let endpoint = snapshot
                    .world
                    .endpoints
                    .iter()
                    .find(|endpoint| endpoint.to_string() == workload.end.to_string());
                let secondary: BTreeSet<String> = endpoint
                    .into_iter()
                    .flat_map(|endpoint| &endpoint.networks)
                    .map(|membership| format!("{}[NAD]", membership.network.name))
                    .collect();
                Some((workload.end, shown, secondary.into_iter().collect()))
            }));
        }
        if network.kind == NetworkKind::Pod {
            listing.in_pod_network = listing.workloads.len();
        }
        listing.networks.push((network.kind, network.name, rows));
    }
    listing.workloads.sort_by_cached_key(|(end, ..)| end.to_string());
    listing
}

impl Listing {
    /// A row's ends as they are shown: a namespace with a network of its own is marked.
    fn shown(kind: NetworkKind, end: &End) -> String {
        match end {
            End::Workload { namespace, name, kind: workload } if kind == NetworkKind::Udn => {
                format!("{namespace}[udn]/{name}[{workload}]")
            }
            _ => end.to_string(),
        }
    }

    /// Rows of all networks, sorted by source, destination and network.
    fn merged(&self) -> Vec<(String, String, String, String)> {
        let mut merged = Vec::new();
        for (kind, name, rows) in &self.networks {
            for row in rows {
                let (from, to) = (Self::shown(*kind, &row.from), Self::shown(*kind, &row.to));
                merged.push((from, to, name.clone(), row.text.clone()));
            }
        }
        merged.sort();
        merged
    }

    /// As text; with `on`, only pairs that have that connection, as `TCP 80`.
    pub fn text(&self, on: Option<&str>) -> String {
        let mut out = on.map(|on| format!("Permitted connections on {on}:\n")).unwrap_or_default();
        let line = |kind: NetworkKind, row: &Row| {
            let (from, to) = (Self::shown(kind, &row.from), Self::shown(kind, &row.to));
            match on {
                Some(_) => format!("{from} => {to}\n"),
                None => format!("{from} => {to} : {}\n", row.text),
            }
        };
        let has_others =
            self.networks.iter().any(|(kind, _, rows)| *kind != NetworkKind::Pod && !rows.is_empty());
        for (kind, name, rows) in &self.networks {
            let header = match kind {
                NetworkKind::Pod => {
                    let is_shown = has_others && !(on.is_some() && rows.is_empty());
                    is_shown.then(|| "Permitted connectivity analyzed in Pod network:\n".to_owned())
                }
                _ if rows.is_empty() => None,
                NetworkKind::Udn => {
                    Some(format!("\nPermitted connectivity analyzed in primary UDN {name}:\n"))
                }
                NetworkKind::ClusterUdn => {
                    Some(format!("\nPermitted connectivity analyzed in primary CUDN {name}:\n"))
                }
                NetworkKind::Attachment => {
                    Some(format!("\nPermitted connectivity analyzed in secondary NAD {name}:\n"))
                }
            };
            out.extend(header);
            if *kind == NetworkKind::Pod && rows.is_empty() && has_others && on.is_none() {
                out.push_str(if self.in_pod_network == 0 {
                    "all input workloads are configured with (C)UDN as their primary network interface\n"
                } else {
                    "All connections are not allowed for the workloads in the pod-network\n"
                });
            }
            out.extend(rows.iter().map(|row| line(*kind, row)));
        }
        if on.is_none() {
            out.push_str("\nWorkload-to-Networks Mapping:\n");
            for (end, primary, secondary) in &self.workloads {
                out.push_str(&format!("{end}: \n\tPrimary Network: {primary}\n"));
                if !secondary.is_empty() {
                    out.push_str(&format!("\tSecondary Networks: {}\n", secondary.join(",")));
                }
            }
        }
        out
    }

    /// As JSON; with `is_on`, without what passes.
    pub fn json(&self, is_on: bool) -> serde_json::Result<String> {
        #[derive(serde::Serialize)]
        struct Pair {
            src: String,
            dst: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            conn: Option<String>,
        }
        let rows = self.merged().into_iter();
        let rows: Vec<Pair> =
            rows.map(|(src, dst, _, conn)| Pair { src, dst, conn: (!is_on).then_some(conn) }).collect();
        serde_json::to_string_pretty(&rows)
    }

    /// As comma-separated values.
    pub fn csv(&self, is_on: bool) -> String {
        let header =
            if is_on { vec!["src", "dst", "network"] } else { vec!["src", "dst", "conn", "network"] };
        let mut table = vec![header.into_iter().map(str::to_owned).collect()];
        table.extend(self.merged().into_iter().map(|(from, to, network, conn)| {
            if is_on { vec![from, to, network] } else { vec![from, to, conn, network] }
        }));
        format::csv_table(&table)
    }

    /// As a Markdown table.
    pub fn markdown(&self, is_on: bool) -> String {
        let mut out = String::from(if is_on {
            "| src | dst | network |\n|-----|-----|------|\n"
        } else {
            "| src | dst | conn | network | \n|-----|-----|------|------|\n"
        });
        for (from, to, network, conn) in self.merged() {
            out.push_str(&if is_on {
                format!("| {from} | {to} | {network} |\n")
            } else {
                format!("| {from} | {to} | {conn} | {network} | \n")
            });
        }
        out
    }

    /// As a Graphviz graph, grouped by network and namespace. `ends` are shown even without edges.
    pub fn dot(&self, ends: &[End]) -> String {
        let mut in_pod = format::Groups::default();
        let mut outside = BTreeSet::new();
        let mut edges = Vec::new();
        let mut others: Vec<(NetworkKind, &str, format::Groups)> = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut udn = format::Groups::default();
        for (kind, name, rows) in &self.networks {
            let mut groups = format::Groups::default();
            let suffix = if *kind == NetworkKind::Attachment { name.as_str() } else { "" };
            for row in rows {
                for end in [&row.from, &row.to] {
                    if !end.is_outside() {
                        let is_new = seen.insert(format!("{end}{suffix}"));
                        if !is_new {
                            continue;
                        }
                    }
                    let target = match kind {
                        NetworkKind::Pod => &mut in_pod,
                        NetworkKind::Udn => &mut udn,
                        _ => &mut groups,
                    };
                    target.add_in(
                        end,
                        None,
                        if *kind == NetworkKind::Udn { "[udn]" } else { "[namespace]" },
                        suffix,
                    );
                }
                let (from, to) = (format!("{}{suffix}", row.from), format!("{}{suffix}", row.to));
                edges.push(format::edge(&from, &to, &row.text, "gold2", "darkgreen"));
            }
            outside.extend(std::mem::take(&mut groups.outside));
            if !matches!(kind, NetworkKind::Pod | NetworkKind::Udn) && !groups.is_empty() {
                others.push((*kind, name, groups));
            }
        }
        for end in ends.iter().filter(|end| !seen.contains(&end.to_string())) {
            in_pod.add(end, None);
        }
        outside.extend(in_pod.outside.iter().chain(&udn.outside).cloned());
        edges.sort();
        let mut lines = vec!["digraph {".to_owned()];
        if others.is_empty() && udn.is_empty() {
            in_pod.write("black", &mut lines);
        } else {
            if !in_pod.is_empty() {
                lines.push("\tsubgraph \"cluster_pod_network\" {".to_owned());
                lines.push("\tlabel=\"pod network\"".to_owned());
                in_pod.write("black", &mut lines);
                lines.push("\t}".to_owned());
            }
            udn.write("black", &mut lines);
            for (kind, name, groups) in others {
                let label = if kind == NetworkKind::ClusterUdn { "[cluster-udn]" } else { "[nad]" };
                lines.push(format!("\tsubgraph \"cluster_{name}\" {{"));
                lines.push(format!("\tlabel=\"{name}{label}\""));
                groups.write("black", &mut lines);
                lines.push("\t}".to_owned());
            }
        }
        lines.extend(outside);
        lines.extend(edges);
        lines.push("}".to_owned());
        lines.join("\n")
    }
}
