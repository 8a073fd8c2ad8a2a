use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags pods that share the process namespace of their node.
/// ## Why is this bad?
/// Processes in the pod can read the command lines and, as root, the memory and environment of every process on the node, other tenants' secrets included.
/// ## Example
/// ```yaml
/// spec:
///   hostPID: true
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   hostPID: false
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "host-pid-namespace",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("kubescape", "host-pid-ipc-privileges"),
            peer("cis-1.12", "5.2.3"),
            peer("eks-1.8.0", "4.2.2"),
            peer("kubescape", "C-0038"),
            peer("kubescape", "C-0194"),
            peer("kubescape", "C-0275"),
            peer("polaris", "hostPIDSet"),
            peer("kubeaudit", "hostns"),
            peer("kube-linter", "host-pid"),
            peer("trivy", "KSV-0010"),
            peer("checkov", "CKV_K8S_1"),
            peer("checkov", "CKV_K8S_17"),
            peer("kubesec", "HostPID"),
            peer("prowler", "core_minimize_hostPID_containers"),
            peer("complianceascode", "scc_limit_process_id_namespace"),
            peer("pci-dss-4", "1.4.5"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nsa-cisa", "1.5"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if let Some(flag) = pod.spec().get("hostPID").filter(|flag| flag.is_true()) {
        out.report(&CHECK, flag).fix(FixSafety::Unsafe, fix::unset(pod.spec(), "hostPID"));
    }
}
