use super::Operator;

/// A place in a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos {
    /// Bytes before it.
    pub offset: usize,
    /// Line, one-based.
    pub line: u32,
    /// Column in bytes, one-based, as Falco counts.
    pub column: u32,
}

impl Default for Pos {
    fn default() -> Self {
        Self { offset: 0, line: 1, column: 1 }
    }
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// All of them hold; at least two.
    And(Vec<Expr>, Pos),
    /// One of them holds; at least two.
    Or(Vec<Expr>, Pos),
    /// It does not hold. Two negations in a row are none.
    Not(Box<Expr>, Pos),
    /// A bare identifier: the name of a macro.
    Macro(String, Pos),
    /// `field exists`
    Exists(Operand, Pos),
    /// `field operator value`
    Check {
        /// What is looked at.
        left: Operand,
        /// How.
        operator: Operator,
        /// What it is held against.
        right: Right,
        /// Where the check begins.
        pos: Pos,
    },
}

impl Expr {
    /// Where the expression begins.
    pub fn pos(&self) -> Pos {
        match self {
            Expr::And(_, pos)
            | Expr::Or(_, pos)
            | Expr::Not(_, pos)
            | Expr::Macro(_, pos)
            | Expr::Exists(_, pos)
            | Expr::Check { pos, .. } => *pos,
        }
    }
}

/// A field with its argument: `ka.req.pod.containers.image[0]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldExpr {
    /// The name.
    pub name: String,
    /// What stands in brackets, without quotes.
    pub argument: Option<String>,
    /// Where it begins.
    pub pos: Pos,
}

/// What yields a value from an event, or is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A field.
    Field(FieldExpr),
    /// A function over other operands.
    Transform {
        /// The function.
        function: Transformer,
        /// Its arguments, at least one.
        arguments: Vec<Operand>,
        /// What stands in brackets behind it: `getopt(proc.args, "ab")[a]`.
        selector: Option<String>,
        /// Where it begins.
        pos: Pos,
    },
    /// A constant inside a function.
    Value(Vec<u8>, Pos),
    /// A list inside a function: `join("-", (fd.name, proc.name))`.
    List(Vec<Operand>, Pos),
}

/// The functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transformer {
    /// `val(field)`: the field itself, only on the right side.
    Val,
    /// `tolower(text)`
    ToLower,
    /// `toupper(text)`
    ToUpper,
    /// `b64(text)`: decodes, with or without padding.
    Base64,
    /// `basename(path)`
    Basename,
    /// `len(text or list)`
    Len,
    /// `join(separator, list)`
    Join,
    /// `concat(text, text, …)`
    Concat,
    /// `getopt(list, options)[option]`
    GetOpt,
}

impl Transformer {
    /// The functions that may stand on either side, in the order in which Falco names them.
    pub const EITHER_SIDE: [Transformer; 8] = [
        Transformer::ToLower,
        Transformer::ToUpper,
        Transformer::Base64,
        Transformer::Basename,
        Transformer::Len,
        Transformer::Join,
        Transformer::Concat,
        Transformer::GetOpt,
    ];

    /// The name as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Transformer::Val => "val",
            Transformer::ToLower => "tolower",
            Transformer::ToUpper => "toupper",
            Transformer::Base64 => "b64",
            Transformer::Basename => "basename",
            Transformer::Len => "len",
            Transformer::Join => "join",
            Transformer::Concat => "concat",
            Transformer::GetOpt => "getopt",
        }
    }
}

/// The right side of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// One constant.
    Value(Vec<u8>, Pos),
    /// Constants in parentheses.
    List(Vec<Vec<u8>>, Pos),
    /// Another field, as `val(proc.name)` or within a function.
    Operand(Operand),
}
