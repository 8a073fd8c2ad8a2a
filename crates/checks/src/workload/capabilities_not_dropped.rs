use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags containers that keep the container runtime's default capabilities.
/// ## Why is this bad?
/// The default set holds fourteen rights that hardly any program uses, such as raw sockets, changing file owners
/// and device nodes. An attacker finds a use for them.
/// ## Example
/// ```yaml
/// securityContext: {}
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   capabilities:
///     drop: [ALL]
/// ```
/// ## Decisions
/// `ALL` counts in any letter case, as container runtimes read it. So does a list of all fourteen: nothing is left.
/// Windows has no capabilities.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "capabilities-not-dropped",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
        ],
        peers: &[
            peer("cis-1.12", "5.2.10"),
            peer("aks-1.8.0", "4.2.8"),
            peer("kubescape", "C-0201"),
            peer("polaris", "insecureCapabilities"),
            peer("kubeaudit", "capabilities"),
            peer("trivy", "KSV-0003"),
            peer("trivy", "KSV-0004"),
            peer("trivy", "KSV-0106"),
            peer("checkov", "CKV_K8S_36"),
            peer("checkov", "CKV_K8S_37"),
            peer("kubesec", "CapDropAll"),
            peer("kubesec", "CapDropAny"),
            peer("prowler", "core_minimize_containers_capabilities_assigned"),
            peer("complianceascode", "scc_drop_container_capabilities"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

/// What container runtimes grant unless told otherwise.
const DEFAULT: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let drop = container.security("capabilities").and_then(|capabilities| capabilities.get("drop"));
        let dropped: Vec<String> =
            drop.into_iter().flat_map(Node::items).filter_map(Node::as_str).map(plain).collect();
        let is_dropped = |name: &str| dropped.iter().any(|dropped| dropped == name);
        if !is_dropped("ALL") && !DEFAULT.iter().all(|name| is_dropped(name)) {
            let place = Place::ContainerLacks(container, &["securityContext", "capabilities", "drop"]);
            let path = ["securityContext", "capabilities", "drop"];
            let change = edit::append_at(container.node(), &path, "ALL");
            out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, change);
        }
    }
}

/// The name as the kernel has it, whatever way it is written.
fn plain(written: &str) -> String {
    let upper = written.to_ascii_uppercase();
    upper.strip_prefix("CAP_").map(str::to_owned).unwrap_or(upper)
}
