//! Which rules there are, and which of them need each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{CompileError, RegoError};
use crate::rego::ast::Module;
use crate::rego::ir::{Rule, RuleKind};

/// A rule that is declared somewhere.
pub(super) struct Declared {
    pub(super) path: String,
    pub(super) kind: RuleKind,
    pub(super) arity: usize,
    pub(super) source: usize,
    pub(super) at: u32,
}

impl Declared {
    pub(super) fn rule(&self) -> Rule {
        Rule {
            name: self.path.clone(),
            kind: self.kind,
            default: None,
            definitions: Vec::new(),
            slots: 0,
            is_constant: false,
            is_dear: false,
            is_same: false,
            shared: None,
            by_text: None,
        }
    }
}

/// All rules by their whole path.
pub(super) struct Table {
    pub(super) rules: Vec<Declared>,
    pub(super) by_path: BTreeMap<Vec<String>, usize>,
}

impl Table {
    pub(super) fn of(modules: &[(usize, Module)], errors: &mut Vec<CompileError>) -> Self {
        let mut table = Table { rules: Vec::new(), by_path: BTreeMap::new() };
        for (source, module) in modules {
            for rule in &module.rules {
                let path: Vec<String> = module.package.iter().chain(&rule.name).cloned().collect();
                let kind = match (&rule.args, &rule.key, &rule.value) {
                    (Some(_), ..) => RuleKind::Function,
                    (None, Some(_), Some(_)) => RuleKind::PartialObject,
                    (None, Some(_), None) => RuleKind::PartialSet,
                    (None, None, _) => RuleKind::Complete,
                };
                let arity = rule.args.as_ref().map_or(0, Vec::len);
                let name = path.join(".");
                let known = table.by_path.get(&path).and_then(|id| table.rules.get(*id));
                match known {
                    Some(known) if known.kind != kind || known.arity != arity => {
                        let message = format!("conflicting rules `{name}` found");
                        errors.push((*source, RegoError { offset: rule.at, message }));
                    }
                    Some(_) => {}
                    None => {
                        table.by_path.insert(path, table.rules.len());
                        table.rules.push(Declared { path: name, kind, arity, source: *source, at: rule.at });
                    }
                }
            }
        }
        table.refuse_overlaps(errors);
        table
    }

    /// OPA would merge a rule with those that lie within its value, or refuse both.
    fn refuse_overlaps(&self, errors: &mut Vec<CompileError>) {
        let paths = self.by_path.keys();
        for (outer, (inner, id)) in paths.zip(self.by_path.iter().skip(1)) {
            if let Some(rule) = self.rules.get(*id).filter(|_| inner.starts_with(outer)) {
                let message = format!("rule `{}` lies within rule `{}`", rule.path, outer.join("."));
                errors.push((rule.source, RegoError { offset: rule.at, message }));
            }
        }
    }

    pub(super) fn id(&self, package: &[String], name: &[String]) -> Option<usize> {
        let path: Vec<String> = package.iter().chain(name).cloned().collect();
        self.by_path.get(&path).copied()
    }
}

/// A way from a rule back to itself.
pub(super) fn cycle(start: usize, uses: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    let mut from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = vec![start];
    while let Some(id) = queue.pop() {
        for next in uses.get(id).into_iter().flatten() {
            if *next == start {
                let mut path = vec![start, id];
                let mut at = id;
                while let Some(before) = from.get(&at).filter(|_| at != start) {
                    at = *before;
                    path.push(at);
                }
                path.reverse();
                path.dedup();
                return Some(path);
            }
            if !from.contains_key(next) {
                from.insert(*next, id);
                queue.push(*next);
            }
        }
    }
    None
}
