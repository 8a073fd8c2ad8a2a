//! Gatekeeper's mutators: Assign, AssignMetadata, ModifySet, AssignImage.
//!
//! All mutators are applied one after the other, by kind and name, and again until nothing changes any more; mutators
//! that never come to rest are an error. Source: `open-policy-agent/gatekeeper`, pkg/mutation.

mod image;
mod path;
mod read;

use std::sync::Arc;

use haechi_objects::Object;
use haechi_syntax::{Document, Limits, Node, parse_json};
use serde_json::{Map, Value as Json};

use super::expansion::ApplyTo;
use super::matching::{Match, Matched, ObjectSource, goes_to_a_namespace};
use crate::engine::{Actions, LoadError, Operation, Outcome, Patch, PatchOp, PolicyDocument, Verdict};
use crate::mistake::{Mistake, mistake};
use crate::rego::Value;
use path::{Path, Shape, Step};

/// Mutators, made ready.
#[derive(Debug, Default)]
pub(crate) struct MutatorSet {
    /// By kind and name.
    mutators: Vec<Mutator>,
}

/// What a mutator does at its location.
#[derive(Debug, Clone)]
enum Change {
    /// Puts a value there.
    Value(Json),
    /// Puts the object's name or namespace there.
    Metadata(Metadata),
    /// Adds the values that a list lacks.
    Merge(Vec<Json>),
    /// Takes values out of a list.
    Prune(Vec<Json>),
    /// Replaces parts of an image reference.
    Image(image::Parts),
}

impl Change {
    /// What it takes the end of its location for.
    fn ends_in(&self) -> Shape {
        match self {
            Change::Value(_) | Change::Metadata(_) => Shape::Unknown,
            Change::Merge(_) | Change::Prune(_) => Shape::Set,
            Change::Image(_) => Shape::Text,
        }
    }
}

/// The operations on which a mutator is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Operations {
    create: bool,
    update: bool,
}

impl Operations {
    /// An object that nobody sends anywhere is changed by those that are about every operation.
    fn fits(self, operation: Option<Operation>) -> bool {
        match operation {
            None => self.create && self.update,
            Some(Operation::Create) => self.create,
            Some(Operation::Update) => self.update,
            Some(Operation::Delete | Operation::Connect) => false,
        }
    }

    fn shares(self, other: Self) -> bool {
        (self.create && other.create) || (self.update && other.update)
    }
}

#[derive(Debug, Clone, Copy)]
enum Metadata {
    Name,
    Namespace,
}

/// Whether something may, or may not, be at a place of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    MustExist,
    MustNotExist,
}

#[derive(Debug)]
struct Mutator {
    /// `Kind/name`.
    policy: Arc<str>,
    /// Empty for AssignMetadata, which applies to everything.
    apply_to: Vec<(ApplyTo, Operations)>,
    matches: Match,
    path: Path,
    /// By the number of steps before the place.
    tests: Vec<(usize, Condition)>,
    change: Change,
}

/// Whether an object is a mutator.
pub(crate) fn claims(object: Object<'_>) -> bool {
    const KINDS: [&str; 4] = ["Assign", "AssignMetadata", "ModifySet", "AssignImage"];
    object.group() == "mutations.gatekeeper.sh" && KINDS.contains(&object.kind())
}

/// What became of an object.
#[derive(Debug, Default)]
pub(crate) struct Mutated {
    /// The object as it is now, if it was changed.
    pub(crate) document: Option<Document>,
    /// What changed, against the object as it was.
    pub(crate) patches: Vec<Patch>,
    /// For each mutator: it changed the object, or why it is not about it.
    results: Vec<MutatorResult>,
}

/// What one mutator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MutatorResult {
    Changed,
    /// The object was as it should be.
    Kept,
    LeftOut(&'static str),
}

impl Mutated {
    /// The object as it is now.
    pub(crate) fn object(&self) -> Option<Object<'_>> {
        self.document.as_ref().map(object_of)
    }
}

fn object_of(document: &Document) -> Object<'_> {
    let root = document.root();
    let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
    Object::new(root, text("apiVersion"), text("kind"))
}

