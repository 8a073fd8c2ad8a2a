use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers without a memory limit.
/// ## Why is this bad?
/// Without a limit one leaking or attacked container takes the memory of its node, and the kernel kills others
/// for it.
/// ## Example
/// ```yaml
/// resources: {}
/// ```
/// ## Use instead
/// ```yaml
/// resources:
///   limits:
///     memory: 128Mi
/// ```
/// ## Decisions
/// Resources of the whole pod
/// (`spec.resources`) count as well. Ephemeral containers cannot have resources.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "memory-limit-missing",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("kubescape", "resources-memory-limit-and-request"),
            peer("kubescape", "C-0271"),
            peer("polaris", "memoryLimitsMissing"),
            peer("kubeaudit", "limits"),
            peer("kube-linter", "unset-memory-requirements"),
            peer("trivy", "KSV-0018"),
            peer("checkov", "CKV_K8S_13"),
            peer("kubesec", "LimitsMemory"),
            peer("prowler", "core_memory_limits_set"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let of_pod = pod.spec().get("resources");
    for container in pod.containers().filter(|container| container.list() != ContainerList::Ephemeral) {
        let own = container.node().get("resources");
        let mut places = [own, of_pod].into_iter().flatten();
        if !places.any(|resources| resources.at(&["limits", "memory"]).is_some()) {
            let place = Place::ContainerLacks(container, &["resources", "limits", "memory"]);
            let change = fix::amount(container, "limits", "memory", out.fix_value(&CHECK));
            out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, change);
        }
    }
}
