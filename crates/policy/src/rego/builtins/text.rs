//! Texts.

use super::{Answer, Builtin, builtin, made, part, truth, two};
use crate::rego::eval::{EvalError, Evaluation};
use crate::rego::sprintf::sprintf;
use crate::rego::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    builtin("concat", 2, concat),
    builtin("contains", 2, |_, args| test(args, |text, part| text.contains(part))),
    builtin("startswith", 2, |_, args| test(args, |text, part| text.starts_with(part))),
    builtin("endswith", 2, |_, args| test(args, |text, part| text.ends_with(part))),
    builtin("format_int", 2, format_int),
    builtin("indexof", 2, indexof),
    builtin("indexof_n", 2, indexof_n),
    builtin("lower", 1, lower),
    builtin("upper", 1, |eval, args| map(eval, args, |text| text.chars().map(upper_char).collect())),
    builtin("trim", 2, |eval, args| cut(eval, args, |text, set| text.trim_matches(set))),
    builtin("trim_left", 2, |eval, args| cut(eval, args, |text, set| text.trim_start_matches(set))),
    builtin("trim_right", 2, |eval, args| cut(eval, args, |text, set| text.trim_end_matches(set))),
    builtin("trim_prefix", 2, |eval, args| strip(eval, args, |text, part| text.strip_prefix(part))),
    builtin("trim_suffix", 2, |eval, args| strip(eval, args, |text, part| text.strip_suffix(part))),
    builtin("trim_space", 1, trim_space),
    builtin("replace", 3, replace),
    builtin("split", 2, split),
    builtin("internal.template_string", 1, template_string),
    builtin("sprintf", 2, format),
    builtin("substring", 3, substring),
    builtin("strings.any_prefix_match", 2, |_, args| any_match(args, |text, part| text.starts_with(part))),
    builtin("strings.any_suffix_match", 2, |_, args| any_match(args, |text, part| text.ends_with(part))),
    builtin("strings.count", 2, count),
    builtin("strings.reverse", 1, |eval, args| map(eval, args, |text| text.chars().rev().collect())),
    builtin("strings.replace_n", 2, replace_n),
];

fn test<'a>(args: &[Value<'a>], holds: fn(&str, &str) -> bool) -> Answer<'a> {
    match two(args) {
        Some((text, part)) => truth(holds(text, part)),
        None => Ok(None),
    }
}

fn map<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>], change: fn(&str) -> String) -> Answer<'a> {
    match args.first().and_then(Value::as_str) {
        Some(text) => made(eval, change(text)),
        None => Ok(None),
    }
}

fn trim_space<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    match args.first().and_then(|whole| Some((whole, whole.as_str()?))) {
        Some((whole, text)) => part(eval, whole, text.trim()),
        None => Ok(None),
    }
}

fn lower<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    match args.first().and_then(|whole| Some((whole, whole.as_str()?))) {
        // Most are written so already.
        Some((whole, text)) if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) => {
            part(eval, whole, text)
        }
        Some((_, text)) => made(eval, text.chars().map(lower_char).collect()),
        None => Ok(None),
    }
}

/// Go changes letters one by one: what has no single other letter stays, and none depends on its neighbours.
fn lower_char(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (c, lower.next(), lower.next()) {
        ('\u{130}', ..) => 'i',
        (_, Some(single), None) => single,
        _ => c,
    }
}

fn upper_char(c: char) -> char {
    let mut upper = c.to_uppercase();
    // Greek letters with a iota below have a single capital, too.
    let beside = match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        _ => 0,
    };
    match (upper.next(), upper.next()) {
        _ if beside > 0 => char::from_u32(u32::from(c) + beside).unwrap_or(c),
        (Some(single), None) => single,
        _ => c,
    }
}

fn cut<'a>(
    eval: &mut Evaluation<'a>,
    args: &[Value<'a>],
    change: for<'t> fn(&'t str, &[char]) -> &'t str,
) -> Answer<'a> {
    let Some((text, set)) = two(args) else { return Ok(None) };
    let set: Vec<char> = set.chars().collect();
    args.first().map_or(Ok(None), |whole| part(eval, whole, change(text, &set)))
}

fn strip<'a>(
    eval: &mut Evaluation<'a>,
    args: &[Value<'a>],
    change: for<'t> fn(&'t str, &str) -> Option<&'t str>,
) -> Answer<'a> {
    let Some((text, affix)) = two(args) else { return Ok(None) };
    let rest = change(text, affix).unwrap_or(text);
    args.first().map_or(Ok(None), |whole| part(eval, whole, rest))
}

/// The texts of a list or set; undefined if one of the items is none.
fn texts<'v>(items: &'v [Value<'_>]) -> Option<Vec<&'v str>> {
    items.iter().map(Value::as_str).collect()
}

fn concat<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [between, list] = args else { return Ok(None) };
    let (Some(between), Some(items)) = (between.as_str(), list.items()) else { return Ok(None) };
    eval.spend(items.len() as u64)?;
    match texts(&items) {
        Some(items) => made(eval, items.join(between)),
        None => Ok(None),
    }
}

fn format_int<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [number, base] = args else { return Ok(None) };
    let (Some(number), Some(base)) = (number.as_f64(), base.as_i64()) else { return Ok(None) };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "numbers beyond are clamped, as they are no integers here"
    )]
    let number = number.trunc() as i64;
    let sign = if number < 0 { "-" } else { "" };
    let size = number.unsigned_abs();
    let text = match base {
        2 => format!("{sign}{size:b}"),
        8 => format!("{sign}{size:o}"),
        10 => format!("{sign}{size}"),
        16 => format!("{sign}{size:x}"),
        _ => return Ok(None),
    };
    made(eval, text)
}

