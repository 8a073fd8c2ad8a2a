//! Syntax tree to a checked program: names are resolved, types found, overloads matched.

use crate::ast::{Expr, ExprKind, Literal, Macro, MacroKind, SelectMode};
use crate::decls::{Func, Overload};
use crate::env::Env;
use crate::error::Issue;
use crate::program::{Constant, Fold, Op};
use crate::types::{Substitutions, Type, is_equal_or_less_specific};

/// A checked expression.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) op: Op,
    /// By id of the node; fully resolved.
    pub(crate) types: Vec<Type>,
    pub(crate) output: Type,
    pub(crate) locals: usize,
}

pub(crate) fn check(expr: &Expr, nodes: u32, env: &Env) -> Result<Checked, Vec<Issue>> {
    let mut checker = Checker {
        env,
        known: Substitutions::default(),
        types: vec![Type::Dyn; nodes as usize],
        scopes: Vec::new(),
        locals: 0,
        issues: Vec::new(),
    };
    let (op, of) = checker.check(expr);
    if !checker.issues.is_empty() {
        return Err(checker.issues);
    }
    let types = checker.types.iter().map(|of| checker.known.resolve(of, true)).collect();
    let output = checker.known.resolve(&of, true);
    Ok(Checked { op, types, output, locals: checker.locals })
}

struct Checker<'e> {
    env: &'e Env,
    known: Substitutions,
    types: Vec<Type>,
    /// Variables of the comprehensions around, innermost last; the position is the local's number.
    scopes: Vec<(Box<str>, Type)>,
    locals: usize,
    issues: Vec<Issue>,
}

type Typed = (Op, Type);

