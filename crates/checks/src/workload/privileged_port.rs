use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags containers that declare a port below 1024.
/// ## Why is this bad?
/// On older container runtimes such ports need the capability NET_BIND_SERVICE or root.
/// ## Example
/// ```yaml
/// ports:
/// - containerPort: 80
/// ```
/// ## Use instead
/// ```yaml
/// ports:
/// - containerPort: 8080
/// ```
/// ## Decisions
/// Asked only on request: container runtimes of today let any user bind low ports
/// (`net.ipv4.ip_unprivileged_port_start` is 0), so nothing follows from the number.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "privileged-port",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/"],
        peers: &[peer("kube-linter", "privileged-ports"), peer("trivy", "KSV-0117")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        for port in container.node().get("ports").map(Node::items).into_iter().flatten() {
            let Some(number) = port.get("containerPort") else { continue };
            if let Some(low @ 1..1024) = number.as_i64() {
                out.report(&CHECK, number).container(container).part("port", low);
            }
        }
    }
}
