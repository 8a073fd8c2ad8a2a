//! PodSecurityPolicies, which Kubernetes 1.25 removed; clusters that old still stand.

use haechi_objects::Object;
use haechi_syntax::Node;

/// The spec of a PodSecurityPolicy, if the object is one.
pub(super) fn policy(object: Object<'_>) -> Option<Node<'_>> {
    let is_policy = object.kind() == "PodSecurityPolicy" && matches!(object.group(), "policy" | "extensions");
    object.spec().filter(|_| is_policy)
}
