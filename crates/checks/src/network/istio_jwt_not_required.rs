use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run};
use crate::findings::Findings;
use crate::inventory::may_share_namespace;

/// ## What it does
/// Flags RequestAuthentications without an AuthorizationPolicy that asks for a token.
/// ## Why is this bad?
/// A wrong token is refused, but none at all is let in: everybody who leaves it out is served.
/// ## Example
/// ```yaml
/// kind: RequestAuthentication
/// spec:
///   jwtRules: [{issuer: https://id.example}]
/// ```
/// ## Use instead
/// ```yaml
/// kind: AuthorizationPolicy
/// spec:
///   action: DENY
///   rules:
///   - from:
///     - source:
///         notRequestPrincipals: ["*"]
/// ```
/// ## Decisions
/// A policy of the same namespace or of the root counts if it asks for request principals or claims, whatever its selector.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "istio-jwt-not-required",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://istio.io/latest/docs/tasks/security/authorization/authz-jwt/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("security.istio.io", "RequestAuthentication") {
        return;
    }
    let Some(rules) = object.spec().and_then(|spec| spec.get("jwtRules")).filter(|rules| !rules.is_empty())
    else {
        return;
    };
    let is_asked = context.inventory.of_kind("security.istio.io", "AuthorizationPolicy").any(|policy| {
        let is_here = may_share_namespace(policy.namespace(), object.namespace())
            || policy.namespace() == Some("istio-system");
        is_here && asks_for_token(policy)
    });
    if !is_asked {
        out.report(&CHECK, rules);
    }
}

fn asks_for_token(policy: Object<'_>) -> bool {
    let rules = policy.spec().and_then(|spec| spec.get("rules")).map(Node::items);
    rules.into_iter().flatten().any(|rule| {
        let sources = rule.get("from").map(Node::items).into_iter().flatten();
        let by_principal = sources.filter_map(|from| from.get("source")).any(|source| {
            source.get("requestPrincipals").is_some() || source.get("notRequestPrincipals").is_some()
        });
        let mut conditions = rule.get("when").map(Node::items).into_iter().flatten();
        by_principal
            || conditions.any(|condition| {
                condition
                    .get("key")
                    .and_then(Node::as_str)
                    .is_some_and(|key| key.starts_with("request.auth."))
            })
    })
}
