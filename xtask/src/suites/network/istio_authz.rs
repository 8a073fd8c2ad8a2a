//! `network/istio-authz`: what an AuthorizationPolicy becomes in Envoy, judged by what the filter does with requests.
//!
//! Every rule of the expected filter is asked about several thousand requests made of the policy's own values and of
//! others close to them, and must answer as our reading of the policy does.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result};
use haechi_network::mesh::authz::PolicyAction;
use haechi_network::mesh::{Attributes, AuthorizationPolicy, Authorizer, Field, Maybe, TrustDomains};
use haechi_objects::objects;
use haechi_syntax::{Document, Limits, Node, Value, parse};
use regex::Regex;
use serde_json::Value as Json;

use super::field;
use crate::conformance::{Outcome, Suite};
use crate::suites::yaml::json_lines;

pub(super) const SUITE: Suite =
    Suite { name: "network/istio-authz", needs: "network/istio-authz/index.jsonl", run };

const REQUESTS: usize = 4_000;

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("network/istio-authz");
    let mut outcome = Outcome::default();
    for row in json_lines(&folder.join("index.jsonl"))? {
        let id = field(&row, "id")?;
        let read = |path: &str| -> Result<Vec<Document>> {
            let bytes = std::fs::read(folder.join(path)).with_context(|| path.to_owned())?;
            Ok(parse(&bytes, &Limits::default()).documents)
        };
        let input = read(field(&row, "in")?)?;
        let mut filters = Vec::new();
        for path in
            row.get("expected").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
        {
            filters.extend(read(path)?);
        }
        outcome.judge(id, judge(id, &input, &filters));
    }
    Ok(outcome)
}

/// The trust domains that the case was made with; its files do not say.
fn trust_domains(id: &str) -> TrustDomains {
    let names: &[&str] = if id.contains("td-aliases-source-principal") {
        &["new-td", "old-td", "some-trustdomain"]
    } else if id.contains("simple-policy-td-aliases") {
        &["td1", "cluster.local"]
    } else if id.contains("multiple-policies-td-aliases") {
        &["td1", "cluster.local", "some-td"]
    } else {
        &["cluster.local"]
    };
    TrustDomains(names.iter().map(|name| (*name).to_owned()).collect())
}

fn judge(id: &str, input: &[Document], filters: &[Document]) -> Option<String> {
    let policies: Vec<AuthorizationPolicy> = input
        .iter()
        .flat_map(|document| objects(document).objects)
        .filter_map(|object| AuthorizationPolicy::read(object, None))
        .collect();
    let authorizer = Authorizer::new(policies.iter().collect(), trust_domains(id), id.starts_with("http/"));
    // name → (action, only tried out, rule)
    let mut expected: BTreeMap<String, (String, bool, Node<'_>)> = BTreeMap::new();
    for filter in filters {
        let config = filter.root().get("typedConfig");
        for (key, is_dry_run) in [("rules", false), ("shadowRules", true)] {
            let Some(rules) = config.and_then(|config| config.get(key)) else { continue };
            let action = rules.get("action").and_then(Node::as_str).unwrap_or("ALLOW").to_owned();
            for entry in rules.get("policies").into_iter().flat_map(Node::entries) {
                expected.insert(entry.key.to_owned(), (action.clone(), is_dry_run, entry.value));
            }
        }
    }
    let words = words(input);
    let mut seen = BTreeSet::new();
    for policy in &policies {
        if policy.action == PolicyAction::Custom {
            continue;
        }
        // A policy that lets nothing through is written as one rule that never matches.
        for index in 0..policy.rules.len().max(1) {
            let namespace = policy.id.namespace.as_deref().unwrap_or_default();
            let name = format!("ns[{namespace}]-policy[{}]-rule[{index}]", policy.id.name);
            seen.insert(name.clone());
            let wanted = expected.get(&name);
            if let Some((action, is_dry_run, _)) = wanted {
                let ours = match policy.action {
                    PolicyAction::Allow => "ALLOW",
                    PolicyAction::Deny => "DENY",
                    _ => "LOG",
                };
                if action != ours || *is_dry_run != policy.is_dry_run {
                    return Some(format!(
                        "{name}: {ours}, dry run {}, expected {action}, {is_dry_run}",
                        policy.is_dry_run
                    ));
                }
            }
            let mut random = Random(0x9E37_79B9_7F4A_7C15);
            for _ in 0..REQUESTS {
                let request = Request::make(&words, &mut random);
                let ours = authorizer.matches_rule(policy, index, &request.attributes());
                let theirs = wanted.is_some_and(|(.., rule)| matches(*rule, &request));
                if ours == Maybe::Unknown || (ours == Maybe::Yes) != theirs {
                    return Some(format!("{name}: {ours:?}, expected {theirs} for {request:?}"));
                }
            }
        }
    }
    let unknown: Vec<&String> = expected.keys().filter(|name| !seen.contains(*name)).collect();
    (!unknown.is_empty()).then(|| format!("filter has {unknown:?}, which no policy gives"))
}

/// Texts of the policies, by the field that they stand in.
fn words(input: &[Document]) -> BTreeMap<String, Vec<String>> {
    let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
    fn walk(node: Node<'_>, key: &str, words: &mut BTreeMap<String, Vec<String>>) {
        match node.value() {
            Value::Mapping(_) => {
                let own = node.get("key").and_then(Node::as_str);
                for entry in node.entries() {
                    let key = match own {
                        Some(own) if entry.key == "values" || entry.key == "notValues" => own,
                        _ => entry.key,
                    };
                    walk(entry.value, key, words);
                }
            }
            Value::Sequence(items) => items.for_each(|item| walk(item, key, words)),
            Value::String(text) => words.entry(key.to_owned()).or_default().push(text.to_owned()),
            Value::Int(number) => words.entry(key.to_owned()).or_default().push(number.to_string()),
            _ => {}
        }
    }
    for document in input {
        walk(document.root(), "", &mut words);
    }
    words
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }
}

