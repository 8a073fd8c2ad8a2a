//! Modules to a program: names become slots, rules and builtins; what does not exist is refused.

mod literals;
mod names;
mod resolved;
mod table;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use self::names::Scope;
use self::table::{Declared, Table, cycle};
use super::ast::{self, Module, TermKind};
use super::ir::{Definition, Pattern, Rule, RuleKind, Term};
use super::order::Orderer;
use super::parser;
use super::{RegoError, RegoVersion, shared};

pub(crate) use resolved::{R, RCompr, RHead, RKind, RLit};

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
