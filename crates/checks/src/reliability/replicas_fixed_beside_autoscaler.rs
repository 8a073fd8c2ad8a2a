use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use super::replicas::{has_replicas, replicas};
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags workloads that set their number of replicas although an autoscaler of the scan does.
/// ## Why is this bad?
/// Each apply resets the number, at the worst moment under full load.
/// ## Example
/// ```yaml
/// kind: Deployment
/// spec:
///   replicas: 3
/// ```
/// ## Use instead
/// ```yaml
/// kind: Deployment
/// spec: {}
/// ```
/// ## Decisions
/// The number in the manifest is taken at every apply, until the autoscaler changes it back.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "replicas-fixed-beside-autoscaler",
        area: "reliability",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"],
        peers: &[peer("kube-score", "Deployment targeted by HPA does not have replicas configured")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !has_replicas(object) {
        return;
    }
    let Some(own) = replicas(object) else { return };
    if context.inventory.autoscalers_of(object).next().is_some() {
        let change = object.spec().and_then(|spec| edit::remove(spec, "replicas"));
        out.report(&CHECK, own).fix(FixSafety::Unsafe, change);
    }
}
