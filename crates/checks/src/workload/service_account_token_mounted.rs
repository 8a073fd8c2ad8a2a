use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Object, Pod};
use haechi_syntax::{Node, edit};

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags pods that get a token for the Kubernetes API.
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
/// The pod's field goes before the service account's, which counts where the scan holds the account; an account that the
/// scan does not hold gives its token. A pod that says `true` has asked for the token, and is still flagged: that is
/// what people review.
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
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !mounts_token(pod, context) {
        return;
    }
    let change = edit::set(pod.spec(), &["automountServiceAccountToken"], false);
    match pod.spec().get("automountServiceAccountToken") {
        Some(flag) => out.report(&CHECK, flag),
        None => out.report(&CHECK, Place::Missing(pod.spec(), &["automountServiceAccountToken"])),
    }
    .fix(FixSafety::Unsafe, change);
}

/// Whether the pod gets a token: its own field decides, else that of its service account, else it does.
pub(super) fn mounts_token(pod: Pod<'_>, context: &Context<'_>) -> bool {
    let spec = pod.spec();
    if let Some(flag) = spec.get("automountServiceAccountToken") {
        return !flag.is_false();
    }
    let name = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount"));
    let name = name.and_then(Node::as_str).filter(|name| !name.is_empty()).unwrap_or("default");
    let mut accounts = context.inventory.named("", "ServiceAccount", pod.object().namespace(), name);
    let is_refused =
        |account: Object<'_>| account.node().get("automountServiceAccountToken").is_some_and(Node::is_false);
    // Where several accounts of that name may be meant, one that gives its token is enough.
    match accounts.next() {
        Some(first) => !(is_refused(first) && accounts.all(is_refused)),
        None => true,
    }
}
