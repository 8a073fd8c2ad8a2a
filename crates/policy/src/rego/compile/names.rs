//! The names of a body: what declares them, and which variable each one is.

use std::collections::{BTreeMap, BTreeSet};

use super::{RegoError, Resolver};
use crate::rego::ast::{self, LiteralKind, TermKind};

/// The names of one body.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) names: BTreeMap<String, usize>,
    /// Names that a later literal declares; up to there they are not to be had, and mean nothing else either.
    pub(super) later: BTreeSet<String>,
}

impl Resolver<'_> {
    pub(super) fn slot(&mut self, name: &str) -> usize {
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    /// Lets a name stand for an argument if the argument is a new name and nothing else.
    pub(super) fn name_argument(&mut self, index: usize, arg: &ast::Term) -> bool {
        let TermKind::Var(name) = &arg.kind else { return false };
        let Some(scope) = self.scopes.last_mut() else { return false };
        if matches!(name.as_str(), "_" | "input" | "data") || scope.names.contains_key(name) {
            return false;
        }
        scope.names.insert(name.clone(), index);
        if let Some(slot) = self.names.get_mut(index) {
            slot.clone_from(name);
        }
        true
    }

    pub(super) fn declare(&mut self, name: &str) -> usize {
        let slot = self.slot(name);
        if let Some(scope) = self.scopes.last_mut() {
            scope.later.remove(name);
            scope.names.insert(name.to_owned(), slot);
        }
        slot
    }

    /// Whether the innermost body has a variable of that name.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.scopes.last().is_some_and(|scope| scope.names.contains_key(name))
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name)).copied()
    }

    /// Whether a name means something although nobody declared it.
    pub(super) fn is_global(&self, name: &str) -> bool {
        let is_rule = || {
            let mut path = self.module.package.clone();
            path.push(name.to_owned());
            // A rule of that name, or one whose reference begins so.
            self.table.by_path.range(path.clone()..).next().is_some_and(|(found, _)| found.starts_with(&path))
        };
        let is_later = || self.scopes.iter().any(|scope| scope.later.contains(name));
        matches!(name, "input" | "data") || (self.imports.contains_key(name) || is_rule()) && !is_later()
    }

    /// Declares the variables of a pattern that are new by definition: arguments, and the left of `:=`.
    pub(super) fn declare_new(&mut self, term: &ast::Term) -> Result<(), RegoError> {
        match &term.kind {
            TermKind::Var(name) if name == "_" => Ok(()),
            TermKind::Var(name) => {
                if matches!(name.as_str(), "input" | "data") {
                    return Err(RegoError {
                        offset: term.at,
                        message: format!("`{name}` cannot be assigned"),
                    });
                }
                if !self.is_own(name) {
                    self.declare(name);
                }
                Ok(())
            }
            TermKind::Array(items) => items.iter().try_for_each(|item| self.declare_new(item)),
            TermKind::Object(entries) => entries.iter().try_for_each(|(_, value)| self.declare_new(value)),
            _ => Ok(()),
        }
    }

    pub(super) fn declare_once(&mut self, term: &ast::Term) -> Result<(), RegoError> {
        let mut names = Vec::new();
        pattern_names(term, &mut names);
        for name in names {
            if self.is_own(name) {
                return Err(RegoError { offset: term.at, message: format!("var `{name}` assigned above") });
            }
        }
        self.declare_new(term)
    }
}

pub(super) fn is_pattern(term: &ast::Term) -> bool {
    match &term.kind {
        TermKind::Var(_) => true,
        TermKind::Array(items) => items.iter().all(is_pattern),
        TermKind::Object(entries) => entries.iter().all(|(_, value)| is_pattern(value)),
        TermKind::Str(_) | TermKind::Number(_) | TermKind::Bool(_) | TermKind::Null => true,
        _ => false,
    }
}

pub(super) fn pattern_names<'t>(term: &'t ast::Term, names: &mut Vec<&'t str>) {
    match &term.kind {
        TermKind::Var(name) if name != "_" => names.push(name),
        TermKind::Array(items) => items.iter().for_each(|item| pattern_names(item, names)),
        TermKind::Object(entries) => entries.iter().for_each(|(_, value)| pattern_names(value, names)),
        _ => {}
    }
}

/// Names that a literal declares for those after it.
pub(super) fn declared_names(literal: &ast::Literal) -> Vec<String> {
    let mut names = Vec::new();
    match &literal.kind {
        LiteralKind::Assign(left, _) => pattern_names(left, &mut names),
        LiteralKind::Some(some) => names.extend(some.iter().map(String::as_str)),
        LiteralKind::SomeIn { key, value, .. } => {
            key.iter().chain(Some(value)).for_each(|pattern| pattern_names(pattern, &mut names));
        }
        LiteralKind::Term(_) | LiteralKind::Unify(..) | LiteralKind::Every { .. } => {}
    }
    names.into_iter().map(str::to_owned).collect()
}

/// Names in a literal, those inside of comprehensions left out.
pub(super) fn literal_names<'t>(literal: &'t ast::Literal, names: &mut Vec<&'t str>) {
    match &literal.kind {
        LiteralKind::Term(term) => term_names(term, names),
        LiteralKind::Unify(left, right) | LiteralKind::Assign(left, right) => {
            term_names(left, names);
            term_names(right, names);
        }
        LiteralKind::Some(_) => {}
        LiteralKind::SomeIn { key, value, collection } => {
            key.iter().for_each(|key| term_names(key, names));
            term_names(value, names);
            term_names(collection, names);
        }
        LiteralKind::Every { collection, .. } => term_names(collection, names),
    }
}

pub(super) fn term_names<'t>(term: &'t ast::Term, names: &mut Vec<&'t str>) {
    match &term.kind {
        TermKind::Var(name) if name != "_" => names.push(name),
        TermKind::Array(items) | TermKind::Set(items) => {
            items.iter().for_each(|item| term_names(item, names))
        }
        TermKind::Object(entries) => {
            for (key, value) in entries {
                term_names(key, names);
                term_names(value, names);
            }
        }
        TermKind::Ref(head, path) => {
            term_names(head, names);
            path.iter().for_each(|step| term_names(step, names));
        }
        TermKind::Call(_, args) => args.iter().for_each(|arg| term_names(arg, names)),
        _ => {}
    }
}
