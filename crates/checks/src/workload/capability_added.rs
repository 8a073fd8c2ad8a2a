use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags every capability that a container adds.
/// ## Why is this bad?
/// Most programs need none. Each that is added stays with whoever breaks into the container.
/// ## Example
/// ```yaml
/// securityContext:
///   capabilities:
///     add: [NET_BIND_SERVICE]
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   capabilities:
///     drop: [ALL]
/// ports:
/// - containerPort: 8080
/// ```
/// ## Decisions
/// Asked only on request: what the baseline Pod Security Standard lets a container add is milder than what
/// `dangerous-capability-added` finds. `NET_BIND_SERVICE` counts as well, although the restricted standard allows it:
/// current container runtimes let every container listen on low ports.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "capability-added",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://man7.org/linux/man-pages/man7/capabilities.7.html",
        ],
        peers: &[peer("trivy", "KSV-0022")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let add = container.security("capabilities").and_then(|capabilities| capabilities.get("add"));
        for item in add.into_iter().flat_map(|add| add.items()) {
            let Some(written) = item.as_str() else { continue };
            out.report(&CHECK, item).container(container).part("capability", written);
        }
    }
}
