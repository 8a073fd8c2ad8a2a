use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags pods and containers that switch seccomp off.
/// ## Why is this bad?
/// Every system call of the kernel is open to the container; on nodes with a default profile this takes away a
/// protection that other pods have.
/// ## Example
/// ```yaml
/// securityContext:
///   seccompProfile:
///     type: Unconfined
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   seccompProfile:
///     type: RuntimeDefault
/// ```
/// ## Decisions
/// A pod whose containers all choose another profile is not flagged for the pod's own setting.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "seccomp-unconfined",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tutorials/security/seccomp/",
        ],
        peers: &[
            peer("kubeaudit", "seccomp"),
            peer("trivy", "KSV-0104"),
            peer("kubesec", "SeccompUnconfined"),
            peer("pss", "baseline"),
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
        if let Some(kind) = profile(container).filter(|kind| is_unconfined(*kind)) {
            out.report(&CHECK, kind)
                .container(container)
                .fix(FixSafety::Unsafe, fix::runtime_profile(container, "seccompProfile"));
        }
    }
}

fn is_unconfined(kind: Node<'_>) -> bool {
    kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("unconfined"))
}

/// The profile that is chosen for a container: the `type` of the field, or the value of the annotation that clusters
/// before 1.27 read.
pub(super) fn profile(container: Container<'_>) -> Option<Node<'_>> {
    if let Some(profile) = container.effective("seccompProfile") {
        return profile.node.get("type");
    }
    let pod = container.pod();
    let own = format!("container.seccomp.security.alpha.kubernetes.io/{}", container.name());
    pod.annotation(&own).or_else(|| pod.annotation("seccomp.security.alpha.kubernetes.io/pod"))
}
