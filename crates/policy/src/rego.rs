//! Rego, evaluated where the documents lie.
//!
//! ```text
//! text ─► tokens ─► module ─► Program (names resolved, literals ordered, modes fixed) ─► Evaluation ─► values
//! ```
//!
//! The language is OPA's, in both versions, as far as a policy may use it that neither waits nor asks anybody. What is
//! not known here is refused when the policy is loaded, by name. As in OPA:
//! - literals are put in an order in which every variable is bound before it is needed;
//! - what stands in the arguments of a call under `not` is evaluated before the negation, so that an undefined
//!   argument makes the body undefined and not the negation true;
//! - a builtin that is given what it cannot handle is undefined; two results for one complete rule or function are an
//!   error.
//!
//! Every evaluation has a budget of steps, so that none takes long.

mod ast;
mod builtins;
mod compile;
mod eval;
mod ir;
mod lexer;
mod order;
mod parser;
mod shared;
mod sprintf;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;

pub(crate) use builtins::Regexes;
pub(crate) use compile::{Program, Source, compile};
pub(crate) use eval::{EvalError, Evaluation, Input};
pub(crate) use value::{Flag, Value};

/// Which version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegoVersion {
    /// Bodies without `if`.
    V0,
    /// The language of OPA 1.0.
    V1,
}

/// A mistake in a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegoError {
    /// Byte offset in the module.
    pub(crate) offset: u32,
    pub(crate) message: String,
}

impl fmt::Display for RegoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
