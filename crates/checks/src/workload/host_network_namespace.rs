use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags pods that share the network namespace of their node.
/// ## Why is this bad?
/// The pod can listen on the node's addresses, reach services bound to its loopback such as the kubelet, capture traffic, and is not covered by NetworkPolicies.
/// ## Example
/// ```yaml
/// spec:
///   hostNetwork: true
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   hostNetwork: false
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "host-network-namespace",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("eks-1.8.0", "4.2.4"),
            peer("cis-1.12", "5.2.5"),
            peer("kubescape", "C-0041"),
            peer("kubescape", "C-0196"),
            peer("polaris", "hostNetworkSet"),
            peer("kubeaudit", "hostns"),
            peer("kube-linter", "host-network"),
            peer("trivy", "KSV-0009"),
            peer("checkov", "CKV_K8S_19"),
            peer("checkov", "CKV_K8S_4"),
            peer("kubesec", "HostNetwork"),
            peer("prowler", "core_minimize_hostNetwork_containers"),
            peer("complianceascode", "scc_limit_network_namespace"),
            peer("iso-27001:2022", "A.8.16"),
            peer("pci-dss-4", "A1.1.2"),
            peer("pci-dss-4", "A1.1.3"),
            peer("pci-dss-4", "A1.2.1"),
            peer("pci-dss-4", "1.2.8"),
            peer("pci-dss-4", "1.3.1"),
            peer("pci-dss-4", "1.3.2"),
            peer("pci-dss-4", "1.4.1"),
            peer("pci-dss-4", "1.4.2"),
            peer("pci-dss-4", "1.4.4"),
            peer("pci-dss-4", "1.4.5"),
            peer("pci-dss-4", "1.5.1"),
            peer("pci-dss-4", "2.2.7"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nsa-cisa", "1.4"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if let Some(flag) = pod.spec().get("hostNetwork").filter(|flag| flag.is_true()) {
        // The API server demands it for processes of a Windows host.
        let is_needed = fix::has_host_process(pod);
        let change = if is_needed { None } else { fix::unset(pod.spec(), "hostNetwork") };
        out.report(&CHECK, flag).fix(FixSafety::Unsafe, change);
    }
}
