use haechi_model::{FixSafety, NewValue, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers that run under a user id below the lowest allowed one (10000 unless set otherwise), or under
/// one that the manifest does not tell.
/// ## Why is this bad?
/// Low ids belong to users of the node as well. After an escape the process has the rights of whoever has that id
/// there.
/// ## Example
/// ```yaml
/// securityContext:
///   runAsUser: 1000
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   runAsUser: 10001
/// ```
/// ## Decisions
/// Asked only on request: the ids of most public images are lower, and the protection matters only after an escape.
/// Peers disagree whether 10000 itself is high enough; here it is.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "low-user-id",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
            "https://kubesec.io/basics/containers-securitycontext-runasuser/",
        ],
        peers: &[peer("trivy", "KSV-0020"), peer("checkov", "CKV_K8S_40"), peer("kubesec", "RunAsUser")],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    // In a user namespace of its own the pod's ids are nobody's on the node.
    if pod.is_windows() || pod.spec().get("hostUsers").is_some_and(Node::is_false) {
        return;
    }
    let least = context.options.minimum_id;
    for container in pod.containers() {
        let place = match container.effective("runAsUser") {
            Some(user) if user.node.as_i64().is_some_and(|id| id >= least) => continue,
            Some(user) => Place::Value(user.node),
            None => Place::ContainerLacks(container, &["securityContext", "runAsUser"]),
        };
        let value = out.fix_value(&CHECK).filter(|value| *value >= NewValue::Int(least));
        let change = value.and_then(|value| fix::security(container, "runAsUser", value));
        out.report(&CHECK, place).container(container).arg("least", least).fix(FixSafety::Unsafe, change);
    }
}
