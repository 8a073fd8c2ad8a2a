use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod};

use crate::check::{Check, Run};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags pods whose containers share one process namespace.
/// ## Why is this bad?
/// A container reads the command lines, environment and files of the others through /proc. Whoever takes over the
/// sidecar has the program's secrets.
/// ## Example
/// ```yaml
/// spec:
///   shareProcessNamespace: true
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   shareProcessNamespace: false
/// ```
/// ## Decisions
/// A pod with a single container shares it with no one but the pause process and is not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "shared-process-namespace",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let flag = pod.spec().get("shareProcessNamespace").filter(|flag| flag.is_true());
    let count = pod.containers_in(ContainerList::Regular).count()
        + pod.containers_in(ContainerList::Init).filter(|container| container.is_sidecar()).count();
    if let Some(flag) = flag
        && count > 1
    {
        out.report(&CHECK, flag).fix(FixSafety::Unsafe, fix::unset(pod.spec(), "shareProcessNamespace"));
    }
}
