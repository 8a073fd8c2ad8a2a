use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers without a CPU request.
/// ## Why is this bad?
/// The scheduler places a pod by its requests, and under load CPU time is shared out by them. Without one the
/// container gets what is left.
/// ## Example
/// ```yaml
/// resources: {}
/// ```
/// ## Use instead
/// ```yaml
/// resources:
///   requests:
///     cpu: 100m
/// ```
/// ## Decisions
/// A limit without a request counts as a request of the same amount, as Kubernetes fills it in. Resources of the whole pod
/// (`spec.resources`) count as well. Ephemeral containers cannot have resources.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "cpu-request-missing",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("kubescape", "resources-cpu-limit-and-request"),
            peer("kubescape", "C-0268"),
            peer("polaris", "cpuRequestsMissing"),
            peer("kube-linter", "unset-cpu-requirements"),
            peer("trivy", "KSV-0015"),
            peer("checkov", "CKV_K8S_10"),
            peer("kubesec", "RequestsCPU"),
            peer("prowler", "core_cpu_requests_set"),
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
            [own, of_pod].into_iter().flatten().any(|resources| resources.at(&[kind, "cpu"]).is_some())
        };
        if !(has("requests") || has("limits")) {
            let place = Place::ContainerLacks(container, &["resources", "requests", "cpu"]);
            let change = fix::amount(container, "requests", "cpu", out.fix_value(&CHECK));
            out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, change);
        }
    }
}
