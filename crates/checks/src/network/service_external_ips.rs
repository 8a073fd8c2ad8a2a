use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Services that claim external IP addresses.
/// ## Why is this bad?
/// All nodes send traffic for those addresses to the Service, whoever they belong to (CVE-2020-8554): a way to
/// intercept connections of the whole cluster.
/// ## Example
/// ```yaml
/// kind: Service
/// spec:
///   externalIPs: [203.0.113.10]
/// ```
/// ## Use instead
/// ```yaml
/// kind: Service
/// spec:
///   type: LoadBalancer
/// ```
/// ## Decisions
/// Any entry counts: nothing proves that the address is the Service's own.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "service-external-ips",
        area: "network",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://github.com/kubernetes/kubernetes/issues/97076",
            "https://kubernetes.io/docs/concepts/services-networking/service/",
        ],
        peers: &[peer("trivy", "KSV-0108")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Service") {
        return;
    }
    let addresses = object.spec().and_then(|spec| spec.get("externalIPs"));
    if let Some(addresses) = addresses.filter(|addresses| !addresses.is_empty()) {
        out.report(&CHECK, addresses);
    }
}
