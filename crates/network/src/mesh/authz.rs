//! AuthorizationPolicy (`security.istio.io`), as Istio's control plane turns it into Envoy's RBAC filter.
//!
//! A request may be known in part only: what is not known makes the answer unknown, never a guess.

use std::collections::BTreeMap;
use std::net::IpAddr;

use haechi_objects::{Labels, Object};
use haechi_syntax::Node;

use crate::ip::{IpRange, IpSet};
use crate::world::{LabelMap, Origin, PolicyRef};

/// Yes, no, or not to be told from what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Maybe {
    /// It does not hold.
    No,
    /// It may.
    Unknown,
    /// It holds.
    Yes,
}

impl Maybe {
    fn of(holds: bool) -> Self {
        if holds { Maybe::Yes } else { Maybe::No }
    }

    fn not(self) -> Self {
        match self {
            Maybe::No => Maybe::Yes,
            Maybe::Unknown => Maybe::Unknown,
            Maybe::Yes => Maybe::No,
        }
    }

    fn any(all: impl IntoIterator<Item = Maybe>) -> Self {
        all.into_iter().max().unwrap_or(Maybe::No)
    }

    fn all(all: impl IntoIterator<Item = Maybe>) -> Self {
        all.into_iter().min().unwrap_or(Maybe::Yes)
    }
}

/// Something about a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field<T> {
    /// Nobody knows.
    #[default]
    Unknown,
    /// It has none.
    Absent,
    /// It is this.
    Known(T),
}

impl<T> Field<T> {
    fn holds(&self, test: impl FnOnce(&T) -> bool) -> Maybe {
        match self {
            Field::Unknown => Maybe::Unknown,
            Field::Absent => Maybe::No,
            Field::Known(value) => Maybe::of(test(value)),
        }
    }
}

/// What is known of a request or connection.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// The caller's identity without `spiffe://`; absent where the connection is not mutual TLS.
    pub principal: Field<String>,
    /// Address of the immediate caller.
    pub source_ip: Field<IpAddr>,
    /// Address of the original caller.
    pub remote_ip: Field<IpAddr>,
    /// Address that was called.
    pub destination_ip: Field<IpAddr>,
    /// Port of the workload.
    pub destination_port: Field<u16>,
    /// Server name of the TLS handshake.
    pub sni: Field<String>,
    /// HTTP method.
    pub method: Field<String>,
    /// HTTP path.
    pub path: Field<String>,
    /// HTTP host.
    pub host: Field<String>,
    /// Headers by lower-case name; those not listed are absent, unless `headers` itself is unknown.
    pub headers: Field<BTreeMap<String, String>>,
    /// Issuer and subject of a valid token.
    pub token: Field<(String, String)>,
    /// Claims of the token by path (`iss`, `nested1.nested2`), each with its values.
    pub claims: Field<BTreeMap<String, Vec<String>>>,
    /// Metadata of other filters: `filter[key]`.
    pub metadata: Field<BTreeMap<String, String>>,
}

/// What a policy does with requests that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyAction {
    /// Lets them through; all others are refused.
    Allow,
    /// Refuses them.
    Deny,
    /// Only logs them.
    Audit,
    /// Asks somebody else.
    Custom,
}

/// One condition: a key and values that it must or must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) key: String,
    pub(super) values: Vec<String>,
    pub(super) not_values: Vec<String>,
}

/// Conditions of one `source` or `operation`; all must hold.
pub(super) type Group = Vec<Condition>;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRule {
    pub(super) from: Vec<Group>,
    pub(super) to: Vec<Group>,
    pub(super) when: Group,
    /// A part that Istio's own control plane refuses: the rule matches nothing where it lets through.
    pub(super) is_broken: bool,
}

