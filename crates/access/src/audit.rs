//! Requests as the audit log of an API server tells them.

use std::collections::{BTreeMap, HashSet};

use haechi_syntax::{Node, Value};
use serde::Serialize;

use crate::request::{Action, Target};

/// One request that somebody made. Owned, so that logs need not be kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// The user name in whose rights it was judged (the impersonated one, if any).
    pub user: String,
    /// Their groups, sorted.
    pub groups: Vec<String>,
    /// The verb.
    pub verb: String,
    /// What it was about.
    pub target: ObservedTarget,
}

/// What a request was about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ObservedTarget {
    /// A path that is no resource, without its query.
    Url(String),
    /// A resource, as the authorizer saw it.
    Resource {
        /// Empty for cluster-scoped requests and for all namespaces.
        namespace: String,
        /// API group.
        group: String,
        /// The plural.
        resource: String,
        /// Empty for none.
        subresource: String,
        /// Empty where the authorizer got no name.
        name: String,
    },
}

impl Observed {
    /// The request as the authorizers are asked it.
    pub fn action(&self) -> Action<'_> {
        match &self.target {
            ObservedTarget::Url(path) => {
                Action { verb: &self.verb, namespace: "", target: Target::Url(path) }
            }
            ObservedTarget::Resource { namespace, group, resource, subresource, name } => Action {
                verb: &self.verb,
                namespace,
                target: Target::Resource { group, resource, subresource, name },
            },
        }
    }
}

/// Whether the API server let a request through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Allowed,
    /// It answered 403 by its authorizers.
    Forbidden,
    /// The event was written before that was decided; a later one of the same request tells.
    Undecided,
}

/// What an audit event tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// The request.
    pub request: Observed,
    /// Whether it was let through.
    pub verdict: Verdict,
    /// When it arrived, as written (RFC 3339); empty if it does not say.
    pub time: String,
    /// Identity of the request: its stages share it.
    pub id: String,
    /// The impersonation that the real user needed, if there was one.
    pub impersonations: Vec<Observed>,
}

/// Why something is no audit event that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditError {
    /// The field that is missing or wrong.
    pub field: &'static str,
}

impl std::fmt::Display for AuditError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no audit event: `{}` is missing or of another type", self.field)
    }
}

impl std::error::Error for AuditError {}

/// Verbs whose requests have no name when they are authorized, although the event, written later, may have one.
const NAMELESS: [&str; 1] = ["create"];

/// Reads one event of `audit.k8s.io`.
pub fn read_event(node: Node<'_>) -> Result<AuditEvent, AuditError> {
    let text = |node: Node<'_>, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let verb = text(node, "verb").filter(|verb| !verb.is_empty()).ok_or(AuditError { field: "verb" })?;
    let real = node.get("user").ok_or(AuditError { field: "user" })?;
    let acting = node.get("impersonatedUser").unwrap_or(real);
    let code = node.at(&["responseStatus", "code"]).and_then(Node::as_i64);
    // Whoever was not authenticated has no name.
    let user = match text(acting, "username") {
        Some(user) => user,
        None if code == Some(401) => String::new(),
        None => return Err(AuditError { field: "user.username" }),
    };
    let target = match node.get("objectRef").filter(|reference| reference.is_mapping()) {
        Some(reference) => {
            let subresource = text(reference, "subresource").unwrap_or_default();
            let name = text(reference, "name").unwrap_or_default();
            // Creating `pods/exec` is asked with the name of the pod; creating a pod is asked without.
            let is_nameless = NAMELESS.contains(&verb.as_str()) && subresource.is_empty();
            ObservedTarget::Resource {
                namespace: text(reference, "namespace").unwrap_or_default(),
                group: text(reference, "apiGroup").unwrap_or_default(),
                resource: text(reference, "resource").ok_or(AuditError { field: "objectRef.resource" })?,
                subresource,
                name: if is_nameless { String::new() } else { name },
            }
        }
        None => {
            let uri = text(node, "requestURI").ok_or(AuditError { field: "requestURI" })?;
            let path = uri.split(['?', '#']).next().unwrap_or_default();
            ObservedTarget::Url(path.to_owned())
        }
    };
    let decision = node.at(&["annotations", "authorization.k8s.io/decision"]).and_then(Node::as_str);
    // Admission refuses with 403 too; the annotation tells them apart where the policy records it.
    let verdict = match (decision, code) {
        (Some("forbid"), _) | (None, Some(401)) => Verdict::Forbidden,
        (None, Some(403)) if !is_admission_refusal(node) => Verdict::Forbidden,
        (None, None) if text(node, "stage").as_deref() == Some("RequestReceived") => Verdict::Undecided,
        _ => Verdict::Allowed,
    };
    let impersonations = match node.get("impersonatedUser") {
        Some(acting) => impersonations(real, acting),
        None => Vec::new(),
    };
    Ok(AuditEvent {
        request: Observed { user, groups: groups_of(acting), verb, target },
        verdict,
        time: text(node, "requestReceivedTimestamp").or_else(|| text(node, "timestamp")).unwrap_or_default(),
        id: text(node, "auditID").unwrap_or_default(),
        impersonations,
    })
}

