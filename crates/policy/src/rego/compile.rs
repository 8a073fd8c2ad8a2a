//! Modules to a program: names become slots, rules and builtins; what does not exist is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::ast::{self, Callee, LiteralKind, Module, TermKind};
use super::builtins::{self, Lookup};
use super::ir::{ComprKind, Definition, Func, Pattern, Replaced, Rule, RuleKind, Term, WithTarget};
use super::order::Orderer;
use super::parser;
use super::value::{Flag, Value};
use super::{RegoError, RegoVersion, shared};

/// A module to compile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'t> {
    pub(crate) text: &'t str,
    pub(crate) version: RegoVersion,
}

/// Compiled modules.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) rules: Vec<Rule>,
    /// Index of the rule `violation` of the first module.
    pub(crate) violation: usize,
    /// Whether any rule reads `data.inventory`.
    pub(crate) reads_inventory: bool,
    /// Terms without variables that are remembered, with the numbers of those that are shared.
    pub(crate) closed: Vec<Option<usize>>,
    /// How many values constraints share.
    pub(crate) shared: usize,
}

/// A mistake, and in which of the sources.
pub(crate) type CompileError = (usize, RegoError);

/// Compiles an entry module and its libraries. All mistakes that are found are returned, not only the first.
pub(crate) fn compile(sources: &[Source<'_>]) -> Result<Program, Vec<CompileError>> {
    let mut modules = Vec::new();
    let mut errors = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        match parser::parse(source.text, source.version) {
            Ok(module) => modules.push((index, module)),
            Err(error) => errors.push((index, error)),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    check_packages(&modules, &mut errors);
    let table = Table::of(&modules, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut rules: Vec<Rule> = table.rules.iter().map(Declared::rule).collect();
    let mut uses: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); rules.len()];
    let mut reads_inventory = false;
    let mut closed = 0;
    for (index, module) in &modules {
        for written in &module.rules {
            let Some(id) = table.id(&module.package, &written.name) else { continue };
            let (Some(rule), Some(used)) = (rules.get_mut(id), uses.get_mut(id)) else { continue };
            let mut resolver = Resolver::new(&table, module);
            if let Err(error) = define(&mut resolver, written, rule, &mut closed) {
                errors.push((*index, error));
            }
            used.extend(resolver.used);
            reads_inventory |= resolver.reads_inventory;
        }
    }
    rules.iter_mut().for_each(Rule::plan);
    for (id, declared) in table.rules.iter().enumerate() {
        if let Some(path) = cycle(id, &uses) {
            let names: Vec<&str> =
                path.iter().filter_map(|id| table.rules.get(*id)).map(|rule| rule.path.as_str()).collect();
            let message = format!("rule `{}` is recursive: {}", declared.path, names.join(" -> "));
            errors.push((declared.source, RegoError { offset: declared.at, message }));
            break;
        }
    }
    let entry = modules.first().map(|(_, module)| module.package.clone()).unwrap_or_default();
    let violation = table.id(&entry, &["violation".to_owned()]);
    match violation {
        Some(violation) if errors.is_empty() => {
            let (closed, shared) = shared::plan(&mut rules, closed);
            Ok(Program { rules, violation, reads_inventory, closed, shared })
        }
        None => {
            let message = "the module has no rule `violation`".to_owned();
            errors.push((0, RegoError { offset: 0, message }));
            Err(errors)
        }
        Some(_) => Err(errors),
    }
}

/// Libraries live below `data.lib`.
fn check_packages(modules: &[(usize, Module)], errors: &mut Vec<CompileError>) {
    for (index, module) in modules.iter().skip(1) {
        if module.package.first().is_none_or(|first| first != "lib") || module.package.len() < 2 {
            let message = format!("package `{}` of a library must be below `lib`", module.package.join("."));
            errors.push((*index, RegoError { offset: module.package_at, message }));
        }
    }
}

/// A rule that is declared somewhere.
struct Declared {
    path: String,
    kind: RuleKind,
    arity: usize,
    source: usize,
    at: u32,
}

impl Declared {
    fn rule(&self) -> Rule {
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
struct Table {
    rules: Vec<Declared>,
    by_path: BTreeMap<Vec<String>, usize>,
}

impl Table {
    fn of(modules: &[(usize, Module)], errors: &mut Vec<CompileError>) -> Self {
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

    fn id(&self, package: &[String], name: &[String]) -> Option<usize> {
        let path: Vec<String> = package.iter().chain(name).cloned().collect();
        self.by_path.get(&path).copied()
    }
}

/// A way from a rule back to itself.
fn cycle(start: usize, uses: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
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

/// A term whose names are resolved.
#[derive(Debug, Clone)]
pub(crate) enum R {
    Const(Value<'static>),
    Var(usize),
    Any,
    Array(Vec<R>),
    Object(Vec<(R, R)>),
    Set(Vec<R>),
    Ref(RHead, Vec<R>),
    Call(Func, Vec<R>),
    Compr(Box<RCompr>),
}

/// Where a reference begins.
#[derive(Debug, Clone)]
pub(crate) enum RHead {
    Input,
    Inventory,
    Rule(usize),
    Term(Box<R>),
}

/// A comprehension.
#[derive(Debug, Clone)]
pub(crate) struct RCompr {
    pub(crate) kind: ComprKind,
    pub(crate) key: Option<R>,
    pub(crate) value: R,
    pub(crate) body: Vec<RLit>,
    /// Slots that nobody outside knows.
    pub(crate) locals: Range<usize>,
}

/// A literal.
#[derive(Debug, Clone)]
pub(crate) struct RLit {
    pub(crate) at: u32,
    pub(crate) negated: bool,
    /// What is replaced while it is evaluated.
    pub(crate) with: Vec<(WithTarget, R)>,
    pub(crate) kind: RKind,
}

/// What a literal is.
#[derive(Debug, Clone)]
pub(crate) enum RKind {
    Term(R),
    Unify(R, R),
    SomeIn { key: Option<R>, value: R, collection: R },
    Every { key: Option<usize>, value: Option<usize>, collection: R, body: Vec<RLit>, locals: Range<usize> },
}

/// The names of one body.
#[derive(Default)]
struct Scope {
    names: BTreeMap<String, usize>,
    /// Names that a later literal declares; up to there they are not to be had, and mean nothing else either.
    later: BTreeSet<String>,
}

/// Resolves the names of one rule.
struct Resolver<'p> {
    table: &'p Table,
    module: &'p Module,
    /// What imports stand for.
    imports: BTreeMap<&'p str, &'p [String]>,
    scopes: Vec<Scope>,
    /// The name of each slot.
    names: Vec<String>,
    used: BTreeSet<usize>,
    reads_inventory: bool,
}

fn define(
    resolver: &mut Resolver<'_>,
    written: &ast::Rule,
    rule: &mut Rule,
    closed: &mut usize,
) -> Result<(), RegoError> {
    if written.is_default {
        return define_default(resolver, written, rule);
    }
    resolver.scopes.push(Scope::default());
    // The arguments lie in the first slots of a frame; one that just has a name needs no other.
    let written_args = written.args.as_deref().unwrap_or_default();
    written_args.iter().for_each(|_| {
        resolver.slot("_");
    });
    let mut args = Vec::new();
    let mut named = Vec::new();
    for (index, arg) in written_args.iter().enumerate() {
        if resolver.name_argument(index, arg) {
            named.push(index);
            continue;
        }
        resolver.declare_new(arg)?;
        args.push((index, resolver.term(arg)?));
    }
    let truth = ast::Term { at: written.at, kind: TermKind::Bool(true) };
    let is_set = rule.kind == RuleKind::PartialSet;
    let first = (written.key.as_ref(), written.value.as_ref(), &written.body);
    let others = written.alternatives.iter().map(|other| (None, other.value.as_ref(), &other.body));
    let mut bodies = Vec::new();
    for (key, value, body) in std::iter::once(first).chain(others) {
        let value = match (is_set, key) {
            (true, Some(key)) => key,
            _ => value.unwrap_or(&truth),
        };
        let key = key.filter(|_| !is_set);
        let heads: Vec<&ast::Term> = key.into_iter().chain(Some(value)).collect();
        let body = resolver.open_body(body, &heads)?;
        let key = key.map(|key| resolver.term(key)).transpose()?;
        let value = resolver.term(value)?;
        resolver.scopes.pop();
        bodies.push((body, key, value));
    }
    let mut orderer = Orderer::new(resolver.names.clone(), closed);
    named.into_iter().for_each(|slot| orderer.bind(slot));
    let mut patterns = Vec::new();
    for (index, arg) in args {
        match orderer.argument(arg)? {
            Pattern::Any => {}
            pattern => patterns.push((index, pattern)),
        }
    }
    let mut branches = Vec::new();
    for (body, key, value) in bodies {
        branches.push(orderer.branch(body, key, value, written.at)?);
    }
    let (args, slots) = (patterns.into(), orderer.slots());
    rule.define(Definition { args, slots, branches: branches.into(), shared: None });
    Ok(())
}

fn define_default(
    resolver: &mut Resolver<'_>,
    written: &ast::Rule,
    rule: &mut Rule,
) -> Result<(), RegoError> {
    let value = written.value.as_ref();
    let value = value.map(|value| resolver.term(value)).transpose()?;
    match value {
        _ if rule.default.is_some() => {
            let message = format!("multiple default rules `{}` found", rule.name);
            Err(RegoError { offset: written.at, message })
        }
        Some(R::Const(value)) => {
            rule.default = Some(Term::Const(value));
            Ok(())
        }
        _ => Err(RegoError { offset: written.at, message: "a default value must be a constant".into() }),
    }
}

impl<'p> Resolver<'p> {
    fn new(table: &'p Table, module: &'p Module) -> Self {
        let mut imports = BTreeMap::new();
        for import in &module.imports {
            let first = import.path.first().map(String::as_str);
            if matches!(first, Some("future" | "rego")) {
                continue;
            }
            let alias = import.alias.as_ref().or(import.path.last());
            if let Some(alias) = alias {
                imports.insert(alias.as_str(), import.path.as_slice());
            }
        }
        Self {
            table,
            module,
            imports,
            scopes: Vec::new(),
            names: Vec::new(),
            used: BTreeSet::new(),
            reads_inventory: false,
        }
    }

    fn slot(&mut self, name: &str) -> usize {
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    /// Lets a name stand for an argument if the argument is a new name and nothing else.
    fn name_argument(&mut self, index: usize, arg: &ast::Term) -> bool {
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

    fn declare(&mut self, name: &str) -> usize {
        let slot = self.slot(name);
        if let Some(scope) = self.scopes.last_mut() {
            scope.later.remove(name);
            scope.names.insert(name.to_owned(), slot);
        }
        slot
    }

    /// Whether the innermost body has a variable of that name.
    fn is_own(&self, name: &str) -> bool {
        self.scopes.last().is_some_and(|scope| scope.names.contains_key(name))
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name)).copied()
    }

    /// Whether a name means something although nobody declared it.
    fn is_global(&self, name: &str) -> bool {
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
    fn declare_new(&mut self, term: &ast::Term) -> Result<(), RegoError> {
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

    fn declare_once(&mut self, term: &ast::Term) -> Result<(), RegoError> {
        let mut names = Vec::new();
        pattern_names(term, &mut names);
        for name in names {
            if self.is_own(name) {
                return Err(RegoError { offset: term.at, message: format!("var `{name}` assigned above") });
            }
        }
        self.declare_new(term)
    }

    /// Resolves a body in a scope of its own, which stays open for its heads.
    fn open_body(&mut self, body: &[ast::Literal], heads: &[&ast::Term]) -> Result<Vec<RLit>, RegoError> {
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

    fn term(&mut self, term: &ast::Term) -> Result<R, RegoError> {
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

    fn terms(&mut self, terms: &[ast::Term]) -> Result<Vec<R>, RegoError> {
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

    fn callee(&mut self, callee: &Callee, at: u32) -> Result<(Func, usize), RegoError> {
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
    fn is_erased(&self, callee: &Callee) -> bool {
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

/// `walk` gives many results; whatever is unified with it is unified with each.
fn unified(left: R, right: R) -> RKind {
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

fn is_pattern(term: &ast::Term) -> bool {
    match &term.kind {
        TermKind::Var(_) => true,
        TermKind::Array(items) => items.iter().all(is_pattern),
        TermKind::Object(entries) => entries.iter().all(|(_, value)| is_pattern(value)),
        TermKind::Str(_) | TermKind::Number(_) | TermKind::Bool(_) | TermKind::Null => true,
        _ => false,
    }
}

fn pattern_names<'t>(term: &'t ast::Term, names: &mut Vec<&'t str>) {
    match &term.kind {
        TermKind::Var(name) if name != "_" => names.push(name),
        TermKind::Array(items) => items.iter().for_each(|item| pattern_names(item, names)),
        TermKind::Object(entries) => entries.iter().for_each(|(_, value)| pattern_names(value, names)),
        _ => {}
    }
}

/// Names that a literal declares for those after it.
fn declared_names(literal: &ast::Literal) -> Vec<String> {
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
fn literal_names<'t>(literal: &'t ast::Literal, names: &mut Vec<&'t str>) {
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

fn term_names<'t>(term: &'t ast::Term, names: &mut Vec<&'t str>) {
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
