use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::edit;

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
/// `ALL` counts in any letter case, as container runtimes read it. Windows has no capabilities.
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

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let drop = container.security("capabilities").and_then(|capabilities| capabilities.get("drop"));
        let mut dropped = drop.into_iter().flat_map(|drop| drop.items()).filter_map(|item| item.as_str());
        if !dropped.any(|name| name.eq_ignore_ascii_case("ALL")) {
            let place = Place::ContainerLacks(container, &["securityContext", "capabilities", "drop"]);
            let path = ["securityContext", "capabilities", "drop"];
            let change = edit::append_at(container.node(), &path, "ALL");
            out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, change);
        }
    }
}
