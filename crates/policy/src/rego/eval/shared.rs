//! What all constraints of a template have in common on one request: evaluated once, paid for by each.
//!
//! A constraint that takes a value from an earlier one pays what it would have paid to make it: the steps that were taken
//! for the value itself, and for each other shared value that it was made of if this constraint has not paid for that yet.
//! What ended in an error is not kept: each constraint meets the error itself, under its own name.

use super::super::value::Value;
use super::{Evaluation, Result};

/// What was evaluated so far, by number.
#[derive(Debug, Default)]
pub(super) struct Shared<'a> {
    kept: Vec<Option<Kept<'a>>>,
    /// What the constraint at hand has paid for.
    paid: Vec<bool>,
    /// Numbers that were used, those of an outer value first.
    uses: Vec<usize>,
    /// Where the uses of the value at hand begin; `None` outside of all.
    start: Option<usize>,
    /// Steps that went into shared values within the one at hand.
    within: u64,
}

#[derive(Debug)]
struct Kept<'a> {
    value: Option<Value<'a>>,
    bill: Bill,
}

/// What something costs whoever takes it over.
#[derive(Debug, Default)]
pub(super) struct Bill {
    /// Steps, those for other shared values left out.
    steps: u64,
    /// Other shared values.
    uses: Box<[usize]>,
}

/// What `open` puts aside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    start: Option<usize>,
    within: u64,
    budget: u64,
}

impl Shared<'_> {
    /// Begins with another program.
    pub(super) fn forget(&mut self, count: usize) {
        self.kept.clear();
        self.kept.resize_with(count, || None);
        self.next_constraint();
    }

    /// Begins with another constraint of the same template.
    pub(super) fn next_constraint(&mut self) {
        self.paid.clear();
        self.paid.resize(self.kept.len(), false);
        self.uses.clear();
        self.start = None;
        self.within = 0;
    }

    /// Notes that the value at hand is made of another one.
    pub(super) fn note(&mut self, id: usize) {
        let Some(start) = self.start else { return };
        if !self.uses.get(start..).unwrap_or_default().contains(&id) {
            self.uses.push(id);
        }
    }

    /// Notes what a value is made of that was taken over.
    pub(super) fn note_all(&mut self, bill: &Bill) {
        bill.uses.iter().for_each(|id| self.note(*id));
    }
}

impl<'a> Evaluation<'a> {
    /// The shared value of that number; `work` makes it. Nothing is shared while something else stands in the place of
    /// the input.
    #[inline(never)]
    pub(super) fn shared(
        &mut self,
        id: usize,
        work: impl FnOnce(&mut Self) -> Result<Option<Value<'a>>>,
    ) -> Result<Option<Value<'a>>> {
        self.shared.note(id);
        if let Some(Some(kept)) = self.shared.kept.get(id) {
            let value = kept.value.clone();
            self.pay_for(id)?;
            return Ok(value);
        }
        let opened = self.open();
        let value = work(self)?;
        let bill = self.close(opened, true);
        if let (Some(place), Some(paid)) = (self.shared.kept.get_mut(id), self.shared.paid.get_mut(id)) {
            *place = Some(Kept { value: value.clone(), bill });
            *paid = true;
        }
        Ok(value)
    }

    /// From here on it is counted what something costs.
    pub(super) fn open(&mut self) -> Opened {
        let shared = &mut self.shared;
        Opened {
            start: shared.start.replace(shared.uses.len()),
            within: std::mem::take(&mut shared.within),
            budget: self.budget,
        }
    }

    /// What it cost since `open`. The steps of what is kept by itself are on its own bill, all others also on that of what
    /// it is a part of.
    pub(super) fn close(&mut self, opened: Opened, is_kept: bool) -> Bill {
        let steps = opened.budget.saturating_sub(self.budget);
        let shared = &mut self.shared;
        let own = steps.saturating_sub(shared.within);
        let start = shared.start.unwrap_or_default();
        let uses = shared.uses.get(start..).unwrap_or_default().into();
        shared.uses.truncate(start);
        shared.start = opened.start;
        shared.within = opened.within.saturating_add(if is_kept { steps } else { shared.within });
        Bill { steps: own, uses }
    }

    /// Takes the steps of what is taken over off the budget.
    pub(super) fn pay(&mut self, bill: &Bill) -> Result<()> {
        self.spend(bill.steps)?;
        bill.uses.iter().try_for_each(|id| self.pay_for(*id))
    }

    fn pay_for(&mut self, id: usize) -> Result<()> {
        match self.shared.paid.get_mut(id) {
            Some(paid) if !*paid => *paid = true,
            _ => return Ok(()),
        }
        let Some(Some(kept)) = self.shared.kept.get_mut(id) else { return Ok(()) };
        let bill = std::mem::take(&mut kept.bill);
        self.shared.within = self.shared.within.saturating_add(bill.steps);
        let result = self.pay(&bill);
        if let Some(Some(kept)) = self.shared.kept.get_mut(id) {
            kept.bill = bill;
        }
        result
    }
}
