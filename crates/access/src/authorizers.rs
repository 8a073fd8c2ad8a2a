//! "RBAC says" and "the cluster says" are two answers: other authorizers stand before and beside RBAC.

use serde::Serialize;

use crate::decide::{Answer, RbacDecision};
use crate::request::{Request, Target};
use crate::snapshot::Snapshot;
use crate::subject::{MASTERS, NODES};

/// What is known of authorizers that no object in the cluster describes: webhooks, EKS access policies, GKE IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beside {
    /// There is none: the API server's `--authorization-mode` (or configuration file) was seen.
    None,
    /// There is at least one, whose rules cannot be read here.
    Some,
    /// Nobody told. The answer is about the authorizers that are known.
    #[default]
    NotTold,
}

/// The authorizers of an API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorizers {
    /// Whether the Node authorizer is on, as it is almost everywhere.
    pub has_node: bool,
    /// Whether RBAC is on.
    pub has_rbac: bool,
    /// Whether `AlwaysAllow` is on: then everything is allowed to everybody.
    pub has_always_allow: bool,
    /// Authorizers whose rules are no objects of the cluster.
    pub beside: Beside,
}

impl Default for Authorizers {
    fn default() -> Self {
        Authorizers { has_node: true, has_rbac: true, has_always_allow: false, beside: Beside::NotTold }
    }
}

/// Who gave the cluster's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// Membership of `system:masters`, which is asked before every authorizer and cannot be taken away by RBAC.
    SystemMasters,
    /// `--authorization-mode=AlwaysAllow`.
    AlwaysAllow,
    /// The Node authorizer.
    Node,
    /// RBAC.
    Rbac,
    /// An authorizer that cannot be read here.
    Beside,
}

/// What the cluster says, and what RBAC alone says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterDecision {
    /// The answer of all authorizers together.
    pub answer: Answer,
    /// Who allowed it, or on whom an unknown answer depends; `None` for a no.
    pub by: Option<Authority>,
    /// RBAC alone.
    pub rbac: RbacDecision,
}

impl Authorizers {
    /// Reads the value of `--authorization-mode`, for instance `Node,RBAC,Webhook`. A word that no Kubernetes has is
    /// an authorizer that cannot be read.
    pub fn from_modes(modes: &str) -> Self {
        let mut found =
            Authorizers { has_node: false, has_rbac: false, has_always_allow: false, beside: Beside::None };
        for mode in modes.split(',').map(str::trim).filter(|mode| !mode.is_empty()) {
            match mode {
                "Node" => found.has_node = true,
                "RBAC" => found.has_rbac = true,
                "AlwaysAllow" => found.has_always_allow = true,
                "AlwaysDeny" => {}
                _ => found.beside = Beside::Some,
            }
        }
        found
    }

    /// What the cluster answers to a request.
    pub fn decide(&self, snapshot: &Snapshot, request: &Request<'_>) -> ClusterDecision {
        let rbac = snapshot.decide(request);
        let (answer, by) = self.combine(&rbac, request);
        ClusterDecision { answer, by, rbac }
    }

    fn combine(&self, rbac: &RbacDecision, request: &Request<'_>) -> (Answer, Option<Authority>) {
        if request.groups.contains(&MASTERS) {
            return (Answer::Allowed, Some(Authority::SystemMasters));
        }
        if self.has_always_allow {
            return (Answer::Allowed, Some(Authority::AlwaysAllow));
        }
        let node = if self.has_node { node_authorizer(request) } else { Answer::Denied };
        let rbac = if self.has_rbac { rbac.answer } else { Answer::Denied };
        let beside = match self.beside {
            Beside::Some => Answer::Unknown,
            Beside::None | Beside::NotTold => Answer::Denied,
        };
        let answers = [(rbac, Authority::Rbac), (node, Authority::Node), (beside, Authority::Beside)];
        for wanted in [Answer::Allowed, Answer::Unknown] {
            if let Some((_, by)) = answers.iter().find(|(answer, _)| *answer == wanted) {
                return (wanted, Some(*by));
            }
        }
        (Answer::Denied, None)
    }
}

/// What kubelets may do whatever runs on their node: (group, verbs, resources). Facts of Kubernetes 1.36,
/// `bootstrappolicy.NodeRules`.
const NODE_ALWAYS: &[(&str, &[&str], &[&str])] = &[
    ("authentication.k8s.io", &["create"], &["tokenreviews"]),
    ("authorization.k8s.io", &["create"], &["subjectaccessreviews", "localsubjectaccessreviews"]),
    ("", &["get", "list", "watch"], &["services"]),
    ("", &["create"], &["nodes"]),
    ("", &["create", "patch", "update"], &["events"]),
    ("certificates.k8s.io", &["create", "get", "list", "watch"], &["certificatesigningrequests"]),
    ("node.k8s.io", &["get", "list", "watch"], &["runtimeclasses"]),
    ("storage.k8s.io", &["get", "list", "watch"], &["csidrivers"]),
];