impl MutatorSet {
    /// Reads the mutators among the documents. Those that take the same place for different things are all left out.
    pub(crate) fn load(documents: &[PolicyDocument<'_>], errors: &mut Vec<LoadError>) -> Self {
        let mut mutators: Vec<(Mutator, &PolicyDocument<'_>)> = Vec::new();
        for document in documents.iter().filter(|document| claims(document.object)) {
            if let Some(mutator) = read::read(document, errors) {
                // Of two with the same name the later one counts, as when both are applied.
                mutators.retain(|(known, _)| known.policy != mutator.policy);
                mutators.push((mutator, document));
            }
        }
        mutators.sort_by(|(left, _), (right, _)| left.policy.cmp(&right.policy));
        let in_conflict: Vec<Option<Arc<str>>> = mutators
            .iter()
            .map(|(mutator, _)| {
                let others = mutators.iter().map(|(other, _)| other);
                let mut others = others.filter(|other| other.policy != mutator.policy);
                others.find(|other| mutator.clashes(other)).map(|other| other.policy.clone())
            })
            .collect();
        let mut set = Self::default();
        for ((mutator, document), other) in mutators.into_iter().zip(in_conflict) {
            match other {
                Some(other) => {
                    let node = document.object.node();
                    let node = node.at(&["spec", "location"]).unwrap_or(node);
                    let message = format!(
                        "the location conflicts with that of `{other}`: the two take one place for things of different types, or a list by different keys; neither is applied"
                    );
                    errors.push(LoadError::at(document, node, message));
                }
                None => set.mutators.push(mutator),
            }
        }
        set
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mutators.is_empty()
    }

    /// The mutators as `Kind/name`, in order.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &str> {
        self.names().map(|policy| &**policy)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.mutators.iter().map(|mutator| &mutator.policy)
    }

    /// Applies all mutators until nothing changes any more. An error comes with the mutator that failed.
    pub(crate) fn mutate(
        &self,
        object: Object<'_>,
        namespace: Option<Object<'_>>,
        operation: Option<Operation>,
        source: ObjectSource,
    ) -> Result<Mutated, (Arc<str>, Mistake)> {
        let mut results = vec![MutatorResult::Kept; self.mutators.len()];
        let mut original = None;
        let mut now: Option<(Json, Document)> = None;
        for _ in 0..=self.mutators.len() {
            let before = now.as_ref().map(|(json, _)| json.clone());
            for (mutator, result) in self.mutators.iter().zip(&mut results) {
                let current = now.as_ref().map_or(object, |(_, document)| object_of(document));
                match mutator.applies(current, namespace, operation, source) {
                    Matched::Yes if matches!(result, MutatorResult::LeftOut(_)) => {
                        *result = MutatorResult::Kept;
                    }
                    Matched::Yes => {}
                    Matched::No(why) => {
                        if *result == MutatorResult::Kept {
                            *result = MutatorResult::LeftOut(why);
                        }
                        continue;
                    }
                    Matched::Unknown(why) => return Err((mutator.policy.clone(), why.mistake())),
                }
                let original = original.get_or_insert_with(|| Value::of_node(object.node()).to_json());
                let json = now.as_ref().map_or(&*original, |(json, _)| json);
                let mut changed = json.clone();
                mutator.run(&mut changed).map_err(|error| (mutator.policy.clone(), error))?;
                if changed == *json {
                    continue;
                }
                let mut parsed = parse_json(changed.to_string().as_bytes(), &Limits::default());
                let Some(document) = parsed.documents.pop().filter(|_| parsed.errors.is_empty()) else {
                    return Err((
                        mutator.policy.clone(),
                        mistake!("mutation-too-large", "the object that it makes is too large or too deep"),
                    ));
                };
                *result = MutatorResult::Changed;
                now = Some((changed, document));
            }
            if now.as_ref().map(|(json, _)| json) == before.as_ref() {
                let mut mutated = Mutated { results, ..Mutated::default() };
                if let (Some(original), Some((json, document))) = (original, now) {
                    diff(&original, &json, "", &mut mutated.patches);
                    mutated.document = Some(document);
                }
                return Ok(mutated);
            }
        }
        let mut restless = self.mutators.iter().zip(&results);
        let policy = restless.rfind(|(_, result)| **result == MutatorResult::Changed);
        let policy = policy.map_or_else(|| "".into(), |(mutator, _)| mutator.policy.clone());
        let message =
            mistake!("mutation-restless", "the mutators do not come to rest: each undoes what another does");
        Err((policy, message))
    }

    /// One verdict for each mutator; the patches of all of them stand at the last one that changed something.
    pub(crate) fn verdicts(&self, mutated: &mut Mutated, verdicts: &mut Vec<Verdict>) {
        let last = mutated.results.iter().rposition(|result| *result == MutatorResult::Changed);
        for (index, (mutator, result)) in self.mutators.iter().zip(&mutated.results).enumerate() {
            let outcome = match result {
                MutatorResult::Changed | MutatorResult::Kept => Outcome::Pass,
                MutatorResult::LeftOut(why) => Outcome::NotApplicable(why),
            };
            let mut verdict = mutator.verdict(outcome, Actions::NONE);
            if last == Some(index) {
                verdict.patches = std::mem::take(&mut mutated.patches);
            }
            verdicts.push(verdict);
        }
    }

    /// The verdicts where nothing can be changed.
    pub(crate) fn left_out(&self, why: &'static str, verdicts: &mut Vec<Verdict>) {
        let left_out = |mutator: &Mutator| mutator.verdict(Outcome::NotApplicable(why), Actions::NONE);
        verdicts.extend(self.mutators.iter().map(left_out));
    }
}

impl Mutator {
    fn verdict(&self, outcome: Outcome, actions: Actions) -> Verdict {
        Verdict {
            policy: self.policy.clone(),
            rule: "".into(),
            outcome,
            actions,
            patches: Vec::new(),
            audit_annotations: Vec::new(),
        }
    }

