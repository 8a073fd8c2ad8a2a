//! Runs programs: a walk over the checked tree that borrows what it reads and puts what it makes into an arena.

mod access;
mod equal;
mod folds;

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use crate::authz::{Authorizer, Requester};
use crate::cost;
use crate::decls::Func;
use crate::fail::Fail;
use crate::functions;
use crate::pattern::{Pattern, REFUSAL_WORK};
use crate::program::{Op, Program};
use crate::value::{Map, Object, Value};

pub(crate) use folds::{Range, len_of};

/// A value, or why there is none.
pub type Evaluated<'a> = Result<Value<'a>, Fail>;

/// What bounds a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest cost of one expression, in the units of the reference implementation.
    pub cost: u64,
    /// Most steps of this evaluator in one expression: what costs little by the reference's reckoning, but takes long
    /// or makes much, is stopped by it.
    pub work: u64,
}

impl Default for Limits {
    /// Kubernetes' `PerCallLimit`, and about 30 ms.
    fn default() -> Self {
        Self { cost: 1_000_000, work: 4_000_000 }
    }
}

/// A variable that is an expression itself, evaluated when first asked for.
#[derive(Debug)]
pub struct Composed {
    /// Its name behind `variables.`
    pub name: Arc<str>,
    /// Its expression; it may refer to earlier ones.
    pub program: Program,
}

/// Answers functions that the environment declares and this crate does not know.
pub trait Host {
    /// Calls the function with the number that [`crate::Env::add_host_function`] gave. A member's receiver is the
    /// first argument.
    fn call<'a>(&self, function: u16, args: &[Value<'a>], arena: &'a Bump) -> Evaluated<'a>;
}

/// Deepest walk: one expression is at most 400 deep, but variables may refer to variables.
const MAX_DEPTH: u32 = 1_000;

#[derive(Debug, Clone)]
enum Memo<'a> {
    Fresh,
    Running,
    Done(Evaluated<'a>),
}

/// Runs programs against one set of values.
pub struct Evaluator<'a> {
    pub(crate) arena: &'a Bump,
    slots: Vec<Option<Value<'a>>>,
    composed: &'a [Composed],
    memo: Vec<Memo<'a>>,
    locals: Vec<Value<'a>>,
    base: usize,
    limits: Limits,
    cost: u64,
    work: u64,
    /// How deep the walk is, composed variables included.
    depth: u32,
    total_cost: u64,
    host: Option<&'a dyn Host>,
    pub(crate) authorizer: Option<&'a dyn Authorizer>,
    pub(crate) requester: Requester<'a>,
    patterns: HashMap<&'a str, Option<Rc<Pattern>>>,
    /// Results of programs with a number, by it.
    shared: Vec<Option<Shared<'a>>>,
    /// The variables that results are shared over.
    shared_over: &'a [usize],
}

/// What became of a program with a number, and what it took.
#[derive(Debug, Clone)]
struct Shared<'a> {
    result: Evaluated<'a>,
    cost: u64,
    work: u64,
}

impl fmt::Debug for Evaluator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator")
            .field("slots", &self.slots)
            .field("cost", &self.total_cost)
            .finish_non_exhaustive()
    }
}

impl<'a> Evaluator<'a> {
    /// An evaluator without values.
    pub fn new(arena: &'a Bump, limits: Limits) -> Self {
        Self {
            arena,
            slots: Vec::new(),
            composed: &[],
            memo: Vec::new(),
            locals: Vec::new(),
            base: 0,
            limits,
            cost: 0,
            work: 0,
            depth: 0,
            total_cost: 0,
            host: None,
            authorizer: None,
            requester: Requester::default(),
            patterns: HashMap::new(),
            shared: Vec::new(),
            shared_over: &[],
        }
    }

    /// Evaluates programs with the same number below `count` once until one of these variables is given another value; the
    /// programs must read no others. Each run costs what it would cost by itself.
    pub fn share(&mut self, count: usize, over: &'a [usize]) {
        self.shared.clear();
        self.shared.resize(count, None);
        self.shared_over = over;
    }

    /// Answers the functions of the host from now on.
    pub fn set_host(&mut self, host: &'a dyn Host) {
        self.host = Some(host);
    }

    /// Answers `authorizer` from now on; without one its checks are unknown.
    pub fn set_authorizer(&mut self, authorizer: Option<&'a dyn Authorizer>, requester: Requester<'a>) {
        self.authorizer = authorizer;
        self.requester = requester;
    }

