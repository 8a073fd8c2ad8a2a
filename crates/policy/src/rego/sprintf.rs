//! Go's `fmt.Sprintf` on values of Rego, mistakes included: a missing argument prints `%!v(MISSING)`.

use std::fmt::Write as _;

use super::value::Value;
use crate::go;

/// What Go's `fmt` sees of a value: numbers and texts as they are, anything else as its text.
enum Arg {
    Int(i64),
    /// The digits of a whole number beyond `Int`, without its sign.
    Big {
        is_negative: bool,
        digits: String,
    },
    Float(f64),
    Text(String),
}

#[derive(Default)]
struct Spec {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Widths and precisions beyond this are mistakes in Go.
const WIDEST: usize = 1_000_000;
/// Nobody pads that much; bounds the size of the result.
const PADDING: usize = 4096;

/// Formats `args` by `format`.
pub(crate) fn sprintf(format: &str, args: &[Value<'_>]) -> String {
    let mut out = String::with_capacity(format.len() + 32);
    let mut next = 0;
    let mut reordered = false;
    let mut rest = format;
    while let Some((before, verb)) = rest.split_once('%') {
        out.push_str(before);
        // Most verbs have neither flags nor a width.
        if let Some(value) = args.get(next)
            && let Some(after) = verb.strip_prefix('v').or_else(|| verb.strip_prefix('s'))
            && print_plain(value, verb.starts_with('s'), &mut out)
        {
            next += 1;
            rest = after;
            continue;
        }
        let mut chars = verb.chars().peekable();
        rest = "";
        let mut spec = Spec::default();
        while let Some(flag) = chars.peek() {
            match flag {
                '-' => spec.minus = true,
                '+' => spec.plus = true,
                '#' => spec.sharp = true,
                ' ' => spec.space = true,
                '0' => spec.zero = true,
                _ => break,
            }
            chars.next();
        }
        reordered |= index(&mut chars, &mut next);
        spec.width = number(&mut chars, args, &mut next);
        if chars.peek() == Some(&'.') {
            chars.next();
            reordered |= index(&mut chars, &mut next);
            spec.precision = Some(number(&mut chars, args, &mut next).unwrap_or(0));
        }
        reordered |= index(&mut chars, &mut next);
        let Some(letter) = chars.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        let left: usize = chars.map(char::len_utf8).sum();
        rest = verb.get(verb.len() - left..).unwrap_or_default();
        let verb = letter;
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = args.get(next) else {
            out.push_str(&format!("%!{verb}(MISSING)"));
            continue;
        };
        next += 1;
        print(&arg(value), verb, &spec, &mut out);
    }
    out.push_str(rest);
    if !reordered && next < args.len() {
        out.push_str("%!(EXTRA ");
        let extra = args.get(next..).unwrap_or_default().iter().map(|value| {
            let arg = arg(value);
            format!("{}={}", type_name(&arg), plain(&arg))
        });
        out.push_str(&extra.collect::<Vec<_>>().join(", "));
        out.push(')');
    }
    out
}

/// Prints a value as `%v` or `%s` do; false where `%s` is a mistake.
fn print_plain(value: &Value<'_>, is_text: bool, out: &mut String) -> bool {
    match value {
        Value::Int(_) | Value::Float(_) if is_text => return false,
        Value::Float(_) => return false,
        Value::Str(text) => out.push_str(text),
        Value::Text(text) => out.push_str(text),
        // Writing into a text cannot fail.
        value => write!(out, "{value}").unwrap_or_default(),
    }
    true
}

/// `[2]`: the next argument is the second.
fn index(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, next: &mut usize) -> bool {
    if chars.peek() != Some(&'[') {
        return false;
    }
    let mut ahead = chars.clone();
    ahead.next();
    let digits: String = ahead.by_ref().take_while(|c| *c != ']').collect();
    match digits.parse::<usize>() {
        Ok(number) if number > 0 => {
            *next = number - 1;
            *chars = ahead;
            true
        }
        _ => false,
    }
}

/// A width or precision: digits, or `*` for the next argument.
fn number(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    args: &[Value<'_>],
    next: &mut usize,
) -> Option<usize> {
    if chars.peek() == Some(&'*') {
        chars.next();
        let value = args.get(*next).and_then(Value::as_i64);
        *next += 1;
        return value.and_then(|value| usize::try_from(value).ok()).map(|value| value.min(PADDING));
    }
    let mut found = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        let sum = found.unwrap_or(0_usize) * 10 + digit as usize;
        found = Some(sum.min(WIDEST));
    }
    found.map(|value| value.min(PADDING))
}

fn arg(value: &Value<'_>) -> Arg {
    match value {
        Value::Int(value) => Arg::Int(*value),
        Value::Float(value) if value.fract() == 0.0 => {
            Arg::Big { is_negative: *value < 0.0, digits: format!("{:.0}", value.abs()) }
        }
        Value::Float(value) => Arg::Float(*value),
        value => Arg::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    }
}

fn type_name(arg: &Arg) -> &'static str {
    match arg {
        Arg::Int(_) => "int",
        Arg::Big { .. } => "*big.Int",
        Arg::Float(_) => "float64",
        Arg::Text(_) => "string",
    }
}

/// As `%v` prints it.
fn plain(arg: &Arg) -> String {
    match arg {
        Arg::Int(value) => value.to_string(),
        Arg::Big { is_negative, digits } => format!("{}{digits}", if *is_negative { "-" } else { "" }),
        Arg::Float(value) => go::format_float(*value),
        Arg::Text(text) => text.clone(),
    }
}

fn print(arg: &Arg, verb: char, spec: &Spec, out: &mut String) {
    let text = match (arg, verb) {
        (_, 'T') => Some(type_name(arg).to_owned()),
        (Arg::Int(value), 'v' | 'd') => Some(signed(*value, &value.unsigned_abs().to_string(), spec)),
        (Arg::Big { is_negative, digits }, 'v' | 'd' | 's') => {
            Some(format!("{}{}", sign(*is_negative, spec), precise(digits, spec)))
        }
        (Arg::Int(value), 'b') => Some(signed(*value, &format!("{:b}", value.unsigned_abs()), spec)),
        (Arg::Int(value), 'o') => Some(signed(*value, &format!("{:o}", value.unsigned_abs()), spec)),
        (Arg::Int(value), 'x') => Some(signed(*value, &format!("{:x}", value.unsigned_abs()), spec)),
        (Arg::Int(value), 'X') => Some(signed(*value, &format!("{:X}", value.unsigned_abs()), spec)),
        (Arg::Int(value), 'c') => {
            let c =
                u32::try_from(*value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            Some(c.to_string())
        }
        (Arg::Int(value), 'q') => {
            let c =
                u32::try_from(*value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            Some(format!("'{c}'"))
        }
        (Arg::Float(value), 'v' | 'g' | 'G') if spec.precision.is_none() => {
            Some(with_sign(*value, go::format_float(value.abs()), spec))
        }
        (Arg::Float(value), 'v' | 'g' | 'G') => Some(with_sign(*value, significant(value.abs(), spec), spec)),
        (Arg::Float(value), 'f' | 'F') => {
            let digits = spec.precision.unwrap_or(6);
            Some(with_sign(*value, format!("{:.digits$}", value.abs()), spec))
        }
        (Arg::Float(value), 'e' | 'E') => Some(with_sign(*value, exponent(value.abs(), spec, verb), spec)),
        (Arg::Text(text), 'v' | 's') => Some(match spec.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None if verb == 'v' && spec.sharp => go::quote(text),
            None => text.clone(),
        }),
        (Arg::Text(text), 'q') => Some(go::quote(text)),
        (Arg::Text(text), 'x') => Some(text.bytes().map(|byte| format!("{byte:02x}")).collect()),
        (Arg::Text(text), 'X') => Some(text.bytes().map(|byte| format!("{byte:02X}")).collect()),
        _ => None,
    };
    match text {
        Some(text) => pad(&text, matches!(arg, Arg::Int(_) | Arg::Big { .. } | Arg::Float(_)), spec, out),
        // A number beyond the machine's is printed by itself, not by a pointer to it.
        None => out.push_str(&format!("%!{verb}({}={})", type_name(arg).trim_start_matches('*'), plain(arg))),
    }
}

fn signed(value: i64, digits: &str, spec: &Spec) -> String {
    format!("{}{}", sign(value < 0, spec), precise(digits, spec))
}

/// At least as many digits as the precision.
fn precise(digits: &str, spec: &Spec) -> String {
    match spec.precision {
        Some(precision) => format!("{digits:0>precision$}"),
        None => digits.to_owned(),
    }
}

fn with_sign(value: f64, digits: String, spec: &Spec) -> String {
    format!("{}{digits}", sign(value.is_sign_negative(), spec))
}

fn sign(is_negative: bool, spec: &Spec) -> &'static str {
    match (is_negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

fn exponent(value: f64, spec: &Spec, verb: char) -> String {
    let digits = spec.precision.unwrap_or(6);
    let text = format!("{value:.digits$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}{verb}{sign}{:02}", power.abs())
}

/// `%.3g`: that many digits, without zeros at the end.
fn significant(value: f64, spec: &Spec) -> String {
    let digits = spec.precision.unwrap_or(0).max(1);
    let text = format!("{value:.*e}", digits - 1);
    match text.parse::<f64>() {
        Ok(rounded) => go::general(rounded, i32::try_from(digits).unwrap_or(21)),
        Err(_) => text,
    }
}

fn pad(text: &str, is_number: bool, spec: &Spec, out: &mut String) {
    let missing = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    if spec.minus {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if spec.zero && is_number {
        let sign = text.len() - text.trim_start_matches(['+', '-', ' ']).len();
        out.push_str(text.get(..sign).unwrap_or_default());
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(text.get(sign..).unwrap_or_default());
    } else {
        out.extend(std::iter::repeat_n(if spec.zero { '0' } else { ' ' }, missing));
        out.push_str(text);
    }
}