/// An AuthorizationPolicy.
#[derive(Debug, Clone)]
pub struct AuthorizationPolicy {
    /// Its name.
    pub id: PolicyRef,
    /// What it does.
    pub action: PolicyAction,
    /// Whether it is only tried out (`istio.io/dry-run`).
    pub is_dry_run: bool,
    /// The workloads that it is for; everything in its namespace where it has none.
    pub selector: Option<LabelMap>,
    /// Resources that it is for by reference (waypoints, services).
    pub targets: Vec<(String, String)>,
    /// Its rules.
    pub rules: Vec<AuthorizationRule>,
    /// Where it stands.
    pub origin: Option<Origin>,
}

/// The mesh's own trust domain and its other names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustDomains(pub Vec<String>);

impl Default for TrustDomains {
    fn default() -> Self {
        Self(vec!["cluster.local".to_owned()])
    }
}

impl TrustDomains {
    /// A principal with each name of the mesh's trust domain, if it is of that domain.
    fn aliases(&self, principal: &str) -> Vec<String> {
        let parts: Vec<&str> = principal.split('/').collect();
        let [domain, "ns", _, "sa", _] = parts.as_slice() else { return vec![principal.to_owned()] };
        if *domain == "*" {
            return vec![principal.to_owned()];
        }
        let is_meant = |known: &str| match domain.strip_prefix('*') {
            Some(suffix) => known.ends_with(suffix),
            None => known == *domain,
        };
        if !self.0.iter().any(|known| is_meant(known)) && *domain != "cluster.local" {
            return vec![principal.to_owned()];
        }
        let rest = principal.split_once('/').map_or("", |(_, rest)| rest);
        let mut all: Vec<String> = Vec::new();
        for known in &self.0 {
            let name = if domain.starts_with('*') && is_meant(known) {
                principal.to_owned()
            } else {
                format!("{known}/{rest}")
            };
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }
}

const SOURCE_FIELDS: &[(&str, &str, &str)] = &[
    ("principals", "notPrincipals", "source.principal"),
    ("requestPrincipals", "notRequestPrincipals", "request.auth.principal"),
    ("namespaces", "notNamespaces", "source.namespace"),
    ("ipBlocks", "notIpBlocks", "source.ip"),
    ("remoteIpBlocks", "notRemoteIpBlocks", "remote.ip"),
    ("serviceAccounts", "notServiceAccounts", "source.serviceAccount"),
    ("trustDomains", "notTrustDomains", "source.trustDomain"),
];

const OPERATION_FIELDS: &[(&str, &str, &str)] = &[
    ("hosts", "notHosts", "request.host"),
    ("methods", "notMethods", "request.method"),
    ("paths", "notPaths", "request.path"),
    ("ports", "notPorts", "destination.port"),
];

fn texts(node: Option<Node<'_>>) -> Vec<String> {
    node.into_iter().flat_map(Node::items).map(crate::read::text_of).collect()
}

fn group(node: Node<'_>, fields: &[(&str, &str, &str)]) -> Group {
    let mut group = Vec::new();
    for (positive, negative, key) in fields {
        let (values, not_values) = (texts(node.get(positive)), texts(node.get(negative)));
        if !values.is_empty() || !not_values.is_empty() {
            group.push(Condition { key: (*key).to_owned(), values, not_values });
        }
    }
    group
}

impl AuthorizationPolicy {
    /// Reads a policy of that kind; `None` for anything else.
    pub fn read(object: Object<'_>, origin: Option<Origin>) -> Option<Self> {
        if !object.is("security.istio.io", "AuthorizationPolicy") {
            return None;
        }
        let spec = object.spec();
        let field = |key: &str| spec.and_then(|spec| spec.get(key));
        let action = match field("action").and_then(Node::as_str) {
            Some("DENY") => PolicyAction::Deny,
            Some("AUDIT") => PolicyAction::Audit,
            Some("CUSTOM") => PolicyAction::Custom,
            _ => PolicyAction::Allow,
        };
        let selector = field("selector").and_then(|selector| selector.get("matchLabels"));
        let selector = selector.map(|labels| {
            Labels::new(Some(labels)).iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        });
        let references = field("targetRefs").into_iter().flat_map(Node::items).chain(field("targetRef"));
        let text =
            |node: Node<'_>, key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
        let rules = field("rules").into_iter().flat_map(Node::items).map(|rule| {
            let groups = |list: &str, inner: &str, fields| -> Vec<Group> {
                let items = rule.get(list).into_iter().flat_map(Node::items);
                items.map(|item| item.get(inner).map_or_else(Vec::new, |node| group(node, fields))).collect()
            };
            let when = rule.get("when").into_iter().flat_map(Node::items).map(|condition| Condition {
                key: text(condition, "key"),
                values: texts(condition.get("values")),
                not_values: texts(condition.get("notValues")),
            });
            let when: Group = when.collect();
            AuthorizationRule {
                from: groups("from", "source", SOURCE_FIELDS),
                to: groups("to", "operation", OPERATION_FIELDS),
                is_broken: when.iter().any(|condition| !is_known_key(&condition.key)),
                when,
            }
        });
        Some(Self {
            id: PolicyRef {
                kind: object.kind().to_owned(),
                namespace: Some(object.namespace().unwrap_or("default").to_owned()),
                name: object.name().to_owned(),
            },
            action,
            is_dry_run: object.annotation("istio.io/dry-run").and_then(Node::as_str) == Some("true"),
            selector,
            targets: references.map(|reference| (text(reference, "kind"), text(reference, "name"))).collect(),
            rules: rules.collect(),
            origin,
        })
    }