    fn applies(
        &self,
        object: Object<'_>,
        namespace: Option<Object<'_>>,
        operation: Option<Operation>,
        source: ObjectSource,
    ) -> Matched {
        let is_meant = self.apply_to.iter().any(|(apply, operations)| {
            apply.matches(object.group(), object.version(), object.kind()) && operations.fits(operation)
        });
        if !self.apply_to.is_empty() && !is_meant {
            return Matched::No("applyTo");
        }
        // An object that nobody has sent yet goes to the namespace `default`.
        let is_namespaced = operation.is_none() && goes_to_a_namespace(object);
        self.matches.matches(object, namespace, source, is_namespaced)
    }

    /// Whether two mutators of the same kinds disagree about the shape of what they change.
    fn clashes(&self, other: &Mutator) -> bool {
        let share = self.apply_to.iter().any(|(left, left_operations)| {
            other.apply_to.iter().any(|(right, right_operations)| {
                left.shares(right) && left_operations.shares(*right_operations)
            })
        });
        share && self.path.clashes(self.change.ends_in(), &other.path, other.change.ends_in())
    }

    fn condition(&self, depth: usize) -> Option<Condition> {
        self.tests.iter().find(|(place, _)| *place == depth).map(|(_, condition)| *condition)
    }

    fn exists_okay(&self, depth: usize) -> bool {
        self.condition(depth) != Some(Condition::MustNotExist)
    }

    fn missing_okay(&self, depth: usize) -> bool {
        self.condition(depth) != Some(Condition::MustExist)
    }

    fn run(&self, json: &mut Json) -> Result<(), Mistake> {
        let metadata = |field: Metadata| {
            let key = match field {
                Metadata::Name => "name",
                Metadata::Namespace => "namespace",
            };
            let text = json.get("metadata").and_then(|metadata| metadata.get(key)).and_then(Json::as_str);
            Json::from(text.unwrap_or_default())
        };
        let change = match &self.change {
            Change::Metadata(field) => Change::Value(metadata(*field)),
            change => change.clone(),
        };
        self.step(json, 0, &change).map(|_| ())
    }

    /// Whether something was changed; a test that does not hold leaves all as it is.
    fn step(&self, at: &mut Json, depth: usize, change: &Change) -> Result<bool, Mistake> {
        match self.path.steps.get(depth) {
            Some(Step::Field(name)) => {
                let Json::Object(map) = at else {
                    return Err(mistake!(
                        "mutation-no-map",
                        "`{name}` of the location is looked for in what is no map",
                        name = name,
                    ));
                };
                self.field(map, name, depth, change)
            }
            Some(Step::Item { key, value }) => {
                let Json::Array(list) = at else {
                    return Err(mistake!(
                        "mutation-no-list",
                        "`[{key}: …]` of the location is looked for in what is no list",
                        key = key,
                    ));
                };
                self.item(list, key, value.as_ref(), depth, change)
            }
            None => Ok(false),
        }
    }

    fn is_last(&self, depth: usize) -> bool {
        depth + 1 == self.path.steps.len()
    }

    /// What is made where a step leads to nothing.
    fn missing(&self, depth: usize) -> Json {
        match self.path.steps.get(depth + 1) {
            Some(Step::Item { .. }) => Json::Array(Vec::new()),
            _ => Json::Object(Map::new()),
        }
    }

    fn field(
        &self,
        map: &mut Map<String, Json>,
        name: &str,
        depth: usize,
        change: &Change,
    ) -> Result<bool, Mistake> {
        let exists = map.contains_key(name);
        if (exists && !self.exists_okay(depth)) || (!exists && !self.missing_okay(depth)) {
            return Ok(false);
        }
        if self.is_last(depth) {
            return set(map, name, change);
        }
        let mut next = map.get(name).cloned().unwrap_or_else(|| self.missing(depth));
        let changed = self.step(&mut next, depth + 1, change)?;
        if changed {
            map.insert(name.to_owned(), next);
        }
        Ok(changed)
    }

