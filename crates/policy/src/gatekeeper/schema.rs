//! The schema of a template's parameters: validation and defaults, as the API server applies them to a constraint.

use std::sync::Arc;

use haechi_syntax::{Node, Value as NodeValue};
use regex::Regex;

use crate::mistake::{Mistake, mistake};
use crate::rego::Value;

/// A part of an OpenAPI v3 schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    kind: Option<String>,
    nullable: bool,
    int_or_string: bool,
    /// Fields that are not named are kept.
    preserve_unknown: bool,
    properties: Vec<(String, Schema)>,
    additional: Option<Box<Schema>>,
    items: Option<Box<Schema>>,
    required: Vec<String>,
    default: Option<Value<'static>>,
    allowed: Option<Vec<Value<'static>>>,
    pattern: Option<Arc<Regex>>,
    /// `minimum`, `maximum` with whether the bound itself is left out.
    minimum: Option<(f64, bool)>,
    maximum: Option<(f64, bool)>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_items: Option<usize>,
    max_items: Option<usize>,
    min_properties: Option<usize>,
    max_properties: Option<usize>,
    unique_items: bool,
    all_of: Vec<Schema>,
    any_of: Vec<Schema>,
    one_of: Vec<Schema>,
    not: Option<Box<Schema>>,
}

/// A value that the schema refuses, or a mistake in the schema itself.
#[derive(Debug, Clone)]
pub(crate) struct SchemaError<'d> {
    pub(crate) node: Node<'d>,
    pub(crate) message: Mistake,
}

type Errors<'d> = Vec<SchemaError<'d>>;

const KINDS: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];

impl Schema {
    /// Anything goes.
    pub(crate) fn anything() -> Self {
        Self { preserve_unknown: true, ..Self::default() }
    }

