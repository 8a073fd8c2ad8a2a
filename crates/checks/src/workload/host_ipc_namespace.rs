use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags pods that share the IPC namespace of their node.
/// ## Why is this bad?
/// Shared memory of host processes, and of every other pod that does the same, can be read and changed from this pod.
/// ## Example
/// ```yaml
/// spec:
///   hostIPC: true
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   hostIPC: false
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "host-ipc-namespace",
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
            peer("cis-1.12", "5.2.4"),
            peer("eks-1.8.0", "4.2.3"),
            peer("kubescape", "C-0195"),
            peer("kubescape", "C-0276"),
            peer("polaris", "hostIPCSet"),
            peer("kubeaudit", "hostns"),
            peer("kube-linter", "host-ipc"),
            peer("trivy", "KSV-0008"),
            peer("checkov", "CKV_K8S_18"),
            peer("checkov", "CKV_K8S_3"),
            peer("kubesec", "HostIPC"),
            peer("prowler", "core_minimize_hostIPC_containers"),
            peer("complianceascode", "scc_limit_ipc_namespace"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nsa-cisa", "1.3"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if let Some(flag) = pod.spec().get("hostIPC").filter(|flag| flag.is_true()) {
        out.report(&CHECK, flag).fix(FixSafety::Unsafe, fix::unset(pod.spec(), "hostIPC"));
    }
}
