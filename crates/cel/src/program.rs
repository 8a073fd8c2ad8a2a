//! A checked expression in the form in which it runs.

use crate::ast::MacroKind;
use crate::decls::Func;
use crate::pattern::Pattern;
use crate::types::Type;

/// A value that stands in the program.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Box<str>),
    Bytes(Box<[u8]>),
    Duration(i64),
    Timestamp(crate::time::Timestamp),
    Type(Box<str>),
}

#[derive(Debug)]
pub(crate) enum Op {
    Constant(Constant),
    /// A variable of the environment.
    Variable {
        slot: usize,
        name: Box<str>,
    },
    /// A variable of a comprehension.
    Local(usize),
    Select {
        operand: Box<Op>,
        field: Box<str>,
    },
    Test {
        operand: Box<Op>,
        field: Box<str>,
    },
    OptSelect {
        operand: Box<Op>,
        field: Box<str>,
    },
    And(Box<[Op]>),
    Or(Box<[Op]>),
    /// `name` only for functions that share a [`Func`].
    Call {
        func: Func,
        name: Box<str>,
        args: Box<[Op]>,
    },
    /// A call of `matches`, `find` or `findAll` whose pattern is a literal.
    Search {
        func: Func,
        pattern: Box<Pattern>,
        args: Box<[Op]>,
    },
    /// Items and whether they are `[?e]`.
    List(Box<[(Op, bool)]>),
    Map(Box<[(Op, Op, bool)]>),
    Object {
        name: Box<str>,
        fields: Box<[(Box<str>, Op, bool)]>,
    },
    Fold(Box<Fold>),
    Bind {
        local: usize,
        value: Box<Op>,
        body: Box<Op>,
    },
    OptMap {
        local: usize,
        range: Box<Op>,
        body: Box<Op>,
        flat: bool,
    },
}

/// A macro that walks a range.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) kind: MacroKind,
    pub(crate) range: Op,
    /// Number of the local; the second variable is the next one.
    pub(crate) variable: usize,
    pub(crate) two: bool,
    pub(crate) filter: Option<Op>,
    pub(crate) body: Op,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Program {
    pub(crate) root: Op,
    pub(crate) locals: usize,
    pub(crate) output: Type,
    pub(crate) source: Box<str>,
}

impl Program {
    /// The static type of the result; dyn where only the run can tell.
    pub fn output_type(&self) -> &Type {
        &self.output
    }

    /// The text that it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }
}
