//! Bodies: literals one after the other, in every way in which they hold.

use haechi_syntax::Node;

use super::super::ir::{Lit, Pattern, Step, Term};
use super::super::value::{Value, compare_equal};
use super::{Evaluation, Flow, Result};

/// How far a body gets before there is more than one way to go on.
pub(super) enum Progress<'a> {
    /// A literal does not hold.
    Failed,
    /// All hold.
    Done,
    /// The literal may hold in several ways; what comes after it.
    At(&'a Lit, &'a [Lit]),
}

impl<'a> Evaluation<'a> {
    /// Runs the literals that hold in one way at most.
    pub(super) fn advance(&mut self, lits: &'a [Lit], base: usize) -> Result<Progress<'a>> {
        let mut rest = lits;
        while let Some((lit, after)) = rest.split_first() {
            self.spend(1)?;
            let holds = match lit {
                Lit::Test(term) => self.holds(term, base)?,
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
                Lit::Not(inner) => match &**inner {
                    [Lit::Test(term)] => {
                        self.spend(1)?;
                        !self.holds(term, base)?
                    }
                    inner => !self.has_solution(inner, base)?,
                },
                Lit::Every { key, value, collection, body } => match self.term(collection, base)? {
                    Some(collection) => self.holds_for_every(*key, *value, &collection, body, base)?,
                    None => false,
                },
                Lit::Iterate { .. } | Lit::SomeIn { .. } | Lit::With(_) => {
                    return Ok(Progress::At(lit, after));
                }
            };
            if !holds {
                return Ok(Progress::Failed);
            }
            rest = after;
        }
        Ok(Progress::Done)
    }

    /// Runs literals; `found` is called for every way in which all of them hold.
    pub(super) fn run(
        &mut self,
        lits: &'a [Lit],
        base: usize,
        found: &mut dyn FnMut(&mut Self) -> Result<Flow>,
    ) -> Result<Flow> {
        match self.advance(lits, base)? {
            Progress::Failed => Ok(Flow::Next),
            Progress::Done => found(self),
            Progress::At(lit, after) => self.iterate(lit, after, base, found),
        }
    }

    /// Runs a literal in every way in which it holds, and after each what comes after it.
    pub(super) fn iterate(
        &mut self,
        lit: &'a Lit,
        after: &'a [Lit],
        base: usize,
        found: &mut dyn FnMut(&mut Self) -> Result<Flow>,
    ) -> Result<Flow> {
        match lit {
            Lit::Iterate { head, steps, then } => {
                let Some(start) = self.head(head, base)? else { return Ok(Flow::Next) };
                self.nested(|this| this.walk(start, steps, then.as_ref(), after, base, found))
            }
            Lit::SomeIn { key, value, collection } => {
                let Some(collection) = self.term(collection, base)? else { return Ok(Flow::Next) };
                self.nested(|this| {
                    this.each(&collection, &mut |this, item_key, item| {
                        let holds = match key {
                            Some(pattern) => this.matches(pattern, &item_key, base)?,
                            None => true,
                        } && this.matches(value, &item, base)?;
                        if holds { this.run(after, base, found) } else { Ok(Flow::Next) }
                    })
                })
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
                Ok(Flow::Next)
            }
            // Holds in one way at most.
            _ => match self.advance(std::slice::from_ref(lit), base)? {
                Progress::Done => self.run(after, base, found),
                _ => Ok(Flow::Next),
            },
        }
    }

    pub(super) fn has_solution(&mut self, lits: &'a [Lit], base: usize) -> Result<bool> {
        match self.advance(lits, base)? {
            Progress::Failed => Ok(false),
            Progress::Done => Ok(true),
            Progress::At(lit, after) => {
                let mut found = false;
                self.iterate(lit, after, base, &mut |_| {
                    found = true;
                    Ok(Flow::Stop)
                })?;
                Ok(found)
            }
        }
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

    /// Walks the rest of a reference; at the end of each way the value must be as it is wanted.
    fn walk(
        &mut self,
        start: Value<'a>,
        steps: &'a [Step],
        then: Option<&'a Pattern>,
        after: &'a [Lit],
        base: usize,
        found: &mut dyn FnMut(&mut Self) -> Result<Flow>,
    ) -> Result<Flow> {
        let mut at = start;
        let mut steps = steps;
        while let Some((step, rest)) = steps.split_first() {
            match step {
                Step::Key(key) => match self.step(&at, key, base)? {
                    Some(next) => at = next,
                    None => return Ok(Flow::Next),
                },
                Step::Each(Pattern::Any) if list_of(&at).is_some() => {
                    // Most is a list of a document, whose indices nobody wants.
                    for item in list_of(&at).into_iter().flat_map(Node::items) {
                        self.spend(1)?;
                        let item = Value::of_node(item);
                        if self.walk(item, rest, then, after, base, found)? == Flow::Stop {
                            return Ok(Flow::Stop);
                        }
                    }
                    return Ok(Flow::Next);
                }
                Step::Each(pattern) => {
                    return self.each(&at, &mut |this, key, item| {
                        if this.matches(pattern, &key, base)? {
                            this.walk(item, rest, then, after, base, found)
                        } else {
                            Ok(Flow::Next)
                        }
                    });
                }
            }
            steps = rest;
        }
        let holds = match then {
            Some(Pattern::Bind(slot)) => {
                self.set_slot(base, *slot, at);
                true
            }
            Some(pattern) => self.matches(pattern, &at, base)?,
            None => !at.is_false(),
        };
        if holds { self.run(after, base, found) } else { Ok(Flow::Next) }
    }

    /// Whether a value fits a pattern; binds its variables.
    pub(super) fn matches(&mut self, pattern: &'a Pattern, value: &Value<'a>, base: usize) -> Result<bool> {
        match pattern {
            Pattern::Any => Ok(true),
            Pattern::Bind(slot) => {
                self.set_slot(base, *slot, value.clone());
                Ok(true)
            }
            Pattern::Equal(Term::Const(constant)) => Ok(compare_equal(constant, value)),
            Pattern::Equal(Term::Slot(slot)) => {
                Ok(self.slot(base, *slot).is_some_and(|known| compare_equal(known, value)))
            }
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

/// A list of a document.
fn list_of<'a>(value: &Value<'a>) -> Option<Node<'a>> {
    match value {
        Value::Node(node) if node.is_sequence() => Some(*node),
        _ => None,
    }
}
