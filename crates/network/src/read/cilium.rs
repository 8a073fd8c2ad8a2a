//! `cilium.io` policies: seen, but not read. Nothing is sure of the endpoints that they may be for.

use super::fields::Reader;
use super::{Staged, stage};
use crate::notice::NoticeKind;
use crate::world::{LabelExpr, NamespaceExpr, PeerExpr, Policy};

/// A policy that makes every endpoint of its namespace unknown (of the cluster, for a clusterwide one).
pub(super) fn read(reader: &mut Reader<'_, '_>) -> Staged {
    let is_namespaced = reader.object.kind() == "CiliumNetworkPolicy";
    let id = reader.policy_ref(is_namespaced);
    let detail = format!("{} is not judged yet: what it is for is unknown", reader.object.kind());
    reader.notice(NoticeKind::NotJudged, reader.object.node(), detail.clone());
    let namespaces = match &id.namespace {
        Some(namespace) => NamespaceExpr::Named(namespace.clone()),
        None => NamespaceExpr::Labels(LabelExpr::All),
    };
    Staged {
        stage: stage::NETWORK_POLICY.to_owned(),
        policy: Policy {
            id,
            stage: 0,
            order: 0.0,
            subject: PeerExpr::Pods { namespaces, pods: LabelExpr::All },
            ingress: Some(Vec::new()),
            egress: Some(Vec::new()),
            isolates: true,
            unreadable: Some(detail),
            origin: Some(reader.object_origin()),
        },
    }
}
