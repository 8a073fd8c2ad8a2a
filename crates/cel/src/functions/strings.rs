//! Functions on strings. Positions count characters.

use bumpalo::collections::Vec as BumpVec;

use super::core::show;
use crate::decls::Func;
use crate::eval::{Evaluated, Evaluator, Range};
use crate::fail::Fail;
use crate::number::{format_fixed, format_plain, format_scientific};
use crate::pattern::Pattern;
use crate::value::Value;

pub(super) fn call<'a>(evaluator: &mut Evaluator<'a>, func: Func, args: &[Value<'a>]) -> Evaluated<'a> {
    match (func, args) {
        (Func::Contains, [Value::String(text), Value::String(part)]) => {
            evaluator.toil_bytes(text.len())?;
            Ok(Value::Bool(text.contains(part)))
        }
        (Func::StartsWith, [Value::String(text), Value::String(part)]) => {
            Ok(Value::Bool(text.starts_with(part)))
        }
        (Func::EndsWith, [Value::String(text), Value::String(part)]) => Ok(Value::Bool(text.ends_with(part))),
        (Func::Matches | Func::Find | Func::FindAll, [_, Value::String(pattern), ..]) => {
            let pattern = evaluator.pattern(pattern)?;
            search(evaluator, func, &pattern, args)
        }
        (Func::CharAt, [Value::String(text), Value::Int(index)]) => {
            evaluator.toil_bytes(text.len())?;
            let position = byte_position(text, *index)?;
            let rest = text.get(position..).unwrap_or_default();
            let len = rest.chars().next().map_or(0, char::len_utf8);
            Ok(Value::String(rest.get(..len).unwrap_or_default()))
        }
        (Func::IndexOf | Func::LastIndexOf, [Value::String(text), Value::String(part), rest @ ..]) => {
            let offset = match rest {
                [] => None,
                [Value::Int(offset)] => Some(*offset),
                _ => return Err(Fail::no_such_overload()),
            };
            evaluator.toil_bytes(text.len() + part.len())?;
            let found = if func == Func::IndexOf {
                index_of(text, part, offset.unwrap_or(0))?
            } else {
                last_index_of(text, part, offset)?
            };
            Ok(Value::Int(found))
        }
        (Func::LowerAscii, [Value::String(text)]) => {
            let lower = text.to_ascii_lowercase();
            evaluator.text(&lower)
        }
        (Func::UpperAscii, [Value::String(text)]) => {
            let upper = text.to_ascii_uppercase();
            evaluator.text(&upper)
        }
        (Func::Replace, [Value::String(text), Value::String(from), Value::String(to), rest @ ..]) => {
            let limit = match rest {
                [] => -1,
                [Value::Int(limit)] => *limit,
                _ => return Err(Fail::no_such_overload()),
            };
            let count = match usize::try_from(limit) {
                Ok(limit) => limit,
                Err(_) => usize::MAX,
            };
            // The result may be much longer than the text: every character replaced.
            let places = text.len().checked_div(from.len()).unwrap_or(text.len() + 1).min(count);
            evaluator.toil_bytes(text.len().saturating_add(places.saturating_mul(to.len())))?;
            let replaced = text.replacen(from, to, count);
            Ok(Value::String(evaluator.arena.alloc_str(&replaced)))
        }
        (Func::Split, [Value::String(text), Value::String(separator), rest @ ..]) => {
            let limit = match rest {
                [] => -1,
                [Value::Int(limit)] => *limit,
                _ => return Err(Fail::no_such_overload()),
            };
            split(evaluator, text, separator, limit)
        }
        (Func::Substring, [Value::String(text), Value::Int(start)]) => {
            evaluator.toil_bytes(text.len())?;
            let start = byte_position(text, *start)?;
            Ok(Value::String(text.get(start..).unwrap_or_default()))
        }
        (Func::Substring, [Value::String(text), Value::Int(start), Value::Int(end)]) => {
            evaluator.toil_bytes(text.len())?;
            if start > end {
                return Err(Fail::error(format!("invalid substring range. start: {start}, end: {end}")));
            }
            let (start, end) = (byte_position(text, *start)?, byte_position(text, *end)?);
            Ok(Value::String(text.get(start..end).unwrap_or_default()))
        }
        (Func::Trim, [Value::String(text)]) => Ok(Value::String(text.trim())),
        (Func::Reverse, [Value::String(text)]) => {
            let reversed: String = text.chars().rev().collect();
            evaluator.text(&reversed)
        }
        (Func::Quote, [Value::String(text)]) => {
            let quoted = quote(text);
            evaluator.text(&quoted)
        }
        (Func::Join, [list, rest @ ..]) => {
            let separator = match rest {
                [] => "",
                [Value::String(separator)] => separator,
                _ => return Err(Fail::no_such_overload()),
            };
            join(evaluator, list, separator)
        }
        (Func::Format, [Value::String(format), list]) => {
            let args: Vec<Value<'a>> = list.items().ok_or_else(Fail::no_such_overload)?.collect();
            let mut printer = Printer { evaluator, args: &args };
            let text = format_text(format, args.len(), &mut printer).map_err(Fail::error)?;
            evaluator.text(&text)
        }
        (Func::Base64Encode, [Value::Bytes(bytes)]) => {
            let text = base64_encode(bytes);
            evaluator.text(&text)
        }
        (Func::Base64Decode, [Value::String(text)]) => {
            let bytes = base64_decode(text).ok_or_else(|| Fail::error("illegal base64 data"))?;
            evaluator.toil_bytes(bytes.len())?;
            Ok(Value::Bytes(evaluator.arena.alloc_slice_copy(&bytes)))
        }
        _ => Err(Fail::no_such_overload()),
    }
}

/// `matches`, `find` and `findAll` with a compiled pattern.
pub(crate) fn search<'a>(
    evaluator: &mut Evaluator<'a>,
    func: Func,
    pattern: &Pattern,
    args: &[Value<'a>],
) -> Evaluated<'a> {
    let Some((Value::String(text), rest)) = args.split_first() else { return Err(Fail::no_such_overload()) };
    evaluator.toil(pattern.work(text.len()))?;
    match (func, rest) {
        (Func::Matches, [_]) => Ok(Value::Bool(pattern.is_match(text))),
        (Func::Find, [_]) => Ok(Value::String(pattern.find(text).unwrap_or_default())),
        (Func::FindAll, [_, limit @ ..]) => {
            let limit = match limit {
                [] => usize::MAX,
                [Value::Int(limit)] => usize::try_from(*limit).unwrap_or(usize::MAX),
                _ => return Err(Fail::no_such_overload()),
            };
            let mut found = BumpVec::new_in(evaluator.arena);
            for part in pattern.find_all(text).take(limit) {
                evaluator.toil(1)?;
                found.push(Value::String(part));
            }
            Ok(Value::List(found.into_bump_slice()))
        }
        _ => Err(Fail::no_such_overload()),
    }
}

