//! Regular expressions and globs, with the meaning that Go gives them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use regex::{Regex, RegexBuilder};

use super::{Answer, Builtin, builtin, made, truth, two};
use crate::rego::eval::{EvalError, Evaluation};
use crate::rego::value::Value;

/// Compiled size of an expression, in bytes.
const SIZE: usize = 1 << 19;
/// Longest expression.
const LENGTH: usize = 8 << 10;
/// Most expressions that are kept.
const KEPT: usize = 4096;

pub(super) const TABLE: &[Builtin] = &[
    builtin("regex.match", 2, is_match),
    builtin("re_match", 2, is_match),
    builtin("regex.is_valid", 1, |eval, args| {
        let text = args.first().and_then(Value::as_str).unwrap_or("(");
        let regex = compiled(eval, text)?;
        truth(regex.is_some())
    }),
    builtin("regex.split", 2, |eval, args| {
        let Some((pattern, text)) = two(args) else { return Ok(None) };
        let Some(regex) = search(eval, pattern, text)? else { return Ok(None) };
        Ok(Some(Value::array(regex.split(text).map(Value::text).collect())))
    }),
    builtin("regex.find_n", 3, |eval, args| {
        let (Some((pattern, text)), Some(most)) = (two(args), most(args)) else { return Ok(None) };
        let Some(regex) = search(eval, pattern, text)? else { return Ok(None) };
        let found = regex.find_iter(text).take(most).map(|found| Value::text(found.as_str()));
        Ok(Some(Value::array(found.collect())))
    }),
    builtin("regex.find_all_string_submatch_n", 3, |eval, args| {
        let (Some((pattern, text)), Some(most)) = (two(args), most(args)) else { return Ok(None) };
        let Some(regex) = search(eval, pattern, text)? else { return Ok(None) };
        let groups = regex.captures_iter(text).take(most).map(|captures| {
            let texts = captures.iter().map(|group| Value::text(group.map_or("", |group| group.as_str())));
            Value::array(texts.collect())
        });
        Ok(Some(Value::array(groups.collect())))
    }),
    builtin("regex.replace", 3, |eval, args| {
        let [text, pattern, value] = args else { return Ok(None) };
        let (Some(text), Some(pattern), Some(value)) = (text.as_str(), pattern.as_str(), value.as_str())
        else {
            return Ok(None);
        };
        let Some(regex) = search(eval, pattern, text)? else { return Ok(None) };
        eval.spend((text.len() as u64).saturating_mul(value.len() as u64 + 1) / 32)?;
        made(eval, regex.replace_all(text, value).into_owned())
    }),
    builtin("glob.match", 3, glob_match),
    builtin("glob.quote_meta", 1, |eval, args| {
        let Some(text) = args.first().and_then(Value::as_str) else { return Ok(None) };
        let quoted = text.chars().flat_map(|c| {
            let is_meta = matches!(c, '*' | '?' | '\\' | '[' | ']' | '{' | '}');
            is_meta.then_some('\\').into_iter().chain(Some(c))
        });
        made(eval, quoted.collect())
    }),
];

/// Compiled expressions, shared by all evaluations of a set of policies.
#[derive(Debug, Default)]
pub(crate) struct Regexes(RwLock<HashMap<String, Option<Arc<Regex>>>>);

impl Regexes {
    /// The expression, or `None` where Go would refuse it.
    fn get(&self, pattern: &str) -> Result<Option<Arc<Regex>>, Box<EvalError>> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
            return Ok(known.clone());
        }
        let regex = compile(pattern)?;
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }
}

fn compile(pattern: &str) -> Result<Option<Arc<Regex>>, Box<EvalError>> {
    let too_large = || Box::new(EvalError::Regex(pattern.chars().take(80).collect()));
    if pattern.len() > LENGTH {
        return Err(too_large());
    }
    let Some(translated) = translate(pattern) else { return Ok(None) };
    match RegexBuilder::new(&translated).size_limit(SIZE).dfa_size_limit(SIZE).nest_limit(100).build() {
        Ok(regex) => Ok(Some(Arc::new(regex))),
        Err(regex::Error::CompiledTooBig(_)) => Err(too_large()),
        Err(_) => Ok(None),
    }
}

