use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags pods that do not ask for a user namespace of their own.
/// ## Why is this bad?
/// User ids in the pod are user ids of the node. With a user namespace, root in the container is nobody outside of
/// it.
/// ## Example
/// ```yaml
/// spec:
///   hostUsers: true
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   hostUsers: false
/// ```
/// ## Decisions
/// Asked only on request: user namespaces need Kubernetes 1.33, a recent kernel and file systems that map ids, so
/// most clusters cannot demand them yet. Pods that use the host's network, processes or IPC cannot have one and are
/// left to those checks.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "user-namespace-not-used",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/"],
        peers: &[peer("kubesec", "HostUsers")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let uses_host = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .any(|field| pod.spec().get(field).is_some_and(Node::is_true));
    if pod.is_windows() || uses_host {
        return;
    }
    // The API server refuses raw block devices in a user namespace.
    let has_devices = pod.containers().any(|container| container.node().get("volumeDevices").is_some());
    let change = if has_devices { None } else { edit::set(pod.spec(), &["hostUsers"], false) };
    match pod.spec().get("hostUsers") {
        Some(flag) if flag.is_false() => {}
        Some(flag) => {
            out.report(&CHECK, flag).fix(FixSafety::Unsafe, change);
        }
        None => {
            out.report(&CHECK, Place::Missing(pod.spec(), &["hostUsers"])).fix(FixSafety::Unsafe, change);
        }
    }
}
