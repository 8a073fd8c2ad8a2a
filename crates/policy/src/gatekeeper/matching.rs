//! The `match` block that constraints, mutators and expansions have in common.

use haechi_objects::{LabelSelector, Labels, Object, SelectorOperator};
use haechi_syntax::{Node, Value};

use crate::engine::GroupVersionKind;
use crate::mistake::{Mistake, mistake};

/// Where an object comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ObjectSource {
    /// Somebody asks for it.
    #[default]
    Original,
    /// It was expanded from another object.
    Generated,
}

/// Whether a manifest that names no namespace will be put into one: all but those of the kinds that are known to have
/// none.
pub(crate) fn goes_to_a_namespace(object: Object<'_>) -> bool {
    let kind = GroupVersionKind::of(object);
    crate::cel::Resources::default().endpoint(&kind).namespaced != Some(false)
}

/// A name with a `*` at its front, its end, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wildcard(pub(crate) String);

impl Wildcard {
    pub(crate) fn matches(&self, name: &str) -> bool {
        let text = self.0.as_str();
        match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(rest), Some(_)) => name.contains(rest.strip_suffix('*').unwrap_or(rest)),
            (Some(rest), None) => name.ends_with(rest),
            (None, Some(rest)) => name.starts_with(rest),
            (None, None) => name == text,
        }
    }

    /// Whether every name that begins with that prefix is meant.
    fn matches_generate_name(&self, prefix: &str) -> bool {
        self.0.ends_with('*') && self.matches(prefix)
    }
}

/// A label selector that owns its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector(Vec<(String, SelectorOperator, Vec<String>)>);

impl Selector {
    fn matches(&self, labels: Labels<'_>) -> bool {
        self.0.iter().all(|(key, operator, values)| {
            let value = labels.get(key);
            let is_listed = |value: &str| values.iter().any(|listed| listed == value);
            match operator {
                SelectorOperator::In => value.is_some_and(is_listed),
                SelectorOperator::NotIn => !value.is_some_and(is_listed),
                SelectorOperator::Exists => value.is_some(),
                SelectorOperator::DoesNotExist => value.is_none(),
            }
        })
    }
}

/// A mistake in a match block.
#[derive(Debug, Clone)]
pub(crate) struct MatchError<'d> {
    pub(crate) node: Node<'d>,
    pub(crate) message: Mistake,
}

/// Which objects a policy is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Match {
    /// (API groups, kinds); empty lists match everything.
    kinds: Vec<(Vec<String>, Vec<String>)>,
    scope: Option<String>,
    namespaces: Vec<Wildcard>,
    excluded_namespaces: Vec<Wildcard>,
    label_selector: Option<Selector>,
    namespace_selector: Option<Selector>,
    name: Option<Wildcard>,
    source: Option<ObjectSource>,
}

/// What a match says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matched {
    Yes,
    /// The field that does not fit.
    No(&'static str),
    /// It cannot be told.
    Unknown(Unknown),
}

/// Why it cannot be told whether an object is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// Its Namespace is not at hand.
    Namespace,
    /// There is no object.
    Object,
}

impl Unknown {
    pub(crate) fn mistake(self) -> Mistake {
        match self {
            Unknown::Namespace => mistake!(
                "namespace-not-known",
                "namespaceSelector needs the object's Namespace, which is not known"
            ),
            Unknown::Object => {
                mistake!("no-object", "the request holds neither an object nor an old object")
            }
        }
    }
}

const FIELDS: [&str; 8] = [
    "kinds",
    "scope",
    "namespaces",
    "excludedNamespaces",
    "labelSelector",
    "namespaceSelector",
    "name",
    "source",
];

