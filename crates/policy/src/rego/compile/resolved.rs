//! What is written, with its names resolved.

use std::ops::Range;

use crate::rego::ir::{ComprKind, Func, WithTarget};
use crate::rego::value::Value;

/// A term whose names are resolved.
#[derive(Debug, Clone)]
pub(crate) enum R {
    Const(Value<'static>),
    Var(usize),
    Any,
    Array(Vec<R>),
    Object(Vec<(R, R)>),
    Set(Vec<R>),
    Ref(RHead, Vec<R>),
    Call(Func, Vec<R>),
    Compr(Box<RCompr>),
}

/// Where a reference begins.
#[derive(Debug, Clone)]
pub(crate) enum RHead {
    Input,
    Inventory,
    Rule(usize),
    Term(Box<R>),
}

/// A comprehension.
#[derive(Debug, Clone)]
pub(crate) struct RCompr {
    pub(crate) kind: ComprKind,
    pub(crate) key: Option<R>,
    pub(crate) value: R,
    pub(crate) body: Vec<RLit>,
    /// Slots that nobody outside knows.
    pub(crate) locals: Range<usize>,
}

/// A literal.
#[derive(Debug, Clone)]
pub(crate) struct RLit {
    pub(crate) at: u32,
    pub(crate) negated: bool,
    /// What is replaced while it is evaluated.
    pub(crate) with: Vec<(WithTarget, R)>,
    pub(crate) kind: RKind,
}

/// What a literal is.
#[derive(Debug, Clone)]
pub(crate) enum RKind {
    Term(R),
    Unify(R, R),
    SomeIn { key: Option<R>, value: R, collection: R },
    Every { key: Option<usize>, value: Option<usize>, collection: R, body: Vec<RLit>, locals: Range<usize> },
}
