//! Values of Rego: those of the documents stay where they are, new ones are shared.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use haechi_syntax::{Node, Value as NodeValue};

use crate::go;

/// A value; undefined is the absence of one.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Null,
    Bool(Flag),
    Int(i64),
    /// Finite, and not an integer that fits `Int`.
    Float(f64),
    Str(&'a str),
    Text(Arc<str>),
    Array(Arc<[Value<'a>]>),
    Set(Arc<Set<'a>>),
    /// Ordered by key, each key once.
    Object(Arc<[(Value<'a>, Value<'a>)]>),
    /// A list or map of a document.
    Node(Node<'a>),
}

/// A boolean as wide as the other values: an enum with a payload of one byte is copied in overlapping pieces, which
/// costs more than a third of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(align(8))]
pub(crate) struct Flag(pub(crate) bool);

/// Distinct values. Small sets keep the order in which they were made; order is made when somebody looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Set<'a> {
    items: Vec<Value<'a>>,
    is_sorted: bool,
}

/// Sets of up to so many items are searched item by item.
const SMALL: usize = 12;

impl<'a> Set<'a> {
    /// Makes a set of values, equal ones once.
    pub(crate) fn of(items: Vec<Value<'a>>) -> Self {
        let mut items = items;
        if items.len() <= SMALL {
            let mut index = 0;
            while let Some((item, before)) = items.get(..=index).and_then(<[_]>::split_last) {
                if before.contains(item) {
                    items.remove(index);
                } else {
                    index += 1;
                }
            }
            return Self { is_sorted: items.len() < 2, items };
        }
        items.sort();
        items.dedup();
        Self { items, is_sorted: true }
    }

    /// The items in no particular order.
    pub(crate) fn items(&self) -> &[Value<'a>] {
        &self.items
    }

    /// The items in order.
    pub(crate) fn sorted(&self) -> Vec<Value<'a>> {
        let mut items = self.items.clone();
        if !self.is_sorted {
            items.sort();
        }
        items
    }

    pub(crate) fn contains(&self, value: &Value<'_>) -> bool {
        if self.is_sorted && self.items.len() > SMALL {
            self.items.binary_search_by(|item| compare(item, value)).is_ok()
        } else {
            self.items.iter().any(|item| compare_equal(item, value))
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        compare_equal(self, other)
    }
}

impl Eq for Value<'_> {}

impl PartialOrd for Value<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self, other)
    }
}

impl<'a> Value<'a> {
    /// A value of a document.
    pub(crate) fn of_node(node: Node<'a>) -> Self {
        match node.value() {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(Flag(value)),
            NodeValue::Int(value) => Value::Int(value),
            #[expect(clippy::cast_precision_loss, reason = "numbers above 2^63 are kept as floats")]
            NodeValue::Uint(value) => Value::Float(value as f64),
            NodeValue::Float(value) => Value::number(value),
            NodeValue::String(text) => Value::Str(text),
            NodeValue::Sequence(_) | NodeValue::Mapping(_) => Value::Node(node),
        }
    }

