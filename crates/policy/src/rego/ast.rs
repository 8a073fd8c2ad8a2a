//! Rego as written.

/// A term and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) at: u32,
    pub(crate) kind: TermKind,
}

/// What a term is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TermKind {
    Null,
    Bool(bool),
    Number(String),
    Str(String),
    /// `_` is a variable of its own at each place.
    Var(String),
    Array(Vec<Term>),
    Set(Vec<Term>),
    Object(Vec<(Term, Term)>),
    Ref(Box<Term>, Vec<Term>),
    Call(Callee, Vec<Term>),
    ArrayCompr(Box<Term>, Vec<Literal>),
    SetCompr(Box<Term>, Vec<Literal>),
    ObjectCompr(Box<(Term, Term)>, Vec<Literal>),
}

/// What is called: a dotted name, or an operator under its builtin's name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Callee {
    Name(Vec<String>),
    Operator(&'static str),
}

/// One literal of a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Literal {
    pub(crate) at: u32,
    pub(crate) negated: bool,
    pub(crate) kind: LiteralKind,
    pub(crate) with: Vec<With>,
}

/// What a literal is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LiteralKind {
    Term(Term),
    Unify(Term, Term),
    Assign(Term, Term),
    Some(Vec<String>),
    SomeIn { key: Option<Term>, value: Term, collection: Term },
    Every { key: Option<String>, value: String, collection: Term, body: Vec<Literal> },
}

/// `with target as value`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct With {
    pub(crate) target: Term,
    pub(crate) value: Term,
}

/// A rule, or one of several of the same name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) at: u32,
    pub(crate) is_default: bool,
    /// `a.b.c` for a rule with a dotted head.
    pub(crate) name: Vec<String>,
    pub(crate) args: Option<Vec<Term>>,
    /// The key of a partial rule.
    pub(crate) key: Option<Term>,
    /// The value; absent for a partial set, and for `true`.
    pub(crate) value: Option<Term>,
    pub(crate) body: Vec<Literal>,
    pub(crate) alternatives: Vec<Else>,
}

/// `else = value { body }`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Else {
    pub(crate) value: Option<Term>,
    pub(crate) body: Vec<Literal>,
}

/// `import path as alias`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Import {
    pub(crate) at: u32,
    pub(crate) path: Vec<String>,
    pub(crate) alias: Option<String>,
}

/// One module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Module {
    pub(crate) package: Vec<String>,
    pub(crate) package_at: u32,
    pub(crate) imports: Vec<Import>,
    pub(crate) rules: Vec<Rule>,
}