#[derive(Debug, Clone, Default)]
struct Request {
    principal: Option<String>,
    source_ip: Option<IpAddr>,
    remote_ip: Option<IpAddr>,
    destination_ip: Option<IpAddr>,
    port: u16,
    sni: Option<String>,
    method: String,
    path: String,
    host: String,
    headers: BTreeMap<String, String>,
    claims: BTreeMap<String, Vec<String>>,
    metadata: BTreeMap<String, String>,
}

impl Request {
    fn make(words: &BTreeMap<String, Vec<String>>, random: &mut Random) -> Self {
        // A value that a pattern of the policy matches, or nearly.
        let mut pick = |keys: &[&str], other: &str| -> Option<String> {
            let all: Vec<&String> = keys.iter().filter_map(|key| words.get(*key)).flatten().collect();
            if all.is_empty() || random.below(8) == 0 {
                return (random.below(2) == 0).then(|| other.to_owned());
            }
            let pattern = all.get(random.below(all.len()))?.as_str();
            let filled = pattern.replace("{**}", "a/b").replace("{*}", "seg").replace('*', "mid");
            Some(match random.below(8) {
                0 => format!("{filled}x"),
                1 => format!("x{filled}"),
                _ => filled,
            })
        };
        let address = |text: Option<String>| -> Option<IpAddr> {
            let text = text?;
            text.split('/').next()?.trim_matches('x').parse().ok()
        };
        let principal = match pick(
            &["principals", "notPrincipals", "source.principal"],
            "cluster.local/ns/other/sa/other",
        ) {
            Some(principal) if random_half(&principal) => {
                let namespace =
                    pick(&["namespaces", "notNamespaces", "source.namespace"], "other").unwrap_or_default();
                let account = pick(&["serviceAccounts", "notServiceAccounts"], "sa").unwrap_or_default();
                let domain = pick(&["trustDomains", "notTrustDomains"], "cluster.local").unwrap_or_default();
                let (of, account) =
                    account.split_once('/').map_or((namespace.clone(), account.clone()), |(of, account)| {
                        (of.to_owned(), account.to_owned())
                    });
                let namespace = if account == "sa" {
                    namespace
                } else if random_half(&of) {
                    of
                } else {
                    "foo".to_owned()
                };
                let domain = if domain.is_empty() { "td1".to_owned() } else { domain };
                Some(format!("{domain}/ns/{namespace}/sa/{account}"))
            }
            other => other,
        };
        let mut claims: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if let Some(token) =
            pick(&["requestPrincipals", "notRequestPrincipals", "request.auth.principal"], "iss/sub")
        {
            let (issuer, subject) = token.rsplit_once('/').map_or((token.as_str(), "sub"), |(a, b)| (a, b));
            claims.insert("iss".to_owned(), vec![issuer.to_owned()]);
            claims.insert("sub".to_owned(), vec![subject.to_owned()]);
            for (key, claim) in [("request.auth.audiences", "aud"), ("request.auth.presenter", "azp")] {
                claims.insert(claim.to_owned(), pick(&[key], "other").into_iter().collect());
            }
        }
        let mut headers = BTreeMap::new();
        let mut metadata = BTreeMap::new();
        for key in words.keys() {
            if let Some(header) = key.strip_prefix("request.headers[").and_then(|rest| rest.strip_suffix(']'))
            {
                if !header.starts_with(':')
                    && let Some(value) = pick(&[key], "other")
                {
                    headers.insert(header.to_ascii_lowercase(), value);
                }
            } else if let Some(path) =
                key.strip_prefix("request.auth.claims[").and_then(|rest| rest.strip_suffix(']'))
            {
                if let Some(value) = pick(&[key], "other") {
                    claims.insert(path.replace("][", "."), vec![value]);
                }
            } else if let Some(rest) = key.strip_prefix("experimental.")
                && let Some(value) = pick(&[key], "other")
            {
                metadata.insert(rest.to_owned(), value);
            }
        }
        let port = pick(&["ports", "notPorts", "destination.port"], "1");
        Self {
            principal,
            source_ip: address(pick(&["ipBlocks", "notIpBlocks", "source.ip"], "8.8.8.8")),
            remote_ip: address(pick(&["remoteIpBlocks", "notRemoteIpBlocks", "remote.ip"], "8.8.8.8")),
            destination_ip: address(pick(&["destination.ip"], "8.8.8.8")),
            port: port.and_then(|port| port.parse().ok()).unwrap_or(9),
            sni: pick(&["connection.sni"], "other"),
            method: pick(&["methods", "notMethods", "request.headers[:method]"], "PATCH")
                .unwrap_or_else(|| "GET".to_owned()),
            path: pick(&["paths", "notPaths"], "/other").unwrap_or_else(|| "/".to_owned()),
            host: pick(&["hosts", "notHosts"], "other").unwrap_or_else(|| "HOST".to_owned()),
            headers,
            claims,
            metadata,
        }
    }

