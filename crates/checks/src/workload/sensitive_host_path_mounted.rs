use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags volumes that mount a directory of the node which holds its configuration, credentials or processes.
/// ## Why is this bad?
/// `/etc/kubernetes` and `/var/lib/kubelet` hold the node's credentials and every pod's secrets; `/proc`, `/sys` and
/// `/dev` reach the kernel; `/`, `/etc` and `/root` hold everything else. `.aws` and its like open the cloud account.
/// ## Example
/// ```yaml
/// volumes:
/// - name: host
///   hostPath:
///     path: /etc
/// ```
/// ## Use instead
/// ```yaml
/// volumes:
/// - name: zone
///   hostPath:
///     path: /etc/localtime
///     type: File
/// ```
/// ## Decisions
/// Of some directories everything beneath counts (`/proc`, `/var/lib/kubelet` …), of others only the directory itself:
/// a pod that mounts `/etc/localtime` does not see `/etc/shadow`. Directories in which tools keep credentials (`.aws`,
/// `.kube`, `.ssh` …) count wherever they are.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "sensitive-host-path-mounted",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
            "https://attack.mitre.org/techniques/T1611/",
            "https://microsoft.github.io/Threat-Matrix-for-Kubernetes/techniques/Writable%20hostPath%20mount/",
        ],
        peers: &[
            peer("kubescape", "C-0020"),
            peer("kubeaudit", "mounts"),
            peer("kube-linter", "sensitive-host-mounts"),
            peer("trivy", "KSV-0121"),
            peer("kube-hunter", "KHV047"),
            peer("attack", "Credential Access"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

/// Directories of which every part is sensitive.
const TREES: &[&str] = &[
    "/etc/kubernetes",
    "/etc/ssh",
    "/proc",
    "/sys",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/kubelet",
];

/// Directories that are sensitive as a whole, while single files in them are not.
const DIRECTORIES: &[&str] =
    &["/", "/boot", "/dev", "/etc", "/home", "/lib", "/root", "/run", "/usr", "/var", "/var/lib", "/var/run"];

/// Directories in which command-line tools keep their user's credentials.
const OF_TOOLS: &[&str] = &[".aws", ".azure", ".docker", ".gcloud", ".gnupg", ".kube", ".ssh"];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for volume in pod.volumes() {
        let Some(path) = volume.at(&["hostPath", "path"]) else { continue };
        let Some(written) = path.as_str() else { continue };
        let clean = normalise(written);
        let is_in_tree = TREES.iter().any(|tree| {
            clean.strip_prefix(tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let is_of_tool =
            clean.split('/').any(|part| OF_TOOLS.contains(&part)) || clean.contains("/.config/gcloud");
        if is_in_tree || is_of_tool || DIRECTORIES.contains(&clean.as_str()) {
            let name = volume.get("name").and_then(|name| name.as_str()).unwrap_or_default();
            let finding = out.report(&CHECK, path).part("volume", name).arg("path", written);
            if clean == "/" {
                finding.severity(Severity::Critical);
            }
        }
    }
}

/// The path without doubled and trailing slashes and without `.`; `..` is refused by Kubernetes.
pub(super) fn normalise(path: &str) -> String {
    let mut clean = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        clean.push('/');
        clean.push_str(part);
    }
    if clean.is_empty() { "/".to_owned() } else { clean }
}
