use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers without a request or limit for ephemeral storage.
/// ## Why is this bad?
/// Logs, `emptyDir` volumes and the writable layer fill the node's disk. When it is full, the kubelet evicts pods
/// of others as well.
/// ## Example
/// ```yaml
/// resources:
///   limits:
///     memory: 1Gi
/// ```
/// ## Use instead
/// ```yaml
/// resources:
///   requests:
///     ephemeral-storage: 1Gi
///   limits:
///     ephemeral-storage: 2Gi
/// ```
/// ## Decisions
/// Asked only on request: hardly any manifest sets these, and a quota or LimitRange of the namespace does it for
/// all. A limit without a request is flagged as well although Kubernetes takes the limit for the request, because
/// the sum is easily overlooked.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "ephemeral-storage-unbounded",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/storage/ephemeral-storage/"],
        peers: &[peer("kube-score", "Container Ephemeral Storage Request and Limit")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers().filter(|container| container.list() != ContainerList::Ephemeral) {
        for (list, path) in [
            ("requests", &["resources", "requests", "ephemeral-storage"]),
            ("limits", &["resources", "limits", "ephemeral-storage"]),
        ] {
            if container.node().at(path).is_none() {
                let change = fix::amount(container, list, "ephemeral-storage", out.fix_value(&CHECK));
                out.report(&CHECK, Place::ContainerLacks(container, path))
                    .container(container)
                    .part("list", list)
                    .fix(FixSafety::Unsafe, change);
            }
        }
    }
}
