use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags servers of Istio's Gateways that take old versions of TLS, or every host in plain text.
/// ## Why is this bad?
/// What is public is read and changed on the way. TLS before 1.2 is broken.
/// ## Example
/// ```yaml
/// servers:
/// - port: {number: 80, protocol: HTTP}
///   hosts: ["*"]
/// ```
/// ## Use instead
/// ```yaml
/// servers:
/// - port: {number: 443, protocol: HTTPS}
///   hosts: [shop.example]
///   tls: {mode: SIMPLE, credentialName: shop, minProtocolVersion: TLSV1_2}
/// ```
/// ## Decisions
/// A plain server that only sends browsers to HTTPS (`httpsRedirect`) is not flagged. Without `minProtocolVersion` Istio takes 1.2.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "istio-gateway-weak-tls",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://istio.io/latest/docs/reference/config/networking/gateway/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("networking.istio.io", "Gateway") {
        return;
    }
    let servers = object.spec().and_then(|spec| spec.get("servers")).map(Node::items);
    for server in servers.into_iter().flatten() {
        let version = server.at(&["tls", "minProtocolVersion"]);
        if let Some(version) = version.filter(|of| matches!(of.as_str(), Some("TLSV1_0" | "TLSV1_1"))) {
            out.report(&CHECK, version).part("what", version.as_str().unwrap_or_default());
        }
        let protocol = server.at(&["port", "protocol"]);
        let is_plain = protocol
            .and_then(Node::as_str)
            .is_some_and(|text| matches!(text.to_ascii_uppercase().as_str(), "HTTP" | "HTTP2" | "GRPC"));
        let redirects = server.at(&["tls", "httpsRedirect"]).is_some_and(Node::is_true);
        if !is_plain || redirects {
            continue;
        }
        for host in server.get("hosts").map(Node::items).into_iter().flatten() {
            let name = host.as_str().unwrap_or_default();
            if name == "*" || name.ends_with("/*") {
                out.report(&CHECK, host).part("what", "HTTP");
            }
        }
    }
}
