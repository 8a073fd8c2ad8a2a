//! Values: borrowed from documents, from programs and from the arena of one review; never owned.

use std::cmp::Ordering;
use std::net::IpAddr;

use bumpalo::Bump;
use haechi_syntax::{Node, Value as Tree};

use crate::authz::Authz;
use crate::format::NamedFormat;
use crate::program::Constant;
use crate::quantity::Quantity;
use crate::semver::Version;
use crate::time::Timestamp;
use crate::url::Url;

/// A value at run time: a small, copyable handle.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint`
    Uint(u64),
    /// `double`
    Double(f64),
    /// `string`
    String(&'a str),
    /// `bytes`
    Bytes(&'a [u8]),
    /// `google.protobuf.Duration`, in nanoseconds.
    Duration(i64),
    /// `google.protobuf.Timestamp`
    Timestamp(Timestamp),
    /// A list made at run time.
    List(&'a [Value<'a>]),
    /// A list in a document.
    NodeList(Node<'a>),
    /// A map made at run time.
    Map(Map<'a>),
    /// A map in a document. An entry whose value is null is an absent one, as for Kubernetes.
    NodeMap(Node<'a>),
    /// A type, by its name.
    Type(&'a str),
    /// An optional.
    Optional(Option<&'a Value<'a>>),
    /// An object literal.
    Object(&'a Object<'a>),
    /// `net.IP`
    Ip(IpAddr),
    /// `net.CIDR`
    Cidr(IpAddr, u8),
    /// `kubernetes.URL`
    Url(&'a Url<'a>),
    /// `kubernetes.Quantity`
    Quantity(&'a Quantity),
    /// `kubernetes.Semver`
    Semver(&'a Version<'a>),
    /// `kubernetes.NamedFormat`
    Format(NamedFormat),
    /// What `authorizer` and its calls make.
    Authz(&'a Authz<'a>),
    /// `variables`: the composed variables of a policy, evaluated when asked for.
    Variables,
}

/// A map made at run time: entries ordered by key, each key once.
#[derive(Debug, Clone, Copy)]
pub struct Map<'a> {
    entries: &'a [(Value<'a>, Value<'a>)],
}

/// `Object.spec{replicas: 1}`
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// The name of its type.
    pub type_name: &'a str,
    /// The fields that are set, in the order of the text.
    pub fields: &'a [(&'a str, Value<'a>)],
}

impl<'a> Object<'a> {
    /// The field of that name if it is set.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
    }
}

impl<'a> Map<'a> {
    /// Sorts the entries. Of entries with equal keys the last counts.
    pub fn new(arena: &'a Bump, mut entries: Vec<(Value<'a>, Value<'a>)>) -> Self {
        entries.sort_by(|(one, _), (other, _)| compare_keys(one, other));
        let mut unique: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for entry in entries {
            match unique.last_mut() {
                Some(last) if compare_keys(&last.0, &entry.0).is_eq() => *last = entry,
                _ => unique.push(entry),
            }
        }
        Self { entries: arena.alloc_slice_copy(&unique) }
    }

    /// A map with text for keys.
    pub fn of_fields(arena: &'a Bump, fields: &[(&'a str, Value<'a>)]) -> Self {
        let entries: &mut [(Value<'a>, Value<'a>)] =
            arena.alloc_slice_fill_iter(fields.iter().map(|(key, value)| (Value::String(key), *value)));
        entries.sort_by(|(one, _), (other, _)| compare_keys(one, other));
        Self { entries }
    }

    /// The entries, ordered by key.
    pub fn entries(&self) -> &'a [(Value<'a>, Value<'a>)] {
        self.entries
    }

    /// The value under a key; numbers of different types that are equal are one key.
    pub fn get(&self, key: &Value<'_>) -> Option<Value<'a>> {
        if !is_key(key) {
            return None;
        }
        let found = self.entries.binary_search_by(|(known, _)| compare_keys(known, key)).ok()?;
        self.entries.get(found).map(|(_, value)| *value)
    }
}

pub(crate) fn is_key(key: &Value<'_>) -> bool {
    matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::String(_))
}

/// Orders keys: booleans, numbers by amount, strings.
pub(crate) fn compare_keys(one: &Value<'_>, other: &Value<'_>) -> Ordering {
    let rank = |value: &Value<'_>| match value {
        Value::Bool(_) => 0,
        Value::Int(_) | Value::Uint(_) | Value::Double(_) => 1,
        _ => 2,
    };
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ if rank(one) == 1 && rank(other) == 1 => compare_exactly(one, other).unwrap_or(Ordering::Equal),
        _ => rank(one).cmp(&rank(other)),
    }
}

