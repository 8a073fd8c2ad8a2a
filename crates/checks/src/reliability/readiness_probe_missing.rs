use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Container, ContainerList, Pod, WorkloadKind};

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags containers of long-running pods without a readiness probe.
/// ## Why is this bad?
/// Traffic reaches the pod before the program can answer, and a rollout goes on although the new version does not
/// work.
/// ## Example
/// ```yaml
/// containers:
/// - name: app
/// ```
/// ## Use instead
/// ```yaml
/// containers:
/// - name: app
///   readinessProbe:
///     httpGet: {path: /readyz, port: 8080}
/// ```
/// ## Decisions
/// What no Service of the scan selects gets no traffic: such pods are not flagged, unless the scan holds no Service
/// at all that may be theirs. One probe in the pod is enough where one container alone declares ports; containers
/// without ports are not flagged beside one that has some.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "readiness-probe-missing",
        area: "reliability",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"],
        peers: &[
            peer("kubescape", "C-0018"),
            peer("polaris", "readinessProbeMissing"),
            peer("kube-linter", "no-readiness-probe"),
            peer("checkov", "CKV_K8S_9"),
            peer("kube-score", "Pod Probes"),
            peer("prowler", "core_readiness_probe_configured"),
        ],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !pod.kind().is_long_running() || pod.kind() == WorkloadKind::PodTemplate {
        return;
    }
    let namespace = pod.object().namespace();
    let is_served = context.inventory.services_of(pod.labels(), namespace).next().is_some();
    if !is_served && context.inventory.holds("", "Service", namespace) {
        return;
    }
    let has_ports =
        |container: Container<'_>| container.node().get("ports").is_some_and(|ports| !ports.is_empty());
    let any_has_ports = pod.containers_in(ContainerList::Regular).any(has_ports);
    for container in pod.containers_in(ContainerList::Regular) {
        let answers = has_ports(container) || !any_has_ports;
        if answers && container.node().get("readinessProbe").is_none() {
            let place = Place::ContainerLacks(container, &["readinessProbe"]);
            out.report(&CHECK, place).container(container);
        }
    }
}
