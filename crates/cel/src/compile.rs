//! Text to program: parse, check, validate, fold what the reference folds.

use crate::ast::{Expr, ExprKind, Literal};
use crate::check::{self, Checked};
use crate::decls::Func;
use crate::env::Env;
use crate::error::{CompileError, Issue};
use crate::functions::{FormatChecks, convert_constant, format_text};
use crate::parser::{Parsed, parse};
use crate::pattern::Pattern;
use crate::program::{Constant, Op, Program};
use crate::types::Type;

impl Env {
    /// Compiles an expression, or says why Kubernetes refuses it.
    pub fn compile(&self, text: &str) -> Result<Program, CompileError> {
        let Parsed { expr, nodes } = parse(text, &self.features)?;
        let fail = |issues| CompileError::new(text, issues);
        let Checked { mut op, types, output, locals } = check::check(&expr, nodes, self).map_err(fail)?;
        let mut validator = Validator { types: &types, env: self, issues: Vec::new() };
        validator.walk(&expr, false);
        if !validator.issues.is_empty() {
            return Err(fail(validator.issues));
        }
        instantiate(&mut op).map_err(|message| {
            fail(vec![Issue { at: 0, message: format!("program instantiation failed: {message}") }])
        })?;
        Ok(Program { root: op, locals, output, source: text.into(), shared: None })
    }
}

/// Folds conversions of literals and compiles literal patterns, bottom up.
fn instantiate(op: &mut Op) -> Result<(), String> {
    match op {
        Op::Constant(_) | Op::Variable { .. } | Op::Local(_) => {}
        Op::Select { operand, .. } | Op::Test { operand, .. } | Op::OptSelect { operand, .. } => {
            instantiate(operand)?
        }
        Op::And(terms) | Op::Or(terms) => terms.iter_mut().try_for_each(instantiate)?,
        Op::Search { args, .. } => args.iter_mut().try_for_each(instantiate)?,
        Op::List(items) => items.iter_mut().try_for_each(|(item, _)| instantiate(item))?,
        Op::Map(entries) => {
            for (key, value, _) in entries.iter_mut() {
                instantiate(key)?;
                instantiate(value)?;
            }
        }
        Op::Object { fields, .. } => fields.iter_mut().try_for_each(|(_, value, _)| instantiate(value))?,
        Op::Fold(fold) => {
            instantiate(&mut fold.range)?;
            fold.filter.iter_mut().try_for_each(instantiate)?;
            instantiate(&mut fold.body)?;
        }
        Op::Bind { value, body, .. } => {
            instantiate(value)?;
            instantiate(body)?;
        }
        Op::OptMap { range, body, .. } => {
            instantiate(range)?;
            instantiate(body)?;
        }
        Op::Call { func, args, .. } => {
            args.iter_mut().try_for_each(instantiate)?;
            if let Some(folded) = fold_call(*func, args)? {
                *op = folded;
            }
        }
    }
    Ok(())
}

fn fold_call(func: Func, args: &mut Box<[Op]>) -> Result<Option<Op>, String> {
    let is_conversion = matches!(
        func,
        Func::ToBool
            | Func::ToBytes
            | Func::ToDouble
            | Func::ToDuration
            | Func::ToDyn
            | Func::ToInt
            | Func::ToString
            | Func::ToTimestamp
            | Func::ToUint
            | Func::TypeOf
    );
    if let (true, [Op::Constant(constant)]) = (is_conversion, &**args) {
        let folded = convert_constant(func, constant).map_err(|fail| fail.message().to_owned())?;
        return Ok(Some(Op::Constant(folded)));
    }
    if !matches!(func, Func::Matches | Func::Find | Func::FindAll) {
        return Ok(None);
    }
    let Some(Op::Constant(Constant::String(text))) = args.get(1) else { return Ok(None) };
    let pattern = Pattern::new(text).map_err(|error| error.to_string())?;
    let pattern = Box::new(pattern);
    Ok(Some(Op::Search { func, pattern, args: std::mem::take(args) }))
}

/// The checks that the reference makes after types are found.
struct Validator<'c> {
    types: &'c [Type],
    env: &'c Env,
    issues: Vec<Issue>,
}