/// Compares numbers of any types as the reference does: an integer is rounded to the double it is compared with.
/// `None` for NaN and for what is no number.
#[expect(clippy::cast_precision_loss, reason = "rounded on purpose")]
pub(crate) fn compare_numbers(one: &Value<'_>, other: &Value<'_>) -> Option<Ordering> {
    match (*one, *other) {
        (Value::Double(one), Value::Int(other)) => one.partial_cmp(&(other as f64)),
        (Value::Double(one), Value::Uint(other)) => one.partial_cmp(&(other as f64)),
        (Value::Int(one), Value::Double(other)) => (one as f64).partial_cmp(&other),
        (Value::Uint(one), Value::Double(other)) => (one as f64).partial_cmp(&other),
        _ => compare_exactly(one, other),
    }
}

/// Compares numbers of any types by amount, as keys of maps; `None` for NaN and for what is no number.
fn compare_exactly(one: &Value<'_>, other: &Value<'_>) -> Option<Ordering> {
    match (*one, *other) {
        (Value::Int(one), Value::Int(other)) => Some(one.cmp(&other)),
        (Value::Uint(one), Value::Uint(other)) => Some(one.cmp(&other)),
        (Value::Double(one), Value::Double(other)) => one.partial_cmp(&other),
        (Value::Int(one), Value::Uint(other)) => Some(compare_signed(one, other)),
        (Value::Uint(one), Value::Int(other)) => Some(compare_signed(other, one).reverse()),
        (Value::Double(one), Value::Int(other)) => compare_float(one, i128::from(other)),
        (Value::Double(one), Value::Uint(other)) => compare_float(one, i128::from(other)),
        (Value::Int(one), Value::Double(other)) => {
            compare_float(other, i128::from(one)).map(Ordering::reverse)
        }
        (Value::Uint(one), Value::Double(other)) => {
            compare_float(other, i128::from(one)).map(Ordering::reverse)
        }
        _ => None,
    }
}

fn compare_signed(one: i64, other: u64) -> Ordering {
    i128::from(one).cmp(&i128::from(other))
}

/// Exact: an integer above 2^53 is not rounded to the float that it is compared with.
fn compare_float(one: f64, other: i128) -> Option<Ordering> {
    if one.is_nan() {
        return None;
    }
    if one >= 2.0_f64.powi(64) {
        return Some(Ordering::Greater);
    }
    if one < -(2.0_f64.powi(63)) {
        return Some(Ordering::Less);
    }
    #[expect(clippy::cast_possible_truncation, reason = "within ±2^64 after the tests above")]
    let whole = one.trunc() as i128;
    Some(match whole.cmp(&other) {
        Ordering::Equal => one.fract().partial_cmp(&0.0)?,
        unequal => unequal,
    })
}

impl<'a> Value<'a> {
    /// The value that Kubernetes makes of a part of a document: whole numbers are ints however they were written.
    pub fn of_node(node: Node<'a>) -> Self {
        match node.value() {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(value),
            Tree::Int(value) => Value::Int(value),
            #[expect(clippy::cast_precision_loss, reason = "Kubernetes makes a float of it too")]
            Tree::Uint(value) => Value::Double(value as f64),
            // JSON writes a whole number below 1e21 without a point, and Kubernetes reads it back as an integer
            // where it fits.
            Tree::Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => {
                #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
                let whole = value as i64;
                Value::Int(whole)
            }
            Tree::Float(value) => Value::Double(value),
            Tree::String(text) => Value::String(text),
            Tree::Sequence(_) => Value::NodeList(node),
            Tree::Mapping(_) => Value::NodeMap(node),
        }
    }

    pub(crate) fn of_constant(constant: &'a Constant) -> Self {
        match constant {
            Constant::Null => Value::Null,
            Constant::Bool(value) => Value::Bool(*value),
            Constant::Int(value) => Value::Int(*value),
            Constant::Uint(value) => Value::Uint(*value),
            Constant::Double(value) => Value::Double(*value),
            Constant::String(text) => Value::String(text),
            Constant::Bytes(bytes) => Value::Bytes(bytes),
            Constant::Duration(nanos) => Value::Duration(*nanos),
            Constant::Timestamp(at) => Value::Timestamp(*at),
            Constant::Type(name) => Value::Type(name),
        }
    }

