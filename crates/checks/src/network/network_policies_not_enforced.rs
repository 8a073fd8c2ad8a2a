use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags network plugins that do not enforce network policies: flannel by itself, and the AWS VPC CNI with its policy agent off.
/// ## Why is this bad?
/// Network policies are accepted and do nothing. Everything that they seem to close is open.
/// ## Example
/// ```yaml
/// kind: DaemonSet
/// metadata:
///   name: kube-flannel-ds
///   namespace: kube-flannel
/// ```
/// ## Use instead
/// ```yaml
/// kind: DaemonSet
/// metadata:
///   name: cilium
///   namespace: kube-system
/// ```
/// ## Decisions
/// Flannel is not flagged where the scan holds Calico (`canal`), Cilium, Antrea, kube-router or another that enforces policies.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "network-policies-not-enforced",
        area: "network",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
            "https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html",
        ],
        peers: &[peer("cis-1.12", "5.3.1"), peer("complianceascode", "configure_network_policies")],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

/// Names of what enforces network policies.
const ENFORCING: &[&str] = &[
    "calico-node",
    "canal",
    "cilium",
    "antrea-agent",
    "kube-router",
    "weave-net",
    "ovnkube-node",
    "kube-ovn-cni",
];

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let object = pod.object();
    if !object.is("apps", "DaemonSet") {
        return;
    }
    let image_has = |part: &str| {
        pod.containers().find(|container| {
            container.image().and_then(Node::as_str).is_some_and(|image| image.contains(part))
        })
    };
    if let Some(flannel) = image_has("flannel/flannel:").or_else(|| image_has("coreos/flannel:")) {
        let enforces =
            context.inventory.of_kind("apps", "DaemonSet").any(|other| ENFORCING.contains(&other.name()));
        if !enforces {
            out.report(&CHECK, flannel.image().unwrap_or(flannel.node())).part("plugin", "flannel");
        }
        return;
    }
    if object.name() != "aws-node" {
        return;
    }
    let Some(agent) =
        image_has("aws-network-policy-agent").or_else(|| image_has("amazon/aws-network-policy-agent"))
    else {
        out.report(&CHECK, object.node()).part("plugin", "aws-vpc-cni");
        return;
    };
    let flag = agent.node().get("args").map(Node::items).into_iter().flatten().find(|argument| {
        argument
            .as_str()
            .is_some_and(|text| text.trim_start_matches('-').starts_with("enable-network-policy="))
    });
    let is_on = flag.is_some_and(|flag| flag.as_str().is_some_and(|text| text.ends_with("=true")));
    if !is_on {
        out.report(&CHECK, flag.unwrap_or(agent.node())).part("plugin", "aws-vpc-cni");
    }
}
