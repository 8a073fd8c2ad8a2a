use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags pods and containers that are put into the group root (id 0).
/// ## Why is this bad?
/// Many files of the image and of mounted volumes may be read or written by the group root. A process without
/// root's user id gets at them this way.
/// ## Example
/// ```yaml
/// securityContext:
///   runAsGroup: 0
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   runAsGroup: 10001
/// ```
/// ## Decisions
/// Only ids that are written down count. An image that runs under group 0 by itself, as OpenShift's do, cannot be
/// told from its manifest.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "root-group",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
            "https://avd.aquasec.com/misconfig/kubernetes/general/avd-ksv-0116/",
        ],
        peers: &[
            peer("kubescape", "set-supplementalgroups-values"),
            peer("trivy", "KSV-0116"),
            peer("kube-linter", "run-as-non-root"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    let of_pod = pod.security_context();
    let other = out.fix_value(&CHECK);
    let mut report = |node: Node<'_>, field: &'static str| {
        if node.as_i64() == Some(0) {
            let list = node.parent().filter(|parent| parent.is_sequence());
            let change = match list {
                Some(list) => edit::remove_item(list, node),
                None => other.clone().and_then(|other| edit::replace(node, other)),
            };
            out.report(&CHECK, node).part("field", field).fix(FixSafety::Unsafe, change);
        }
    };
    for field in ["runAsGroup", "fsGroup"] {
        if let Some(group) = of_pod.and_then(|context| context.get(field)) {
            report(group, field);
        }
    }
    let groups = of_pod.and_then(|context| context.get("supplementalGroups"));
    groups.into_iter().flat_map(Node::items).for_each(|group| report(group, "supplementalGroups"));
    for container in pod.containers() {
        if let Some(group) = container.security("runAsGroup").filter(|group| group.as_i64() == Some(0)) {
            let other = out.fix_value(&CHECK);
            let change = other.and_then(|other| fix::security(container, "runAsGroup", other));
            out.report(&CHECK, group)
                .container(container)
                .part("field", "runAsGroup")
                .fix(FixSafety::Unsafe, change);
        }
    }
}
