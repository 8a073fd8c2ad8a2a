use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::isolation::isolation;
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that network policies of the scan isolate in one direction only.
/// ## Why is this bad?
/// Without limits on egress an attacker fetches tools and carries data away; without limits on ingress any pod is a
/// way in.
/// ## Example
/// ```yaml
/// policyTypes: [Ingress]
/// ```
/// ## Use instead
/// ```yaml
/// policyTypes: [Ingress, Egress]
/// ```
/// ## Decisions
/// Asked only on request: many begin with ingress, where most is gained. Pods that no policy selects at all are
/// `pod-not-isolated`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "pod-half-isolated",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
        peers: &[peer("kube-score", "Pod NetworkPolicy"), peer("polaris", "missingNetworkPolicy")],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let found = isolation(pod.labels(), pod.object().namespace(), context);
    if found.unknown || !found.any() || (found.ingress && found.egress) {
        return;
    }
    let name = pod.object().metadata().and_then(|metadata| metadata.get("name"));
    let open = if found.ingress { "egress" } else { "ingress" };
    out.report(&CHECK, name.unwrap_or(pod.object().node())).part("direction", open);
}
