//! Which requests a policy or a binding is about: `matchConstraints` and `matchResources`.

use haechi_objects::{LabelSelector, Labels, Object, SelectorOperator};
use haechi_syntax::Node;

use super::resources::Resources;
use crate::mistake::{Mistake, mistake};
use crate::{GroupVersionKind, GroupVersionResource, Operation, Request};

/// A selector that outlives its document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    requirements: Vec<(Box<str>, SelectorOperator, Vec<Box<str>>)>,
}

impl Selector {
    pub(crate) fn parse(node: Node<'_>) -> Result<Self, haechi_objects::SelectorError> {
        let selector = LabelSelector::parse(node)?;
        let requirements = selector.requirements.into_iter().map(|requirement| {
            let values = requirement.values.into_iter().map(Box::from).collect();
            (requirement.key.into(), requirement.operator, values)
        });
        Ok(Self { requirements: requirements.collect() })
    }

    pub(crate) fn selects_all(&self) -> bool {
        self.requirements.is_empty()
    }

    fn matches_with<'l>(&self, value_of: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.requirements.iter().all(|(key, operator, values)| {
            let value = value_of(key);
            let is_listed = value.is_some_and(|value| values.iter().any(|known| **known == *value));
            match operator {
                SelectorOperator::In => is_listed,
                SelectorOperator::NotIn => !is_listed,
                SelectorOperator::Exists => value.is_some(),
                SelectorOperator::DoesNotExist => value.is_none(),
            }
        })
    }

    pub(crate) fn matches(&self, object: Object<'_>) -> bool {
        let labels = labels_of(object);
        self.matches_with(|key| labels.get(key))
    }
}

fn labels_of(object: Object<'_>) -> Labels<'_> {
    object.labels()
}

/// One entry of `resourceRules`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rule {
    pub(crate) groups: Vec<Box<str>>,
    pub(crate) versions: Vec<Box<str>>,
    pub(crate) resources: Vec<Box<str>>,
    pub(crate) operations: Vec<Box<str>>,
    pub(crate) names: Vec<Box<str>>,
    /// `Some(true)` for `Namespaced`, `Some(false)` for `Cluster`.
    pub(crate) namespaced: Option<bool>,
}

/// `matchConstraints` or `matchResources`.
#[derive(Debug, Clone, Default)]
pub(crate) struct MatchResources {
    pub(crate) rules: Vec<Rule>,
    pub(crate) excluded: Vec<Rule>,
    pub(crate) namespaces: Selector,
    pub(crate) objects: Selector,
    pub(crate) exact: bool,
}

/// What a request is about, worked out once.
#[derive(Debug, Clone)]
pub(crate) struct Target<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) kind: GroupVersionKind<'r>,
    pub(crate) resource: GroupVersionResource<'r>,
    pub(crate) operation: Operation,
    /// `None` where nobody here knows whether the kind lives in namespaces.
    pub(crate) namespaced: Option<bool>,
    /// The namespace of the request; empty for objects without one.
    pub(crate) namespace: &'r str,
}

impl<'r> Target<'r> {
    /// The Namespace object of the request's namespace, if it is at hand.
    pub(crate) fn namespace_object(&self) -> Option<Object<'r>> {
        let request = self.request;
        request.namespace_object.or_else(|| request.inventory.get("v1", "Namespace", None, self.namespace))
    }
}

/// Whether a policy is about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Matched {
    Yes,
    /// No, for this reason.
    No(&'static str),
    /// Nobody can tell, or it would need what cannot be done here.
    Error(Mistake),
}

impl MatchResources {
    /// In the order of the API server: selectors first, whose errors count only if the rules match.
    pub(crate) fn matches(&self, target: &Target<'_>, resources: &Resources) -> Matched {
        let namespace = self.matches_namespace(target);
        if let Ok(false) = namespace {
            return Matched::No("namespaceSelector");
        }
        if !self.matches_object(target.request) {
            return Matched::No("objectSelector");
        }
        match self.match_rules(&self.excluded, target, resources) {
            Matched::Yes => return Matched::No("excludeResourceRules"),
            Matched::Error(error) => return Matched::Error(error),
            Matched::No(_) => {}
        }
        if !self.rules.is_empty() {
            match self.match_rules(&self.rules, target, resources) {
                Matched::Yes => {}
                other => return other,
            }
        }
        match namespace {
            Ok(_) => Matched::Yes,
            Err(error) => Matched::Error(error),
        }
    }

