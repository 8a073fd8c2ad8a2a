use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags configurations of the kubelet that let anybody in: anonymous requests, no authorization, or the read-only port.
/// ## Why is this bad?
/// The kubelet runs commands in every pod of its node and shows their specifications, credentials in the environment included.
/// ## Example
/// ```yaml
/// kind: KubeletConfiguration
/// authentication:
///   anonymous: {enabled: true}
/// ```
/// ## Use instead
/// ```yaml
/// kind: KubeletConfiguration
/// authentication:
///   anonymous: {enabled: false}
/// authorization: {mode: Webhook}
/// readOnlyPort: 0
/// ```
/// ## Decisions
/// Only what is written: the defaults of the configuration file are safe ones.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "kubelet-open",
        area: "network",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/"],
        peers: &[
            peer("kubescape", "C-0069"),
            peer("kubescape", "C-0070"),
            peer("kube-hunter", "KHV036"),
            peer("kube-hunter", "KHV043"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("kubelet.config.k8s.io", "KubeletConfiguration") {
        return;
    }
    let node = object.node();
    let anonymous = node.at(&["authentication", "anonymous", "enabled"]).filter(|enabled| enabled.is_true());
    let mode = node.at(&["authorization", "mode"]).filter(|mode| mode.as_str() == Some("AlwaysAllow"));
    let port = node.get("readOnlyPort").filter(|port| port.as_i64().is_some_and(|port| port > 0));
    for (field, name) in [(anonymous, "anonymous"), (mode, "AlwaysAllow"), (port, "readOnlyPort")] {
        if let Some(field) = field {
            out.report(&CHECK, field).part("what", name);
        }
    }
}
