//! What is evaluated: names are slots, literals stand in an order that binds before it needs, and it is fixed which
//! occurrence of a variable binds it.

use super::builtins::Builtin;
use super::value::Value;

/// A term that has at most one value once the slots before it are filled.
#[derive(Debug)]
pub(crate) enum Term {
    Const(Value<'static>),
    Slot(usize),
    Array(Box<[Term]>),
    Object(Box<[(Term, Term)]>),
    Set(Box<[Term]>),
    Get(Head, Box<[Term]>),
    Call(Func, Box<[Term]>),
    Compr(Box<Compr>),
}

/// Where a reference begins.
#[derive(Debug)]
pub(crate) enum Head {
    Input,
    Inventory,
    Rule(usize),
    Term(Box<Term>),
}

/// What is called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Func {
    Rule(usize),
    Builtin(&'static Builtin),
}

/// What a comprehension makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComprKind {
    Array,
    Set,
    Object,
}

/// A comprehension.
#[derive(Debug)]
pub(crate) struct Compr {
    pub(crate) kind: ComprKind,
    /// The key of an object.
    pub(crate) key: Option<Term>,
    pub(crate) value: Term,
    pub(crate) body: Box<[Lit]>,
}

/// What a value is matched with.
#[derive(Debug)]
pub(crate) enum Pattern {
    Any,
    Bind(usize),
    Equal(Term),
    Array(Box<[Pattern]>),
    Object(Box<[(Term, Pattern)]>),
}

/// One step of a reference that is walked.
#[derive(Debug)]
pub(crate) enum Step {
    Key(Term),
    Each(Pattern),
}

/// A literal.
#[derive(Debug)]
pub(crate) enum Lit {
    /// Defined and not false.
    Test(Term),
    /// The value of the term is put into the slot.
    Bind(usize, Term),
    Match(Pattern, Term),
    /// Walks a reference; without a pattern the value at its end must be neither undefined nor false.
    Iterate {
        head: Head,
        steps: Box<[Step]>,
        then: Option<Pattern>,
    },
    SomeIn {
        key: Option<Pattern>,
        value: Pattern,
        collection: Term,
    },
    Every {
        key: Option<usize>,
        value: Option<usize>,
        collection: Term,
        body: Box<[Lit]>,
    },
    Not(Box<[Lit]>),
    /// The body, with something else in the place of `input` or of the inventory.
    With(Box<With>),
}

/// `… with target as value`
#[derive(Debug)]
pub(crate) struct With {
    pub(crate) values: Box<[(WithTarget, Term)]>,
    pub(crate) body: Box<[Lit]>,
    /// Slots that the body fills.
    pub(crate) binds: Box<[usize]>,
}

/// What is replaced: a document, or a field of it.
#[derive(Debug, Clone)]
pub(crate) struct WithTarget {
    pub(crate) head: Replaced,
    /// Texts.
    pub(crate) path: Vec<Value<'static>>,
}

/// The documents that can be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaced {
    Input,
    Inventory,
}

/// What kind of rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    Complete,
    Function,
    PartialSet,
    PartialObject,
}

/// All definitions of one name.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) kind: RuleKind,
    pub(crate) default: Option<Term>,
    pub(crate) definitions: Vec<Definition>,
}

/// One definition.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) args: Box<[Pattern]>,
    pub(crate) slots: usize,
    /// The body and what comes of it, then its alternatives in order.
    pub(crate) branches: Box<[Branch]>,
}

/// A body and its result.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) body: Box<[Lit]>,
    pub(crate) key: Option<Term>,
    pub(crate) value: Term,
}
