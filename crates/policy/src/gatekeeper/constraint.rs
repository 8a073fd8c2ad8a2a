//! Constraints: a template with parameters, the objects that it is about, and what is done.

use std::sync::Arc;

use haechi_syntax::{Document, Limits, Node, parse_json};

use super::matching::Match;
use super::template::{Code, Template};
use crate::engine::{Actions, LoadError, PolicyDocument};
use crate::mistake::{Mistake, mistake};
use crate::rego::Value;

/// The group of all constraints.
pub(crate) const GROUP: &str = "constraints.gatekeeper.sh";

/// Where constraints are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EnforcementPoint {
    /// The admission webhook.
    #[default]
    Admission,
    /// The audit of what is in the cluster.
    Audit,
    /// The command line.
    CommandLine,
}

impl EnforcementPoint {
    const fn as_str(self) -> &'static str {
        match self {
            EnforcementPoint::Admission => "validation.gatekeeper.sh",
            EnforcementPoint::Audit => "audit.gatekeeper.sh",
            EnforcementPoint::CommandLine => "gator.gatekeeper.sh",
        }
    }
}

/// A constraint, ready to judge.
#[derive(Debug)]
pub(crate) struct Constraint {
    /// `Kind/name`.
    pub(crate) policy: Arc<str>,
    pub(crate) matches: Match,
    /// For Rego: an object, empty without parameters.
    pub(crate) parameters: Value<'static>,
    /// The first of the set's constraints that has the same template and the same parameters: what Rego says to one of
    /// them it says to all.
    pub(crate) same_as: usize,
    /// For CEL: the same, read once more; `None` without parameters.
    pub(crate) document: Option<Document>,
    pub(crate) enforcement: Enforcement,
}

/// What is done about a violation.
#[derive(Debug, Clone)]
pub(crate) enum Enforcement {
    /// Everywhere the same.
    Everywhere(Actions),
    /// By point: (action, points).
    Scoped(Vec<(Actions, Vec<String>)>),
}

impl Enforcement {
    /// What is done at a point; `None` if the constraint is not enforced there.
    pub(crate) fn at(&self, point: EnforcementPoint) -> Option<Actions> {
        let scopes = match self {
            Enforcement::Everywhere(actions) => return Some(*actions),
            Enforcement::Scoped(scopes) => scopes,
        };
        let here = scopes
            .iter()
            .filter(|(_, points)| points.iter().any(|name| name == "*" || name == point.as_str()));
        here.map(|(actions, _)| *actions).reduce(|left, right| Actions {
            deny: left.deny || right.deny,
            warn: left.warn || right.warn,
            audit: left.audit || right.audit,
            dry_run: left.dry_run || right.dry_run,
        })
    }
}

pub(crate) fn action(name: &str) -> Option<Actions> {
    match name {
        "deny" => Some(Actions::DENY),
        "warn" => Some(Actions::WARN),
        "dryrun" => Some(Actions::DRY_RUN),
        _ => None,
    }
}

