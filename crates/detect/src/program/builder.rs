//! From conditions to a program.

use std::collections::HashMap;
use std::fmt;

use super::atom::{self, Atom, Test};
use super::getter::{Getter, GetterId, Yield, function_type};
use super::index::Index;
use super::{Node, NodeId, Program, Rule, RuleInfo, SourceProgram, Template, TemplateError};
use crate::condition::{Comparison, Expr, FieldExpr, Operand, Operator, Pos, Right, Transformer};
use crate::extract::{Need, Needs, Special};
use crate::fields::{self, Extract, Source, SourceId, Type};

/// A condition that cannot be compiled; the text is Falco's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// What is wrong.
    pub message: String,
    /// Where in the condition.
    pub pos: Pos,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CompileError {}

/// A condition that compiles, but probably not to what was meant; the text is Falco's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileWarning {
    /// What looks wrong.
    pub message: String,
    /// Where in the condition.
    pub pos: Pos,
}

/// The identity of a check.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AtomKey {
    Constants(GetterId, Operator, Vec<Vec<u8>>),
    Other(GetterId, Operator, GetterId),
}

/// What has been compiled already.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) getters: HashMap<Getter, GetterId>,
    pub(crate) atoms: HashMap<AtomKey, u32>,
    pub(crate) nodes: HashMap<Node, NodeId>,
}

/// Collects rules into a program.
#[derive(Debug)]
pub struct ProgramBuilder {
    sources: Vec<SourceProgram>,
}

impl Default for ProgramBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ProgramBuilder {
    /// An empty program.
    pub fn new() -> Self {
        let empty = || SourceProgram {
            getters: Vec::new(),
            yields: Vec::new(),
            atoms: Vec::new(),
            nodes: Vec::new(),
            rules: Vec::new(),
            index: Index::default(),
            needs: Needs::default(),
            need_of: Vec::new(),
            tables: Tables::default(),
        };
        Self { sources: Source::ALL.iter().map(|_| empty()).collect() }
    }

    /// Adds a rule. Its condition must not name macros.
    ///
    /// # Errors
    /// What does not compile; the program is as before, apart from checks that nobody uses.
    pub fn add(
        &mut self,
        info: RuleInfo,
        condition: Expr,
        output: Template,
    ) -> Result<Vec<CompileWarning>, CompileError> {
        let mut compiler = self.compiler(info.source, condition.pos())?;
        let root = compiler.expr(&condition)?;
        let warnings = std::mem::take(&mut compiler.warnings);
        compiler.program.rules.push(Rule { info, condition, output, root });
        Ok(warnings)
    }

    /// Compiles an output template for rules about a source.
    ///
    /// # Errors
    /// A field that the source does not have, or a `%` without field.
    pub fn template(&mut self, source: SourceId, text: &str) -> Result<Template, TemplateError> {
        let mut compiler = self
            .compiler(source, Pos::default())
            .map_err(|error| TemplateError { message: error.message, offset: 0 })?;
        Template::compile(text, &mut compiler)
    }

    /// Whether the condition compiles, without adding anything that is evaluated.
    ///
    /// # Errors
    /// What does not compile.
    pub fn check(&mut self, source: SourceId, condition: &Expr) -> Result<Vec<CompileWarning>, CompileError> {
        let mut compiler = self.compiler(source, condition.pos())?;
        compiler.expr(condition)?;
        Ok(compiler.warnings)
    }

    /// Whether an operand (a field, or a function over fields) exists for a source.
    pub fn has_operand(&mut self, source: SourceId, text: &str) -> bool {
        let Ok((operand, length)) = crate::condition::parse_operand_prefix(text.trim()) else { return false };
        length == text.trim().len()
            && self
                .compiler(source, Pos::default())
                .is_ok_and(|mut compiler| compiler.operand(&operand).is_ok())
    }

    fn compiler(&mut self, source: SourceId, pos: Pos) -> Result<Compiler<'_>, CompileError> {
        match self.sources.get_mut(usize::from(source)) {
            Some(program) => Ok(Compiler { source, program, warnings: Vec::new() }),
            None => Err(CompileError { message: "unknown event source".into(), pos }),
        }
    }

    /// The program of all rules so far.
    pub fn finish(mut self) -> Program {
        for (program, source) in self.sources.iter_mut().zip(Source::ALL) {
            program.index = Index::build(program, source);
            program.note_needs();
        }
        Program { sources: self.sources }
    }
}

impl SourceProgram {
    /// Notes which keys getters need of an event.
    fn note_needs(&mut self) {
        for getter in &self.getters {
            let need = match getter {
                Getter::Field(field) => Need::of(field),
                Getter::Constant(_) | Getter::List(_) | Getter::Function { .. } => None,
            };
            self.need_of.push(need.map(|need| u32::try_from(self.needs.add(need)).unwrap_or(u32::MAX)));
        }
    }
}

