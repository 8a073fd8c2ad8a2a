//! MutatingAdmissionPolicy: each invocation sees what those before it made of the object.

use base64::Engine as _;
use haechi_cel::{Bump, Map as CelMap, Object as CelObject, Value};
use haechi_objects::Object;
use haechi_syntax::{Node, Value as Tree};
use serde_json::{Map, Value as Json};

use super::env::OBJECT;
use super::merge::merge;
use super::patch::{PatchError, apply, difference};
use super::review::{Exhausted, Session, error, verdict};
use super::words::{expression_error, out_of_budget};
use super::{Binding, Body, Mutation, MutationKind, Policy};
use crate::mistake::{Mistake, mistake};
use crate::{Actions, Outcome, Patch, PatchOp, Request, Verdict};

/// One policy with its binding and parameter.
type Invocation<'a> = (&'a Policy, Option<&'a Binding>, Value<'a>);

/// The object while it is changed.
pub(super) struct Mutator<'a> {
    object: Option<Object<'a>>,
    /// The object as changed so far; absent until it is first needed.
    changed: Option<Json>,
    /// How often it was changed.
    changes: usize,
    /// Policies that want to be asked again if the object changes after them, with the number of changes that there
    /// had been.
    reinvocable: Vec<(Invocation<'a>, usize)>,
}

impl<'a> Mutator<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        Self { object: request.object, changed: None, changes: 0, reinvocable: Vec::new() }
    }

    /// The object as it is now, if it was changed.
    pub(super) fn into_changed(self) -> Option<Json> {
        self.changed.filter(|_| self.changes > 0)
    }

    /// Asks one policy with one binding and parameter.
    pub(super) fn invoke(
        &mut self,
        session: &mut Session<'a>,
        policy: &'a Policy,
        binding: Option<&'a Binding>,
        param: Value<'a>,
        verdicts: &mut Vec<Verdict>,
    ) {
        let Body::Mutating { mutations, reinvoke } = &policy.body else { return };
        session.prepare(policy, param);
        let not_applicable = |reason| {
            let outcome = Outcome::NotApplicable(reason);
            Verdict { actions: Actions::NONE, ..verdict(policy, binding, outcome) }
        };
        match session.conditions(&policy.conditions) {
            Ok(true) => {}
            Ok(false) => return verdicts.push(not_applicable("matchConditions")),
            Err(message) => return verdicts.push(error(policy, binding, message)),
        }
        let Some(object) = self.object else { return verdicts.push(not_applicable("object")) };
        session.enter_body();
        let mut patches = Vec::new();
        let mut failed = false;
        for mutation in mutations {
            session.renew_budget();
            let before = self.changed.take().unwrap_or_else(|| json_of_node(object.node()));
            match mutate(session, mutation, &before) {
                Ok(after) => {
                    let made = difference(&before, &after);
                    if !made.is_empty() {
                        self.changes += 1;
                        patches.extend(made);
                        let value = value_of_json(session.arena, &after);
                        session.evaluator.set(OBJECT, Some(value));
                        // What was composed before was composed of another object.
                        session.prepare(policy, param);
                        session.enter_body();
                    }
                    self.changed = Some(after);
                }
                Err(message) => {
                    failed = true;
                    verdicts.push(error(policy, binding, message));
                    self.changed = Some(before);
                }
            }
        }
        if *reinvoke {
            self.reinvocable.push(((policy, binding, param), self.changes));
        }
        if !failed || !patches.is_empty() {
            verdicts.push(Verdict { patches, ..verdict(policy, binding, Outcome::Pass) });
        }
    }

    /// Asks those again, once, whose object was changed after them.
    pub(super) fn reinvoke(&mut self, session: &mut Session<'a>, verdicts: &mut Vec<Verdict>) {
        let changes = self.changes;
        for ((policy, binding, param), seen) in std::mem::take(&mut self.reinvocable) {
            if seen == changes {
                continue;
            }
            let first = verdicts.len();
            self.invoke(session, policy, binding, param, verdicts);
            // A second asking that changes nothing is no news.
            let is_news = |verdict: &Verdict| {
                !verdict.patches.is_empty() || matches!(verdict.outcome, Outcome::Error { .. })
            };
            let mut index = 0;
            verdicts.retain(|verdict| {
                index += 1;
                index <= first || is_news(verdict)
            });
        }
    }
}

/// Evaluates one mutation and applies it.
fn mutate<'a>(session: &mut Session<'a>, mutation: &'a Mutation, before: &Json) -> Result<Json, Mistake> {
    let value = match session.run(&mutation.program) {
        Ok(Ok(value)) => value,
        Ok(Err(fail)) => return Err(expression_error(&mutation.program, &fail)),
        Err(Exhausted) => return Err(out_of_budget()),
    };
    match (mutation.kind, value) {
        (MutationKind::Apply, Value::Object(object)) => {
            check_type_names(&Value::Object(object), object.type_name)?;
            let mut configuration = json_of_object(object)?;
            for key in ["apiVersion", "kind"] {
                if let (Some(fields), Some(own)) = (configuration.as_object_mut(), before.get(key)) {
                    fields.insert(key.to_owned(), own.clone());
                }
            }
            merge(before, &configuration)
        }
        (MutationKind::JsonPatch, list) => {
            let items = list.items().ok_or_else(|| {
                mistake!("patch-no-list", "type mismatch: JSONPatchType.expression should evaluate to array")
            })?;
            let patches: Vec<Patch> = items.map(|item| patch_of(&item)).collect::<Result<_, _>>()?;
            match apply(before, &patches) {
                Ok(after) => Ok(after),
                Err(PatchError::TestFailed) => Ok(before.clone()),
                Err(PatchError::Wrong(why)) => {
                    Err(mistake!("json-patch", "JSON Patch: {detail}", detail = why).because(why))
                }
            }
        }
        (MutationKind::Apply, other) => Err(mistake!(
            "apply-type",
            "unsupported return type from ApplyConfiguration expression: {found}",
            found = other.type_name(),
        )),
    }
}