/// Rewrites what Go and Rust read differently: Go's classes are ASCII, `[` in a class and `{` that is no repetition
/// stand for themselves, `\Q…\E` quotes. `None` for what Rust accepts and Go does not: a repetition of a repetition,
/// counts above 1000, flags of Rust's own.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut in_class = false;
    let mut class_start = false;
    let mut rest = pattern;
    let mut repeats = Repeats::No;
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        repeats = match (c, repeats) {
            _ if in_class => Repeats::No,
            ('?', Repeats::Greedy) => Repeats::Lazy,
            ('*' | '+' | '?', Repeats::No) => Repeats::Greedy,
            ('*' | '+' | '?', _) => return None,
            ('{', before) if is_repetition(rest) => match before {
                Repeats::No if is_small(rest) => Repeats::Greedy,
                _ => return None,
            },
            // The digits of a count do not end it.
            ('0'..='9' | ',' | '}', Repeats::Greedy) if out.rfind('{') > out.rfind('}') => Repeats::Greedy,
            _ => Repeats::No,
        };
        if c == '(' && !in_class && has_foreign_flag(rest) {
            return None;
        }
        let next = rest.get(len..).and_then(|rest| rest.chars().next());
        let is_start = std::mem::take(&mut class_start);
        match (c, next) {
            ('\\', Some('Q')) if !in_class => {
                let quoted = rest.get(2..).unwrap_or_default();
                let end = quoted.find("\\E");
                out.push_str(&regex::escape(quoted.get(..end.unwrap_or(quoted.len())).unwrap_or_default()));
                len = end.map_or(rest.len(), |end| end + 4);
            }
            ('\\', Some(escaped)) => {
                len += escaped.len_utf8();
                match escaped {
                    'd' => out.push_str("[0-9]"),
                    'D' => out.push_str("[^0-9]"),
                    'w' => out.push_str("[0-9A-Za-z_]"),
                    'W' => out.push_str("[^0-9A-Za-z_]"),
                    's' => out.push_str("[\\t\\n\\f\\r ]"),
                    'S' => out.push_str("[^\\t\\n\\f\\r ]"),
                    'b' if !in_class => out.push_str("(?-u:\\b)"),
                    'B' if !in_class => out.push_str("(?-u:\\B)"),
                    '<' | '>' => out.push(escaped),
                    _ => {
                        out.push('\\');
                        out.push(escaped);
                    }
                }
            }
            ('[', _) if in_class => match next {
                Some(':') if rest.get(2..).is_some_and(|rest| rest.contains(":]")) => {
                    let end = rest.find(":]").map_or(1, |at| at + 2);
                    out.push_str(rest.get(..end).unwrap_or_default());
                    len = end;
                }
                _ => out.push_str("\\["),
            },
            ('[', _) => {
                in_class = true;
                class_start = true;
                out.push('[');
                if next == Some('^') {
                    out.push('^');
                    len += 1;
                }
            }
            (']', _) if in_class && is_start => out.push_str("\\]"),
            (']', _) if in_class => {
                in_class = false;
                out.push(']');
            }
            ('&' | '~', Some(next)) if in_class && next == c => {
                out.push('\\');
                out.push(c);
            }
            ('-', Some('-')) if in_class => out.push_str("\\-"),
            ('{', _) if !in_class && !is_repetition(rest) => out.push_str("\\{"),
            _ => out.push(c),
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    Some(out)
}

/// What the last character repeats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    No,
    Greedy,
    Lazy,
}

/// Whether the counts at the beginning are at most 1000.
fn is_small(text: &str) -> bool {
    let inside = text.split('}').next().unwrap_or_default().trim_start_matches('{');
    inside.split(',').all(|count| count.is_empty() || count.parse::<u32>().is_ok_and(|count| count <= 1000))
}

/// Whether a group begins with a flag that Go does not know, as `(?x)`.
fn has_foreign_flag(text: &str) -> bool {
    let flags = text.strip_prefix("(?").unwrap_or_default();
    let flags: String = flags.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
    let names_group = text.starts_with("(?P<");
    !names_group && flags.chars().any(|c| !matches!(c, 'i' | 'm' | 's' | 'U' | '-'))
}

/// Whether a text begins with `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(text: &str) -> bool {
    let Some((inside, _)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match inside.split_once(',') {
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
        None => is_number(inside),
    }
}

fn compiled(eval: &Evaluation<'_>, pattern: &str) -> Result<Option<Arc<Regex>>, Box<EvalError>> {
    eval.regexes().get(pattern)
}

/// The expression, with the search through `text` paid for.
fn search(
    eval: &mut Evaluation<'_>,
    pattern: &str,
    text: &str,
) -> Result<Option<Arc<Regex>>, Box<EvalError>> {
    let cost = (text.len() as u64 / 64).saturating_mul(pattern.len() as u64 / 32 + 1);
    eval.spend(cost + 4)?;
    compiled(eval, pattern)
}

fn is_match<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Some((pattern, text)) = two(args) else { return Ok(None) };
    match search(eval, pattern, text)? {
        Some(regex) => truth(regex.is_match(text)),
        None => Ok(None),
    }
}

