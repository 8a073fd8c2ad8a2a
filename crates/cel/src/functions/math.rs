//! The math extension.

use super::core;
use crate::decls::Func;
use crate::eval::Evaluated;
use crate::fail::Fail;
use crate::value::Value;

pub(super) fn call<'a>(func: Func, args: &[Value<'a>]) -> Evaluated<'a> {
    match (func, args) {
        (Func::MathGreatest | Func::MathLeast, [list]) if list.items().is_some() => {
            extreme(func, list.items().into_iter().flatten())
        }
        (Func::MathGreatest | Func::MathLeast, values) => extreme(func, values.iter().copied()),
        (Func::MathCeil, [Value::Double(value)]) => Ok(Value::Double(value.ceil())),
        (Func::MathFloor, [Value::Double(value)]) => Ok(Value::Double(value.floor())),
        (Func::MathRound, [Value::Double(value)]) => Ok(Value::Double(value.round())),
        (Func::MathTrunc, [Value::Double(value)]) => Ok(Value::Double(value.trunc())),
        (Func::MathAbs, [Value::Double(value)]) => Ok(Value::Double(value.abs())),
        (Func::MathAbs, [Value::Int(value)]) => {
            value.checked_abs().map(Value::Int).ok_or_else(|| Fail::overflow("integer"))
        }
        (Func::MathAbs, [Value::Uint(value)]) => Ok(Value::Uint(*value)),
        (Func::MathSign, [Value::Double(value)]) => {
            Ok(Value::Double(if *value == 0.0 || value.is_nan() { *value } else { value.signum() }))
        }
        (Func::MathSign, [Value::Int(value)]) => Ok(Value::Int(value.signum())),
        (Func::MathSign, [Value::Uint(value)]) => Ok(Value::Uint(u64::from(*value > 0))),
        (Func::MathIsNan, [Value::Double(value)]) => Ok(Value::Bool(value.is_nan())),
        (Func::MathIsInf, [Value::Double(value)]) => Ok(Value::Bool(value.is_infinite())),
        (Func::MathIsFinite, [Value::Double(value)]) => Ok(Value::Bool(value.is_finite())),
        (Func::MathSqrt, [Value::Double(value)]) => Ok(Value::Double(value.sqrt())),
        #[expect(clippy::cast_precision_loss, reason = "a double is asked for")]
        (Func::MathSqrt, [Value::Int(value)]) => Ok(Value::Double((*value as f64).sqrt())),
        #[expect(clippy::cast_precision_loss, reason = "a double is asked for")]
        (Func::MathSqrt, [Value::Uint(value)]) => Ok(Value::Double((*value as f64).sqrt())),
        (Func::MathBitAnd, [Value::Int(one), Value::Int(other)]) => Ok(Value::Int(one & other)),
        (Func::MathBitAnd, [Value::Uint(one), Value::Uint(other)]) => Ok(Value::Uint(one & other)),
        (Func::MathBitOr, [Value::Int(one), Value::Int(other)]) => Ok(Value::Int(one | other)),
        (Func::MathBitOr, [Value::Uint(one), Value::Uint(other)]) => Ok(Value::Uint(one | other)),
        (Func::MathBitXor, [Value::Int(one), Value::Int(other)]) => Ok(Value::Int(one ^ other)),
        (Func::MathBitXor, [Value::Uint(one), Value::Uint(other)]) => Ok(Value::Uint(one ^ other)),
        (Func::MathBitNot, [Value::Int(value)]) => Ok(Value::Int(!value)),
        (Func::MathBitNot, [Value::Uint(value)]) => Ok(Value::Uint(!value)),
        (Func::MathBitShiftLeft | Func::MathBitShiftRight, [value, Value::Int(bits)]) => {
            shift(func, value, *bits)
        }
        _ => Err(Fail::no_such_overload()),
    }
}

fn extreme<'a>(func: Func, values: impl Iterator<Item = Value<'a>>) -> Evaluated<'a> {
    let mut best: Option<Value<'a>> = None;
    for value in values {
        if !matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_)) {
            return Err(Fail::no_such_overload());
        }
        let replaces = match &best {
            None => true,
            Some(best) => {
                let order = core::order(&value, best)?;
                order.is_some_and(
                    |order| if func == Func::MathGreatest { order.is_gt() } else { order.is_lt() },
                )
            }
        };
        if replaces {
            best = Some(value);
        }
    }
    best.ok_or_else(|| Fail::error("list must not be empty"))
}

/// Right shifts fill with zeros, also of negative numbers.
fn shift<'a>(func: Func, value: &Value<'a>, bits: i64) -> Evaluated<'a> {
    let Ok(bits) = u32::try_from(bits) else {
        return Err(Fail::error(format!("negative offset: {bits}")));
    };
    let shifted = |value: u64| {
        let shifted =
            if func == Func::MathBitShiftLeft { value.checked_shl(bits) } else { value.checked_shr(bits) };
        shifted.unwrap_or(0)
    };
    match value {
        Value::Int(value) => Ok(Value::Int(shifted(value.cast_unsigned()).cast_signed())),
        Value::Uint(value) => Ok(Value::Uint(shifted(*value))),
        _ => Err(Fail::no_such_overload()),
    }
}