    /// A float, as an integer where it is one.
    pub(crate) fn number(value: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "integral and in range")]
        if value.fract() == 0.0 && value.abs() < 9.0e18 {
            Value::Int(value as i64)
        } else {
            Value::Float(value)
        }
    }

    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Value::Text(text.into())
    }

    pub(crate) fn set(items: Vec<Value<'a>>) -> Self {
        Value::Set(Arc::new(Set::of(items)))
    }

    pub(crate) fn array(items: Vec<Value<'a>>) -> Self {
        Value::Array(items.into())
    }

    /// An object of entries; of equal keys the last counts.
    pub(crate) fn object(mut entries: Vec<(Value<'a>, Value<'a>)>) -> Self {
        if !entries.is_sorted_by(|(left, _), (right, _)| left < right) {
            entries.reverse();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            entries.dedup_by(|(left, _), (right, _)| left == right);
        }
        Value::Object(entries.into())
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "asked for as a float")]
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn is_false(&self) -> bool {
        matches!(self, Value::Bool(Flag(false)))
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Value::Array(_)) || matches!(self, Value::Node(node) if node.is_sequence())
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Value::Object(_)) || matches!(self, Value::Node(node) if node.is_mapping())
    }

    /// The name that `type_name` gives.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) | Value::Float(_) => "number",
            Value::Str(_) | Value::Text(_) => "string",
            Value::Set(_) => "set",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Node(node) if node.is_sequence() => "array",
            Value::Node(_) => "object",
        }
    }

    /// The number of items of a collection.
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Value::Array(items) => Some(items.len()),
            Value::Set(set) => Some(set.len()),
            Value::Object(entries) => Some(entries.len()),
            Value::Node(node) => Some(node.len()),
            _ => None,
        }
    }

    /// `self[key]`: an item of a list, a field of an object, a member of a set.
    pub(crate) fn get(&self, key: &Value<'_>) -> Option<Value<'a>> {
        match self {
            Value::Node(node) => match key.as_str() {
                Some(name) => node.child(name).map(Value::of_node),
                None => Some(Value::of_node(node.item(usize::try_from(key.as_i64()?).ok()?)?)),
            },
            Value::Object(entries) => {
                // Objects are mostly small and their keys texts.
                let found = match (key.as_str(), entries.len() <= SMALL) {
                    (Some(key), true) => entries.iter().find(|(name, _)| name.as_str() == Some(key)),
                    _ => {
                        let index = entries.binary_search_by(|(name, _)| compare(name, key)).ok()?;
                        entries.get(index)
                    }
                };
                found.map(|(_, value)| value.clone())
            }
            Value::Array(items) => items.get(usize::try_from(key.as_i64()?).ok()?).cloned(),
            Value::Set(set) => {
                let index = set.items.iter().position(|item| compare_equal(item, key))?;
                set.items.get(index).cloned()
            }
            _ => None,
        }
    }

    /// `self.name`, or `self["name"]`.
    pub(crate) fn field(&self, name: &str) -> Option<Value<'a>> {
        match self {
            Value::Node(node) => node.child(name).map(Value::of_node),
            _ => self.get(&Value::Str(name)),
        }
    }

    /// The value at the end of a path of names.
    pub(crate) fn at(&self, names: &[Box<str>]) -> Option<Value<'a>> {
        let Some((first, rest)) = names.split_first() else { return Some(self.clone()) };
        match self {
            Value::Node(node) => {
                let node = rest.iter().try_fold(node.child(first)?, |node, name| node.child(name))?;
                Some(Value::of_node(node))
            }
            _ => self.get(&Value::Str(first))?.at(rest),
        }
    }

    /// The items of a list or set, in order.
    pub(crate) fn items(&self) -> Option<Vec<Value<'a>>> {
        match self {
            Value::Array(items) => Some(items.to_vec()),
            Value::Set(set) => Some(set.sorted()),
            Value::Node(node) if node.is_sequence() => Some(node.items().map(Value::of_node).collect()),
            _ => None,
        }
    }

    /// The entries of an object, ordered by key.
    pub(crate) fn entries(&self) -> Option<Vec<(Value<'a>, Value<'a>)>> {
        match self {
            Value::Object(entries) => Some(entries.to_vec()),
            Value::Node(node) if node.is_mapping() => {
                let entries =
                    node.entries().map(|entry| (Value::Str(entry.key), Value::of_node(entry.value)));
                let mut entries: Vec<_> = entries.collect();
                entries.sort_by(|(left, _), (right, _)| left.as_str().cmp(&right.as_str()));
                Some(entries)
            }
            _ => None,
        }
    }

    /// A copy that borrows nothing.
    pub(crate) fn to_owned_value(&self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(flag) => Value::Bool(*flag),
            Value::Int(value) => Value::Int(*value),
            Value::Float(value) => Value::Float(*value),
            Value::Str(text) => Value::Text((*text).into()),
            Value::Text(text) => Value::Text(text.clone()),
            Value::Array(items) => Value::array(items.iter().map(Value::to_owned_value).collect()),
            Value::Set(set) => Value::set(set.items.iter().map(Value::to_owned_value).collect()),
            Value::Object(entries) => Value::Object(
                entries.iter().map(|(key, value)| (key.to_owned_value(), value.to_owned_value())).collect(),
            ),
            Value::Node(node) if node.is_sequence() => {
                Value::array(node.items().map(|item| Value::of_node(item).to_owned_value()).collect())
            }
            Value::Node(_) => {
                let entries = self.entries().unwrap_or_default();
                let owned = entries.iter().map(|(key, value)| (key.to_owned_value(), value.to_owned_value()));
                Value::Object(owned.collect())
            }
        }
    }

    /// As JSON; sets become lists.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::Null => Json::Null,
            Value::Bool(Flag(value)) => Json::Bool(*value),
            Value::Int(value) => Json::from(*value),
            Value::Float(value) => Json::from(*value),
            Value::Str(text) => Json::from(*text),
            Value::Text(text) => Json::from(&**text),
            Value::Array(_) | Value::Set(_) => {
                Json::Array(self.items().unwrap_or_default().iter().map(Value::to_json).collect())
            }
            Value::Node(node) if node.is_sequence() => {
                Json::Array(node.items().map(|item| Value::of_node(item).to_json()).collect())
            }
            Value::Object(_) | Value::Node(_) => {
                let entries = self.entries().unwrap_or_default();
                let entries = entries.iter().map(|(key, value)| {
                    let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                    (key, value.to_json())
                });
                Json::Object(entries.collect())
            }
        }
    }
}

