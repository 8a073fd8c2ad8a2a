//! Objects.

use super::{Answer, Builtin, builtin, truth};
use crate::rego::eval::Evaluation;
use crate::rego::value::{Value, compare_equal};

pub(super) const TABLE: &[Builtin] = &[
    builtin("object.get", 3, get),
    builtin("object.keys", 1, keys),
    builtin("object.remove", 2, |eval, args| keep(eval, args, false)),
    builtin("object.filter", 2, |eval, args| keep(eval, args, true)),
    builtin("object.union", 2, union),
    builtin("object.union_n", 1, union_all),
    builtin("object.subset", 2, subset),
    builtin("json.filter", 2, |eval, args| by_paths(eval, args, true)),
    builtin("json.remove", 2, |eval, args| by_paths(eval, args, false)),
];

fn get<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [object, key, default] = args else { return Ok(None) };
    if !object.is_object() {
        return Ok(None);
    }
    let found = match key.is_array() {
        true => {
            let path = key.items().unwrap_or_default();
            path.iter().try_fold(object.clone(), |at, key| at.get(key))
        }
        false => object.get(key),
    };
    Ok(Some(found.unwrap_or_else(|| default.clone())))
}

fn keys<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let entries = args.first().and_then(Value::entries);
    Ok(entries.map(|entries| Value::set(entries.into_iter().map(|(key, _)| key).collect())))
}

/// The keys that a list, set or object names.
fn named<'a>(value: &Value<'a>) -> Option<Vec<Value<'a>>> {
    value.items().or_else(|| Some(value.entries()?.into_iter().map(|(key, _)| key).collect()))
}

fn keep<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>], wanted: bool) -> Answer<'a> {
    let [object, keys] = args else { return Ok(None) };
    let (Some(entries), Some(keys)) = (object.entries(), named(keys)) else { return Ok(None) };
    eval.spend((entries.len() * keys.len().max(1)) as u64)?;
    let kept = entries.into_iter().filter(|(key, _)| keys.contains(key) == wanted);
    Ok(Some(Value::object(kept.collect())))
}

fn union<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [left, right] = args else { return Ok(None) };
    if !left.is_object() || !right.is_object() {
        return Ok(None);
    }
    merge(eval, left, right).map(Some)
}

/// Objects are merged key by key; anything else of the right wins.
fn merge<'a>(
    eval: &mut Evaluation<'a>,
    left: &Value<'a>,
    right: &Value<'a>,
) -> Result<Value<'a>, Box<crate::rego::EvalError>> {
    let (Some(mut merged), Some(entries)) = (left.entries(), right.entries()) else {
        return Ok(right.clone());
    };
    for (key, value) in entries {
        eval.spend(1 + merged.len() as u64 / 8)?;
        match merged.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = merge(eval, known, &value)?,
            None => merged.push((key, value)),
        }
    }
    Ok(Value::object(merged))
}

fn union_all<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some(objects) = args.first().filter(|list| list.is_array()).and_then(Value::items) else {
        return Ok(None);
    };
    let mut merged = Value::object(Vec::new());
    for object in objects {
        if !object.is_object() {
            return Ok(None);
        }
        merged = merge(eval, &merged, &object)?;
    }
    Ok(Some(merged))
}

fn subset<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [whole, part] = args else { return Ok(None) };
    match (whole, part) {
        (Value::Set(whole), Value::Set(part)) => truth(part.items().iter().all(|item| whole.contains(item))),
        (whole, Value::Set(part)) if whole.is_array() => {
            let whole = whole.items().unwrap_or_default();
            eval.spend((whole.len() * part.len()) as u64)?;
            truth(part.items().iter().all(|item| whole.contains(item)))
        }
        _ if (whole.is_object() && part.is_object()) || (whole.is_array() && part.is_array()) => {
            let holds = contains(eval, whole, part)?;
            truth(holds)
        }
        _ => Ok(None),
    }
}

fn contains<'a>(
    eval: &mut Evaluation<'a>,
    whole: &Value<'a>,
    part: &Value<'a>,
) -> Result<bool, Box<crate::rego::EvalError>> {
    if let (Value::Set(whole), Value::Set(part)) = (whole, part) {
        eval.spend(part.len() as u64)?;
        return Ok(part.items().iter().all(|item| whole.contains(item)));
    }
    if whole.is_array() && part.is_array() {
        let (whole, part) = (whole.items().unwrap_or_default(), part.items().unwrap_or_default());
        eval.spend((whole.len() * part.len()) as u64)?;
        return Ok(part.is_empty() || whole.windows(part.len()).any(|window| window == part));
    }
    let Some(entries) = part.entries().filter(|_| whole.is_object()) else {
        return Ok(compare_equal(whole, part));
    };
    for (key, value) in entries {
        eval.spend(1)?;
        match whole.get(&key) {
            Some(other) if contains(eval, &other, &value)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Paths as `a/b` or as lists of keys.
fn paths<'a>(value: &Value<'a>) -> Option<Vec<Vec<Value<'a>>>> {
    let list = value.items()?;
    let path = |path: &Value<'a>| match path.as_str() {
        Some(text) => {
            let text = text.trim_start_matches('/');
            let step = |step: &str| Value::text(step.replace("~1", "/").replace("~0", "~"));
            Some(text.split('/').map(step).collect())
        }
        None => path.items().filter(|_| path.is_array()),
    };
    list.iter().map(path).collect()
}

fn by_paths<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>], keep: bool) -> Answer<'a> {
    let [object, list] = args else { return Ok(None) };
    let Some(paths) = paths(list).filter(|_| object.is_object()) else { return Ok(None) };
    let paths: Vec<&[Value<'a>]> = paths.iter().map(Vec::as_slice).collect();
    trim(eval, object, &paths, keep)
}

/// What is left of a value when only the paths, or all but the paths, are kept.
fn trim<'a>(eval: &mut Evaluation<'a>, value: &Value<'a>, paths: &[&[Value<'a>]], keep: bool) -> Answer<'a> {
    if paths.iter().any(|path| path.is_empty()) {
        return Ok(keep.then(|| value.clone()));
    }
    let below = |key: &Value<'a>, index: Option<usize>| -> Vec<&[Value<'a>]> {
        let is_key = |step: &Value<'a>| {
            step == key || index.is_some_and(|index| step.as_str() == Some(index.to_string().as_str()))
        };
        let rests = paths.iter().filter_map(|path| path.split_first());
        rests.filter(|(first, _)| is_key(first)).map(|(_, rest)| rest).collect()
    };
    let mut trimmed = |key: &Value<'a>, value: &Value<'a>, index| -> Answer<'a> {
        eval.spend(1 + paths.len() as u64)?;
        match below(key, index) {
            rests if rests.is_empty() => Ok((!keep).then(|| value.clone())),
            rests => trim(eval, value, &rests, keep),
        }
    };
    if let Some(entries) = value.entries() {
        let mut kept = Vec::new();
        for (key, value) in entries {
            if let Some(value) = trimmed(&key, &value, None)? {
                kept.push((key, value));
            }
        }
        return Ok(Some(Value::object(kept)));
    }
    if value.is_array() {
        let mut kept = Vec::new();
        for (index, item) in value.items().unwrap_or_default().into_iter().enumerate() {
            let key = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
            kept.extend(trimmed(&key, &item, Some(index))?);
        }
        return Ok(Some(Value::array(kept)));
    }
    Ok((!keep).then(|| value.clone()))
}
