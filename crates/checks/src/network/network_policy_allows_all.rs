use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags rules of network policies that let in or out everything: a rule without peers and ports, or a block of all addresses
/// without ports.
/// ## Why is this bad?
/// The policy selects the pods and closes nothing: they look guarded and are open to every pod and address.
/// ## Example
/// ```yaml
/// ingress:
/// - {}
/// ```
/// ## Use instead
/// ```yaml
/// ingress:
/// - from:
///   - podSelector:
///       matchLabels: {app: web}
/// ```
/// ## Decisions
/// A rule with ports is not flagged: a service for everybody is one on a port. `0.0.0.0/0` with exceptions counts as
/// everything only if it stands without ports, too: it still is all of the internet.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "network-policy-allows-all",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
        peers: &[peer("kubeaudit", "netpols")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("networking.k8s.io", "NetworkPolicy") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get(direction).map(Node::items).into_iter().flatten() {
            if rule.get("ports").is_some_and(|ports| !ports.is_empty()) {
                continue;
            }
            let Some(list) = rule.get(peers).filter(|list| !list.is_empty()) else {
                out.report(&CHECK, rule).part("direction", direction);
                continue;
            };
            for peer in list.items() {
                let Some(cidr) = peer.at(&["ipBlock", "cidr"]) else { continue };
                if matches!(cidr.as_str(), Some("0.0.0.0/0" | "::/0")) {
                    out.report(&CHECK, cidr).part("direction", direction);
                }
            }
        }
    }
}