/// The types that `is_string` and its like ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
    Set,
}

impl Type {
    /// The type that a builtin asks for, if it does nothing else.
    pub(crate) fn asked_by(builtin: &str) -> Option<Self> {
        Some(match builtin {
            "is_null" => Type::Null,
            "is_boolean" => Type::Boolean,
            "is_number" => Type::Number,
            "is_string" => Type::String,
            "is_array" => Type::Array,
            "is_object" => Type::Object,
            "is_set" => Type::Set,
            _ => return None,
        })
    }

    /// Whether a value is of the type.
    pub(crate) fn is_of(self, value: &Value<'_>) -> bool {
        match self {
            Type::Null => matches!(value, Value::Null),
            Type::Boolean => matches!(value, Value::Bool(_)),
            Type::Number => matches!(value, Value::Int(_) | Value::Float(_)),
            Type::String => matches!(value, Value::Str(_) | Value::Text(_)),
            Type::Array => value.is_array(),
            Type::Object => value.is_object(),
            Type::Set => matches!(value, Value::Set(_)),
        }
    }
}

/// Place of a type in OPA's order of values.
fn rank(value: &Value<'_>) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Float(_) => 2,
        Value::Str(_) | Value::Text(_) => 3,
        Value::Array(_) => 4,
        Value::Node(node) if node.is_sequence() => 4,
        Value::Object(_) | Value::Node(_) => 5,
        Value::Set(_) => 6,
    }
}

/// OPA's order of values.
pub(crate) fn compare(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            let (left, right) = (left.as_f64().unwrap_or_default(), right.as_f64().unwrap_or_default());
            left.total_cmp(&right)
        }
        (Value::Str(_) | Value::Text(_), Value::Str(_) | Value::Text(_)) => {
            left.as_str().cmp(&right.as_str())
        }
        (Value::Node(left), Value::Node(right)) if left == right => Ordering::Equal,
        _ => match rank(left).cmp(&rank(right)) {
            Ordering::Equal => match rank(left) {
                4 | 6 => compare_items(left, right),
                5 => compare_entries(left, right),
                _ => Ordering::Equal,
            },
            unequal => unequal,
        },
    }
}

