use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::Node;
use haechi_syntax::edit::Change;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags containers, init and ephemeral ones included, that run in privileged mode.
/// ## Why is this bad?
/// A privileged container has every capability, sees all devices of the host and is confined by neither seccomp
/// nor AppArmor: whoever takes over the process owns the node.
/// ## Example
/// ```yaml
/// securityContext:
///   privileged: true
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   privileged: false
///   capabilities:
///     drop: [ALL]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "privileged-container",
        area: "workload",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
            "https://attack.mitre.org/techniques/T1611/",
        ],
        peers: &[
            peer("kubescape", "rule-privileged-container"),
            peer("cis-1.12", "5.2.2"),
            peer("eks-1.8.0", "4.2.1"),
            peer("kubescape", "C-0057"),
            peer("kubescape", "C-0193"),
            peer("polaris", "runAsPrivileged"),
            peer("kubeaudit", "privileged"),
            peer("kube-linter", "privileged-container"),
            peer("trivy", "KSV-0017"),
            peer("checkov", "CKV_K8S_16"),
            peer("checkov", "CKV_K8S_2"),
            peer("kube-score", "Container Security Context Privileged"),
            peer("kubesec", "Privileged"),
            peer("prowler", "core_minimize_privileged_containers"),
            peer("complianceascode", "scc_limit_privileged_containers"),
            peer("kube-hunter", "KHV044"),
            peer("iso-27001:2022", "A.8.2"),
            peer("iso-27001:2022", "A.8.3"),
            peer("pci-dss-4", "7.2.1"),
            peer("pci-dss-4", "7.2.2"),
            peer("pci-dss-4", "7.2.3"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nsa-cisa", "1.2"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
            peer("attack", "Privilege escalation"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        if let Some(flag) = container.security("privileged").filter(|flag| flag.is_true()) {
            out.report(&CHECK, flag).container(container).fix(FixSafety::Unsafe, take_away(container));
        }
    }
}

/// The API server lets only privileged containers mount back to the host.
fn take_away(container: Container<'_>) -> Option<Change> {
    let mounts = container.node().get("volumeMounts");
    let mounts_back =
        |mount: Node<'_>| mount.get("mountPropagation").and_then(Node::as_str) == Some("Bidirectional");
    if mounts.into_iter().flat_map(Node::items).any(mounts_back) {
        return None;
    }
    fix::security(container, "privileged", false)
}
