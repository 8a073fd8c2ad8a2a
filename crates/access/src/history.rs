//! Roles and bindings as an audit log tells of their changes.

use haechi_objects::Object;
use haechi_syntax::Node;
use serde::Serialize;

use crate::builder::{BindingInput, RoleInput, RuleInput, SnapshotBuilder, SubjectInput};
use crate::read::RBAC_GROUP;
use crate::rule::{Place, PolicyRule};
use crate::snapshot::{Detail, Issue, IssueKind};

/// A change of a role or binding that the API server made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RbacChange {
    /// When, as written; empty if the event does not say.
    pub time: String,
    /// Who asked for it.
    pub user: String,
    /// `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// The kind, for instance `ClusterRole`.
    pub kind: &'static str,
    /// Its namespace, if the kind has one.
    pub namespace: Option<String>,
    /// Its name; empty for a whole collection.
    pub name: String,
    /// What came of it.
    pub outcome: RbacOutcome,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RbacOutcome {
    /// The object is there as the event has it.
    Written,
    /// It is gone.
    Removed,
    /// It was changed, but the event does not hold what to: the audit policy records too little.
    NotRecorded,
}

/// Why a change could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryError {
    /// It does not say which object.
    NoName,
}

impl std::fmt::Display for HistoryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a change of a role or binding does not say which one")
    }
}

impl std::error::Error for HistoryError {}

const KINDS: &[(&str, &str)] = &[
    ("roles", "Role"),
    ("clusterroles", "ClusterRole"),
    ("rolebindings", "RoleBinding"),
    ("clusterrolebindings", "ClusterRoleBinding"),
];

/// Applies an event to `after`, which holds what was there before it. What the event shows to have been there without
/// standing in `before` is added to that as unknown. `None` for events that change no role or binding: other
/// resources, requests that failed, dry runs, events of an earlier stage.
///
/// # Errors
/// An event of a change that names no object.
pub fn apply_event(
    before: &mut SnapshotBuilder,
    after: &mut SnapshotBuilder,
    place: Place,
    event: Node<'_>,
) -> Result<Option<RbacChange>, HistoryError> {
    let text = |path: &[&str]| event.at(path).and_then(Node::as_str).unwrap_or_default();
    let verb = text(&["verb"]);
    if !matches!(verb, "create" | "update" | "patch" | "delete" | "deletecollection")
        || text(&["objectRef", "apiGroup"]) != RBAC_GROUP
        || !text(&["objectRef", "subresource"]).is_empty()
    {
        return Ok(None);
    }
    let resource = text(&["objectRef", "resource"]);
    let Some((_, kind)) = KINDS.iter().find(|(plural, _)| *plural == resource) else { return Ok(None) };
    let code = event.at(&["responseStatus", "code"]).and_then(Node::as_i64);
    let is_done = matches!(text(&["stage"]), "" | "ResponseComplete")
        && code.is_some_and(|code| (200..300).contains(&code));
    if !is_done || is_dry_run(text(&["requestURI"])) {
        return Ok(None);
    }
    let acting = match text(&["impersonatedUser", "username"]) {
        "" => text(&["user", "username"]).to_owned(),
        acting => format!("{acting} ({})", text(&["user", "username"])),
    };
    let time = match text(&["stageTimestamp"]) {
        "" => text(&["requestReceivedTimestamp"]),
        time => time,
    };
    let is_cluster = kind.starts_with("Cluster");
    let written = content(event, verb, kind);
    let name = match (text(&["objectRef", "name"]), written) {
        ("", Some(object)) => object.name(),
        (name, _) => name,
    };
    let namespace = (!is_cluster).then(|| text(&["objectRef", "namespace"]).to_owned());
    let mut change = RbacChange {
        time: time.to_owned(),
        user: acting,
        verb: verb.to_owned(),
        kind,
        namespace: namespace.clone(),
        name: name.to_owned(),
        outcome: RbacOutcome::NotRecorded,
    };
    if verb == "deletecollection" {
        let is_role = kind.ends_with("Role");
        let has_selector =
            ["labelSelector=", "fieldSelector="].iter().any(|key| text(&["requestURI"]).contains(key));
        if has_selector {
            after.report(Issue {
                kind: IssueKind::Truncated,
                object: format!("{kind} {}/*", namespace.unwrap_or_default()),
                detail: Detail::new("some-deleted"),
                place,
            });
            return Ok(Some(change));
        }
        for name in after.names_in(is_role, namespace.as_deref()) {
            Key { kind, namespace: namespace.as_deref(), name: &name }.remove_from(after);
        }
        change.outcome = RbacOutcome::Removed;
        return Ok(Some(change));
    }
    if name.is_empty() {
        return Err(HistoryError::NoName);
    }
    let key = Key { kind, namespace: namespace.as_deref(), name };
    let was_known = key.is_in(after);
    if !was_known && verb != "create" {
        key.add_unknown(before, place, "before-log");
    }
    key.remove_from(after);
    change.outcome = match (verb, written) {
        ("delete", _) => RbacOutcome::Removed,
        (_, Some(object)) => {
            after.add_object(place.source, object);
            RbacOutcome::Written
        }
        (_, None) => {
            key.add_unknown(after, place, "not-recorded");
            RbacOutcome::NotRecorded
        }
    };
    Ok(Some(change))
}

