//! Comparison and arithmetic.

use super::{Answer, Builtin, builtin, truth};
use crate::rego::eval::Evaluation;
use crate::rego::value::{Value, compare, compare_equal};

/// Longest list that `numbers.range` makes.
const RANGE: i64 = 100_000;

pub(super) const TABLE: &[Builtin] = &[
    builtin("equal", 2, |_, args| ordered(args, |_| true, true)),
    builtin("neq", 2, |_, args| ordered(args, |_| true, false)),
    builtin("lt", 2, |_, args| by_order(args, std::cmp::Ordering::is_lt)),
    builtin("lte", 2, |_, args| by_order(args, std::cmp::Ordering::is_le)),
    builtin("gt", 2, |_, args| by_order(args, std::cmp::Ordering::is_gt)),
    builtin("gte", 2, |_, args| by_order(args, std::cmp::Ordering::is_ge)),
    builtin("plus", 2, |_, args| arithmetic(args, i64::checked_add, |left, right| left + right)),
    builtin("minus", 2, minus),
    builtin("mul", 2, |_, args| arithmetic(args, i64::checked_mul, |left, right| left * right)),
    builtin("div", 2, div),
    builtin("rem", 2, rem),
    builtin("abs", 1, |_, args| rounded(args, f64::abs)),
    builtin("round", 1, |_, args| rounded(args, f64::round)),
    builtin("ceil", 1, |_, args| rounded(args, f64::ceil)),
    builtin("floor", 1, |_, args| rounded(args, f64::floor)),
    builtin("numbers.range", 2, range),
    builtin("bits.and", 2, |_, args| bits(args, |left, right| Some(left & right))),
    builtin("bits.or", 2, |_, args| bits(args, |left, right| Some(left | right))),
    builtin("bits.xor", 2, |_, args| bits(args, |left, right| Some(left ^ right))),
    builtin("bits.lsh", 2, |_, args| bits(args, |left, by| left.checked_mul(1_i64.checked_shl(shift(by)?)?))),
    builtin("bits.rsh", 2, |_, args| bits(args, |left, by| left.checked_shr(shift(by)?))),
    builtin("bits.negate", 1, |_, args| {
        Ok(args.first().and_then(Value::as_i64).map(|value| Value::Int(!value)))
    }),
    builtin("to_number", 1, to_number),
    builtin("units.parse", 1, |_, args| Ok(args.first().and_then(Value::as_str).and_then(units))),
    builtin("units.parse_bytes", 1, |_, args| Ok(args.first().and_then(Value::as_str).and_then(unit_bytes))),
];

fn shift(by: i64) -> Option<u32> {
    u32::try_from(by).ok().filter(|by| *by < 63)
}

fn ordered<'a>(args: &[Value<'a>], _any: fn(&Value<'a>) -> bool, wanted: bool) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    truth(compare_equal(left, right) == wanted)
}

fn by_order<'a>(args: &[Value<'a>], holds: fn(std::cmp::Ordering) -> bool) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    truth(holds(compare(left, right)))
}

fn arithmetic<'a>(
    args: &[Value<'a>],
    exact: fn(i64, i64) -> Option<i64>,
    rough: fn(f64, f64) -> f64,
) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    if let (Value::Int(left), Value::Int(right)) = (left, right)
        && let Some(result) = exact(*left, *right)
    {
        return Ok(Some(Value::Int(result)));
    }
    Ok(left.as_f64().zip(right.as_f64()).and_then(|(left, right)| finite(rough(left, right))))
}

fn finite<'a>(value: f64) -> Option<Value<'a>> {
    value.is_finite().then(|| Value::number(value))
}

/// Of numbers, or of sets.
fn minus<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    if let [Value::Set(left), Value::Set(right)] = args {
        let rest = left.items().iter().filter(|item| !right.contains(item)).cloned().collect();
        return Ok(Some(Value::set(rest)));
    }
    arithmetic(args, i64::checked_sub, |left, right| left - right)
}

fn div<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    if let (Value::Int(left), Value::Int(right)) = (left, right)
        && left.checked_rem(*right) == Some(0)
    {
        return Ok(left.checked_div(*right).map(Value::Int));
    }
    let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else { return Ok(None) };
    Ok(if right == 0.0 { None } else { finite(left / right) })
}

