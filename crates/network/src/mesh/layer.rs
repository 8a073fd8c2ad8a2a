//! The mesh as a layer over connections: who is let through by Istio, and whether the wire shows anything.

use super::authz::{Attributes, Authorizer, Decision, Field, TrustDomains};
use super::mtls::Encryption;
use crate::l4::{self, Protocol};
use crate::read::Snapshot;
use crate::space::{ConnId, Space};
use crate::world::{Endpoint, MeshMode};

/// What the mesh does with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Whether Istio's policies let it through; `None` where no proxy stands before the destination.
    pub authorization: Option<Decision>,
    /// How it is protected.
    pub encryption: Encryption,
}

/// Whether manifests say anything of a mesh or of encryption.
pub fn is_in_use(snapshot: &Snapshot) -> bool {
    !snapshot.authorization.is_empty()
        || !snapshot.mesh.peers.is_empty()
        || !snapshot.mesh.rules.is_empty()
        || snapshot.mesh.encrypts_between_nodes
        || snapshot.world.endpoints.iter().any(|endpoint| endpoint.mesh != MeshMode::None)
}

/// The layer for TCP connections of `set` to an endpoint; `from` is `None` for something outside. Requests are not
/// known, so a policy that asks for methods, paths or tokens leaves the answer unknown.
pub fn layer(snapshot: &Snapshot, space: &Space, from: Option<&Endpoint>, to: &Endpoint, set: ConnId) -> Layer {
    let ports = l4::ports_of(space, set, Protocol::Tcp);
    let only = match ports.as_slice() {
        [(first, last)] if first == last => Some(*first),
        _ => None,
    };
    let service = snapshot.services.iter().find(|service| {
        service.namespace == to.namespace
            && service.selector.as_ref().is_some_and(|selector| selector.matches_map(&to.labels))
    });
    let service_name = service.map(|service| (service.name.as_str(), service.namespace.as_str()));
    let mesh = &snapshot.mesh;
    let encryption = match only {
        Some(port) => mesh.encryption(from, to, service_name, port),
        // With several ports the answer must be the same for those that are set apart, or it is unknown.
        None => {
            let first = mesh.encryption(from, to, service_name, 0);
            let apart = mesh.peers.iter().flat_map(|policy| policy.ports.keys());
            let apart = apart.chain(mesh.rules.iter().flat_map(|rule| rule.ports.keys()));
            let differs = apart.into_iter().any(|port| mesh.encryption(from, to, service_name, *port) != first);
            if differs { Encryption::Unknown } else { first }
        }
    };
    let authorization = (to.mesh != MeshMode::None).then(|| {
        let policies = snapshot.authorization.iter().filter(|policy| {
            policy.is_for(mesh.root(), &to.namespace, &to.labels)
        });
        let principal = match (encryption, from) {
            (Encryption::MutualTls, Some(from)) if !from.service_account.is_empty() => {
                Field::Known(format!("cluster.local/ns/{}/sa/{}", from.namespace, from.service_account))
            }
            (Encryption::Unknown | Encryption::MutualTls, _) => Field::Unknown,
            _ => Field::Absent,
        };
        let address = |endpoint: &Endpoint| match endpoint.ips.as_slice() {
            [one] => Field::Known(*one),
            _ => Field::Unknown,
        };
        let request = Attributes {
            principal,
            source_ip: from.map_or(Field::Unknown, address),
            destination_ip: address(to),
            destination_port: only.map_or(Field::Unknown, Field::Known),
            ..Attributes::default()
        };
        Authorizer::new(policies.collect(), TrustDomains::default(), true).decide(&request)
    });
    Layer { authorization, encryption }
}
