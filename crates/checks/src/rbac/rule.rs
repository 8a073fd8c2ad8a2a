//! Views of roles and bindings that the checks of this area share.

use haechi_model::Severity;
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::Check;

/// The API group of roles and bindings.
pub(crate) const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

const DEFAULTS_LABEL: &str = "kubernetes.io/bootstrapping";

/// One rule of a role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule<'d>(Node<'d>);

/// The rules of a Role or ClusterRole; none for other objects, nor for those that Kubernetes itself keeps as they are.
pub(crate) fn rules<'d>(object: Object<'d>) -> impl Iterator<Item = Rule<'d>> {
    all_rules(object).filter(move |_| !is_default(object))
}

/// The rules of a Role or ClusterRole, whoever keeps it.
pub(crate) fn all_rules<'d>(object: Object<'d>) -> impl Iterator<Item = Rule<'d>> {
    let is_role = object.is(RBAC_GROUP, "Role") || object.is(RBAC_GROUP, "ClusterRole");
    object.node().get("rules").filter(|_| is_role).map(Node::items).into_iter().flatten().map(Rule)
}

/// Whether the API server itself makes the object, and mends it when it is changed. The label alone makes no default:
/// anybody may set it.
fn is_default(object: Object<'_>) -> bool {
    let name = object.name();
    let is_known = name.starts_with("system:") || ["cluster-admin", "admin", "edit", "view"].contains(&name);
    is_known && object.labels().get(DEFAULTS_LABEL) == Some("rbac-defaults")
}

/// A role as messages name it.
pub(crate) fn role_name(object: Object<'_>) -> String {
    format!("{} {}", object.kind(), object.resource().name)
}

/// A binding as messages name it.
pub(crate) fn binding_name(object: Object<'_>) -> String {
    format!("{} {}", object.kind(), object.resource().name)
}

/// How bad a right to something without a namespace is: in a Role it is no right yet.
pub(crate) fn severity_in_cluster(check: &Check, object: Object<'_>) -> Severity {
    if object.kind() == "Role" { Severity::Low } else { check.info.severity }
}

impl<'d> Rule<'d> {
    /// The entries of `verbs`, `apiGroups`, `resources` …
    pub(crate) fn list(self, field: &str) -> impl Iterator<Item = Node<'d>> {
        self.0.get(field).map(Node::items).into_iter().flatten()
    }

    fn has(self, field: &str, wanted: &str) -> bool {
        self.list(field).any(|item| matches!(item.as_str(), Some(text) if text == wanted || text == "*"))
    }

    /// Whether it is limited to objects with certain names.
    pub(crate) fn is_named(self) -> bool {
        self.list("resourceNames").next().is_some()
    }

    /// Whether it says that name.
    pub(crate) fn names(self, name: &str) -> bool {
        self.list("resourceNames").any(|item| item.as_str() == Some(name))
    }

    /// Whether it counts for an object of that name.
    pub(crate) fn may_name(self, name: &str) -> bool {
        !self.is_named() || self.names(name)
    }

    /// Whether it is everything: `*`, or every verb of objects by name, on `*` of `*`.
    pub(crate) fn is_everything(self) -> bool {
        let is_star = |field| self.list(field).any(|item| item.as_str() == Some("*"));
        let has_all_verbs = ["get", "list", "watch", "create", "update", "patch", "delete"]
            .iter()
            .all(|verb| self.has("verbs", verb));
        has_all_verbs && is_star("resources") && is_star("apiGroups") && !self.is_named()
    }

    /// The rule on one line, to tell it from others.
    pub(crate) fn text(self) -> String {
        let join = |field| {
            let items: Vec<&str> = self.list(field).filter_map(Node::as_str).collect();
            items.join(",")
        };
        [join("verbs"), join("apiGroups"), join("resources"), join("resourceNames")].join(" ")
    }

    /// What it allows of any of some verbs on any of some resources, as the API server matches them: `*`, the resource
    /// itself, or `*/` and its subresource.
    pub(crate) fn grant(self, verbs: &[&str], group: &str, resources: &[&str]) -> Option<Grant<'d>> {
        self.grant_of(verbs, &[(group, resources)])
    }

    /// As [`Self::grant`], for resources without a namespace: the `*` of a Role does not reach them. A Role that names
    /// them is taken at its word, although it grants nothing: it was meant to.
    pub(crate) fn grant_in_cluster(
        self,
        object: Object<'_>,
        verbs: &[&str],
        group: &str,
        resources: &[&str],
    ) -> Option<Grant<'d>> {
        let mut grant = self.grant(verbs, group, resources)?;
        if object.kind() == "Role" {
            grant.resources.retain(|resource| resource.as_str().is_some_and(|text| !text.contains('*')));
            grant.place = *grant.resources.first()?;
        }
        Some(grant)
    }

    /// As [`Self::grant`], over resources of several API groups.
    pub(crate) fn grant_of(self, verbs: &[&str], of: &[(&str, &[&str])]) -> Option<Grant<'d>> {
        let resources: Vec<&str> = of
            .iter()
            .filter(|(group, _)| self.has("apiGroups", group))
            .flat_map(|(_, resources)| resources.iter().copied())
            .collect();
        if resources.is_empty() {
            return None;
        }
        let is_verb = |text: &str| text == "*" || verbs.contains(&text);
        let is_resource = |text: &str| {
            text == "*"
                || resources.contains(&text)
                || text.strip_prefix("*/").is_some_and(|subresource| {
                    resources
                        .iter()
                        .any(|wanted| wanted.split_once('/').is_some_and(|(_, sub)| sub == subresource))
                })
        };
        let matching = |field, test: &dyn Fn(&str) -> bool| -> Vec<Node<'d>> {
            self.list(field).filter(|item| item.as_str().is_some_and(test)).collect()
        };
        let (verbs, resources) = (matching("verbs", &is_verb), matching("resources", &is_resource));
        let place = *resources.first().filter(|_| !verbs.is_empty())?;
        Some(Grant { verbs, resources, place })
    }
}

