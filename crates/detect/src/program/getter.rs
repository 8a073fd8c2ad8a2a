//! What yields the left and the right side of a check: fields, constants, and functions over them.

use crate::condition::Transformer;
use crate::fields::{FieldRef, Type};

/// Index of a getter in its source's program.
pub(crate) type GetterId = u32;

/// A field, a constant, or a function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Getter {
    Field(FieldRef),
    Constant(Vec<u8>),
    List(Vec<GetterId>),
    Function { function: Transformer, arguments: Vec<GetterId>, selector: Option<u8> },
}

/// What a getter yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Yield {
    pub(crate) ty: Type,
    pub(crate) is_list: bool,
}

/// The type of a function over arguments of these types.
///
/// # Errors
/// Falco's text: a wrong number of arguments, or of a wrong type.
pub(crate) fn function_type(
    function: Transformer,
    arguments: &[Yield],
    has_selector: bool,
    first_name: &str,
) -> Result<Yield, String> {
    let name = function.as_str();
    if has_selector && function != Transformer::GetOpt {
        return Err(format!("filter error: transformer '{name}' does not support field arguments"));
    }
    let text = Yield { ty: Type::Text, is_list: false };
    match function {
        Transformer::Join => match arguments {
            [separator, list] if !separator.is_list && list.is_list => Ok(text),
            [separator, _] if separator.is_list => {
                Err("join() first argument (separator) must be a single value, not a list".into())
            }
            [_, _] => Err("join() second argument must be a list".into()),
            _ => Err("join() requires exactly 2 arguments: separator and list".into()),
        },
        Transformer::Concat => {
            if arguments.len() < 2 {
                return Err("concat() requires at least 2 arguments".into());
            }
            match arguments.iter().all(|argument| *argument == text) {
                true => Ok(text),
                false => Err("concat() arguments must be strings".into()),
            }
        }
        Transformer::GetOpt => match arguments {
            [list, options] if list.is_list && !options.is_list => {
                if list.ty != Type::Text || options.ty != Type::Text {
                    return Err("getopt() arguments must be strings".into());
                }
                Ok(Yield { ty: Type::Text, is_list: !has_selector })
            }
            [list, _] if !list.is_list => Err("getopt() first argument must be a list".into()),
            [_, _] => Err("getopt() second argument (optstring) must be a single value".into()),
            _ => Err("getopt() requires exactly 2 arguments: args list and optstring".into()),
        },
        Transformer::Val
        | Transformer::ToLower
        | Transformer::ToUpper
        | Transformer::Base64
        | Transformer::Basename
        | Transformer::Len => {
            let [argument] = arguments else {
                return Err(format!("'{name}' takes one argument, {} are given", arguments.len()));
            };
            let is_text = argument.ty == Type::Text;
            let is_bytes = argument.ty == Type::Bytes;
            let result = match function {
                Transformer::Val => Some(*argument),
                Transformer::Len if argument.is_list || is_text || is_bytes => {
                    Some(Yield { ty: Type::Unsigned, is_list: false })
                }
                Transformer::Base64 if is_text || is_bytes => Some(*argument),
                Transformer::ToLower | Transformer::ToUpper | Transformer::Basename if is_text => {
                    Some(*argument)
                }
                _ => None,
            };
            result.ok_or_else(|| {
                format!(
                    "can't add field transformer: type '{}' is not supported by '{name}' transformer applied \
                     on {}field '{first_name}'",
                    argument.ty.falco_name(),
                    if argument.is_list { "list " } else { "" },
                )
            })
        }
    }
}

/// Applies a function of one text.
pub(crate) fn apply(function: Transformer, text: &[u8], out: &mut Vec<u8>) -> bool {
    match function {
        Transformer::ToLower => out.extend(text.iter().map(u8::to_ascii_lowercase)),
        Transformer::ToUpper => out.extend(text.iter().map(u8::to_ascii_uppercase)),
        Transformer::Basename => {
            let start = text.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
            out.extend_from_slice(text.get(start..).unwrap_or_default());
        }
        Transformer::Base64 => return decode_base64(text, out),
        Transformer::Val => out.extend_from_slice(text),
        Transformer::Len | Transformer::Join | Transformer::Concat | Transformer::GetOpt => return false,
    }
    true
}

