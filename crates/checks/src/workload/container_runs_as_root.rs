use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::edit;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers that run as root, or that nothing keeps from running as root.
/// ## Why is this bad?
/// Root in a container is root on the node as soon as it gets out, and until then it can change every file and
/// binary of the container.
/// ## Example
/// ```yaml
/// securityContext: {}
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   runAsNonRoot: true
///   runAsUser: 10001
/// ```
/// ## Decisions
/// A user id other than 0, or `runAsNonRoot: true`, is enough; the container's own setting goes before the
/// pod's. `runAsUser: 0` is flagged even beside `runAsNonRoot: true`: such a container never starts. Windows has no
/// user ids. A pod's `runAsUser: 0` that all containers override is low: it is for containers that are added later, by
/// injection or for debugging, and the restricted Pod Security Standard refuses it all the same.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "container-runs-as-root",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[
            peer("cis-1.12", "5.2.7"),
            peer("kubescape", "C-0013"),
            peer("kubescape", "C-0198"),
            peer("polaris", "runAsRootAllowed"),
            peer("kubeaudit", "nonroot"),
            peer("kube-linter", "run-as-non-root"),
            peer("trivy", "KSV-0012"),
            peer("trivy", "KSV-0105"),
            peer("checkov", "CKV_K8S_23"),
            peer("checkov", "CKV_K8S_6"),
            peer("kube-score", "Container Security Context User Group ID"),
            peer("kubesec", "RunAsNonRoot"),
            peer("prowler", "core_minimize_root_containers_admission"),
            peer("complianceascode", "scc_limit_root_containers"),
            peer("iso-27001:2022", "A.8.2"),
            peer("pci-dss-4", "A1.1.2"),
            peer("pci-dss-4", "A3.4.1"),
            peer("pci-dss-4", "3.5.1"),
            peer("pci-dss-4", "7.2.1"),
            peer("pci-dss-4", "7.2.2"),
            peer("pci-dss-4", "7.2.5"),
            peer("pci-dss-4", "7.2.6"),
            peer("pci-dss-4", "7.3.1"),
            peer("pci-dss-4", "7.3.2"),
            peer("pci-dss-4", "7.3.3"),
            peer("pci-dss-4", "8.2.1"),
            peer("pci-dss-4", "8.2.5"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("nsa-cisa", "1.0"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    let of_pod = pod.security_context().and_then(|own| own.get("runAsUser"));
    let mut rest = of_pod.filter(|user| user.as_i64() == Some(0));
    for container in pod.containers() {
        if let Some(place) = root(container) {
            rest = rest.filter(|of_pod| !matches!(place, Place::Value(user) if user == *of_pod));
            let change = match place {
                Place::Value(user) if user.as_i64() == Some(0) => {
                    out.fix_value(&CHECK).and_then(|user| fix::security(container, "runAsUser", user))
                }
                _ => fix::security(container, "runAsNonRoot", true),
            };
            out.report(&CHECK, place)
                .container(container)
                .arg("subject", "container")
                .fix(FixSafety::Unsafe, change);
        }
    }
    if let Some(of_pod) = rest {
        // Every container says by itself as whom it runs: the pod's word is for those alone that come later.
        let change = pod.security_context().and_then(|own| edit::remove(own, "runAsUser"));
        out.report(&CHECK, of_pod)
            .arg("subject", "pod")
            .severity(Severity::Low)
            .fix(FixSafety::Unsafe, change);
    }
}

/// What makes or lets the container run as root.
fn root(container: Container<'_>) -> Option<Place<'_>> {
    let user = container.effective("runAsUser");
    match user.map(|user| (user.node, user.node.as_i64())) {
        Some((node, Some(0))) => return Some(Place::Value(node)),
        Some((_, Some(_))) => return None,
        _ => {}
    }
    match container.effective("runAsNonRoot") {
        Some(flag) if flag.node.is_true() => None,
        Some(flag) => Some(Place::Value(flag.node)),
        None => Some(Place::ContainerLacks(container, &["securityContext", "runAsNonRoot"])),
    }
}
