//! Roles and bindings out of documents. What cannot be read is reported and stays in doubt; the rest is read.

use std::sync::Arc;

use haechi_objects::{LabelSelector, Labels, Object, Reject, objects};
use haechi_syntax::{Document, Node, Parsed, Value};

use crate::builder::{BindingInput, LabelRequirement, RoleInput, RuleInput, SnapshotBuilder, SubjectInput};
use crate::rule::{Place, PolicyRule};
use crate::snapshot::{Detail, Issue, IssueKind};

/// The API group of roles and bindings.
pub const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

impl SnapshotBuilder {
    /// Reads all roles and bindings of a file. Documents that could not be read leave the snapshot truncated where
    /// they may hold roles or bindings. Returns the index of the file, for places in it.
    pub fn add_file(&mut self, path: &Arc<str>, parsed: &Parsed) -> u32 {
        let source = self.add_source(path.clone(), Some(parsed.source.clone()));
        for error in &parsed.errors {
            self.report(Issue {
                kind: IssueKind::Truncated,
                object: String::new(),
                detail: Detail::new("unread-document").with("error", error.message.as_str()),
                place: Place { source, span: error.span },
            });
        }
        for document in &parsed.documents {
            self.add_document(source, document);
        }
        source
    }

    /// Reads all roles and bindings of one document.
    pub fn add_document(&mut self, source: u32, document: &Document) {
        let found = objects(document);
        self.report_continued_list(source, document.root());
        for object in found.objects {
            self.add_object(source, object);
        }
        for reject in found.rejects {
            if let Reject::Malformed(node, field) = reject
                && mentions_rbac(node)
            {
                self.add_items(source, node);
                self.report(Issue {
                    kind: IssueKind::Truncated,
                    object: String::new(),
                    detail: Detail::new("field-missing").with("field", field),
                    place: Place { source, span: node.anchor_span() },
                });
            }
        }
    }

