//! Terms: references to variables, rules and documents, and calls.

use super::{R, RCompr, RHead, RegoError, Resolver};
use crate::rego::ast::{self, Callee, TermKind};
use crate::rego::builtins::{self, Lookup};
use crate::rego::ir::{ComprKind, Func, RuleKind};
use crate::rego::value::{Flag, Value};

impl Resolver<'_> {
    pub(super) fn term(&mut self, term: &ast::Term) -> Result<R, RegoError> {
        Ok(match &term.kind {
            TermKind::Null => R::Const(Value::Null),
            TermKind::Bool(value) => R::Const(Value::Bool(Flag(*value))),
            TermKind::Number(number) => R::Const(number_value(number)),
            TermKind::Str(text) => R::Const(Value::text(text.as_str())),
            TermKind::Var(name) if name == "_" => R::Any,
            TermKind::Var(name) => match self.find(name) {
                Some(slot) => R::Var(slot),
                None => self.undeclared(name, &[], term.at)?,
            },
            TermKind::Ref(head, path) => match &head.kind {
                TermKind::Var(name) if name != "_" && self.find(name).is_none() => {
                    self.undeclared(name, path, term.at)?
                }
                _ => {
                    let head = self.term(head)?;
                    R::Ref(RHead::Term(Box::new(head)), self.terms(path)?)
                }
            },
            TermKind::Array(items) => fold(R::Array(self.terms(items)?)),
            TermKind::Set(items) => fold(R::Set(self.terms(items)?)),
            TermKind::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok((self.term(key)?, self.term(value)?)));
                fold(R::Object(entries.collect::<Result<_, RegoError>>()?))
            }
            TermKind::Call(callee, args) => self.call(callee, args, term.at)?,
            TermKind::ArrayCompr(head, body) => self.compr(ComprKind::Array, None, head, body)?,
            TermKind::SetCompr(head, body) => self.compr(ComprKind::Set, None, head, body)?,
            TermKind::ObjectCompr(entry, body) => {
                self.compr(ComprKind::Object, Some(&entry.0), &entry.1, body)?
            }
        })
    }

    pub(super) fn terms(&mut self, terms: &[ast::Term]) -> Result<Vec<R>, RegoError> {
        terms.iter().map(|term| self.term(term)).collect()
    }

    fn compr(
        &mut self,
        kind: ComprKind,
        key: Option<&ast::Term>,
        value: &ast::Term,
        body: &[ast::Literal],
    ) -> Result<R, RegoError> {
        let start = self.names.len();
        let heads: Vec<&ast::Term> = key.into_iter().chain(Some(value)).collect();
        let body = self.open_body(body, &heads)?;
        let key = key.map(|key| self.term(key)).transpose()?;
        let value = self.term(value)?;
        self.scopes.pop();
        Ok(R::Compr(Box::new(RCompr { kind, key, value, body, locals: start..self.names.len() })))
    }

    /// A reference that begins with a name that nobody declared so far.
    fn undeclared(&mut self, name: &str, path: &[ast::Term], at: u32) -> Result<R, RegoError> {
        if self.scopes.iter().any(|scope| scope.later.contains(name)) {
            return Err(RegoError { offset: at, message: format!("var `{name}` is referenced above") });
        }
        self.reference(name, path, at)
    }

    /// A reference that begins with a name that is no variable.
    fn reference(&mut self, name: &str, path: &[ast::Term], at: u32) -> Result<R, RegoError> {
        if name == "input" {
            return Ok(R::Ref(RHead::Input, self.terms(path)?));
        }
        let mut full: Vec<String> = match self.imports.get(name) {
            Some(import) => import.to_vec(),
            None if name == "data" => vec!["data".into()],
            None => std::iter::once("data".to_owned())
                .chain(self.module.package.iter().cloned())
                .chain(Some(name.to_owned()))
                .collect(),
        };
        if full.first().is_some_and(|first| first == "input") {
            let imported = full.iter().skip(1).map(|key| R::Const(Value::text(key.as_str())));
            let mut keys: Vec<R> = imported.collect();
            keys.extend(self.terms(path)?);
            return Ok(R::Ref(RHead::Input, keys));
        }
        full.remove(0);
        // The path as far as it is fixed; after each step it may name a rule.
        let mut used = 0;
        loop {
            if full.first().is_some_and(|first| first == "inventory") {
                self.reads_inventory = true;
                let keys = full.iter().skip(1).map(|key| R::Const(Value::text(key.as_str())));
                let mut keys: Vec<R> = keys.collect();
                keys.extend(self.terms(path.get(used..).unwrap_or_default())?);
                return Ok(R::Ref(RHead::Inventory, keys));
            }
            if let Some(id) = self.table.by_path.get(&full) {
                let declared = self.table.rules.get(*id);
                if declared.is_some_and(|rule| rule.kind == RuleKind::Function) {
                    let message = format!("`{}` is a function and must be called", full.join("."));
                    return Err(RegoError { offset: at, message });
                }
                self.used.insert(*id);
                return Ok(R::Ref(RHead::Rule(*id), self.terms(path.get(used..).unwrap_or_default())?));
            }
            match path.get(used).map(|step| &step.kind) {
                Some(TermKind::Str(text)) => full.push(text.clone()),
                _ => {
                    let message = format!(
                        "`data.{}` is not defined: a policy sees its own rules, its libraries and `data.inventory`",
                        full.join(".")
                    );
                    return Err(RegoError { offset: at, message });
                }
            }
            used += 1;
        }
    }

    pub(super) fn callee(&mut self, callee: &Callee, at: u32) -> Result<(Func, usize), RegoError> {
        let name = match callee {
            Callee::Operator(name) => return builtin(name, at),
            Callee::Name(name) => name,
        };
        let (Some(first), rest) = (name.first(), name.get(1..).unwrap_or_default()) else {
            return Err(RegoError { offset: at, message: "a call without a name".into() });
        };
        let of_package = || [self.module.package.as_slice(), name].concat();
        let path = match self.imports.get(first.as_str()) {
            Some(import) => [import.get(1..).unwrap_or_default(), rest].concat(),
            None if first == "data" => rest.to_vec(),
            None => of_package(),
        };
        match self.table.by_path.get(&path).and_then(|id| Some((*id, self.table.rules.get(*id)?))) {
            Some((id, rule)) if rule.kind == RuleKind::Function => {
                self.used.insert(id);
                Ok((Func::Rule(id), rule.arity))
            }
            Some((_, rule)) => {
                Err(RegoError { offset: at, message: format!("`{}` is no function", rule.path) })
            }
            None if first == "data" || self.imports.contains_key(first.as_str()) => Err(RegoError {
                offset: at,
                message: format!("undefined function `data.{}`", path.join(".")),
            }),
            None => builtin(&name.join("."), at),
        }
    }

    /// What is printed goes nowhere.
    pub(super) fn is_erased(&self, callee: &Callee) -> bool {
        let Callee::Name(name) = callee else { return false };
        matches!(name.as_slice(), [name] if matches!(name.as_str(), "print" | "trace") && !self.is_global(name))
    }

    fn call(&mut self, callee: &Callee, args: &[ast::Term], at: u32) -> Result<R, RegoError> {
        if self.is_erased(callee) {
            // Erased, as in a cluster where nobody listens.
            return Ok(R::Const(Value::Bool(Flag(true))));
        }
        let (func, arity) = self.callee(callee, at)?;
        if args.len() != arity {
            let name = match callee {
                Callee::Operator(name) => (*name).to_owned(),
                Callee::Name(name) => name.join("."),
            };
            let message = format!("`{name}` takes {arity} arguments and is given {}", args.len());
            return Err(RegoError { offset: at, message });
        }
        Ok(R::Call(func, self.terms(args)?))
    }
}

