//! The builtin functions of Rego that need nothing but their arguments.
//!
//! A builtin that is given what it cannot handle is undefined (`None`), as in OPA unless it is told to be strict;
//! only what must stop an evaluation is an error.

mod collections;
mod encoding;
mod external;
mod network;
mod numbers;
mod objects;
mod regex;
mod text;
mod time;

use super::eval::{EvalError, Evaluation};
use super::value::{Flag, Value};

pub(crate) use regex::Regexes;

/// The answer of a builtin.
type Answer<'a> = Result<Option<Value<'a>>, Box<EvalError>>;

type Run = for<'a> fn(&mut Evaluation<'a>, &[Value<'a>]) -> Answer<'a>;

/// A builtin function.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    pub(crate) arity: usize,
    /// It gives a list of results, of which each is one.
    pub(crate) is_relation: bool,
    pub(crate) run: Run,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn builtin(name: &'static str, arity: usize, run: Run) -> Builtin {
    Builtin { name, arity, is_relation: false, run }
}

/// What is known of a name.
pub(crate) enum Lookup {
    /// It is a builtin.
    Known(&'static Builtin),
    /// It is one of OPA's that is not to be had here, and why.
    Refused(&'static str),
    /// It is none.
    Unknown,
}

/// Families of builtins that a policy here cannot have.
const REFUSED: &[(&str, &str)] = &[
    ("http.", "a policy asks nobody"),
    ("net.lookup_ip_addr", "a policy asks nobody"),
    ("opa.", "a policy does not see the process that runs it"),
    ("rego.", "it is not supported"),
    ("rand.", "a verdict does not depend on chance"),
    ("uuid.", "a verdict does not depend on chance"),
    ("graphql.", "it is not supported"),
    ("graph.", "it is not supported"),
    ("crypto.", "it is not supported"),
    ("io.jwt.", "it is not supported"),
    ("providers.aws.", "it is not supported"),
    ("json.", "it is not supported"),
    ("yaml.", "it is not supported"),
    ("regex.", "it is not supported"),
    ("glob.", "it is not supported"),
    ("time.", "it is not supported"),
    ("strings.", "it is not supported"),
    ("net.", "it is not supported"),
    ("semver.", "it is not supported"),
    ("units.", "it is not supported"),
];

/// The builtin of that name.
pub(crate) fn find(name: &str) -> Lookup {
    let tables = [
        numbers::TABLE,
        text::TABLE,
        collections::TABLE,
        objects::TABLE,
        encoding::TABLE,
        external::TABLE,
        regex::TABLE,
        network::TABLE,
        time::TABLE,
    ];
    let found = tables.into_iter().flatten().find(|builtin| builtin.name == name);
    if let Some(builtin) = found {
        return Lookup::Known(builtin);
    }
    match REFUSED.iter().find(|(prefix, _)| name.starts_with(prefix)) {
        Some((_, why)) => Lookup::Refused(why),
        None => Lookup::Unknown,
    }
}

/// `Some(true)` or `Some(false)`.
fn truth<'a>(value: bool) -> Answer<'a> {
    Ok(Some(Value::Bool(Flag(value))))
}

/// A text that was made, and paid for by its length.
fn made<'a>(eval: &mut Evaluation<'a>, text: String) -> Answer<'a> {
    eval.spend(4 + text.len() as u64 / 32)?;
    Ok(Some(Value::text(text)))
}

/// A part of a text that was given: where that lies in a document or in the policy, nothing is made.
fn part<'a>(eval: &mut Evaluation<'a>, whole: &Value<'a>, part: &str) -> Answer<'a> {
    if let Value::Str(text) = whole {
        let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        if let Some(part) = start.checked_add(part.len()).and_then(|end| text.get(start..end)) {
            eval.spend(1)?;
            return Ok(Some(Value::Str(part)));
        }
    }
    made(eval, part.to_owned())
}

/// The first two arguments as texts.
fn two<'v>(args: &'v [Value<'_>]) -> Option<(&'v str, &'v str)> {
    Some((args.first()?.as_str()?, args.get(1)?.as_str()?))
}
