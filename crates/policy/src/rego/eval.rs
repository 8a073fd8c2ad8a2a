//! Evaluates a program: depth first, one literal after the other, results handed on as they come.

use std::collections::BTreeMap;
use std::fmt;

use super::builtins::Regexes;
use super::compile::Program;
use super::ir::{
    Branch, Compr, ComprKind, Definition, Func, Head, Lit, Pattern, Replaced, Rule, RuleKind, Step, Term,
    With,
};
use super::value::{Value, compare_equal};
use crate::gatekeeper::ExternalData;

/// Deepest nesting of calls and of literals that iterate.
const DEPTH: usize = 200;

/// Steps that an evaluation may take unless it is told otherwise: far more than any policy needs, and some 10 ms.
#[cfg(test)]
pub(crate) const BUDGET: u64 = 500_000;

/// Why an evaluation ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EvalError {
    /// It took too many steps.
    Budget,
    /// It nests too deep.
    Depth,
    /// A complete rule or function has two values at once.
    Conflict(String),
    /// A partial object has two values for one key.
    KeyConflict(String),
    /// A regular expression that is too large to be compiled in time.
    Regex(String),
    /// The time is asked for, and the caller gave none.
    NoClock,
    /// A provider of external data gave no answer.
    External { provider: String, why: String },
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvalError::Budget => f.write_str("stopped: the policy takes too many steps"),
            EvalError::Depth => f.write_str("stopped: the policy nests too deep"),
            EvalError::Conflict(rule) => {
                write!(f, "eval_conflict_error: `{rule}` must not produce multiple outputs")
            }
            EvalError::KeyConflict(rule) => {
                write!(f, "eval_conflict_error: object keys of `{rule}` must be unique")
            }
            EvalError::Regex(pattern) => {
                write!(f, "stopped: the regular expression `{pattern}` is too large")
            }
            EvalError::NoClock => f.write_str("the policy asks for the time, and none was given"),
            EvalError::External { provider, why } => {
                write!(f, "{why}: the policy asks the provider `{provider}`")
            }
        }
    }
}

type Result<T> = std::result::Result<T, EvalError>;

/// Whether to look for further results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Stop,
}

/// Calls that are remembered for each function.
const REMEMBERED: usize = 16;

/// A call of a function.
struct Call<'a> {
    args: Vec<Value<'a>>,
    result: Option<Value<'a>>,
}

/// Whether a value is told from others at no cost.
fn is_cheap(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Node(_) => true,
        Value::Str(text) => text.len() <= 64,
        Value::Text(text) => text.len() <= 64,
        Value::Array(_) | Value::Set(_) | Value::Object(_) => false,
    }
}

/// Whether two cheap values are the same; two lists or maps only if they stand at the same place.
fn is_same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Node(left), Value::Node(right)) => left == right,
        (Value::Node(_), _) | (_, Value::Array(_) | Value::Set(_) | Value::Object(_) | Value::Node(_)) => {
            false
        }
        _ => compare_equal(left, right),
    }
}

/// What a policy may look at.
#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    /// `input.review`
    pub(crate) review: Value<'a>,
    /// `input.parameters`
    pub(crate) parameters: Value<'a>,
    /// `data.inventory`
    pub(crate) inventory: Option<Value<'a>>,
    /// Whom `external_data` asks.
    pub(crate) external: Option<&'a dyn ExternalData>,
    /// What `time.now_ns` says.
    pub(crate) now_ns: Option<i64>,
}

/// One evaluation of a program; may be used for several inputs after one another.
pub(crate) struct Evaluation<'a> {
    program: &'a Program,
    input: Input<'a>,
    /// `input` as a whole, once somebody has asked for it.
    whole: Option<Value<'a>>,
    /// Whether a `with` has put something else there.
    is_replaced: bool,
    regexes: &'a Regexes,
    stack: Vec<Option<Value<'a>>>,
    /// Values of rules without arguments, once they are known.
    known: Vec<Option<Option<Value<'a>>>>,
    /// Calls of functions with their results, by rule.
    calls: Vec<Vec<Call<'a>>>,
    budget: u64,
    depth: usize,
    /// Above 0 where the order of results can be seen.
    ordered: usize,
}

impl fmt::Debug for Evaluation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluation").field("budget", &self.budget).finish_non_exhaustive()
    }
}

