use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that mount a PersistentVolumeClaim which is not in the scan.
/// ## Why is this bad?
/// The pod stays pending until somebody makes the claim.
/// ## Example
/// ```yaml
/// persistentVolumeClaim:
///   claimName: dta
/// ```
/// ## Use instead
/// ```yaml
/// persistentVolumeClaim:
///   claimName: data
/// ```
/// ## Decisions
/// Only where the scan holds other claims for that namespace.
/// Others, such as controllers, may make what the scan does not hold: unless the scan is whole, or holds one with almost
/// that name, it is told for information.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangling-claim",
        area: "reliability",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/"],
        peers: &[peer("kube-linter", "dangling-pvc")],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let namespace = pod.object().namespace();
    for volume in pod.volumes() {
        let Some(claim) = volume.at(&["persistentVolumeClaim", "claimName"]) else { continue };
        let Some(name) = claim.as_str() else { continue };
        let is_there = context.inventory.has("", "PersistentVolumeClaim", namespace, name);
        if !is_there && !context.may_be_elsewhere("", "PersistentVolumeClaim", namespace) {
            let severity = context.severity_of_missing(&CHECK, "", "PersistentVolumeClaim", namespace, name);
            out.report(&CHECK, claim).part("name", name).severity(severity);
        }
    }
}
