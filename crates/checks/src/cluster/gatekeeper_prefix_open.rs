use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Gatekeeper constraints that allow image repositories by a prefix which does not end with a slash or a
/// whole name.
/// ## Why is this bad?
/// Whoever registers `{ $prefix }.evil.example` or `{ $prefix }-evil` has images that the constraint lets through.
/// ## Example
/// ```yaml
/// kind: K8sAllowedRepos
/// spec:
///   parameters:
///     repos: [registry.example]
/// ```
/// ## Use instead
/// ```yaml
/// kind: K8sAllowedRepos
/// spec:
///   parameters:
///     repos: [registry.example/]
/// ```
/// ## Decisions
/// `K8sAllowedRepos` of the Gatekeeper library compares prefixes as text; one with a tag or a digest names one image and
/// is whole. `K8sAllowedReposv2` takes whole names, and prefixes only where they end with `*`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "gatekeeper-prefix-open",
        area: "cluster",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://open-policy-agent.github.io/gatekeeper-library/website/validation/allowedrepos/",
        ],
        peers: &[peer("trivy", "KSV-0124")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let parameters = object.node().at(&["spec", "parameters"]);
    let list = |field: &str| {
        let parameters = parameters.filter(|_| object.group() == "constraints.gatekeeper.sh");
        parameters.and_then(|parameters| parameters.get(field)).map(Node::items).into_iter().flatten()
    };
    let (entries, is_whole): (_, fn(&str) -> bool) = match object.kind() {
        "K8sAllowedRepos" => (list("repos"), is_whole_prefix),
        "K8sAllowedReposv2" => (list("allowedImages"), is_whole_pattern),
        _ => return,
    };
    for entry in entries {
        let Some(prefix) = entry.as_str() else { continue };
        if !is_whole(prefix) {
            out.report(&CHECK, entry).part("prefix", prefix);
        }
    }
}

fn is_whole_prefix(prefix: &str) -> bool {
    let last = prefix.rsplit('/').next().unwrap_or_default();
    prefix.ends_with('/') || prefix.contains('@') || (prefix.contains('/') && last.contains(':'))
}

/// A name without `*` is compared as a whole.
fn is_whole_pattern(pattern: &str) -> bool {
    pattern.strip_suffix('*').is_none_or(|prefix| prefix.ends_with(['/', ':', '@']))
}
