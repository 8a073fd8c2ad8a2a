use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags service accounts named `default` that give every pod their token.
/// ## Why is this bad?
/// Pods that never talk to the Kubernetes API get credentials for it all the same.
/// ## Example
/// ```yaml
/// kind: ServiceAccount
/// metadata:
///   name: default
/// ```
/// ## Use instead
/// ```yaml
/// kind: ServiceAccount
/// metadata:
///   name: default
/// automountServiceAccountToken: false
/// ```
/// ## Decisions
/// The account is made by Kubernetes in every namespace; a manifest that changes it should switch the token off.
/// Pods that use it are `default-service-account`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "default-service-account-token",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
            "https://www.cisecurity.org/benchmark/kubernetes",
        ],
        peers: &[
            peer("checkov", "CKV_K8S_41"),
            peer("kubescape", "automount-default-service-account"),
            peer("kubescape", "C-0189"),
            peer("cis-1.12", "5.1.5"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("", "ServiceAccount") || object.name() != "default" {
        return;
    }
    match object.node().get("automountServiceAccountToken") {
        Some(flag) if flag.is_false() => {}
        Some(flag) => {
            out.report(&CHECK, flag);
        }
        None => {
            out.report(&CHECK, Place::Missing(object.node(), &["automountServiceAccountToken"]));
        }
    }
}
