use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;

use super::apparmor_unconfined::profile;
use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};
use crate::fix;

/// ## What it does
/// Flags containers for which no AppArmor profile is chosen.
/// ## Why is this bad?
/// Whether the container is confined depends on the node. A profile that is named keeps the pod off nodes that
/// cannot enforce it.
/// ## Example
/// ```yaml
/// securityContext: {}
/// ```
/// ## Use instead
/// ```yaml
/// securityContext:
///   appArmorProfile:
///     type: RuntimeDefault
/// ```
/// ## Decisions
/// Asked only on request: nodes with AppArmor confine such containers by the runtime's default profile anyway, and
/// many nodes have no AppArmor.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "apparmor-profile-missing",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tutorials/security/apparmor/"],
        peers: &[peer("kubeaudit", "apparmor"), peer("kubesec", "ApparmorAny"), peer("nsa-cisa", "1.8")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        if profile(container).is_none() {
            let place = Place::ContainerLacks(container, &["securityContext", "appArmorProfile"]);
            out.report(&CHECK, place)
                .container(container)
                .fix(FixSafety::Unsafe, fix::runtime_profile(container, "appArmorProfile"));
        }
    }
}
