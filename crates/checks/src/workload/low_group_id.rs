use haechi_model::{FixSafety, NewValue, RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers that run under a group id below the lowest allowed one (10000 unless set otherwise), or under
/// one that the manifest does not tell.
/// ## Why is this bad?
/// Low ids belong to groups of the node as well. After an escape the process has the rights of that group there.
/// ## Example
/// ```yaml
/// securityContext:
///   runAsGroup: 1000
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   runAsGroup: 10001
/// ```
/// ## Decisions
/// Asked only on request, for the reasons of `low-user-id`. Group 0 is as low as any, and is found by
/// `root-group` as well.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "low-group-id",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
            "https://avd.aquasec.com/misconfig/kubernetes/general/avd-ksv-0021/",
        ],
        peers: &[
            peer("trivy", "KSV-0021"),
            peer("kubesec", "RunAsGroup"),
            peer("kube-score", "Container Security Context User Group ID"),
        ],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    let least = context.options.minimum_id;
    for container in pod.containers() {
        let place = match container.effective("runAsGroup") {
            Some(group) if group.node.as_i64().is_some_and(|id| id >= least) => continue,
            Some(group) => Place::Value(group.node),
            None => Place::ContainerLacks(container, &["securityContext", "runAsGroup"]),
        };
        let value = out.fix_value(&CHECK).filter(|value| *value >= NewValue::Int(least));
        let change = value.and_then(|value| fix::security(container, "runAsGroup", value));
        out.report(&CHECK, place).container(container).arg("least", least).fix(FixSafety::Unsafe, change);
    }
}