    /// The items of what is meant as a list and is cut before it says so: each tells its own kind.
    fn add_items(&mut self, source: u32, node: Node<'_>) {
        for item in node.get("items").map(Node::items).into_iter().flatten() {
            let text = |key| item.get(key).and_then(Node::as_str).filter(|text: &&str| !text.is_empty());
            if let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) {
                self.add_object(source, Object::new(item, version, kind));
            }
        }
    }

    /// A list that the API server cut into pages ends with a token for the next page.
    fn report_continued_list(&mut self, source: u32, root: Node<'_>) {
        let Some(metadata) = root.get("items").and_then(|_| root.get("metadata")) else { return };
        let token = metadata.get("continue").filter(|token| token.as_str() != Some(""));
        let rest = metadata.get("remainingItemCount").filter(|count| count.as_i64() != Some(0));
        if let Some(sign) = token.or(rest) {
            self.report(Issue {
                kind: IssueKind::Truncated,
                object: String::new(),
                detail: Detail::new("one-page"),
                place: Place { source, span: sign.anchor_span() },
            });
        }
    }

    /// Reads an object if it is a role or a binding; whether it was one.
    pub fn add_object(&mut self, source: u32, object: Object<'_>) -> bool {
        if object.group() != RBAC_GROUP {
            return false;
        }
        let is_role = match object.kind() {
            "Role" | "ClusterRole" => true,
            "RoleBinding" | "ClusterRoleBinding" => false,
            _ => return false,
        };
        if self.has_readable_key(source, object) {
            if is_role { self.read_role(source, object) } else { self.read_binding(source, object) }
        }
        true
    }

    /// Whether name and namespace are texts. `namespace: n` is `false` in YAML: which object is meant, and where it
    /// counts, nobody can tell, and least of all that it counts in `default`.
    fn has_readable_key(&mut self, source: u32, object: Object<'_>) -> bool {
        let metadata = object.node().get("metadata");
        let wrong = match metadata {
            Some(metadata) if metadata.is_mapping() => ["name", "namespace"].into_iter().find_map(|key| {
                let value = metadata.get(key).filter(|value| !value.is_null())?;
                value.as_str().is_none().then_some((key, value))
            }),
            Some(metadata) if !metadata.is_null() => Some(("metadata", metadata)),
            _ => None,
        };
        let Some((key, value)) = wrong else { return true };
        self.report(Issue {
            kind: IssueKind::Truncated,
            object: object.resource().to_string(),
            detail: Detail::new("no-text").with("field", key),
            place: Place { source, span: value.anchor_span() },
        });
        false
    }

    fn namespace_of(&self, object: Object<'_>, is_cluster: bool) -> Option<String> {
        // Without a namespace `kubectl apply` takes the one of its context, `default` unless told otherwise.
        (!is_cluster).then(|| object.namespace().unwrap_or("default").to_owned())
    }

    fn read_role(&mut self, source: u32, object: Object<'_>) {
        let is_cluster = object.kind() == "ClusterRole";
        let place = Place { source, span: object.anchor_span() };
        self.refuse_version(source, object);
        let mut reader = RoleReader { builder: self, source, object: object.resource().to_string() };
        let rules = match object.node().get("rules") {
            None => Vec::new(),
            Some(rules) if rules.is_sequence() => {
                let read = |rule| {
                    let input = reader.rule(rule);
                    reader.refuse_rule(rule, &input, is_cluster);
                    input
                };
                rules.items().map(read).collect()
            }
            Some(rules) => {
                reader.malformed(rules, Detail::new("rules-list"));
                vec![anything(Place { source, span: rules.anchor_span() })]
            }
        };
        let aggregation =
            object.node().get("aggregationRule").filter(|_| is_cluster).map(|rule| reader.selectors(rule));
        let mut rules = rules;
        if let Some((_, true)) = aggregation {
            rules.push(anything(place));
        }
        let aggregation = aggregation.map(|(selectors, _)| selectors);
        let role = RoleInput {
            namespace: self.namespace_of(object, is_cluster),
            name: object.name().to_owned(),
            labels: Labels::iter(object.labels())
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            rules,
            aggregation,
            place,
        };
        self.add_role(role);
    }

    fn read_binding(&mut self, source: u32, object: Object<'_>) {
        let is_cluster = object.kind() == "ClusterRoleBinding";
        let name = object.resource().to_string();
        self.refuse_version(source, object);
        let at = |node: Node<'_>| Place { source, span: node.anchor_span() };
        let mut malformed: Vec<(Place, &'static str)> = Vec::new();
        let role_ref = object.node().get("roleRef");
        let role = role_ref.and_then(|role_ref| {
            let text = |key| role_ref.get(key).and_then(Node::as_str).filter(|text: &&str| !text.is_empty());
            Some((text("kind")?.to_owned(), text("name")?.to_owned()))
        });
        if role.is_none() {
            malformed.push((role_ref.map_or(Place { source, span: object.anchor_span() }, at), "role-ref"));
        }
        let mut refused: Vec<(Place, Detail)> = Vec::new();
        let group = role_ref.and_then(|role_ref| role_ref.get("apiGroup"));
        if let Some(group) = group.filter(|group| !matches!(group.as_str(), Some("" | RBAC_GROUP))) {
            refused.push((at(group), Detail::new("role-ref-group").with("group", RBAC_GROUP)));
        }
        let mut subjects = Vec::new();
        match object.node().get("subjects") {
            None => {}
            Some(list) if list.is_sequence() => {
                for node in list.items() {
                    let subject = read_subject(node);
                    if let Some(detail) = refusal_of_subject(node, &subject) {
                        refused.push((at(node.get("apiGroup").unwrap_or(node)), detail));
                    }
                    if subject == SubjectInput::Unreadable {
                        malformed.push((at(node), "subject"));
                    }
                    subjects.push((subject, at(node)));
                }
            }
            Some(node) => {
                malformed.push((at(node), "subjects-list"));
                subjects.push((SubjectInput::Unreadable, at(node)));
            }
        }
        for (place, detail) in malformed {
            self.report(Issue {
                kind: IssueKind::MalformedBinding,
                object: name.clone(),
                detail: Detail::new(detail),
                place,
            });
        }
        for (place, detail) in refused {
            self.refuse(&name, detail, place);
        }
        let binding = BindingInput {
            namespace: self.namespace_of(object, is_cluster),
            name: object.name().to_owned(),
            role_ref: role,
            subjects,
            place: Place { source, span: object.anchor_span() },
            role_ref_place: role_ref.map_or(Place { source, span: object.anchor_span() }, |role_ref| Place {
                source,
                span: role_ref.get("name").map_or_else(|| role_ref.anchor_span(), Node::span),
            }),
        };
        self.add_binding(binding);
    }
}

impl SnapshotBuilder {
    fn refuse(&mut self, object: &str, detail: Detail, place: Place) {
        self.report(Issue { kind: IssueKind::Refused, object: object.to_owned(), detail, place });
    }

    fn refuse_version(&mut self, source: u32, object: Object<'_>) {
        if object.version() != "v1" {
            let span = object.node().get("apiVersion").map_or_else(|| object.anchor_span(), Node::span);
            let detail = Detail::new("version").with("version", format!("{RBAC_GROUP}/v1"));
            self.refuse(&object.resource().to_string(), detail, Place { source, span });
        }
    }
}

/// What the API server's validation has against a subject.
fn refusal_of_subject(node: Node<'_>, subject: &SubjectInput) -> Option<Detail> {
    let group = node.get("apiGroup").and_then(Node::as_str).unwrap_or_default();
    match subject {
        SubjectInput::User(_) | SubjectInput::Group(_) if !matches!(group, "" | RBAC_GROUP) => {
            Some(Detail::new("subject-group").with("group", RBAC_GROUP))
        }
        SubjectInput::ServiceAccount(..) if !group.is_empty() => Some(Detail::new("account-group")),
        _ => None,
    }
}

/// Whether something that is no object was meant to hold roles or bindings, so that answers depend on it.
fn mentions_rbac(node: Node<'_>) -> bool {
    let kind = node.get("kind").and_then(Node::as_str).unwrap_or_default();
    let version = node.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    kind.contains("Role")
        || version.starts_with(RBAC_GROUP)
        || ["rules", "roleRef", "subjects", "items"].iter().any(|key| node.get(key).is_some())
}

