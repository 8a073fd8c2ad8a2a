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
/// A prefix with a tag or a digest names one image and is whole. The templates of the Gatekeeper library compare
/// prefixes as text.
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
    if object.group() != "constraints.gatekeeper.sh"
        || !matches!(object.kind(), "K8sAllowedRepos" | "K8sAllowedReposv2")
    {
        return;
    }
    for repository in
        object.node().at(&["spec", "parameters", "repos"]).map(Node::items).into_iter().flatten()
    {
        let Some(prefix) = repository.as_str() else { continue };
        let last = prefix.rsplit('/').next().unwrap_or_default();
        let is_whole =
            prefix.ends_with('/') || prefix.contains('@') || (prefix.contains('/') && last.contains(':'));
        if !is_whole {
            out.report(&CHECK, repository).part("prefix", prefix);
        }
    }
}
