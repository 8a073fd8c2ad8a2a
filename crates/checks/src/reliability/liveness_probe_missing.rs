use haechi_model::{RuleInfo, Severity};
use haechi_objects::{ContainerList, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags containers of long-running pods without a liveness probe.
/// ## Why is this bad?
/// A program that hangs is not restarted, and stays until somebody notices.
/// ## Example
/// ```yaml
/// containers:
/// - name: app
/// ```
/// ## Use instead
/// ```yaml
/// containers:
/// - name: app
///   livenessProbe:
///     httpGet: {path: /livez, port: 8080}
/// ```
/// ## Decisions
/// Asked only on request: a liveness probe that is too strict restarts healthy programs under load, and a program
/// that exits when it is broken needs none. Init containers without `restartPolicy: Always` cannot have one.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "liveness-probe-missing",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"],
        peers: &[
            peer("kubescape", "C-0056"),
            peer("polaris", "livenessProbeMissing"),
            peer("kube-linter", "no-liveness-probe"),
            peer("checkov", "CKV_K8S_8"),
            peer("prowler", "core_liveness_probe_configured"),
        ],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if !pod.kind().is_long_running() {
        return;
    }
    for container in pod.containers_in(ContainerList::Regular) {
        if container.node().get("livenessProbe").is_none() {
            let place = Place::ContainerLacks(container, &["livenessProbe"]);
            out.report(&CHECK, place).container(container);
        }
    }
}
