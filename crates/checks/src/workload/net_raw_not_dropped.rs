use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags containers that keep or add the capability `NET_RAW`.
/// ## Why is this bad?
/// With raw sockets a container can forge packets and answer ARP and DNS requests of other pods of its node.
/// ## Example
/// ```yaml
/// securityContext:
///   capabilities:
///     drop: [MKNOD]
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   capabilities:
///     drop: [NET_RAW]
/// ```
/// ## Decisions
/// Asked only on request: `capabilities-not-dropped` finds every one of these as well. `ALL` and `NET_RAW` count in
/// any letter case, with or without `CAP_`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "net-raw-not-dropped",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://man7.org/linux/man-pages/man7/capabilities.7.html",
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        ],
        peers: &[
            peer("cis-1.23", "5.2.8"),
            peer("kubescape", "C-0199"),
            peer("kube-linter", "drop-net-raw-capability"),
            peer("trivy", "KSV-0119"),
            peer("checkov", "CKV_K8S_28"),
            peer("checkov", "CKV_K8S_7"),
            peer("prowler", "core_minimize_net_raw_capability_admission"),
            peer("complianceascode", "scc_limit_net_raw_capability"),
            peer("iso-27001:2022", "A.8.16"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
        ],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let of =
            |list: &str| container.security("capabilities").and_then(|capabilities| capabilities.get(list));
        let add = of("add");
        let added = add.into_iter().flat_map(Node::items).find(|item| is(*item, "NET_RAW"));
        let mut dropped = of("drop").into_iter().flat_map(Node::items);
        let is_dropped = dropped.any(|item| is(item, "NET_RAW") || is(item, "ALL"));
        let place = match added {
            Some(item) => Place::Value(item),
            None if is_dropped => continue,
            None => Place::ContainerLacks(container, &["securityContext", "capabilities", "drop"]),
        };
        let change = match (add, added) {
            (Some(add), Some(item)) => edit::remove_item(add, item),
            _ => edit::append_at(container.node(), &["securityContext", "capabilities", "drop"], "NET_RAW"),
        };
        out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, change);
    }
}

fn is(item: Node<'_>, name: &str) -> bool {
    item.as_str().is_some_and(|written| {
        let upper = written.to_ascii_uppercase();
        upper.strip_prefix("CAP_").unwrap_or(&upper) == name
    })
}
