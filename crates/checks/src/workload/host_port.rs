use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::edit;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags container ports that are bound on the node itself.
/// ## Why is this bad?
/// The port is reachable on every address of the node, past Services and often past NetworkPolicies, and only one
/// such pod fits on a node.
/// ## Example
/// ```yaml
/// ports:
/// - containerPort: 8080
///   hostPort: 8080
/// ```
/// ## Use instead
/// ```yaml
/// ports:
/// - containerPort: 8080
/// ```
/// ## Decisions
/// `hostPort: 0` means none. A pod on the host network has its ports there anyway; that is `host-network-namespace`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "host-port",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/concepts/configuration/overview/",
        ],
        peers: &[
            peer("kubescape", "C-0044"),
            peer("kubescape", "C-0204"),
            peer("polaris", "hostPortSet"),
            peer("trivy", "KSV-0024"),
            peer("checkov", "CKV_K8S_26"),
            peer("prowler", "core_minimize_admission_hostport_containers"),
            peer("pci-dss-4", "A1.1.3"),
            peer("pci-dss-4", "1.2.5"),
            peer("pci-dss-4", "1.2.8"),
            peer("pci-dss-4", "1.3.1"),
            peer("pci-dss-4", "1.3.2"),
            peer("pci-dss-4", "1.4.2"),
            peer("pci-dss-4", "1.4.4"),
            peer("pci-dss-4", "1.5.1"),
            peer("pci-dss-4", "2.2.5"),
            peer("pci-dss-4", "A3.4.1"),
            peer("pci-dss-4", "3.5.1"),
            peer("pci-dss-4", "10.3.2"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        for port in container.node().get("ports").into_iter().flat_map(|ports| ports.items()) {
            let Some(host_port) = port.get("hostPort") else { continue };
            match host_port.as_i64() {
                Some(number) if number != 0 => {
                    out.report(&CHECK, host_port)
                        .container(container)
                        .part("port", number)
                        .fix(FixSafety::Unsafe, edit::remove(port, "hostPort"));
                }
                _ => {}
            }
        }
    }
}
