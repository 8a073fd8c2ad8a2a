use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;
use crate::workload::seccomp_unconfined;

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
/// The container's own profile goes before the pod's. The annotations of old clusters count only where the manifests
/// are meant for a Kubernetes before 1.27: later ones ignore them, so a pod that has nothing else runs without a
/// profile. Nor does a kind that Kubernetes does not know, or `Localhost` without the file. An `Unconfined` profile is `seccomp-unconfined`. Privileged containers run without seccomp whatever they
/// say. Windows has no seccomp.
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
            peer("kubescape", "set-seccomp-profile"),
            peer("trivy", "KSV-0104"),
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
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let place = match seccomp_unconfined::profile(container, context) {
            Some(kind) if is_profile(kind, container) => continue,
            Some(kind) => Place::Value(kind),
            None => Place::ContainerLacks(container, &["securityContext", "seccompProfile"]),
        };
        // An annotation that counts and a field must not say different things.
        let is_field = !matches!(place, Place::Value(_)) || container.effective("seccompProfile").is_some();
        let change = if is_field { fix::runtime_profile(container, "seccompProfile") } else { None };
        out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, change);
    }
}

/// Whether the kind, or the annotation's value, names a profile.
fn is_profile(kind: Node<'_>, container: Container<'_>) -> bool {
    match kind.as_str().unwrap_or_default() {
        "RuntimeDefault" | "Unconfined" => true,
        "Localhost" => {
            let profile = container.effective("seccompProfile").map(|profile| profile.node);
            let file = profile.and_then(|profile| profile.get("localhostProfile")).and_then(Node::as_str);
            file.is_some_and(|file| !file.is_empty())
        }
        "runtime/default" | "docker/default" | "unconfined" => true,
        other => other.starts_with("localhost/"),
    }
}