/// The offset in bytes of the character at an index; one past the last is allowed.
fn byte_position(text: &str, index: i64) -> Result<usize, Fail> {
    let out_of_range = || Fail::out_of_range(index);
    let index = usize::try_from(index).map_err(|_| out_of_range())?;
    let mut positions = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len()));
    positions.nth(index).ok_or_else(out_of_range)
}

fn chars_before(text: &str, position: usize) -> i64 {
    let count = text.get(..position).map_or(0, |before| before.chars().count());
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn index_of(text: &str, part: &str, offset: i64) -> Result<i64, Fail> {
    if offset < 0 {
        return Err(Fail::out_of_range(offset));
    }
    let len = chars_before(text, text.len());
    if part.is_empty() {
        return Ok(offset.min(len));
    }
    if offset >= len {
        return Ok(-1);
    }
    let start = byte_position(text, offset)?;
    let found = text.get(start..).and_then(|rest| rest.find(part));
    Ok(found.map_or(-1, |found| chars_before(text, start + found)))
}

/// The last place that begins at the offset or before.
fn last_index_of(text: &str, part: &str, offset: Option<i64>) -> Result<i64, Fail> {
    let len = chars_before(text, text.len());
    if let Some(offset) = offset.filter(|offset| *offset < 0) {
        return Err(Fail::out_of_range(offset));
    }
    if part.is_empty() {
        return Ok(offset.unwrap_or(len).min(len));
    }
    let end = match offset {
        None => text.len(),
        Some(offset) if offset >= len => return Ok(-1),
        // What begins at the offset ends as far behind it as the part is long.
        Some(offset) => (byte_position(text, offset)? + part.len()).min(text.len()),
    };
    let mut end = end;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let window = text.get(..end).unwrap_or(text);
    let found =
        window.rfind(part).filter(|found| offset.is_none_or(|offset| chars_before(text, *found) <= offset));
    Ok(found.map_or(-1, |found| chars_before(text, found)))
}

fn split<'a>(evaluator: &mut Evaluator<'a>, text: &'a str, separator: &str, limit: i64) -> Evaluated<'a> {
    let mut parts = BumpVec::new_in(evaluator.arena);
    if limit == 0 {
        return Ok(Value::List(&[]));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    evaluator.toil_bytes(text.len())?;
    if separator.is_empty() {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            evaluator.toil(1)?;
            let len = if parts.len() + 1 == limit { rest.len() } else { c.len_utf8() };
            let (part, tail) = rest.split_at_checked(len).unwrap_or((rest, ""));
            parts.push(Value::String(part));
            rest = tail;
        }
        return Ok(Value::List(parts.into_bump_slice()));
    }
    for part in text.splitn(limit, separator) {
        evaluator.toil(1)?;
        parts.push(Value::String(part));
    }
    Ok(Value::List(parts.into_bump_slice()))
}

fn join<'a>(evaluator: &mut Evaluator<'a>, list: &Value<'a>, separator: &str) -> Evaluated<'a> {
    let items = list.items().ok_or_else(Fail::no_such_overload)?;
    let mut text = bumpalo::collections::String::new_in(evaluator.arena);
    for (index, item) in items.enumerate() {
        let Value::String(part) = item else {
            return Err(Fail::error(format!("join: invalid input: {}", show(&item))));
        };
        evaluator.toil_bytes(separator.len() + part.len())?;
        if index > 0 {
            text.push_str(separator);
        }
        text.push_str(part);
    }
    Ok(Value::String(text.into_bump_str()))
}

fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Go's `%q`: what is not printable is escaped.
fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' | '"' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_ascii() && c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() || (c.is_whitespace() && c != ' ') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// One verb of a format string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Text,
    Decimal,
    Fixed(usize),
    Scientific(usize),
    Binary,
    Hex { upper: bool },
    Octal,
}