    /// Gives a variable its value; `None` takes it away.
    pub fn set(&mut self, slot: usize, value: Option<Value<'a>>) {
        if self.shared_over.contains(&slot) {
            self.shared.iter_mut().for_each(|shared| *shared = None);
        }
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, None);
        }
        if let Some(place) = self.slots.get_mut(slot) {
            *place = value;
        }
    }

    /// Makes these the composed variables, none of them evaluated.
    pub fn set_composed(&mut self, composed: &'a [Composed]) {
        self.composed = composed;
        self.memo.clear();
        self.memo.resize(composed.len(), Memo::Fresh);
    }

    /// The cost of all runs since it was last asked for, composed variables included.
    pub fn take_cost(&mut self) -> u64 {
        std::mem::take(&mut self.total_cost)
    }

    /// Evaluates a program; the limits are for this one run.
    pub fn run(&mut self, program: &'a Program) -> Evaluated<'a> {
        if let Some(number) = program.shared
            && let Some(result) = self.recall(number)
        {
            return result;
        }
        let outer_base = std::mem::replace(&mut self.base, self.locals.len());
        let outer_cost = std::mem::replace(&mut self.cost, 0);
        let outer_work = std::mem::replace(&mut self.work, 0);
        self.locals.resize(self.base + program.locals, Value::Null);
        let result = self.eval(&program.root);
        self.locals.truncate(self.base);
        self.base = outer_base;
        // What took long counts as what costs much, so that the budget of a policy bounds its time as well.
        let cost = std::mem::replace(&mut self.cost, outer_cost).max(self.work / 4);
        self.total_cost = self.total_cost.saturating_add(cost);
        if let Some(number) = program.shared {
            self.keep(number, &result, cost);
        }
        // A variable's work is work of whoever asked for it.
        self.work = self.work.saturating_add(outer_work);
        result
    }

    /// What another program with the same number came to; it costs the same again.
    fn recall(&mut self, number: usize) -> Option<Evaluated<'a>> {
        let shared = self.shared.get(number)?.as_ref()?;
        self.total_cost = self.total_cost.saturating_add(shared.cost);
        self.work = self.work.saturating_add(shared.work);
        Some(shared.result.clone())
    }

    fn keep(&mut self, number: usize, result: &Evaluated<'a>, cost: u64) {
        // What stopped deep within another expression might not stop elsewhere.
        let is_sure = self.depth == 0 || !matches!(result, Err(fail) if fail.is_final());
        if let Some(place) = self.shared.get_mut(number).filter(|_| is_sure) {
            *place = Some(Shared { result: result.clone(), cost, work: self.work });
        }
    }

    pub(crate) fn charge(&mut self, cost: u64) -> Result<(), Fail> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.limits.cost {
            return Err(Fail::cost_limit());
        }
        Ok(())
    }

    pub(crate) fn toil(&mut self, work: u64) -> Result<(), Fail> {
        self.work = self.work.saturating_add(work);
        if self.work > self.limits.work {
            return Err(Fail::work_limit());
        }
        Ok(())
    }

    /// Work for making or copying so many values.
    pub(crate) fn toil_items(&mut self, count: usize) -> Result<(), Fail> {
        self.toil(count as u64)
    }

    /// Work for reading or copying so many bytes.
    pub(crate) fn toil_bytes(&mut self, count: usize) -> Result<(), Fail> {
        self.toil(count as u64 / 16 + 1)
    }

    pub(crate) fn text(&mut self, text: &str) -> Evaluated<'a> {
        self.toil_bytes(text.len())?;
        Ok(Value::String(self.arena.alloc_str(text)))
    }

    pub(crate) fn some(&self, value: Value<'a>) -> Value<'a> {
        Value::Optional(Some(self.arena.alloc(value)))
    }

    /// The pattern of that text, compiled once a review.
    pub(crate) fn pattern(&mut self, text: &'a str) -> Result<Rc<Pattern>, Fail> {
        if let Some(known) = self.patterns.get(text) {
            return known.clone().ok_or_else(|| Fail::error(format!("error parsing regexp: `{text}`")));
        }
        self.toil(text.len() as u64 * 20)?;
        match Pattern::new(text) {
            Ok(pattern) => {
                self.toil(pattern.compiled)?;
                let pattern = Rc::new(pattern);
                self.patterns.insert(text, Some(pattern.clone()));
                Ok(pattern)
            }
            Err(error) => {
                self.patterns.insert(text, None);
                self.toil(REFUSAL_WORK)?;
                Err(Fail::error(error.to_string()))
            }
        }
    }

    fn eval(&mut self, op: &'a Op) -> Evaluated<'a> {
        self.toil(1)?;
        self.depth += 1;
        let result = if self.depth > MAX_DEPTH { Err(Fail::depth_limit()) } else { self.eval_op(op) };
        self.depth -= 1;
        result
    }

    fn eval_op(&mut self, op: &'a Op) -> Evaluated<'a> {
        match op {
            Op::Constant(constant) => Ok(Value::of_constant(constant)),
            Op::Variable { slot, name } => {
                self.charge(1)?;
                let value = self.slots.get(*slot).copied().flatten();
                value.ok_or_else(|| Fail::not_known(name))
            }
            Op::Local(index) => {
                self.charge(1)?;
                Ok(self.local(*index))
            }
            Op::Select { operand, field } => {
                let value = self.eval(operand)?;
                self.charge(1)?;
                self.select(value, field)
            }
            Op::Test { operand, field } => {
                let value = self.eval(operand)?;
                self.test(value, field).map(Value::Bool)
            }
            Op::OptSelect { operand, field } => {
                let value = self.eval(operand)?;
                self.charge(1)?;
                self.opt_select(value, field)
            }
            Op::And(terms) => self.logic(terms, false),
            Op::Or(terms) => self.logic(terms, true),
            Op::Call { func, name, args } => self.call(*func, name, args),
            Op::Search { func, pattern, args } => {
                let mut values = [Value::Null; 3];
                let values = self.arguments(args, &mut values)?;
                cost::charge(self, *func, values)?;
                functions::search(self, *func, pattern, values)
            }
            Op::List(items) => self.list(items),
            Op::Map(entries) => self.map(entries),
            Op::Object { name, fields } => self.object(name, fields),
            Op::Fold(fold) => self.fold(fold),
            Op::Bind { local, value, body } => {
                let value = self.eval(value)?;
                self.set_local(*local, value);
                self.eval(body)
            }
            Op::OptMap { local, range, body, flat } => {
                let value = self.eval(range)?;
                self.charge(3)?;
                match value {
                    Value::Optional(None) => Ok(Value::Optional(None)),
                    Value::Optional(Some(inner)) => {
                        self.set_local(*local, *inner);
                        let result = self.eval(body)?;
                        Ok(if *flat { result } else { self.some(result) })
                    }
                    _ => Err(Fail::no_such_overload()),
                }
            }
        }
    }

    #[inline]
    fn local(&self, index: usize) -> Value<'a> {
        self.locals.get(self.base + index).copied().unwrap_or(Value::Null)
    }

    #[inline]
    fn set_local(&mut self, index: usize, value: Value<'a>) {
        if let Some(place) = self.locals.get_mut(self.base + index) {
            *place = value;
        }
    }

    /// `&&` and `||`: one operand may decide although another one fails.
    fn logic(&mut self, terms: &'a [Op], decisive: bool) -> Evaluated<'a> {
        let mut failed = None;
        for term in terms {
            match self.eval(term) {
                Ok(Value::Bool(value)) if value == decisive => return Ok(Value::Bool(decisive)),
                Ok(Value::Bool(_)) => {}
                Ok(_) => drop(failed.get_or_insert_with(Fail::no_such_overload)),
                Err(fail) if fail.is_final() => return Err(fail),
                Err(fail) => drop(failed.get_or_insert(fail)),
            }
        }
        failed.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    /// The value of a composed variable, evaluated at most once.
    fn composed(&mut self, name: &str) -> Evaluated<'a> {
        let composed = self.composed;
        let Some(index) = composed.iter().position(|variable| *variable.name == *name) else {
            return Err(Fail::no_such_key(name));
        };
        match self.memo.get(index) {
            Some(Memo::Done(result)) => return result.clone(),
            Some(Memo::Fresh) => {}
            // The checker lets a variable refer to earlier ones only.
            Some(Memo::Running) | None => return Err(Fail::no_such_key(name)),
        }
        let Some(variable) = composed.get(index) else { return Err(Fail::no_such_key(name)) };
        self.remember(index, Memo::Running);
        let result = self.run(&variable.program).map_err(|fail| fail.in_variable(name));
        self.remember(index, Memo::Done(result.clone()));
        result
    }

    fn remember(&mut self, index: usize, memo: Memo<'a>) {
        if let Some(place) = self.memo.get_mut(index) {
            *place = memo;
        }
    }

    fn arguments<'v>(&mut self, args: &'a [Op], into: &'v mut [Value<'a>]) -> Result<&'v [Value<'a>], Fail> {
        for (place, arg) in into.iter_mut().zip(args) {
            *place = self.eval(arg)?;
        }
        into.get(..args.len()).ok_or_else(|| Fail::error("too many arguments"))
    }

    fn call(&mut self, func: Func, name: &'a str, args: &'a [Op]) -> Evaluated<'a> {
        match (func, args) {
            (Func::Conditional, [condition, yes, no]) => {
                return match self.eval(condition)? {
                    Value::Bool(true) => self.eval(yes),
                    Value::Bool(false) => self.eval(no),
                    _ => Err(Fail::no_such_overload()),
                };
            }
            (Func::OptionalOr | Func::OrValue, [optional, other]) => {
                let value = self.eval(optional)?;
                self.charge(1)?;
                return match value {
                    Value::Optional(Some(inner)) if func == Func::OrValue => Ok(*inner),
                    Value::Optional(Some(_)) => Ok(value),
                    Value::Optional(None) => self.eval(other),
                    _ => Err(Fail::no_such_overload()),
                };
            }
            (Func::In, [item, Op::List(items)])
                if items.iter().all(|(item, _)| matches!(item, Op::Constant(_))) =>
            {
                return self.is_in_literal(item, items);
            }
            (Func::Host(number), _) => {
                let mut values = BumpVec::with_capacity_in(args.len(), self.arena);
                for arg in args {
                    values.push(self.eval(arg)?);
                }
                self.charge(1)?;
                let host = self.host.ok_or_else(|| Fail::not_known(name))?;
                return host.call(number, &values, self.arena);
            }
            _ => {}
        }
        let mut values = [Value::Null; 4];
        let values = self.arguments(args, &mut values)?;
        cost::charge(self, func, values)?;
        match (func, values) {
            (Func::Index, [container, index]) => self.index(*container, *index),
            (Func::OptIndex, [container, index]) => self.opt_index(*container, *index),
            _ => functions::call(self, func, name, values),
        }
    }

    /// `x in ['a', 'b']` without making the list.
    fn is_in_literal(&mut self, item: &'a Op, items: &'a [(Op, bool)]) -> Evaluated<'a> {
        let item = self.eval(item)?;
        self.charge(items.len() as u64)?;
        for (candidate, _) in items {
            if let Op::Constant(constant) = candidate {
                let candidate = Value::of_constant(constant);
                if self.equal(&item, &candidate)? {
                    return Ok(Value::Bool(true));
                }
            }
        }
        Ok(Value::Bool(false))
    }

    fn list(&mut self, items: &'a [(Op, bool)]) -> Evaluated<'a> {
        if items.iter().any(|(item, _)| !matches!(item, Op::Constant(_))) {
            self.charge(10)?;
        }
        let mut values = BumpVec::with_capacity_in(items.len(), self.arena);
        for (item, optional) in items {
            match self.eval(item)? {
                Value::Optional(inner) if *optional => values.extend(inner.copied()),
                _ if *optional => return Err(Fail::no_such_overload()),
                value => values.push(value),
            }
        }
        Ok(Value::List(values.into_bump_slice()))
    }

    fn map(&mut self, entries: &'a [(Op, Op, bool)]) -> Evaluated<'a> {
        self.charge(30)?;
        let mut values = Vec::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let key = self.eval(key)?;
            if !crate::value::is_key(&key) {
                return Err(Fail::error(format!("unsupported key type: {}", key.type_name())));
            }
            match self.eval(value)? {
                Value::Optional(inner) if *optional => values.extend(inner.map(|inner| (key, *inner))),
                _ if *optional => return Err(Fail::no_such_overload()),
                value => values.push((key, value)),
            }
        }
        Ok(Value::Map(Map::new(self.arena, values)))
    }

    fn object(&mut self, name: &'a str, fields: &'a [(Box<str>, Op, bool)]) -> Evaluated<'a> {
        self.charge(40)?;
        let mut values = BumpVec::with_capacity_in(fields.len(), self.arena);
        for (field, value, optional) in fields {
            match self.eval(value)? {
                Value::Optional(inner) if *optional => values.extend(inner.map(|inner| (&**field, *inner))),
                _ if *optional => return Err(Fail::no_such_overload()),
                value => values.push((&**field, value)),
            }
        }
        let object = Object { type_name: name, fields: values.into_bump_slice() };
        Ok(Value::Object(self.arena.alloc(object)))
    }
}
