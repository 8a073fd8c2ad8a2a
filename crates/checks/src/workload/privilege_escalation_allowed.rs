use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

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
                out.report(&CHECK, flag).container(container);
            }
            None => {
                let place =
                    Place::ContainerLacks(container, &["securityContext", "allowPrivilegeEscalation"]);
                out.report(&CHECK, place).container(container);
            }
        }
    }
}
