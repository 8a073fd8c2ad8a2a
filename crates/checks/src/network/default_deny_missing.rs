use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object};
use haechi_syntax::Node;

use super::isolation::{directions, has_foreign_policies};
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::inventory::may_share_namespace;

/// ## What it does
/// Flags namespaces of the scan that have network policies, but none that denies all ingress, or none that denies
/// all egress, by default.
/// ## Why is this bad?
/// A new pod that nobody wrote a policy for may be reached by, or reach, everything.
/// ## Example
/// ```yaml
/// kind: NetworkPolicy
/// spec:
///   podSelector: {}
///   policyTypes: [Ingress]
/// ```
/// ## Use instead
/// ```yaml
/// kind: NetworkPolicy
/// spec:
///   podSelector: {}
///   policyTypes: [Ingress, Egress]
/// ```
/// ## Decisions
/// A policy that selects all pods and is of a direction denies what no other policy allows. One that selects all
/// pods and allows everything denies nothing. Namespaces without any policy are `namespace-without-network-policy`;
/// both count for peers that ask for the default alone.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "default-deny-missing",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
        peers: &[peer("kubeaudit", "netpols")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Namespace") || has_foreign_policies(context) {
        return;
    }
    let name = Some(object.name());
    let policies = || {
        context
            .inventory
            .of_kind("networking.k8s.io", "NetworkPolicy")
            .filter(|policy| may_share_namespace(policy.namespace(), name))
    };
    if policies().next().is_none() {
        return;
    }
    let denying = || policies().filter(|policy| selects_all(*policy));
    let denies_ingress = denying().any(|policy| directions(policy).0 && !allows_all(policy, "ingress"));
    let denies_egress = denying().any(|policy| directions(policy).1 && !allows_all(policy, "egress"));
    let direction = match (denies_ingress, denies_egress) {
        (true, true) => return,
        (false, false) => "both",
        (false, true) => "ingress",
        (true, false) => "egress",
    };
    let place = object.metadata().and_then(|metadata| metadata.get("name")).unwrap_or(object.node());
    out.report(&CHECK, place).part("direction", direction);
}

fn selects_all(policy: Object<'_>) -> bool {
    let selector = policy.spec().and_then(|spec| spec.get("podSelector"));
    selector
        .is_none_or(|selector| LabelSelector::parse(selector).is_ok_and(|selector| selector.selects_all()))
}

/// Whether one of the rules has neither peers nor ports: it allows everything.
fn allows_all(policy: Object<'_>, field: &str) -> bool {
    let rules = policy.spec().and_then(|spec| spec.get(field));
    rules.map(Node::items).into_iter().flatten().any(|rule| rule.is_empty())
}
