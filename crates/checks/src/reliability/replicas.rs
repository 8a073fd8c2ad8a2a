//! How many pods a workload runs, and who says so.

use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::Context;

/// Whether the object runs interchangeable or numbered replicas.
pub(super) fn has_replicas(object: Object<'_>) -> bool {
    matches!(
        (object.group(), object.kind()),
        ("apps" | "extensions", "Deployment" | "StatefulSet" | "ReplicaSet")
            | ("apps.openshift.io", "DeploymentConfig")
            | ("argoproj.io", "Rollout")
            | ("", "ReplicationController")
    )
}

/// `spec.replicas`.
pub(super) fn replicas(object: Object<'_>) -> Option<Node<'_>> {
    object.spec()?.get("replicas")
}

/// The fewest pods that the object may run: the autoscaler's minimum where the scan holds one, else its own number,
/// else one.
pub(super) fn fewest(object: Object<'_>, context: &Context<'_>) -> i64 {
    let own = replicas(object).and_then(Node::as_i64);
    autoscaled(object, context).or(own).unwrap_or(1)
}

/// The minimum of the autoscaler of the object, be it Kubernetes' or KEDA's.
pub(super) fn autoscaled(object: Object<'_>, context: &Context<'_>) -> Option<i64> {
    autoscaler(object, context).map(|(chosen, default)| chosen.unwrap_or(default))
}

/// As [`autoscaled`], where the autoscaler names its minimum.
pub(super) fn autoscaled_by_choice(object: Object<'_>, context: &Context<'_>) -> Option<i64> {
    autoscaler(object, context)?.0
}

/// The minimum that the autoscaler names, and the one that it keeps if it names none.
fn autoscaler(object: Object<'_>, context: &Context<'_>) -> Option<(Option<i64>, i64)> {
    let named =
        |autoscaler: Object<'_>, field: &str| autoscaler.node().at(&["spec", field]).and_then(Node::as_i64);
    let horizontal = context.inventory.autoscalers_of(object).next();
    horizontal.map(|autoscaler| (named(autoscaler, "minReplicas"), 1)).or_else(|| {
        let mut scaled = context.inventory.of_kind("keda.sh", "ScaledObject").filter(|scaled| {
            let of_target =
                |field: &str| scaled.node().at(&["spec", "scaleTargetRef", field]).and_then(Node::as_str);
            of_target("kind").unwrap_or("Deployment") == object.kind()
                && of_target("name") == Some(object.name())
                && crate::inventory::may_share_namespace(scaled.namespace(), object.namespace())
        });
        let found = scaled.next()?;
        Some((named(found, "minReplicaCount"), 0))
    })
}
