use haechi_model::{RuleInfo, Severity};
use haechi_objects::{LabelSelector, Labels, Object};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags workloads whose selector does not match the labels of their own pod template.
/// ## Why is this bad?
/// The API server refuses the object, or the controller starts pod after pod that it does not take for its own.
/// ## Example
/// ```yaml
/// selector:
///   matchLabels: {app: shop}
/// template:
///   metadata:
///     labels: {app: shpo}
/// ```
/// ## Use instead
/// ```yaml
/// selector:
///   matchLabels: {app: shop}
/// template:
///   metadata:
///     labels: {app: shop}
/// ```
/// ## Decisions
/// A ReplicationController's and DeploymentConfig's selector is a plain map; without one they select by the
/// template's labels. Other kinds must have a selector, which is not this check's matter.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "selector-mismatch",
        area: "reliability",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"],
        peers: &[
            peer("kubescape", "C-0296"),
            peer("kube-linter", "mismatching-selector"),
            peer("kube-score", "Deployment Pod Selector labels match template metadata labels"),
            peer("kube-score", "StatefulSet Pod Selector labels match template metadata labels"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_plain = match (object.group(), object.kind()) {
        ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => false,
        ("argoproj.io", "Rollout") => false,
        ("", "ReplicationController") | ("apps.openshift.io", "DeploymentConfig") => true,
        _ => return,
    };
    let Some(selector) = object.spec().and_then(|spec| spec.get("selector")) else { return };
    let labels = Labels::new(object.node().at(&["spec", "template", "metadata", "labels"]));
    // A template by reference has its labels elsewhere.
    if object.node().at(&["spec", "template"]).is_none() {
        return;
    }
    let parsed = if is_plain { LabelSelector::from_map(selector) } else { LabelSelector::parse(selector) };
    if parsed.is_ok_and(|parsed| !parsed.matches(labels)) {
        out.report(&CHECK, selector);
    }
}
