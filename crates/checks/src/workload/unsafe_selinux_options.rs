use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags SELinux users, roles and types beyond those that the baseline Pod Security Standard allows.
/// ## Why is this bad?
/// Another user, role or type than those for containers can loosen what SELinux keeps a container from, up to
/// nothing at all.
/// ## Example
/// ```yaml
/// securityContext:
///   seLinuxOptions:
///     type: spc_t
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   seLinuxOptions:
///     type: container_t
/// ```
/// ## Decisions
/// Allowed are no user, no role, and the types `container_t`, `container_init_t`, `container_kvm_t` and
/// `container_engine_t`, as in Kubernetes 1.31 and later. A level is free. The super-privileged type `spc_t` is as
/// good as no SELinux.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "unsafe-selinux-options",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
        peers: &[peer("trivy", "KSV-0025"), peer("pss", "baseline"), peer("pss", "restricted")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

const TYPES: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let of_pod = pod.security_context().and_then(|context| context.get("seLinuxOptions"));
    if let Some(options) = of_pod {
        judge(options, None, out);
    }
    for container in pod.containers() {
        if let Some(options) = container.security("seLinuxOptions") {
            judge(options, Some(container), out);
        }
    }
}

fn judge(options: Node<'_>, container: Option<Container<'_>>, out: &mut Findings<'_>) {
    for field in ["type", "user", "role"] {
        let Some(node) = options.get(field) else { continue };
        let Some(value) = node.as_str() else { continue };
        let is_allowed = if field == "type" { TYPES.contains(&value) } else { value.is_empty() };
        if !is_allowed {
            let finding = out.report(&CHECK, node);
            if let Some(container) = container {
                finding.container(container);
            }
            finding
                .part("field", field)
                .arg("value", value)
                .fix(FixSafety::Unsafe, edit::remove(options, field));
        }
    }
}