/// Reads a constraint of a template; mistakes are added to `errors`.
pub(crate) fn read(
    document: &PolicyDocument<'_>,
    template: &Template,
    errors: &mut Vec<LoadError>,
) -> Option<Constraint> {
    let before = errors.len();
    let object = document.object;
    let root = object.node();
    let mut refuse = |node: Node<'_>, message: Mistake| errors.push(LoadError::at(document, node, message));
    if !matches!(object.version(), "v1beta1" | "v1alpha1") {
        let message = mistake!(
            "constraint-version",
            "unknown version `{version}` of constraints: it must be `constraints.gatekeeper.sh/v1beta1` or `constraints.gatekeeper.sh/v1alpha1`",
            version = object.version(),
        );
        refuse(root.get("apiVersion").unwrap_or(root), message);
    }
    let name = object.name();
    if !is_subdomain(name) || name.len() > 63 {
        let message = mistake!(
            "name",
            "`{name}` is no name: lower case letters, digits, `-` and `.`, at most 63 characters",
            name = name
        );
        refuse(root.at(&["metadata", "name"]).unwrap_or(root), message);
    }
    let spec = object.spec();
    if let Some(spec) = spec.filter(|spec| !spec.is_mapping()) {
        refuse(spec, mistake!("map", "`{field}` is a map", field = "spec"));
        return None;
    }
    const FIELDS: [&str; 4] = ["match", "parameters", "enforcementAction", "scopedEnforcementActions"];
    for entry in spec.map(Node::entries).into_iter().flatten().filter(|entry| !FIELDS.contains(&entry.key)) {
        let message = mistake!(
            "unknown-field",
            "unknown field `{field}`, there are {known}",
            field = format!("spec.{}", entry.key),
            known = FIELDS.join(", "),
        );
        refuse(entry.value, message);
    }
    let mut match_errors = Vec::new();
    let block = spec.and_then(|spec| spec.get("match"));
    let matches = block.map(|block| Match::read(block, &mut match_errors)).unwrap_or_default();
    for error in match_errors {
        refuse(error.node, error.message);
    }
    let mut schema_errors = Vec::new();
    let parameters = match spec.and_then(|spec| spec.get("parameters")) {
        Some(node) => template.schema.apply(node, "spec.parameters", &mut schema_errors),
        None => template.schema.of_nothing(),
    };
    for error in schema_errors {
        refuse(error.node, error.message);
    }
    let enforcement = read_enforcement(spec, &mut refuse);
    let is_given = spec.is_some_and(|spec| spec.get("parameters").is_some()) || template.schema.has_default();
    let document = (is_given && matches!(template.code, Code::Cel(_)))
        .then(|| parse_json(parameters.to_json().to_string().as_bytes(), &Limits::default()))
        .and_then(|mut parsed| parsed.documents.pop());
    (errors.len() == before).then(|| Constraint {
        policy: format!("{}/{name}", template.kind).into(),
        matches,
        parameters,
        same_as: 0,
        document,
        enforcement,
    })
}

fn read_enforcement<'d>(spec: Option<Node<'d>>, refuse: &mut impl FnMut(Node<'d>, Mistake)) -> Enforcement {
    let Some(node) = spec.and_then(|spec| spec.get("enforcementAction")) else {
        return Enforcement::Everywhere(Actions::DENY);
    };
    match node.as_str() {
        Some("") => Enforcement::Everywhere(Actions::DENY),
        Some("scoped") => Enforcement::Scoped(read_scopes(spec, node, refuse)),
        Some(name) if action(name).is_some() => Enforcement::Everywhere(action(name).unwrap_or_default()),
        _ => {
            refuse(
                node,
                mistake!(
                    "one-of",
                    "`{field}` is one of {allowed}",
                    field = "enforcementAction",
                    allowed = "deny, warn, dryrun, scoped"
                ),
            );
            Enforcement::Everywhere(Actions::DENY)
        }
    }
}

fn read_scopes<'d>(
    spec: Option<Node<'d>>,
    scoped: Node<'d>,
    refuse: &mut impl FnMut(Node<'d>, Mistake),
) -> Vec<(Actions, Vec<String>)> {
    const POINTS: [&str; 5] =
        ["validation.gatekeeper.sh", "audit.gatekeeper.sh", "gator.gatekeeper.sh", "vap.k8s.io", "*"];
    let Some(list) = spec.and_then(|spec| spec.get("scopedEnforcementActions")) else {
        refuse(
            scoped,
            mistake!(
                "needs",
                "`{field}` needs `{other}`",
                field = "scoped",
                other = "scopedEnforcementActions"
            ),
        );
        return Vec::new();
    };
    let mut scopes = Vec::new();
    for item in list.items() {
        let node = item.get("action").unwrap_or(item);
        let Some(actions) = node.as_str().and_then(action) else {
            refuse(
                node,
                mistake!(
                    "one-of",
                    "`{field}` is one of {allowed}",
                    field = "action",
                    allowed = "deny, warn, dryrun"
                ),
            );
            continue;
        };
        let mut points = Vec::new();
        for point in item.get("enforcementPoints").map(Node::items).into_iter().flatten() {
            match point.get("name").and_then(Node::as_str) {
                Some(name) if POINTS.contains(&name) => points.push(name.to_owned()),
                _ => refuse(
                    point,
                    mistake!(
                        "one-of",
                        "`{field}` is one of {allowed}",
                        field = "enforcementPoints",
                        allowed = POINTS.join(", ")
                    ),
                ),
            }
        }
        if points.is_empty() {
            refuse(item, mistake!("no-enforcement-point", "the action names no enforcement point"));
        }
        scopes.push((actions, points));
    }
    scopes
}

/// RFC 1123, as `metadata.name` demands it.
fn is_subdomain(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_good) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.split('.').all(is_label)
}
