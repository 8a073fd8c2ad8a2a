use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Pod, WorkloadKind};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags workloads that do not say on which nodes they belong.
/// ## Why is this bad?
/// Workloads of different trust may share a node, and an escape from one reaches the other.
/// ## Example
/// ```yaml
/// spec:
///   containers: []
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   affinity:
///     nodeAffinity: {}
/// ```
/// ## Decisions
/// Asked only on request: most workloads run on any node. A node selector says it as well.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "node-affinity-missing",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"],
        peers: &[peer("kube-linter", "no-node-affinity")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let has = |path: &[&str]| pod.spec().at(path).is_some_and(|node| !node.is_empty());
    let is_placed =
        has(&["affinity", "nodeAffinity"]) || has(&["nodeSelector"]) || pod.spec().get("nodeName").is_some();
    if !is_placed && pod.kind() != WorkloadKind::DaemonSet {
        out.report(&CHECK, Place::Missing(pod.spec(), &["affinity", "nodeAffinity"]));
    }
}
