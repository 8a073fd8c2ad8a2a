//! Whether an edited text reads as was intended: the values that were to change have, and no other.

use std::collections::BTreeMap;

use haechi_model::{Action, Alteration, NewValue};

use crate::{Document, Node, Value};

/// How an edited text reads otherwise than intended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deviation {
    /// It has other documents, or one of them other keys that stand twice.
    Documents,
    /// A value is another than it should be: its path in the text before the edits.
    Value(String),
    /// A comment is gone, new or changed.
    Comments,
}

/// Holds a text after edits against the one before: every value must be the same, but for the alterations.
///
/// A value that aliases show in several places must have changed in all of them.
pub fn verify(before: &[Document], after: &[Document], alterations: &[&Alteration]) -> Result<(), Deviation> {
    if before.len() != after.len() {
        return Err(Deviation::Documents);
    }
    for (old, new) in before.iter().zip(after) {
        if old.index() != new.index() || old.duplicate_keys().len() != new.duplicate_keys().len() {
            return Err(Deviation::Documents);
        }
        let mut intended: Intended<'_> = BTreeMap::new();
        for alteration in alterations.iter().filter(|alteration| alteration.document == old.index()) {
            let actions = intended.entry(alteration.node).or_default();
            if !actions.contains(&&alteration.action) {
                actions.push(&alteration.action);
            }
        }
        if let Some(at) = differs(old.root(), new.root(), &intended) {
            return Err(Deviation::Value(at.json_path()));
        }
        if !comments(old).eq(comments(new)) {
            return Err(Deviation::Comments);
        }
    }
    Ok(())
}

/// What is to become of values, by their numbers.
type Intended<'a> = BTreeMap<u32, Vec<&'a Action>>;

fn comments(document: &Document) -> impl Iterator<Item = &str> {
    document.comments().iter().map(|comment| document.source().slice(comment.span))
}

/// The first value that is not what it should be.
fn differs<'d>(old: Node<'d>, new: Node<'_>, intended: &Intended<'_>) -> Option<Node<'d>> {
    let actions = intended.get(&old.id().0).map(Vec::as_slice).unwrap_or_default();
    for action in actions {
        if let Action::Replace(value) = action {
            return if is_value(new, value) { None } else { Some(old) };
        }
    }
    match (old.value(), new.value()) {
        (Value::Sequence(_), Value::Sequence(_)) => list_differs(old, new, actions, intended),
        (Value::Mapping(_), Value::Mapping(_)) => map_differs(old, new, actions, intended),
        (Value::Null, Value::Null) => None,
        (Value::Bool(one), Value::Bool(other)) if one == other => None,
        (Value::Int(one), Value::Int(other)) if one == other => None,
        (Value::Uint(one), Value::Uint(other)) if one == other => None,
        (Value::Float(one), Value::Float(other)) if one.to_bits() == other.to_bits() => None,
        (Value::String(one), Value::String(other)) if one == other => None,
        _ => Some(old),
    }
}

fn list_differs<'d>(
    old: Node<'d>,
    new: Node<'_>,
    actions: &[&Action],
    intended: &Intended<'_>,
) -> Option<Node<'d>> {
    let is_removed = |index: usize| actions.iter().any(|action| **action == Action::RemoveItem(index));
    let kept: Vec<Node<'d>> =
        old.items().enumerate().filter(|(index, _)| !is_removed(*index)).map(|(_, item)| item).collect();
    let added: Vec<&NewValue> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Append(value) => Some(value),
            _ => None,
        })
        .collect();
    if new.len() != kept.len() + added.len() {
        return Some(old);
    }
    let mut items = new.items();
    for item in &kept {
        if let Some(at) = items.next().map_or(Some(old), |new| differs(*item, new, intended)) {
            return Some(at);
        }
    }
    // One after the other, in whatever order they came.
    let mut rest: Vec<Node<'_>> = items.collect();
    for value in added {
        let Some(at) = rest.iter().position(|item| is_value(*item, value)) else { return Some(old) };
        rest.remove(at);
    }
    None
}

fn map_differs<'d>(
    old: Node<'d>,
    new: Node<'_>,
    actions: &[&Action],
    intended: &Intended<'_>,
) -> Option<Node<'d>> {
    let mut expected: BTreeMap<&str, Expected<'d, '_>> =
        old.entries().map(|entry| (entry.key, Expected::Old(entry.value))).collect();
    for action in actions {
        match action {
            Action::Set(key, value) => {
                expected.insert(key, Expected::New(value));
            }
            Action::Remove(key) => {
                expected.remove(key.as_str());
            }
            Action::Rename(from, to) => {
                let Some(value) = expected.remove(from.as_str()) else { return Some(old) };
                expected.insert(to, value);
            }
            Action::Replace(_) | Action::Append(_) | Action::RemoveItem(_) => return Some(old),
        }
    }
    if new.len() != expected.len() {
        return Some(old);
    }
    for entry in new.entries() {
        match expected.get(entry.key) {
            None => return Some(old),
            Some(Expected::Old(value)) => {
                if let Some(at) = differs(*value, entry.value, intended) {
                    return Some(at);
                }
            }
            Some(Expected::New(value)) if is_value(entry.value, value) => {}
            Some(Expected::New(_)) => return Some(old),
        }
    }
    None
}

enum Expected<'d, 'a> {
    Old(Node<'d>),
    New(&'a NewValue),
}

fn is_value(node: Node<'_>, value: &NewValue) -> bool {
    match (node.value(), value) {
        (Value::Bool(found), NewValue::Bool(value)) => found == *value,
        (Value::Int(found), NewValue::Int(value)) => found == *value,
        (Value::String(found), NewValue::Text(value)) => found == value,
        (Value::Sequence(items), NewValue::List(values)) => {
            items.len() == values.len() && items.zip(values).all(|(item, value)| is_value(item, value))
        }
        (Value::Mapping(_), NewValue::Map(entries)) => {
            node.len() == entries.len()
                && entries
                    .iter()
                    .all(|(key, value)| node.entry(key).is_some_and(|entry| is_value(entry.value, value)))
        }
        _ => false,
    }
}
