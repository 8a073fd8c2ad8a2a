use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags OpenShift security context constraints that allow privileged containers.
/// ## Why is this bad?
/// Whoever may use the constraint can start a container that owns its node.
/// ## Example
/// ```yaml
/// kind: SecurityContextConstraints
/// allowPrivilegedContainer: true
/// ```
/// ## Use instead
/// ```yaml
/// kind: SecurityContextConstraints
/// allowPrivilegedContainer: false
/// ```
/// ## Decisions
/// OpenShift's own `privileged` constraint allows them by design; it is flagged too, as it should not be in
/// anyone's manifests.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "scc-allows-privileged",
        area: "cluster",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/authentication_and_authorization/managing-pod-security-policies",
        ],
        peers: &[peer("kube-linter", "scc-deny-privileged-container")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_scc = object.kind() == "SecurityContextConstraints"
        && matches!(object.group(), "" | "security.openshift.io");
    let flag = object.node().get("allowPrivilegedContainer");
    if let Some(flag) = flag.filter(|flag| is_scc && flag.is_true()) {
        out.report(&CHECK, flag).fix(FixSafety::Unsafe, edit::replace(flag, false));
    }
}
