use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::Node;
use haechi_syntax::edit::{self, Change};

use crate::check::{Check, Context, Run, peer};
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
/// Where all containers choose another profile the pod's own setting is low: it is for containers that are added later,
/// by injection or for debugging, and the Pod Security Standards refuse it all the same.
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
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    let of_pod = pod.security_context().and_then(|own| own.at(&["seccompProfile", "type"]));
    let mut rest = of_pod.filter(|kind| is_unconfined(*kind));
    for container in pod.containers() {
        if let Some(kind) = profile(container, context).filter(|kind| is_unconfined(*kind)) {
            rest = rest.filter(|of_pod| *of_pod != kind);
            out.report(&CHECK, kind)
                .container(container)
                .arg("subject", "container")
                .fix(FixSafety::Unsafe, confine(container, kind));
        }
    }
    if let Some(of_pod) = rest {
        out.report(&CHECK, of_pod)
            .arg("subject", "pod")
            .severity(Severity::Low)
            .fix(FixSafety::Unsafe, edit::replace(of_pod, "RuntimeDefault"));
    }
}

/// The default profile, where field and annotation do not say different things then.
fn confine(container: Container<'_>, kind: Node<'_>) -> Option<Change> {
    if container.effective("seccompProfile").is_some() {
        return fix::runtime_profile(container, "seccompProfile");
    }
    // The annotation of the pod speaks for its other containers too.
    let is_own = kind.key().is_some_and(|(key, _)| key.starts_with("container."));
    if is_own { edit::replace(kind, "runtime/default") } else { None }
}

fn is_unconfined(kind: Node<'_>) -> bool {
    kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("unconfined"))
}

/// The profile that is chosen for a container: the `type` of the field, or, for a version of Kubernetes before 1.27,
/// the value of the annotation.
pub(super) fn profile<'d>(container: Container<'d>, context: &Context<'_>) -> Option<Node<'d>> {
    if let Some(profile) = container.effective("seccompProfile") {
        return profile.node.get("type");
    }
    if context.options.kubernetes_minor >= 27 {
        return None;
    }
    let pod = container.pod();
    let own = format!("container.seccomp.security.alpha.kubernetes.io/{}", container.name());
    pod.annotation(&own).or_else(|| pod.annotation("seccomp.security.alpha.kubernetes.io/pod"))
}
