//! What the functions do, by the types that they meet at run time.

mod core;
mod kubernetes;
mod lists;
mod math;
mod strings;
mod times;

pub(crate) use self::core::{convert_constant, show};
pub(crate) use self::lists::sort_by;
pub(crate) use self::strings::{FormatChecks, Verb, format_text, search};

use crate::decls::Func;
use crate::eval::{Evaluated, Evaluator};
use crate::fail::Fail;
use crate::value::Value;

/// Calls a function whose arguments are evaluated and paid for.
pub(crate) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    func: Func,
    name: &'a str,
    args: &[Value<'a>],
) -> Evaluated<'a> {
    use Func as F;
    match func {
        F::Not
        | F::Negate
        | F::Equal
        | F::NotEqual
        | F::Add
        | F::Subtract
        | F::Multiply
        | F::Divide
        | F::Modulo
        | F::Less
        | F::LessEqual
        | F::Greater
        | F::GreaterEqual
        | F::In
        | F::Size
        | F::TypeOf
        | F::ToBool
        | F::ToBytes
        | F::ToDouble
        | F::ToDuration
        | F::ToDyn
        | F::ToInt
        | F::ToString
        | F::ToTimestamp
        | F::ToUint
        | F::OptionalOf
        | F::OptionalOfNonZero
        | F::OptionalNone
        | F::OptionalValue
        | F::HasValue => core::call(evaluator, func, args),
        F::GetFullYear
        | F::GetMonth
        | F::GetDayOfYear
        | F::GetDayOfMonth
        | F::GetDate
        | F::GetDayOfWeek
        | F::GetHours
        | F::GetMinutes
        | F::GetSeconds
        | F::GetMilliseconds => times::call(func, args),
        F::Contains
        | F::EndsWith
        | F::StartsWith
        | F::Matches
        | F::CharAt
        | F::LowerAscii
        | F::UpperAscii
        | F::Replace
        | F::Split
        | F::Substring
        | F::Trim
        | F::Format
        | F::Quote
        | F::Join
        | F::Find
        | F::FindAll
        | F::Base64Encode
        | F::Base64Decode => strings::call(evaluator, func, args),
        F::IndexOf | F::LastIndexOf | F::Reverse => match args.first() {
            Some(Value::String(_)) => strings::call(evaluator, func, args),
            _ => lists::call(evaluator, func, args),
        },
        F::First
        | F::Last
        | F::Unwrap
        | F::IsSorted
        | F::Sum
        | F::Max
        | F::Min
        | F::Slice
        | F::Flatten
        | F::Sort
        | F::ListsRange
        | F::Distinct
        | F::SetsContains
        | F::SetsEquivalent
        | F::SetsIntersects => lists::call(evaluator, func, args),
        F::MathGreatest
        | F::MathLeast
        | F::MathCeil
        | F::MathFloor
        | F::MathRound
        | F::MathTrunc
        | F::MathAbs
        | F::MathSign
        | F::MathIsNan
        | F::MathIsInf
        | F::MathIsFinite
        | F::MathSqrt
        | F::MathBitAnd
        | F::MathBitOr
        | F::MathBitXor
        | F::MathBitNot
        | F::MathBitShiftLeft
        | F::MathBitShiftRight => math::call(func, args),
        F::Conditional
        | F::And
        | F::Or
        | F::Index
        | F::OptIndex
        | F::OptionalOr
        | F::OrValue
        | F::Host(_) => {
            // The evaluator takes these by itself; with another number of arguments they are nothing.
            Err(Fail::no_such_overload())
        }
        _ => kubernetes::call(evaluator, func, name, args),
    }
}
