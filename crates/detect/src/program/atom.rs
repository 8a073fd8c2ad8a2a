//! Checks: a getter, an operator, and constants or another getter.

use std::borrow::Cow;
use std::net::IpAddr;

use super::getter::{GetterId, Yield};
use super::number::{self, Network};
use super::text::{PathSet, TextSet, TextTest};
use crate::condition::{Comparison, Modifier, Operator};
use crate::fields::Type;

/// A check with everything compiled.
#[derive(Debug, Clone)]
pub(crate) struct Atom {
    pub(crate) left: GetterId,
    pub(crate) test: Test,
}

/// What a check asks about its left side. Where that has several values, one that passes is enough, unless the
/// test says otherwise.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Exists,
    Text(TextTest),
    TextIn(TextSet),
    /// Every value of a list is in the set.
    AllTextsIn(TextSet),
    Paths(PathSet),
    /// As many of these hold as the modifier asks for.
    Modified(Modifier, Vec<Test>),
    Number(Comparison, i128),
    NumberIn(Vec<i128>),
    Float(Comparison, f64),
    FloatIn(Vec<f64>),
    Boolean {
        when_true: bool,
        when_false: bool,
    },
    /// Whether it is one of these, or (`false`) none of them.
    Addresses(bool, Vec<IpAddr>),
    Networks(bool, Vec<Network>),
    /// Whether the event's time in digits is this, or (`false`) is not: numbers compare faster than digits are written.
    TimeDigits(bool, u64),
    /// Against another field.
    Other(Operator, GetterId),
    /// Never true: `in ()`.
    Never,
}

/// Whether a field of that type may stand left of the operator.
///
/// # Errors
/// Falco's text.
pub(crate) fn check_operator(operator: Operator, left: Yield) -> Result<(), String> {
    use Comparison::*;
    let comparison = operator.comparison;
    if comparison == Exists {
        return Ok(());
    }
    let refuse = |what: &str| Err(format!("filter error: '{comparison}' operator not supported {what}"));
    if left.is_list {
        return match comparison {
            In | Intersects => Ok(()),
            _ => refuse("list filters"),
        };
    }
    let is_set = matches!(comparison, Eq | Ne | In | Intersects);
    match left.ty {
        Type::Text | Type::Dynamic => match comparison {
            BContains | BStartsWith => refuse("for string filters"),
            _ => Ok(()),
        },
        Type::Bytes => match comparison {
            Contains | StartsWith | EndsWith | BContains | BStartsWith => Ok(()),
            _ if is_set => Ok(()),
            _ => refuse("for buffer filters"),
        },
        Type::Address | Type::Network if is_set => Ok(()),
        Type::Address | Type::Network => refuse("for ip address and network filters"),
        Type::Boolean if is_set => Ok(()),
        _ if is_set => Ok(()),
        _ if left.ty.is_number() && matches!(comparison, Lt | Le | Gt | Ge) => Ok(()),
        _ => refuse("for numeric filters"),
    }
}

/// Compiles a check against constants.
///
/// # Errors
/// Falco's text: a constant that is no value of the field's type, a regular expression that is none.
pub(crate) fn compile(operator: Operator, left: Yield, values: &[Vec<u8>]) -> Result<Test, String> {
    let comparison = operator.comparison;
    let mut decoded = Vec::new();
    if left.ty != Type::Bytes && values.iter().any(|value| value.contains(&0)) {
        return Err("filter error: filter value cannot contain a NUL byte (\\x00)".into());
    }
    let values = match comparison {
        Comparison::BContains | Comparison::BStartsWith => {
            for value in values {
                decoded
                    .push(unhex(value).ok_or(
                        "filter error: bcontains and bstartswith operator support hex strings only",
                    )?);
            }
            &decoded
        }
        _ => values,
    };
    let texts = || values.iter().map(Vec::as_slice);
    if values.is_empty() {
        return Ok(Test::Never);
    }
    let is_text = matches!(left.ty, Type::Text | Type::Bytes | Type::Dynamic);
    match (comparison, operator.modifier) {
        (Comparison::Eq, Some(Modifier::AnyOf)) if is_text => Ok(Test::TextIn(TextSet::new(texts()))),
        (_, Some(modifier)) => {
            let single = |value: &[u8]| match is_text {
                true => TextTest::new(comparison, value).map(Test::Text),
                false => compile_typed(comparison, left.ty, &[value.to_vec()]),
            };
            Ok(Test::Modified(modifier, texts().map(single).collect::<Result<_, _>>()?))
        }
        (_, None) if !is_text => compile_typed(comparison, left.ty, values),
        (Comparison::In, None) if left.is_list => Ok(Test::AllTextsIn(TextSet::new(texts()))),
        (Comparison::In | Comparison::Intersects, None) => Ok(Test::TextIn(TextSet::new(texts()))),
        (Comparison::PMatch, None) => Ok(Test::Paths(PathSet::new(texts()))),
        (comparison, None) => Ok(Test::Text(TextTest::new(comparison, texts().next().unwrap_or_default())?)),
    }
}

/// A check of the event's time, of which rules ask for the digits.
pub(crate) fn time_digits(operator: Operator, values: &[Vec<u8>]) -> Option<Test> {
    let is_equal = match (operator.comparison, operator.modifier) {
        (Comparison::Eq, None) => true,
        (Comparison::Ne, None) => false,
        _ => return None,
    };
    let [value] = values else { return None };
    let number: u64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    // Leading zeros and signs are no digits of a time.
    (number.to_string().as_bytes() == value.as_slice()).then_some(Test::TimeDigits(is_equal, number))
}

fn compile_typed(comparison: Comparison, ty: Type, values: &[Vec<u8>]) -> Result<Test, String> {
    let texts: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value)).collect();
    let is_set = comparison.takes_list();
    let is_positive = comparison != Comparison::Ne;
    Ok(match ty {
        Type::Address => Test::Addresses(is_positive, parse_all(&texts, number::parse_address)?),
        Type::Network => Test::Networks(is_positive, parse_all(&texts, number::parse_network)?),
        Type::Boolean => {
            let values = parse_all(&texts, number::parse_boolean)?;
            let holds = |value: bool| values.contains(&value) == is_positive;
            Test::Boolean { when_true: holds(true), when_false: holds(false) }
        }
        Type::Float => {
            let values = parse_all(&texts, number::parse_float)?;
            match values.first() {
                Some(value) if !is_set => Test::Float(comparison, *value),
                _ => Test::FloatIn(values),
            }
        }
        ty => {
            let parse = |text: &str| match ty {
                Type::Port => number::parse_port(text),
                _ => number::parse_integer(text, ty != Type::Signed),
            };
            let mut values = parse_all(&texts, parse)?;
            match values.first() {
                Some(value) if !is_set => Test::Number(comparison, *value),
                _ => {
                    values.sort_unstable();
                    Test::NumberIn(values)
                }
            }
        }
    })
}

fn parse_all<T>(texts: &[Cow<'_, str>], parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    texts.iter().map(|text| parse(text)).collect()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}
