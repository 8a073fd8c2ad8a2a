use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::workload::sensitive_host_path_mounted::normalise;

/// ## What it does
/// Flags volumes that mount the socket of a container runtime.
/// ## Why is this bad?
/// Who can talk to the runtime can start a privileged container with the whole node mounted: the socket is root on
/// the node.
/// ## Example
/// ```yaml
/// volumes:
/// - name: runtime
///   hostPath:
///     path: /var/run/docker.sock
/// ```
/// ## Use instead
/// ```yaml
/// volumes:
/// - name: work
///   emptyDir: {}
/// ```
/// ## Decisions
/// Sockets are known by their file name, wherever they lie, and the directories that hold nothing but a runtime's
/// socket count too. Read-only mounts are no protection: a socket is written to by talking to it.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "container-runtime-socket-mounted",
        area: "workload",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://docs.docker.com/engine/security/#docker-daemon-attack-surface",
            "https://attack.mitre.org/techniques/T1610/",
        ],
        peers: &[
            peer("kubescape", "C-0074"),
            peer("kubeaudit", "mounts"),
            peer("kube-linter", "docker-sock"),
            peer("trivy", "KSV-0006"),
            peer("checkov", "CKV_K8S_27"),
            peer("kubesec", "DockerSock"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

const SOCKETS: &[&str] =
    &["containerd.sock", "cri-dockerd.sock", "crio.sock", "docker.sock", "dockershim.sock", "podman.sock"];

const DIRECTORIES: &[&str] =
    &["/run/containerd", "/run/crio", "/run/docker", "/run/k3s/containerd", "/run/podman"];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for volume in pod.volumes() {
        let Some(path) = volume.at(&["hostPath", "path"]) else { continue };
        let Some(written) = path.as_str() else { continue };
        let clean = normalise(written);
        let clean = clean.strip_prefix("/var").filter(|rest| rest.starts_with("/run/")).unwrap_or(&clean);
        let is_socket = clean.rsplit('/').next().is_some_and(|file| SOCKETS.contains(&file));
        if is_socket || DIRECTORIES.contains(&clean) {
            let name = volume.get("name").and_then(|name| name.as_str()).unwrap_or_default();
            out.report(&CHECK, path).part("volume", name).arg("path", written);
        }
    }
}
