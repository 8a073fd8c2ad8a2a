//! Calls of functions with their results: a function sees nothing but its arguments and the input.

use std::hash::{Hash as _, Hasher};

use super::super::value::{Value, compare_equal};

/// Calls that are remembered at once; a later one takes the place of an earlier one.
const PLACES: usize = 64;
/// Functions with more arguments are not remembered.
const ARGS: usize = 4;
/// Longer texts are not compared.
const TEXT: usize = 64;

/// A table of calls. Each has one place, by its arguments.
#[derive(Debug, Default)]
pub(super) struct Memo<'a> {
    calls: Vec<Option<Call<'a>>>,
    /// Calls of other generations do not count.
    generation: u64,
    last: u64,
}

/// A call of a function.
#[derive(Debug, Clone)]
struct Call<'a> {
    generation: u64,
    rule: usize,
    args: [Option<Value<'a>>; ARGS],
    result: Option<Value<'a>>,
}

/// Where a call has its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(usize);

impl<'a> Memo<'a> {
    /// Forgets all calls.
    pub(super) fn forget(&mut self) {
        self.last += 1;
        self.generation = self.last;
    }

    /// Hides all calls; what is given back makes them count again.
    pub(super) fn hide(&mut self) -> u64 {
        let outside = self.generation;
        self.forget();
        outside
    }

    /// Ends what `hide` began.
    pub(super) fn unhide(&mut self, outside: u64) {
        self.generation = outside;
    }

    /// The place of a call, if its arguments are told from others at no cost.
    pub(super) fn place(rule: usize, args: &[Option<Value<'_>>]) -> Option<Place> {
        if args.len() > ARGS {
            return None;
        }
        let mut hasher = Mix(rule as u64);
        for arg in args {
            match arg.as_ref()? {
                Value::Null => hasher.write_u64(1),
                Value::Bool(flag) => hasher.write_u64(2 + u64::from(flag.0)),
                Value::Int(value) => hasher.write_u64(value.cast_unsigned()),
                Value::Float(value) => hasher.write_u64(value.to_bits()),
                Value::Node(node) => node.id().hash(&mut hasher),
                Value::Str(text) => hasher.text(text)?,
                Value::Text(text) => hasher.text(text)?,
                Value::Array(_) | Value::Set(_) | Value::Object(_) => return None,
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "the rest of a division by a small number")]
        Some(Place((hasher.finish() % PLACES as u64) as usize))
    }

    /// The result of an earlier call.
    pub(super) fn find(
        &self,
        place: Place,
        rule: usize,
        args: &[Option<Value<'a>>],
    ) -> Option<&Option<Value<'a>>> {
        let call = self.calls.get(place.0)?.as_ref()?;
        let is_same = |(left, right): (&Option<Value<'a>>, &Option<Value<'a>>)| match (left, right) {
            (Some(left), Some(right)) => is_same(left, right),
            _ => false,
        };
        let holds = call.generation == self.generation
            && call.rule == rule
            && call.args.iter().zip(args).all(is_same);
        holds.then_some(&call.result)
    }

    /// Remembers a call.
    pub(super) fn keep(
        &mut self,
        place: Place,
        rule: usize,
        args: &[Option<Value<'a>>],
        result: &Option<Value<'a>>,
    ) {
        if self.calls.is_empty() {
            self.calls.resize(PLACES, None);
        }
        let mut kept = [const { None }; ARGS];
        for (place, arg) in kept.iter_mut().zip(args) {
            place.clone_from(arg);
        }
        if let Some(call) = self.calls.get_mut(place.0) {
            *call =
                Some(Call { generation: self.generation, rule, args: kept, result: result.clone() });
        }
    }
}

/// Whether two values are the same; two lists or maps only if they stand at the same place.
fn is_same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Node(left), Value::Node(right)) => left == right,
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
