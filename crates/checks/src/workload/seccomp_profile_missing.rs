use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers for which no seccomp profile is chosen.
/// ## Why is this bad?
/// Without a profile the kernel answers every system call. The runtime's default profile refuses those that hardly
/// any program needs and that most kernel exploits do.
/// ## Example
/// ```yaml
/// securityContext: {}
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   seccompProfile:
///     type: RuntimeDefault
/// ```
/// ## Decisions
/// The container's own profile goes before the pod's. The annotations of old clusters do not count: Kubernetes 1.27 and
/// later ignores them, so a pod that has nothing else runs without a profile. An `Unconfined` profile is
/// `seccomp-unconfined`. Privileged containers run without seccomp whatever they say. Windows has no seccomp.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "seccomp-profile-missing",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tutorials/security/seccomp/",
        ],
        peers: &[
            peer("cis-1.12", "5.6.2"),
            peer("gke-1.9.0", "4.6.2"),
            peer("kubescape", "C-0210"),
            peer("kubeaudit", "seccomp"),
            peer("trivy", "KSV-0030"),
            peer("checkov", "CKV_K8S_31"),
            peer("checkov", "CKV_K8S_32"),
            peer("kube-score", "Container Seccomp Profile"),
            peer("kubesec", "SeccompAny"),
            peer("prowler", "core_seccomp_profile_docker_default"),
            peer("complianceascode", "general_configure_seccomp"),
            peer("complianceascode", "general_default_seccomp_profile"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nsa-cisa", "1.10"),
            peer("nsa-cisa", "1.9"),
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
        if container.effective("seccompProfile").and_then(|profile| profile.node.get("type")).is_none() {
            let place = Place::ContainerLacks(container, &["securityContext", "seccompProfile"]);
            out.report(&CHECK, place)
                .container(container)
                .fix(FixSafety::Unsafe, fix::runtime_profile(container, "seccompProfile"));
        }
    }
}
