use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod};
use haechi_syntax::edit;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags pods with ephemeral containers.
/// ## Why is this bad?
/// Debug containers bring tools that the image left out on purpose, and stay until the pod is replaced.
/// ## Example
/// ```yaml
/// spec:
///   ephemeralContainers:
///   - name: debugger
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   containers:
///   - name: app
/// ```
/// ## Decisions
/// Ephemeral containers are added by `kubectl debug` and stay until the pod is gone. In a file they cannot be
/// applied at all, in a live pod somebody debugged it.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "debug-container-left",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers_in(ContainerList::Ephemeral) {
        let list = pod.spec().get(ContainerList::Ephemeral.field());
        let change = list.and_then(|list| edit::remove_item(list, container.node()));
        out.report(&CHECK, container.node().get("name").unwrap_or(container.node()))
            .container(container)
            .fix(FixSafety::Unsafe, change);
    }
}