    /// The name of the type, as `type()` shows it.
    pub fn type_name(&self) -> &'a str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Double(_) => "double",
            Value::String(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::Duration(_) => "google.protobuf.Duration",
            Value::Timestamp(_) => "google.protobuf.Timestamp",
            Value::List(_) | Value::NodeList(_) => "list",
            Value::Map(_) | Value::NodeMap(_) => "map",
            Value::Type(_) => "type",
            Value::Optional(_) => "optional_type",
            Value::Object(object) => object.type_name,
            Value::Ip(_) => "net.IP",
            Value::Cidr(..) => "net.CIDR",
            Value::Url(_) => "kubernetes.URL",
            Value::Quantity(_) => "kubernetes.Quantity",
            Value::Semver(_) => "kubernetes.Semver",
            Value::Format(_) => "kubernetes.NamedFormat",
            Value::Authz(value) => value.type_name(),
            Value::Variables => "kubernetes.variables",
        }
    }

    /// The text if this is a string.
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Number of items of a list, of entries of a map, of characters of a string, of bytes; 1 for anything else.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Value::String(text) => text.chars().count() as u64,
            Value::Bytes(bytes) => bytes.len() as u64,
            Value::List(items) => items.len() as u64,
            Value::NodeList(node) => node.len() as u64,
            Value::Map(map) => map.entries.len() as u64,
            Value::NodeMap(node) => present(*node).count() as u64,
            Value::Optional(Some(value)) => value.size(),
            Value::Cidr(address, _) => {
                if address.is_ipv4() {
                    4
                } else {
                    16
                }
            }
            Value::Ip(address) => {
                if address.is_ipv4() {
                    4
                } else {
                    16
                }
            }
            _ => 1,
        }
    }

    /// The items if this is a list.
    pub fn items(&self) -> Option<Items<'a>> {
        match self {
            Value::List(items) => Some(Items::Values(items.iter())),
            Value::NodeList(node) => Some(Items::Nodes(node.items())),
            _ => None,
        }
    }

    /// Whether this is what a default of its type would be.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Int(value) => *value == 0,
            Value::Uint(value) => *value == 0,
            Value::Double(value) => *value == 0.0,
            Value::String(text) => text.is_empty(),
            Value::Bytes(bytes) => bytes.is_empty(),
            Value::Duration(nanos) => *nanos == 0,
            Value::Timestamp(at) => at.is_go_zero(),
            Value::List(_) | Value::NodeList(_) | Value::Map(_) | Value::NodeMap(_) => self.size() == 0,
            Value::Optional(value) => value.is_none_or(|value| value.is_zero()),
            Value::Object(object) => object.fields.is_empty(),
            _ => false,
        }
    }
}

/// Entries of a document's map whose value is not null.
pub(crate) fn present<'a>(node: Node<'a>) -> impl Iterator<Item = haechi_syntax::Entry<'a>> {
    node.entries().filter(|entry| !entry.value.is_null())
}

/// The items of a list.
#[derive(Debug, Clone)]
pub enum Items<'a> {
    /// Made at run time.
    Values(std::slice::Iter<'a, Value<'a>>),
    /// In a document.
    Nodes(haechi_syntax::Items<'a>),
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Items::Values(values) => values.next().copied(),
            Items::Nodes(nodes) => nodes.next().map(Value::of_node),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match self {
            Items::Values(values) => values.len(),
            Items::Nodes(nodes) => nodes.len(),
        };
        (len, Some(len))
    }

    fn nth(&mut self, n: usize) -> Option<Value<'a>> {
        match self {
            Items::Values(values) => values.nth(n).copied(),
            Items::Nodes(nodes) => nodes.nth(n).map(Value::of_node),
        }
    }
}

impl ExactSizeIterator for Items<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fits_three_words() {
        assert_eq!(size_of::<Value<'_>>(), 24);
    }

    #[test]
    fn keys_beyond_the_precision_of_floats_are_told_apart() {
        let big = Value::Int(9_007_199_254_740_993);
        assert_eq!(compare_exactly(&Value::Double(9_007_199_254_740_992.0), &big), Some(Ordering::Less));
        assert_eq!(compare_exactly(&Value::Uint(u64::MAX), &Value::Int(-1)), Some(Ordering::Greater));
        assert_eq!(compare_exactly(&Value::Double(-0.5), &Value::Int(0)), Some(Ordering::Less));
        assert_eq!(compare_exactly(&Value::Double(f64::NAN), &Value::Int(0)), None);
    }
}
