use std::fmt::{self, Display, Formatter, Write};

use super::{Expr, FieldExpr, Operand, Right, escape};

impl Display for Expr {
    /// A text that reads back as the same tree: every `and` and `or` stands in parentheses.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expr::And(children, _) => logical(f, "and", children),
            Expr::Or(children, _) => logical(f, "or", children),
            // Two negations in a row would cancel out.
            Expr::Not(child, _) if matches!(**child, Expr::Not(..)) => write!(f, "not ({child})"),
            Expr::Not(child, _) => write!(f, "not {child}"),
            Expr::Macro(name, _) => f.write_str(name),
            Expr::Exists(left, _) => write!(f, "{left} exists"),
            Expr::Check { left, operator, right, .. } => write!(f, "{left} {operator} {right}"),
        }
    }
}

fn logical(f: &mut Formatter<'_>, word: &str, children: &[Expr]) -> fmt::Result {
    f.write_char('(')?;
    for (index, child) in children.iter().enumerate() {
        if index > 0 {
            write!(f, " {word} ")?;
        }
        child.fmt(f)?;
    }
    f.write_char(')')
}

impl Display for FieldExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        bracket(f, self.argument.as_deref())
    }
}

fn bracket(f: &mut Formatter<'_>, argument: Option<&str>) -> fmt::Result {
    let Some(argument) = argument else { return Ok(()) };
    let is_bare = !argument.is_empty()
        && argument
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'[' | b']' | b'"' | b'\''));
    if is_bare { write!(f, "[{argument}]") } else { write!(f, "[{}]", escape::quoted(argument.as_bytes())) }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Field(field) => field.fmt(f),
            Operand::Transform { function, arguments, selector, .. } => {
                write!(f, "{}(", function.as_str())?;
                comma_separated(f, arguments)?;
                f.write_char(')')?;
                bracket(f, selector.as_deref())
            }
            Operand::Value(value, _) => f.write_str(&escape::quoted(value)),
            Operand::List(items, _) => {
                f.write_char('(')?;
                comma_separated(f, items)?;
                f.write_char(')')
            }
        }
    }
}

fn comma_separated(f: &mut Formatter<'_>, operands: &[Operand]) -> fmt::Result {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        operand.fmt(f)?;
    }
    Ok(())
}

impl Display for Right {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Right::Value(value, _) => f.write_str(&escape(value)),
            Right::List(values, _) => {
                f.write_char('(')?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    f.write_str(&escape(value))?;
                }
                f.write_char(')')
            }
            Right::Operand(operand) => operand.fmt(f),
        }
    }
}