fn groups_of(user: Node<'_>) -> Vec<String> {
    let mut groups: Vec<String> = user
        .get("groups")
        .map(Node::items)
        .into_iter()
        .flatten()
        .filter_map(Node::as_str)
        .map(str::to_owned)
        .collect();
    groups.sort();
    groups.dedup();
    groups
}

/// The API server's own words for a refusal by authorization end in "cannot VERB resource …"; a policy's do not.
fn is_admission_refusal(node: Node<'_>) -> bool {
    let message = node.at(&["responseStatus", "message"]).and_then(Node::as_str).unwrap_or_default();
    !message.is_empty() && !message.contains(" cannot ") && message.contains("denied the request")
}

/// What the real user had to be allowed for an impersonation: each header is asked by itself.
fn impersonations(real: Node<'_>, acting: Node<'_>) -> Vec<Observed> {
    let Some(user) = real.get("username").and_then(Node::as_str) else { return Vec::new() };
    let groups = groups_of(real);
    let observed = |group: &str, resource: &str, subresource: &str, namespace: &str, name: &str| Observed {
        user: user.to_owned(),
        groups: groups.clone(),
        verb: "impersonate".to_owned(),
        target: ObservedTarget::Resource {
            namespace: namespace.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: name.to_owned(),
        },
    };
    let mut found = Vec::new();
    let name = acting.get("username").and_then(Node::as_str).unwrap_or_default();
    let account = crate::subject::split_service_account(name);
    match account {
        Some((namespace, account)) => found.push(observed("", "serviceaccounts", "", namespace, account)),
        None if !name.is_empty() => found.push(observed("", "users", "", "", name)),
        None => {}
    }
    let added_by_server = |group: &str| {
        group == crate::subject::AUTHENTICATED
            || group == crate::subject::UNAUTHENTICATED
            || (account.is_some() && group.starts_with(crate::subject::SERVICE_ACCOUNTS))
    };
    for group in groups_of(acting).iter().filter(|group| !added_by_server(group)) {
        found.push(observed("", "groups", "", "", group));
    }
    for entry in acting.get("extra").map(Node::entries).into_iter().flatten() {
        for value in entry.value.items().filter_map(Node::as_str) {
            found.push(observed("authentication.k8s.io", "userextras", entry.key, "", value));
        }
    }
    if let Some(uid) = acting.get("uid").and_then(Node::as_str).filter(|uid| !uid.is_empty()) {
        found.push(observed("authentication.k8s.io", "uids", "", "", uid));
    }
    found
}

/// Requests of a log, each once, with what the log covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observations {
    /// Requests that were let through, with how often.
    pub allowed: BTreeMap<Observed, u64>,
    /// Requests that were refused, with how often.
    pub forbidden: BTreeMap<Observed, u64>,
    /// Time of the first and last event, as written.
    pub window: Option<(String, String)>,
    /// Requests counted.
    pub events: u64,
    seen: HashSet<String>,
    undecided: HashSet<String>,
    /// Events of requests without an id of which nobody told how they ended.
    undecided_without_id: u64,
}

impl Observations {
    /// Counts an event. Stages of a request that was counted are left out.
    pub fn add(&mut self, event: AuditEvent) {
        if event.verdict == Verdict::Undecided {
            match event.id.as_str() {
                "" => self.undecided_without_id += 1,
                id if self.seen.contains(id) => {}
                id => {
                    self.undecided.insert(id.to_owned());
                }
            }
            return;
        }
        self.undecided.remove(&event.id);
        if !event.id.is_empty() && !self.seen.insert(event.id) {
            return;
        }
        self.events += 1;
        if !event.time.is_empty() {
            let (first, last) = self.window.get_or_insert_with(|| (event.time.clone(), event.time.clone()));
            if time_order(&event.time) < time_order(first) {
                first.clone_from(&event.time);
            }
            if time_order(&event.time) > time_order(last) {
                last.clone_from(&event.time);
            }
        }
        for impersonation in event.impersonations {
            *self.allowed.entry(impersonation).or_default() += 1;
        }
        let counts = match event.verdict {
            Verdict::Forbidden => &mut self.forbidden,
            Verdict::Allowed | Verdict::Undecided => &mut self.allowed,
        };
        *counts.entry(event.request).or_default() += 1;
    }

    /// Requests that began in the log and of which it does not tell whether they were let through. They count nowhere.
    pub fn undecided(&self) -> u64 {
        self.undecided_without_id + self.undecided.len() as u64
    }
}

/// A text that orders as the time does. Times of an API server are UTC; they differ in how many digits of the second
/// they have, and `Z` stands after digits and the point.
pub(crate) fn time_order(time: &str) -> &str {
    time.trim_end_matches('Z')
}

/// The events in a document: one event, an `EventList`, or a plain list.
pub fn events_of(root: Node<'_>) -> Vec<Node<'_>> {
    match root.value() {
        Value::Sequence(items) => items.collect(),
        Value::Mapping(_) => match root.get("items").filter(|items| items.is_sequence()) {
            Some(items) => items.items().collect(),
            None => vec![root],
        },
        _ => Vec::new(),
    }
}