    fn matches_namespace(&self, target: &Target<'_>) -> Result<bool, Mistake> {
        if self.namespaces.selects_all() {
            return Ok(true);
        }
        let request = target.request;
        if is_namespace(&target.kind) && request.sub_resource.is_empty() {
            let object = request.object.or(request.old_object);
            let Some(object) = object else { return Ok(false) };
            return Ok(self.matches_labels_of_namespace(object, object.name()));
        }
        if target.namespace.is_empty() {
            return Ok(true);
        }
        match target.namespace_object() {
            Some(object) => Ok(self.matches_labels_of_namespace(object, target.namespace)),
            None => self.matches_name_only(target.namespace),
        }
    }

    /// The API server labels every namespace with its name.
    fn matches_labels_of_namespace(&self, object: Object<'_>, name: &str) -> bool {
        let labels = labels_of(object);
        self.namespaces.matches_with(|key| match key {
            "kubernetes.io/metadata.name" => Some(name),
            key => labels.get(key),
        })
    }

    fn matches_name_only(&self, namespace: &str) -> Result<bool, Mistake> {
        let knows_all =
            self.namespaces.requirements.iter().all(|(key, ..)| &**key == "kubernetes.io/metadata.name");
        if !knows_all {
            return Err(mistake!(
                "namespace-labels",
                "the labels of namespace `{namespace}` are not known",
                namespace = namespace,
            ));
        }
        Ok(self.namespaces.matches_with(|_| Some(namespace)))
    }

    fn matches_object(&self, request: &Request<'_>) -> bool {
        self.objects.selects_all()
            || [request.object, request.old_object]
                .into_iter()
                .flatten()
                .any(|object| self.objects.matches(object))
    }

    fn match_rules(&self, rules: &[Rule], target: &Target<'_>, resources: &Resources) -> Matched {
        if rules.iter().any(|rule| rule.matches(target, &target.resource)) {
            return Matched::Yes;
        }
        if self.exact || rules.is_empty() {
            return Matched::No("resourceRules");
        }
        for (group, version, kind) in resources.equivalents(&target.resource) {
            let other =
                GroupVersionResource { group: &group, version: &version, resource: target.resource.resource };
            if !rules.iter().any(|rule| rule.matches(target, &other)) {
                continue;
            }
            // Versions of a custom resource differ in their name alone unless a webhook converts them.
            if *group == *target.kind.group && *kind == *target.kind.kind && !is_built_in(&group) {
                return Matched::Yes;
            }
            let from = shown(target.kind.group, target.kind.version);
            let to = shown(&group, &version);
            return Matched::Error(mistake!(
                "conversion",
                "the API server would convert the {kind} from {from} to {to} for this policy, which is not done here",
                kind = kind,
                from = from,
                to = to,
            ));
        }
        Matched::No("resourceRules")
    }
}

fn is_built_in(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io")
}

fn shown(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

pub(crate) fn is_namespace(kind: &GroupVersionKind<'_>) -> bool {
    kind.group.is_empty() && kind.kind == "Namespace"
}

impl Rule {
    fn matches(&self, target: &Target<'_>, resource: &GroupVersionResource<'_>) -> bool {
        let lists =
            |list: &[Box<str>], value: &str| list.iter().any(|known| &**known == "*" || **known == *value);
        lists(&self.operations, target.operation.as_str())
            && lists(&self.groups, resource.group)
            && lists(&self.versions, resource.version)
            && self
                .resources
                .iter()
                .any(|pattern| is_resource(pattern, resource.resource, target.request.sub_resource))
            && self.matches_scope(target)
            && (self.names.is_empty() || self.names.iter().any(|name| **name == *target.request.name))
    }

    fn matches_scope(&self, target: &Target<'_>) -> bool {
        let is_namespaced =
            !is_namespace(&target.kind) && target.namespaced.unwrap_or(!target.namespace.is_empty());
        self.namespaced.is_none_or(|wanted| wanted == is_namespaced)
    }
}

/// `pods`, `pods/exec`, `pods/*`, `*/scale`, `*`, `*/*`
fn is_resource(pattern: &str, resource: &str, sub_resource: &str) -> bool {
    let (name, sub) = pattern.split_once('/').unwrap_or((pattern, ""));
    (name == "*" || name == resource) && (sub == "*" || sub == sub_resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_resources() {
        assert!(is_resource("pods", "pods", ""));
        assert!(!is_resource("pods", "pods", "exec"));
        assert!(is_resource("pods/*", "pods", "exec"));
        assert!(is_resource("*/scale", "deployments", "scale"));
        assert!(!is_resource("*", "pods", "exec"));
        assert!(is_resource("*/*", "pods", ""));
    }
}