/// The third argument: how many at most; below zero all.
fn most(args: &[Value<'_>]) -> Option<usize> {
    let most = args.get(2)?.as_i64()?;
    Some(usize::try_from(most).unwrap_or(usize::MAX))
}

fn glob_match<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let [pattern, delimiters, text] = args else { return Ok(None) };
    let (Some(pattern), Some(text)) = (pattern.as_str(), text.as_str()) else { return Ok(None) };
    let delimiters: Option<String> = match delimiters {
        Value::Null => Some(String::new()),
        list => match list.items() {
            Some(items) if items.is_empty() => Some(".".to_owned()),
            Some(items) => {
                items.iter().map(|item| item.as_str().filter(|text| text.chars().count() == 1)).collect()
            }
            None => None,
        },
    };
    let Some(regex) = delimiters.and_then(|delimiters| glob(pattern, &delimiters)) else { return Ok(None) };
    match search(eval, &regex, text)? {
        Some(regex) => truth(regex.is_match(text)),
        None => Ok(None),
    }
}

/// A glob as a regular expression: `*` and `?` stop at a delimiter, `**` does not.
fn glob(pattern: &str, delimiters: &str) -> Option<String> {
    let any = match delimiters {
        "" => "(?s:.)".to_owned(),
        _ => format!(
            "[^{}]",
            delimiters.chars().map(|c| format!("\\x{{{:x}}}", u32::from(c))).collect::<String>()
        ),
    };
    let mut out = String::from("^(?:");
    let mut depth = 0_u32;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                while chars.peek() == Some(&'*') {
                    chars.next();
                }
                out.push_str("(?s:.*)");
            }
            '*' => out.push_str(&format!("{any}*")),
            '?' => out.push_str(&any),
            '[' => {
                out.push('[');
                if chars.peek() == Some(&'!') {
                    chars.next();
                    out.push('^');
                }
                loop {
                    match chars.next()? {
                        ']' => break,
                        '-' => out.push('-'),
                        '\\' => out.push_str(&format!("\\x{{{:x}}}", u32::from(chars.next()?))),
                        c => out.push_str(&format!("\\x{{{:x}}}", u32::from(c))),
                    }
                }
                out.push(']');
            }
            '{' => {
                depth += 1;
                out.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            ',' if depth > 0 => out.push('|'),
            '\\' => out.push_str(&regex::escape(chars.next()?.encode_utf8(&mut [0; 4]))),
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push_str(")$");
    (depth == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::{compile, glob, translate};

    fn matches(pattern: &str, text: &str) -> Option<bool> {
        compile(pattern).unwrap().map(|regex| regex.is_match(text))
    }

    #[test]
    fn classes_are_ascii_as_in_go() {
        assert_eq!(matches(r"^\d+$", "12"), Some(true));
        assert_eq!(matches(r"^\d+$", "١٢"), Some(false));
        assert_eq!(matches(r"^[\w-]+$", "a-b_1"), Some(true));
        assert_eq!(matches(r"^\w$", "é"), Some(false));
    }

    #[test]
    fn brackets_and_braces_stand_for_themselves_where_go_reads_them_so() {
        assert_eq!(matches("^[[a]+$", "[a"), Some(true));
        assert_eq!(matches("^[]a]+$", "]a"), Some(true));
        assert_eq!(matches("^a{x}$", "a{x}"), Some(true));
        assert_eq!(matches("^a{2,3}$", "aaa"), Some(true));
        assert_eq!(matches("^a{2,3}?b+?(?i)C$", "aaabc"), Some(true));
        assert_eq!(matches("^[a&&b]+$", "a&"), Some(true));
        assert_eq!(matches(r"^\Qa.b\E$", "a.b"), Some(true));
        assert_eq!(matches("^[[:alpha:]]+$", "ab"), Some(true));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in ["(", r"(a)\1", "(?=a)", "a**", "a{2}{3}", "a{1001}", "(?x)a", "[b-a]"] {
            assert_eq!(matches(pattern, "a"), None, "{pattern} {:?}", translate(pattern));
        }
    }

    #[test]
    fn too_large_an_expression_is_an_error() {
        assert!(compile("((a{100}){100}){100}").is_err());
    }

    #[test]
    fn globs_stop_at_delimiters() {
        let regex = |pattern: &str, delimiters: &str| glob(pattern, delimiters).unwrap();
        let is = |pattern: &str, delimiters: &str, text: &str| matches(&regex(pattern, delimiters), text);
        assert_eq!(is("*.github.com", ".", "api.github.com"), Some(true));
        assert_eq!(is("*.github.com", ".", "a.b.github.com"), Some(false));
        assert_eq!(is("**.github.com", ".", "a.b.github.com"), Some(true));
        assert_eq!(is("{a,b}-?[!0-9]", "", "a-xy"), Some(true));
    }
}
