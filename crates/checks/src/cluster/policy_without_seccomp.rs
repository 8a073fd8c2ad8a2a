use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use super::pod_security_policy::policy;
use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags PodSecurityPolicies that choose no seccomp profile.
/// ## Why is this bad?
/// Without a profile the kernel answers every system call, those of its exploits included.
/// ## Example
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   privileged: false
/// ```
/// ## Use instead
/// ```yaml
/// kind: PodSecurityPolicy
/// spec:
///   privileged: false   # with the annotation …/defaultProfileName: runtime/default
/// ```
/// ## Decisions
/// The annotation for the default profile must name `runtime/default`, `docker/default` or a local one; `*` and
/// `unconfined` confine nothing.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "policy-without-seccomp",
        area: "cluster",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-policy/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/",
        ],
        peers: &[peer("checkov", "CKV_K8S_32")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if policy(object).is_none() {
        return;
    }
    let profile = ["defaultProfileName", "allowedProfileNames"]
        .iter()
        .find_map(|name| object.annotation(&format!("seccomp.security.alpha.kubernetes.io/{name}")));
    let confines = profile.and_then(Node::as_str).is_some_and(|profile| {
        profile.split(',').map(str::trim).all(|name| {
            matches!(name, "runtime/default" | "docker/default") || name.starts_with("localhost/")
        })
    });
    if !confines {
        let place = profile.map_or(Place::Missing(object.node(), &["metadata", "annotations"]), Place::Value);
        out.report(&CHECK, place);
    }
}
