use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags pods without a priority class.
/// ## Why is this bad?
/// When nodes run short, nothing says which workloads matter, and the wrong ones are evicted.
/// ## Example
/// ```yaml
/// spec:
///   containers: []
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   priorityClassName: business-critical
/// ```
/// ## Decisions
/// Asked only on request: clusters can have a default class, and most workloads are equal.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "priority-class-missing",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/"],
        peers: &[peer("polaris", "priorityClassNotSet"), peer("kube-linter", "priority-class-name")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.spec().get("priorityClassName").and_then(Node::as_str).is_none_or(str::is_empty) {
        out.report(&CHECK, Place::Missing(pod.spec(), &["priorityClassName"]));
    }
}
