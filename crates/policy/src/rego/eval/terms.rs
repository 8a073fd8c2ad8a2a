//! Terms: what has one value at most.

use std::collections::BTreeMap;

use super::super::builtins::Builtin;
use super::super::ir::{Compare, Compr, ComprKind, Func, Head, Key, Term};
use super::super::sprintf::sprintf;
use super::super::value::{Flag, Type, Value};
use super::{EvalError, Evaluation, Flow, Input, Result};

impl<'a> Evaluation<'a> {
    pub(super) fn head(&mut self, head: &'a Head, base: usize) -> Result<Option<Value<'a>>> {
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
            Head::Review | Head::Parameters if self.is_replaced => {
                let name = if matches!(head, Head::Review) { "review" } else { "parameters" };
                Ok(self.whole.as_ref().and_then(|whole| whole.field(name)))
            }
            Head::Object | Head::Spec if self.is_replaced => {
                let review = self.whole.as_ref().and_then(|whole| whole.field("review"));
                let object = review.and_then(|review| review.field("object"));
                Ok(match head {
                    Head::Spec => object.and_then(|object| object.field("spec")),
                    _ => object,
                })
            }
            Head::Object => Ok(self.input.object.clone()),
            Head::Spec => Ok(self.input.spec.clone()),
            Head::Review => Ok(Some(self.input.review.clone())),
            Head::Parameters => Ok(Some(self.input.parameters.clone())),
            Head::Inventory => Ok(self.input.inventory.clone()),
            Head::Rule(id) => self.rule_value(*id),
            Head::Term(term) => self.term(term, base),
        }
    }

