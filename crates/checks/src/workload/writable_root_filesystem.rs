use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers whose root file system can be written to.
/// ## Why is this bad?
/// An attacker who can run code in the container can add tools and change programs and configuration there.
/// ## Example
/// ```yaml
/// securityContext: {}
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   readOnlyRootFilesystem: true
/// volumeMounts:
/// - name: tmp
///   mountPath: /tmp
/// ```
/// ## Decisions
/// Windows containers have no read-only root file system.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "writable-root-filesystem",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
        ],
        peers: &[
            peer("kubescape", "C-0017"),
            peer("polaris", "notReadOnlyRootFilesystem"),
            peer("kubeaudit", "rootfs"),
            peer("kube-linter", "no-read-only-root-fs"),
            peer("trivy", "KSV-0014"),
            peer("checkov", "CKV_K8S_22"),
            peer("kube-score", "Container Security Context ReadOnlyRootFilesystem"),
            peer("kubesec", "ReadOnlyRootFilesystem"),
            peer("prowler", "core_readonly_root_filesystem_enabled"),
            peer("nsa-cisa", "1.1"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        match container.security("readOnlyRootFilesystem") {
            Some(flag) if flag.is_true() => {}
            Some(flag) => {
                out.report(&CHECK, flag)
                    .container(container)
                    .fix(FixSafety::Unsafe, fix::security(container, "readOnlyRootFilesystem", true));
            }
            None => {
                let place = Place::ContainerLacks(container, &["securityContext", "readOnlyRootFilesystem"]);
                out.report(&CHECK, place)
                    .container(container)
                    .fix(FixSafety::Unsafe, fix::security(container, "readOnlyRootFilesystem", true));
            }
        }
    }
}