/// Of integers only.
fn rem<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    let result = left.as_i64().zip(right.as_i64()).and_then(|(left, right)| left.checked_rem(right));
    Ok(result.map(Value::Int))
}

fn rounded<'a>(args: &[Value<'a>], round: fn(f64) -> f64) -> Answer<'a> {
    Ok(match args.first() {
        Some(Value::Int(value)) => Some(match round(-1.0) > 0.0 {
            true => value.checked_abs().map_or(Value::Null, Value::Int),
            false => Value::Int(*value),
        }),
        Some(Value::Float(value)) => finite(round(*value)),
        _ => None,
    })
}

fn range<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) else { return Ok(None) };
    let len = left.abs_diff(right).saturating_add(1);
    eval.spend(len)?;
    if len > RANGE as u64 {
        return Err(crate::rego::EvalError::Budget.into());
    }
    let numbers: Vec<Value<'a>> = match left <= right {
        true => (left..=right).map(Value::Int).collect(),
        false => (right..=left).rev().map(Value::Int).collect(),
    };
    Ok(Some(Value::array(numbers)))
}

fn bits<'a>(args: &[Value<'a>], combine: fn(i64, i64) -> Option<i64>) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    let both = left.as_i64().zip(right.as_i64());
    Ok(both.and_then(|(left, right)| combine(left, right)).map(Value::Int))
}

fn to_number<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    Ok(match args.first() {
        Some(Value::Null) => Some(Value::Int(0)),
        Some(Value::Bool(flag)) => Some(Value::Int(i64::from(flag.0))),
        Some(Value::Int(value)) => Some(Value::Int(*value)),
        Some(Value::Float(value)) => Some(Value::Float(*value)),
        Some(value) => value.as_str().and_then(parse_number),
        None => None,
    })
}

/// A number in text, as Go's `strconv.ParseFloat` reads decimal ones.
pub(super) fn parse_number<'a>(text: &str) -> Option<Value<'a>> {
    if let Ok(value) = text.parse::<i64>() {
        return Some(Value::Int(value));
    }
    let is_decimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let value = text.parse::<f64>().ok().filter(|_| is_decimal)?;
    finite(value)
}

/// Digits with a decimal or binary unit; `m` is a thousandth.
fn units<'a>(text: &str) -> Option<Value<'a>> {
    let text = text.trim_matches('"');
    if text.contains(' ') {
        return None;
    }
    let (digits, unit) = split_unit(text)?;
    let factor = match unit {
        "" => 1.0,
        // By division the result is the nearest number to the amount.
        "m" => return finite(number_of(digits)? / 1e3),
        "M" => 1e6,
        _ => decimal_or_binary(&unit.to_ascii_lowercase())?,
    };
    finite(number_of(digits)? * factor)
}

fn unit_bytes<'a>(text: &str) -> Option<Value<'a>> {
    let text = text.trim_matches('"').to_ascii_lowercase();
    if text.contains(' ') {
        return None;
    }
    let (digits, unit) = split_unit(&text)?;
    let unit = unit.strip_suffix('b').unwrap_or(unit);
    let factor = if unit.is_empty() { 1.0 } else { decimal_or_binary(unit)? };
    finite((number_of(digits)? * factor).floor())
}

fn number_of(digits: &str) -> Option<f64> {
    parse_number(digits)?.as_f64()
}

fn split_unit(text: &str) -> Option<(&str, &str)> {
    let end = text
        .char_indices()
        .find(|(index, c)| {
            let next = text.get(index + c.len_utf8()..).unwrap_or_default();
            let is_exponent =
                matches!(c, 'e' | 'E') && next.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c));
            !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-') || is_exponent)
        })
        .map_or(text.len(), |(index, _)| index);
    let (digits, unit) = text.split_at_checked(end)?;
    (!digits.is_empty()).then_some((digits, unit))
}

fn decimal_or_binary(unit: &str) -> Option<f64> {
    let power = |letter: char| "kmgtpe".find(letter).and_then(|index| i32::try_from(index + 1).ok());
    let mut letters = unit.chars();
    let power = power(letters.next()?)?;
    match letters.as_str() {
        "" => Some(1000_f64.powi(power)),
        "i" => Some(1024_f64.powi(power)),
        _ => None,
    }
}