    /// Reads a schema. `legacy`: unknown fields are kept at every level and types may be missing.
    pub(crate) fn read<'d>(node: Node<'d>, legacy: bool, errors: &mut Errors<'d>) -> Self {
        let mut schema = Self { preserve_unknown: legacy, ..Self::default() };
        if !node.is_mapping() {
            errors.push(SchemaError { node, message: mistake!("schema-map", "a schema is a map") });
            return schema;
        }
        let number = |key: &str| node.get(key).and_then(Node::as_f64);
        let size =
            |key: &str| node.get(key).and_then(Node::as_i64).and_then(|size| usize::try_from(size).ok());
        let is_true = |key: &str| node.get(key).is_some_and(Node::is_true);
        schema.nullable = is_true("nullable");
        schema.int_or_string = is_true("x-kubernetes-int-or-string");
        schema.preserve_unknown |= is_true("x-kubernetes-preserve-unknown-fields");
        schema.unique_items = is_true("uniqueItems");
        schema.minimum = number("minimum").map(|bound| (bound, is_true("exclusiveMinimum")));
        schema.maximum = number("maximum").map(|bound| (bound, is_true("exclusiveMaximum")));
        schema.min_length = size("minLength");
        schema.max_length = size("maxLength");
        schema.min_items = size("minItems");
        schema.max_items = size("maxItems");
        schema.min_properties = size("minProperties");
        schema.max_properties = size("maxProperties");
        schema.default = node.get("default").map(|node| Value::of_node(node).to_owned_value());
        schema.allowed = node
            .get("enum")
            .map(|list| list.items().map(|item| Value::of_node(item).to_owned_value()).collect());
        if let Some(kind) = node.get("type") {
            match kind.as_str() {
                Some(name) if KINDS.contains(&name) => schema.kind = Some(name.to_owned()),
                _ => errors.push(SchemaError {
                    node: kind,
                    message: mistake!(
                        "one-of",
                        "`{field}` is one of {allowed}",
                        field = "type",
                        allowed = KINDS.join(", ")
                    ),
                }),
            }
        } else if !legacy && !schema.preserve_unknown && !schema.int_or_string {
            let message = mistake!("schema-type", "the schema is not structural: `type` is missing");
            errors.push(SchemaError { node, message });
        }
        if let Some(pattern) = node.get("pattern") {
            match pattern.as_str().map(Regex::new) {
                Some(Ok(regex)) => schema.pattern = Some(Arc::new(regex)),
                _ => errors.push(SchemaError {
                    node: pattern,
                    message: mistake!("schema-pattern", "`pattern` is no regular expression"),
                }),
            }
        }
        for entry in node.get("properties").map(Node::entries).into_iter().flatten() {
            schema.properties.push((entry.key.to_owned(), Self::read(entry.value, legacy, errors)));
        }
        schema.items = node.get("items").map(|items| Box::new(Self::read(items, legacy, errors)));
        schema.additional = match node.get("additionalProperties") {
            Some(value) if value.is_mapping() => Some(Box::new(Self::read(value, legacy, errors))),
            Some(value) if value.is_true() => Some(Box::new(Self::anything())),
            _ => None,
        };
        for required in node.get("required").map(Node::items).into_iter().flatten() {
            schema.required.extend(required.as_str().map(str::to_owned));
        }
        // Within junctors types and unknown fields are no matter.
        let branches = |key: &str, errors: &mut Errors<'d>| -> Vec<Schema> {
            let nodes = node.get(key).map(Node::items).into_iter().flatten();
            nodes.map(|node| Self::read(node, true, errors)).collect()
        };
        schema.all_of = branches("allOf", errors);
        schema.any_of = branches("anyOf", errors);
        schema.one_of = branches("oneOf", errors);
        schema.not = node.get("not").map(|node| Box::new(Self::read(node, true, errors)));
        schema
    }

    /// The value with defaults filled in; what the schema refuses is added to `errors`. `path` is for messages.
    pub(crate) fn apply<'d>(&self, node: Node<'d>, path: &str, errors: &mut Errors<'d>) -> Value<'static> {
        let value = match node.value() {
            NodeValue::Mapping(entries) => {
                let mut fields: Vec<(Value<'static>, Value<'static>)> = Vec::new();
                for entry in entries {
                    let path = format!("{path}.{}", entry.key);
                    let field =
                        self.properties.iter().find(|(name, _)| name == entry.key).map(|(_, field)| field);
                    // A null of what may not be null is absent: pruned before defaults are filled in.
                    if entry.value.is_null()
                        && field.is_some_and(|field| !field.nullable && field.default.is_some())
                    {
                        continue;
                    }
                    let value = match (field, &self.additional) {
                        (Some(field), _) => field.apply(entry.value, &path, errors),
                        (None, Some(additional)) => additional.apply(entry.value, &path, errors),
                        (None, None) => {
                            if !self.preserve_unknown {
                                let message =
                                    mistake!("schema-unknown", "unknown field `{path}`", path = path);
                                errors.push(SchemaError { node: entry.value, message });
                            }
                            Value::of_node(entry.value).to_owned_value()
                        }
                    };
                    fields.push((Value::text(entry.key), value));
                }
                for (name, field) in &self.properties {
                    let is_there = fields.iter().any(|(key, _)| key.as_str() == Some(name));
                    if let Some(default) = field.default.as_ref().filter(|_| !is_there) {
                        fields.push((Value::text(name.as_str()), field.fill(default)));
                    }
                }
                Value::object(fields)
            }
            NodeValue::Sequence(items) => {
                let items = items.enumerate().map(|(index, item)| match &self.items {
                    Some(schema) => schema.apply(item, &format!("{path}[{index}]"), errors),
                    None => Value::of_node(item).to_owned_value(),
                });
                Value::array(items.collect())
            }
            _ => Value::of_node(node).to_owned_value(),
        };
        if let Some(message) = self.refuses(&value, path) {
            errors.push(SchemaError { node, message });
        }
        value
    }

    /// Fills the defaults of fields into a default.
    fn fill(&self, value: &Value<'static>) -> Value<'static> {
        let Some(mut entries) = value.entries() else { return value.clone() };
        for (name, field) in &self.properties {
            let is_there = entries.iter().any(|(key, _)| key.as_str() == Some(name));
            if let Some(default) = field.default.as_ref().filter(|_| !is_there) {
                entries.push((Value::text(name.as_str()), field.fill(default)));
            }
        }
        Value::object(entries)
    }

    /// The parameters of a constraint that has none.
    pub(crate) fn of_nothing(&self) -> Value<'static> {
        match &self.default {
            Some(default) => self.fill(default),
            None => Value::object(Vec::new()),
        }
    }

    /// Whether there is something for a constraint that gives no parameters.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// What is wrong with a value by itself, those of its fields and items apart.
    fn refuses(&self, value: &Value<'_>, path: &str) -> Option<Mistake> {
        if matches!(value, Value::Null) && self.nullable {
            return None;
        }
        if let Some(kind) = &self.kind {
            let is_kind = match kind.as_str() {
                "integer" => matches!(value, Value::Int(_)),
                kind => value.type_name() == kind,
            };
            if !is_kind {
                return Some(mistake!(
                    "value-type",
                    "`{path}` must be of type {kind}, not {found}",
                    path = path,
                    kind = kind,
                    found = value.type_name(),
                ));
            }
        }
        if self.int_or_string && !matches!(value, Value::Int(_)) && value.as_str().is_none() {
            return Some(mistake!(
                "value-int-or-string",
                "`{path}` must be an integer or a string",
                path = path
            ));
        }
        if let Some(allowed) =
            self.allowed.as_ref().filter(|allowed| !allowed.contains(&value.to_owned_value()))
        {
            let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
            return Some(mistake!(
                "value-enum",
                "`{path}` must be one of {allowed}",
                path = path,
                allowed = allowed.join(", "),
            ));
        }
        let by_kind = match value {
            Value::Int(_) | Value::Float(_) => self.refuses_number(value.as_f64().unwrap_or_default(), path),
            _ => match value.as_str() {
                Some(text) => self.refuses_text(text, path),
                None => self.refuses_collection(value, path),
            },
        };
        by_kind.or_else(|| self.refuses_by_junctors(value, path))
    }

    fn refuses_number(&self, number: f64, path: &str) -> Option<Mistake> {
        if let Some((bound, exclusive)) = self.minimum
            && (number < bound || (exclusive && number == bound))
        {
            return Some(match exclusive {
                true => {
                    mistake!("value-more", "`{path}` must be more than {bound}", path = path, bound = bound)
                }
                false => {
                    mistake!("value-least", "`{path}` must be at least {bound}", path = path, bound = bound)
                }
            });
        }
        if let Some((bound, exclusive)) = self.maximum
            && (number > bound || (exclusive && number == bound))
        {
            return Some(match exclusive {
                true => {
                    mistake!("value-less", "`{path}` must be less than {bound}", path = path, bound = bound)
                }
                false => {
                    mistake!("value-most", "`{path}` must be at most {bound}", path = path, bound = bound)
                }
            });
        }
        None
    }

    fn refuses_text(&self, text: &str, path: &str) -> Option<Mistake> {
        let len = text.chars().count();
        if let Some(least) = self.min_length.filter(|least| len < *least) {
            return Some(mistake!(
                "value-short",
                "`{path}` must have at least {least} characters",
                path = path,
                least = least
            ));
        }
        if let Some(most) = self.max_length.filter(|most| len > *most) {
            return Some(mistake!(
                "value-long",
                "`{path}` must have at most {most} characters",
                path = path,
                most = most
            ));
        }
        let pattern = self.pattern.as_ref().filter(|pattern| !pattern.is_match(text))?;
        Some(mistake!(
            "value-pattern",
            "`{path}` must match `{pattern}`",
            path = path,
            pattern = pattern.as_str()
        ))
    }

    fn refuses_collection(&self, value: &Value<'_>, path: &str) -> Option<Mistake> {
        let len = value.len()?;
        let (least, most) = match value.is_object() {
            true => (self.min_properties, self.max_properties),
            false => (self.min_items, self.max_items),
        };
        if let Some(least) = least.filter(|least| len < *least) {
            return Some(mistake!(
                "value-few",
                "`{path}` must have at least {least} items",
                path = path,
                least = least
            ));
        }
        if let Some(most) = most.filter(|most| len > *most) {
            return Some(mistake!(
                "value-many",
                "`{path}` must have at most {most} items",
                path = path,
                most = most
            ));
        }
        if value.is_object() {
            let lacks = |name: &&String| value.get(&Value::Str(name)).is_none();
            return self.required.iter().find(lacks).map(|name| {
                mistake!(
                    "value-required",
                    "`{path}` lacks the required field `{name}`",
                    path = path,
                    name = name
                )
            });
        }
        let items = value.items().unwrap_or_default();
        let has_twins = self.unique_items
            && items
                .iter()
                .enumerate()
                .any(|(index, item)| items.get(..index).is_some_and(|before| before.contains(item)));
        has_twins.then(|| mistake!("value-twins", "`{path}` must not hold an item twice", path = path))
    }

    fn refuses_by_junctors(&self, value: &Value<'_>, path: &str) -> Option<Mistake> {
        if let Some(message) = self.all_of.iter().find_map(|schema| schema.refuses_deep(value, path)) {
            return Some(message);
        }
        if !self.any_of.is_empty()
            && self.any_of.iter().all(|schema| schema.refuses_deep(value, path).is_some())
        {
            return Some(mistake!(
                "value-any-of",
                "`{path}` matches none of the schemas of `anyOf`",
                path = path
            ));
        }
        let matching = self.one_of.iter().filter(|schema| schema.refuses_deep(value, path).is_none()).count();
        if !self.one_of.is_empty() && matching != 1 {
            return Some(mistake!(
                "value-one-of",
                "`{path}` matches {matching} of the schemas of `oneOf`, not one",
                path = path,
                matching = matching,
            ));
        }
        let is_forbidden = self.not.as_ref().is_some_and(|schema| schema.refuses_deep(value, path).is_none());
        is_forbidden.then(|| mistake!("value-not", "`{path}` matches the schema of `not`", path = path))
    }

    /// What is wrong with a value or anything below.
    fn refuses_deep(&self, value: &Value<'_>, path: &str) -> Option<Mistake> {
        if let Some(message) = self.refuses(value, path) {
            return Some(message);
        }
        for (key, field) in value.entries().unwrap_or_default() {
            let name = key.as_str().unwrap_or_default();
            let schema = self.properties.iter().find(|(known, _)| known == name).map(|(_, schema)| schema);
            let message =
                schema.or(self.additional.as_deref()).and_then(|schema| schema.refuses_deep(&field, path));
            if message.is_some() {
                return message;
            }
        }
        let schema = self.items.as_ref()?;
        value.items().unwrap_or_default().iter().find_map(|item| schema.refuses_deep(item, path))
    }
}