impl Checker<'_> {
    fn wrong(&mut self, at: u32, message: impl Into<String>) {
        self.issues.push(Issue { at, message: message.into() });
    }

    fn undeclared(&mut self, at: u32, name: &str) -> Typed {
        let name = name.strip_prefix('.').unwrap_or(name);
        self.wrong(at, format!("undeclared reference to '{name}' (in container '')"));
        (Op::Constant(Constant::Null), Type::Error)
    }

    fn mismatch(&mut self, at: u32, expected: &Type, found: &Type) {
        let (expected, found) = (self.known.resolve(expected, false), self.known.resolve(found, false));
        self.wrong(at, format!("expected type '{expected}' but found '{found}'"));
    }

    fn check(&mut self, expr: &Expr) -> Typed {
        let (op, of) = match &expr.kind {
            ExprKind::Literal(literal) => check_literal(literal),
            ExprKind::Ident(name) => self.ident(expr, name),
            ExprKind::Select { operand, field, mode } => self.select(expr, operand, field, *mode),
            ExprKind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            ExprKind::List(elements) => {
                let mut joined: Option<Type> = None;
                let mut items = Vec::with_capacity(elements.len());
                for element in elements {
                    let (op, of) = self.check(&element.value);
                    let of = if element.optional { self.unwrap_optional(&element.value, of) } else { of };
                    joined = Some(self.join(joined, of));
                    items.push((op, element.optional));
                }
                let element = joined.unwrap_or_else(|| self.known.fresh());
                (Op::List(items.into()), Type::list(element))
            }
            ExprKind::Map(entries) => {
                let (mut keys, mut values): (Option<Type>, Option<Type>) = (None, None);
                let mut items = Vec::with_capacity(entries.len());
                for entry in entries {
                    let (key, key_type) = self.check(&entry.key);
                    keys = Some(self.join(keys, key_type));
                    let (value, of) = self.check(&entry.value);
                    let of = if entry.optional { self.unwrap_optional(&entry.value, of) } else { of };
                    values = Some(self.join(values, of));
                    items.push((key, value, entry.optional));
                }
                let key = keys.unwrap_or_else(|| self.known.fresh());
                let value = values.unwrap_or_else(|| self.known.fresh());
                (Op::Map(items.into()), Type::map(key, value))
            }
            ExprKind::Struct { .. } => self.object(expr),
            ExprKind::Macro(inner) => self.expand(expr, inner),
        };
        if let Some(slot) = self.types.get_mut(expr.id as usize) {
            *slot = of.clone();
        }
        (op, of)
    }

    /// The more general of two types in a literal; dyn where they have nothing to do with each other.
    fn join(&mut self, before: Option<Type>, of: Type) -> Type {
        match before {
            None => of,
            Some(before) if self.known.unify(&before, &of) => {
                if is_equal_or_less_specific(&before, &of) {
                    before
                } else {
                    of
                }
            }
            Some(_) => Type::Dyn,
        }
    }

    /// The type inside of an optional, for `[?e]`.
    fn unwrap_optional(&mut self, expr: &Expr, of: Type) -> Type {
        let of = self.known.resolve(&of, false);
        match of {
            Type::Optional(inner) => (*inner).clone(),
            of if of.is_dyn_or_error() => of,
            of => {
                self.mismatch(expr.at, &Type::optional(of.clone()), &of);
                Type::Error
            }
        }
    }

    fn local(&self, name: &str) -> Option<(usize, Type)> {
        let index = self.scopes.iter().rposition(|(known, _)| **known == *name)?;
        self.scopes.get(index).map(|(_, of)| (index, of.clone()))
    }

    /// A variable of the environment or a type, by its full name.
    fn global(&self, name: &str) -> Option<Typed> {
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some((slot, of)) = self.env.variable(name) {
            return Some((Op::Variable { slot, name: name.into() }, of.clone()));
        }
        let of = self.env.named_type(name)?;
        Some((Op::Constant(Constant::Type(name.into())), Type::Type(of.into())))
    }

    fn ident(&mut self, expr: &Expr, name: &str) -> Typed {
        if let Some((index, of)) = self.local(name) {
            return (Op::Local(index), of);
        }
        self.global(name).unwrap_or_else(|| self.undeclared(expr.at, name))
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &str, mode: SelectMode) -> Typed {
        if mode == SelectMode::Plain {
            let qualified = qualified_name(expr).filter(|name| {
                let first = name.split('.').next().unwrap_or_default();
                self.local(first).is_none()
            });
            if let Some(found) = qualified.and_then(|name| self.global(&name)) {
                return found;
            }
        }
        let (operand, of) = self.check(operand);
        let of = self.known.resolve(&of, false);
        let (target, was_optional) = match &of {
            Type::Optional(inner) => ((**inner).clone(), true),
            _ => (of, false),
        };
        let result = match &target {
            Type::Map(entry) => entry.1.clone(),
            Type::Object(name) => match self.env.field(name, field) {
                Some(Some(of)) => of,
                Some(None) => {
                    self.wrong(expr.at, format!("undefined field '{field}'"));
                    Type::Error
                }
                None => {
                    self.wrong(expr.at, format!("unexpected failed resolution of '{name}'"));
                    Type::Error
                }
            },
            Type::Param(_) => {
                self.known.unify(&Type::Dyn, &target);
                Type::Dyn
            }
            _ if target.is_dyn_or_error() => Type::Dyn,
            _ => {
                self.wrong(expr.at, format!("type '{target}' does not support field selection"));
                Type::Dyn
            }
        };
        let operand = Box::new(operand);
        let field = field.into();
        match mode {
            SelectMode::Test => (Op::Test { operand, field }, Type::Bool),
            SelectMode::Optional => (Op::OptSelect { operand, field }, Type::optional(result)),
            SelectMode::Plain if was_optional => (Op::Select { operand, field }, Type::optional(result)),
            // Documents hold text where a declared field is a point in time.
            SelectMode::Plain if matches!((&target, &result), (Type::Object(_), Type::Timestamp)) => {
                let text = Op::Select { operand, field };
                (lower_call(Func::ToTimestamp, String::new(), vec![text]), result)
            }
            SelectMode::Plain => (Op::Select { operand, field }, result),
        }
    }

    fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) -> Typed {
        let mut ops = Vec::with_capacity(args.len() + 1);
        let mut types = Vec::with_capacity(args.len() + 1);
        for arg in args {
            let (op, of) = self.check(arg);
            ops.push(op);
            types.push(of);
        }
        let mut name = function.strip_prefix('.').unwrap_or(function).to_owned();
        let mut member = false;
        if let Some(target) = target {
            // `a.b.c()` is the function `a.b.c` where there is one, else `c` on `a.b`.
            let qualified = qualified_name(target)
                .map(|prefix| format!("{}.{function}", prefix.strip_prefix('.').unwrap_or(&prefix)));
            match qualified.filter(|name| self.env.function(name).is_some()) {
                Some(qualified) => name = qualified,
                None => {
                    let (op, of) = self.check(target);
                    ops.insert(0, op);
                    types.insert(0, of);
                    member = true;
                }
            }
        }
        let env = self.env;
        let Some((func, overloads)) = env.function(&name) else {
            return self.undeclared(expr.at, &name);
        };
        if matches!(func, Func::And | Func::Or) {
            return self.logic(func, args, ops, &types);
        }
        if matches!(func, Func::MathGreatest | Func::MathLeast) && types.len() > 2 {
            return self.extreme(expr, func, name, ops, &types);
        }
        let Some(result) = self.resolve(expr, &name, &overloads, member, &types) else {
            return (Op::Constant(Constant::Null), Type::Error);
        };
        (lower_call(func, name, ops), result)
    }

    fn logic(&mut self, func: Func, args: &[Expr], ops: Vec<Op>, types: &[Type]) -> Typed {
        let name = if func == Func::And { "_&&_" } else { "_||_" };
        for (index, (arg, of)) in args.iter().zip(types).enumerate() {
            if self.known.unify(of, &Type::Bool) {
                continue;
            }
            let of = self.known.resolve(of, true);
            let pair = if index == 0 { format!("({of}, bool)") } else { format!("(bool, {of})") };
            self.wrong(arg.at, format!("found no matching overload for '{name}' applied to '{pair}'"));
        }
        let ops = ops.into();
        (if func == Func::And { Op::And(ops) } else { Op::Or(ops) }, Type::Bool)
    }

    /// `math.greatest` and `math.least` take any number of numbers.
    fn extreme(&mut self, expr: &Expr, func: Func, name: String, ops: Vec<Op>, types: &[Type]) -> Typed {
        let types: Vec<Type> = types.iter().map(|of| self.known.resolve(of, true)).collect();
        let is_number =
            |of: &Type| matches!(of, Type::Int | Type::Uint | Type::Double | Type::Dyn | Type::Error);
        if !types.iter().all(is_number) {
            self.wrong(expr.at, format!("{name}() simple literal arguments must be numeric"));
        }
        let first = types.first().cloned().unwrap_or(Type::Dyn);
        let of = if types.iter().all(|of| *of == first) { first } else { Type::Dyn };
        let list = Op::List(ops.into_iter().map(|op| (op, false)).collect());
        (lower_call(func, name, vec![list]), of)
    }

    /// The result type of the overloads that fit; where they differ, dyn.
    fn resolve(
        &mut self,
        expr: &Expr,
        name: &str,
        overloads: &[&Overload],
        member: bool,
        types: &[Type],
    ) -> Option<Type> {
        let mut result: Option<Type> = None;
        for overload in overloads {
            if overload.member != member || overload.args.len() != types.len() {
                continue;
            }
            let fresh: Vec<Type> = (0..overload.params).map(|_| self.known.fresh()).collect();
            let candidates: Vec<Type> = overload.args.iter().map(|arg| instantiate(arg, &fresh)).collect();
            if !self.known.unify_all(types, &candidates) {
                continue;
            }
            let found = self.known.resolve(&instantiate(&overload.result, &fresh), false);
            result = Some(match result {
                Some(before) if !before.is_dyn() && before != found => Type::Dyn,
                Some(before) => before,
                None => found,
            });
        }
        if result.is_none() {
            let types: Vec<String> =
                types.iter().map(|of| self.known.resolve(of, true).to_string()).collect();
            let shown = match types.split_first() {
                Some((receiver, rest)) if member => format!("{receiver}.({})", rest.join(", ")),
                _ => format!("({})", types.join(", ")),
            };
            self.wrong(expr.at, format!("found no matching overload for '{name}' applied to '{shown}'"));
        }
        result
    }

    fn object(&mut self, expr: &Expr) -> Typed {
        let ExprKind::Struct { name, fields } = &expr.kind else {
            return (Op::Constant(Constant::Null), Type::Error);
        };
        let full = name.strip_prefix('.').unwrap_or(name);
        let of = match self.env.named_type(full) {
            Some(of @ Type::Object(_)) => of,
            Some(of) => {
                self.wrong(expr.at, format!("'{of}' is not a message type"));
                return (Op::Constant(Constant::Null), Type::Error);
            }
            None => return self.undeclared(expr.at, full),
        };
        let mut items = Vec::with_capacity(fields.len());
        for field in fields {
            let (op, value_type) = self.check(&field.value);
            let value_type =
                if field.optional { self.unwrap_optional(&field.value, value_type) } else { value_type };
            match self.env.field(full, &field.name).flatten() {
                None => self.wrong(field.at, format!("undefined field '{}'", field.name)),
                Some(wanted) => {
                    if !self.known.unify(&wanted, &value_type) {
                        let found = self.known.resolve(&value_type, false);
                        let message = format!(
                            "expected type of field '{}' is '{wanted}' but provided type is '{found}'",
                            field.name
                        );
                        self.wrong(field.at, message);
                    }
                }
            }
            items.push((field.name.clone(), op, field.optional));
        }
        (Op::Object { name: full.into(), fields: items.into() }, of)
    }

    fn push_local(&mut self, name: &str, of: Type) -> usize {
        self.scopes.push((name.into(), of));
        self.locals = self.locals.max(self.scopes.len());
        self.scopes.len() - 1
    }

    fn expand(&mut self, expr: &Expr, inner: &Macro) -> Typed {
        let (range, range_type) = self.check(&inner.target);
        let range_type = self.known.resolve(&range_type, false);
        match inner.kind {
            MacroKind::Bind => {
                let local = self.push_local(&inner.variable, range_type);
                let (body, of) = self.check(&inner.body);
                self.scopes.pop();
                (Op::Bind { local, value: Box::new(range), body: Box::new(body) }, of)
            }
            MacroKind::OptMap | MacroKind::OptFlatMap => self.optional_map(expr, inner, range, range_type),
            _ => self.fold(expr, inner, range, range_type),
        }
    }

    fn optional_map(&mut self, expr: &Expr, inner: &Macro, range: Op, of: Type) -> Typed {
        let opened = match &of {
            Type::Optional(value) => (**value).clone(),
            _ if of.is_dyn_or_error() => Type::Dyn,
            Type::Param(_) => Type::Dyn,
            _ => {
                self.wrong(
                    expr.at,
                    format!("found no matching overload for 'hasValue' applied to '{of}.()'"),
                );
                Type::Error
            }
        };
        let local = self.push_local(&inner.variable, opened);
        let (body, body_type) = self.check(&inner.body);
        self.scopes.pop();
        let flat = inner.kind == MacroKind::OptFlatMap;
        let result = if flat {
            // The branches of a conditional: the body, or none.
            let wanted = Type::optional(self.known.fresh());
            if !self.known.unify(&body_type, &wanted) {
                let body_type = self.known.resolve(&body_type, true);
                self.wrong(
                    inner.body.at,
                    format!(
                        "found no matching overload for '_?_:_' applied to '(bool, {body_type}, optional_type(dyn))'"
                    ),
                );
            }
            self.known.resolve(&body_type, false)
        } else {
            Type::optional(body_type)
        };
        (Op::OptMap { local, range: Box::new(range), body: Box::new(body), flat }, result)
    }

    /// Types of the variables over a range.
    fn variables_of(&mut self, inner: &Macro, range_type: &Type) -> (Type, Type) {
        let two = inner.second.is_some();
        match range_type {
            Type::List(element) if two => (Type::Int, (**element).clone()),
            Type::List(element) => ((**element).clone(), Type::Dyn),
            Type::Map(entry) => (entry.0.clone(), entry.1.clone()),
            Type::Dyn | Type::Error => (Type::Dyn, Type::Dyn),
            Type::Param(_) => {
                self.known.unify(&Type::Dyn, range_type);
                (Type::Dyn, Type::Dyn)
            }
            _ => {
                let message = format!(
                    "expression of type '{range_type}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.wrong(inner.target.at, message);
                (Type::Error, Type::Error)
            }
        }
    }

    fn fold(&mut self, expr: &Expr, inner: &Macro, range: Op, range_type: Type) -> Typed {
        let (first, second) = self.variables_of(inner, &range_type);
        let variable = self.push_local(&inner.variable, first.clone());
        if let Some(name) = &inner.second {
            self.push_local(name, second);
        }
        let filter = inner.filter.as_ref().map(|filter| {
            let (op, of) = self.check(filter);
            self.condition(filter, &of);
            op
        });
        let (body, body_type) = self.check(&inner.body);
        let result = match inner.kind {
            MacroKind::All | MacroKind::Exists => {
                if !self.known.unify(&body_type, &Type::Bool) {
                    let name = if inner.kind == MacroKind::All { "_&&_" } else { "_||_" };
                    let of = self.known.resolve(&body_type, true);
                    self.wrong(
                        inner.body.at,
                        format!("found no matching overload for '{name}' applied to '(bool, {of})'"),
                    );
                }
                Type::Bool
            }
            MacroKind::ExistsOne => {
                self.condition(&inner.body, &body_type);
                Type::Bool
            }
            MacroKind::Filter => {
                self.condition(&inner.body, &body_type);
                Type::list(first.clone())
            }
            MacroKind::TransformMap => Type::map(first.clone(), body_type),
            MacroKind::TransformMapEntry => {
                let wanted = Type::map(self.known.fresh(), self.known.fresh());
                if !self.known.unify(&body_type, &wanted) {
                    let of = self.known.resolve(&body_type, true);
                    let message = format!(
                        "found no matching overload for 'cel.@mapInsert' applied to '(map(dyn, dyn), {of})'"
                    );
                    self.wrong(inner.body.at, message);
                }
                self.known.resolve(&wanted, false)
            }
            MacroKind::SortBy => {
                let key = self.known.resolve(&body_type, false);
                let is_comparable = matches!(
                    key,
                    Type::Int
                        | Type::Uint
                        | Type::Double
                        | Type::Bool
                        | Type::Duration
                        | Type::Timestamp
                        | Type::String
                        | Type::Bytes
                        | Type::Dyn
                        | Type::Error
                        | Type::Param(_)
                );
                if !is_comparable {
                    let message = format!(
                        "found no matching overload for '@sortByAssociatedKeys' applied to '{range_type}.(list({key}))'"
                    );
                    self.wrong(expr.at, message);
                }
                match &range_type {
                    Type::List(_) => range_type.clone(),
                    _ => Type::list(first.clone()),
                }
            }
            _ => Type::list(body_type),
        };
        self.scopes.truncate(variable);
        let fold = Fold { kind: inner.kind, range, variable, two: inner.second.is_some(), filter, body };
        (Op::Fold(Box::new(fold)), self.known.resolve(&result, false))
    }

    /// A condition inside of a macro is the first argument of a conditional.
    fn condition(&mut self, expr: &Expr, of: &Type) {
        if !self.known.unify(of, &Type::Bool) {
            let of = self.known.resolve(of, true);
            self.wrong(
                expr.at,
                format!("found no matching overload for '_?_:_' applied to '({of}, dyn, dyn)'"),
            );
        }
    }
}