    /// Whether the policy is for a workload with these labels in that namespace.
    pub fn is_for(&self, root_namespace: &str, namespace: &str, labels: &LabelMap) -> bool {
        let own = self.id.namespace.as_deref().unwrap_or_default();
        (own == namespace || own == root_namespace)
            && self.targets.is_empty()
            && self
                .selector
                .as_ref()
                .is_none_or(|selector| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
    }
}

fn is_known_key(key: &str) -> bool {
    const KEYS: [&str; 13] = [
        "source.ip",
        "remote.ip",
        "source.namespace",
        "source.principal",
        "source.serviceAccount",
        "source.trustDomain",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "destination.ip",
        "destination.port",
        "connection.sni",
        "request.auth.claims",
    ];
    KEYS.contains(&key)
        || ["request.headers[", "request.auth.claims[", "experimental.envoy.filters."]
            .iter()
            .any(|prefix| key.starts_with(prefix) && key.ends_with(']'))
}

/// Whether a key means something only for HTTP.
fn is_http_only(key: &str) -> bool {
    key.starts_with("request.")
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is let through.
    pub allowed: Maybe,
    /// The policies that decide it, surely or perhaps, with the place of their rule.
    pub by: Vec<(PolicyRef, Option<usize>)>,
}

/// Decides requests to one workload.
#[derive(Debug, Clone)]
pub struct Authorizer<'p> {
    policies: Vec<&'p AuthorizationPolicy>,
    trust_domains: TrustDomains,
    /// Whether the proxy understands HTTP on the port; else it sees only connections.
    pub is_http: bool,
}

impl<'p> Authorizer<'p> {
    /// For a workload with the policies that are for it.
    pub fn new(policies: Vec<&'p AuthorizationPolicy>, trust_domains: TrustDomains, is_http: bool) -> Self {
        Self { policies, trust_domains, is_http }
    }

    /// The policies with that action; tried-out ones apart.
    pub fn with_action(
        &self,
        action: PolicyAction,
        is_dry_run: bool,
    ) -> impl Iterator<Item = &'p AuthorizationPolicy> {
        let is_meant =
            move |policy: &&AuthorizationPolicy| policy.action == action && policy.is_dry_run == is_dry_run;
        self.policies.clone().into_iter().filter(is_meant)
    }

