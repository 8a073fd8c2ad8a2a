//! Regular expressions and globs, with the meaning that Go gives them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use haechi_syntax::re2::{self, Dialect};
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
    let translated = match re2::translate(pattern, Dialect::Go) {
        Ok(translated) => translated,
        // To Gatekeeper it is as any other mistake, and the policy silent.
        Err(refused) if refused.is_too_large() => return Err(too_large()),
        Err(_) => return Ok(None),
    };
    match RegexBuilder::new(&translated).size_limit(SIZE).dfa_size_limit(SIZE).nest_limit(100).build() {
        Ok(regex) => Ok(Some(Arc::new(regex))),
        Err(regex::Error::CompiledTooBig(_)) => Err(too_large()),
        Err(_) => Ok(None),
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
    use super::{compile, glob};

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
            assert_eq!(matches(pattern, "a"), None, "{pattern}");
        }
    }

    #[test]
    fn too_large_an_expression_is_an_error() {
        assert!(compile(r"(\pL{30}){30}").is_err());
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