fn builtin(name: &str, at: u32) -> Result<(Func, usize), RegoError> {
    match builtins::find(name) {
        Lookup::Known(builtin) => Ok((Func::Builtin(builtin), builtin.arity)),
        Lookup::Refused(why) => Err(RegoError { offset: at, message: format!("`{name}` is refused: {why}") }),
        Lookup::Unknown => Err(RegoError { offset: at, message: format!("undefined function `{name}`") }),
    }
}

fn number_value(text: &str) -> Value<'static> {
    match text.parse::<i64>() {
        Ok(value) => Value::Int(value),
        Err(_) => Value::number(text.parse().unwrap_or_default()),
    }
}

/// A collection of constants is a constant.
fn fold(term: R) -> R {
    fn constants(items: &[R]) -> Option<Vec<Value<'static>>> {
        let items = items.iter().map(|item| match item {
            R::Const(value) => Some(value.clone()),
            _ => None,
        });
        items.collect()
    }
    match &term {
        R::Array(items) => constants(items).map_or(term, |items| R::Const(Value::array(items))),
        R::Set(items) => constants(items).map_or(term, |items| R::Const(Value::set(items))),
        R::Object(entries) => {
            let (keys, values): (Vec<R>, Vec<R>) = entries.iter().cloned().unzip();
            match (constants(&keys), constants(&values)) {
                (Some(keys), Some(values)) => R::Const(Value::object(keys.into_iter().zip(values).collect())),
                _ => term,
            }
        }
        _ => term,
    }
}
