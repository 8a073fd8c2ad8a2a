use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Lists pods that mount Secrets which the scan holds, so that they can be reviewed.
/// ## Why is this bad?
/// Whoever takes over the pod has that credential.
/// ## Example
/// ```yaml
/// volumes:
/// - name: db
///   secret:
///     secretName: db
/// ```
/// ## Use instead
/// ```yaml
/// # Nothing to change: know who has which credential.
/// ```
/// ## Decisions
/// Asked only on request: mounting a Secret is the right way to use it. The list answers who has a given
/// credential.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "mounted-secret",
        area: "secrets",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/secret/"],
        peers: &[peer("kubescape", "C-0255")],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let namespace = pod.object().namespace();
    for volume in pod.volumes() {
        let Some(name) = volume.at(&["secret", "secretName"]) else { continue };
        let Some(text) = name.as_str() else { continue };
        if is_mounted(pod, volume) && context.inventory.has("", "Secret", namespace, text) {
            out.report(&CHECK, name).part("secret", text);
        }
    }
}

/// Whether a container mounts that volume.
pub(super) fn is_mounted(pod: Pod<'_>, volume: Node<'_>) -> bool {
    let name = volume.get("name").and_then(Node::as_str);
    name.is_some()
        && pod.containers().any(|container| {
            let mounts = container.node().get("volumeMounts").map(Node::items);
            mounts.into_iter().flatten().any(|mount| mount.get("name").and_then(Node::as_str) == name)
        })
}
