use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags containers without SELinux options.
/// ## Why is this bad?
/// On nodes with SELinux the container gets a label at random, which cannot be tied to a policy of yours.
/// ## Example
/// ```yaml
/// securityContext: {}
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   seLinuxOptions:
///     level: s0:c123,c456
/// ```
/// ## Decisions
/// Asked only on request: nodes with SELinux confine containers by a label of their own where none is chosen, and
/// many nodes have no SELinux.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "selinux-options-missing",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
        peers: &[peer("kubescape", "set-seLinuxOptions")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        if container.effective("seLinuxOptions").is_none() {
            let place = Place::ContainerLacks(container, &["securityContext", "seLinuxOptions"]);
            out.report(&CHECK, place).container(container);
        }
    }
}
