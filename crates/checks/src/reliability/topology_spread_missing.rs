use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::replicas::has_replicas;
use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags workloads with replicas that set no topology spread constraint.
/// ## Why is this bad?
/// All replicas may end up in one zone, and fail with it.
/// ## Example
/// ```yaml
/// spec:
///   containers: []
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   topologySpreadConstraints:
///   - topologyKey: topology.kubernetes.io/zone
///     maxSkew: 1
///     whenUnsatisfiable: ScheduleAnyway
/// ```
/// ## Decisions
/// Asked only on request: clusters have default constraints, and anti-affinity does the same.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "topology-spread-missing",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"],
        peers: &[peer("polaris", "topologySpreadConstraint")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let constraints = pod.spec().get("topologySpreadConstraints");
    if has_replicas(pod.object()) && constraints.is_none_or(|constraints| constraints.is_empty()) {
        out.report(&CHECK, Place::Missing(pod.spec(), &["topologySpreadConstraints"]));
    }
}
