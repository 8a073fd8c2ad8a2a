//! ExpansionTemplates: the objects that an object will bring about, made ahead so that they can be judged with it.

use haechi_objects::Object;
use haechi_syntax::{Document, Limits, Node, parse_json};
use serde_json::{Map, Value as Json, json};

use super::constraint::action;
use super::matching::ObjectSource;
use super::mutation::MutatorSet;
use crate::engine::{Actions, LoadError, PolicyDocument};
use crate::mistake::{Mistake, mistake};
use crate::rego::Value;

/// Expansions of expansions go no deeper.
const DEPTH: usize = 30;
/// Most objects that one object expands to.
const MOST: usize = 256;

/// Groups, versions and kinds, none of them a pattern.
#[derive(Debug, Clone, Default)]
pub(crate) struct ApplyTo {
    groups: Vec<String>,
    versions: Vec<String>,
    kinds: Vec<String>,
}

impl ApplyTo {
    pub(crate) fn read(node: Node<'_>) -> Self {
        let texts = |key: &str| -> Vec<String> {
            let list = node.get(key).map(Node::items).into_iter().flatten();
            list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        Self { groups: texts("groups"), versions: texts("versions"), kinds: texts("kinds") }
    }

    /// Whether it names groups, versions and kinds.
    pub(crate) fn is_whole(&self) -> bool {
        !self.groups.is_empty() && !self.versions.is_empty() && !self.kinds.is_empty()
    }

    /// Whether a kind is named by both.
    pub(crate) fn shares(&self, other: &ApplyTo) -> bool {
        let meet = |left: &[String], right: &[String]| left.iter().any(|item| right.contains(item));
        meet(&self.groups, &other.groups)
            && meet(&self.versions, &other.versions)
            && meet(&self.kinds, &other.kinds)
    }

    pub(crate) fn matches(&self, group: &str, version: &str, kind: &str) -> bool {
        let has = |list: &[String], item: &str| list.iter().any(|other| other == item);
        has(&self.groups, group) && has(&self.versions, version) && has(&self.kinds, kind)
    }
}

/// How objects of some kinds bring about another.
#[derive(Debug, Clone)]
struct Template {
    name: String,
    apply_to: Vec<ApplyTo>,
    source: Vec<String>,
    group: String,
    version: String,
    kind: String,
    actions: Option<Actions>,
}

/// All expansions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expansions {
    templates: Vec<Template>,
}

/// An object that another brings about.
#[derive(Debug)]
pub struct Expanded {
    /// The object, alone in its document, as the mutators leave it.
    pub document: Document,
    /// The name of the ExpansionTemplate.
    pub template: String,
    /// What is done about violations of it, instead of what the constraints say.
    pub actions: Option<Actions>,
}

impl Expanded {
    /// The object; `None` if it has no kind.
    pub fn object(&self) -> Option<Object<'_>> {
        let root = self.document.root();
        let text = |key: &str| root.get(key).and_then(Node::as_str);
        Some(Object::new(root, text("apiVersion")?, text("kind")?))
    }
}

impl Expansions {
    pub(crate) fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// Adds an `expansion.gatekeeper.sh` ExpansionTemplate.
    pub(crate) fn read(&mut self, document: &PolicyDocument<'_>, errors: &mut Vec<LoadError>) {
        let object = document.object;
        let before = errors.len();
        let mut refuse = |node: Node<'_>, message: &str| errors.push(LoadError::at(document, node, message));
        let Some(spec) = object.spec() else { return refuse(object.node(), "the expansion has no `spec`") };
        if object.name().is_empty() || object.name().len() >= 64 {
            refuse(object.node(), "an expansion needs a name of less than 64 characters");
        }
        let source = spec.get("templateSource").and_then(Node::as_str).unwrap_or_default();
        if source.is_empty() {
            refuse(
                spec,
                "`templateSource` is missing: the path to the template in the object, as `spec.template`",
            );
        }
        let generated = spec.get("generatedGVK");
        let part = |key: &str| {
            let text = generated.and_then(|generated| generated.get(key)).and_then(Node::as_str);
            text.unwrap_or_default().to_owned()
        };
        let (group, version, kind) = (part("group"), part("version"), part("kind"));
        if group.is_empty() && version.is_empty() && kind.is_empty() {
            refuse(generated.unwrap_or(spec), "`generatedGVK` is missing: what is brought about");
        }
        let apply_to: Vec<ApplyTo> =
            spec.get("applyTo").map(Node::items).into_iter().flatten().map(ApplyTo::read).collect();
        if apply_to.is_empty() {
            refuse(spec, "`applyTo` is missing: the kinds that are expanded");
        }
        if apply_to.iter().any(|apply| apply.matches(&group, &version, &kind)) {
            refuse(spec, "the expansion applies to what it brings about itself");
        }
        let override_node = spec.get("enforcementAction");
        let named = override_node.and_then(Node::as_str).filter(|name| !name.is_empty());
        let actions = named.and_then(action);
        if named.is_some() && actions.is_none() {
            refuse(override_node.unwrap_or(spec), "`enforcementAction` is one of deny, warn, dryrun");
        }
        if errors.len() == before {
            let source = source.split('.').map(str::to_owned).collect();
            let name = object.name().to_owned();
            self.templates.push(Template { name, apply_to, source, group, version, kind, actions });
            self.templates.sort_by(|left, right| left.name.cmp(&right.name));
        }
    }