impl Match {
    /// Reads a match block.
    pub(crate) fn read<'d>(node: Node<'d>, errors: &mut Vec<MatchError<'d>>) -> Self {
        let mut found = Self::default();
        if !node.is_mapping() {
            errors.push(MatchError { node, message: mistake!("map", "`{field}` is a map", field = "match") });
            return found;
        }
        for entry in node.entries().filter(|entry| !entry.value.is_null()) {
            let value = entry.value;
            match entry.key {
                "kinds" => found.kinds = read_kinds(value, errors),
                "scope" => found.scope = text(value, errors),
                "namespaces" => found.namespaces = wildcards(value, errors),
                "excludedNamespaces" => found.excluded_namespaces = wildcards(value, errors),
                "labelSelector" => found.label_selector = selector(value, errors),
                "namespaceSelector" => found.namespace_selector = selector(value, errors),
                "name" => found.name = text(value, errors).filter(|name| !name.is_empty()).map(Wildcard),
                "source" => match value.as_str() {
                    Some("" | "All") => {}
                    Some("Original") => found.source = Some(ObjectSource::Original),
                    Some("Generated") => found.source = Some(ObjectSource::Generated),
                    _ => errors.push(MatchError {
                        node: value,
                        message: mistake!(
                            "one-of",
                            "`{field}` is one of {allowed}",
                            field = "source",
                            allowed = "All, Original, Generated"
                        ),
                    }),
                },
                unknown => errors.push(MatchError {
                    node: value,
                    message: mistake!(
                        "unknown-field",
                        "unknown field `{field}`, there are {known}",
                        field = format!("match.{unknown}"),
                        known = FIELDS.join(", "),
                    ),
                }),
            }
        }
        found
    }

    /// Whether an object is meant. `namespace`: its Namespace, if that is known; `is_namespaced`: whether it will have
    /// one even if it names none.
    pub(crate) fn matches(
        &self,
        object: Object<'_>,
        namespace: Option<Object<'_>>,
        source: ObjectSource,
        is_namespaced: bool,
    ) -> Matched {
        let is_namespace = object.is("", "Namespace");
        let own = object.namespace();
        if !self.kinds.is_empty() && !self.kinds.iter().any(|kinds| is_of(kinds, object)) {
            return Matched::No("kinds");
        }
        let has_namespace = own.is_some() || namespace.is_some() || is_namespaced;
        let fits_scope = match self.scope.as_deref() {
            Some("Cluster") => is_namespace || !has_namespace,
            Some("Namespaced") => !is_namespace && has_namespace,
            _ => true,
        };
        if !fits_scope {
            return Matched::No("scope");
        }
        let name = if is_namespace { Some(object.name()) } else { namespace.map(Object::name).or(own) };
        let is_in = |list: &[Wildcard], name: &str| list.iter().any(|wildcard| wildcard.matches(name));
        if !self.namespaces.is_empty() && name.is_some_and(|name| !is_in(&self.namespaces, name)) {
            return Matched::No("namespaces");
        }
        if name.is_some_and(|name| is_in(&self.excluded_namespaces, name)) {
            return Matched::No("excludedNamespaces");
        }
        if self.label_selector.as_ref().is_some_and(|selector| !selector.matches(object.labels())) {
            return Matched::No("labelSelector");
        }
        if let Some(selector) = &self.namespace_selector {
            let labels = match (is_namespace, namespace) {
                (true, _) => Some(object.labels()),
                (false, Some(namespace)) => Some(namespace.labels()),
                (false, None) if own.is_none() => None,
                (false, None) => {
                    return Matched::Unknown(Unknown::Namespace);
                }
            };
            if labels.is_some_and(|labels| !selector.matches(labels)) {
                return Matched::No("namespaceSelector");
            }
        }
        if let Some(wildcard) = &self.name {
            let prefix = object.metadata().and_then(|metadata| metadata.get("generateName"));
            let prefix = prefix.and_then(Node::as_str);
            if !wildcard.matches(object.name())
                && !prefix.is_some_and(|prefix| wildcard.matches_generate_name(prefix))
            {
                return Matched::No("name");
            }
        }
        if self.source.is_some_and(|wanted| wanted != source) {
            return Matched::No("source");
        }
        Matched::Yes
    }
}

fn is_of((groups, kinds): &(Vec<String>, Vec<String>), object: Object<'_>) -> bool {
    let has = |list: &[String], item: &str| {
        list.is_empty() || list.iter().any(|other| other == "*" || other == item)
    };
    has(kinds, object.kind()) && has(groups, object.group())
}

fn text<'d>(node: Node<'d>, errors: &mut Vec<MatchError<'d>>) -> Option<String> {
    let text = node.as_str();
    if text.is_none() {
        errors.push(MatchError { node, message: mistake!("text-expected", "expected a text") });
    }
    text.map(str::to_owned)
}

