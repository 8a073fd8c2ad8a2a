use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::mounted_secret::is_mounted;
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Lists pods that mount PersistentVolumeClaims which the scan holds, so that they can be reviewed.
/// ## Why is this bad?
/// Whoever takes over the pod has the data.
/// ## Example
/// ```yaml
/// volumes:
/// - name: data
///   persistentVolumeClaim:
///     claimName: data
/// ```
/// ## Use instead
/// ```yaml
/// # Nothing to change: know who has which data.
/// ```
/// ## Decisions
/// Asked only on request, see `mounted-secret`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "mounted-claim",
        area: "secrets",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/"],
        peers: &[peer("kubescape", "C-0257")],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let namespace = pod.object().namespace();
    for volume in pod.volumes() {
        let Some(name) = volume.at(&["persistentVolumeClaim", "claimName"]) else { continue };
        let Some(text) = name.as_str() else { continue };
        if is_mounted(pod, volume) && context.inventory.has("", "PersistentVolumeClaim", namespace, text) {
            out.report(&CHECK, name).part("claim", text);
        }
    }
}
