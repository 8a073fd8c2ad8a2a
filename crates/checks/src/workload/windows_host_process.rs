use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Windows containers that run as processes of the host.
/// ## Why is this bad?
/// A HostProcess container has the file system, the network and the accounts of its node: the same as privileged
/// mode on Linux.
/// ## Example
/// ```yaml
/// securityContext:
///   windowsOptions:
///     hostProcess: true
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   windowsOptions:
///     runAsUserName: ContainerUser
/// ```
/// ## Decisions
/// The pod's setting is reported once, at the pod; a container only for its own.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "windows-host-process",
        area: "workload",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/",
        ],
        peers: &[
            peer("kubescape", "set-hostprocess-true"),
            peer("cis-1.12", "5.2.11"),
            peer("kubescape", "C-0202"),
            peer("polaris", "hostProcess"),
            peer("trivy", "KSV-0103"),
            peer("prowler", "core_minimize_admission_windows_hostprocess_containers"),
            peer("iso-27001:2022", "A.8.14"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if let Some(flag) = pod.security_context().and_then(flag) {
        out.report(&CHECK, flag).part("subject", "pod").fix(FixSafety::Unsafe, edit::replace(flag, false));
    }
    for container in pod.containers() {
        if let Some(flag) = container.security_context().and_then(flag) {
            out.report(&CHECK, flag)
                .part("subject", "container")
                .container(container)
                .fix(FixSafety::Unsafe, edit::replace(flag, false));
        }
    }
}

fn flag(context: Node<'_>) -> Option<Node<'_>> {
    context.at(&["windowsOptions", "hostProcess"]).filter(|flag| flag.is_true())
}
