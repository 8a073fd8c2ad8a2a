use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags pods that leave their supplemental groups to the image.
/// ## Why is this bad?
/// The image's own group file adds groups that nobody sees in the manifest, with rights to files on shared volumes.
/// ## Example
/// ```yaml
/// securityContext: {}
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   supplementalGroupsPolicy: Strict
/// ```
/// ## Decisions
/// Asked only on request: groups of the image are rarely harmful, and `supplementalGroupsPolicy: Strict` keeps them
/// out as well.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "supplemental-groups-missing",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#supplementalgroupspolicy",
        ],
        peers: &[peer("kubescape", "set-supplementalgroups-values")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let of_pod = |field: &str| pod.security_context().and_then(|context| context.get(field));
    let is_strict = of_pod("supplementalGroupsPolicy").and_then(Node::as_str) == Some("Strict");
    if !pod.is_windows() && !is_strict && of_pod("supplementalGroups").is_none() {
        let path = ["securityContext", "supplementalGroupsPolicy"];
        out.report(&CHECK, Place::Missing(pod.spec(), &["securityContext", "supplementalGroups"]))
            .fix(FixSafety::Unsafe, edit::set(pod.spec(), &path, "Strict"));
    }
}
