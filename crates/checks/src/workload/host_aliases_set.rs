use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that add entries to their `/etc/hosts`.
/// ## Why is this bad?
/// Names that bypass DNS lead traffic, credentials included, to wherever the manifest says, unseen by DNS logs, and
/// stay when the address changes hands.
/// ## Example
/// ```yaml
/// spec:
///   hostAliases:
///   - ip: 203.0.113.10
///     hostnames: [payments.example]
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   dnsPolicy: ClusterFirst
/// ```
/// ## Decisions
/// Entries for loopback addresses lead nowhere else and are not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "host-aliases-set",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/"],
        peers: &[peer("trivy", "KSV-0007"), peer("kubesec", "HostAliases")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for alias in pod.spec().get("hostAliases").map(Node::items).into_iter().flatten() {
        let ip = alias.get("ip").and_then(Node::as_str).unwrap_or_default();
        let is_loopback = ip.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !is_loopback {
            out.report(&CHECK, alias.get("ip").unwrap_or(alias)).part("ip", ip);
        }
    }
}