fn read_kinds<'d>(node: Node<'d>, errors: &mut Vec<MatchError<'d>>) -> Vec<(Vec<String>, Vec<String>)> {
    if !node.is_sequence() {
        errors.push(MatchError {
            node,
            message: mistake!("match-kinds", "`kinds` is a list of `apiGroups` with `kinds`"),
        });
        return Vec::new();
    }
    let mut found = Vec::new();
    for item in node.items() {
        if !item.is_mapping() {
            errors.push(MatchError {
                node: item,
                message: mistake!("match-kinds", "`kinds` is a list of `apiGroups` with `kinds`"),
            });
            continue;
        }
        for entry in item.entries().filter(|entry| !matches!(entry.key, "apiGroups" | "kinds")) {
            let message = mistake!(
                "unknown-field",
                "unknown field `{field}`, there are {known}",
                field = format!("kinds.{}", entry.key),
                known = "apiGroups, kinds",
            );
            errors.push(MatchError { node: entry.value, message });
        }
        let mut list = |key: &str| item.get(key).map(|list| texts(list, errors)).unwrap_or_default();
        found.push((list("apiGroups"), list("kinds")));
    }
    found
}

fn texts<'d>(node: Node<'d>, errors: &mut Vec<MatchError<'d>>) -> Vec<String> {
    if !node.is_sequence() {
        errors.push(MatchError { node, message: mistake!("texts-expected", "expected a list of texts") });
    }
    let mut found = Vec::new();
    for item in node.items() {
        match item.value() {
            Value::String(text) => found.push(text.to_owned()),
            _ => {
                errors.push(MatchError { node: item, message: mistake!("text-expected", "expected a text") })
            }
        }
    }
    found
}

fn wildcards<'d>(node: Node<'d>, errors: &mut Vec<MatchError<'d>>) -> Vec<Wildcard> {
    texts(node, errors).into_iter().map(Wildcard).collect()
}

fn selector<'d>(node: Node<'d>, errors: &mut Vec<MatchError<'d>>) -> Option<Selector> {
    match LabelSelector::parse(node) {
        Ok(selector) => {
            let owned = selector.requirements.into_iter().map(|requirement| {
                let values = requirement.values.into_iter().map(str::to_owned).collect();
                (requirement.key.to_owned(), requirement.operator, values)
            });
            Some(Selector(owned.collect()))
        }
        Err(error) => {
            errors.push(MatchError { node, message: error.message.into() });
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_objects::objects;
    use haechi_syntax::{Limits, parse};

    fn matched(block: &str, object: &str) -> Matched {
        let block = parse(block.as_bytes(), &Limits::default());
        let mut errors = Vec::new();
        let block = Match::read(block.documents[0].root(), &mut errors);
        assert!(errors.is_empty(), "{errors:?}");
        let object = parse(object.as_bytes(), &Limits::default());
        block.matches(objects(&object.documents[0]).objects[0], None, ObjectSource::Original, false)
    }

    const POD: &str =
        "{apiVersion: v1, kind: Pod, metadata: {generateName: web-, namespace: kube-system, labels: {a: b}}}";
    const NODE: &str = "{apiVersion: v1, kind: Node, metadata: {name: n}}";

    #[test]
    fn every_field_can_leave_an_object_out() {
        assert_eq!(matched("{}", POD), Matched::Yes);
        assert_eq!(matched("{kinds: [{apiGroups: ['*'], kinds: [Pod]}]}", POD), Matched::Yes);
        assert_eq!(matched("{kinds: [{apiGroups: [apps], kinds: [Pod]}]}", POD), Matched::No("kinds"));
        assert_eq!(matched("{scope: Cluster}", POD), Matched::No("scope"));
        assert_eq!(matched("{scope: Cluster}", NODE), Matched::Yes);
        assert_eq!(matched("{scope: cluster}", POD), Matched::Yes);
        assert_eq!(matched("{namespaces: ['kube-*']}", POD), Matched::Yes);
        assert_eq!(matched("{namespaces: ['*-shop']}", POD), Matched::No("namespaces"));
        assert_eq!(matched("{namespaces: [x]}", NODE), Matched::Yes);
        assert_eq!(matched("{excludedNamespaces: ['*sys*']}", POD), Matched::No("excludedNamespaces"));
        assert_eq!(matched("{labelSelector: {matchLabels: {a: c}}}", POD), Matched::No("labelSelector"));
        assert_eq!(matched("{name: web-*}", POD), Matched::Yes);
        assert_eq!(matched("{name: web-1}", POD), Matched::No("name"));
        assert_eq!(matched("{source: Generated}", POD), Matched::No("source"));
    }

    #[test]
    fn unknown_namespace_is_unknown() {
        assert!(matches!(matched("{namespaceSelector: {matchLabels: {a: b}}}", POD), Matched::Unknown(_)));
        assert_eq!(matched("{namespaceSelector: {matchLabels: {a: b}}}", NODE), Matched::Yes);
    }
}
