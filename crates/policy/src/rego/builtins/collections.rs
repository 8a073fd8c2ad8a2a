//! Lists, sets, types.

use super::{Answer, Builtin, builtin, truth};
use crate::rego::eval::Evaluation;
use crate::rego::value::{Flag, Value, compare_equal};

pub(super) const TABLE: &[Builtin] = &[
    builtin("count", 1, count),
    builtin("sum", 1, |_, args| total(args, 0, i64::checked_add, |left, right| left + right)),
    builtin("product", 1, |_, args| total(args, 1, i64::checked_mul, |left, right| left * right)),
    builtin("max", 1, |_, args| {
        Ok(args.first().and_then(Value::items).and_then(|items| items.into_iter().max()))
    }),
    builtin("min", 1, |_, args| {
        Ok(args.first().and_then(Value::items).and_then(|items| items.into_iter().min()))
    }),
    builtin("sort", 1, sort),
    builtin("any", 1, |_, args| items_of(args).map_or(Ok(None), |items| truth(items.iter().any(is_true)))),
    builtin("all", 1, |_, args| items_of(args).map_or(Ok(None), |items| truth(items.iter().all(is_true)))),
    builtin("array.concat", 2, concat),
    builtin("array.slice", 3, slice),
    builtin("array.reverse", 1, reverse),
    builtin("or", 2, union),
    builtin("and", 2, intersection),
    builtin("union", 1, union_all),
    builtin("intersection", 1, intersection_all),
    builtin("set_diff", 2, difference),
    builtin("internal.member_2", 2, |_, args| member(args)),
    builtin("internal.member_3", 3, |_, args| member_at(args)),
    builtin("is_null", 1, |_, args| is_type(args, "null")),
    builtin("is_boolean", 1, |_, args| is_type(args, "boolean")),
    builtin("is_number", 1, |_, args| is_type(args, "number")),
    builtin("is_string", 1, |_, args| is_type(args, "string")),
    builtin("is_array", 1, |_, args| is_type(args, "array")),
    builtin("is_set", 1, |_, args| is_type(args, "set")),
    builtin("is_object", 1, |_, args| is_type(args, "object")),
    builtin("type_name", 1, |_, args| Ok(args.first().map(|value| Value::Str(value.type_name())))),
    builtin("cast_array", 1, |_, args| Ok(items_of(args).map(Value::array))),
    builtin("cast_set", 1, |_, args| Ok(items_of(args).map(Value::set))),
    builtin("cast_string", 1, |_, args| cast(args, "string")),
    builtin("cast_boolean", 1, |_, args| cast(args, "boolean")),
    builtin("cast_null", 1, |_, args| cast(args, "null")),
    builtin("cast_object", 1, |_, args| cast(args, "object")),
    Builtin { name: "walk", arity: 1, is_relation: true, run: walk },
];

fn items_of<'a>(args: &[Value<'a>]) -> Option<Vec<Value<'a>>> {
    args.first().and_then(Value::items)
}

fn is_true(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(Flag(true)))
}

fn count<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some(value) = args.first() else { return Ok(None) };
    let count = value.len().or_else(|| value.as_str().map(|text| text.chars().count()));
    Ok(count.and_then(|count| i64::try_from(count).ok()).map(Value::Int))
}

fn total<'a>(
    args: &[Value<'a>],
    start: i64,
    exact: fn(i64, i64) -> Option<i64>,
    rough: fn(f64, f64) -> f64,
) -> Answer<'a> {
    let Some(items) = items_of(args) else { return Ok(None) };
    let mut total = Value::Int(start);
    for item in items {
        let sum = match (&total, &item) {
            (Value::Int(left), Value::Int(right)) => exact(*left, *right).map(Value::Int),
            _ => None,
        };
        let Some(next) = sum.or_else(|| Some(Value::number(rough(total.as_f64()?, item.as_f64()?)))) else {
            return Ok(None);
        };
        total = next;
    }
    Ok(Some(total))
}

fn sort<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some(mut items) = items_of(args) else { return Ok(None) };
    eval.spend(items.len() as u64)?;
    items.sort();
    Ok(Some(Value::array(items)))
}

fn concat<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    if !left.is_array() || !right.is_array() {
        return Ok(None);
    }
    let mut items = left.items().unwrap_or_default();
    items.extend(right.items().unwrap_or_default());
    eval.spend(items.len() as u64)?;
    Ok(Some(Value::array(items)))
}

