//! Calls of functions with their results: a function sees nothing but its arguments and the input.

use std::hash::{Hash as _, Hasher};
use std::sync::Arc;

use super::super::value::{Value, compare_equal};
use super::shared::Bill;

/// Calls that are remembered at once; a later one takes the place of an earlier one.
const PLACES: usize = 64;
/// Functions with more arguments are not remembered.
pub(super) const ARGS: usize = 3;
/// Longer texts are not compared.
const TEXT: usize = 64;

/// A table of calls. Each has one place, by its arguments.
#[derive(Debug)]
pub(super) struct Memo<'a> {
    calls: Vec<Call<'a>>,
    /// Calls of other generations do not count; that of an empty place is 0.
    generation: u64,
    last: u64,
    /// Calls of functions that are the same for all constraints of a template count in later generations of one epoch, too.
    /// 0 while nothing does.
    epoch: u64,
}

/// A call of a function.
#[derive(Debug)]
struct Call<'a> {
    generation: u64,
    epoch: u64,
    rule: usize,
    args: [Value<'a>; ARGS],
    result: Option<Value<'a>>,
    bill: Bill,
}

impl Default for Call<'_> {
    fn default() -> Self {
        let args = [const { Value::Null }; ARGS];
        Self { generation: 0, epoch: 0, rule: 0, args, result: None, bill: Bill::default() }
    }
}

impl Default for Memo<'_> {
    fn default() -> Self {
        Self { calls: Vec::new(), generation: 1, last: 1, epoch: 1 }
    }
}

/// Which calls counted before others were hidden.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hidden {
    generation: u64,
    epoch: u64,
}

/// Where a call has its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(usize);

impl<'a> Memo<'a> {
    /// Forgets all calls.
    pub(super) fn forget(&mut self) {
        self.last += 1;
        self.generation = self.last;
        self.epoch = self.last;
    }

    /// Forgets the calls that depend on the constraint.
    pub(super) fn next_constraint(&mut self) {
        self.last += 1;
        self.generation = self.last;
    }

    /// Hides all calls; what is given back makes them count again.
    pub(super) fn hide(&mut self) -> Hidden {
        let outside = Hidden { generation: self.generation, epoch: self.epoch };
        self.forget();
        self.epoch = 0;
        outside
    }

    /// Ends what `hide` began.
    pub(super) fn unhide(&mut self, outside: Hidden) {
        Hidden { generation: self.generation, epoch: self.epoch } = outside;
    }

    /// The place of a call, if its arguments are told from others at no cost.
    pub(super) fn place<'v>(
        rule: usize,
        args: impl ExactSizeIterator<Item = Option<&'v Value<'a>>>,
    ) -> Option<Place>
    where
        'a: 'v,
    {
        if args.len() > ARGS {
            return None;
        }
        let mut hasher = Mix(rule as u64);
        for arg in args {
            match arg? {
                Value::Null => hasher.write_u64(1),
                Value::Bool(flag) => hasher.write_u64(2 + u64::from(flag.0)),
                Value::Int(value) => hasher.write_u64(value.cast_unsigned()),
                Value::Float(value) => hasher.write_u64(value.to_bits()),
                Value::Node(node) => node.id().hash(&mut hasher),
                Value::Str(text) => hasher.text(text)?,
                Value::Text(text) => hasher.text(text)?,
                Value::Array(items) => hasher.write_usize(items.as_ptr().addr()),
                Value::Object(entries) => hasher.write_usize(entries.as_ptr().addr()),
                Value::Set(set) => hasher.write_usize(Arc::as_ptr(set).addr()),
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "the rest of a division by a small number")]
        Some(Place((hasher.finish() % PLACES as u64) as usize))
    }

    /// Whether a call is remembered.
    pub(super) fn knows<'v>(
        &self,
        place: Place,
        rule: usize,
        args: impl Iterator<Item = Option<&'v Value<'a>>>,
    ) -> bool
    where
        'a: 'v,
    {
        let Some(call) = self.calls.get(place.0) else { return false };
        let is_known = call.generation == self.generation || (call.epoch == self.epoch && self.epoch != 0);
        let is_same = |(left, right): (&Value<'a>, Option<&'v Value<'a>>)| {
            right.is_some_and(|right| is_same(left, right))
        };
        is_known && call.rule == rule && call.args.iter().zip(args).all(is_same)
    }

    /// The result of a remembered call, what it costs, and whether the constraint at hand has paid for it; the bill must be
    /// put back.
    pub(super) fn take(&mut self, place: Place) -> Option<(Option<Value<'a>>, Bill, bool)> {
        let call = self.calls.get_mut(place.0)?;
        let is_paid = std::mem::replace(&mut call.generation, self.generation) == self.generation;
        Some((call.result.clone(), std::mem::take(&mut call.bill), is_paid))
    }

    /// Ends what `take` began.
    pub(super) fn put_back(&mut self, place: Place, bill: Bill) {
        if let Some(call) = self.calls.get_mut(place.0) {
            call.bill = bill;
        }
    }

    /// Remembers a call of a function, which may be the same for all constraints.
    pub(super) fn keep(
        &mut self,
        place: Place,
        (rule, is_same): (usize, bool),
        args: &[Option<Value<'a>>],
        result: &Option<Value<'a>>,
        bill: Bill,
    ) {
        if self.calls.is_empty() {
            self.calls.resize_with(PLACES, Call::default);
        }
        if let Some(call) = self.calls.get_mut(place.0) {
            call.generation = self.generation;
            call.epoch = if is_same { self.epoch } else { 0 };
            call.rule = rule;
            call.result.clone_from(result);
            call.bill = bill;
            for (place, arg) in call.args.iter_mut().zip(args) {
                *place = arg.clone().unwrap_or(Value::Null);
            }
        }
    }
}

/// Whether two values are the same; two collections only if they stand at the same place.
fn is_same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Node(left), Value::Node(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => std::ptr::eq(left.as_ptr(), right.as_ptr().cast()),
        (Value::Object(left), Value::Object(right)) => std::ptr::eq(left.as_ptr(), right.as_ptr().cast()),
        (Value::Set(left), Value::Set(right)) => std::ptr::eq(Arc::as_ptr(left), Arc::as_ptr(right).cast()),
        (Value::Node(_), _) | (_, Value::Array(_) | Value::Set(_) | Value::Object(_) | Value::Node(_)) => {
            false
        }
        _ => compare_equal(left, right),
    }
}

/// Mixes words as Fx does: quick, and nobody gains from a collision, which costs one evaluation.
struct Mix(u64);

impl Mix {
    /// `None` for a text that is too long.
    fn text(&mut self, text: &str) -> Option<()> {
        let bytes = text.as_bytes();
        let (first, last) = (bytes.first().copied(), bytes.last().copied());
        let ends = u64::from(first.unwrap_or_default()) << 8 | u64::from(last.unwrap_or_default());
        self.write_u64((bytes.len() as u64) << 16 | ends);
        (bytes.len() <= TEXT).then_some(())
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 >> 32
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }
}
