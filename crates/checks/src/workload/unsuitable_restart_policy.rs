use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Pod, WorkloadKind};
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags restart policies that Kubernetes refuses for the kind of workload.
/// ## Why is this bad?
/// The API server refuses the object, so that what it was to replace stays as it is.
/// ## Example
/// ```yaml
/// kind: Deployment
/// spec:
///   template:
///     spec:
///       restartPolicy: Never
/// ```
/// ## Use instead
/// ```yaml
/// kind: Deployment
/// spec:
///   template:
///     spec:
///       restartPolicy: Always
/// ```
/// ## Decisions
/// Deployments, StatefulSets, DaemonSets, ReplicaSets and ReplicationControllers take `Always` alone; Jobs and
/// CronJobs take `Never` and `OnFailure` and must name one. A pod by itself may have any.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "unsuitable-restart-policy",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/",
        ],
        peers: &[peer("kube-linter", "restart-policy"), peer("kube-score", "CronJob RestartPolicy")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let policy = pod.spec().get("restartPolicy");
    let written = policy.and_then(Node::as_str);
    let is_suitable = match pod.kind() {
        WorkloadKind::Pod | WorkloadKind::PodTemplate | WorkloadKind::Custom => true,
        WorkloadKind::Job | WorkloadKind::CronJob => matches!(written, Some("Never" | "OnFailure")),
        _ => matches!(written, None | Some("" | "Always")),
    };
    if !is_suitable {
        // Jobs have two policies to choose from. For the others there is but one, and with another one the API server
        // refuses the workload, so nothing that runs changes.
        let change = match pod.kind() {
            WorkloadKind::Job | WorkloadKind::CronJob => None,
            _ => edit::set(pod.spec(), &["restartPolicy"], "Always"),
        };
        match policy {
            Some(policy) => out.report(&CHECK, policy),
            None => out.report(&CHECK, Place::Missing(pod.spec(), &["restartPolicy"])),
        }
        .arg("policy", written.unwrap_or("Always"))
        .arg("kind", pod.object().kind())
        .fix(FixSafety::Safe, change);
    }
}
