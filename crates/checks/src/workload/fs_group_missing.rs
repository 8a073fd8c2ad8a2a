use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::edit;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags pods that do not say under which group their volumes are mounted and whether that group is applied anew at
/// each start.
/// ## Why is this bad?
/// Files on volumes then belong to whoever made them. To get at them people fall back on root or on permissions for
/// all.
/// ## Example
/// ```yaml
/// securityContext: {}
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   fsGroup: 10001
///   fsGroupChangePolicy: OnRootMismatch
/// ```
/// ## Decisions
/// Asked only on request: it matters only for volumes that several users write. The policy must be `OnRootMismatch`
/// or `Always`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "fs-group-missing",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
        peers: &[peer("kubescape", "set-fsgroup-value"), peer("kubescape", "set-fsgroupchangepolicy-value")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    let of_pod = |field: &str| pod.security_context().and_then(|context| context.get(field));
    if of_pod("fsGroup").is_none() {
        let place = Place::Missing(pod.spec(), &["securityContext", "fsGroup"]);
        let change = out.fix_value(&CHECK).and_then(|value| place.set(value));
        out.report(&CHECK, place).part("field", "fsGroup").fix(FixSafety::Unsafe, change);
    }
    let path = ["securityContext", "fsGroupChangePolicy"];
    let policy_fix = edit::set(pod.spec(), &path, "OnRootMismatch");
    match of_pod("fsGroupChangePolicy") {
        Some(policy) if matches!(policy.as_str(), Some("Always" | "OnRootMismatch")) => {}
        Some(policy) => {
            out.report(&CHECK, policy)
                .part("field", "fsGroupChangePolicy")
                .fix(FixSafety::Unsafe, policy_fix);
        }
        None => {
            out.report(&CHECK, Place::Missing(pod.spec(), &["securityContext", "fsGroupChangePolicy"]))
                .part("field", "fsGroupChangePolicy")
                .fix(FixSafety::Unsafe, policy_fix);
        }
    }
}
