//! Which network policies select a pod. Only whether there is one, not what it allows.

use haechi_objects::{LabelSelector, Labels, Object};
use haechi_syntax::Node;

use crate::check::Context;
use crate::inventory::may_share_namespace;

/// Whether policies of the scan select a pod, by direction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Isolation {
    pub(super) ingress: bool,
    pub(super) egress: bool,
    /// A policy whose selector cannot be read here may select it.
    pub(super) unknown: bool,
}

impl Isolation {
    pub(super) fn any(self) -> bool {
        self.ingress || self.egress
    }
}

/// What the policies of the scan do to pods with these labels in that namespace.
pub(super) fn isolation(labels: Labels<'_>, namespace: Option<&str>, context: &Context<'_>) -> Isolation {
    let mut found = Isolation::default();
    for policy in context.inventory.network_policies_of(labels, namespace) {
        let (ingress, egress) = directions(policy);
        found.ingress |= ingress;
        found.egress |= egress;
    }
    for kind in ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"] {
        for policy in context.inventory.of_kind("cilium.io", kind) {
            let is_near = kind != "CiliumNetworkPolicy" || may_share_namespace(policy.namespace(), namespace);
            for spec in cilium_specs(policy).filter(|_| is_near) {
                match selects(spec, labels) {
                    Some(true) => {
                        found.ingress |= spec.get("ingress").is_some() || spec.get("ingressDeny").is_some();
                        found.egress |= spec.get("egress").is_some() || spec.get("egressDeny").is_some();
                    }
                    Some(false) => {}
                    None => found.unknown = true,
                }
            }
        }
    }
    found.unknown |= has_foreign_policies(context);
    found
}

/// Ingress and egress, as the API server defaults them: ingress always, egress where there are egress rules.
pub(super) fn directions(policy: Object<'_>) -> (bool, bool) {
    let Some(spec) = policy.spec() else { return (true, false) };
    match spec.get("policyTypes").filter(|types| !types.is_empty()) {
        Some(types) => {
            let has = |name| types.items().any(|item| item.as_str() == Some(name));
            (has("Ingress"), has("Egress"))
        }
        None => (true, spec.get("egress").is_some_and(|rules| !rules.is_empty())),
    }
}

/// `spec` and `specs` of a Cilium policy.
pub(super) fn cilium_specs<'d>(policy: Object<'d>) -> impl Iterator<Item = Node<'d>> {
    let several = policy.node().get("specs").map(Node::items);
    policy.spec().into_iter().chain(several.into_iter().flatten())
}

/// Whether a Cilium rule selects pods with these labels; `None` where that cannot be told.
fn selects(spec: Node<'_>, labels: Labels<'_>) -> Option<bool> {
    let selector = spec.get("endpointSelector")?;
    let selector = LabelSelector::parse(selector).ok()?;
    // A label with a source other than the pod, or the namespace it is in, is not seen in a manifest.
    let is_foreign = selector.requirements.iter().any(|requirement| {
        requirement.key.contains("io.kubernetes.") || requirement.key.contains("io.cilium.")
    });
    let matches = selector.matches_with(|key| {
        labels.get(key.strip_prefix("k8s:").or_else(|| key.strip_prefix("any:")).unwrap_or(key))
    });
    (!is_foreign).then_some(matches)
}

/// Policies of other engines, whose reach is not judged here.
pub(super) fn has_foreign_policies(context: &Context<'_>) -> bool {
    [
        ("projectcalico.org", "NetworkPolicy"),
        ("projectcalico.org", "GlobalNetworkPolicy"),
        ("crd.projectcalico.org", "NetworkPolicy"),
        ("crd.projectcalico.org", "GlobalNetworkPolicy"),
        ("policy.networking.k8s.io", "AdminNetworkPolicy"),
        ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
        ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ]
    .iter()
    .any(|(group, kind)| context.inventory.of_kind(group, kind).next().is_some())
}

/// Whether the scan holds any network policy that may be in that namespace.
pub(super) fn holds_policies(context: &Context<'_>, namespace: Option<&str>) -> bool {
    let inventory = context.inventory;
    inventory.holds("networking.k8s.io", "NetworkPolicy", namespace)
        || inventory.holds("cilium.io", "CiliumNetworkPolicy", namespace)
        || inventory.of_kind("cilium.io", "CiliumClusterwideNetworkPolicy").next().is_some()
}
