//! Operators, conversions, optionals.

use std::cmp::Ordering;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use crate::decls::Func;
use crate::eval::{Evaluated, Evaluator, Limits, len_of};
use crate::fail::Fail;
use crate::net::Cidr;
use crate::number::{format_double, parse_double};
use crate::program::Constant;
use crate::time::{Timestamp, format_duration, parse_duration};
use crate::value::{Value, compare_numbers};

pub(super) fn call<'a>(evaluator: &mut Evaluator<'a>, func: Func, args: &[Value<'a>]) -> Evaluated<'a> {
    match (func, args) {
        (Func::Not, [Value::Bool(value)]) => Ok(Value::Bool(!value)),
        (Func::Negate, [Value::Int(value)]) => value.checked_neg().map(Value::Int).ok_or_else(int_overflow),
        (Func::Negate, [Value::Double(value)]) => Ok(Value::Double(-value)),
        (Func::Equal, [one, other]) => evaluator.equal(one, other).map(Value::Bool),
        (Func::NotEqual, [one, other]) => evaluator.equal(one, other).map(|equal| Value::Bool(!equal)),
        (Func::Less, [one, other]) => compare(one, other, Ordering::is_lt),
        (Func::LessEqual, [one, other]) => compare(one, other, Ordering::is_le),
        (Func::Greater, [one, other]) => compare(one, other, Ordering::is_gt),
        (Func::GreaterEqual, [one, other]) => compare(one, other, Ordering::is_ge),
        (Func::Add, [one, other]) => add(evaluator, one, other),
        (Func::Subtract, [one, other]) => subtract(one, other),
        (Func::Multiply, [one, other]) => match (one, other) {
            (Value::Int(one), Value::Int(other)) => {
                one.checked_mul(*other).map(Value::Int).ok_or_else(int_overflow)
            }
            (Value::Uint(one), Value::Uint(other)) => {
                one.checked_mul(*other).map(Value::Uint).ok_or_else(uint_overflow)
            }
            (Value::Double(one), Value::Double(other)) => Ok(Value::Double(one * other)),
            _ => Err(Fail::no_such_overload()),
        },
        (Func::Divide, [one, other]) => match (one, other) {
            (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => {
                Err(Fail::division_by_zero())
            }
            (Value::Int(one), Value::Int(other)) => {
                one.checked_div(*other).map(Value::Int).ok_or_else(int_overflow)
            }
            (Value::Uint(one), Value::Uint(other)) => Ok(Value::Uint(one / other)),
            (Value::Double(one), Value::Double(other)) => Ok(Value::Double(one / other)),
            _ => Err(Fail::no_such_overload()),
        },
        (Func::Modulo, [one, other]) => match (one, other) {
            (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => Err(Fail::modulus_by_zero()),
            (Value::Int(one), Value::Int(other)) => {
                one.checked_rem(*other).map(Value::Int).ok_or_else(int_overflow)
            }
            (Value::Uint(one), Value::Uint(other)) => Ok(Value::Uint(one % other)),
            _ => Err(Fail::no_such_overload()),
        },
        (Func::In, [item, container]) => is_in(evaluator, item, container),
        (Func::Size, [value]) => match value {
            Value::String(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::NodeList(_)
            | Value::Map(_)
            | Value::NodeMap(_) => Ok(Value::Int(i64::try_from(value.size()).unwrap_or(i64::MAX))),
            _ => Err(Fail::no_such_overload()),
        },
        (Func::TypeOf, [value]) => Ok(Value::Type(value.type_name())),
        (Func::ToDyn, [value]) => Ok(*value),
        (
            Func::ToBool
            | Func::ToBytes
            | Func::ToDouble
            | Func::ToDuration
            | Func::ToInt
            | Func::ToString
            | Func::ToTimestamp
            | Func::ToUint,
            [value],
        ) => convert(evaluator, func, value),
        (Func::OptionalOf, [value]) => Ok(evaluator.some(*value)),
        (Func::OptionalOfNonZero, [value]) => {
            Ok(if value.is_zero() { Value::Optional(None) } else { evaluator.some(*value) })
        }
        (Func::OptionalNone, []) => Ok(Value::Optional(None)),
        (Func::OptionalValue, [Value::Optional(inner)]) => {
            inner.copied().ok_or_else(|| Fail::error("optional.none() dereference"))
        }
        (Func::HasValue, [Value::Optional(inner)]) => Ok(Value::Bool(inner.is_some())),
        _ => Err(Fail::no_such_overload()),
    }
}

fn int_overflow() -> Fail {
    Fail::overflow("integer")
}

fn uint_overflow() -> Fail {
    Fail::overflow("unsigned integer")
}

/// The order of two values; an error where they have none, `None` where a NaN is among them.
pub(super) fn order(one: &Value<'_>, other: &Value<'_>) -> Result<Option<Ordering>, Fail> {
    Ok(match (one, other) {
        (
            Value::Int(_) | Value::Uint(_) | Value::Double(_),
            Value::Int(_) | Value::Uint(_) | Value::Double(_),
        ) => compare_numbers(one, other),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Bytes(one), Value::Bytes(other)) => Some(one.cmp(other)),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (Value::Duration(one), Value::Duration(other)) => Some(one.cmp(other)),
        (Value::Timestamp(one), Value::Timestamp(other)) => Some(one.cmp(other)),
        _ => return Err(Fail::no_such_overload()),
    })
}

fn compare<'a>(one: &Value<'a>, other: &Value<'a>, wanted: fn(Ordering) -> bool) -> Evaluated<'a> {
    if matches!(one, Value::Double(value) if value.is_nan())
        || matches!(other, Value::Double(value) if value.is_nan())
    {
        return Err(Fail::error("NaN values cannot be ordered"));
    }
    order(one, other).map(|order| Value::Bool(order.is_some_and(wanted)))
}

pub(super) fn add<'a>(evaluator: &mut Evaluator<'a>, one: &Value<'a>, other: &Value<'a>) -> Evaluated<'a> {
    let overflow = |what: &str| Fail::overflow(what);
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => {
            one.checked_add(*other).map(Value::Int).ok_or_else(int_overflow)
        }
        (Value::Uint(one), Value::Uint(other)) => {
            one.checked_add(*other).map(Value::Uint).ok_or_else(uint_overflow)
        }
        (Value::Double(one), Value::Double(other)) => Ok(Value::Double(one + other)),
        (Value::String(one), Value::String(other)) => {
            evaluator.toil_bytes(one.len() + other.len())?;
            let mut text =
                bumpalo::collections::String::with_capacity_in(one.len() + other.len(), evaluator.arena);
            text.push_str(one);
            text.push_str(other);
            Ok(Value::String(text.into_bump_str()))
        }
        (Value::Bytes(one), Value::Bytes(other)) => {
            evaluator.toil_bytes(one.len() + other.len())?;
            let mut bytes = BumpVec::with_capacity_in(one.len() + other.len(), evaluator.arena);
            bytes.extend_from_slice(one);
            bytes.extend_from_slice(other);
            Ok(Value::Bytes(bytes.into_bump_slice()))
        }
        (Value::List(_) | Value::NodeList(_), Value::List(_) | Value::NodeList(_)) => {
            let (Some(ones), Some(others)) = (one.items(), other.items()) else {
                return Err(Fail::no_such_overload());
            };
            if others.len() == 0 {
                return Ok(*one);
            }
            if ones.len() == 0 {
                return Ok(*other);
            }
            // A copy, where the reference only notes both parts: paid for by its length.
            evaluator.toil_items(ones.len() + others.len())?;
            let mut items = BumpVec::with_capacity_in(ones.len() + others.len(), evaluator.arena);
            items.extend(ones.chain(others));
            Ok(Value::List(items.into_bump_slice()))
        }
        (Value::Duration(one), Value::Duration(other)) => {
            one.checked_add(*other).map(Value::Duration).ok_or_else(|| overflow("duration"))
        }
        (Value::Timestamp(at), Value::Duration(nanos)) | (Value::Duration(nanos), Value::Timestamp(at)) => {
            at.plus(*nanos).map(Value::Timestamp).ok_or_else(|| overflow("timestamp"))
        }
        _ => Err(Fail::no_such_overload()),
    }
}

