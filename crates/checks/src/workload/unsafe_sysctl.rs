use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::edit;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags kernel settings (sysctls) that Kubernetes does not count as safe.
/// ## Why is this bad?
/// An unsafe setting can disturb other pods of the node or weaken the kernel for all of them, and the kubelet
/// refuses the pod unless the node allows it.
/// ## Example
/// ```yaml
/// securityContext:
///   sysctls:
///   - name: kernel.msgmax
///     value: "65536"
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   sysctls:
///   - name: net.ipv4.tcp_syncookies
///     value: "1"
/// ```
/// ## Decisions
/// The safe ones are those of the newest Pod Security Standard. Names may be written with `/` instead of `.`, as
/// sysctl(8) reads them.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "unsafe-sysctl",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/",
        ],
        peers: &[
            peer("kubescape", "set-sysctls-params"),
            peer("kube-linter", "unsafe-sysctls"),
            peer("trivy", "KSV-0026"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

/// Settings that affect nothing but the pod.
const SAFE: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let sysctls = pod.security_context().and_then(|context| context.get("sysctls"));
    let Some(sysctls) = sysctls else { return };
    for sysctl in sysctls.items() {
        let Some(name) = sysctl.get("name") else { continue };
        let Some(written) = name.as_str() else { continue };
        if !SAFE.contains(&written.replace('/', ".").as_str()) {
            out.report(&CHECK, name)
                .part("sysctl", written)
                .fix(FixSafety::Unsafe, edit::remove_item(sysctls, sysctl));
        }
    }
}
