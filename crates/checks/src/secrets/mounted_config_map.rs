use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::mounted_secret::is_mounted;
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Lists pods that mount ConfigMaps which the scan holds, so that they can be reviewed.
/// ## Why is this bad?
/// Whoever may write the ConfigMap changes how the pod behaves.
/// ## Example
/// ```yaml
/// volumes:
/// - name: settings
///   configMap:
///     name: settings
/// ```
/// ## Use instead
/// ```yaml
/// # Nothing to change: know who has which configuration.
/// ```
/// ## Decisions
/// Asked only on request, see `mounted-secret`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "mounted-config-map",
        area: "secrets",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/configmap/"],
        peers: &[peer("kubescape", "C-0258")],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let namespace = pod.object().namespace();
    for volume in pod.volumes() {
        let Some(name) = volume.at(&["configMap", "name"]) else { continue };
        let Some(text) = name.as_str() else { continue };
        if is_mounted(pod, volume) && context.inventory.has("", "ConfigMap", namespace, text) {
            out.report(&CHECK, name).part("configmap", text);
        }
    }
}
