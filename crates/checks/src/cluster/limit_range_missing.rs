use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use super::pod_security_not_enforced::is_system;
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags namespaces without a LimitRange while other namespaces of the scan have one, and LimitRanges that leave
/// containers without defaults or bounds.
/// ## Why is this bad?
/// Containers that set no requests and limits themselves get none. One of them can take all memory of its node.
/// ## Example
/// ```yaml
/// kind: LimitRange
/// spec:
///   limits:
///   - type: Container
///     default: {memory: 256Mi}
/// ```
/// ## Use instead
/// ```yaml
/// kind: LimitRange
/// spec:
///   limits:
///   - type: Container
///     default: {memory: 256Mi}
///     defaultRequest: {memory: 128Mi}
///     min: {memory: 16Mi}
///     max: {memory: 2Gi}
/// ```
/// ## Decisions
/// A scan without any LimitRange says nothing about the cluster's. A LimitRange for containers should set the
/// lowest and highest amount, the default limit and the default request; one for claims or pods alone is judged as
/// a help beside another.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "limit-range-missing",
        area: "cluster",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/policy/limit-range/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[peer("trivy", "KSV-0039"), peer("nsa-cisa", "4.1")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if object.is("", "LimitRange") {
        for limit in object.spec().and_then(|spec| spec.get("limits")).map(Node::items).into_iter().flatten()
        {
            let of_container = limit.get("type").and_then(Node::as_str) == Some("Container");
            let missing =
                ["default", "defaultRequest", "max", "min"].iter().find(|field| limit.get(field).is_none());
            if let Some(missing) = missing.filter(|_| of_container) {
                out.report(&CHECK, limit).arg("missing", *missing);
            }
        }
    } else if object.is("", "Namespace") && !is_system(object.name()) {
        let is_missing = !context.inventory.holds("", "LimitRange", Some(object.name()));
        let uses_them = context.options.whole || context.inventory.of_kind("", "LimitRange").next().is_some();
        if is_missing && uses_them {
            out.report(&CHECK, object.metadata().and_then(|m| m.get("name")).unwrap_or(object.node()))
                .arg("missing", "none");
        }
    }
}