impl Validator<'_> {
    fn type_of(&self, expr: &Expr) -> &Type {
        self.types.get(expr.id as usize).unwrap_or(&Type::Dyn)
    }

    fn wrong(&mut self, expr: &Expr, message: impl Into<String>) {
        self.issues.push(Issue { at: expr.at, message: message.into() });
    }

    /// `exempt` within a call of `format`, whose arguments may be of any types.
    fn walk(&mut self, expr: &Expr, exempt: bool) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Ident(_) => {}
            ExprKind::Select { operand, .. } => self.walk(operand, exempt),
            ExprKind::Call { function, target, args } => {
                self.call(expr, function, target.as_deref(), args);
                let exempt = exempt || &**function == "format";
                for inner in target.iter().map(|target| &**target).chain(args) {
                    self.walk(inner, exempt);
                }
            }
            ExprKind::List(elements) => {
                let mut first: Option<Type> = None;
                for element in elements {
                    self.walk(&element.value, exempt);
                    let of = opened(self.type_of(&element.value), element.optional);
                    self.same_type(&mut first, of, &element.value, exempt);
                }
            }
            ExprKind::Map(entries) => {
                let (mut first_key, mut first_value): (Option<Type>, Option<Type>) = (None, None);
                for entry in entries {
                    self.walk(&entry.key, exempt);
                    self.walk(&entry.value, exempt);
                    let key = self.type_of(&entry.key).clone();
                    self.same_type(&mut first_key, key, &entry.key, exempt);
                    let value = opened(self.type_of(&entry.value), entry.optional);
                    self.same_type(&mut first_value, value, &entry.value, exempt);
                }
            }
            ExprKind::Struct { fields, .. } => {
                for field in fields {
                    self.walk(&field.value, exempt);
                }
            }
            ExprKind::Macro(inner) => {
                for part in
                    [Some(&inner.target), inner.filter.as_ref(), Some(&inner.body)].into_iter().flatten()
                {
                    self.walk(part, exempt);
                }
            }
        }
    }

    /// Items of a literal have one type.
    fn same_type(&mut self, first: &mut Option<Type>, of: Type, expr: &Expr, exempt: bool) {
        if exempt || !self.env.features.homogeneous_literals {
            return;
        }
        match first {
            None => *first = Some(of),
            Some(first) if *first != of => {
                self.wrong(expr, format!("expected type '{first}' but found '{of}'"));
            }
            Some(_) => {}
        }
    }

    fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) {
        let literal = args.first().and_then(|arg| match &arg.kind {
            ExprKind::Literal(literal) => Some((arg, literal)),
            _ => None,
        });
        let is_valid = match (function, literal.map(|(_, literal)| literal)) {
            ("duration", Some(literal)) => can_convert(Func::ToDuration, literal),
            ("timestamp", Some(literal)) => can_convert(Func::ToTimestamp, literal),
            ("matches", Some(Literal::String(pattern))) => Pattern::new(pattern).is_ok(),
            _ => true,
        };
        if let (false, Some((arg, _))) = (is_valid, literal) {
            self.wrong(arg, format!("invalid {function} argument"));
        }
        if function != "format" {
            return;
        }
        let (Some(Expr { kind: ExprKind::Literal(Literal::String(format)), .. }), [list]) = (target, args)
        else {
            return;
        };
        let ExprKind::List(elements) = &list.kind else { return };
        let args: Vec<&Expr> = elements.iter().map(|element| &element.value).collect();
        let mut checker = FormatChecker { validator: self, args: &args, asked: 0, culprit: None };
        let result = format_text(format, args.len(), &mut checker);
        let (asked, culprit) = (checker.asked, checker.culprit);
        match result {
            Err(message) => {
                let at = culprit.unwrap_or(expr.at);
                self.issues.push(Issue { at, message });
            }
            Ok(_) if args.len() > asked => {
                let message = format!(
                    "too many arguments supplied to string.format (expected {asked}, got {})",
                    args.len()
                );
                self.wrong(expr, message);
            }
            Ok(_) => {}
        }
    }
}

fn opened(of: &Type, optional: bool) -> Type {
    match of {
        Type::Optional(inner) if optional => (**inner).clone(),
        of => of.clone(),
    }
}

fn can_convert(func: Func, literal: &Literal) -> bool {
    let constant = match literal {
        Literal::String(text) => Constant::String(text.clone()),
        Literal::Int(value) => Constant::Int(*value),
        _ => return true,
    };
    convert_constant(func, &constant).is_ok()
}

/// Checks the verbs of a format string against the types of the arguments.
struct FormatChecker<'v, 'c> {
    validator: &'v Validator<'c>,
    args: &'v [&'v Expr],
    asked: usize,
    culprit: Option<u32>,
}

impl FormatChecker<'_, '_> {
    /// The first part of a value that `%s` cannot show.
    fn unprintable<'e>(&self, expr: &'e Expr) -> Option<&'e Expr> {
        let printable = matches!(
            self.validator.type_of(expr),
            Type::Dyn
                | Type::List(_)
                | Type::Map(_)
                | Type::Int
                | Type::Uint
                | Type::Double
                | Type::Bool
                | Type::String
                | Type::Timestamp
                | Type::Bytes
                | Type::Duration
                | Type::Type(_)
                | Type::Null
        );
        if !printable {
            return Some(expr);
        }
        match &expr.kind {
            ExprKind::List(elements) => elements.iter().find_map(|element| self.unprintable(&element.value)),
            ExprKind::Map(entries) => entries
                .iter()
                .find_map(|entry| self.unprintable(&entry.key).or_else(|| self.unprintable(&entry.value))),
            _ => None,
        }
    }
}

impl FormatChecks for FormatChecker<'_, '_> {
    fn format(&mut self, verb: crate::functions::Verb, index: usize) -> Result<String, String> {
        use crate::functions::Verb;
        self.asked += 1;
        let Some(arg) = self.args.get(index).copied() else {
            return Err(format!("index {index} out of range"));
        };
        let of = self.validator.type_of(arg);
        let culprit = match verb {
            Verb::Text => self.unprintable(arg),
            Verb::Decimal | Verb::Octal => (!matches!(of, Type::Dyn | Type::Int | Type::Uint)).then_some(arg),
            Verb::Fixed(_) | Verb::Scientific(_) => {
                (!matches!(of, Type::Dyn | Type::Double | Type::String)).then_some(arg)
            }
            Verb::Binary => (!matches!(of, Type::Dyn | Type::Int | Type::Uint | Type::Bool)).then_some(arg),
            Verb::Hex { .. } => {
                (!matches!(of, Type::Dyn | Type::Int | Type::Uint | Type::String | Type::Bytes))
                    .then_some(arg)
            }
        };
        match culprit {
            None => Ok(String::new()),
            Some(culprit) => {
                self.culprit = Some(culprit.at);
                Err(verb.refusal(self.validator.type_of(culprit).runtime_name()))
            }
        }
    }
}