fn compare_items(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    let (left, right) = (left.items().unwrap_or_default(), right.items().unwrap_or_default());
    let pairs = left.iter().zip(&right).map(|(left, right)| compare(left, right));
    pairs.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// Objects are compared key by key in order, a key before its value.
fn compare_entries(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    let (left, right) = (left.entries().unwrap_or_default(), right.entries().unwrap_or_default());
    for ((left_key, left_value), (right_key, right_value)) in left.iter().zip(&right) {
        let order = compare(left_key, right_key).then_with(|| compare(left_value, right_value));
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

/// Equality, without making order where none is needed.
pub(crate) fn compare_equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        // Most values that are compared are texts.
        (Value::Str(left), Value::Str(right)) => left == right,
        (Value::Str(_) | Value::Text(_), Value::Str(_) | Value::Text(_)) => left.as_str() == right.as_str(),
        (Value::Str(_) | Value::Text(_), _) | (_, Value::Str(_) | Value::Text(_)) => false,
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Node(left), Value::Node(right)) => nodes_equal(*left, *right),
        (Value::Set(left), Value::Set(right)) => {
            left.len() == right.len() && left.items.iter().all(|item| right.contains(item))
        }
        (Value::Object(left), Value::Object(right)) => {
            let pairs = || left.iter().zip(right.iter());
            left.len() == right.len()
                && pairs().all(|((left, _), (right, _))| compare_equal(left, right))
                && pairs().all(|((_, left), (_, right))| compare_equal(left, right))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right.iter()).all(|(left, right)| compare_equal(left, right))
        }
        (Value::Object(_) | Value::Node(_), Value::Object(_) | Value::Node(_))
        | (Value::Array(_), Value::Node(_))
        | (Value::Node(_), Value::Array(_)) => left.len() == right.len() && compare(left, right).is_eq(),
        (Value::Array(_) | Value::Object(_) | Value::Set(_) | Value::Node(_), _) => false,
        _ => compare(left, right).is_eq(),
    }
}

fn nodes_equal(left: Node<'_>, right: Node<'_>) -> bool {
    if left == right {
        return true;
    }
    if left.len() != right.len() || left.is_mapping() != right.is_mapping() {
        return false;
    }
    if left.is_mapping() {
        // Maps that are alike mostly have their keys in one order.
        return left.entries().zip(right.entries()).all(|(entry, beside)| {
            let other = if beside.key == entry.key { Some(beside.value) } else { right.child(entry.key) };
            other.is_some_and(|other| compare_equal(&Value::of_node(entry.value), &Value::of_node(other)))
        });
    }
    let mut pairs = left.items().zip(right.items());
    pairs.all(|(left, right)| compare_equal(&Value::of_node(left), &Value::of_node(right)))
}

/// A number as OPA prints it.
pub(crate) fn number_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        return format!("{value:.0}");
    }
    go::json_float(value)
}

impl std::fmt::Display for Value<'_> {
    /// As OPA prints a term.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(Flag(value)) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => f.write_str(&number_text(*value)),
            Value::Str(text) => f.write_str(&go::quote(text)),
            Value::Text(text) => f.write_str(&go::quote(text)),
            Value::Set(set) if set.len() == 0 => f.write_str("set()"),
            Value::Set(_) => list(f, '{', &self.items().unwrap_or_default(), '}'),
            Value::Array(_) => list(f, '[', &self.items().unwrap_or_default(), ']'),
            Value::Node(node) if node.is_sequence() => list(f, '[', &self.items().unwrap_or_default(), ']'),
            Value::Object(_) | Value::Node(_) => {
                f.write_char('{')?;
                for (index, (key, value)) in self.entries().unwrap_or_default().iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{key}: {value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn list(f: &mut std::fmt::Formatter<'_>, open: char, items: &[Value<'_>], close: char) -> std::fmt::Result {
    f.write_char(open)?;
    for (index, item) in items.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{item}")?;
    }
    f.write_char(close)
}