    fn item(
        &self,
        list: &mut Vec<Json>,
        key: &str,
        wanted: Option<&Json>,
        depth: usize,
        change: &Change,
    ) -> Result<bool, Mistake> {
        let Some(wanted) = wanted else {
            if !self.exists_okay(depth) {
                return Ok(false);
            }
            let mut changed = false;
            for item in list {
                changed |= self.step(item, depth + 1, change)?;
            }
            return Ok(changed);
        };
        let is_it = |item: &Json| item.get(key) == Some(wanted);
        if self.is_last(depth) {
            let Change::Value(value) = change else {
                return Err(mistake!(
                    "mutation-only-assign",
                    "only Assign can put an item into a list by its key"
                ));
            };
            if value.get(key) != Some(wanted) {
                return Err(mistake!(
                    "mutation-key",
                    "the item's `{key}` must be the one of the location",
                    key = key,
                ));
            }
            return match list.iter_mut().find(|item| is_it(item)) {
                Some(item) if self.exists_okay(depth) => {
                    *item = value.clone();
                    Ok(true)
                }
                None if self.missing_okay(depth) => {
                    list.push(value.clone());
                    Ok(true)
                }
                _ => Ok(false),
            };
        }
        let mut changed = false;
        let mut found = false;
        for item in list.iter_mut().filter(|item| is_it(item)) {
            if !self.exists_okay(depth) {
                return Ok(false);
            }
            found = true;
            changed |= self.step(item, depth + 1, change)?;
        }
        if !found {
            if !self.missing_okay(depth) {
                return Ok(false);
            }
            let mut item = self.missing(depth);
            let Json::Object(map) = &mut item else {
                return Err(mistake!("mutation-two-lists", "two lists follow one another in the location"));
            };
            map.insert(key.to_owned(), wanted.clone());
            if self.step(&mut item, depth + 1, change)? {
                list.push(item);
                changed = true;
            }
        }
        Ok(changed)
    }
}

fn set(map: &mut Map<String, Json>, name: &str, change: &Change) -> Result<bool, Mistake> {
    let no_list =
        || mistake!("mutation-no-set", "`{name}` is no list and cannot be treated as a set", name = name);
    match change {
        Change::Value(value) => {
            map.insert(name.to_owned(), value.clone());
        }
        Change::Metadata(_) => {}
        Change::Merge(values) => match map.get_mut(name) {
            None => {
                map.insert(name.to_owned(), Json::Array(values.clone()));
            }
            Some(Json::Array(list)) => {
                for value in values {
                    if !list.contains(value) {
                        list.push(value.clone());
                    }
                }
            }
            Some(_) => return Err(no_list()),
        },
        Change::Prune(values) => match map.get_mut(name) {
            None => return Ok(false),
            Some(Json::Array(list)) => list.retain(|item| !values.contains(item)),
            Some(_) => return Err(no_list()),
        },
        Change::Image(parts) => {
            let old = match map.get(name) {
                None => "",
                Some(Json::String(text)) => text,
                Some(_) => {
                    return Err(mistake!("mutation-no-image", "`{name}` is no image reference", name = name));
                }
            };
            let new = parts.replace_in(old);
            map.insert(name.to_owned(), Json::from(new));
        }
    }
    Ok(true)
}

/// What makes one value out of another, as a JSON patch. Lists are patched item by item at their common length.
fn diff(from: &Json, to: &Json, path: &str, patches: &mut Vec<Patch>) {
    let patch = |op, path: String, value| Patch { op, path, from: None, value };
    match (from, to) {
        (Json::Object(from), Json::Object(to)) => {
            let below = |key: &str| format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
            for key in from.keys().filter(|key| !to.contains_key(*key)) {
                patches.push(patch(PatchOp::Remove, below(key), None));
            }
            for (key, value) in to {
                match from.get(key) {
                    Some(old) => diff(old, value, &below(key), patches),
                    None => patches.push(patch(PatchOp::Add, below(key), Some(value.clone()))),
                }
            }
        }
        (Json::Array(from), Json::Array(to)) if from.len() <= to.len() => {
            for (index, value) in to.iter().enumerate() {
                match from.get(index) {
                    Some(old) => diff(old, value, &format!("{path}/{index}"), patches),
                    None => patches.push(patch(PatchOp::Add, format!("{path}/-"), Some(value.clone()))),
                }
            }
        }
        (from, to) if from != to => {
            patches.push(patch(PatchOp::Replace, path.to_owned(), Some(to.clone())));
        }
        _ => {}
    }
}
