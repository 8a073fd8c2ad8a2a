use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::rbac::rule::{Binding, RBAC_GROUP, Rule, all_rules, binding_name};

/// ## What it does
/// Flags bindings to `cluster-admin`, and to roles of the scan that allow everything as well. In a RoleBinding it gives
/// everything in that namespace, which is a little less bad.
/// ## Why is this bad?
/// Whoever is bound to it may do everything, so every mistake and every stolen token of theirs costs the
/// cluster.
/// ## Example
/// ```yaml
/// roleRef:
///   kind: ClusterRole
///   name: cluster-admin
/// ```
/// ## Use instead
/// ```yaml
/// roleRef:
///   kind: ClusterRole
///   name: deployment-manager
/// ```
/// ## Decisions
/// A role allows everything if a rule of it has `*`, or each of the seven verbs of objects, on all resources of all API
/// groups. A `Role` by the name of `cluster-admin` is not the ClusterRole of that name.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "cluster-admin-bound",
        area: "rbac",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
            "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        ],
        peers: &[
            peer("cis-1.12", "5.1.1"),
            peer("eks-1.8.0", "4.1.1"),
            peer("aks-1.8.0", "4.1.1"),
            peer("gke-1.9.0", "4.1.1"),
            peer("kubescape", "C-0035"),
            peer("kubescape", "C-0185"),
            peer("polaris", "clusterrolebindingClusterAdmin"),
            peer("polaris", "rolebindingClusterAdminClusterRole"),
            peer("polaris", "rolebindingClusterAdminRole"),
            peer("kube-linter", "cluster-admin-role-binding"),
            peer("trivy", "KSV-0111"),
            peer("prowler", "rbac_cluster_admin_usage"),
            peer("complianceascode", "rbac_limit_cluster_admin"),
            peer("iso-27001:2022", "A.5.1"),
            peer("iso-27001:2022", "A.5.2"),
            peer("iso-27001:2022", "A.5.3"),
            peer("iso-27001:2022", "A.5.15"),
            peer("iso-27001:2022", "A.5.18"),
            peer("iso-27001:2022", "A.8.12"),
            peer("pci-dss-4", "3.5.1"),
            peer("pci-dss-4", "3.6.1"),
            peer("pci-dss-4", "3.7.4"),
            peer("pci-dss-4", "7.2.1"),
            peer("pci-dss-4", "7.2.2"),
            peer("pci-dss-4", "7.2.5"),
            peer("pci-dss-4", "7.2.6"),
            peer("pci-dss-4", "7.3.1"),
            peer("pci-dss-4", "7.3.2"),
            peer("pci-dss-4", "7.3.3"),
            peer("pci-dss-4", "8.2.5"),
            peer("pci-dss-4", "8.2.7"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nist-800-53r5", "CM-8(3)"),
            peer("pci-dss-4", "10.3.1"),
            peer("attack", "Privilege escalation"),
            peer("soc-2", "CC6.1"),
            peer("soc-2", "CC6.2"),
            peer("soc-2", "CC6.7"),
            peer("soc-2", "CC6.8"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let Some(binding) = Binding::of(object) else { return };
    let (Some(kind), Some(place)) = (binding.role_kind(), binding.role_name()) else { return };
    let Some(name) = place.as_str() else { return };
    // The binding that every cluster has, to the group that is past all authorizers anyway.
    if object.name() == "cluster-admin" && binding.is_default() {
        return;
    }
    // A ClusterRoleBinding to a Role is refused.
    if binding.is_cluster() && kind != "ClusterRole" {
        return;
    }
    let namespace = object.namespace().filter(|_| kind == "Role");
    let is_admin = (kind, name) == ("ClusterRole", "cluster-admin");
    let has_all = || {
        let mut roles = context.inventory.named(RBAC_GROUP, kind, namespace, name);
        roles.any(|role| all_rules(role).any(Rule::is_everything))
    };
    if is_admin || has_all() {
        let severity = if binding.is_cluster() { CHECK.info.severity } else { Severity::High };
        out.report(&CHECK, place)
            .arg("binding", binding_name(object))
            .arg("role", binding.role_text())
            .arg("subjects", binding.subject_names())
            .severity(severity);
    }
}
