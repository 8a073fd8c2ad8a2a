use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags containers that run `kubectl proxy` for more than their own pod.
/// ## Why is this bad?
/// It puts the rights of its account on every request: whoever reaches the port acts as that account, without a password.
/// ## Example
/// ```yaml
/// command: [kubectl, proxy, --address=0.0.0.0, --accept-hosts=.*]
/// ```
/// ## Use instead
/// ```yaml
/// command: [kubectl, proxy, --port=8001]
/// ```
/// ## Decisions
/// Without an address it listens to its own pod only, which is fine for a sidecar.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "kubectl-proxy-exposed",
        area: "network",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/reference/kubectl/generated/kubectl_proxy/"],
        peers: &[peer("kube-hunter", "KHV049")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let words: Vec<Node<'_>> = ["command", "args"]
            .into_iter()
            .filter_map(|key| container.node().get(key))
            .flat_map(Node::items)
            .collect();
        let texts: Vec<&str> =
            words.iter().flat_map(|word| word.as_str()).flat_map(str::split_whitespace).collect();
        let image = container.image().and_then(Node::as_str).unwrap_or_default();
        let is_kubectl = image.contains("kubectl") || texts.iter().any(|text| text.ends_with("kubectl"));
        if !is_kubectl || !texts.contains(&"proxy") {
            continue;
        }
        let next_of = |flag: &str| {
            let at = texts.iter().position(|text| *text == flag);
            at.and_then(|at| texts.get(at + 1).copied())
        };
        let joined = texts.iter().find_map(|text| text.strip_prefix("--address="));
        let address = joined.or_else(|| next_of("--address")).unwrap_or("127.0.0.1");
        if !address.trim_matches(['"', '\'']).starts_with("127.") && address != "localhost" {
            let place = words.iter().find(|word| word.as_str().is_some_and(|text| text.contains("address")));
            out.report(&CHECK, place.copied().unwrap_or(container.node())).container(container);
        }
    }
}
