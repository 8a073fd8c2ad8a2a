use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags pods that resolve names with the default of five dots (`ndots`), or another number than two.
/// ## Why is this bad?
/// The search list multiplies DNS load, and sends internal names to outside servers when a search domain is wrong.
/// ## Example
/// ```yaml
/// spec:
///   dnsPolicy: ClusterFirst
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   dnsConfig:
///     options:
///     - name: ndots
///       value: "2"
/// ```
/// ## Decisions
/// Asked only on request: it costs DNS queries, not correctness. Pods that use the node's DNS (`dnsPolicy:
/// Default`) have no such search list.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dns-ndots-default",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/"],
        peers: &[peer("kube-linter", "dnsconfig-options")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.spec().get("dnsPolicy").and_then(Node::as_str) == Some("Default") {
        return;
    }
    let options = pod.spec().at(&["dnsConfig", "options"]);
    let ndots = options
        .map(Node::items)
        .into_iter()
        .flatten()
        .find(|option| option.get("name").and_then(Node::as_str) == Some("ndots"));
    let value = ndots.and_then(|option| option.get("value"));
    match value {
        Some(value) if value.as_str() == Some("2") => {}
        Some(value) => {
            out.report(&CHECK, value);
        }
        None => {
            out.report(&CHECK, Place::Missing(pod.spec(), &["dnsConfig", "options"]));
        }
    }
}
