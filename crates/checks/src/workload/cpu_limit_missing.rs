use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers without a CPU limit.
/// ## Why is this bad?
/// The container may use all CPU time of its node that others have not requested. Where tenants pay by use or need
/// steady latency, that matters.
/// ## Example
/// ```yaml
/// resources:
///   requests:
///     cpu: 100m
/// ```
/// ## Use instead
/// ```yaml
/// resources:
///   requests:
///     cpu: 100m
///   limits:
///     cpu: 500m
/// ```
/// ## Decisions
/// Asked only on request: CPU time can be taken back at any moment, requests already share it out fairly, and a
/// limit slows a program down while the node idles; many teams leave it out on purpose. Resources of the whole pod
/// count as well.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "cpu-limit-missing",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("kubescape", "resources-cpu-limit-and-request"),
            peer("kubescape", "C-0270"),
            peer("polaris", "cpuLimitsMissing"),
            peer("kubeaudit", "limits"),
            peer("kube-linter", "unset-cpu-requirements"),
            peer("trivy", "KSV-0011"),
            peer("checkov", "CKV_K8S_11"),
            peer("kube-score", "Container Resources"),
            peer("kubesec", "LimitsCPU"),
            peer("prowler", "core_cpu_limits_set"),
            peer("kubescape", "C-0050"),
            peer("kubescape", "C-0009"),
        ],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let of_pod = pod.spec().get("resources");
    for container in pod.containers().filter(|container| container.list() != ContainerList::Ephemeral) {
        let own = container.node().get("resources");
        let mut places = [own, of_pod].into_iter().flatten();
        if !places.any(|resources| resources.at(&["limits", "cpu"]).is_some()) {
            let place = Place::ContainerLacks(container, &["resources", "limits", "cpu"]);
            let change = fix::amount(container, "limits", "cpu", out.fix_value(&CHECK));
            out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, change);
        }
    }
}
