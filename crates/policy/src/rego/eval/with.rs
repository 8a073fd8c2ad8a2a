//! `with`: something else in the place of `input` or of the inventory.

use super::super::ir::{Head, Replaced, With};
use super::super::value::Value;
use super::{Evaluation, Flow, Result};

impl<'a> Evaluation<'a> {
    /// What the body fills its slots with, in each way in which it holds, while something else stands in the place of
    /// `input` or of the inventory. Nothing that is known of rules and calls outside holds inside.
    pub(super) fn solutions_with(
        &mut self,
        with: &'a With,
        base: usize,
    ) -> Result<Vec<Vec<Option<Value<'a>>>>> {
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
        let closed = vec![None; self.program.closed.len()];
        let outside = (
            self.whole.replace(input),
            std::mem::replace(&mut self.is_replaced, true),
            std::mem::replace(&mut self.input.inventory, inventory),
            std::mem::replace(&mut self.known, known),
            std::mem::replace(&mut self.closed, closed),
            self.memo.hide(),
        );
        let mut solutions = Vec::new();
        let result = self.nested(|this| {
            this.run(&with.body, base, &mut |this| {
                this.spend(1 + with.binds.len() as u64)?;
                solutions.push(with.binds.iter().map(|slot| this.slot(base, *slot).cloned()).collect());
                // Without anything to fill in, every further way is the same.
                Ok(if with.binds.is_empty() { Flow::Stop } else { Flow::Next })
            })
        });
        let calls;
        (self.whole, self.is_replaced, self.input.inventory, self.known, self.closed, calls) = outside;
        self.memo.unhide(calls);
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
}
