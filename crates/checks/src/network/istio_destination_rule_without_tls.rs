use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags DestinationRules that switch TLS off or do not check whom they talk to.
/// ## Why is this bad?
/// Calls leave the proxy in plain text, or go to whoever answers: the mesh's encryption is undone for that host.
/// ## Example
/// ```yaml
/// trafficPolicy:
///   tls: {mode: DISABLE}
/// ```
/// ## Use instead
/// ```yaml
/// trafficPolicy:
///   tls: {mode: ISTIO_MUTUAL}
/// ```
/// ## Decisions
/// `insecureSkipVerify` is high. `SIMPLE` without certificates of its own checks by the system's, and is not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "istio-destination-rule-without-tls",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://istio.io/latest/docs/reference/config/networking/destination-rule/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("networking.istio.io", "DestinationRule") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let subsets = spec.get("subsets").map(Node::items).into_iter().flatten();
    let policies =
        spec.get("trafficPolicy").into_iter().chain(subsets.filter_map(|subset| subset.get("trafficPolicy")));
    for policy in policies {
        let ports = policy.get("portLevelSettings").map(Node::items).into_iter().flatten();
        let all = policy.get("tls").into_iter().chain(ports.filter_map(|port| port.get("tls")));
        for tls in all {
            if let Some(mode) = tls.get("mode").filter(|mode| mode.as_str() == Some("DISABLE")) {
                out.report(&CHECK, mode).part("what", "DISABLE");
            }
            if let Some(skip) = tls.get("insecureSkipVerify").filter(|skip| skip.is_true()) {
                out.report(&CHECK, skip).part("what", "insecureSkipVerify").severity(Severity::High);
            }
        }
    }
}
