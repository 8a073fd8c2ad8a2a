use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags workloads without the labels `app.kubernetes.io/name` and `app.kubernetes.io/instance`, or whose instance
/// label is not their name.
/// ## Why is this bad?
/// Tools group objects to applications by these labels. Without them nobody sees what belongs together.
/// ## Example
/// ```yaml
/// metadata:
///   name: shop
///   labels: {app: shop}
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   name: shop
///   labels:
///     app.kubernetes.io/name: shop
///     app.kubernetes.io/instance: shop
/// ```
/// ## Decisions
/// Asked only on request: the labels are a convention that many teams replace by their own. Charts set the instance
/// to the release's name, so that it differs from the object's; that is flagged only where the name does not begin
/// with it either.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "recommended-labels-missing",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"],
        peers: &[peer("kubescape", "C-0077"), peer("polaris", "metadataAndInstanceMismatched")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let object = pod.object();
    for label in ["app.kubernetes.io/name", "app.kubernetes.io/instance"] {
        if object.labels().get(label).is_none() {
            out.report(&CHECK, Place::Missing(object.node(), &["metadata", "labels"])).part("label", label);
        }
    }
    let instance = object.labels().node().and_then(|labels| labels.get("app.kubernetes.io/instance"));
    if let Some(instance) = instance
        && !object.name().starts_with(instance.as_str().unwrap_or_default())
    {
        out.report(&CHECK, instance).part("label", "app.kubernetes.io/instance");
    }
}
