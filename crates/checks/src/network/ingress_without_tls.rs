use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags Ingresses with hosts that no TLS section covers.
/// ## Why is this bad?
/// Passwords, cookies and data cross the network in the clear, where they can be read and changed.
/// ## Example
/// ```yaml
/// kind: Ingress
/// spec:
///   rules:
///   - host: shop.example
/// ```
/// ## Use instead
/// ```yaml
/// kind: Ingress
/// spec:
///   tls:
///   - hosts: [shop.example]
///     secretName: shop-tls
///   rules:
///   - host: shop.example
/// ```
/// ## Decisions
/// A TLS section without hosts covers all; a wildcard covers one level. Load balancers that end TLS by an
/// annotation of their own (AWS, Google) are known by it. An Ingress without rules has nothing to cover but its
/// default backend, and is flagged where it has no TLS at all.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "ingress-without-tls",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/ingress/"],
        peers: &[
            peer("kubescape", "C-0263"),
            peer("polaris", "tlsSettingsMissing"),
            peer("complianceascode", "routes_protected_by_tls"),
            peer("nist-800-53r5", "AC-17(3)"),
            peer("nist-800-53r5", "AC-4"),
            peer("nist-800-53r5", "AC-4(21)"),
            peer("nist-800-53r5", "SC-8"),
            peer("nist-800-53r5", "SC-8(1)"),
            peer("nist-800-53r5", "SC-8(2)"),
            peer("nist-800-53r5", "SI-4(22)"),
            peer("pci-dss-4", "4.2.1"),
            peer("soc-2", "CC6.1"),
            peer("soc-2", "CC6.6"),
            peer("soc-2", "CC6.7"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

const ELSEWHERE: &[&str] = &[
    "alb.ingress.kubernetes.io/certificate-arn",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
    "nginx.ingress.kubernetes.io/ssl-passthrough",
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_ingress =
        object.kind() == "Ingress" && matches!(object.group(), "networking.k8s.io" | "extensions");
    if !is_ingress || ELSEWHERE.iter().any(|annotation| object.annotation(annotation).is_some()) {
        return;
    }
    let Some(spec) = object.spec() else { return };
    let Some(tls) = spec.get("tls").filter(|tls| !tls.is_empty()) else {
        out.report(&CHECK, Place::Missing(object.node(), &["spec", "tls"])).part("host", "all");
        return;
    };
    for rule in spec.get("rules").map(Node::items).into_iter().flatten() {
        let Some(host) = rule.get("host") else { continue };
        let name = host.as_str().unwrap_or_default();
        let is_covered = tls.items().any(|section| {
            let hosts = section.get("hosts").filter(|hosts| !hosts.is_empty());
            hosts.is_none_or(|hosts| {
                hosts.items().any(|pattern| pattern.as_str().is_some_and(|p| covers(p, name)))
            })
        });
        if !is_covered {
            out.report(&CHECK, host).part("host", name);
        }
    }
}

fn covers(pattern: &str, host: &str) -> bool {
    if pattern == host {
        return true;
    }
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((_, rest))) => domain == rest,
        _ => false,
    }
}