fn read_subject(node: Node<'_>) -> SubjectInput {
    let text = |key| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let (Some(kind), Some(name)) = (text("kind"), text("name")) else { return SubjectInput::Unreadable };
    match kind.as_str() {
        "User" => SubjectInput::User(name),
        "Group" => SubjectInput::Group(name),
        "ServiceAccount" => match node.get("namespace").map(Node::value) {
            None => SubjectInput::ServiceAccount(None, name),
            Some(Value::String(namespace)) => SubjectInput::ServiceAccount(Some(namespace.to_owned()), name),
            Some(_) => SubjectInput::Unreadable,
        },
        _ => SubjectInput::Other,
    }
}

fn anything(place: Place) -> RuleInput {
    let star = || vec!["*".to_owned()];
    let rule = PolicyRule {
        verbs: star(),
        api_groups: star(),
        resources: star(),
        resource_names: Vec::new(),
        non_resource_urls: star(),
    };
    RuleInput { rule, is_doubtful: true, place }
}

struct RoleReader<'b> {
    builder: &'b mut SnapshotBuilder,
    source: u32,
    object: String,
}

impl RoleReader<'_> {
    fn malformed(&mut self, node: Node<'_>, detail: Detail) {
        self.builder.report(Issue {
            kind: IssueKind::MalformedRole,
            object: self.object.clone(),
            detail,
            place: Place { source: self.source, span: node.anchor_span() },
        });
    }

    fn rule(&mut self, node: Node<'_>) -> RuleInput {
        let place = Place { source: self.source, span: node.anchor_span() };
        if !node.is_mapping() {
            self.malformed(node, Detail::new("rule-map"));
            return anything(place);
        }
        let mut is_doubtful = false;
        let mut list = |reader: &mut Self, key: &str| -> Option<Vec<String>> {
            let field = node.get(key)?;
            let texts: Option<Vec<String>> = field
                .is_sequence()
                .then(|| field.items().map(|item| item.as_str().map(str::to_owned)).collect())
                .flatten();
            if texts.is_none() {
                reader.malformed(field, Detail::new("list-of-texts").with("field", key));
                is_doubtful = true;
            }
            // Names that could not be read stand for every name.
            Some(texts.unwrap_or_else(|| match key {
                "resourceNames" => Vec::new(),
                _ => vec!["*".to_owned()],
            }))
        };
        let rule = PolicyRule {
            verbs: list(self, "verbs").unwrap_or_default(),
            api_groups: list(self, "apiGroups").unwrap_or_default(),
            resources: list(self, "resources").unwrap_or_default(),
            resource_names: list(self, "resourceNames").unwrap_or_default(),
            non_resource_urls: list(self, "nonResourceURLs").unwrap_or_default(),
        };
        RuleInput { rule, is_doubtful, place }
    }

    /// What the API server's validation has against a rule; it grants what it would if it were there.
    fn refuse_rule(&mut self, node: Node<'_>, input: &RuleInput, is_cluster: bool) {
        let rule = &input.rule;
        let mut refuse = |detail: &'static str| {
            let object = self.object.clone();
            self.builder.refuse(
                &object,
                Detail::new(detail),
                Place { source: self.source, span: node.anchor_span() },
            );
        };
        if rule.verbs.is_empty() {
            refuse("rule-verbs");
        }
        let has_resources = !rule.resources.is_empty() || !rule.api_groups.is_empty();
        match (rule.non_resource_urls.is_empty(), has_resources) {
            (false, _) if !is_cluster => refuse("rule-urls"),
            (false, true) => refuse("rule-both"),
            (true, _) if rule.api_groups.is_empty() => {
                refuse("rule-groups");
            }
            (true, _) if rule.resources.is_empty() => {
                refuse("rule-resources");
            }
            _ => {}
        }
    }

    /// The selectors that can be read, and whether one cannot.
    fn selectors(&mut self, rule: Node<'_>) -> (Vec<Vec<LabelRequirement>>, bool) {
        let mut selectors = Vec::new();
        let mut is_malformed = false;
        let list = rule.get("clusterRoleSelectors");
        if let Some(wrong) =
            list.filter(|list| !list.is_sequence()).or(Some(rule).filter(|_| !rule.is_mapping()))
        {
            is_malformed = true;
            self.malformed(wrong, Detail::new("selectors-list"));
        }
        for node in rule.get("clusterRoleSelectors").map(Node::items).into_iter().flatten() {
            match LabelSelector::parse(node) {
                // An empty selector selects every ClusterRole.
                Ok(selector) => selectors.push(
                    selector
                        .requirements
                        .iter()
                        .map(|requirement| LabelRequirement {
                            key: requirement.key.to_owned(),
                            operator: requirement.operator,
                            values: requirement.values.iter().map(|value| (*value).to_owned()).collect(),
                        })
                        .collect(),
                ),
                Err(error) => {
                    is_malformed = true;
                    self.malformed(node, Detail::new("selector").with("error", error.message));
                }
            }
        }
        (selectors, is_malformed)
    }
}
