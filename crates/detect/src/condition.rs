//! Conditions: the filter language of Falco, from text to a tree.

mod ast;
mod escape;
mod operator;
mod parser;
mod print;

pub use ast::{Expr, FieldExpr, Operand, Pos, Right, Transformer};
pub use escape::{EscapeError, escape, unescape};
pub use operator::{Comparison, Modifier, Operator};
pub use parser::{Limits, ParseError, parse, parse_operand_prefix};
