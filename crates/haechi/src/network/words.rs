//! What people read about connections.

use std::collections::{BTreeMap, BTreeSet};

use haechi_network::encryption::Protection;
use haechi_network::explain::{Cause, Miss, Reason};
use haechi_network::exposure::Other;
use haechi_network::flows::{Flow, FlowEnd, Replay};
use haechi_network::list::{End, Row};
use haechi_network::mesh::Encryption;
use haechi_network::world::{Action, Direction, World};
use haechi_report::{Args, Texts};

pub(super) fn message(texts: &Texts, id: &str) -> String {
    texts.message(id, &Args::new())
}

/// Connections: ports as they are, `All Connections` and `No Connections` in the reader's language.
pub(super) fn set(texts: &Texts, text: &str) -> String {
    match text {
        "All Connections" => message(texts, "network-all-connections"),
        "No Connections" => message(texts, "network-no-connections"),
        ports => ports.to_owned(),
    }
}

/// An end: addresses and the ingress controller in the reader's language.
pub(super) fn end(texts: &Texts, end: &End) -> String {
    match end {
        End::Range(range) => {
            texts.message("network-outside", &Args::new().text("addresses", range.to_string()))
        }
        End::IngressController => message(texts, "network-ingress-controller"),
        _ => end.to_string(),
    }
}

/// What passes in a row, surely and perhaps.
pub(super) fn passes(texts: &Texts, row: &Row) -> String {
    let sure = set(texts, &row.text);
    match &row.unknown {
        None => sure,
        Some(unknown) => {
            let unknown = set(texts, unknown);
            texts.message("network-and-unknown", &Args::new().text("sure", sure).text("unknown", unknown))
        }
    }
}

/// How a connection is protected.
pub(super) fn protection(texts: &Texts, protection: &Protection) -> String {
    let words = |ways: &BTreeSet<Encryption>| {
        let words: Vec<String> =
            ways.iter().map(|way| message(texts, &format!("network-encryption-{}", way.as_str()))).collect();
        words.join(" + ")
    };
    let tcp = words(&protection.tcp);
    match protection.differing_rest() {
        None => tcp,
        Some(rest) => texts.message(
            "network-encryption-by-protocol",
            &Args::new().text("tcp", tcp).text("rest", words(rest)),
        ),
    }
}

pub(super) fn direction(texts: &Texts, direction: Direction) -> String {
    message(
        texts,
        match direction {
            Direction::Ingress => "network-direction-ingress",
            Direction::Egress => "network-direction-egress",
        },
    )
}

/// Passes, is refused, or is not known.
pub(super) fn answer(texts: &Texts, answer: Replay) -> String {
    message(texts, &format!("network-answer-{}", answer_word(answer)))
}

/// The stable word of an answer.
pub(super) fn answer_word(answer: Replay) -> &'static str {
    match answer {
        Replay::Passes => "passes",
        Replay::Refused => "refused",
        Replay::Unknown => "unknown",
    }
}

/// The stable word of what a cause does.
pub(super) fn cause_word(cause: &Cause) -> &'static str {
    match cause.reason {
        Reason::Rule { action: Action::Allow, .. } => "allowed-by-rule",
        Reason::Rule { action: Action::Deny, .. } => "denied-by-rule",
        Reason::Rule { action: Action::Pass, .. } => "passed-on-by-rule",
        Reason::Rule { action: Action::Log, .. } => "logged-by-rule",
        Reason::NotNamed { .. } => "no-rule-names-it",
        Reason::Default => "nothing-restricts-it",
    }
}

/// An end of an observed connection.
pub(super) fn flow_end(world: &World, end: &FlowEnd) -> String {
    match end {
        FlowEnd::Endpoint(index) => world.endpoints.get(*index).map(ToString::to_string).unwrap_or_default(),
        FlowEnd::Address(address) => address.to_string(),
    }
}

/// Observed connections by what people see of them: pods of one workload are one.
pub(super) fn flows<'f>(
    world: &World,
    flows: impl Iterator<Item = (&'f Flow, u64)>,
) -> Vec<(String, String, String, u64)> {
    let mut merged: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for (flow, count) in flows {
        let key = (
            flow_end(world, &flow.from),
            flow_end(world, &flow.to),
            format!("{} {}", flow.protocol, flow.port),
        );
        *merged.entry(key).or_insert(0) += count;
    }
    merged.into_iter().map(|((from, to, port), count)| (from, to, port, count)).collect()
}

/// The stable word of why a policy does not allow something.
pub(super) fn miss_word(miss: Miss) -> &'static str {
    match miss {
        Miss::NoRules => "no-rules",
        Miss::NoPeer => "no-peer",
        Miss::OtherPorts { .. } => "other-ports",
        Miss::UnknownName { .. } => "unknown-name",
    }
}

/// To whom something is open, beyond the pods that are there.
pub(super) fn other(texts: &Texts, other: &Other) -> String {
    match other {
        Other::EntireCluster => message(texts, "network-any-pod"),
        Other::Outside(outside) => end(texts, outside),
        Other::Described(peer) => {
            let pods = match peer.pods.is_empty() {
                true => message(texts, "network-described-all"),
                false => peer.pods.text(),
            };
            match peer.namespace_text() {
                (name, true) => texts
                    .message("network-described", &Args::new().text("pods", pods).text("namespace", name)),
                _ => {
                    let namespaces = match peer.namespaces.is_empty() {
                        true => message(texts, "network-described-all-namespaces"),
                        false => peer.namespaces.text(),
                    };
                    let args = Args::new().text("pods", pods).text("namespaces", namespaces);
                    texts.message("network-described-anywhere", &args)
                }
            }
        }
    }
}
