//! Remedies that several checks share.
//!
//! A fix is safe where the workload behaves as before, or could not be applied to a cluster at all; it is unsafe where
//! a program may miss what is taken away. No fix makes up a value that only people can know (an image's tag, a limit, a
//! user id): it takes it from the configuration or is not there. What the API server would refuse is not written.

use haechi_objects::{Container, Pod, Quantity};
use haechi_syntax::Node;
use haechi_syntax::edit::{self, Change, NewValue};

use crate::findings::Place;

/// What kind of value the configuration may give to the fix of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixValue {
    /// A Kubernetes quantity, for instance `500m` or `512Mi`.
    Quantity,
    /// A user or group id that is not root's.
    Id,
    /// A number of seconds.
    Seconds,
}

/// What kind of value the fix of a check needs from the configuration, by the check's slug; nothing for checks whose
/// fix needs none, or that have none.
pub fn fix_value(slug: &str) -> Option<FixValue> {
    match slug {
        "cpu-limit-missing"
        | "cpu-request-missing"
        | "ephemeral-storage-unbounded"
        | "memory-limit-missing"
        | "memory-request-missing" => Some(FixValue::Quantity),
        "container-runs-as-root" | "fs-group-missing" | "low-group-id" | "low-user-id" | "root-group" => {
            Some(FixValue::Id)
        }
        "cron-job-without-deadline" | "job-not-cleaned-up" => Some(FixValue::Seconds),
        _ => None,
    }
}

impl Place<'_> {
    /// Writes a value where this one is, or where it is missing.
    pub(crate) fn set(self, value: impl Into<NewValue>) -> Option<Change> {
        match self {
            Place::Value(node) => edit::replace(node, value),
            Place::Missing(node, path) => edit::set(node, path, value),
            Place::ContainerLacks(container, path) => edit::set(container.node(), path, value),
            Place::Key(..) => None,
        }
    }
}

/// Takes a flag away that is off where it is missing; sets it to false where it cannot go without a trace.
pub(crate) fn unset(map: Node<'_>, key: &str) -> Option<Change> {
    edit::remove(map, key).or_else(|| edit::set(map, &[key], false))
}

/// Sets a field of the container's own security context: what its pod says for all containers stays.
pub(crate) fn security(
    container: Container<'_>,
    field: &'static str,
    value: impl Into<NewValue>,
) -> Option<Change> {
    edit::set(container.node(), &["securityContext", field], value)
}

/// Chooses the container runtime's own profile for this container: of `seccompProfile` or `appArmorProfile`.
pub(crate) fn runtime_profile(container: Container<'_>, field: &'static str) -> Option<Change> {
    edit::set(container.node(), &["securityContext", field, "type"], "RuntimeDefault")
}

/// Whether a container of the pod is a process of a Windows host: then the API server demands the host's network.
pub(crate) fn has_host_process(pod: Pod<'_>) -> bool {
    let is_on = |context: Option<Node<'_>>| {
        let flag = context.and_then(|context| context.at(&["windowsOptions", "hostProcess"]));
        flag.is_some_and(Node::is_true)
    };
    is_on(pod.security_context()) || pod.containers().any(|container| is_on(container.security_context()))
}

/// Adds the configured request or limit to a container, unless the other one forbids it.
pub(crate) fn amount(
    container: Container<'_>,
    list: &'static str,
    resource: &str,
    value: Option<NewValue>,
) -> Option<Change> {
    // The sum over the containers must fit what the pod has; that is nothing to guess.
    if container.pod().spec().get("resources").is_some() {
        return None;
    }
    let value = value?;
    let other = if list == "limits" { "requests" } else { "limits" };
    if let Some(other) = container.node().at(&["resources", other, resource]) {
        let (given, new) = (quantity(&as_written(other)?)?, quantity(&value)?);
        let fits = if list == "limits" { new >= given } else { new <= given };
        if !fits {
            return None;
        }
    }
    edit::set(container.node(), &["resources", list, resource], value)
}

fn quantity(value: &NewValue) -> Option<Quantity> {
    match value {
        NewValue::Int(number) => Quantity::parse(&number.to_string()),
        NewValue::Text(text) => Quantity::parse(text),
        _ => None,
    }
}

/// A number or text as it is, to be written elsewhere.
pub(crate) fn as_written(node: Node<'_>) -> Option<NewValue> {
    match (node.as_i64(), node.as_str()) {
        (Some(number), _) => Some(NewValue::Int(number)),
        (None, Some(text)) => Some(text.into()),
        (None, None) => node.as_f64().map(|number| NewValue::Text(number.to_string())),
    }
}
