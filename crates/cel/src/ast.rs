//! The syntax tree of an expression. Macros keep their own node: they are checked and run as what they mean.

/// A part of the expression's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    /// Offset of the first byte.
    pub(crate) start: u32,
    /// Offset after the last byte.
    pub(crate) end: u32,
}

/// A node with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    /// Index of the node in its expression; types are kept by it.
    pub(crate) id: u32,
    /// Nodes on the longest way down to a leaf.
    pub(crate) height: u32,
    /// The text that the node covers.
    pub(crate) range: Range,
    /// Where the reference implementation points when the node is wrong: the operator, the dot, the parenthesis.
    pub(crate) at: u32,
    pub(crate) kind: ExprKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Box<str>),
    Bytes(Box<[u8]>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Literal),
    Ident(Box<str>),
    /// `a.b`; with `test`, `has(a.b)`; with `optional`, `a.?b`.
    Select {
        operand: Box<Expr>,
        field: Box<str>,
        mode: SelectMode,
    },
    /// Operators are calls of functions named as in the reference implementation: `_+_`, `_[_]`, `_?_:_`.
    /// A chain of `&&` or `||` is one call.
    Call {
        function: Box<str>,
        target: Option<Box<Expr>>,
        args: Vec<Expr>,
    },
    List(Vec<Element>),
    Map(Vec<MapEntry>),
    Struct {
        name: Box<str>,
        fields: Vec<Field>,
    },
    Macro(Box<Macro>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SelectMode {
    Plain,
    Test,
    Optional,
}

/// An item of a list literal; `optional` for `[?e]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// An entry of a map literal; `optional` for `{?k: v}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MapEntry {
    pub(crate) key: Expr,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// A field of an object literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Box<str>,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
    pub(crate) at: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MacroKind {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    TransformList,
    TransformMap,
    TransformMapEntry,
    SortBy,
    OptMap,
    OptFlatMap,
    Bind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Macro {
    pub(crate) kind: MacroKind,
    /// What is iterated over, opened (`optMap`) or bound.
    pub(crate) target: Expr,
    /// The variable, and the second one where the macro has two.
    pub(crate) variable: Box<str>,
    pub(crate) second: Option<Box<str>>,
    pub(crate) filter: Option<Expr>,
    pub(crate) body: Expr,
}
