use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags mounts of `hostPath` volumes that are not read-only.
/// ## Why is this bad?
/// What the container writes there is read by other programs of the node. A changed configuration, script or log
/// rotation leads out of the container.
/// ## Example
/// ```yaml
/// volumeMounts:
/// - name: logs
///   mountPath: /var/log
/// ```
/// ## Use instead
/// ```yaml
/// volumeMounts:
/// - name: logs
///   mountPath: /var/log
///   readOnly: true
/// ```
/// ## Decisions
/// `readOnly` counts on the mount; the volume has no such field. A volume that no container mounts is not flagged
/// here.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "writable-host-path-mount",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
            "https://microsoft.github.io/Threat-Matrix-for-Kubernetes/techniques/Writable%20hostPath%20mount/",
        ],
        peers: &[
            peer("kubescape", "C-0045"),
            peer("kube-linter", "writable-host-mount"),
            peer("attack", "Lateral Movement"),
            peer("attack", "Persistence"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for volume in pod.volumes() {
        let Some(path) = volume.at(&["hostPath", "path"]).and_then(Node::as_str) else { continue };
        let Some(name) = volume.get("name").and_then(Node::as_str) else { continue };
        for container in pod.containers() {
            let mounts = container.node().get("volumeMounts").map(Node::items);
            for mount in mounts.into_iter().flatten() {
                let is_of_volume = mount.get("name").and_then(Node::as_str) == Some(name);
                let flag = mount.get("readOnly");
                if is_of_volume && !flag.is_some_and(Node::is_true) {
                    let at = mount.get("mountPath").and_then(Node::as_str).unwrap_or_default();
                    let place = flag.or_else(|| mount.get("name")).unwrap_or(mount);
                    out.report(&CHECK, place)
                        .container(container)
                        .part("volume", name)
                        .part("mount", at)
                        .arg("path", path)
                        .fix(FixSafety::Unsafe, edit::set(mount, &["readOnly"], true));
                }
            }
        }
    }
}
