use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may run commands in all pods, or attach to them.
/// ## Why is this bad?
/// Whoever may exec into a pod has its service account, its Secrets and its network.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [pods/exec]
///   verbs: [create]
/// ```
/// ## Use instead
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [pods/exec]
///   resourceNames: [the-one-that-is-needed]
///   verbs: [create]
/// ```
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "pod-exec-allowed",
        area: "rbac",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("kubescape", "C-0002"),
            peer("polaris", "clusterrolePodExecAttach"),
            peer("polaris", "clusterrolebindingPodExecAttach"),
            peer("polaris", "rolePodExecAttach"),
            peer("polaris", "rolebindingClusterRolePodExecAttach"),
            peer("polaris", "rolebindingRolePodExecAttach"),
            peer("trivy", "KSV-0053"),
            peer("trivy", "KSV-0054"),
            peer("checkov", "CKV2_K8S_2"),
            peer("attack", "Execution"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    for rule in rules(object).filter(|rule| !rule.is_named()) {
        if let Some(grant) = rule.grant(&["create", "get"], "", &["pods/exec", "pods/attach"]) {
            out.report(&CHECK, grant.place())
                .part("verbs", grant.verb_names())
                .part("resources", grant.resource_names())
                .arg("role", role_name(object));
        }
    }
}