/// The standard alphabet, with or without padding; false where a byte does not belong to it.
fn decode_base64(text: &[u8], out: &mut Vec<u8>) -> bool {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let digits = text.get(..end).unwrap_or_default();
    if text.len() - end > 2 || digits.len() % 4 == 1 {
        return false;
    }
    let mut bits = 0u32;
    let mut count = 0;
    for byte in digits {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return false,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    true
}

/// Walks arguments as `getopt(3)` does, for short options. `emit` gets each option and value; with a selector
/// only the last value of that option counts and is returned.
pub(crate) fn getopt<'a>(
    arguments: &[&'a [u8]],
    options: &[u8],
    selector: Option<u8>,
    mut emit: impl FnMut(&'a [u8]),
) -> Option<&'a [u8]> {
    let options = options.strip_prefix(b":").unwrap_or(options);
    let rule = |option: u8| {
        let at = options.iter().position(|known| *known == option && option != b':')?;
        Some(options.get(at + 1) == Some(&b':'))
    };
    let mut selected = None;
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        at += 1;
        if *argument == b"--" {
            break;
        }
        if argument.len() > 2 && argument.starts_with(b"--") {
            continue;
        }
        if argument.len() < 2 || !argument.starts_with(b"-") {
            break;
        }
        for index in 1..argument.len() {
            let name = argument.get(index..=index).unwrap_or_default();
            let option = name.first().copied().unwrap_or_default();
            let matches = selector.is_none_or(|selector| selector == option);
            let Some(takes_value) = rule(option) else {
                if selector.is_none() {
                    emit(b"?");
                }
                continue;
            };
            if !takes_value {
                if matches {
                    selected = Some(name);
                    emit(name);
                }
                continue;
            }
            let attached = argument.get(index + 1..).filter(|rest| !rest.is_empty());
            let value = attached.or_else(|| {
                let next = arguments.get(at).copied();
                at += usize::from(next.is_some());
                next
            });
            if matches {
                selected = Some(value.unwrap_or_default());
                match value {
                    Some(value) => {
                        emit(name);
                        emit(value);
                    }
                    // A missing value is an empty one.
                    None => emit(b""),
                }
            }
            break;
        }
    }
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_with_and_without_padding() {
        for (text, expected) in [
            ("aGVsbG8=", Some("hello")),
            ("aGVsbG8", Some("hello")),
            ("a", None),
            ("a*==", None),
            ("", Some("")),
        ] {
            let mut out = Vec::new();
            let decoded = decode_base64(text.as_bytes(), &mut out);
            assert_eq!(decoded.then_some(out.as_slice()), expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn options_are_found_as_getopt_finds_them() {
        let run = |arguments: &[&str], options: &str, selector: Option<u8>| {
            let arguments: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
            let mut out = Vec::new();
            let selected = getopt(&arguments, options.as_bytes(), selector, |text| {
                out.push(String::from_utf8_lossy(text).into_owned());
            });
            (out.join(" "), selected.map(|text| String::from_utf8_lossy(text).into_owned()))
        };
        assert_eq!(run(&["-nt", "5", "x", "-q"], "nt:", None).0, "n t 5");
        assert_eq!(run(&["-t5", "-t", "6"], "t:", Some(b't')).1.as_deref(), Some("6"));
        assert_eq!(run(&["--exec", "-x", "--", "-n"], "n", None).0, "?");
        assert_eq!(run(&["-t"], "t:", Some(b't')).1.as_deref(), Some(""));
        assert_eq!(run(&["-n"], "nt:", Some(b't')).1, None);
    }
}