    fn attributes(&self) -> Attributes {
        fn known<T: Clone>(value: &Option<T>) -> Field<T> {
            value.clone().map_or(Field::Absent, Field::Known)
        }
        let claim = |key: &str| self.claims.get(key).and_then(|values| values.first()).cloned();
        Attributes {
            principal: known(&self.principal),
            source_ip: known(&self.source_ip),
            remote_ip: known(&self.remote_ip),
            destination_ip: known(&self.destination_ip),
            destination_port: Field::Known(self.port),
            sni: known(&self.sni),
            method: Field::Known(self.method.clone()),
            path: Field::Known(self.path.clone()),
            host: Field::Known(self.host.clone()),
            headers: Field::Known(self.headers.clone()),
            token: known(&claim("iss").zip(claim("sub"))),
            claims: Field::Known(self.claims.clone()),
            metadata: Field::Known(self.metadata.clone()),
        }
    }
}

fn random_half(text: &str) -> bool {
    text.bytes().map(usize::from).sum::<usize>().is_multiple_of(2)
}

/// Whether an Envoy RBAC policy matches: one of its permissions and one of its principals.
fn matches(rule: Node<'_>, request: &Request) -> bool {
    let any =
        |key: &str| rule.get(key).into_iter().flat_map(Node::items).any(|node| condition(node, request));
    any("permissions") && any("principals")
}

