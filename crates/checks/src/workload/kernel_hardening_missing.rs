use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::Node;

use super::{apparmor_unconfined, seccomp_unconfined};
use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers with none of the kernel's means of confinement: no seccomp profile, no AppArmor profile, no
/// SELinux options, no dropped capability.
/// ## Why is this bad?
/// Nothing but the container's namespaces stands between the program and the kernel of the node.
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
/// Any one of them is enough, on the container or its pod. `Unconfined` profiles and empty settings are none;
/// dropping capabilities while adding `ALL` is none either. Privileged containers are confined by nothing and are
/// left to `privileged-container`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "kernel-hardening-missing",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[peer("kubescape", "C-0055"), peer("polaris", "linuxHardening")],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let is_privileged = container.security("privileged").is_some_and(Node::is_true);
        if !is_privileged && !is_hardened(container, context) {
            out.report(&CHECK, Place::ContainerLacks(container, &["securityContext"]))
                .container(container)
                .fix(FixSafety::Unsafe, fix::runtime_profile(container, "seccompProfile"));
        }
    }
}

fn is_hardened(container: Container<'_>, context: &Context<'_>) -> bool {
    let confines = |profile: Option<Node<'_>>| {
        let kind = profile.and_then(Node::as_str).unwrap_or_default();
        !kind.is_empty() && !kind.eq_ignore_ascii_case("unconfined")
    };
    let has_selinux = container.effective("seLinuxOptions").is_some_and(|options| !options.node.is_empty());
    confines(seccomp_unconfined::profile(container, context))
        || confines(apparmor_unconfined::profile(container))
        || has_selinux
        || drops_capabilities(container)
}

fn drops_capabilities(container: Container<'_>) -> bool {
    let Some(capabilities) = container.security("capabilities") else { return false };
    let is_all = |item: Node<'_>| item.as_str().is_some_and(|name| name.eq_ignore_ascii_case("all"));
    let adds_all = capabilities.get("add").into_iter().flat_map(Node::items).any(is_all);
    capabilities.get("drop").is_some_and(|drop| !drop.is_empty()) && !adds_all
}