/// The type of a nested object literal is the path to it: `Object.spec` under `spec`.
fn check_type_names(value: &Value<'_>, expected: &str) -> Result<(), Mistake> {
    match value {
        Value::Object(object) => {
            if object.type_name != expected {
                return Err(mistake!(
                    "object-type",
                    "type mismatch: unexpected type name \"{found}\", expected \"{expected}\", which matches field name \
                     path from root Object type",
                    found = object.type_name,
                    expected = expected,
                ));
            }
            for (name, value) in object.fields {
                check_type_names(value, &format!("{expected}.{name}"))?;
            }
            Ok(())
        }
        Value::List(items) => items.iter().try_for_each(|item| check_type_names(item, expected)),
        Value::Map(map) => map.entries().iter().try_for_each(|(_, value)| check_type_names(value, expected)),
        _ => Ok(()),
    }
}

fn patch_of(value: &Value<'_>) -> Result<Patch, Mistake> {
    let Value::Object(object) = value else {
        let name = value.type_name();
        return Err(mistake!(
            "patch-element",
            "type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch, got element of {name}",
            name = name,
        ));
    };
    let text = |field: &str| object.get(field).and_then(|value| value.as_str()).unwrap_or_default();
    let op = match text("op") {
        "add" => PatchOp::Add,
        "remove" => PatchOp::Remove,
        "replace" => PatchOp::Replace,
        "move" => PatchOp::Move,
        "copy" => PatchOp::Copy,
        "test" => PatchOp::Test,
        other => {
            return Err(mistake!("patch-kind", "JSON Patch: Unexpected kind: {kind}", kind = other));
        }
    };
    let value = match object.get("value") {
        Some(value) => {
            if let Value::Object(inner) = value {
                // A value has no field above it: its own type is where the path begins.
                check_type_names(&value, inner.type_name)?;
            }
            Some(json_of_value(&value)?)
        }
        None => None,
    };
    let from = Some(text("from")).filter(|from| !from.is_empty()).map(str::to_owned);
    Ok(Patch { op, path: text("path").to_owned(), from, value })
}

fn json_of_object(object: &CelObject<'_>) -> Result<Json, Mistake> {
    let mut fields = Map::new();
    for (name, value) in object.fields {
        fields.insert((*name).to_owned(), json_of_value(value)?);
    }
    Ok(Json::Object(fields))
}

fn json_of_value(value: &Value<'_>) -> Result<Json, Mistake> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Uint(value) => Json::from(*value),
        Value::Double(value) => Json::from(*value),
        Value::String(text) => Json::from(*text),
        Value::Bytes(bytes) => Json::from(base64::engine::general_purpose::STANDARD.encode(bytes)),
        Value::Timestamp(at) => Json::from(at.to_string()),
        Value::List(items) => Json::Array(items.iter().map(json_of_value).collect::<Result<_, _>>()?),
        Value::NodeList(node) | Value::NodeMap(node) => json_of_node(*node),
        Value::Map(map) => {
            let mut fields = Map::new();
            for (key, value) in map.entries() {
                let Some(key) = key.as_str() else {
                    return Err(mistake!(
                        "map-key",
                        "map key is of type {found}, not string",
                        found = key.type_name(),
                    ));
                };
                fields.insert(key.to_owned(), json_of_value(value)?);
            }
            Json::Object(fields)
        }
        Value::Object(object) => json_of_object(object)?,
        other => {
            return Err(mistake!(
                "no-json",
                "a value of type {found} cannot be put into an object",
                found = other.type_name(),
            ));
        }
    })
}

/// The value as Kubernetes reads it.
pub(crate) fn json_of_node(node: Node<'_>) -> Json {
    match node.value() {
        Tree::Null => Json::Null,
        Tree::Bool(value) => Json::Bool(value),
        Tree::Int(value) => Json::from(value),
        Tree::Uint(value) => Json::from(value),
        Tree::Float(value) => node.as_i64().map_or_else(|| Json::from(value), Json::from),
        Tree::String(text) => Json::from(text),
        Tree::Sequence(items) => Json::Array(items.map(json_of_node).collect()),
        Tree::Mapping(entries) => {
            Json::Object(entries.map(|entry| (entry.key.to_owned(), json_of_node(entry.value))).collect())
        }
    }
}

/// A changed object as a value; entries that are null are left out, as they are of documents.
fn value_of_json<'a>(arena: &'a Bump, json: &Json) -> Value<'a> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => Value::Int(value),
            (None, value) => Value::Double(value.unwrap_or_default()),
        },
        Json::String(text) => Value::String(arena.alloc_str(text)),
        Json::Array(items) => {
            let items: Vec<Value<'a>> = items.iter().map(|item| value_of_json(arena, item)).collect();
            Value::List(arena.alloc_slice_copy(&items))
        }
        Json::Object(fields) => {
            let entries = fields.iter().filter(|(_, value)| !value.is_null());
            let entries = entries
                .map(|(key, value)| (Value::String(arena.alloc_str(key)), value_of_json(arena, value)));
            Value::Map(CelMap::new(arena, entries.collect()))
        }
    }
}
