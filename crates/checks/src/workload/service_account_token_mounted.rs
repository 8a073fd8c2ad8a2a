use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags pods that get a token for the Kubernetes API without asking for one.
/// ## Why is this bad?
/// Every process in the pod can call the API with the rights of its service account; most programs never do, but an
/// attacker will.
/// ## Example
/// ```yaml
/// spec:
///   serviceAccountName: shop
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   serviceAccountName: shop
///   automountServiceAccountToken: false
/// ```
/// ## Decisions
/// The pod's field goes before the service account's. A pod that says `true` has asked for the token, and is still
/// flagged: that is what people review.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "service-account-token-mounted",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting",
            "https://attack.mitre.org/techniques/T1528/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.6"),
            peer("eks-1.8.0", "4.1.6"),
            peer("aks-1.8.0", "4.1.6"),
            peer("gke-1.9.0", "4.1.5"),
            peer("kubescape", "C-0034"),
            peer("kubescape", "C-0190"),
            peer("kubescape", "C-0261"),
            peer("polaris", "automountServiceAccountToken"),
            peer("kubeaudit", "asat"),
            peer("trivy", "KSV-0036"),
            peer("checkov", "CKV_K8S_38"),
            peer("kubesec", "AutomountServiceAccountToken"),
            peer("complianceascode", "accounts_restrict_service_account_tokens"),
            peer("kube-hunter", "KHV050"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nsa-cisa", "1.11"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    match pod.spec().get("automountServiceAccountToken") {
        Some(flag) if flag.is_false() => {}
        Some(flag) => {
            out.report(&CHECK, flag);
        }
        None => {
            out.report(&CHECK, Place::Missing(pod.spec(), &["automountServiceAccountToken"]));
        }
    }
}
