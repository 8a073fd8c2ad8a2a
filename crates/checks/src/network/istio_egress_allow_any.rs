use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags meshes and Sidecars that let workloads call any address outside.
/// ## Why is this bad?
/// An attacker in a pod sends data wherever they like, and the mesh shows no name for it.
/// ## Example
/// ```yaml
/// meshConfig:
///   outboundTrafficPolicy: {mode: ALLOW_ANY}
/// ```
/// ## Use instead
/// ```yaml
/// meshConfig:
///   outboundTrafficPolicy: {mode: REGISTRY_ONLY}
/// ```
/// ## Decisions
/// The proxies do not stop a program that goes around them; network policies do. Where the mode is not written the default is
/// ALLOW_ANY, flagged in an IstioOperator or the mesh's ConfigMap only.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "istio-egress-allow-any",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://istio.io/latest/docs/tasks/traffic-management/egress/egress-control/",
            "https://istio.io/latest/docs/ops/best-practices/security/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let path: &[&str] = match (object.group(), object.kind()) {
        ("networking.istio.io", "Sidecar") => &["spec", "outboundTrafficPolicy", "mode"],
        ("install.istio.io", "IstioOperator") => &["spec", "meshConfig", "outboundTrafficPolicy", "mode"],
        ("sailoperator.io", "Istio") => &["spec", "values", "meshConfig", "outboundTrafficPolicy", "mode"],
        ("", "ConfigMap") => return config_map(object, out),
        _ => return,
    };
    match object.node().at(path) {
        Some(mode) if mode.as_str() == Some("REGISTRY_ONLY") => {}
        Some(mode) => {
            out.report(&CHECK, mode);
        }
        // A Sidecar without the mode has that of the mesh.
        None if object.kind() == "Sidecar" => {}
        None => {
            out.report(&CHECK, Place::Missing(object.node(), &["spec"]));
        }
    }
}

/// The mesh's own configuration is a text in a ConfigMap.
fn config_map(object: Object<'_>, out: &mut Findings<'_>) {
    let Some(mesh) = object.node().at(&["data", "mesh"]).filter(|_| object.name() == "istio") else { return };
    let text = mesh.as_str().unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.starts_with("outboundTrafficPolicy:"));
    let is_limited =
        at.is_some_and(|at| lines.iter().skip(at).take(2).any(|line| line.contains("REGISTRY_ONLY")));
    if !is_limited {
        out.report(&CHECK, mesh);
    }
}
