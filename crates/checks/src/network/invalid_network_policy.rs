use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use super::cidr::Cidr;
use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags network policies with addresses, ports or protocols that the API server refuses or that match nothing.
/// ## Why is this bad?
/// The policy is not applied at all: the pods that it was meant to guard stay open.
/// ## Example
/// ```yaml
/// ipBlock:
///   cidr: 10.0.0/8
/// ```
/// ## Use instead
/// ```yaml
/// ipBlock:
///   cidr: 10.0.0.0/8
/// ```
/// ## Decisions
/// A named port in quotes that is a number (`"80"`) is refused by the API server, as is an exception that does not lie
/// within its block. IPv4 written as a part of IPv6 is taken for what it is.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "invalid-network-policy",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
        peers: &[],
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
            for peer in rule.get(peers).map(Node::items).into_iter().flatten() {
                judge_peer(peer, out);
            }
            for port in rule.get("ports").map(Node::items).into_iter().flatten() {
                judge_port(port, out);
            }
        }
    }
}

fn judge_peer(peer: Node<'_>, out: &mut Findings<'_>) {
    let selects = peer.get("podSelector").is_some() || peer.get("namespaceSelector").is_some();
    let Some(block) = peer.get("ipBlock") else {
        if !selects {
            out.report(&CHECK, peer).part("value", "{}");
        }
        return;
    };
    if selects {
        out.report(&CHECK, block).part("value", "ipBlock");
    }
    let Some(cidr) = block.get("cidr") else { return };
    let whole = cidr.as_str().and_then(Cidr::parse);
    let mut tell = |node: Node<'_>| {
        out.report(&CHECK, node).part("value", node.as_str().unwrap_or_default());
    };
    if whole.is_none() {
        tell(cidr);
    }
    for except in block.get("except").map(Node::items).into_iter().flatten() {
        let part = except.as_str().and_then(Cidr::parse);
        let lies_within = match (whole, part) {
            (Some(whole), Some(part)) => whole.contains(part) && whole != part,
            (None, part) => part.is_some(),
            (Some(_), None) => false,
        };
        if !lies_within {
            tell(except);
        }
    }
}

fn judge_port(entry: Node<'_>, out: &mut Findings<'_>) {
    let text = |node: Node<'_>| node.document().source().slice(node.span()).to_owned();
    if let Some(protocol) = entry.get("protocol")
        && !matches!(protocol.as_str(), Some("TCP" | "UDP" | "SCTP"))
    {
        out.report(&CHECK, protocol).part("value", text(protocol));
    }
    let number = |node: Node<'_>| node.as_i64().filter(|port| (1..=65_535).contains(port));
    let port = entry.get("port");
    let is_valid = port.is_none_or(|port| match port.as_str() {
        Some(name) => is_port_name(name),
        None => number(port).is_some(),
    });
    if let Some(port) = port.filter(|_| !is_valid) {
        out.report(&CHECK, port).part("value", text(port));
    }
    if let Some(end) = entry.get("endPort") {
        let first = port.and_then(number);
        let is_range = number(end).is_some_and(|last| first.is_some_and(|first| last >= first));
        if !is_range {
            out.report(&CHECK, end).part("value", text(end));
        }
    }
}

/// Source: `IsValidPortName`: at most 15 of a-z, 0-9 and `-`, at least one letter, no `-` at an end or doubled.
fn is_port_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 15
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}