/// What a rule allows of what a check looks for.
#[derive(Debug, Clone)]
pub(crate) struct Grant<'d> {
    verbs: Vec<Node<'d>>,
    resources: Vec<Node<'d>>,
    place: Node<'d>,
}

impl<'d> Grant<'d> {
    /// The first of the resources.
    pub(crate) fn place(&self) -> Node<'d> {
        self.place
    }

    pub(crate) fn verb_names(&self) -> String {
        texts(&self.verbs)
    }

    pub(crate) fn resource_names(&self) -> String {
        texts(&self.resources)
    }
}

fn texts(nodes: &[Node<'_>]) -> String {
    nodes.iter().filter_map(|node| node.as_str()).collect::<Vec<_>>().join(", ")
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding<'d>(Object<'d>);

/// Whom a binding names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoundSubject<'d>(Node<'d>);

impl<'d> Binding<'d> {
    /// The object as a binding, if it is one.
    pub(crate) fn of(object: Object<'d>) -> Option<Self> {
        let is_binding = object.is(RBAC_GROUP, "RoleBinding") || object.is(RBAC_GROUP, "ClusterRoleBinding");
        is_binding.then_some(Binding(object))
    }

    /// Whether it counts in the whole cluster.
    pub(crate) fn is_cluster(self) -> bool {
        self.0.kind() == "ClusterRoleBinding"
    }

    /// Whether the API server itself makes it.
    pub(crate) fn is_default(self) -> bool {
        is_default(self.0)
    }

    /// `roleRef.kind`.
    pub(crate) fn role_kind(self) -> Option<&'d str> {
        self.0.node().at(&["roleRef", "kind"])?.as_str()
    }

    /// `roleRef.name`.
    pub(crate) fn role_name(self) -> Option<Node<'d>> {
        self.0.node().at(&["roleRef", "name"])
    }

    /// The role as messages name it.
    pub(crate) fn role_text(self) -> String {
        let name = self.role_name().and_then(Node::as_str).unwrap_or_default();
        format!("{} {name}", self.role_kind().unwrap_or_default())
    }

    pub(crate) fn subjects(self) -> impl Iterator<Item = BoundSubject<'d>> {
        self.0.node().get("subjects").map(Node::items).into_iter().flatten().map(BoundSubject)
    }

    /// The names of all subjects, for a message.
    pub(crate) fn subject_names(self) -> String {
        let names: Vec<&str> = self.subjects().map(BoundSubject::name).collect();
        names.join(", ")
    }
}

impl<'d> BoundSubject<'d> {
    pub(crate) fn is(self, kind: &str) -> bool {
        self.0.get("kind").and_then(Node::as_str) == Some(kind)
    }

    pub(crate) fn name(self) -> &'d str {
        self.0.get("name").and_then(Node::as_str).unwrap_or_default()
    }

    pub(crate) fn namespace(self) -> Option<&'d str> {
        self.0.get("namespace").and_then(Node::as_str).filter(|namespace| !namespace.is_empty())
    }

    /// Its name in the source.
    pub(crate) fn place(self) -> Node<'d> {
        self.0.get("name").unwrap_or(self.0)
    }
}
