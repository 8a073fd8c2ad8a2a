//! Bodies and their literals: what stands under a negation is taken apart, what is unified, too.

use std::collections::BTreeMap;

use super::names::{Scope, declared_names, is_pattern, literal_names, term_names};
use super::{R, RHead, RKind, RLit, RegoError, Resolver};
use crate::rego::ast::{self, LiteralKind, TermKind};
use crate::rego::ir::{Func, Replaced, WithTarget};
use crate::rego::value::Value;

impl Resolver<'_> {
    /// Resolves a body in a scope of its own, which stays open for its heads.
    pub(super) fn open_body(
        &mut self,
        body: &[ast::Literal],
        heads: &[&ast::Term],
    ) -> Result<Vec<RLit>, RegoError> {
        let mut scope = Scope::default();
        body.iter().for_each(|literal| scope.later.extend(declared_names(literal)));
        let mut names = Vec::new();
        body.iter().for_each(|literal| literal_names(literal, &mut names));
        heads.iter().for_each(|head| term_names(head, &mut names));
        names.retain(|name| !scope.later.contains(*name));
        self.scopes.push(scope);
        for name in names {
            if self.find(name).is_none() && !self.is_global(name) {
                self.declare(name);
            }
        }
        let mut resolved = Vec::new();
        for literal in body {
            self.literal(literal, &mut resolved)?;
        }
        Ok(resolved)
    }

    fn literal(&mut self, literal: &ast::Literal, out: &mut Vec<RLit>) -> Result<(), RegoError> {
        let at = literal.at;
        let first = out.len();
        let mut with = Vec::new();
        for ast::With { target, value } in &literal.with {
            with.push((self.with_target(target)?, self.term(value)?));
        }
        let kind = match &literal.kind {
            LiteralKind::Some(names) => {
                for name in names {
                    self.declare_once(&ast::Term { at, kind: TermKind::Var(name.clone()) })?;
                }
                return Ok(());
            }
            LiteralKind::Term(term) => self.term_literal(term)?,
            LiteralKind::Unify(left, right) => unified(self.term(left)?, self.term(right)?),
            LiteralKind::Assign(left, right) => {
                if !is_pattern(left) {
                    let message = "cannot assign to this term".into();
                    return Err(RegoError { offset: left.at, message });
                }
                // The right side does not see what it is assigned to.
                let right = self.term(right)?;
                self.declare_once(left)?;
                unified(self.term(left)?, right)
            }
            LiteralKind::SomeIn { key, value, collection } => {
                let collection = self.term(collection)?;
                for pattern in key.iter().chain(Some(value)) {
                    self.declare_new(pattern)?;
                }
                let key = key.as_ref().map(|key| self.term(key)).transpose()?;
                RKind::SomeIn { key, value: self.term(value)?, collection }
            }
            LiteralKind::Every { key, value, collection, body } => {
                let collection = self.term(collection)?;
                let start = self.names.len();
                self.scopes.push(Scope::default());
                let key = key.as_ref().filter(|key| *key != "_").map(|key| self.declare(key));
                let value = Some(value).filter(|value| *value != "_").map(|value| self.declare(value));
                let body = self.open_body(body, &[])?;
                self.scopes.pop();
                self.scopes.pop();
                RKind::Every { key, value, collection, body, locals: start..self.names.len() }
            }
        };
        if literal.negated {
            let kind = self.hoist_under_not(kind, at, out);
            out.push(RLit { at, negated: true, with: Vec::new(), kind });
        } else {
            push_unified(kind, at, out);
        }
        if !with.is_empty() {
            out.iter_mut().skip(first).for_each(|lit| lit.with.clone_from(&with));
        }
        Ok(())
    }

    /// What a `with` puts something else in the place of.
    fn with_target(&mut self, target: &ast::Term) -> Result<WithTarget, RegoError> {
        let refuse = || {
            let message = "`with` can replace `input`, `data.inventory` and fields of them only".to_owned();
            RegoError { offset: target.at, message }
        };
        let (head, path) = match self.term(target)? {
            R::Ref(RHead::Input, path) => (Replaced::Input, path),
            R::Ref(RHead::Inventory, path) => (Replaced::Inventory, path),
            _ => return Err(refuse()),
        };
        let keys = path.into_iter().map(|step| match step {
            R::Const(key) if key.as_str().is_some() => Ok(key),
            _ => Err(refuse()),
        });
        Ok(WithTarget { head, path: keys.collect::<Result<_, _>>()? })
    }

    fn term_literal(&mut self, term: &ast::Term) -> Result<RKind, RegoError> {
        // `f(x, y)` where `f` takes one argument: the last one is its result.
        if let TermKind::Call(callee, args) = &term.kind
            && !self.is_erased(callee)
            && let (func, arity) = self.callee(callee, term.at)?
            && args.len() == arity + 1
            && let Some((last, args)) = args.split_last()
        {
            let args = args.iter().map(|arg| self.term(arg)).collect::<Result<_, _>>()?;
            return Ok(unified(self.term(last)?, R::Call(func, args)));
        }
        Ok(RKind::Term(self.term(term)?))
    }

    /// What OPA evaluates before a negation goes before it.
    fn hoist_under_not(&mut self, kind: RKind, at: u32, out: &mut Vec<RLit>) -> RKind {
        match kind {
            RKind::Term(R::Call(func, args)) => {
                let is_equal = matches!(func, Func::Builtin(builtin) if builtin.name == "equal");
                let args = args.into_iter().map(|arg| match is_equal {
                    true => self.hoist_inner(arg, at, out),
                    false => self.hoist_dynamic(arg, at, out),
                });
                RKind::Term(R::Call(func, args.collect()))
            }
            RKind::Term(term) => RKind::Term(self.hoist_inner(term, at, out)),
            RKind::Unify(left, right) => {
                RKind::Unify(self.hoist_inner(left, at, out), self.hoist_inner(right, at, out))
            }
            other => other,
        }
    }

    fn hoist(&mut self, term: R, at: u32, out: &mut Vec<RLit>) -> R {
        let slot = self.slot("_");
        out.push(RLit { at, negated: false, with: Vec::new(), kind: RKind::Unify(R::Var(slot), term) });
        R::Var(slot)
    }

    /// An argument: whatever is looked up or computed goes before.
    fn hoist_dynamic(&mut self, term: R, at: u32, out: &mut Vec<RLit>) -> R {
        match term {
            R::Const(_) | R::Var(_) | R::Any => term,
            R::Array(items) => {
                R::Array(items.into_iter().map(|item| self.hoist_dynamic(item, at, out)).collect())
            }
            R::Set(items) => {
                R::Set(items.into_iter().map(|item| self.hoist_dynamic(item, at, out)).collect())
            }
            R::Object(entries) => {
                let entries = entries.into_iter();
                let hoisted = entries.map(|(key, value)| {
                    (self.hoist_dynamic(key, at, out), self.hoist_dynamic(value, at, out))
                });
                R::Object(hoisted.collect())
            }
            R::Ref(..) | R::Call(..) | R::Compr(_) => self.hoist(term, at, out),
        }
    }

    /// A reference or an operand of `=`: calls in it and what its brackets look up go before, itself stays.
    fn hoist_inner(&mut self, term: R, at: u32, out: &mut Vec<RLit>) -> R {
        match term {
            R::Call(..) => self.hoist(term, at, out),
            R::Ref(head, path) => {
                let path = path.into_iter().map(|key| self.hoist_dynamic(key, at, out)).collect();
                R::Ref(head, path)
            }
            R::Array(items) => {
                R::Array(items.into_iter().map(|item| self.hoist_inner(item, at, out)).collect())
            }
            other => other,
        }
    }
}

