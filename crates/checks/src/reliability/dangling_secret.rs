use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::references::{Reference, references};
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that need a Secret which is not in the scan.
/// ## Why is this bad?
/// Containers wait for a Secret that does not exist, and a rollout stops half-way.
/// ## Example
/// ```yaml
/// envFrom:
/// - secretRef:
///     name: dbb
/// ```
/// ## Use instead
/// ```yaml
/// envFrom:
/// - secretRef:
///     name: db
/// ```
/// ## Decisions
/// As `dangling-config-map`, but only told, since Secrets are often made by hand on purpose. Those that External
/// Secrets, Sealed Secrets, cert-manager, the Secrets Store driver or a kustomization make count as there. Pull
/// secrets do not count: a missing one is no error for Kubernetes.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangling-secret",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/secret/"],
        peers: &[peer("kube-linter", "env-value-from")],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let namespace = pod.object().namespace();
    if context.may_be_elsewhere("", "Secret", namespace) {
        return;
    }
    for Reference { node, name, container } in references(pod, "Secret") {
        if !context.inventory.has("", "Secret", namespace, name) {
            let finding = out.report(&CHECK, node);
            if let Some(container) = container {
                finding.container(container);
            }
            finding.part("name", name);
        }
    }
}