    /// Decides: asked elsewhere, refused, let through, or by default.
    pub fn decide(&self, request: &Attributes) -> Decision {
        let mut by = Vec::new();
        let mut is_sure = true;
        for policy in self.with_action(PolicyAction::Custom, false) {
            if self.matches(policy, request) != Maybe::No {
                by.push((policy.id.clone(), None));
                is_sure = false;
            }
        }
        for policy in self.with_action(PolicyAction::Deny, false) {
            for index in 0..policy.rules.len() {
                match self.matches_rule(policy, index, request) {
                    Maybe::Yes => {
                        return Decision { allowed: Maybe::No, by: vec![(policy.id.clone(), Some(index))] };
                    }
                    Maybe::Unknown => {
                        by.push((policy.id.clone(), Some(index)));
                        is_sure = false;
                    }
                    Maybe::No => {}
                }
            }
        }
        let mut has_allow = false;
        let mut allowed = Maybe::No;
        for policy in self.with_action(PolicyAction::Allow, false) {
            has_allow = true;
            for index in 0..policy.rules.len() {
                let matched = self.matches_rule(policy, index, request);
                if matched != Maybe::No {
                    by.push((policy.id.clone(), Some(index)));
                }
                allowed = allowed.max(matched);
            }
        }
        if !has_allow {
            allowed = Maybe::Yes;
        } else if allowed == Maybe::No {
            by.extend(self.with_action(PolicyAction::Allow, false).map(|policy| (policy.id.clone(), None)));
        }
        if allowed == Maybe::Yes && !is_sure {
            allowed = Maybe::Unknown;
        }
        Decision { allowed, by }
    }

    /// Whether some rule of the policy matches.
    pub fn matches(&self, policy: &AuthorizationPolicy, request: &Attributes) -> Maybe {
        Maybe::any((0..policy.rules.len()).map(|index| self.matches_rule(policy, index, request)))
    }

    /// Whether a rule of the policy matches. On plain TCP a rule that lets through and speaks of HTTP matches nothing,
    /// and of one that refuses only what makes sense for TCP is left: it refuses more.
    pub fn matches_rule(&self, policy: &AuthorizationPolicy, rule: usize, request: &Attributes) -> Maybe {
        let Some(rule) = policy.rules.get(rule) else { return Maybe::No };
        let lets_through = policy.action == PolicyAction::Allow;
        if rule.is_broken {
            return if lets_through { Maybe::No } else { Maybe::Unknown };
        }
        let groups = [&rule.from, &rule.to];
        if !self.is_http && lets_through {
            let all = groups.iter().flat_map(|groups| groups.iter().flatten()).chain(&rule.when);
            if all.into_iter().any(|condition| is_http_only(&condition.key)) {
                return Maybe::No;
            }
        }
        let namespace = policy.id.namespace.as_deref().unwrap_or_default();
        let in_group = |group: &Group| {
            let seen = group.iter().filter(|condition| self.is_http || !is_http_only(&condition.key));
            Maybe::all(seen.map(|condition| self.holds(condition, namespace, request)))
        };
        let mut parts = vec![in_group(&rule.when)];
        for groups in groups.into_iter().filter(|groups| !groups.is_empty()) {
            parts.push(Maybe::any(groups.iter().map(&in_group)));
        }
        Maybe::all(parts)
    }

    fn holds(&self, condition: &Condition, namespace: &str, request: &Attributes) -> Maybe {
        let any = |values: &[String]| {
            Maybe::any(values.iter().map(|value| self.value_holds(&condition.key, value, namespace, request)))
        };
        let positive = if condition.values.is_empty() { Maybe::Yes } else { any(&condition.values) };
        let negative =
            if condition.not_values.is_empty() { Maybe::Yes } else { any(&condition.not_values).not() };
        Maybe::all([positive, negative])
    }