/// `walk` gives many results; whatever is unified with it is unified with each.
pub(super) fn unified(left: R, right: R) -> RKind {
    let is_walk = |term: &R| matches!(term, R::Call(Func::Builtin(builtin), _) if builtin.name == "walk");
    match (left, right) {
        (value, collection) | (collection, value) if is_walk(&collection) => {
            RKind::SomeIn { key: None, value, collection }
        }
        (left, right) => RKind::Unify(left, right),
    }
}

/// Lists of equal length are unified item by item, each as a literal of its own.
fn push_unified(kind: RKind, at: u32, out: &mut Vec<RLit>) {
    match kind {
        RKind::Unify(R::Array(left), R::Array(right)) if left.len() == right.len() => {
            for (left, right) in left.into_iter().zip(right) {
                push_unified(RKind::Unify(left, right), at, out);
            }
        }
        RKind::Unify(R::Object(left), R::Object(right)) if let Some(pairs) = by_key(&left, &right) => {
            for (left, right) in pairs {
                push_unified(RKind::Unify(left, right), at, out);
            }
        }
        kind => out.push(RLit { at, negated: false, with: Vec::new(), kind }),
    }
}

/// The values of two objects with the same constant keys, side by side.
fn by_key(left: &[(R, R)], right: &[(R, R)]) -> Option<Vec<(R, R)>> {
    fn keyed(entries: &[(R, R)]) -> Option<BTreeMap<&Value<'static>, &R>> {
        let keyed = entries.iter().map(|(key, value)| match key {
            R::Const(key) => Some((key, value)),
            _ => None,
        });
        keyed.collect()
    }
    let (left, right) = (keyed(left)?, keyed(right)?);
    let pairs = left.iter().map(|(key, value)| Some(((*value).clone(), (*right.get(key)?).clone())));
    pairs.collect::<Option<Vec<_>>>().filter(|_| left.len() == right.len())
}
