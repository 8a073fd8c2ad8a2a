use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers that have no security context, neither of their own nor by their pod.
/// ## Why is this bad?
/// Every security setting is left to its default, and most defaults are permissive for the sake of compatibility.
/// ## Example
/// ```yaml
/// containers:
/// - name: app
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   runAsNonRoot: true
/// containers:
/// - name: app
///   securityContext:
///     allowPrivilegeEscalation: false
/// ```
/// ## Decisions
/// Asked only on request: every setting that is missing there is found by a check of its own. An empty map is none.
/// A pod's context counts for its containers if it sets something that containers inherit; `fsGroup` alone does not.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "security-context-missing",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
        peers: &[
            peer("cis-1.23", "5.7.3"),
            peer("eks-1.5.0", "4.5.2"),
            peer("aks-1.8.0", "4.7.2"),
            peer("gke-1.9.0", "4.6.3"),
            peer("kubescape", "C-0211"),
            peer("trivy", "KSV-0118"),
            peer("checkov", "CKV_K8S_29"),
            peer("checkov", "CKV_K8S_30"),
            peer("complianceascode", "general_apply_scc"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
        ],
    },
    opt_in: true,
    run: Run::Pod(check),
};

/// What containers have from their pod's context unless they set it themselves.
const INHERITED: &[&str] = &[
    "appArmorProfile",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "seLinuxOptions",
    "seccompProfile",
    "windowsOptions",
];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let is_set = |context: Option<Node<'_>>| context.is_some_and(|context| !context.is_empty());
    if pod
        .security_context()
        .is_some_and(|context| INHERITED.iter().any(|field| context.get(field).is_some()))
    {
        return;
    }
    for container in pod.containers() {
        if !is_set(container.security_context()) {
            // The API server refuses the field for Windows.
            let change = if pod.is_windows() {
                None
            } else {
                fix::security(container, "allowPrivilegeEscalation", false)
            };
            out.report(&CHECK, Place::ContainerLacks(container, &["securityContext"]))
                .container(container)
                .fix(FixSafety::Unsafe, change);
        }
    }
}