fn char_index(text: &str, at: usize) -> i64 {
    let count = text.get(..at).map_or(0, |before| before.chars().count());
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn indexof<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some((text, part)) = two(args).filter(|(_, part)| !part.is_empty()) else { return Ok(None) };
    Ok(Some(Value::Int(text.find(part).map_or(-1, |at| char_index(text, at)))))
}

fn indexof_n<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some((text, part)) = two(args).filter(|(_, part)| !part.is_empty()) else { return Ok(None) };
    let places: Vec<usize> = text.match_indices(part).map(|(at, _)| at).collect();
    eval.spend((places.len() * text.len()) as u64 / 64)?;
    Ok(Some(Value::array(places.into_iter().map(|at| Value::Int(char_index(text, at))).collect())))
}

fn replace<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [text, old, new] = args else { return Ok(None) };
    let (Some(text), Some(old), Some(new)) = (text.as_str(), old.as_str(), new.as_str()) else {
        return Ok(None);
    };
    if !text.contains(old) {
        return Ok(args.first().cloned());
    }
    // Paid for before it is made.
    eval.spend((text.len() as u64).saturating_mul(new.len() as u64 + 1) / (32 * (old.len() as u64 + 1)))?;
    made(eval, text.replace(old, new))
}

fn split<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some((text, by)) = two(args) else { return Ok(None) };
    let parts: Vec<Value<'a>> = match (by, args.first()) {
        ("", _) => text.chars().map(|c| Value::text(&*c.encode_utf8(&mut [0; 4]))).collect(),
        (by, Some(Value::Str(text))) => text.split(by).map(Value::Str).collect(),
        (by, _) => text.split(by).map(Value::text).collect(),
    };
    eval.spend(parts.len() as u64)?;
    Ok(Some(Value::array(parts)))
}

fn format<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [format, values] = args else { return Ok(None) };
    if !values.is_array() {
        return Ok(None);
    }
    let (Some(format), Some(values)) = (format.as_str(), values.items()) else { return Ok(None) };
    let text = sprintf(format, &values);
    made(eval, text)
}

fn substring<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [whole, start, len] = args else { return Ok(None) };
    let (Some(text), Some(start), Some(len)) = (whole.as_str(), start.as_i64(), len.as_i64()) else {
        return Ok(None);
    };
    let Ok(start) = usize::try_from(start) else { return Ok(None) };
    let from = text.char_indices().nth(start).map_or(text.len(), |(at, _)| at);
    let rest = text.get(from..).unwrap_or_default();
    let to = usize::try_from(len).ok().and_then(|len| rest.char_indices().nth(len));
    let found = to.and_then(|(at, _)| rest.get(..at)).unwrap_or(rest);
    part(eval, whole, found)
}

/// Whether any text of the first begins or ends with any of the second; each a text, list or set.
fn any_match<'a>(args: &[Value<'a>], holds: fn(&str, &str) -> bool) -> Answer<'a> {
    let [search, base] = args else { return Ok(None) };
    let several = |value: &Value<'a>| match value.as_str() {
        Some(_) => Some(vec![value.clone()]),
        None => value.items(),
    };
    let (Some(search), Some(base)) = (several(search), several(base)) else { return Ok(None) };
    let (Some(search), Some(base)) = (texts(&search), texts(&base)) else { return Ok(None) };
    truth(search.iter().any(|text| base.iter().any(|part| holds(text, part))))
}

fn count<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some((text, part)) = two(args) else { return Ok(None) };
    let count = if part.is_empty() { text.chars().count() + 1 } else { text.matches(part).count() };
    Ok(i64::try_from(count).ok().map(Value::Int))
}

/// Replaces at each place the first of the keys, in order, that stands there.
fn replace_n<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [patterns, text] = args else { return Ok(None) };
    let (Some(patterns), Some(text)) = (patterns.entries(), text.as_str()) else { return Ok(None) };
    let pairs: Option<Vec<(&str, &str)>> =
        patterns.iter().map(|(old, new)| Some((old.as_str()?, new.as_str()?))).collect();
    let Some(pairs) = pairs else { return Ok(None) };
    eval.spend((text.len() * (pairs.len() + 1)) as u64 / 16)?;
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match pairs.iter().find(|(old, _)| !old.is_empty() && rest.starts_with(old)) {
            Some((old, new)) => {
                out.push_str(new);
                rest = rest.get(old.len()..).unwrap_or_default();
            }
            None => {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
        eval.spend(out.len() as u64 / (1 << 20))?;
    }
    made(eval, out)
}

/// A template string's parts, one after the other; of an expression, the only value of its set.
fn template_string<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some(parts) = args.first().and_then(Value::items) else { return Ok(None) };
    let mut text = String::new();
    for part in parts {
        let values = if let Value::Set(set) = &part { set.sorted() } else { vec![part] };
        match values.as_slice() {
            [] => text.push_str("<undefined>"),
            [value] => match value.as_str() {
                Some(value) => text.push_str(value),
                None => text.push_str(&value.to_string()),
            },
            _ => return Err(EvalError::TemplateConflict.into()),
        }
        eval.spend(1 + text.len() as u64 / 64)?;
    }
    made(eval, text)
}
