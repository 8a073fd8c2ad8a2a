use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Pod, WorkloadKind};
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags pods whose annotations or labels lead traffic past Istio's proxy, or keep it away.
/// ## Why is this bad?
/// What goes past the proxy is neither encrypted nor authorised nor seen by the mesh.
/// ## Example
/// ```yaml
/// metadata:
///   annotations:
///     traffic.sidecar.istio.io/excludeOutboundPorts: "443"
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   annotations: {}
/// ```
/// ## Decisions
/// `sidecar.istio.io/inject: "false"` is low and not flagged for Jobs, which a proxy used to keep from ending. Excluded inbound
/// ports of the proxy itself (15xxx) are fine.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "istio-sidecar-bypassed",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://istio.io/latest/docs/reference/config/annotations/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Pod(check),
};

const PREFIX: &str = "traffic.sidecar.istio.io/";
const EXCLUDING: &[&str] =
    &["excludeInboundPorts", "excludeOutboundPorts", "excludeOutboundIPRanges", "excludeInterfaces"];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let metadata = match pod.kind() {
        WorkloadKind::Pod => pod.object().metadata(),
        _ => pod.template().get("metadata"),
    };
    let Some(metadata) = metadata else { return };
    for entry in metadata.get("annotations").map(Node::entries).into_iter().flatten() {
        let Some(name) = entry.key.strip_prefix(PREFIX) else { continue };
        let text = entry.value.as_str().unwrap_or_default();
        let is_own = |port: &str| port.trim().len() == 5 && port.trim().starts_with("15");
        let excludes = EXCLUDING.contains(&name) && !text.trim().is_empty() && !text.split(',').all(is_own);
        let includes_none =
            matches!(name, "includeInboundPorts" | "includeOutboundIPRanges") && text.is_empty();
        if excludes || includes_none {
            out.report(&CHECK, entry.value).part("what", entry.key.to_owned());
        }
    }
    let is_job = matches!(pod.object().kind(), "Job" | "CronJob");
    for list in ["labels", "annotations"] {
        let inject = metadata.get(list).and_then(|list| list.get("sidecar.istio.io/inject"));
        let is_off = |value: Node<'_>| value.is_false() || value.as_str() == Some("false");
        if let Some(inject) = inject.filter(|value| is_off(*value) && !is_job) {
            out.report(&CHECK, inject).part("what", "sidecar.istio.io/inject").severity(Severity::Low);
        }
    }
}