fn subtract<'a>(one: &Value<'a>, other: &Value<'a>) -> Evaluated<'a> {
    let overflow = |what: &str| Fail::overflow(what);
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => {
            one.checked_sub(*other).map(Value::Int).ok_or_else(int_overflow)
        }
        (Value::Uint(one), Value::Uint(other)) => {
            one.checked_sub(*other).map(Value::Uint).ok_or_else(uint_overflow)
        }
        (Value::Double(one), Value::Double(other)) => Ok(Value::Double(one - other)),
        (Value::Duration(one), Value::Duration(other)) => {
            one.checked_sub(*other).map(Value::Duration).ok_or_else(|| overflow("duration"))
        }
        (Value::Timestamp(at), Value::Duration(nanos)) => {
            let later = nanos.checked_neg().and_then(|nanos| at.plus(nanos));
            later.map(Value::Timestamp).ok_or_else(|| overflow("timestamp"))
        }
        (Value::Timestamp(one), Value::Timestamp(other)) => {
            one.since(other).map(Value::Duration).ok_or_else(|| overflow("duration"))
        }
        _ => Err(Fail::no_such_overload()),
    }
}

fn is_in<'a>(evaluator: &mut Evaluator<'a>, item: &Value<'a>, container: &Value<'a>) -> Evaluated<'a> {
    match container {
        Value::List(_) | Value::NodeList(_) => {
            for candidate in container.items().into_iter().flatten() {
                if evaluator.equal(item, &candidate)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        Value::Map(map) => Ok(Value::Bool(map.get(item).is_some())),
        Value::NodeMap(node) => {
            evaluator.toil_items(len_of(container) / 8)?;
            Ok(Value::Bool(item.as_str().is_some_and(|key| node.get(key).is_some())))
        }
        _ => Err(Fail::no_such_overload()),
    }
}

fn convert<'a>(evaluator: &mut Evaluator<'a>, func: Func, value: &Value<'a>) -> Evaluated<'a> {
    let wanted = match func {
        Func::ToBool => "bool",
        Func::ToBytes => "bytes",
        Func::ToDouble => "double",
        Func::ToDuration => "google.protobuf.Duration",
        Func::ToInt => "int",
        Func::ToTimestamp => "google.protobuf.Timestamp",
        Func::ToUint => "uint",
        _ => "string",
    };
    let converted = match (func, value) {
        (Func::ToBool, Value::Bool(_))
        | (Func::ToBytes, Value::Bytes(_))
        | (Func::ToDouble, Value::Double(_))
        | (Func::ToDuration, Value::Duration(_))
        | (Func::ToInt, Value::Int(_))
        | (Func::ToString, Value::String(_))
        | (Func::ToTimestamp, Value::Timestamp(_))
        | (Func::ToUint, Value::Uint(_)) => Some(*value),
        (Func::ToBool, Value::String(text)) => match *text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(Value::Bool(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        (Func::ToBytes, Value::String(text)) => Some(Value::Bytes(text.as_bytes())),
        #[expect(clippy::cast_precision_loss, reason = "a double is asked for")]
        (Func::ToDouble, Value::Int(value)) => Some(Value::Double(*value as f64)),
        #[expect(clippy::cast_precision_loss, reason = "a double is asked for")]
        (Func::ToDouble, Value::Uint(value)) => Some(Value::Double(*value as f64)),
        (Func::ToDouble, Value::String(text)) => parse_double(text).map(Value::Double),
        (Func::ToDuration, Value::String(text)) => parse_duration(text).map(Value::Duration),
        (Func::ToInt, Value::Double(value)) => return double_to_int(*value),
        (Func::ToInt, Value::Uint(value)) => {
            return i64::try_from(*value).map(Value::Int).map_err(|_| int_overflow());
        }
        (Func::ToInt, Value::String(text)) => parse_int(text).map(Value::Int),
        (Func::ToInt, Value::Timestamp(at)) => Some(Value::Int(at.seconds)),
        (Func::ToInt, Value::Duration(nanos)) => Some(Value::Int(*nanos)),
        (Func::ToUint, Value::Int(value)) => {
            return u64::try_from(*value).map(Value::Uint).map_err(|_| uint_overflow());
        }
        (Func::ToUint, Value::Double(value)) => return double_to_uint(*value),
        (Func::ToUint, Value::String(text)) => text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok().map(Value::Uint))
            .flatten(),
        (Func::ToTimestamp, Value::Int(seconds)) => {
            let at = Timestamp::new(*seconds, 0);
            return at.map(Value::Timestamp).ok_or_else(|| Fail::error("timestamp overflow"));
        }
        (Func::ToTimestamp, Value::String(text)) => Timestamp::parse(text).map(Value::Timestamp),
        (Func::ToString, value) => return to_string(evaluator, value),
        _ => return Err(Fail::no_such_overload()),
    };
    converted.ok_or_else(|| {
        Fail::error(format!("type conversion error from '{}' to '{wanted}'", value.type_name()))
    })
}

/// Go takes a plus sign in front.
fn parse_int(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn double_to_int<'a>(value: f64) -> Evaluated<'a> {
    // Both ends are left out: they are not whole numbers that a double can tell from what lies beyond.
    if value > -9_223_372_036_854_775_808.0 && value < 9_223_372_036_854_775_808.0 {
        #[expect(clippy::cast_possible_truncation, reason = "in range; the fraction is cut on purpose")]
        let whole = value as i64;
        return Ok(Value::Int(whole));
    }
    Err(int_overflow())
}

fn double_to_uint<'a>(value: f64) -> Evaluated<'a> {
    if (0.0..18_446_744_073_709_551_616.0).contains(&value) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        let whole = value as u64;
        return Ok(Value::Uint(whole));
    }
    Err(uint_overflow())
}

fn to_string<'a>(evaluator: &mut Evaluator<'a>, value: &Value<'a>) -> Evaluated<'a> {
    match value {
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::String(text)),
            Err(_) => Err(Fail::error("invalid UTF-8 in bytes, cannot convert to string")),
        },
        Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Double(_)
        | Value::Duration(_)
        | Value::Timestamp(_)
        | Value::Ip(_)
        | Value::Cidr(..) => {
            let text = show(value);
            evaluator.text(&text)
        }
        _ => Err(Fail::no_such_overload()),
    }
}

