//! The policy that cuts one pod off, and the proof that it does.

use crate::engine::{Engine, Verdict};
use crate::profile::Profile;
use crate::read::{NETWORK_POLICY_ORDER, stage};
use crate::world::{
    Direction, LabelExpr, Layer, NamespaceExpr, PeerExpr, Policy, PolicyRef, Stage, StageKind, World,
};

/// The label that marks an isolated pod; its value is unique to one isolation.
pub const LABEL: &str = "haechi.dev/isolated";

/// What isolates a pod: a label to put on it and a NetworkPolicy that selects the label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Isolation {
    /// The pod's namespace.
    pub namespace: String,
    /// Value of [`LABEL`] for the pod.
    pub value: String,
}

impl Isolation {
    /// Name of the policy.
    pub fn policy_name(&self) -> String {
        format!("haechi-isolate-{}", self.value)
    }

    /// The NetworkPolicy as a manifest: no rule in either direction.
    pub fn manifest(&self) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {}\n  namespace: {}\n  labels:\n    app.kubernetes.io/managed-by: haechi\nspec:\n  podSelector:\n    matchLabels:\n      {LABEL}: \"{}\"\n  policyTypes:\n    - Ingress\n    - Egress\n  ingress: []\n  egress: []\n",
            self.policy_name(),
            self.namespace,
            self.value
        )
    }

    /// The policy as the engine has it.
    pub fn policy(&self, stage: usize) -> Policy {
        Policy {
            id: PolicyRef {
                kind: "NetworkPolicy".to_owned(),
                namespace: Some(self.namespace.clone()),
                name: self.policy_name(),
            },
            stage,
            order: 0.0,
            subject: PeerExpr::Pods {
                namespaces: NamespaceExpr::Named(self.namespace.clone()),
                pods: LabelExpr::In(LABEL.to_owned(), vec![self.value.clone()]),
            },
            ingress: Some(Vec::new()),
            egress: Some(Vec::new()),
            isolates: true,
            unreadable: None,
            origin: None,
        }
    }
}

/// What still passes although a pod is isolated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Which way.
    pub direction: Direction,
    /// The other end, a number of the engine's universe.
    pub other: usize,
    /// What passes or may pass.
    pub verdict: Verdict,
    /// The policy that opens it: NetworkPolicies only add to what others allow, and those of higher tiers are asked
    /// first.
    pub by: Option<PolicyRef>,
}

/// The result of isolating a pod in thought.
#[derive(Debug)]
pub struct Proof {
    /// The engine with the isolation in place.
    pub engine: Engine,
    /// What is still open; empty where the pod is cut off.
    pub leaks: Vec<Leak>,
}

/// The stage in which the plugin asks NetworkPolicies, and their place in it.
fn stage_of_network_policies(world: &mut World, profile: Profile) -> (usize, f64) {
    let in_tier = format!("{}{}", stage::TIER, stage::DEFAULT_TIER);
    if let Some(index) = world.stages.iter().position(|stage| stage.name == in_tier) {
        return (index, NETWORK_POLICY_ORDER);
    }
    let is_meant = |stage: &Stage| stage.kind == StageKind::Union && stage.layer == Layer::Network;
    if let Some(index) = world.stages.iter().position(is_meant).filter(|_| !profile.network_policy_in_tier) {
        return (index, 0.0);
    }
    let (name, kind) = match profile.network_policy_in_tier {
        true => (in_tier, StageKind::Closed),
        false => (stage::NETWORK_POLICY.to_owned(), StageKind::Union),
    };
    // A world that was read has the stage: only one put together by hand gets here, and has no policies after it.
    world.stages.push(Stage { name, kind, layer: Layer::Network });
    (world.stages.len() - 1, NETWORK_POLICY_ORDER)
}

/// Puts label and policy in place and looks what still reaches the pod or is reached by it. `remove` are labels that
/// are taken off, so that policies which allow something by them no longer select the pod.
pub fn prove(
    world: &World,
    profile: Profile,
    endpoint: usize,
    isolation: &Isolation,
    remove: &[String],
) -> Proof {
    let mut world = world.clone();
    let (stage, order) = stage_of_network_policies(&mut world, profile);
    if let Some(pod) = world.endpoints.get_mut(endpoint) {
        for label in remove {
            pod.labels.remove(label);
        }
        pod.labels.insert(LABEL.to_owned(), isolation.value.clone());
    }
    world.policies.push(Policy { order, ..isolation.policy(stage) });
    let mut engine = Engine::new(world, profile);
    let class = engine.universe().class_of(endpoint);
    let mut leaks = Vec::new();
    for other in (0..engine.universe().size()).filter(|other| *other != class) {
        for direction in Direction::BOTH {
            let verdict = match direction {
                Direction::Ingress => engine.verdict(other, class),
                Direction::Egress => engine.verdict(class, other),
            };
            if verdict.possible.is_empty() {
                continue;
            }
            let explained = match direction {
                Direction::Ingress => {
                    crate::explain::explain(&mut engine, other, class, verdict.possible).ingress
                }
                Direction::Egress => {
                    crate::explain::explain(&mut engine, class, other, verdict.possible).egress
                }
            };
            let opens = explained.causes.iter().find(|cause| cause.passes);
            let by = opens
                .and_then(|cause| crate::explain::place(&engine, direction, cause.reason))
                .map(|(id, _)| id);
            leaks.push(Leak { direction, other, verdict, by });
        }
    }
    Proof { engine, leaks }
}
