use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use super::requests_below_limits::amount;
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags requests and limits outside of the bounds that the configuration sets.
/// ## Why is this bad?
/// The bounds keep one workload from taking the node, and from starting with too little to run.
/// ## Example
/// ```yaml
/// resources:
///   limits:
///     memory: 100Gi
/// ```
/// ## Use instead
/// ```yaml
/// resources:
///   limits:
///     memory: 1Gi
/// ```
/// ## Decisions
/// Without bounds in the configuration there is nothing to flag. A resource that is not set at all is the matter of
/// the checks for missing requests and limits.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "resources-out-of-bounds",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
            "https://kubernetes.io/docs/concepts/policy/limit-range/",
        ],
        peers: &[
            peer("kubescape", "resources-cpu-limit-and-request"),
            peer("kubescape", "resources-memory-limit-and-request"),
            peer("kubeaudit", "limits"),
            peer("kubescape", "C-0004"),
            peer("complianceascode", "resource_requests_limits_in_daemonset"),
            peer("complianceascode", "resource_requests_limits_in_deployment"),
            peer("complianceascode", "resource_requests_limits_in_statefulset"),
            peer("complianceascode", "resource_requests_quota"),
            peer("nist-800-53r5", "SC-5"),
            peer("nist-800-53r5", "SC-5(1)"),
            peer("nist-800-53r5", "SC-5(2)"),
            peer("nist-800-53r5", "SC-6"),
            peer("polaris", "resourceRange"),
        ],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        for bound in &context.options.resource_bounds {
            let list = bound.list.field();
            let Some(node) = container.node().at(&["resources", list, &bound.resource]) else { continue };
            let (Some(given), _) = amount(node) else { continue };
            let is_low = bound.least.is_some_and(|least| given < least);
            let is_high = bound.most.is_some_and(|most| given > most);
            if is_low || is_high {
                out.report(&CHECK, node)
                    .container(container)
                    .part("resource", bound.resource.as_str())
                    .part("list", list)
                    .arg("side", if is_low { "low" } else { "high" });
            }
        }
    }
}