fn check_literal(literal: &Literal) -> Typed {
    let (constant, of) = match literal {
        Literal::Null => (Constant::Null, Type::Null),
        Literal::Bool(value) => (Constant::Bool(*value), Type::Bool),
        Literal::Int(value) => (Constant::Int(*value), Type::Int),
        Literal::Uint(value) => (Constant::Uint(*value), Type::Uint),
        Literal::Double(value) => (Constant::Double(*value), Type::Double),
        Literal::String(text) => (Constant::String(text.clone()), Type::String),
        Literal::Bytes(bytes) => (Constant::Bytes(bytes.clone()), Type::Bytes),
    };
    (Op::Constant(constant), of)
}

/// `a.b.c` as a name, if the expression is nothing but names.
pub(crate) fn qualified_name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Ident(name) => Some(name.to_string()),
        ExprKind::Select { operand, field, mode: SelectMode::Plain } => {
            qualified_name(operand).map(|prefix| format!("{prefix}.{field}"))
        }
        _ => None,
    }
}

fn instantiate(of: &Type, fresh: &[Type]) -> Type {
    match of {
        Type::Param(index) => fresh.get(*index as usize).cloned().unwrap_or(Type::Dyn),
        Type::List(inner) => Type::list(instantiate(inner, fresh)),
        Type::Optional(inner) => Type::optional(instantiate(inner, fresh)),
        Type::Type(inner) => Type::Type(instantiate(inner, fresh).into()),
        Type::Map(entry) => Type::map(instantiate(&entry.0, fresh), instantiate(&entry.1, fresh)),
        other => other.clone(),
    }
}

fn lower_call(func: Func, name: String, args: Vec<Op>) -> Op {
    let name =
        if matches!(func, Func::FormatConstant | Func::Host(_)) { name.into() } else { Box::default() };
    Op::Call { func, name, args: args.into() }
}
