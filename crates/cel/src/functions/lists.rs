//! Functions on lists and sets.

use std::cmp::Ordering;

use bumpalo::collections::Vec as BumpVec;

use super::core;
use crate::decls::Func;
use crate::eval::{Evaluated, Evaluator};
use crate::fail::Fail;
use crate::value::Value;

pub(super) fn call<'a>(evaluator: &mut Evaluator<'a>, func: Func, args: &[Value<'a>]) -> Evaluated<'a> {
    if let (Func::ListsRange, [Value::Int(count)]) = (func, args) {
        let count = usize::try_from(*count).unwrap_or(0);
        evaluator.toil_items(count)?;
        let values = (0..count).map(|index| Value::Int(i64::try_from(index).unwrap_or(i64::MAX)));
        return Ok(Value::List(BumpVec::from_iter_in(values, evaluator.arena).into_bump_slice()));
    }
    let Some((list, rest)) = args.split_first() else { return Err(Fail::no_such_overload()) };
    let Some(mut items) = list.items() else { return Err(Fail::no_such_overload()) };
    evaluator.toil_items(items.len())?;
    match (func, rest) {
        (Func::First, []) => Ok(items.next().map_or(Value::Optional(None), |item| evaluator.some(item))),
        (Func::Last, []) => {
            let last = items.len().checked_sub(1).and_then(|last| items.nth(last));
            Ok(last.map_or(Value::Optional(None), |item| evaluator.some(item)))
        }
        (Func::Unwrap, []) => {
            let mut values = BumpVec::new_in(evaluator.arena);
            for item in items {
                match item {
                    Value::Optional(inner) => values.extend(inner.copied()),
                    _ => return Err(Fail::no_such_overload()),
                }
            }
            Ok(Value::List(values.into_bump_slice()))
        }
        (Func::IsSorted, []) => {
            let mut before: Option<Value<'a>> = None;
            for item in items {
                if let Some(before) = before
                    && core::order(&before, &item)?.is_some_and(Ordering::is_gt)
                {
                    return Ok(Value::Bool(false));
                }
                before = Some(item);
            }
            Ok(Value::Bool(true))
        }
        (Func::Sum, []) => {
            let mut sum = match items.clone().next() {
                None | Some(Value::Int(_)) => Value::Int(0),
                Some(Value::Uint(_)) => Value::Uint(0),
                Some(Value::Double(_)) => Value::Double(0.0),
                Some(Value::Duration(_)) => Value::Duration(0),
                Some(_) => return Err(Fail::no_such_overload()),
            };
            for item in items {
                sum = core::add(evaluator, &sum, &item)?;
            }
            Ok(sum)
        }
        (Func::Max | Func::Min, []) => {
            let (name, wanted) =
                if func == Func::Max { ("max", Ordering::Less) } else { ("min", Ordering::Greater) };
            let mut best: Option<Value<'a>> = None;
            for item in items {
                match best {
                    Some(best) if core::order(&best, &item)? != Some(wanted) => {}
                    _ => best = Some(item),
                }
            }
            best.ok_or_else(|| Fail::error(format!("{name} called on empty list")))
        }
        (Func::IndexOf | Func::LastIndexOf, [wanted]) => {
            let mut found = -1;
            for (index, item) in items.enumerate() {
                if evaluator.equal(&item, wanted)? {
                    found = i64::try_from(index).unwrap_or(i64::MAX);
                    if func == Func::IndexOf {
                        break;
                    }
                }
            }
            Ok(Value::Int(found))
        }
        (Func::Slice, [Value::Int(start), Value::Int(end)]) => {
            let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let refuse = |why: &str| Err(Fail::error(format!("cannot slice({start}, {end}), {why}")));
            if *start < 0 || *end < 0 {
                return refuse("negative indexes not supported");
            }
            if start > end {
                return refuse("start index must be less than or equal to end index");
            }
            if len < *end {
                return refuse(&format!("list is length {len}"));
            }
            let (skip, take) =
                (usize::try_from(*start).unwrap_or(0), usize::try_from(end - start).unwrap_or(0));
            let values = BumpVec::from_iter_in(items.skip(skip).take(take), evaluator.arena);
            Ok(Value::List(values.into_bump_slice()))
        }
        (Func::Flatten, []) => flatten(evaluator, list, 1),
        (Func::Flatten, [Value::Int(depth)]) if *depth < 0 => Err(Fail::error("level must be non-negative")),
        (Func::Flatten, [Value::Int(depth)]) => flatten(evaluator, list, *depth),
        (Func::Reverse, []) => {
            let mut values = BumpVec::from_iter_in(items, evaluator.arena);
            values.reverse();
            Ok(Value::List(values.into_bump_slice()))
        }
        (Func::Distinct, []) => {
            let mut unique: BumpVec<'a, Value<'a>> = BumpVec::new_in(evaluator.arena);
            for item in items {
                if !contains(evaluator, &unique, &item)? {
                    unique.push(item);
                }
            }
            Ok(Value::List(unique.into_bump_slice()))
        }
        (Func::Sort, []) => {
            let values: Vec<Value<'a>> = items.collect();
            sort_by(evaluator, &values, &values)
        }
        (Func::SetsContains, [subset]) => sets_contain(evaluator, list, subset).map(Value::Bool),
        (Func::SetsEquivalent, [other]) => {
            let both = sets_contain(evaluator, list, other)? && sets_contain(evaluator, other, list)?;
            Ok(Value::Bool(both))
        }
        (Func::SetsIntersects, [other]) => {
            let others: Vec<Value<'a>> = other.items().ok_or_else(Fail::no_such_overload)?.collect();
            for item in items {
                if contains(evaluator, &others, &item)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        _ => Err(Fail::no_such_overload()),
    }
}

fn contains<'a>(
    evaluator: &mut Evaluator<'a>,
    items: &[Value<'a>],
    wanted: &Value<'a>,
) -> Result<bool, Fail> {
    for item in items {
        if evaluator.equal(item, wanted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether every item of `subset` is in `list`.
fn sets_contain<'a>(
    evaluator: &mut Evaluator<'a>,
    list: &Value<'a>,
    subset: &Value<'a>,
) -> Result<bool, Fail> {
    let items: Vec<Value<'a>> = list.items().ok_or_else(Fail::no_such_overload)?.collect();
    for wanted in subset.items().ok_or_else(Fail::no_such_overload)? {
        if !contains(evaluator, &items, &wanted)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn flatten<'a>(evaluator: &mut Evaluator<'a>, list: &Value<'a>, depth: i64) -> Evaluated<'a> {
    let mut values = BumpVec::new_in(evaluator.arena);
    // Lists within lists, each with the depth that is left; no recursion, however deep.
    let mut stack = vec![(list.items().ok_or_else(Fail::no_such_overload)?, depth)];
    while let Some((mut items, depth)) = stack.pop() {
        let Some(item) = items.next() else { continue };
        stack.push((items, depth));
        evaluator.toil(1)?;
        match item.items() {
            Some(inner) if depth > 0 => stack.push((inner, depth - 1)),
            _ => values.push(item),
        }
    }
    Ok(Value::List(values.into_bump_slice()))
}

/// Sorts a list by keys that belong to its items; stable.
pub(crate) fn sort_by<'a>(
    evaluator: &mut Evaluator<'a>,
    items: &[Value<'a>],
    keys: &[Value<'a>],
) -> Evaluated<'a> {
    let Some(first) = keys.first() else { return Ok(Value::List(&[])) };
    let is_comparable = core::order(first, first).is_ok();
    if !is_comparable {
        return Err(Fail::error("list elements must be comparable"));
    }
    if keys.iter().any(|key| key.type_name() != first.type_name()) {
        return Err(Fail::error("list elements must have the same type"));
    }
    evaluator.toil_items(items.len().saturating_mul(8))?;
    let mut pairs: Vec<(Value<'a>, Value<'a>)> = keys.iter().copied().zip(items.iter().copied()).collect();
    pairs.sort_by(|(one, _), (other, _)| core::order(one, other).ok().flatten().unwrap_or(Ordering::Equal));
    let sorted = pairs.into_iter().map(|(_, item)| item);
    Ok(Value::List(BumpVec::from_iter_in(sorted, evaluator.arena).into_bump_slice()))
}