impl<'a> Evaluation<'a> {
    /// Makes ready to evaluate.
    pub(crate) fn new(program: &'a Program, input: Input<'a>, regexes: &'a Regexes, budget: u64) -> Self {
        let known = program.rules.iter().map(|_| None).collect();
        Self {
            program,
            input,
            whole: None,
            is_replaced: false,
            regexes,
            stack: Vec::with_capacity(64),
            known,
            calls: Vec::new(),
            budget,
            depth: 0,
            ordered: 0,
        }
    }

    /// Makes ready for another program and other parameters; memory is kept.
    pub(crate) fn restart(&mut self, program: &'a Program, input: Input<'a>, budget: u64) {
        self.program = program;
        self.input = input;
        self.whole = None;
        self.is_replaced = false;
        self.stack.clear();
        self.known.clear();
        self.known.resize(program.rules.len(), None);
        self.calls.iter_mut().for_each(Vec::clear);
        self.budget = budget;
        self.depth = 0;
        self.ordered = 0;
    }

    /// What the rule `violation` holds, in order.
    pub(crate) fn violations(&mut self) -> Result<Vec<Value<'a>>> {
        let value = self.rule_value(self.program.violation)?;
        Ok(match value {
            Some(Value::Set(set)) => set.sorted(),
            // `violation[x] = y`: OPA iterates over the values.
            Some(object) => {
                object.entries().unwrap_or_default().into_iter().map(|(_, value)| value).collect()
            }
            None => Vec::new(),
        })
    }

    /// Takes steps off the budget.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<()> {
        self.budget = self.budget.checked_sub(steps).ok_or(EvalError::Budget)?;
        Ok(())
    }

    /// Whom `external_data` asks.
    pub(crate) fn external(&self) -> Option<&'a dyn ExternalData> {
        self.input.external
    }

    /// The time, if it was given.
    pub(crate) fn now_ns(&self) -> Option<i64> {
        self.input.now_ns
    }

    /// Compiled regular expressions.
    pub(crate) fn regexes(&self) -> &'a Regexes {
        self.regexes
    }

    fn rule(&self, id: usize) -> Option<&'a Rule> {
        self.program.rules.get(id)
    }

    fn slot(&self, base: usize, slot: usize) -> Option<Value<'a>> {
        self.stack.get(base + slot).and_then(Clone::clone)
    }

    fn set_slot(&mut self, base: usize, slot: usize, value: Value<'a>) {
        if let Some(place) = self.stack.get_mut(base + slot) {
            *place = Some(value);
        }
    }

    /// Runs `work` one level deeper.
    fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(EvalError::Depth);
        }
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// Runs `work` with room for the variables of a definition.
    fn framed<T>(&mut self, slots: usize, work: impl FnOnce(&mut Self, usize) -> Result<T>) -> Result<T> {
        let base = self.stack.len();
        self.stack.resize(base + slots, None);
        let result = self.nested(|this| work(this, base));
        self.stack.truncate(base);
        result
    }

    /// The value of a rule without arguments.
    fn rule_value(&mut self, id: usize) -> Result<Option<Value<'a>>> {
        if let Some(Some(known)) = self.known.get(id) {
            return Ok(known.clone());
        }
        let Some(rule) = self.rule(id) else { return Ok(None) };
        let value = match rule.kind {
            RuleKind::PartialSet => Some(self.partial_set(rule)?),
            RuleKind::PartialObject => Some(self.partial_object(rule)?),
            RuleKind::Complete | RuleKind::Function => {
                let mut result = None;
                for definition in &rule.definitions {
                    if self.complete(rule, definition, None, &mut result)? == Flow::Stop {
                        break;
                    }
                }
                self.or_default(rule, result)?
            }
        };
        if let Some(place) = self.known.get_mut(id) {
            *place = Some(value.clone());
        }
        Ok(value)
    }

    fn or_default(&mut self, rule: &'a Rule, result: Option<Value<'a>>) -> Result<Option<Value<'a>>> {
        match (result, &rule.default) {
            (None, Some(default)) => self.term(default, 0),
            (result, _) => Ok(result),
        }
    }

    fn partial_set(&mut self, rule: &'a Rule) -> Result<Value<'a>> {
        let mut items = Vec::new();
        for definition in &rule.definitions {
            self.framed(definition.slots, |this, base| {
                this.branches(definition, base, &mut |_, _, value| {
                    items.push(value);
                    Ok(Flow::Next)
                })
            })?;
        }
        self.set(items)
    }

    fn partial_object(&mut self, rule: &'a Rule) -> Result<Value<'a>> {
        let mut entries: BTreeMap<Value<'a>, Value<'a>> = BTreeMap::new();
        for definition in &rule.definitions {
            self.framed(definition.slots, |this, base| {
                this.branches(definition, base, &mut |this, key, value| {
                    let Some(key) = key else { return Ok(Flow::Next) };
                    this.add_entry(&mut entries, key, value, &rule.name)?;
                    Ok(Flow::Next)
                })
            })?;
        }
        Ok(Value::object(entries.into_iter().collect()))
    }

    /// Adds the results of one definition to the one value that a rule or call may have. `args`: where the
    /// arguments lie on the stack.
    fn complete(
        &mut self,
        rule: &'a Rule,
        definition: &'a Definition,
        args: Option<usize>,
        result: &mut Option<Value<'a>>,
    ) -> Result<Flow> {
        self.framed(definition.slots, |this, base| {
            for (index, pattern) in definition.args.iter().enumerate() {
                let Some(arg) = args.and_then(|args| this.slot(args, index)) else { return Ok(Flow::Next) };
                if !this.matches(pattern, &arg, base)? {
                    return Ok(Flow::Next);
                }
            }
            this.branches(definition, base, &mut |_, _, value| {
                match result {
                    Some(known) if !compare_equal(known, &value) => {
                        return Err(EvalError::Conflict(rule.name.clone()));
                    }
                    Some(_) => {}
                    None => *result = Some(value),
                }
                Ok(Flow::Next)
            })
        })
    }

    /// Runs the first branch that has a result.
    #[expect(
        clippy::type_complexity,
        reason = "a callback with its own state; an alias would need three lifetimes"
    )]
    fn branches(
        &mut self,
        definition: &'a Definition,
        base: usize,
        found: &mut dyn FnMut(&mut Self, Option<Value<'a>>, Value<'a>) -> Result<Flow>,
    ) -> Result<Flow> {
        for branch in &definition.branches {
            let Branch { body, key, value } = branch;
            // Every further result of a constant is the same.
            let is_constant = key.is_none() && matches!(value, Term::Const(_));
            let mut has_result = false;
            let flow = self.run(body, base, &mut |this| {
                let key = match key {
                    Some(key) => match this.term(key, base)? {
                        Some(key) => Some(key),
                        None => return Ok(Flow::Next),
                    },
                    None => None,
                };
                let Some(value) = this.term(value, base)? else { return Ok(Flow::Next) };
                has_result = true;
                let flow = found(this, key, value)?;
                Ok(if is_constant { Flow::Stop } else { flow })
            })?;
            if has_result {
                return Ok(if is_constant { Flow::Next } else { flow });
            }
        }
        Ok(Flow::Next)
    }

    /// Runs literals; `found` is called for every way in which all of them hold.
    fn run(
        &mut self,
        lits: &'a [Lit],
        base: usize,
        found: &mut dyn FnMut(&mut Self) -> Result<Flow>,
    ) -> Result<Flow> {
        let mut rest = lits;
        while let Some((lit, after)) = rest.split_first() {
            self.spend(1)?;
            let holds = match lit {
                Lit::Test(term) => self.term(term, base)?.is_some_and(|value| !value.is_false()),
                Lit::Bind(slot, term) => match self.term(term, base)? {
                    Some(value) => {
                        self.set_slot(base, *slot, value);
                        true
                    }
                    None => false,
                },
                Lit::Match(pattern, term) => match self.term(term, base)? {
                    Some(value) => self.matches(pattern, &value, base)?,
                    None => false,
                },
                Lit::Not(inner) => !self.has_solution(inner, base)?,
                Lit::Every { key, value, collection, body } => {
                    let Some(collection) = self.term(collection, base)? else { return Ok(Flow::Next) };
                    self.holds_for_every(*key, *value, &collection, body, base)?
                }
                Lit::Iterate { head, steps, then } => {
                    return self.nested(|this| {
                        this.walk_head(head, steps, base, &mut |this, value| {
                            let holds = match then {
                                Some(pattern) => this.matches(pattern, &value, base)?,
                                None => !value.is_false(),
                            };
                            if holds { this.run(after, base, found) } else { Ok(Flow::Next) }
                        })
                    });
                }
                Lit::With(with) => {
                    for solution in self.solutions_with(with, base)? {
                        for (slot, value) in with.binds.iter().zip(solution) {
                            if let Some(value) = value {
                                self.set_slot(base, *slot, value);
                            }
                        }
                        if self.run(after, base, found)? == Flow::Stop {
                            return Ok(Flow::Stop);
                        }
                    }
                    return Ok(Flow::Next);
                }
                Lit::SomeIn { key, value, collection } => {
                    let Some(collection) = self.term(collection, base)? else { return Ok(Flow::Next) };
                    return self.nested(|this| {
                        this.each(&collection, &mut |this, item_key, item| {
                            let holds = match key {
                                Some(pattern) => this.matches(pattern, &item_key, base)?,
                                None => true,
                            } && this.matches(value, &item, base)?;
                            if holds { this.run(after, base, found) } else { Ok(Flow::Next) }
                        })
                    });
                }
            };
            if !holds {
                return Ok(Flow::Next);
            }
            rest = after;
        }
        found(self)
    }

    /// What the body fills its slots with, in each way in which it holds, while something else stands in the place of
    /// `input` or of the inventory. Nothing that is known of rules and calls outside holds inside.
    fn solutions_with(&mut self, with: &'a With, base: usize) -> Result<Vec<Vec<Option<Value<'a>>>>> {
        let mut input = self.head(&Head::Input, base)?.unwrap_or(Value::Null);
        let mut inventory = self.input.inventory.clone();
        for (target, value) in &with.values {
            let Some(value) = self.term(value, base)? else { return Ok(Vec::new()) };
            match target.head {
                Replaced::Input => input = self.put(Some(input), &target.path, value)?,
                Replaced::Inventory => inventory = Some(self.put(inventory, &target.path, value)?),
            }
        }
        let known = self.program.rules.iter().map(|_| None).collect();
        let outside = (
            self.whole.replace(input),
            std::mem::replace(&mut self.is_replaced, true),
            std::mem::replace(&mut self.input.inventory, inventory),
            std::mem::replace(&mut self.known, known),
            std::mem::take(&mut self.calls),
        );
        let mut solutions = Vec::new();
        let result = self.nested(|this| {
            this.run(&with.body, base, &mut |this| {
                this.spend(1 + with.binds.len() as u64)?;
                solutions.push(with.binds.iter().map(|slot| this.slot(base, *slot)).collect());
                // Without anything to fill in, every further way is the same.
                Ok(if with.binds.is_empty() { Flow::Stop } else { Flow::Next })
            })
        });
        (self.whole, self.is_replaced, self.input.inventory, self.known, self.calls) = outside;
        result?;
        Ok(solutions)
    }

    /// A value with another one at a place in it; what is no object on the way becomes one.
    fn put(
        &mut self,
        whole: Option<Value<'a>>,
        path: &'a [Value<'static>],
        value: Value<'a>,
    ) -> Result<Value<'a>> {
        let Some((key, rest)) = path.split_first() else { return Ok(value) };
        let mut entries = whole.as_ref().and_then(Value::entries).unwrap_or_default();
        self.spend(entries.len() as u64)?;
        let inner = whole.as_ref().and_then(|whole| whole.get(key));
        let inner = self.put(inner, rest, value)?;
        entries.retain(|(known, _)| known != key);
        entries.push((key.clone(), inner));
        Ok(Value::object(entries))
    }

    fn has_solution(&mut self, lits: &'a [Lit], base: usize) -> Result<bool> {
        let mut found = false;
        self.run(lits, base, &mut |_| {
            found = true;
            Ok(Flow::Stop)
        })?;
        Ok(found)
    }

    fn holds_for_every(
        &mut self,
        key: Option<usize>,
        value: Option<usize>,
        collection: &Value<'a>,
        body: &'a [Lit],
        base: usize,
    ) -> Result<bool> {
        // `every` over what is no collection is undefined.
        if collection.len().is_none() {
            return Ok(false);
        }
        let mut holds = true;
        self.nested(|this| {
            this.each(collection, &mut |this, item_key, item| {
                if let Some(slot) = key {
                    this.set_slot(base, slot, item_key);
                }
                if let Some(slot) = value {
                    this.set_slot(base, slot, item);
                }
                holds = this.has_solution(body, base)?;
                Ok(if holds { Flow::Next } else { Flow::Stop })
            })
        })?;
        Ok(holds)
    }

    /// Calls `found` with every key and item of a collection; nothing else has any.
    fn each(
        &mut self,
        collection: &Value<'a>,
        found: &mut dyn FnMut(&mut Self, Value<'a>, Value<'a>) -> Result<Flow>,
    ) -> Result<Flow> {
        match collection {
            Value::Array(items) => {
                for (index, item) in (0..).zip(items.iter()) {
                    self.spend(1)?;
                    if found(self, Value::Int(index), item.clone())? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
            }
            Value::Node(node) if node.is_sequence() => {
                for (index, item) in (0..).zip(node.items()) {
                    self.spend(1)?;
                    if found(self, Value::Int(index), Value::of_node(item))? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
            }
            Value::Node(node) if self.ordered == 0 => {
                for entry in node.entries() {
                    self.spend(1)?;
                    if found(self, Value::Str(entry.key), Value::of_node(entry.value))? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
            }
            Value::Object(_) | Value::Node(_) => {
                for (key, value) in collection.entries().unwrap_or_default() {
                    self.spend(1)?;
                    if found(self, key, value)? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
            }
            Value::Set(set) => {
                let sorted = (self.ordered > 0).then(|| set.sorted());
                for item in sorted.as_deref().unwrap_or(set.items()) {
                    self.spend(1)?;
                    if found(self, item.clone(), item.clone())? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
            }
            _ => {}
        }
        Ok(Flow::Next)
    }

    fn walk_head(
        &mut self,
        head: &'a Head,
        steps: &'a [Step],
        base: usize,
        found: &mut dyn FnMut(&mut Self, Value<'a>) -> Result<Flow>,
    ) -> Result<Flow> {
        if let (Head::Input, Some((Step::Key(Term::Const(key)), rest))) = (head, steps.split_first()) {
            return match self.input_field(key) {
                Some(value) => self.walk(&value, rest, base, found),
                None => Ok(Flow::Next),
            };
        }
        match self.head(head, base)? {
            Some(value) => self.walk(&value, steps, base, found),
            None => Ok(Flow::Next),
        }
    }

    fn walk(
        &mut self,
        value: &Value<'a>,
        steps: &'a [Step],
        base: usize,
        found: &mut dyn FnMut(&mut Self, Value<'a>) -> Result<Flow>,
    ) -> Result<Flow> {
        let mut at = value.clone();
        let mut steps = steps;
        while let Some((step, rest)) = steps.split_first() {
            match step {
                Step::Key(key) => {
                    let Some(key) = self.term(key, base)? else { return Ok(Flow::Next) };
                    match at.get(&key) {
                        Some(next) => at = next,
                        None => return Ok(Flow::Next),
                    }
                }
                Step::Each(pattern) => {
                    return self.each(&at, &mut |this, key, item| {
                        if this.matches(pattern, &key, base)? {
                            this.walk(&item, rest, base, found)
                        } else {
                            Ok(Flow::Next)
                        }
                    });
                }
            }
            steps = rest;
        }
        found(self, at)
    }

    fn input_field(&self, key: &Value<'_>) -> Option<Value<'a>> {
        if self.is_replaced {
            return self.whole.as_ref()?.get(key);
        }
        match key.as_str()? {
            "review" => Some(self.input.review.clone()),
            "parameters" => Some(self.input.parameters.clone()),
            _ => None,
        }
    }

    fn head(&mut self, head: &'a Head, base: usize) -> Result<Option<Value<'a>>> {
        match head {
            Head::Input => {
                if self.whole.is_none() {
                    let Input { review, parameters, .. } = &self.input;
                    let entries = vec![
                        (Value::Str("parameters"), parameters.clone()),
                        (Value::Str("review"), review.clone()),
                    ];
                    self.whole = Some(Value::object(entries));
                }
                Ok(self.whole.clone())
            }
            Head::Inventory => Ok(self.input.inventory.clone()),
            Head::Rule(id) => self.rule_value(*id),
            Head::Term(term) => self.term(term, base),
        }
    }

    fn get(&mut self, head: &'a Head, path: &'a [Term], base: usize) -> Result<Option<Value<'a>>> {
        let (start, path) = match (head, path.split_first()) {
            (Head::Input, Some((Term::Const(key), rest))) => (self.input_field(key), rest),
            _ => (self.head(head, base)?, path),
        };
        let Some(mut at) = start else { return Ok(None) };
        for key in path {
            let next = match key {
                Term::Const(key) => at.get(key),
                key => match self.term(key, base)? {
                    Some(key) => {
                        self.spend(1)?;
                        at.get(&key)
                    }
                    None => return Ok(None),
                },
            };
            match next {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// The value of a term, if it is defined.
    fn term(&mut self, term: &'a Term, base: usize) -> Result<Option<Value<'a>>> {
        Ok(match term {
            // A text of the program is borrowed, not counted.
            Term::Const(Value::Text(text)) => Some(Value::Str(text)),
            Term::Const(value) => Some(value.clone()),
            Term::Slot(slot) => self.slot(base, *slot),
            Term::Get(head, path) => self.get(head, path, base)?,
            Term::Call(func, args) => self.call(*func, args, base)?,
            Term::Array(items) => {
                self.spend(1 + items.len() as u64)?;
                self.terms(items, base)?.map(Value::array)
            }
            Term::Set(items) => {
                self.spend(1 + items.len() as u64)?;
                self.terms(items, base)?.map(Value::set)
            }
            Term::Object(entries) => {
                self.spend(1 + 2 * entries.len() as u64)?;
                let mut values = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let (Some(key), Some(value)) = (self.term(key, base)?, self.term(value, base)?) else {
                        return Ok(None);
                    };
                    values.push((key, value));
                }
                Some(Value::object(values))
            }
            Term::Compr(compr) => Some(self.compr(compr, base)?),
        })
    }

    fn terms(&mut self, terms: &'a [Term], base: usize) -> Result<Option<Vec<Value<'a>>>> {
        let mut values = Vec::with_capacity(terms.len());
        for term in terms {
            match self.term(term, base)? {
                Some(value) => values.push(value),
                None => return Ok(None),
            }
        }
        Ok(Some(values))
    }

    fn compr(&mut self, compr: &'a Compr, base: usize) -> Result<Value<'a>> {
        let Compr { kind, key, value, body } = compr;
        let mut items = Vec::new();
        let mut entries: BTreeMap<Value<'a>, Value<'a>> = BTreeMap::new();
        let outside = self.ordered;
        // Sets and objects do not show in which order they were made.
        self.ordered = if *kind == ComprKind::Array { outside + 1 } else { 0 };
        let result = self.nested(|this| {
            this.run(body, base, &mut |this| {
                let Some(value) = this.term(value, base)? else { return Ok(Flow::Next) };
                match key {
                    None => items.push(value),
                    Some(key) => {
                        let Some(key) = this.term(key, base)? else { return Ok(Flow::Next) };
                        this.add_entry(&mut entries, key, value, "object comprehension")?;
                    }
                }
                Ok(Flow::Next)
            })
        });
        self.ordered = outside;
        result?;
        Ok(match kind {
            ComprKind::Array => Value::array(items),
            ComprKind::Set => self.set(items)?,
            ComprKind::Object => Value::object(entries.into_iter().collect()),
        })
    }

    /// Adds to an object that is being made; a key has one value.
    fn add_entry(
        &mut self,
        entries: &mut BTreeMap<Value<'a>, Value<'a>>,
        key: Value<'a>,
        value: Value<'a>,
        of: &str,
    ) -> Result<()> {
        self.spend(2)?;
        match entries.get(&key) {
            Some(known) if *known != value => Err(EvalError::KeyConflict(of.to_owned())),
            Some(_) => Ok(()),
            None => {
                entries.insert(key, value);
                Ok(())
            }
        }
    }

    /// A set; what it costs to put the items in order is paid before.
    fn set(&mut self, items: Vec<Value<'a>>) -> Result<Value<'a>> {
        let len = items.len() as u64;
        self.spend(len.checked_ilog2().map_or(0, |log| len * u64::from(log)))?;
        Ok(Value::set(items))
    }

    fn call(&mut self, func: Func, args: &'a [Term], base: usize) -> Result<Option<Value<'a>>> {
        match func {
            Func::Builtin(builtin) => {
                self.spend(1)?;
                match args {
                    [] => (builtin.run)(self, &[]),
                    [first] => match self.term(first, base)? {
                        Some(first) => (builtin.run)(self, &[first]),
                        None => Ok(None),
                    },
                    [first, second] => {
                        let Some(first) = self.term(first, base)? else { return Ok(None) };
                        match self.term(second, base)? {
                            Some(second) => (builtin.run)(self, &[first, second]),
                            None => Ok(None),
                        }
                    }
                    args => match self.terms(args, base)? {
                        Some(args) => (builtin.run)(self, &args),
                        None => Ok(None),
                    },
                }
            }
            Func::Rule(id) => self.call_rule(id, args, base),
        }
    }

    /// Calls a function of the program.
    fn call_rule(&mut self, id: usize, args: &'a [Term], base: usize) -> Result<Option<Value<'a>>> {
        self.spend(1)?;
        let Some(rule) = self.rule(id) else { return Ok(None) };
        let place = self.stack.len();
        for arg in args {
            match self.term(arg, base)? {
                Some(value) => self.stack.push(Some(value)),
                None => {
                    self.stack.truncate(place);
                    return Ok(None);
                }
            }
        }
        let known = self.remembered(id, place);
        if let Some(known) = known {
            self.stack.truncate(place);
            return Ok(known);
        }
        let mut result = None;
        let mut outcome = Ok(());
        for definition in &rule.definitions {
            if !self.may_apply(definition, place) {
                continue;
            }
            if let Err(error) = self.complete(rule, definition, Some(place), &mut result) {
                outcome = Err(error);
                break;
            }
        }
        if outcome.is_ok() {
            result = self.or_default(rule, result)?;
            self.remember(id, place, &result);
        }
        self.stack.truncate(place);
        outcome.map(|()| result)
    }

    /// Whether the arguments that a definition fixes are as it wants them.
    fn may_apply(&self, definition: &Definition, place: usize) -> bool {
        definition.args.iter().enumerate().all(|(index, pattern)| match pattern {
            Pattern::Equal(Term::Const(constant)) => {
                let arg = self.stack.get(place + index).and_then(Option::as_ref);
                arg.is_some_and(|arg| compare_equal(constant, arg))
            }
            _ => true,
        })
    }

    /// The result of a call with the same arguments; a function has no other input.
    fn remembered(&self, id: usize, place: usize) -> Option<Option<Value<'a>>> {
        let args = self.stack.get(place..)?;
        let calls = self.calls.get(id)?;
        let is_same = |call: &&Call<'a>| {
            let pairs = call.args.iter().zip(args);
            call.args.len() == args.len()
                && pairs
                    .into_iter()
                    .all(|(left, right)| right.as_ref().is_some_and(|right| is_same(left, right)))
        };
        calls.iter().find(is_same).map(|call| call.result.clone())
    }

    fn remember(&mut self, id: usize, place: usize, result: &Option<Value<'a>>) {
        let args: Option<Vec<Value<'a>>> =
            self.stack.get(place..).unwrap_or_default().iter().map(Clone::clone).collect();
        let Some(args) = args.filter(|args| args.iter().all(is_cheap)) else { return };
        if self.calls.len() <= id {
            self.calls.resize_with(id + 1, Vec::new);
        }
        if let Some(calls) = self.calls.get_mut(id).filter(|calls| calls.len() < REMEMBERED) {
            calls.push(Call { args, result: result.clone() });
        }
    }

    /// Whether a value fits a pattern; binds its variables.
    fn matches(&mut self, pattern: &'a Pattern, value: &Value<'a>, base: usize) -> Result<bool> {
        match pattern {
            Pattern::Any => Ok(true),
            Pattern::Bind(slot) => {
                self.set_slot(base, *slot, value.clone());
                Ok(true)
            }
            Pattern::Equal(Term::Const(constant)) => Ok(compare_equal(constant, value)),
            Pattern::Equal(term) => {
                Ok(self.term(term, base)?.is_some_and(|term| compare_equal(&term, value)))
            }
            Pattern::Array(patterns) => {
                if !value.is_array() || value.len() != Some(patterns.len()) {
                    return Ok(false);
                }
                for (index, pattern) in (0..).zip(patterns) {
                    let Some(item) = value.get(&Value::Int(index)) else { return Ok(false) };
                    if !self.matches(pattern, &item, base)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Pattern::Object(patterns) => {
                if !value.is_object() || value.len() != Some(patterns.len()) {
                    return Ok(false);
                }
                for (key, pattern) in patterns {
                    let Some(key) = self.term(key, base)? else { return Ok(false) };
                    let Some(item) = value.get(&key) else { return Ok(false) };
                    if !self.matches(pattern, &item, base)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }
}