    fn value_holds(&self, key: &str, value: &str, namespace: &str, request: &Attributes) -> Maybe {
        let text = |field: &Field<String>, present_is_enough: bool| {
            field.holds(|found| matches_text(value, found, present_is_enough))
        };
        let address = |field: &Field<IpAddr>| match IpRange::parse_cidr_or_address(value) {
            Ok(range) => {
                let set: IpSet = [range].into_iter().collect();
                field.holds(|address| set.contains(*address))
            }
            Err(_) => Maybe::No,
        };
        match key {
            "source.principal" => {
                let all = self.trust_domains.aliases(value);
                request.principal.holds(|found| all.iter().any(|value| matches_text(value, found, false)))
            }
            "source.namespace" => request
                .principal
                .holds(|found| matches_glob(&format!("*/ns/{value}/*"), &format!("spiffe://{found}"))),
            "source.serviceAccount" => {
                let (of, account) = value.split_once('/').unwrap_or((namespace, value));
                request.principal.holds(|found| is_account(found, of, account))
            }
            "source.trustDomain" => request.principal.holds(|found| {
                let domain = found.split('/').next().unwrap_or_default();
                found.contains('/') && matches_glob(value, domain)
            }),
            "source.ip" => address(&request.source_ip),
            "remote.ip" => address(&request.remote_ip),
            "destination.ip" => address(&request.destination_ip),
            "destination.port" => match value.parse::<u16>() {
                Ok(port) => request.destination_port.holds(|found| *found == port),
                Err(_) => Maybe::No,
            },
            "connection.sni" => text(&request.sni, false),
            "request.method" => text(&request.method, true),
            "request.path" => request.path.holds(|path| matches_path(value, path)),
            "request.host" => request
                .host
                .holds(|host| matches_text(&value.to_ascii_lowercase(), &host.to_ascii_lowercase(), true)),
            "request.auth.principal" => {
                request.token.holds(|(issuer, subject)| matches_token(value, issuer, subject))
            }
            "request.auth.audiences" => claim(request, "aud", value),
            "request.auth.presenter" => claim(request, "azp", value),
            _ => {
                let inner = |prefix: &str| key.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(']'));
                if let Some(header) = inner("request.headers[") {
                    let header = header.to_ascii_lowercase();
                    return match header.as_str() {
                        ":method" => text(&request.method, true),
                        ":path" => text(&request.path, true),
                        ":authority" => text(&request.host, true),
                        _ => request.headers.holds(|headers| {
                            headers.get(&header).is_some_and(|found| matches_text(value, found, true))
                        }),
                    };
                }
                if let Some(path) = inner("request.auth.claims[") {
                    return claim(request, &path.replace("][", "."), value);
                }
                if let Some(rest) = key.strip_prefix("experimental.") {
                    return request.metadata.holds(|metadata| {
                        metadata.get(rest).is_some_and(|found| matches_text(value, found, false))
                    });
                }
                Maybe::No
            }
        }
    }
}

fn claim(request: &Attributes, path: &str, value: &str) -> Maybe {
    request.claims.holds(|claims| {
        claims.get(path).is_some_and(|values| values.iter().any(|found| matches_text(value, found, false)))
    })
}

/// `*`, `prefix*`, `*suffix`, or the text. Where it is a header, `*` also means an empty one.
fn matches_text(pattern: &str, text: &str, present_is_enough: bool) -> bool {
    if pattern == "*" {
        return present_is_enough || !text.is_empty();
    }
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(suffix), _) => text.ends_with(suffix),
        (None, Some(prefix)) => text.starts_with(prefix),
        (None, None) => pattern == text,
    }
}

/// A text in which every `*` stands for anything.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// `domain/ns/NAMESPACE/(more/)sa/ACCOUNT(/more)`.
fn is_account(principal: &str, namespace: &str, account: &str) -> bool {
    let Some((domain, rest)) = principal.split_once(&format!("/ns/{namespace}/")) else { return false };
    if domain.is_empty() {
        return false;
    }
    let wanted = format!("sa/{account}");
    let ends = |text: &str| {
        text == wanted || text.starts_with(&format!("{wanted}/")) && text.len() > wanted.len() + 1
    };
    ends(rest)
        || rest.match_indices("/sa/").any(|(at, _)| at > 0 && ends(rest.get(at + 1..).unwrap_or_default()))
}

