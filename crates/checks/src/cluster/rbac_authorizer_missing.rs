use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::api_server_insecure_port::arguments;
use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags API servers that do not decide by RBAC.
/// ## Why is this bad?
/// Rights that Roles and bindings describe mean nothing; what decides instead usually allows everything to everyone
/// who can log in.
/// ## Example
/// ```yaml
/// command: [kube-apiserver, --authorization-mode=Node]
/// ```
/// ## Use instead
/// ```yaml
/// command: [kube-apiserver, "--authorization-mode=Node,RBAC"]
/// ```
/// ## Decisions
/// Looked for in the command and arguments of a container that runs `kube-apiserver`. Without
/// `--authorization-mode` everything is allowed; a configuration file (`--authorization-config`) cannot be seen and is not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "rbac-authorizer-missing",
        area: "cluster",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/reference/access-authn-authz/authorization/"],
        peers: &[peer("aks-1.8.0", "5.5.1"), peer("gke-1.9.0", "5.8.3"), peer("kubescape", "C-0088")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let flag = |name: &str| {
        arguments(pod).find_map(|argument| {
            let value = argument.as_str()?.strip_prefix(name)?.strip_prefix('=')?;
            Some((argument, value))
        })
    };
    let Some(first) = arguments(pod).next() else { return };
    if flag("--authorization-config").is_some() {
        return;
    }
    match flag("--authorization-mode") {
        Some((_, modes)) if modes.split(',').any(|mode| mode == "RBAC") => {}
        Some((argument, _)) => {
            out.report(&CHECK, argument);
        }
        None => {
            out.report(&CHECK, first);
        }
    }
}
