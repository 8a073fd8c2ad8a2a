use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags containers and Services that open TCP port 22, and Services that lead to port 22 or 2222.
/// ## Why is this bad?
/// A login server in a container is a second door with passwords and keys of its own, past the cluster's
/// authentication, rights and audit log.
/// ## Example
/// ```yaml
/// ports:
/// - containerPort: 22
/// ```
/// ## Use instead
/// ```yaml
/// ports:
/// - containerPort: 8080
/// ```
/// ## Decisions
/// A container port without a protocol is TCP. Port 2222 counts for Services alone: it is where unprivileged SSH
/// servers listen, but containers declare it for other programs as well.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "ssh-port-exposed",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://microsoft.github.io/Threat-Matrix-for-Kubernetes/techniques/SSH%20server%20running%20inside%20container/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[peer("kubescape", "C-0042"), peer("kube-linter", "ssh-port"), peer("attack", "Execution")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if object.is("", "Service") {
        return service(object, out);
    }
    let Some(pod) = context.templates.pod(object) else { return };
    for container in pod.containers() {
        for port in container.node().get("ports").map(Node::items).into_iter().flatten() {
            let Some(number) = port.get("containerPort") else { continue };
            if number.as_i64() == Some(22) && is_tcp(port) {
                out.report(&CHECK, number).container(container).arg("port", 22_i64);
            }
        }
    }
}

fn service(object: Object<'_>, out: &mut Findings<'_>) {
    let ports = object.spec().and_then(|spec| spec.get("ports"));
    for port in ports.map(Node::items).into_iter().flatten().filter(|port| is_tcp(*port)) {
        let mut numbers = [port.get("port"), port.get("targetPort")].into_iter().flatten();
        let ssh = numbers.find(|number| matches!(number.as_i64(), Some(22 | 2222)));
        if let Some(ssh) = ssh {
            // The message of a Service names it where it would name a container.
            out.report(&CHECK, ssh).part("container", object.name()).arg("port", ssh.as_i64().unwrap_or(22));
        }
    }
}

fn is_tcp(port: Node<'_>) -> bool {
    port.get("protocol").and_then(Node::as_str).is_none_or(|protocol| protocol == "TCP")
}
