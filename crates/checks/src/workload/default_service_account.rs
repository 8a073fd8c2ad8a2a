use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use super::service_account_token_mounted::mounts_token;
use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags pods that run under the service account `default` and get its token.
/// ## Why is this bad?
/// Rights that are given to `default` for one pod are had by every pod of the namespace that names no account.
/// ## Example
/// ```yaml
/// spec:
///   containers:
///   - name: app
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   serviceAccountName: shop
/// ```
/// ## Decisions
/// A pod that mounts no token cannot use its account and is not flagged; that the peers flag it all the same costs
/// more than it brings. The account's own `automountServiceAccountToken` counts where the scan holds the account.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "default-service-account",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
            "https://www.cisecurity.org/benchmark/kubernetes",
        ],
        peers: &[
            peer("eks-1.8.0", "5.2.1"),
            peer("aks-1.8.0", "5.2.1"),
            peer("gke-1.9.0", "5.2.2"),
            peer("kubescape", "C-0225"),
            peer("kubescape", "C-0239"),
            peer("kube-linter", "default-service-account"),
            peer("checkov", "CKV_K8S_41"),
            peer("kubesec", "ServiceAccountName"),
        ],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let spec = pod.spec();
    let name = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount"));
    let is_default = name.and_then(Node::as_str).is_none_or(|name| name.is_empty() || name == "default");
    if is_default && mounts_token(pod, context) {
        match name {
            Some(name) => out.report(&CHECK, name),
            None => out.report(&CHECK, Place::Missing(spec, &["serviceAccountName"])),
        };
    }
}