    /// What an object brings about, directly or in several steps, nearest last, changed by the mutators for generated
    /// objects. An error names what lacks.
    pub(crate) fn expand(
        &self,
        object: Object<'_>,
        namespace: Option<Object<'_>>,
        mutators: &MutatorSet,
    ) -> Result<Vec<Expanded>, Mistake> {
        let mut found = Vec::new();
        self.expand_into(object, namespace, mutators, 0, &mut found)?;
        Ok(found)
    }

    fn expand_into(
        &self,
        object: Object<'_>,
        namespace: Option<Object<'_>>,
        mutators: &MutatorSet,
        depth: usize,
        found: &mut Vec<Expanded>,
    ) -> Result<(), Mistake> {
        if depth >= DEPTH {
            return Err(mistake!(
                "expansion-depth",
                "expansions nest deeper than {levels} levels",
                levels = DEPTH,
            ));
        }
        let mut here = Vec::new();
        for template in &self.templates {
            let applies = |apply: &ApplyTo| apply.matches(object.group(), object.version(), object.kind());
            if template.apply_to.iter().any(applies) {
                let mut expanded = expand(object, namespace, template)?;
                if let Some(made) = expanded.object() {
                    let mutated = mutators.mutate(made, namespace, None, ObjectSource::Generated).map_err(
                        |(policy, error)| {
                            mistake!(
                                "expansion-mutator",
                                "{policy}: {detail}",
                                policy = policy,
                                detail = error
                            )
                            .because(error)
                        },
                    )?;
                    if let Some(document) = mutated.document {
                        expanded.document = document;
                    }
                }
                here.push(expanded);
            }
        }
        for expanded in &here {
            if let Some(object) = expanded.object() {
                self.expand_into(object, namespace, mutators, depth + 1, found)?;
            }
        }
        found.append(&mut here);
        if found.len() > MOST {
            return Err(mistake!(
                "expansion-count",
                "an object expands to more than {most} objects",
                most = MOST,
            ));
        }
        Ok(())
    }
}

fn expand(
    object: Object<'_>,
    namespace: Option<Object<'_>>,
    template: &Template,
) -> Result<Expanded, Mistake> {
    let source = template.source.iter().try_fold(object.node(), |node, key| node.get(key));
    let Some(source) = source.filter(|source| source.is_mapping()) else {
        let path = template.source.join(".");
        return Err(mistake!(
            "expansion-source",
            "could not find source field `{path}` in resource `{name}`",
            path = path,
            name = object.name(),
        ));
    };
    let mut content = match Value::of_node(source).to_json() {
        Json::Object(content) => content,
        _ => Map::new(),
    };
    let api_version = match template.group.as_str() {
        "" => template.version.clone(),
        group => format!("{group}/{}", template.version),
    };
    content.insert("apiVersion".into(), Json::from(api_version));
    content.insert("kind".into(), Json::from(template.kind.as_str()));
    let metadata = content.entry("metadata").or_insert_with(|| json!({}));
    if let Json::Object(metadata) = metadata {
        if let Some(name) = namespace.map(Object::name).filter(|name| !name.is_empty()).or(object.namespace())
        {
            metadata.insert("namespace".into(), Json::from(name));
        }
        let name = match template.kind.as_str() {
            "" => object.name().to_lowercase(),
            kind => format!("{}-{kind}", object.name()).to_lowercase(),
        };
        metadata.insert("name".into(), Json::from(name));
        add_owner(metadata, object);
    }
    let text = Json::Object(content).to_string();
    let mut parsed = parse_json(text.as_bytes(), &Limits::default());
    match parsed.documents.pop() {
        Some(document) => {
            Ok(Expanded { document, template: template.name.clone(), actions: template.actions })
        }
        None => Err(mistake!("expansion-failed", "`{name}` could not be expanded", name = object.name())),
    }
}

fn add_owner(metadata: &mut Map<String, Json>, owner: Object<'_>) {
    if owner.name().is_empty() {
        return;
    }
    let reference =
        json!({"apiVersion": owner.api_version(), "kind": owner.kind(), "name": owner.name(), "uid": ""});
    let references = metadata.entry("ownerReferences").or_insert_with(|| json!([]));
    if let Json::Array(references) = references {
        let is_same = |known: &Json| {
            ["apiVersion", "kind", "name"].into_iter().all(|key| known.get(key) == reference.get(key))
        };
        if !references.iter().any(is_same) {
            references.push(reference);
        }
    }
}
