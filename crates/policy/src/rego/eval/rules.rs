//! Rules and functions.

use std::collections::BTreeMap;

use super::super::ir::{Branch, Definition, Rule, RuleKind, Term};
use super::super::value::{Value, compare_equal};
use super::bodies::Progress;
use super::memo::{ARGS, Memo, Place};
use super::terms::push;
use super::{DEPTH, EvalError, Evaluation, Flow, Result};

impl<'a> Evaluation<'a> {
    fn rule(&self, id: usize) -> Option<&'a Rule> {
        self.program.rules.get(id)
    }

    /// The value of a rule without arguments.
    pub(super) fn rule_value(&mut self, id: usize) -> Result<Option<Value<'a>>> {
        let Some(rule) = self.rule(id) else { return Ok(None) };
        let shared = rule.shared.filter(|_| !self.is_replaced);
        if let Some(Some(known)) = self.known.get(id) {
            let known = known.clone();
            shared.iter().for_each(|id| self.shared.note(*id));
            return Ok(known);
        }
        let value = match shared {
            Some(id) => self.shared(id, |this| this.made_by(rule))?,
            None => self.made_by(rule)?,
        };
        if let Some(place) = self.known.get_mut(id) {
            *place = Some(value.clone());
        }
        Ok(value)
    }

    fn made_by(&mut self, rule: &'a Rule) -> Result<Option<Value<'a>>> {
        match rule.kind {
            RuleKind::PartialSet => self.partial_set(rule).map(Some),
            RuleKind::PartialObject => self.partial_object(rule).map(Some),
            RuleKind::Complete | RuleKind::Function => {
                let base = self.top;
                self.reserve(base, rule.slots);
                let value = self.complete(rule, base)?;
                self.top = base;
                Ok(value)
            }
        }
    }

    fn partial_set(&mut self, rule: &'a Rule) -> Result<Value<'a>> {
        let mut items = Vec::new();
        let base = self.top;
        self.reserve(base, rule.slots);
        self.nested(|this| {
            for definition in &rule.definitions {
                match definition.shared.filter(|_| !this.is_replaced) {
                    None => this.partial(definition, base, &mut |_, _, value| {
                        push(&mut items, value);
                        Ok(())
                    })?,
                    Some(id) => {
                        let found = this.shared(id, |this| {
                            let mut found = Vec::new();
                            this.partial(definition, base, &mut |_, _, value| {
                                push(&mut found, value);
                                Ok(())
                            })?;
                            Ok(Some(Value::array(found)))
                        })?;
                        items.extend(found.as_ref().and_then(Value::items).unwrap_or_default());
                    }
                }
            }
            Ok(())
        })?;
        self.top = base;
        self.set(items)
    }

    #[expect(clippy::mutable_key_type, reason = "what changes behind a node is a cache, not its value")]
    fn partial_object(&mut self, rule: &'a Rule) -> Result<Value<'a>> {
        let mut entries: BTreeMap<Value<'a>, Value<'a>> = BTreeMap::new();
        let base = self.top;
        self.reserve(base, rule.slots);
        self.nested(|this| {
            rule.definitions.iter().try_for_each(|definition| {
                this.partial(definition, base, &mut |this, key, value| match key {
                    Some(key) => this.add_entry(&mut entries, key, value, &rule.name),
                    None => Ok(()),
                })
            })
        })?;
        self.top = base;
        Ok(Value::object(entries.into_iter().collect()))
    }

    /// The results of a definition: those of the first branch that has any.
    #[expect(
        clippy::type_complexity,
        reason = "a callback with its own state; an alias would need three lifetimes"
    )]
    fn partial(
        &mut self,
        definition: &'a Definition,
        base: usize,
        found: &mut dyn FnMut(&mut Self, Option<Value<'a>>, Value<'a>) -> Result<()>,
    ) -> Result<()> {
        for Branch { body, key, value } in &definition.branches {
            // Every further result of a constant is the same.
            let is_constant = key.is_none() && matches!(value, Term::Const(_));
            let mut has_result = false;
            self.run(body, base, &mut |this| {
                let key = match key {
                    Some(key) => match this.term(key, base)? {
                        Some(key) => Some(key),
                        None => return Ok(Flow::Next),
                    },
                    None => None,
                };
                let Some(value) = this.term(value, base)? else { return Ok(Flow::Next) };
                has_result = true;
                found(this, key, value)?;
                Ok(if is_constant { Flow::Stop } else { Flow::Next })
            })?;
            if has_result {
                break;
            }
        }
        Ok(())
    }

    /// The one value that a rule or call may have; the arguments are the first slots of the frame.
    fn complete(&mut self, rule: &'a Rule, base: usize) -> Result<Option<Value<'a>>> {
        let mut result = None;
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(EvalError::Depth.into());
        }
        match &rule.by_text {
            Some(by_text) => {
                let text = self.slot(base, by_text.arg).cloned();
                let found = text.as_ref().and_then(Value::as_str).map(|text| by_text.find(text));
                let definitions = found.into_iter().flatten().filter_map(|at| rule.definitions.get(at));
                self.definitions(rule, definitions, base, &mut result)?;
            }
            None => self.definitions(rule, rule.definitions.iter(), base, &mut result)?,
        }
        self.depth -= 1;
        match (result, &rule.default) {
            (None, Some(default)) => self.term(default, base),
            (result, _) => Ok(result),
        }
    }

    fn definitions(
        &mut self,
        rule: &'a Rule,
        definitions: impl Iterator<Item = &'a Definition>,
        base: usize,
        result: &mut Option<Value<'a>>,
    ) -> Result<()> {
        for definition in definitions {
            if self.fits(definition, base)? {
                self.definition(rule, definition, base, result)?;
                // Every other definition could only say the same.
                if rule.is_constant && result.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether the arguments are as a definition wants them; binds what it takes out of them.
    fn fits(&mut self, definition: &'a Definition, base: usize) -> Result<bool> {
        for (index, pattern) in &definition.args {
            let Some(arg) = self.slot(base, *index) else { return Ok(false) };
            let fits = match pattern.constant() {
                Some(constant) => compare_equal(constant, arg),
                None => {
                    let arg = arg.clone();
                    self.matches(pattern, &arg, base)?
                }
            };
            if !fits {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds the results of the first branch that has any.
    fn definition(
        &mut self,
        rule: &'a Rule,
        definition: &'a Definition,
        base: usize,
        result: &mut Option<Value<'a>>,
    ) -> Result<()> {
        for Branch { body, value, .. } in &definition.branches {
            let is_constant = matches!(value, Term::Const(_));
            let has_result = match self.advance(body, base)? {
                Progress::Failed => false,
                Progress::Done => match self.term(value, base)? {
                    Some(value) => {
                        add_result(rule, value, result)?;
                        true
                    }
                    None => false,
                },
                Progress::At(lit, after) => {
                    let mut has_result = false;
                    self.iterate(lit, after, base, &mut |this| {
                        let Some(value) = this.term(value, base)? else { return Ok(Flow::Next) };
                        has_result = true;
                        add_result(rule, value, result)?;
                        Ok(if is_constant { Flow::Stop } else { Flow::Next })
                    })?;
                    has_result
                }
            };
            if has_result {
                break;
            }
        }
        Ok(())
    }

    /// Calls a function of the program.
    #[inline(never)]
    pub(super) fn call_rule(
        &mut self,
        id: usize,
        args: &'a [Term],
        base: usize,
    ) -> Result<Option<Value<'a>>> {
        self.spend(1)?;
        let Some(rule) = self.rule(id) else { return Ok(None) };
        let frame = self.top;
        let mut place = None;
        let is_plain = |arg: &Term| matches!(arg, Term::Slot(_) | Term::Const(_));
        if rule.is_dear && args.len() <= ARGS && args.iter().all(is_plain) {
            let given = args.iter().map(|arg| self.peek(arg, base));
            place = Memo::place(id, given.clone());
            if let Some(place) = place.filter(|place| self.memo.knows(*place, id, given)) {
                return self.recall(place);
            }
        }
        for (index, arg) in args.iter().enumerate() {
            let value = self.term(arg, base)?;
            if value.is_none() {
                self.top = frame;
                return Ok(None);
            }
            self.reserve(frame, index + 1);
            if let Some(place) = self.stack.get_mut(frame + index) {
                *place = value;
            }
        }
        if rule.is_dear && place.is_none() {
            let given = self.stack.get(frame..frame + args.len()).unwrap_or_default();
            let given = given.iter().map(Option::as_ref);
            place = Memo::place(id, given.clone());
            if let Some(place) = place.filter(|place| self.memo.knows(*place, id, given)) {
                self.top = frame;
                return self.recall(place);
            }
        }
        self.reserve(frame, rule.slots.max(args.len()));
        let Some(place) = place else {
            let result = self.complete(rule, frame)?;
            self.top = frame;
            return Ok(result);
        };
        let opened = self.open();
        let result = self.complete(rule, frame)?;
        let bill = self.close(opened, false);
        self.shared.note_all(&bill);
        let given = self.stack.get(frame..frame + args.len()).unwrap_or_default();
        self.memo.keep(place, (id, rule.is_same), given, &result, bill);
        self.top = frame;
        Ok(result)
    }

    /// The result of an earlier call; one of an earlier constraint is paid for.
    fn recall(&mut self, place: Place) -> Result<Option<Value<'a>>> {
        let Some((result, bill, is_paid)) = self.memo.take(place) else { return Ok(None) };
        self.shared.note_all(&bill);
        let paid = if is_paid { Ok(()) } else { self.pay(&bill) };
        self.memo.put_back(place, bill);
        paid.map(|()| result)
    }
}

/// Two results that differ are an error.
fn add_result<'a>(rule: &Rule, value: Value<'a>, result: &mut Option<Value<'a>>) -> Result<()> {
    match result {
        Some(known) if !compare_equal(known, &value) => {
            let is_function = rule.kind == RuleKind::Function;
            Err(EvalError::Conflict { rule: rule.name.clone(), is_function }.into())
        }
        Some(_) => Ok(()),
        None => {
            *result = Some(value);
            Ok(())
        }
    }
}
