use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags volumes that mount a path of the node.
/// ## Why is this bad?
/// A pod that reads the node's files reads what belongs to others; one that writes them can change what the node
/// runs. The data is also bound to that one node.
/// ## Example
/// ```yaml
/// volumes:
/// - name: data
///   hostPath:
///     path: /srv/data
/// ```
/// ## Use instead
/// ```yaml
/// volumes:
/// - name: data
///   persistentVolumeClaim:
///     claimName: data
/// ```
/// ## Decisions
/// Paths that hand over the node are flagged by `sensitive-host-path-mounted` and `container-runtime-socket-mounted`
/// besides.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "host-path-volume",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
        ],
        peers: &[
            peer("cis-1.12", "5.2.12"),
            peer("kubescape", "C-0048"),
            peer("kubescape", "C-0203"),
            peer("polaris", "hostPathSet"),
            peer("kubeaudit", "mounts"),
            peer("kube-linter", "sensitive-host-mounts"),
            peer("trivy", "KSV-0023"),
            peer("prowler", "core_minimize_hostpath_volume_mounts"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
            peer("attack", "Privilege escalation"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for volume in pod.volumes() {
        if let Some(host_path) = volume.get("hostPath") {
            let path = host_path.get("path");
            let name = volume.get("name").and_then(|name| name.as_str()).unwrap_or_default();
            let shown = path.and_then(|path| path.as_str()).unwrap_or_default();
            out.report(&CHECK, path.unwrap_or(host_path)).part("volume", name).arg("path", shown);
        }
    }
}
