use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::references::{Reference, references};
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that need a ConfigMap which is not in the scan.
/// ## Why is this bad?
/// Containers wait for a ConfigMap that does not exist, and a rollout stops half-way.
/// ## Example
/// ```yaml
/// envFrom:
/// - configMapRef:
///     name: setings
/// ```
/// ## Use instead
/// ```yaml
/// envFrom:
/// - configMapRef:
///     name: settings
/// ```
/// ## Decisions
/// Environment, `envFrom`, volumes and projected volumes count, unless `optional`. Only where the scan holds other
/// ConfigMaps for that namespace. Those that a kustomization generates count as there, and `kube-root-ca.crt` is
/// made by Kubernetes.
/// Others, such as controllers, may make what the scan does not hold: unless the scan is whole, or holds one with almost
/// that name, it is told for information.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangling-config-map",
        area: "reliability",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/configmap/"],
        peers: &[peer("kube-linter", "env-value-from")],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let namespace = pod.object().namespace();
    if context.may_be_elsewhere("", "ConfigMap", namespace) {
        return;
    }
    for Reference { node, name, container } in references(pod, "ConfigMap") {
        if name != "kube-root-ca.crt" && !context.inventory.has("", "ConfigMap", namespace, name) {
            let finding = out.report(&CHECK, node);
            if let Some(container) = container {
                finding.container(container);
            }
            finding.part("name", name);
            finding.severity(context.severity_of_missing(&CHECK, "", "ConfigMap", namespace, name));
        }
    }
}
