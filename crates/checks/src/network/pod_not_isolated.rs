use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use super::isolation::{holds_policies, isolation};
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that no network policy of the scan selects.
/// ## Why is this bad?
/// Every pod of the cluster may connect to them, and they to everything. An attacker in any pod goes on from here.
/// ## Example
/// ```yaml
/// kind: Deployment
/// ```
/// ## Use instead
/// ```yaml
/// kind: NetworkPolicy
/// spec:
///   podSelector:
///     matchLabels: {app: shop}
///   policyTypes: [Ingress, Egress]
/// ```
/// ## Decisions
/// Only where the scan holds network policies that may be in that namespace; a scan without any is the matter of
/// `namespace-without-network-policy`. Cilium's policies count; where Calico's or cluster-wide ones are in the
/// scan, nothing is flagged, as their reach is not judged here. Pods on the host's network are covered by no policy
/// and are left to `host-network-namespace`, Jobs count like others.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "pod-not-isolated",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("kubescape", "C-0030"),
            peer("kubescape", "C-0260"),
            peer("kube-linter", "non-isolated-pod"),
            peer("checkov", "CKV2_K8S_6"),
            peer("kube-score", "Pod NetworkPolicy"),
            peer("soc-2", "CC6.1"),
            peer("soc-2", "CC6.6"),
            peer("soc-2", "CC7.2"),
            peer("polaris", "missingNetworkPolicy"),
        ],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let namespace = pod.object().namespace();
    let is_on_host = pod.spec().get("hostNetwork").is_some_and(Node::is_true) && !context.options.whole;
    if is_on_host || !(context.options.whole || holds_policies(context, namespace)) {
        return;
    }
    let found = isolation(pod.labels(), namespace, context);
    if !found.any() && !found.unknown {
        let name = pod.object().metadata().and_then(|metadata| metadata.get("name"));
        out.report(&CHECK, name.unwrap_or(pod.object().node()));
    }
}
