use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags containers that see the unmasked `/proc` of their runtime.
/// ## Why is this bad?
/// The runtime hides and write-protects parts of `/proc` that change the node, such as `/proc/sys`. `procMount:
/// Unmasked` gives them back.
/// ## Example
/// ```yaml
/// securityContext:
///   procMount: Unmasked
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   procMount: Default
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "proc-mount-unmasked",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/concepts/security/linux-kernel-security-constraints/",
        ],
        peers: &[
            peer("kubescape", "set-procmount-default"),
            peer("polaris", "procMount"),
            peer("kube-linter", "unsafe-proc-mount"),
            peer("trivy", "KSV-0027"),
            peer("kubesec", "ProcMount"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let mount = container.security("procMount");
        if let Some(mount) = mount.filter(|mount| mount.as_str().is_some_and(|kind| kind != "Default")) {
            out.report(&CHECK, mount)
                .container(container)
                .fix(FixSafety::Unsafe, fix::security(container, "procMount", "Default"));
        }
    }
}
