//! How somebody could become more than they are: techniques over facts, as an AND/OR graph.
//!
//! ```text
//! Snapshot + Inventory + Cloud ─► build ─► AttackGraph ─► reach, paths, starts_reaching, smallest_cut
//! ```

mod cloud_edges;
mod combine;
mod cut;
mod draw;
mod everybody;
mod graph;
mod pods;
mod roles;
mod search;
mod technique;
mod threat;
mod view;

pub use cut::{Change, Cut};
pub use draw::{Labels, dot, escape, svg};
pub use graph::{Assumption, AttackGraph, EdgeId, FactId, Power};
pub use pods::SOME_NODE;
pub use search::Reach;
pub use technique::{Layer, Technique};
pub use threat::{Asset, Boundary, EntryPoint, Threat, ThreatModel};
pub use view::{EdgeView, EvidenceView, FactKind, FactView, Gain, Goal, Path, PathStep, Start};

use crate::cloud::Cloud;
use crate::inventory::Inventory;
use crate::snapshot::Snapshot;

/// Builds the graph of a cluster. `cloud`: what is known of the account that it runs in.
pub fn build(snapshot: &Snapshot, inventory: &Inventory, cloud: Option<&Cloud>) -> AttackGraph {
    let mut graph = AttackGraph::default();
    pods::PodEdges { inventory, graph: &mut graph }.register();
    if let Some(cloud) = cloud {
        cloud_edges::register(cloud, &mut graph);
    }
    let reads_aws_auth = match cloud.and_then(Cloud::reads_config_map) {
        Some(reads) => reads,
        None => inventory.aws_auth.is_some(),
    };
    roles::RoleEdges::new(snapshot, inventory, &mut graph, reads_aws_auth).add_all();
    pods::PodEdges { inventory, graph: &mut graph }.add_all();
    cloud_edges::add(inventory, cloud, &mut graph);
    graph.seal();
    graph
}
