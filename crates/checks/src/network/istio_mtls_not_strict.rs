use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags PeerAuthentications that let workloads take plain text, wholly or on a port.
/// ## Why is this bad?
/// Whoever is in the network can call the workload without a certificate, and read what others send.
/// ## Example
/// ```yaml
/// kind: PeerAuthentication
/// spec:
///   mtls: {mode: PERMISSIVE}
/// ```
/// ## Use instead
/// ```yaml
/// kind: PeerAuthentication
/// spec:
///   mtls: {mode: STRICT}
/// ```
/// ## Decisions
/// `DISABLE` is high. A policy without a mode inherits one and is flagged only where it is that of the whole mesh
/// (in the root namespace, without selector): there the default is PERMISSIVE.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "istio-mtls-not-strict",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://istio.io/latest/docs/reference/config/security/peer_authentication/",
            "https://istio.io/latest/docs/ops/best-practices/security/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("security.istio.io", "PeerAuthentication") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let modes = spec.at(&["mtls", "mode"]).into_iter().chain(
        spec.get("portLevelMtls")
            .map(Node::entries)
            .into_iter()
            .flatten()
            .filter_map(|port| port.value.get("mode")),
    );
    let mut has_mode = false;
    for mode in modes {
        let text = mode.as_str().unwrap_or_default();
        has_mode |= text != "UNSET";
        let severity = match text {
            "PERMISSIVE" => Severity::Medium,
            "DISABLE" => Severity::High,
            _ => continue,
        };
        out.report(&CHECK, mode).part("mode", text).severity(severity);
    }
    let is_of_mesh = object.namespace() == Some("istio-system") && spec.get("selector").is_none();
    if is_of_mesh && !has_mode {
        out.report(&CHECK, Place::Missing(object.node(), &["spec", "mtls", "mode"]))
            .part("mode", "PERMISSIVE");
    }
}
