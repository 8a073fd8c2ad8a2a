use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::Node;
use haechi_syntax::edit::{self, Change};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;
use crate::fix;

/// ## What it does
/// Flags containers that switch AppArmor off or name a profile of a kind that Kubernetes does not know.
/// ## Why is this bad?
/// AppArmor keeps a container from files and kernel interfaces that escapes use. Where nodes have it, this takes
/// away a protection that other pods have.
/// ## Example
/// ```yaml
/// securityContext:
///   appArmorProfile:
///     type: Unconfined
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   appArmorProfile:
///     type: RuntimeDefault
/// ```
/// ## Decisions
/// The field goes before the annotation, as in Kubernetes 1.30 and later; the container's before the pod's. Names
/// of annotations for containers that do not exist are flagged as well: the API server refuses such a pod, so the
/// protection that was meant is on no container. An empty annotation is the default.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "apparmor-unconfined",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tutorials/security/apparmor/",
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        ],
        peers: &[
            peer("kubeaudit", "apparmor"),
            peer("trivy", "KSV-0002"),
            peer("kubesec", "ApparmorUnconfined"),
            peer("nsa-cisa", "1.8"),
            peer("pss", "baseline"),
            peer("pss", "restricted"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

pub(super) const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let Some(profile) = profile(container) else { continue };
        let kind = profile.as_str().unwrap_or_default();
        let is_confined = matches!(kind, "" | "RuntimeDefault" | "Localhost" | "runtime/default")
            || kind.starts_with("localhost/");
        if !is_confined {
            out.report(&CHECK, profile)
                .container(container)
                .arg("profile", kind)
                .fix(FixSafety::Unsafe, confine(container, profile));
        }
    }
    let annotations = pod.template().at(&["metadata", "annotations"]);
    for annotation in annotations.map(Node::entries).into_iter().flatten() {
        let Some(name) = annotation.key.strip_prefix(ANNOTATION) else { continue };
        if pod.containers().all(|container| container.name() != name) {
            let kind = annotation.value.as_str().unwrap_or_default();
            out.report(&CHECK, annotation.value).part("container", name).arg("profile", kind);
        }
    }
}

/// The default profile in the place of another, where field and annotation do not say different things then.
fn confine(container: Container<'_>, profile: Node<'_>) -> Option<Change> {
    let has_field = container.effective("appArmorProfile").is_some();
    let has_annotation = container.pod().annotation(&format!("{ANNOTATION}{}", container.name())).is_some();
    match (has_field, has_annotation) {
        (true, true) => None,
        (true, false) => fix::runtime_profile(container, "appArmorProfile"),
        (false, _) => edit::replace(profile, "runtime/default"),
    }
}

/// The profile that is chosen for a container: the `type` of the field, or the annotation's value.
pub(super) fn profile(container: Container<'_>) -> Option<Node<'_>> {
    if let Some(profile) = container.effective("appArmorProfile") {
        return profile.node.get("type");
    }
    container.pod().annotation(&format!("{ANNOTATION}{}", container.name()))
}
