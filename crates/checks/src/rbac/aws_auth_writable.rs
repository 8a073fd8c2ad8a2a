use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{role_name, rules};

/// ## What it does
/// Flags roles that may change the ConfigMap `aws-auth`, by name or as any ConfigMap of kube-system.
/// ## Why is this bad?
/// On EKS it says which AWS principal is which Kubernetes user, `system:masters` included.
/// ## Example
/// ```yaml
/// rules:
/// - apiGroups: [""]
///   resources: [configmaps]
///   resourceNames: [aws-auth]
///   verbs: [update]
/// ```
/// ## Use instead
/// ```yaml
/// # manage principals with EKS access entries, and give nobody the map
/// rules:
/// - apiGroups: [""]
///   resources: [configmaps]
///   resourceNames: [aws-auth]
///   verbs: [get]
/// ```
/// ## Decisions
/// A role for every ConfigMap of kube-system includes the map only where the cluster runs on EKS, which manifests do
/// not tell: it is told as medium. One that names the map is critical.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "aws-auth-writable",
        area: "rbac",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html",
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        ],
        peers: &[peer("trivy", "KSV-0115")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_in_system = object.kind() == "ClusterRole" || object.namespace() == Some("kube-system");
    for rule in rules(object).filter(|_| is_in_system) {
        // A rule for every ConfigMap of the cluster is no sign of EKS; one that names the map, or is meant for
        // kube-system, is.
        let is_meant = rule.names("aws-auth") || (object.kind() == "Role" && !rule.is_named());
        let grant =
            rule.grant(&["create", "update", "patch", "delete"], "", &["configmaps"]).filter(|_| is_meant);
        if let Some(grant) = grant {
            let finding = out.report(&CHECK, grant.place());
            finding
                .part("verbs", grant.verb_names())
                .part("rule", rule.text())
                .arg("role", role_name(object));
            if !rule.names("aws-auth") {
                finding.severity(Severity::Medium);
            }
        }
    }
}
