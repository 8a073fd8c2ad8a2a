use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags namespaces of the mesh without an AuthorizationPolicy that refuses by default.
/// ## Why is this bad?
/// A workload that nobody wrote a policy for takes calls from everywhere.
/// ## Example
/// ```yaml
/// kind: Namespace
/// metadata:
///   labels: {istio-injection: enabled}
/// ```
/// ## Use instead
/// ```yaml
/// kind: AuthorizationPolicy
/// metadata:
///   name: allow-nothing
/// spec: {}
/// ```
/// ## Decisions
/// Only where the scan holds AuthorizationPolicies. One without rules in the root namespace counts for all.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "istio-default-deny-missing",
        area: "network",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://istio.io/latest/docs/ops/best-practices/security/#use-default-deny-patterns"],
        peers: &[],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Namespace") {
        return;
    }
    let label = |key: &str| object.labels().iter().find(|(own, _)| *own == key).map(|(_, value)| value);
    let is_in_mesh = label("istio-injection") == Some("enabled")
        || label("istio.io/rev").is_some()
        || label("istio.io/dataplane-mode") == Some("ambient");
    let policies = || context.inventory.of_kind("security.istio.io", "AuthorizationPolicy");
    if !is_in_mesh || (!context.options.whole && policies().next().is_none()) {
        return;
    }
    let refuses = |policy: Object<'_>| {
        let of = policy.namespace();
        let is_here = of.is_none() || of == Some(object.name()) || of == Some("istio-system");
        let field = |key: &str| policy.spec().and_then(|spec| spec.get(key));
        let is_for_all = field("selector").is_none() && field("targetRefs").is_none();
        let allows_nothing = field("action").is_none_or(|action| action.as_str() == Some("ALLOW"))
            && field("rules").is_none_or(Node::is_empty);
        is_here && is_for_all && allows_nothing
    };
    if !policies().any(refuses) {
        let name = object.metadata().and_then(|metadata| metadata.get("name"));
        out.report(&CHECK, name.unwrap_or(object.node()));
    }
}