/// `issuer/subject` with `*` at the beginning or the end.
fn matches_token(pattern: &str, issuer: &str, subject: &str) -> bool {
    let is_any = |text: &str| !text.is_empty();
    if pattern == "*" {
        return is_any(issuer) && is_any(subject);
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        return match rest.rsplit_once('/') {
            Some((of_issuer, of_subject)) => {
                (if of_issuer.is_empty() { is_any(issuer) } else { issuer.ends_with(of_issuer) })
                    && subject == of_subject
            }
            None => is_any(issuer) && subject.ends_with(rest),
        };
    }
    if let Some(rest) = pattern.strip_suffix('*') {
        return match rest.rsplit_once('/') {
            Some((of_issuer, "")) => issuer == of_issuer && is_any(subject),
            Some((of_issuer, of_subject)) => issuer == of_issuer && subject.starts_with(of_subject),
            None => issuer.starts_with(rest) && is_any(subject),
        };
    }
    let (of_issuer, of_subject) = pattern.rsplit_once('/').unwrap_or((pattern, ""));
    issuer == of_issuer && subject == of_subject
}

/// A path by [`matches_text`], or by a template: `{*}` is one segment, `{**}` any number of them.
fn matches_path(pattern: &str, path: &str) -> bool {
    if !pattern.contains("{*}") && !pattern.contains("{**}") {
        return matches_text(pattern, path, false);
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    fn segments(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((&"{**}", rest)), _) => {
                (0..=path.len()).any(|skip| segments(rest, path.get(skip..).unwrap_or_default()))
            }
            (Some((&"{*}", rest)), Some((first, after))) => !first.is_empty() && segments(rest, after),
            (Some((wanted, rest)), Some((first, after))) => wanted == first && segments(rest, after),
            _ => false,
        }
    }
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    segments(&pattern, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_regular_expressions_would() {
        assert!(matches_glob("*/ns/ns-*/*", "spiffe://td/ns/ns-a/sa/b"));
        assert!(!matches_glob("*/ns/ns/*", "spiffe://td/ns/other/sa/b"));
        assert!(matches_glob("abc", "abc") && !matches_glob("abc", "abcd"));
    }

    #[test]
    fn path_templates_match_by_segment() {
        assert!(matches_path("/path/template/{*}", "/path/template/x"));
        assert!(!matches_path("/path/template/{*}", "/path/template/x/y"));
        assert!(matches_path("/{**}/end", "/a/b/end"));
        assert!(matches_path("/prefix/*", "/prefix/a/b"));
    }

    #[test]
    fn unknown_attributes_give_unknown_answers() {
        assert_eq!(Maybe::all([Maybe::Yes, Maybe::Unknown]), Maybe::Unknown);
        assert_eq!(Maybe::any([Maybe::No, Maybe::Unknown]), Maybe::Unknown);
        assert_eq!(Maybe::all([Maybe::No, Maybe::Unknown]), Maybe::No);
        assert_eq!(Maybe::Unknown.not(), Maybe::Unknown);
    }

    #[test]
    fn a_wildcard_trust_domain_keeps_itself_and_gains_the_other_names() {
        let domains = TrustDomains(vec!["new-td".into(), "old-td".into(), "some-trustdomain".into()]);
        assert_eq!(domains.aliases("*-td/ns/foo/sa/x"), ["*-td/ns/foo/sa/x", "some-trustdomain/ns/foo/sa/x"]);
        assert_eq!(domains.aliases("other/ns/foo/sa/x"), ["other/ns/foo/sa/x"]);
    }
}