pub(crate) struct Compiler<'p> {
    source: SourceId,
    program: &'p mut SourceProgram,
    warnings: Vec<CompileWarning>,
}

type Compiled<T> = Result<T, CompileError>;

impl Compiler<'_> {
    fn expr(&mut self, expr: &Expr) -> Compiled<NodeId> {
        match expr {
            Expr::And(children, _) => {
                let children = self.children(children)?;
                Ok(self.and(children))
            }
            Expr::Or(children, _) => {
                let children = self.children(children)?;
                Ok(self.or(children))
            }
            Expr::Not(child, _) => {
                let child = self.expr(child)?;
                Ok(self.not(child))
            }
            Expr::Macro(name, pos) => {
                let message = format!("filter error: unexpected identifier '{name}'");
                Err(CompileError { message, pos: *pos })
            }
            Expr::Exists(left, pos) => {
                let left = self.operand(left)?;
                let operator = Operator::plain(Comparison::Exists);
                let key = AtomKey::Constants(left, operator, Vec::new());
                self.atom(key, *pos, |_| Ok(Test::Exists))
            }
            Expr::Check { left, operator, right, pos } => self.check(left, *operator, right, *pos),
        }
    }

    fn children(&mut self, children: &[Expr]) -> Compiled<Vec<NodeId>> {
        children.iter().map(|child| self.expr(child)).collect()
    }

    fn check(&mut self, left: &Operand, operator: Operator, right: &Right, pos: Pos) -> Compiled<NodeId> {
        let left_id = self.operand(left)?;
        let left_yield = self.yields(left_id);
        let fail = |message: String| CompileError { message, pos };
        atom::check_operator(operator, left_yield).map_err(fail)?;
        let values = match right {
            Right::Operand(other) => {
                let other_id = self.operand(other)?;
                self.check_other(left_id, operator, other_id).map_err(fail)?;
                let key = AtomKey::Other(left_id, operator, other_id);
                return self.atom(key, pos, |_| Ok(Test::Other(operator, other_id)));
            }
            Right::Value(value, value_pos) => {
                self.warn_about(operator, value, *value_pos);
                vec![value.clone()]
            }
            Right::List(values, value_pos) => {
                for value in values {
                    self.warn_about(operator, value, *value_pos);
                }
                values.clone()
            }
        };
        if let Some(constant) = self.known(left_id, operator, &values) {
            return Ok(self.node(Node::Constant(constant)));
        }
        if self.is_event_type(left_id) {
            for value in &values {
                let name = String::from_utf8_lossy(value);
                if !fields::is_event_type(&name) {
                    return Err(fail(format!("unknown event type {name}")));
                }
            }
        }
        let is_time = self.is_time_in_digits(left_id);
        let key = AtomKey::Constants(left_id, operator, values);
        self.atom(key, pos, |values| match atom::time_digits(operator, values).filter(|_| is_time) {
            Some(test) => Ok(test),
            None => atom::compile(operator, left_yield, values),
        })
    }

    /// Events are numbered from one: `evt.num = 0` never holds. Rules use that as a placeholder.
    fn known(&self, left: GetterId, operator: Operator, values: &[Vec<u8>]) -> Option<bool> {
        if !matches!(self.getter(left), Getter::Field(field) if field.field().name == "evt.num")
            || operator.modifier.is_some()
        {
            return None;
        }
        let numbers: Option<Vec<u64>> =
            values.iter().map(|value| std::str::from_utf8(value).ok()?.parse().ok()).collect();
        match (operator.comparison, numbers?.as_slice()) {
            (Comparison::In, numbers) if numbers.iter().all(|number| *number == 0) => Some(false),
            (Comparison::Eq | Comparison::Le, [0]) | (Comparison::Lt, [0 | 1]) => Some(false),
            (Comparison::Ne | Comparison::Gt, [0]) | (Comparison::Ge, [0 | 1]) => Some(true),
            _ => None,
        }
    }

    fn is_time_in_digits(&self, getter: GetterId) -> bool {
        matches!(self.getter(getter), Getter::Field(field)
            if matches!(field.field().extract, Extract::Special(Special::RawTimeText)))
    }

    fn is_event_type(&self, getter: GetterId) -> bool {
        matches!(self.getter(getter), Getter::Field(field) if field.field().name == "evt.type")
    }

    fn getter(&self, id: GetterId) -> &Getter {
        static NONE: Getter = Getter::Constant(Vec::new());
        self.program.getters.get(id as usize).unwrap_or(&NONE)
    }

    fn yields(&self, id: GetterId) -> Yield {
        let none = Yield { ty: Type::Text, is_list: false };
        self.program.yields.get(id as usize).copied().unwrap_or(none)
    }

    /// The name of what a getter is about, for messages.
    fn name_of(&self, id: GetterId) -> String {
        match self.getter(id) {
            Getter::Field(field) => field.field().name.to_owned(),
            Getter::Constant(_) => "NA".into(),
            Getter::List(_) => "INTERNAL".into(),
            Getter::Function { arguments, .. } => match arguments.first() {
                Some(first) => self.name_of(*first),
                None => "INTERNAL".into(),
            },
        }
    }

    fn check_other(&self, left: GetterId, operator: Operator, right: GetterId) -> Result<(), String> {
        let (left_name, right_name) = (self.name_of(left), self.name_of(right));
        if matches!(operator.comparison, Comparison::PMatch | Comparison::Regex) {
            let name = operator.comparison.as_str().to_ascii_uppercase();
            return Err(format!("operator '{name}' doesn't support right-hand side fields"));
        }
        let forbids =
            |id: GetterId| matches!(self.getter(id), Getter::Field(field) if field.field().has_no_right_side);
        if self.yields(left).ty == Type::Network {
            return Err("field type 'IPNET' doesn't support right-hand side fields".into());
        }
        if forbids(left) {
            return Err(format!("field '{left_name}' doesn't support right-hand side fields"));
        }
        if forbids(right) {
            return Err(format!("field '{right_name}' can't be used as a right-hand side field"));
        }
        let (left, right) = (self.yields(left), self.yields(right));
        if left != right {
            let shown = |side: Yield| (side.ty.falco_name(), if side.is_list { " (list)" } else { "" });
            let ((left_type, left_list), (right_type, right_list)) = (shown(left), shown(right));
            return Err(format!(
                "field '{left_name}' has type '{left_type}'{left_list} while the right-hand side field \
                 '{right_name}' has incompatible type '{right_type}'{right_list}"
            ));
        }
        Ok(())
    }

    // Getters.

    /// Whether an operand is a field that cannot be printed.
    pub(crate) fn is_filter_only(&mut self, operand: &Operand) -> bool {
        self.operand(operand)
            .is_ok_and(|id| matches!(self.getter(id), Getter::Field(field) if field.field().is_filter_only))
    }

    pub(crate) fn operand(&mut self, operand: &Operand) -> Compiled<GetterId> {
        match operand {
            Operand::Field(field) => self.field(field),
            Operand::Value(value, _) => {
                let ty = Yield { ty: Type::Text, is_list: false };
                Ok(self.intern(Getter::Constant(value.clone()), ty))
            }
            Operand::List(items, _) => {
                let items: Vec<_> = items.iter().map(|item| self.operand(item)).collect::<Result<_, _>>()?;
                let ty = Yield { ty: Type::Text, is_list: true };
                Ok(self.intern(Getter::List(items), ty))
            }
            Operand::Transform { function, arguments, selector, pos } => {
                let fail = |message: String| CompileError { message, pos: *pos };
                let ids: Vec<_> =
                    arguments.iter().map(|argument| self.operand(argument)).collect::<Result<_, _>>()?;
                if *function != Transformer::Val
                    && ids.len() == 1
                    && let Some(Getter::Field(field)) = ids.first().map(|id| self.getter(*id))
                    && field.field().has_no_function
                {
                    let name = field.field().name;
                    return Err(fail(format!("field '{name}' does not support transformers")));
                }
                let types: Vec<_> = ids.iter().map(|id| self.yields(*id)).collect();
                let first = ids.first().map(|id| self.name_of(*id)).unwrap_or_default();
                let ty = function_type(*function, &types, selector.is_some(), &first).map_err(fail)?;
                let selector = match selector.as_deref().map(str::as_bytes) {
                    None => None,
                    Some([option]) => Some(*option),
                    Some(_) => {
                        return Err(fail("getopt() field argument must be a single option character".into()));
                    }
                };
                match (function, ids.as_slice()) {
                    (Transformer::Val, [only]) => Ok(*only),
                    _ => {
                        let getter = Getter::Function { function: *function, arguments: ids, selector };
                        Ok(self.intern(getter, ty))
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &FieldExpr) -> Compiled<GetterId> {
        let resolved = Source::resolve(self.source, &field.name, field.argument.as_deref())
            .map_err(|message| CompileError { message, pos: field.pos })?;
        let definition = resolved.field();
        let ty = Yield { ty: definition.ty, is_list: definition.is_list };
        Ok(self.intern(Getter::Field(resolved), ty))
    }

    fn intern(&mut self, getter: Getter, ty: Yield) -> GetterId {
        if let Some(id) = self.program.tables.getters.get(&getter) {
            return *id;
        }
        let id = count(&self.program.getters);
        self.program.getters.push(getter.clone());
        self.program.yields.push(ty);
        self.program.tables.getters.insert(getter, id);
        id
    }

    // Nodes.

    fn atom(
        &mut self,
        key: AtomKey,
        pos: Pos,
        compile: impl FnOnce(&[Vec<u8>]) -> Result<Test, String>,
    ) -> Compiled<NodeId> {
        if let Some(atom) = self.program.tables.atoms.get(&key) {
            let atom = *atom;
            return Ok(self.node(Node::Atom(atom)));
        }
        let (left, test) = match &key {
            AtomKey::Constants(left, _, values) => (*left, compile(values)),
            AtomKey::Other(left, ..) => (*left, compile(&[])),
        };
        let test = test.map_err(|message| CompileError { message, pos })?;
        let atom = count(&self.program.atoms);
        self.program.atoms.push(Atom { left, test });
        self.program.tables.atoms.insert(key, atom);
        Ok(self.node(Node::Atom(atom)))
    }

    fn and(&mut self, children: Vec<NodeId>) -> NodeId {
        self.combine(children, false)
    }

    fn or(&mut self, children: Vec<NodeId>) -> NodeId {
        self.combine(children, true)
    }

    /// `and` (decided by a false child) or `or` (decided by a true one), flattened and without what is constant.
    fn combine(&mut self, children: Vec<NodeId>, decides: bool) -> NodeId {
        let mut flat = Vec::with_capacity(children.len());
        for child in children {
            match self.program.nodes.get(child as usize) {
                Some(Node::Constant(value)) if *value == decides => {
                    return self.node(Node::Constant(decides));
                }
                Some(Node::Constant(_)) => {}
                Some(Node::And(inner)) if !decides => flat.extend_from_slice(inner),
                Some(Node::Or(inner)) if decides => flat.extend_from_slice(inner),
                _ => flat.push(child),
            }
        }
        let mut seen = std::collections::HashSet::new();
        flat.retain(|child| seen.insert(*child));
        match flat.as_slice() {
            [] => self.node(Node::Constant(!decides)),
            [only] => *only,
            _ if decides => self.node(Node::Or(flat.into_boxed_slice())),
            _ => self.node(Node::And(flat.into_boxed_slice())),
        }
    }

    fn not(&mut self, child: NodeId) -> NodeId {
        match self.program.nodes.get(child as usize) {
            Some(Node::Constant(value)) => {
                let value = !*value;
                self.node(Node::Constant(value))
            }
            Some(Node::Not(inner)) => *inner,
            _ => self.node(Node::Not(child)),
        }
    }

    fn node(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.program.tables.nodes.get(&node) {
            return *id;
        }
        let id = count(&self.program.nodes);
        self.program.nodes.push(node.clone());
        self.program.tables.nodes.insert(node, id);
        id
    }

    // Warnings.

    fn warn_about(&mut self, operator: Operator, value: &[u8], pos: Pos) {
        let Ok(text) = std::str::from_utf8(value) else { return };
        if operator.comparison == Comparison::Regex && is_plain_regex(text) {
            let message = format!(
                "regex check with '{text}' may be optimized with simpler operators such as '=', 'contains', \
                 'startswith', 'endswith'"
            );
            self.warnings.push(CompileWarning { message, pos });
        }
        let dense: String = text.chars().filter(|char| !char.is_ascii_whitespace()).collect();
        if !dense.contains('.') && !dense.contains('(') {
            return;
        }
        let (name, argument) = match dense.split_once('[') {
            Some((name, rest)) => (name, rest.strip_suffix(']')),
            None => (dense.as_str(), None),
        };
        if Source::resolve(self.source, name, argument).is_ok() {
            let message = format!("'{text}' may be a valid field misused as a const string value");
            self.warnings.push(CompileWarning { message, pos });
        }
        let functions = std::iter::once(Transformer::Val).chain(Transformer::EITHER_SIDE);
        for function in functions {
            let opens = dense.strip_prefix(function.as_str()).is_some_and(|rest| rest.starts_with('('));
            if opens && dense.ends_with(')') {
                let message =
                    format!("'{text}' may be a valid field transformer misused as a const string value");
                self.warnings.push(CompileWarning { message, pos });
            }
        }
    }
}

/// Whether a regular expression has no special characters but anchors and `.*` at its ends.
fn is_plain_regex(text: &str) -> bool {
    let bytes = text.as_bytes();
    let last = bytes.len().saturating_sub(1);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let is_anchor = (at == 0 && byte == b'^') || (at == last && byte == b'$');
        let is_any = byte == b'.'
            && ((at == 0 && bytes.len() > 1) || at + 2 == bytes.len())
            && matches!(bytes.get(at + 1), Some(b'+' | b'*' | b'?'));
        if is_any {
            at += 2;
            continue;
        }
        if !is_anchor && b".+*?^$()[]{}|\\".contains(&byte) {
            return false;
        }
        at += 1;
    }
    true
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
