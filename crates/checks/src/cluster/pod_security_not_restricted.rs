use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use super::pod_security_not_enforced::{has_policy_engine, is_system};
use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags namespaces that do not enforce the restricted Pod Security level.
/// ## Why is this bad?
/// Below that level pods may run as root with the default capabilities, from where most escapes begin.
/// ## Example
/// ```yaml
/// metadata:
///   labels:
///     pod-security.kubernetes.io/enforce: baseline
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   labels:
///     pod-security.kubernetes.io/enforce: restricted
/// ```
/// ## Decisions
/// Asked only on request: many images cannot run under it. Namespaces and policy engines are left out as in
/// `pod-security-not-enforced`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "pod-security-not-restricted",
        area: "cluster",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
        peers: &[
            peer("kubescape", "pod-security-admission-restricted-applied-1"),
            peer("kubescape", "pod-security-admission-restricted-applied-2"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: true,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Namespace") || is_system(object.name()) || has_policy_engine(context) {
        return;
    }
    let labels = object.labels().node();
    let path = ["metadata", "labels", "pod-security.kubernetes.io/enforce"];
    let change = edit::set(object.node(), &path, "restricted");
    match labels.and_then(|labels| labels.get("pod-security.kubernetes.io/enforce")) {
        Some(label) if label.as_str() == Some("restricted") => {}
        Some(label) => {
            out.report(&CHECK, label).fix(FixSafety::Unsafe, change);
        }
        None => {
            out.report(&CHECK, Place::Missing(object.node(), &["metadata", "labels"]))
                .fix(FixSafety::Unsafe, change);
        }
    }
}