/// What stands behind the verbs: values when a program runs, types when it is checked.
pub(crate) trait FormatChecks {
    /// The text for the argument, or why it has none.
    fn format(&mut self, verb: Verb, index: usize) -> Result<String, String>;
}

/// Walks a format string. Errors are worded as the reference does.
pub(crate) fn format_text(
    format: &str,
    args: usize,
    printer: &mut impl FormatChecks,
) -> Result<String, String> {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    let mut index = 0;
    while let Some(at) = rest.find('%') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        if index >= args {
            return Err(format!("index {index} out of range"));
        }
        if rest.is_empty() {
            return Err("unexpected end of string".into());
        }
        let (verb, len) =
            parse_verb(rest).map_err(|why| format!("could not parse formatting clause: {why}"))?;
        rest = rest.get(len..).unwrap_or_default();
        let text = printer.format(verb, index).map_err(|why| format!("error during formatting: {why}"))?;
        out.push_str(&text);
        index += 1;
    }
    out.push_str(rest);
    Ok(out)
}

/// The verb behind a percent sign and its length.
fn parse_verb(text: &str) -> Result<(Verb, usize), String> {
    let mut precision = 6;
    let mut len = 0;
    if let Some(after) = text.strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits == after.len() {
            return Err("error while parsing precision: could not find end of precision specifier".into());
        }
        precision = after
            .get(..digits)
            .and_then(|digits| digits.parse().ok())
            .filter(|value| *value <= 1000)
            .ok_or("error while parsing precision: error while converting precision to integer")?;
        len = digits + 1;
    }
    let c = text.get(len..).and_then(|rest| rest.chars().next()).unwrap_or_default();
    let verb = match c {
        's' => Verb::Text,
        'd' => Verb::Decimal,
        'f' => Verb::Fixed(precision),
        'e' => Verb::Scientific(precision),
        'b' => Verb::Binary,
        'x' => Verb::Hex { upper: false },
        'X' => Verb::Hex { upper: true },
        'o' => Verb::Octal,
        other => return Err(format!("unrecognized formatting clause \"{other}\"")),
    };
    Ok((verb, len + 1))
}