fn is_dry_run(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .any(|pair| pair.split_once('=').is_some_and(|(key, value)| key == "dryRun" && !value.is_empty()))
}

/// The object after the change: as the server answered, else as a request to write all of it has it.
fn content<'d>(event: Node<'d>, verb: &str, kind: &'static str) -> Option<Object<'d>> {
    let object = |key: &str| {
        let node = event.get(key).filter(|node| node.is_mapping())?;
        let of_kind = node.get("kind").and_then(Node::as_str).is_none_or(|written| written == kind);
        let has_content = node.get("metadata").is_some()
            && (node.get("rules").is_some()
                || node.get("roleRef").is_some()
                || node.get("aggregationRule").is_some());
        let version = node.get("apiVersion").and_then(Node::as_str).unwrap_or("rbac.authorization.k8s.io/v1");
        (of_kind && has_content).then(|| Object::new(node, version, kind))
    };
    match verb {
        "create" | "update" => object("responseObject").or_else(|| object("requestObject")),
        // What is sent for a patch is a part.
        "patch" => object("responseObject"),
        _ => None,
    }
}

struct Key<'k> {
    kind: &'static str,
    namespace: Option<&'k str>,
    name: &'k str,
}

impl Key<'_> {
    fn is_role(&self) -> bool {
        self.kind.ends_with("Role")
    }

    fn is_in(&self, builder: &SnapshotBuilder) -> bool {
        if self.is_role() {
            builder.has_role(self.namespace, self.name)
        } else {
            builder.has_binding(self.namespace, self.name)
        }
    }

    fn remove_from(&self, builder: &mut SnapshotBuilder) {
        if self.is_role() {
            builder.remove_role(self.namespace, self.name);
        } else {
            builder.remove_binding(self.namespace, self.name);
        }
    }

    /// Adds it as something of which nobody knows what it grants to whom.
    fn add_unknown(&self, builder: &mut SnapshotBuilder, place: Place, detail: &'static str) {
        let object = match self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        };
        let namespace = self.namespace.map(str::to_owned);
        let name = self.name.to_owned();
        let kind = if self.is_role() { IssueKind::MalformedRole } else { IssueKind::MalformedBinding };
        builder.report(Issue { kind, object, detail: Detail::new(detail), place });
        if self.is_role() {
            let star = || vec!["*".to_owned()];
            let rule = PolicyRule {
                verbs: star(),
                api_groups: star(),
                resources: star(),
                resource_names: Vec::new(),
                non_resource_urls: star(),
            };
            let rules = vec![RuleInput { rule, is_doubtful: true, place }];
            builder.add_role(RoleInput { namespace, name, rules, place, ..RoleInput::default() });
        } else {
            builder.add_binding(BindingInput {
                namespace,
                name,
                role_ref: None,
                subjects: vec![(SubjectInput::Unreadable, place)],
                place,
                role_ref_place: place,
            });
        }
    }
}
