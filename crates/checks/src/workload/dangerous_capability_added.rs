use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::edit;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags capabilities that are added beyond those of the baseline Pod Security Standard.
/// ## Why is this bad?
/// Each of these rights leads out of the container or takes over the network: loading kernel modules, mounting,
/// tracing other processes, changing routes.
/// ## Example
/// ```yaml
/// securityContext:
///   capabilities:
///     add: [SYS_ADMIN]
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   capabilities:
///     drop: [ALL]
///     add: [NET_BIND_SERVICE]
/// ```
/// ## Decisions
/// Names are read as container runtimes read them: in any letter case, with or without `CAP_`. `ALL` and
/// `SYS_ADMIN` and their like are critical: they are as good as privileged mode.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangerous-capability-added",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://man7.org/linux/man-pages/man7/capabilities.7.html",
            "https://attack.mitre.org/techniques/T1611/",
        ],
        peers: &[
            peer("kubescape", "rule-privileged-container"),
            peer("trivy", "KSV-0106"),
            peer("trivy", "KSV-0005"),
            peer("trivy", "KSV-0120"),
            peer("checkov", "CKV_K8S_39"),
            peer("kubesec", "CapSysAdmin"),
            peer("cis-1.12", "5.2.9"),
            peer("kubescape", "C-0046"),
            peer("kubescape", "C-0200"),
            peer("polaris", "dangerousCapabilities"),
            peer("kubeaudit", "capabilities"),
            peer("checkov", "CKV_K8S_24"),
            peer("checkov", "CKV_K8S_25"),
            peer("prowler", "core_minimize_containers_added_capabilities"),
            peer("complianceascode", "scc_limit_container_allowed_capabilities"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

/// What the baseline Pod Security Standard lets a container add.
const BASELINE: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Those that hand over the node by themselves.
const AS_GOOD_AS_PRIVILEGED: &[&str] =
    &["ALL", "BPF", "DAC_READ_SEARCH", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO"];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let add = container.security("capabilities").and_then(|capabilities| capabilities.get("add"));
        let Some(add) = add else { continue };
        for item in add.items() {
            let Some(written) = item.as_str() else { continue };
            let upper = written.to_ascii_uppercase();
            let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
            if BASELINE.contains(&name) {
                continue;
            }
            let finding = out.report(&CHECK, item).container(container).part("capability", name);
            finding.fix(FixSafety::Unsafe, edit::remove_item(add, item));
            if AS_GOOD_AS_PRIVILEGED.contains(&name) {
                finding.severity(Severity::Critical);
            }
        }
    }
}