impl Verb {
    /// What is said of a value that the verb cannot show.
    pub(crate) fn refusal(self, type_name: &str) -> String {
        let only = match self {
            Verb::Text => {
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, \
                 and timestamps"
            }
            Verb::Decimal => "decimal clause can only be used on integers",
            Verb::Fixed(_) => "fixed-point clause can only be used on doubles",
            Verb::Scientific(_) => "scientific clause can only be used on doubles",
            Verb::Binary => "only integers and bools can be formatted as binary",
            Verb::Hex { .. } => "only integers, byte buffers, and strings can be formatted as hex",
            Verb::Octal => "octal clause can only be used on integers",
        };
        format!("{only}, was given {type_name}")
    }
}

struct Printer<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
    args: &'e [Value<'a>],
}

impl FormatChecks for Printer<'_, '_> {
    fn format(&mut self, verb: Verb, index: usize) -> Result<String, String> {
        let Some(value) = self.args.get(index).copied() else {
            return Err(format!("index {index} out of range"));
        };
        let signed = |value: i64, digits: String| if value < 0 { format!("-{digits}") } else { digits };
        let hex = |bytes: &[u8], upper: bool| -> String {
            bytes
                .iter()
                .map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") })
                .collect()
        };
        Ok(match (verb, value) {
            (Verb::Text, value) => {
                let mut out = String::new();
                self.plain(&value, &mut out)?;
                out
            }
            (Verb::Decimal, Value::Int(value)) => value.to_string(),
            (Verb::Decimal, Value::Uint(value)) => value.to_string(),
            (Verb::Fixed(precision), value) => format_fixed(double(&value, verb)?, precision),
            (Verb::Scientific(precision), value) => format_scientific(double(&value, verb)?, precision),
            (Verb::Binary, Value::Bool(value)) => u8::from(value).to_string(),
            (Verb::Binary, Value::Int(value)) => signed(value, format!("{:b}", value.unsigned_abs())),
            (Verb::Binary, Value::Uint(value)) => format!("{value:b}"),
            (Verb::Octal, Value::Int(value)) => signed(value, format!("{:o}", value.unsigned_abs())),
            (Verb::Octal, Value::Uint(value)) => format!("{value:o}"),
            (Verb::Hex { upper: true }, Value::Int(value)) => {
                signed(value, format!("{:X}", value.unsigned_abs()))
            }
            (Verb::Hex { upper: false }, Value::Int(value)) => {
                signed(value, format!("{:x}", value.unsigned_abs()))
            }
            (Verb::Hex { upper: true }, Value::Uint(value)) => format!("{value:X}"),
            (Verb::Hex { upper: false }, Value::Uint(value)) => format!("{value:x}"),
            (Verb::Hex { upper }, Value::String(text)) => hex(text.as_bytes(), upper),
            (Verb::Hex { upper }, Value::Bytes(bytes)) => hex(bytes, upper),
            (verb, value) => return Err(verb.refusal(value.type_name())),
        })
    }
}

fn double(value: &Value<'_>, verb: Verb) -> Result<f64, String> {
    match value {
        Value::Double(value) => Ok(*value),
        Value::String("NaN") => Ok(f64::NAN),
        Value::String("Infinity") => Ok(f64::INFINITY),
        Value::String("-Infinity") => Ok(f64::NEG_INFINITY),
        value => Err(verb.refusal(value.type_name())),
    }
}

