//! The Common Expression Language as Kubernetes speaks it: parser, type checker, cost budget, evaluator.
//!
//! Written here, and not taken from a crate, because a policy must be refused where the API server refuses it, cost
//! what it costs there, and read objects where they lie: none of which an evaluator without types can do.
//!
//! ```text
//! text ─► tokens ─► tree ─► checked (types, overloads) ─► Program;   Program + Value<'_> ─► Evaluator ─► Value<'_>
//! ```
//!
//! Invariants:
//! - no I/O, no clock, no randomness; what an expression may ask beyond its variables comes in through [`Host`] and
//!   [`Authorizer`];
//! - an expression that the API server of Kubernetes 1.36 refuses does not compile;
//! - values are borrowed: nothing of a document is converted or copied before it is asked for, and what is made lives
//!   in an arena;
//! - nothing runs for long: nesting, length, cost, work and the size of patterns are bounded, and what goes beyond is
//!   a [`Fail`] of its own kind;
//! - what is not known (an authorizer without roles) is a failure, never false.

mod ast;
mod authz;
mod check;
mod compile;
mod cost;
mod decls;
mod env;
mod error;
mod eval;
mod fail;
mod format;
mod functions;
mod lexer;
mod net;
mod number;
mod parser;
mod pattern;
mod program;
mod quantity;
mod semver;
mod time;
mod types;
mod url;
mod value;

pub use bumpalo::Bump;

pub use authz::{Access, Authorizer, Authz, Decision, Requester, ResourceAccess, Subject};
pub use decls::Library;
pub use env::{Env, Features, StructType};
pub use error::{CompileError, Issue};
pub use eval::{Composed, Evaluated, Evaluator, Host, Limits};
pub use fail::{Fail, FailKind, Reason};
pub use format::NamedFormat;
pub use parser::is_name;
pub use program::Program;
pub use quantity::Quantity;
pub use semver::Version;
pub use time::Timestamp;
pub use types::Type;
pub use url::Url;
pub use value::{Items, Map, Object, Value};
