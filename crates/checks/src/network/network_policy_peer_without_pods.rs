use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Object, SelectorOperator};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::inventory::may_share_namespace;

/// ## What it does
/// Flags rules of network policies whose peers select no pod or no namespace of the scan.
/// ## Why is this bad?
/// The connection that the rule was written for is refused, and the next person opens the policy wide to get it working.
/// ## Example
/// ```yaml
/// ingress:
/// - from:
///   - podSelector:
///       matchLabels: {app: frotnend}
/// ```
/// ## Use instead
/// ```yaml
/// ingress:
/// - from:
///   - podSelector:
///       matchLabels: {app: frontend}
/// ```
/// ## Decisions
/// Namespaces are judged where the scan holds more than one: a single one is that of the program itself, whose policies
/// name those of others. Those that every cluster has are known. Pods are judged where it holds something that runs pods in the namespaces that
/// the peer may mean. A peer of another namespace is not judged unless its pods could be in the scan.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "network-policy-peer-without-pods",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
        peers: &[peer("kube-linter", "dangling-networkpolicypeer-podselector")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("networking.k8s.io", "NetworkPolicy") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get(direction).map(Node::items).into_iter().flatten() {
            for peer in rule.get(peers).map(Node::items).into_iter().flatten() {
                judge(object, peer, context, out);
            }
        }
    }
}

fn judge(object: Object<'_>, peer: Node<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let parse = |key: &str| {
        let node = peer.get(key)?;
        Some((node, LabelSelector::parse(node).ok()?))
    };
    if let Some((node, selector)) = parse("namespaceSelector") {
        let namespaces = || context.inventory.of_kind("", "Namespace");
        let holds_namespaces = context.options.whole || namespaces().nth(1).is_some();
        let is_built_in = selector.requirements.iter().any(|requirement| {
            requirement.key == NAME && requirement.values.iter().any(|value| BUILT_IN.contains(value))
        });
        let selects = is_built_in || namespaces().any(|namespace| is_selected(&selector, namespace));
        if holds_namespaces && !selector.selects_all() && !selects {
            out.report(&CHECK, node).part("what", "namespaceSelector");
        }
        return;
    }
    let Some((node, selector)) = parse("podSelector") else { return };
    let namespace = object.namespace();
    let has_neighbours = context.options.whole
        || context.inventory.pods().iter().any(|pod| may_share_namespace(pod.object.namespace(), namespace));
    let selects = context.inventory.selected(&selector, namespace).next().is_some();
    if has_neighbours && !selector.selects_all() && !selects {
        out.report(&CHECK, node).part("what", "podSelector");
    }
}

/// The API server gives every namespace a label with its name.
const NAME: &str = "kubernetes.io/metadata.name";
/// Namespaces that every cluster has.
const BUILT_IN: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

fn is_selected(selector: &LabelSelector<'_>, namespace: Object<'_>) -> bool {
    selector.requirements.iter().all(|requirement| {
        let value = match requirement.key {
            NAME => Some(namespace.name()),
            key => namespace.labels().iter().find(|(own, _)| *own == key).map(|(_, value)| value),
        };
        match requirement.operator {
            SelectorOperator::In => value.is_some_and(|value| requirement.values.contains(&value)),
            SelectorOperator::NotIn => value.is_none_or(|value| !requirement.values.contains(&value)),
            SelectorOperator::Exists => value.is_some(),
            SelectorOperator::DoesNotExist => value.is_none(),
        }
    })
}