/// A scalar as `string()` shows it; other values by their type.
pub(crate) fn show(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Double(value) => format_double(*value),
        Value::String(text) => (*text).to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Duration(nanos) => format_duration(*nanos),
        Value::Timestamp(at) => at.to_string(),
        Value::Type(name) => (*name).to_owned(),
        Value::Ip(address) => address.to_string(),
        Value::Cidr(address, bits) => Cidr(*address, *bits).to_string(),
        other => other.type_name().to_owned(),
    }
}

/// Converts a literal while the program is made, as the reference does: a failure refuses the expression.
pub(crate) fn convert_constant(func: Func, constant: &Constant) -> Result<Constant, Fail> {
    let arena = Bump::new();
    let mut evaluator = Evaluator::new(&arena, Limits::default());
    let value = Value::of_constant(constant);
    let converted = call(&mut evaluator, func, &[value])?;
    Ok(match converted {
        Value::Null => Constant::Null,
        Value::Bool(value) => Constant::Bool(value),
        Value::Int(value) => Constant::Int(value),
        Value::Uint(value) => Constant::Uint(value),
        Value::Double(value) => Constant::Double(value),
        Value::String(text) => Constant::String(text.into()),
        Value::Bytes(bytes) => Constant::Bytes(bytes.into()),
        Value::Duration(nanos) => Constant::Duration(nanos),
        Value::Timestamp(at) => Constant::Timestamp(at),
        Value::Type(name) => Constant::Type(name.into()),
        _ => return Err(Fail::no_such_overload()),
    })
}
