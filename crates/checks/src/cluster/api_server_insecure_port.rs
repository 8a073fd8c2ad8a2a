use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags API servers that open the port without authentication, or close the one with it.
/// ## Why is this bad?
/// Everyone who reaches the port is an administrator of the cluster.
/// ## Example
/// ```yaml
/// command: [kube-apiserver, --insecure-port=8080]
/// ```
/// ## Use instead
/// ```yaml
/// command: [kube-apiserver, --insecure-port=0, --secure-port=6443]
/// ```
/// ## Decisions
/// Looked for in the command and arguments of a container that runs `kube-apiserver`. Kubernetes 1.24 removed
/// `--insecure-port`; 0 closes it and is fine.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "api-server-insecure-port",
        area: "cluster",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/",
            "https://www.cisecurity.org/benchmark/kubernetes",
        ],
        peers: &[peer("kubescape", "C-0005"), peer("kubescape", "C-0128")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for argument in arguments(pod) {
        let Some((flag, value)) = argument.as_str().and_then(|text| text.split_once('=')) else { continue };
        if (flag == "--insecure-port" && value != "0") || (flag == "--secure-port" && value == "0") {
            out.report(&CHECK, argument).part("flag", flag);
        }
    }
}

/// The arguments of the containers that run the API server.
pub(super) fn arguments(pod: Pod<'_>) -> impl Iterator<Item = Node<'_>> {
    pod.containers()
        .filter(|container| {
            let command = container.node().get("command").and_then(|command| command.item(0));
            let program = command.and_then(Node::as_str).and_then(|text| text.rsplit('/').next());
            program == Some("kube-apiserver")
        })
        .flat_map(|container| {
            let node = container.node();
            [node.get("command"), node.get("args")].into_iter().flatten().flat_map(Node::items)
        })
}
