use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use super::cidr::Cidr;
use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags egress rules of network policies that allow a block of addresses with the metadata service of the cloud in it.
/// ## Why is this bad?
/// A pod that can ask 169.254.169.254 gets the credentials of its node, and with them often those of the cluster.
/// ## Example
/// ```yaml
/// egress:
/// - to:
///   - ipBlock: {cidr: 0.0.0.0/0}
/// ```
/// ## Use instead
/// ```yaml
/// egress:
/// - to:
///   - ipBlock:
///       cidr: 0.0.0.0/0
///       except: [169.254.0.0/16]
/// ```
/// ## Decisions
/// Rules for other ports than 80 are not flagged: the service answers on that one. IPv6 has `fd00:ec2::254`. A rule for every
/// peer is the matter of `network-policy-allows-all`. What nodes refuse by themselves (a hop limit of 1) manifests do not show.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "metadata-api-reachable",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://docs.aws.amazon.com/whitepapers/latest/security-practices-multi-tenant-saas-applications-eks/restrict-the-use-of-host-networking-and-block-access-to-instance-metadata-service.html",
            "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        ],
        peers: &[peer("kube-hunter", "KHV003"), peer("kube-hunter", "KHV053")],
    },
    opt_in: false,
    run: Run::Object(check),
};

/// Where clouds keep it, by family.
const METADATA: [&str; 2] = ["169.254.169.254/32", "fd00:ec2::254/128"];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("networking.k8s.io", "NetworkPolicy") {
        return;
    }
    let services: Vec<Cidr> = METADATA.iter().filter_map(|text| Cidr::parse(text)).collect();
    let rules = object.spec().and_then(|spec| spec.get("egress")).map(Node::items);
    for rule in rules.into_iter().flatten() {
        let ports = rule.get("ports").filter(|ports| !ports.is_empty());
        if ports.is_some_and(|ports| !ports.items().any(may_be_http)) {
            continue;
        }
        for peer in rule.get("to").map(Node::items).into_iter().flatten() {
            let Some(block) = peer.get("ipBlock") else { continue };
            let Some(node) = block.get("cidr") else { continue };
            let Some(cidr) = node.as_str().and_then(Cidr::parse) else { continue };
            let is_excepted = |service: Cidr| {
                let list = block.get("except").map(Node::items).into_iter().flatten();
                list.filter_map(|item| Cidr::parse(item.as_str()?)).any(|except| except.contains(service))
            };
            if services.iter().any(|service| cidr.contains(*service) && !is_excepted(*service)) {
                out.report(&CHECK, node).part("cidr", node.as_str().unwrap_or_default());
            }
        }
    }
}

fn may_be_http(port: Node<'_>) -> bool {
    let is_tcp = port.get("protocol").is_none_or(|protocol| protocol.as_str() == Some("TCP"));
    let Some(number) = port.get("port") else { return is_tcp };
    let Some(first) = number.as_i64() else { return false };
    let last = port.get("endPort").and_then(Node::as_i64).unwrap_or(first);
    is_tcp && (first..=last).contains(&80)
}
