use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags volumes of a type that the restricted Pod Security Standard does not allow, other than `hostPath`.
/// ## Why is this bad?
/// Such volumes are mounted by the node with rights of its own, past the quotas and access rules of storage
/// classes.
/// ## Example
/// ```yaml
/// volumes:
/// - name: share
///   nfs:
///     server: files.example
///     path: /export
/// ```
/// ## Use instead
/// ```yaml
/// volumes:
/// - name: share
///   persistentVolumeClaim:
///     claimName: share
/// ```
/// ## Decisions
/// `hostPath` has a check of its own. `image` and `ephemeral` volumes are allowed, as in the standard of Kubernetes
/// 1.36.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "volume-type-not-allowed",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
            "https://kubernetes.io/docs/concepts/storage/volumes/",
        ],
        peers: &[peer("trivy", "KSV-0028"), peer("pss", "restricted")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

const ALLOWED: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for volume in pod.volumes() {
        let name = volume.get("name").and_then(Node::as_str).unwrap_or_default();
        for entry in volume.entries().filter(|entry| !entry.value.is_null()) {
            if !matches!(entry.key, "name" | "hostPath") && !ALLOWED.contains(&entry.key) {
                out.report(&CHECK, entry.value).part("volume", name).arg("type", entry.key);
            }
        }
    }
}
