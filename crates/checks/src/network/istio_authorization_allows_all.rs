use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags AuthorizationPolicies that allow everything, and rules whose callers are anybody.
/// ## Why is this bad?
/// As soon as one policy allows a request it passes: the others that were to limit who may call do not count any more.
/// ## Example
/// ```yaml
/// kind: AuthorizationPolicy
/// spec:
///   rules:
///   - {}
/// ```
/// ## Use instead
/// ```yaml
/// kind: AuthorizationPolicy
/// spec:
///   rules:
///   - from:
///     - source:
///         principals: [cluster.local/ns/shop/sa/web]
/// ```
/// ## Decisions
/// A rule with operations or conditions is not flagged unless its principals are `*`: that only asks for some certificate, which is
/// low. Rules of other actions than ALLOW open nothing.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "istio-authorization-allows-all",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://istio.io/latest/docs/reference/config/security/authorization-policy/",
            "https://istio.io/latest/docs/ops/best-practices/security/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("security.istio.io", "AuthorizationPolicy") {
        return;
    }
    let Some(spec) = object.spec() else { return };
    if spec.get("action").and_then(Node::as_str).is_some_and(|action| action != "ALLOW") {
        return;
    }
    for rule in spec.get("rules").map(Node::items).into_iter().flatten() {
        let is_empty = |key: &str| rule.get(key).is_none_or(Node::is_empty);
        if is_empty("from") && is_empty("to") && is_empty("when") {
            out.report(&CHECK, rule).part("who", "*");
            continue;
        }
        for source in rule.get("from").map(Node::items).into_iter().flatten() {
            let Some(source) = source.get("source") else { continue };
            let any = source.get("principals").filter(|_| source.len() == 1);
            let any = any.and_then(|list| list.items().find(|item| item.as_str() == Some("*")));
            if let Some(any) = any.filter(|_| is_empty("to") && is_empty("when")) {
                out.report(&CHECK, any).part("who", "principals").severity(Severity::Low);
            }
        }
    }
}