    /// A reference of names that stand in the policy.
    #[inline(never)]
    fn path(&mut self, head: &'a Head, names: &'a [Box<str>], base: usize) -> Result<Option<Value<'a>>> {
        Ok(match head {
            Head::Term(term) => match self.made(term, base)? {
                Some(start) => start.at(names),
                None => self.peek(term, base).and_then(|start| start.at(names)),
            },
            Head::Object if !self.is_replaced => self.input.object.as_ref().and_then(|start| start.at(names)),
            Head::Spec if !self.is_replaced => self.input.spec.as_ref().and_then(|start| start.at(names)),
            head => self.head(head, base)?.and_then(|start| start.at(names)),
        })
    }

    #[inline(never)]
    fn get(&mut self, head: &'a Head, path: &'a [Key], base: usize) -> Result<Option<Value<'a>>> {
        let Some(mut at) = self.head(head, base)? else { return Ok(None) };
        for key in path {
            match self.step(&at, key, base)? {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// One step of a reference.
    pub(super) fn step(&mut self, at: &Value<'a>, key: &'a Key, base: usize) -> Result<Option<Value<'a>>> {
        match key {
            Key::Field(name) => Ok(at.field(name)),
            Key::Const(key) => Ok(at.get(key)),
            Key::Term(term) => {
                self.spend(1)?;
                match self.made(term, base)? {
                    Some(key) => Ok(at.get(&key)),
                    None => Ok(self.peek(term, base).and_then(|key| at.get(key))),
                }
            }
        }
    }

    /// The value of a term that needs no work.
    #[inline]
    pub(super) fn peek(&self, term: &'a Term, base: usize) -> Option<&Value<'a>> {
        match term {
            Term::Slot(slot) => self.slot(base, *slot),
            Term::Const(value) => Some(value),
            _ => None,
        }
    }

    /// What `peek` does not see.
    #[inline]
    fn made(&mut self, term: &'a Term, base: usize) -> Result<Option<Value<'a>>> {
        match term {
            Term::Slot(_) | Term::Const(_) => Ok(None),
            term => self.compute(term, base),
        }
    }

    /// Whether a comparison holds; `None` where a side is undefined.
    #[inline(never)]
    fn compare(&mut self, how: Compare, sides: &'a (Term, Term), base: usize) -> Result<Option<bool>> {
        let (left, right) = sides;
        self.spend(1)?;
        let left_made = self.made(left, base)?;
        if left_made.is_none() && self.peek(left, base).is_none() {
            return Ok(None);
        }
        let right_made = self.made(right, base)?;
        let left = left_made.as_ref().or_else(|| self.peek(left, base));
        let right = right_made.as_ref().or_else(|| self.peek(right, base));
        let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
        Ok(Some(how.holds(left, right)))
    }

    /// Whether a term is defined and not false.
    pub(super) fn holds(&mut self, term: &'a Term, base: usize) -> Result<bool> {
        match term {
            Term::Compare(how, sides) => Ok(self.compare(*how, sides, base)?.unwrap_or(false)),
            Term::Slot(slot) => Ok(self.slot(base, *slot).is_some_and(|value| !value.is_false())),
            Term::Is(kind, term) => Ok(self.is(*kind, term, base)?.unwrap_or(false)),
            term => Ok(self.compute(term, base)?.is_some_and(|value| !value.is_false())),
        }
    }

    /// The value of a term, if it is defined.
    #[inline]
    pub(super) fn term(&mut self, term: &'a Term, base: usize) -> Result<Option<Value<'a>>> {
        match term {
            Term::Slot(slot) => Ok(self.slot(base, *slot).cloned()),
            // A text of the program is borrowed, not counted.
            Term::Const(Value::Text(text)) => Ok(Some(Value::Str(text))),
            term => self.compute(term, base),
        }
    }

    /// Each kind of term has a function of its own, so that none pays for the frame of another.
    #[inline(never)]
    fn compute(&mut self, term: &'a Term, base: usize) -> Result<Option<Value<'a>>> {
        match term {
            Term::Const(value) => Ok(Some(value.clone())),
            Term::Slot(slot) => Ok(self.slot(base, *slot).cloned()),
            Term::Path(head, names) => self.path(head, names, base),
            Term::Get(head, path) => self.get(head, path, base),
            Term::Compare(how, sides) => {
                Ok(self.compare(*how, sides, base)?.map(|holds| Value::Bool(Flag(holds))))
            }
            Term::Is(kind, term) => Ok(self.is(*kind, term, base)?.map(|holds| Value::Bool(Flag(holds)))),
            Term::Sprintf(format, values) => self.sprintf(format, values, base),
            Term::Closed(id, term) => self.closed(*id, term, base),
            Term::Call(Func::Builtin(builtin), args) => self.call_builtin(builtin, args, base),
            Term::Call(Func::Rule(id), args) => self.call_rule(*id, args, base),
            Term::Array(items) => {
                self.spend(1 + items.len() as u64)?;
                Ok(self.terms(items, base)?.map(Value::array))
            }
            Term::Set(items) => {
                self.spend(1 + items.len() as u64)?;
                Ok(self.terms(items, base)?.map(Value::set))
            }
            Term::Object(entries, is_sorted) => self.object(entries, *is_sorted, base),
            Term::Compr(compr) => self.compr(compr, base).map(Some),
        }
    }

    fn is(&mut self, kind: Type, term: &'a Term, base: usize) -> Result<Option<bool>> {
        Ok(match self.made(term, base)? {
            Some(made) => Some(kind.is_of(&made)),
            None => self.peek(term, base).map(|value| kind.is_of(value)),
        })
    }

    #[inline(never)]
    fn closed(&mut self, id: usize, term: &'a Term, base: usize) -> Result<Option<Value<'a>>> {
        let shared = self.program.closed.get(id).copied().flatten().filter(|_| !self.is_replaced);
        if let Some(Some(known)) = self.closed.get(id) {
            let known = known.clone();
            shared.iter().for_each(|id| self.shared.note(*id));
            return Ok(known);
        }
        let value = match shared {
            Some(id) => self.shared(id, |this| this.compute(term, base))?,
            None => self.compute(term, base)?,
        };
        if let Some(place) = self.closed.get_mut(id) {
            *place = Some(value.clone());
        }
        Ok(value)
    }

    #[inline(never)]
    fn object(
        &mut self,
        entries: &'a [(Term, Term)],
        is_sorted: bool,
        base: usize,
    ) -> Result<Option<Value<'a>>> {
        self.spend(1 + 2 * entries.len() as u64)?;
        let mut values = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let (Some(key), Some(value)) = (self.term(key, base)?, self.term(value, base)?) else {
                return Ok(None);
            };
            values.push((key, value));
        }
        Ok(Some(if is_sorted { Value::Object(values.into()) } else { Value::object(values) }))
    }

    #[inline(never)]
    fn sprintf(&mut self, format: &'a Term, values: &'a [Term], base: usize) -> Result<Option<Value<'a>>> {
        self.spend(2 + values.len() as u64)?;
        let Some(format) = self.term(format, base)? else { return Ok(None) };
        let Some(values) = self.terms(values, base)? else { return Ok(None) };
        let Some(format) = format.as_str() else { return Ok(None) };
        let text = sprintf(format, &values);
        self.spend(4 + text.len() as u64 / 32)?;
        Ok(Some(Value::text(text)))
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

    #[inline(never)]
    #[expect(clippy::mutable_key_type, reason = "what changes behind a node is a cache, not its value")]
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
                    None => push(&mut items, value),
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
    #[expect(clippy::mutable_key_type, reason = "what changes behind a node is a cache, not its value")]
    pub(super) fn add_entry(
        &mut self,
        entries: &mut BTreeMap<Value<'a>, Value<'a>>,
        key: Value<'a>,
        value: Value<'a>,
        of: &str,
    ) -> Result<()> {
        self.spend(2)?;
        match entries.get(&key) {
            Some(known) if *known != value => Err(EvalError::KeyConflict(of.to_owned()).into()),
            Some(_) => Ok(()),
            None => {
                entries.insert(key, value);
                Ok(())
            }
        }
    }

    /// A set; what it costs to put the items in order is paid before.
    pub(super) fn set(&mut self, items: Vec<Value<'a>>) -> Result<Value<'a>> {
        let len = items.len() as u64;
        self.spend(len.checked_ilog2().map_or(0, |log| len * u64::from(log)))?;
        Ok(Value::set(items))
    }

    #[inline(never)]
    fn call_builtin(
        &mut self,
        builtin: &'static Builtin,
        args: &'a [Term],
        base: usize,
    ) -> Result<Option<Value<'a>>> {
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
            [first, second, third] => {
                let Some(first) = self.term(first, base)? else { return Ok(None) };
                let Some(second) = self.term(second, base)? else { return Ok(None) };
                match self.term(third, base)? {
                    Some(third) => (builtin.run)(self, &[first, second, third]),
                    None => Ok(None),
                }
            }
            args => match self.terms(args, base)? {
                Some(args) => (builtin.run)(self, &args),
                None => Ok(None),
            },
        }
    }
}

/// Adds to what is being collected; most collections are small and fit at once.
pub(super) fn push<'a>(items: &mut Vec<Value<'a>>, value: Value<'a>) {
    if items.is_empty() {
        items.reserve(8);
    }
    items.push(value);
}
