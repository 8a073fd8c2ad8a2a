use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::helm_tiller::{is_tiller_container, listens_on_loopback};
use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Tiller, the server of Helm 2, where it answers the whole cluster.
/// ## Why is this bad?
/// Tiller does not ask who calls it. Any pod may install what it likes with Tiller's rights, usually those of an
/// administrator.
/// ## Example
/// ```yaml
/// image: ghcr.io/helm/tiller:v2.17.0
/// ```
/// ## Use instead
/// ```yaml
/// # Helm 3 needs no server.
/// ```
/// ## Decisions
/// Tiller listens on all addresses unless told to listen on the loopback one. That Tiller runs at all is
/// `helm-tiller`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "helm-tiller-open",
        area: "workload",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &["https://helm.sh/docs/topics/v2_v3_migration/"],
        peers: &[peer("checkov", "CKV_K8S_45")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        if is_tiller_container(pod, container) && !listens_on_loopback(container) {
            out.report(&CHECK, container.image().unwrap_or(container.node())).container(container);
        }
    }
}