/// What they may do for their own node and for pods that run there; the graph of the API server decides.
const NODE_BY_GRAPH: &[(&str, &[&str], &[&str])] = &[
    ("", &["get", "list", "watch", "update", "patch", "delete"], &["nodes"]),
    ("", &["update", "patch"], &["nodes/status"]),
    ("", &["get", "list", "watch", "create", "delete"], &["pods"]),
    ("", &["update", "patch"], &["pods/status"]),
    ("", &["create"], &["pods/eviction", "serviceaccounts/token"]),
    ("", &["get", "list", "watch"], &["secrets", "configmaps"]),
    ("", &["get"], &["persistentvolumeclaims", "persistentvolumes", "endpoints"]),
    ("", &["update", "patch"], &["persistentvolumeclaims/status"]),
    ("storage.k8s.io", &["get"], &["volumeattachments"]),
    ("storage.k8s.io", &["get", "create", "update", "patch", "delete"], &["csinodes"]),
    ("coordination.k8s.io", &["get", "create", "update", "patch", "delete"], &["leases"]),
    (
        "resource.k8s.io",
        &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
        &["resourceslices"],
    ),
    ("resource.k8s.io", &["get"], &["resourceclaims"]),
    (
        "certificates.k8s.io",
        &["get", "list", "watch", "create", "update", "patch"],
        &["podcertificaterequests", "clustertrustbundles"],
    ),
];

/// What the Node authorizer answers; what depends on the pods of the node is unknown.
fn node_authorizer(request: &Request<'_>) -> Answer {
    let is_node = request.groups.contains(&NODES)
        && request.user.strip_prefix("system:node:").is_some_and(|name| !name.is_empty());
    let Target::Resource { group, resource, subresource, .. } = request.action.target else {
        return Answer::Denied;
    };
    if !is_node {
        return Answer::Denied;
    }
    let matches = |table: &[(&str, &[&str], &[&str])]| {
        table.iter().any(|(of_group, verbs, resources)| {
            *of_group == group
                && verbs.contains(&request.action.verb)
                && resources.iter().any(|entry| match entry.split_once('/') {
                    Some((parent, child)) => (parent, child) == (resource, subresource),
                    None => *entry == resource && subresource.is_empty(),
                })
        })
    };
    if matches(NODE_ALWAYS) {
        Answer::Allowed
    } else if matches(NODE_BY_GRAPH) {
        Answer::Unknown
    } else {
        Answer::Denied
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::SnapshotBuilder;
    use crate::request::Action;
    use crate::snapshot::SnapshotOptions;

    fn ask(
        authorizers: Authorizers,
        user: &str,
        groups: &[&str],
        action: Action<'_>,
    ) -> (Answer, Option<Authority>) {
        let snapshot = SnapshotBuilder::new(SnapshotOptions::default()).finish();
        let decision = authorizers.decide(&snapshot, &Request { user, groups, action });
        (decision.answer, decision.by)
    }

    #[test]
    fn masters_need_no_binding() {
        let action = Action::on("delete", "", "nodes", "");
        let answer = ask(Authorizers::default(), "eve", &[MASTERS], action);
        assert_eq!(answer, (Answer::Allowed, Some(Authority::SystemMasters)));
    }

    #[test]
    fn kubelet_reads_secrets_only_of_its_pods() {
        let action = Action::on("get", "", "secrets", "a");
        let answer = ask(Authorizers::default(), "system:node:n1", &[NODES], action);
        assert_eq!(answer, (Answer::Unknown, Some(Authority::Node)));
        // The name alone makes no kubelet.
        assert_eq!(ask(Authorizers::default(), "system:node:n1", &[], action), (Answer::Denied, None));
    }

    #[test]
    fn webhook_beside_rbac_leaves_no_certain_no() {
        let modes = Authorizers::from_modes("Node,RBAC,Webhook");
        let action = Action::on("get", "", "secrets", "a");
        assert_eq!(ask(modes, "eve", &[], action), (Answer::Unknown, Some(Authority::Beside)));
        assert_eq!(ask(Authorizers::from_modes("RBAC"), "eve", &[], action), (Answer::Denied, None));
    }
}
