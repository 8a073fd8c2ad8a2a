use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags Windows containers that do not say as which user they run, or that run as an administrator.
/// ## Why is this bad?
/// An administrator of the container can change every program in it, and has the shortest way to the node.
/// ## Example
/// ```yaml
/// os:
///   name: windows
/// ```
/// ## Use instead
/// ```yaml
/// os:
///   name: windows
/// securityContext:
///   windowsOptions:
///     runAsUserName: ContainerUser
/// ```
/// ## Decisions
/// Only pods that say they are for Windows, by `os.name` or a node selector, are judged. `ContainerAdministrator`
/// is Windows' root.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "windows-user-missing",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-runasusername/"],
        peers: &[peer("kubescape", "set-runasusername-value")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if !is_for_windows(pod) {
        return;
    }
    for container in pod.containers() {
        let of = |context: Option<Node<'_>>| -> Option<bool> {
            let user = context?.at(&["windowsOptions", "runAsUserName"])?.as_str()?;
            Some(user.eq_ignore_ascii_case("ContainerAdministrator"))
        };
        let is_administrator = of(container.security_context()).or_else(|| of(pod.security_context()));
        if is_administrator.unwrap_or(true) {
            let place =
                Place::ContainerLacks(container, &["securityContext", "windowsOptions", "runAsUserName"]);
            out.report(&CHECK, place).container(container);
        }
    }
}

pub(super) fn is_for_windows(pod: Pod<'_>) -> bool {
    let selector = pod.spec().at(&["nodeSelector", "kubernetes.io/os"]).and_then(Node::as_str);
    pod.is_windows() || selector == Some("windows")
}
