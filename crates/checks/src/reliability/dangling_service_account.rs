use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods whose service account is not in the scan.
/// ## Why is this bad?
/// Pods of an account that does not exist are refused. Whoever makes an account of that name later decides on their
/// rights.
/// ## Example
/// ```yaml
/// serviceAccountName: shpo
/// ```
/// ## Use instead
/// ```yaml
/// serviceAccountName: shop
/// ```
/// ## Decisions
/// Only where the scan holds other service accounts for that namespace; otherwise it may be applied from elsewhere.
/// The account `default` is made by Kubernetes.
/// Others, such as controllers, may make what the scan does not hold: unless the scan is whole, or holds one with almost
/// that name, it is told for information.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangling-service-account",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"],
        peers: &[peer("kubescape", "C-0307"), peer("kube-linter", "non-existent-service-account")],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let spec = pod.spec();
    let Some(account) = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount")) else { return };
    let Some(name) = account.as_str().filter(|name| !name.is_empty() && *name != "default") else { return };
    let namespace = pod.object().namespace();
    let is_there = context.inventory.has("", "ServiceAccount", namespace, name);
    if !is_there && !context.may_be_elsewhere("", "ServiceAccount", namespace) {
        let severity = context.severity_of_missing(&CHECK, "", "ServiceAccount", namespace, name);
        out.report(&CHECK, account).part("name", name).severity(severity);
    }
}
