use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::Node;
use haechi_syntax::edit::Change;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers whose processes may gain more privileges than their parent.
/// ## Why is this bad?
/// With setuid programs or file capabilities in the image, a process without privileges becomes root in the
/// container. `allowPrivilegeEscalation: false` sets `no_new_privs`, which closes that road for good.
/// ## Example
/// ```yaml
/// securityContext:
///   runAsNonRoot: true
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   runAsNonRoot: true
///   allowPrivilegeEscalation: false
/// ```
/// ## Decisions
/// The field must be `false`; where it is missing Kubernetes allows escalation. Windows has no such setting.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "privilege-escalation-allowed",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
            "https://attack.mitre.org/techniques/T1548/",
        ],
        peers: &[
            peer("cis-1.12", "5.2.6"),
            peer("eks-1.8.0", "4.2.5"),
            peer("kubescape", "C-0016"),
            peer("kubescape", "C-0197"),
            peer("polaris", "privilegeEscalationAllowed"),
            peer("kubeaudit", "privesc"),
            peer("kube-linter", "privilege-escalation-container"),
            peer("trivy", "KSV-0001"),
            peer("checkov", "CKV_K8S_20"),
            peer("checkov", "CKV_K8S_5"),
            peer("kubesec", "AllowPrivilegeEscalation"),
            peer("prowler", "core_minimize_allowPrivilegeEscalation_containers"),
            peer("complianceascode", "scc_limit_privilege_escalation"),
            peer("iso-27001:2022", "A.5.15"),
            peer("iso-27001:2022", "A.8.14"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nsa-cisa", "1.7"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        match container.security("allowPrivilegeEscalation") {
            Some(flag) if flag.is_false() => {}
            Some(flag) => {
                out.report(&CHECK, flag).container(container).fix(FixSafety::Unsafe, forbid(container));
            }
            None => {
                let place =
                    Place::ContainerLacks(container, &["securityContext", "allowPrivilegeEscalation"]);
                out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, forbid(container));
            }
        }
    }
}

/// The API server refuses the setting beside privileged mode and beside `CAP_SYS_ADMIN`.
fn forbid(container: Container<'_>) -> Option<Change> {
    let is_privileged = container.security("privileged").is_some_and(Node::is_true);
    let add = container.security("capabilities").and_then(|capabilities| capabilities.get("add"));
    let mut added = add.into_iter().flat_map(Node::items).filter_map(Node::as_str);
    let is_refused = is_privileged
        || added.any(|name| matches!(name.to_ascii_uppercase().as_str(), "SYS_ADMIN" | "CAP_SYS_ADMIN"));
    if is_refused { None } else { fix::security(container, "allowPrivilegeEscalation", false) }
}
