use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use super::windows_user_missing::is_for_windows;
use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags Windows containers without a group managed service account.
/// ## Why is this bad?
/// Programs that log in to a domain without one need a password in their configuration.
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
///     gmsaCredentialSpecName: shop
/// ```
/// ## Decisions
/// Asked only on request: only programs that log in to a Windows domain need one.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "windows-credential-spec-missing",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-gmsa/"],
        peers: &[peer("kubescape", "set-gmsacredentialspecname-value")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if !is_for_windows(pod) {
        return;
    }
    let has = |context: Option<Node<'_>>| {
        let options = context.and_then(|context| context.get("windowsOptions"));
        options.is_some_and(|o| {
            o.get("gmsaCredentialSpecName").is_some() || o.get("gmsaCredentialSpec").is_some()
        })
    };
    for container in pod.containers() {
        if !has(container.security_context()) && !has(pod.security_context()) {
            let place = Place::ContainerLacks(container, &["securityContext", "windowsOptions"]);
            out.report(&CHECK, place).container(container);
        }
    }
}
