use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers without a memory request.
/// ## Why is this bad?
/// The scheduler places a pod by its requests. Without one it packs nodes by guess, and the pod is among the first
/// to be evicted.
/// ## Example
/// ```yaml
/// resources: {}
/// ```
/// ## Use instead
/// ```yaml
/// resources:
///   requests:
///     memory: 128Mi
/// ```
/// ## Decisions
/// A limit without a request counts as a request of the same amount, as Kubernetes fills it in. Resources of the whole pod
/// (`spec.resources`) count as well. Ephemeral containers cannot have resources.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "memory-request-missing",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("kubescape", "resources-memory-limit-and-request"),
            peer("kubescape", "C-0269"),
            peer("polaris", "memoryRequestsMissing"),
            peer("trivy", "KSV-0016"),
            peer("checkov", "CKV_K8S_12"),
            peer("kubesec", "RequestsMemory"),
            peer("prowler", "core_memory_requests_set"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let of_pod = pod.spec().get("resources");
    for container in pod.containers().filter(|container| container.list() != ContainerList::Ephemeral) {
        let own = container.node().get("resources");
        let has = |kind: &str| {
            [own, of_pod].into_iter().flatten().any(|resources| resources.at(&[kind, "memory"]).is_some())
        };
        if !(has("requests") || has("limits")) {
            let place = Place::ContainerLacks(container, &["resources", "requests", "memory"]);
            let change = fix::amount(container, "requests", "memory", out.fix_value(&CHECK));
            out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, change);
        }
    }
}
