use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object};

use super::isolation::{cilium_specs, has_foreign_policies};
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags namespaces of the scan in which it holds no network policy.
/// ## Why is this bad?
/// Without one every pod of the cluster may connect to every pod of the namespace.
/// ## Example
/// ```yaml
/// kind: Namespace
/// metadata:
///   name: shop
/// ```
/// ## Use instead
/// ```yaml
/// kind: NetworkPolicy
/// metadata:
///   name: default-deny
///   namespace: shop
/// spec:
///   podSelector: {}
///   policyTypes: [Ingress, Egress]
/// ```
/// ## Decisions
/// Kubernetes' own namespaces are left out. Cilium's policies count; cluster-wide ones only if they select all
/// pods. Where Calico's or cluster-wide policies of Kubernetes are in the scan, nothing is flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "namespace-without-network-policy",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
            "https://www.cisecurity.org/benchmark/kubernetes",
        ],
        peers: &[
            peer("cis-1.23", "5.3.2"),
            peer("eks-1.8.0", "4.3.2"),
            peer("aks-1.8.0", "4.4.2"),
            peer("gke-1.9.0", "4.3.2"),
            peer("kubescape", "C-0049"),
            peer("kubescape", "C-0054"),
            peer("kubescape", "C-0206"),
            peer("kubeaudit", "netpols"),
            peer("complianceascode", "configure_network_policies_namespaces"),
            peer("nist-800-53r5", "AC-4"),
            peer("nist-800-53r5", "AC-4(21)"),
            peer("nist-800-53r5", "CA-3(5)"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nist-800-53r5", "CM-7"),
            peer("nist-800-53r5", "CM-7(1)"),
            peer("nist-800-53r5", "SC-7"),
            peer("nist-800-53r5", "SC-7(10)"),
            peer("nist-800-53r5", "SC-7(12)"),
            peer("nist-800-53r5", "SC-7(13)"),
            peer("nist-800-53r5", "SC-7(3)"),
            peer("nist-800-53r5", "SC-7(5)"),
            peer("nist-800-53r5", "SC-7(8)"),
            peer("pci-dss-4", "1.2.6"),
            peer("pci-dss-4", "1.3.1"),
            peer("pci-dss-4", "1.4.1"),
            peer("attack", "Lateral movement"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let is_system = matches!(object.name(), "kube-system" | "kube-public" | "kube-node-lease");
    if !object.is("", "Namespace") || is_system || has_foreign_policies(context) {
        return;
    }
    let name = Some(object.name());
    let inventory = context.inventory;
    let has_policy = inventory.holds("networking.k8s.io", "NetworkPolicy", name)
        || inventory.holds("cilium.io", "CiliumNetworkPolicy", name)
        || inventory.of_kind("cilium.io", "CiliumClusterwideNetworkPolicy").any(selects_all);
    if !has_policy {
        out.report(
            &CHECK,
            object.metadata().and_then(|metadata| metadata.get("name")).unwrap_or(object.node()),
        );
    }
}

fn selects_all(policy: Object<'_>) -> bool {
    cilium_specs(policy).any(|spec| {
        let selector = spec.get("endpointSelector").map(LabelSelector::parse);
        matches!(selector, Some(Ok(selector)) if selector.selects_all())
    })
}