impl<'a> Printer<'_, 'a> {
    fn spend(&mut self, work: usize) -> Result<(), String> {
        self.evaluator.toil(work as u64).map_err(|fail| fail.message().to_owned())
    }

    /// `%s` at the top: strings without quotes.
    fn plain(&mut self, value: &Value<'a>, out: &mut String) -> Result<(), String> {
        match value {
            Value::List(_) | Value::NodeList(_) | Value::Map(_) | Value::NodeMap(_) => {
                self.nested(value, out)
            }
            Value::Int(_)
            | Value::Uint(_)
            | Value::Double(_)
            | Value::Bool(_)
            | Value::String(_)
            | Value::Bytes(_)
            | Value::Timestamp(_)
            | Value::Duration(_)
            | Value::Type(_)
            | Value::Null => {
                if let Value::Bytes(bytes) = value
                    && std::str::from_utf8(bytes).is_err()
                {
                    return Err("invalid UTF-8 in bytes, cannot convert to string".into());
                }
                let text = show(value);
                self.spend(text.len() / 16 + 1)?;
                out.push_str(&text);
                Ok(())
            }
            other => Err(Verb::Text.refusal(other.type_name())),
        }
    }

    /// Inside of a list or map: as a literal of the language.
    fn nested(&mut self, value: &Value<'a>, out: &mut String) -> Result<(), String> {
        match value {
            Value::List(_) | Value::NodeList(_) => {
                out.push('[');
                for (index, item) in value.items().into_iter().flatten().enumerate() {
                    self.spend(8)?;
                    if index > 0 {
                        out.push_str(", ");
                    }
                    self.nested(&item, out)?;
                }
                out.push(']');
                Ok(())
            }
            Value::Map(_) | Value::NodeMap(_) => {
                let mut entries = Vec::new();
                let Some(mut range) = Range::of(*value) else { return Ok(()) };
                while let Some((key, value)) = range.next_pair() {
                    self.spend(24)?;
                    let (mut shown_key, mut shown_value) = (String::new(), String::new());
                    self.nested(&key, &mut shown_key)?;
                    self.nested(&value, &mut shown_value)?;
                    entries.push((shown_key, shown_value));
                }
                entries.sort_by(|(one, _), (other, _)| one.cmp(other));
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(key);
                    out.push(':');
                    out.push_str(value);
                }
                out.push('}');
                Ok(())
            }
            Value::String(text) => {
                self.spend(text.len() / 16 + 1)?;
                out.push_str(&go_quote(text));
                Ok(())
            }
            Value::Bytes(bytes) => {
                out.push('b');
                out.push_str(&go_quote(&String::from_utf8_lossy(bytes)));
                Ok(())
            }
            Value::Double(value) if value.is_finite() => {
                out.push_str(&format_plain(*value, 6));
                Ok(())
            }
            Value::Double(value) => {
                out.push_str(&format!("\"{}\"", format_plain(*value, 6)));
                Ok(())
            }
            Value::Timestamp(_) => {
                out.push_str(&format!("timestamp(\"{}\")", show(value)));
                Ok(())
            }
            Value::Duration(_) => {
                out.push_str(&format!("duration(\"{}\")", show(value)));
                Ok(())
            }
            Value::Int(_) | Value::Uint(_) | Value::Bool(_) | Value::Null | Value::Type(_) => {
                out.push_str(&show(value));
                Ok(())
            }
            other => Err(format!("no formatting function for {}", other.type_name())),
        }
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let sextet = group >> (18 - 6 * index) & 63;
            let known = BASE64.get(sextet as usize).copied().unwrap_or(b'=');
            out.push(if index <= chunk.len() { char::from(known) } else { '=' });
        }
    }
    out
}

/// With or without padding.
fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    if padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) || body.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(body.len() * 3 / 4);
    for chunk in body.as_bytes().chunks(4) {
        let mut group = 0_u32;
        for byte in chunk {
            let sextet = BASE64.iter().position(|known| known == byte)?;
            group = group << 6 | u32::try_from(sextet).ok()?;
        }
        group <<= 6 * (4 - chunk.len());
        out.extend(group.to_be_bytes().iter().skip(1).take(chunk.len() - 1));
    }
    Some(out)
}