/// Bounds outside of the list are its ends.
fn slice<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [list, start, end] = args else { return Ok(None) };
    let (Some(start), Some(end)) = (start.as_i64(), end.as_i64()) else { return Ok(None) };
    if !list.is_array() {
        return Ok(None);
    }
    let items = list.items().unwrap_or_default();
    let bound = |index: i64| usize::try_from(index.max(0)).unwrap_or(usize::MAX).min(items.len());
    let part = items.get(bound(start)..bound(end)).unwrap_or_default();
    Ok(Some(Value::array(part.to_vec())))
}

fn reverse<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let list = args.first().filter(|list| list.is_array()).and_then(Value::items);
    Ok(list.map(|items| Value::array(items.into_iter().rev().collect())))
}

fn union<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [Value::Set(left), Value::Set(right)] = args else { return Ok(None) };
    eval.spend((left.len() + right.len()) as u64)?;
    Ok(Some(Value::set(left.items().iter().chain(right.items()).cloned().collect())))
}

fn intersection<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [Value::Set(left), Value::Set(right)] = args else { return Ok(None) };
    eval.spend((left.len() + right.len()) as u64)?;
    Ok(Some(Value::set(left.items().iter().filter(|item| right.contains(item)).cloned().collect())))
}

fn difference<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [Value::Set(left), Value::Set(right)] = args else { return Ok(None) };
    Ok(Some(Value::set(left.items().iter().filter(|item| !right.contains(item)).cloned().collect())))
}

fn union_all<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [Value::Set(sets)] = args else { return Ok(None) };
    let mut all = Vec::new();
    for set in sets.items() {
        let Value::Set(set) = set else { return Ok(None) };
        eval.spend(set.len() as u64)?;
        all.extend(set.items().iter().cloned());
    }
    Ok(Some(Value::set(all)))
}

fn intersection_all<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [Value::Set(sets)] = args else { return Ok(None) };
    let mut common: Option<Value<'a>> = None;
    for set in sets.items() {
        common = match common {
            None => Some(set.clone()),
            Some(before) => intersection(eval, &[before, set.clone()])?,
        };
        if common.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(common.unwrap_or_else(|| Value::set(Vec::new()))))
}

fn member<'a>(args: &[Value<'a>]) -> Answer<'a> {
    let [item, collection] = args else { return Ok(None) };
    truth(match collection {
        Value::Set(set) => set.contains(item),
        _ => {
            let items = collection.items();
            let values =
                || collection.entries().map(|entries| entries.into_iter().map(|(_, value)| value).collect());
            items.or_else(values).unwrap_or_default().iter().any(|other| compare_equal(other, item))
        }
    })
}

fn member_at<'a>(args: &[Value<'a>]) -> Answer<'a> {
    let [key, item, collection] = args else { return Ok(None) };
    truth(collection.get(key).is_some_and(|other| compare_equal(&other, item)))
}

fn is_type<'a>(args: &[Value<'a>], name: &str) -> Answer<'a> {
    args.first().map_or(Ok(None), |value| truth(value.type_name() == name))
}

fn cast<'a>(args: &[Value<'a>], name: &str) -> Answer<'a> {
    Ok(args.first().filter(|value| value.type_name() == name).cloned())
}

/// Every value below a value, with the path to it.
fn walk<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some(value) = args.first() else { return Ok(None) };
    let mut found = Vec::new();
    walk_into(eval, value, &mut Vec::new(), &mut found)?;
    Ok(Some(Value::array(found)))
}

fn walk_into<'a>(
    eval: &mut Evaluation<'a>,
    value: &Value<'a>,
    path: &mut Vec<Value<'a>>,
    found: &mut Vec<Value<'a>>,
) -> Result<(), Box<crate::rego::EvalError>> {
    eval.spend(1 + path.len() as u64)?;
    found.push(Value::array(vec![Value::array(path.clone()), value.clone()]));
    let below: Vec<(Value<'a>, Value<'a>)> = match value {
        Value::Set(set) => set.sorted().into_iter().map(|item| (item.clone(), item)).collect(),
        _ => match value.items() {
            Some(items) => (0..).map(Value::Int).zip(items).collect(),
            None => value.entries().unwrap_or_default(),
        },
    };
    for (key, value) in below {
        path.push(key);
        walk_into(eval, &value, path, found)?;
        path.pop();
    }
    Ok(())
}