fn condition(node: Node<'_>, request: &Request) -> bool {
    let Some(entry) = node.entries().next() else { return false };
    let inner = entry.value;
    let list = |key: &str| inner.get(key).into_iter().flat_map(Node::items);
    match entry.key {
        "any" => inner.is_true(),
        "andRules" => list("rules").all(|node| condition(node, request)),
        "orRules" => list("rules").any(|node| condition(node, request)),
        "andIds" => list("ids").all(|node| condition(node, request)),
        "orIds" => list("ids").any(|node| condition(node, request)),
        "notRule" | "notId" => !condition(inner, request),
        "header" => header(inner, request),
        "urlPath" => {
            let path = request.path.split(['?', '#']).next().unwrap_or_default();
            inner.get("path").is_some_and(|matcher| text_matches(matcher, path))
        }
        "uriTemplate" => {
            let template =
                inner.at(&["typedConfig", "pathTemplate"]).and_then(Node::as_str).unwrap_or_default();
            let pattern = regex::escape(template).replace(r"\*\*", ".*").replace(r"\*", "[^/]+");
            Regex::new(&format!("^{pattern}$")).is_ok_and(|regex| regex.is_match(&request.path))
        }
        "destinationPort" => inner.as_i64() == Some(i64::from(request.port)),
        "destinationIp" => in_range(inner, request.destination_ip),
        "directRemoteIp" => in_range(inner, request.source_ip),
        "remoteIp" => in_range(inner, request.remote_ip),
        "requestedServerName" => request.sni.as_ref().is_some_and(|sni| text_matches(inner, sni)),
        "authenticated" => request.principal.as_ref().is_some_and(|principal| {
            let uri = format!("spiffe://{principal}");
            inner.get("principalName").is_none_or(|matcher| text_matches(matcher, &uri))
        }),
        "metadata" => metadata(inner, request),
        _ => false,
    }
}

fn header(matcher: Node<'_>, request: &Request) -> bool {
    let name = matcher.get("name").and_then(Node::as_str).unwrap_or_default().to_ascii_lowercase();
    let value = match name.as_str() {
        ":authority" => Some(&request.host),
        ":method" => Some(&request.method),
        ":path" => Some(&request.path),
        other => request.headers.get(other),
    };
    if matcher.get("presentMatch").is_some_and(Node::is_true) {
        return value.is_some();
    }
    value.is_some_and(|value| matcher.get("stringMatch").is_some_and(|matcher| text_matches(matcher, value)))
}

fn text_matches(matcher: Node<'_>, text: &str) -> bool {
    let fold = |text: &str| {
        if matcher.get("ignoreCase").is_some_and(Node::is_true) {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        }
    };
    let of = |key: &str| matcher.entry(key).and_then(|entry| entry.value.as_str()).map(&fold);
    let text = fold(text);
    if let Some(exact) = of("exact") {
        return text == exact;
    }
    if let Some(prefix) = of("prefix") {
        return text.starts_with(&prefix);
    }
    if let Some(suffix) = of("suffix") {
        return text.ends_with(&suffix);
    }
    let regex = matcher.at(&["safeRegex", "regex"]).and_then(Node::as_str);
    regex.is_some_and(|regex| Regex::new(&format!("^(?:{regex})$")).is_ok_and(|regex| regex.is_match(&text)))
}

fn in_range(range: Node<'_>, address: Option<IpAddr>) -> bool {
    let prefix = range.get("addressPrefix").and_then(Node::as_str).unwrap_or_default();
    let length = range.get("prefixLen").and_then(Node::as_i64).unwrap_or(0);
    let set: Option<haechi_network::ip::IpSet> =
        haechi_network::ip::IpRange::parse_cidr(&format!("{prefix}/{length}"))
            .ok()
            .map(|range| [range].into_iter().collect());
    set.is_some_and(|set| address.is_some_and(|address| set.contains(address)))
}

fn metadata(matcher: Node<'_>, request: &Request) -> bool {
    let filter = matcher.get("filter").and_then(Node::as_str).unwrap_or_default();
    let path: Vec<&str> = matcher
        .get("path")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(|step| step.get("key")?.as_str())
        .collect();
    let values: Vec<String> = match (filter, path.split_first()) {
        ("envoy.filters.http.jwt_authn", Some((&"payload", rest))) => {
            request.claims.get(&rest.join(".")).cloned().unwrap_or_default()
        }
        (_, Some((key, _))) => {
            request.metadata.get(&format!("{filter}[{key}]")).cloned().into_iter().collect()
        }
        _ => Vec::new(),
    };
    matcher.get("value").is_some_and(|matcher| value_matches(matcher, &values))
}

fn value_matches(matcher: Node<'_>, values: &[String]) -> bool {
    let Some(entry) = matcher.entries().next() else { return false };
    match entry.key {
        "stringMatch" => values.iter().any(|value| text_matches(entry.value, value)),
        "orMatch" => entry
            .value
            .get("valueMatchers")
            .into_iter()
            .flat_map(Node::items)
            .any(|matcher| value_matches(matcher, values)),
        "listMatch" => entry.value.get("oneOf").is_some_and(|matcher| {
            values.iter().any(|value| value_matches(matcher, std::slice::from_ref(value)))
        }),
        _ => false,
    }
}
