//! A checked expression in the form in which it runs.

use crate::ast::MacroKind;
use crate::decls::Func;
use crate::pattern::Pattern;
use crate::types::Type;

/// A value that stands in the program.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Box<str>),
    Bytes(Box<[u8]>),
    Duration(i64),
    Timestamp(crate::time::Timestamp),
    Type(Box<str>),
}

#[derive(Debug)]
pub(crate) enum Op {
    Constant(Constant),
    /// A variable of the environment.
    Variable {
        slot: usize,
        name: Box<str>,
    },
    /// A variable of a comprehension.
    Local(usize),
    Select {
        operand: Box<Op>,
        field: Box<str>,
    },
    Test {
        operand: Box<Op>,
        field: Box<str>,
    },
    OptSelect {
        operand: Box<Op>,
        field: Box<str>,
    },
    And(Box<[Op]>),
    Or(Box<[Op]>),
    /// `name` only for functions that share a [`Func`].
    Call {
        func: Func,
        name: Box<str>,
        args: Box<[Op]>,
    },
    /// A call of `matches`, `find` or `findAll` whose pattern is a literal.
    Search {
        func: Func,
        pattern: Box<Pattern>,
        args: Box<[Op]>,
    },
    /// Items and whether they are `[?e]`.
    List(Box<[(Op, bool)]>),
    Map(Box<[(Op, Op, bool)]>),
    Object {
        name: Box<str>,
        fields: Box<[(Box<str>, Op, bool)]>,
    },
    Fold(Box<Fold>),
    Bind {
        local: usize,
        value: Box<Op>,
        body: Box<Op>,
    },
    OptMap {
        local: usize,
        range: Box<Op>,
        body: Box<Op>,
        flat: bool,
    },
}

/// A macro that walks a range.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) kind: MacroKind,
    pub(crate) range: Op,
    /// Number of the local; the second variable is the next one.
    pub(crate) variable: usize,
    pub(crate) two: bool,
    pub(crate) filter: Option<Op>,
    pub(crate) body: Op,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Program {
    pub(crate) root: Op,
    pub(crate) locals: usize,
    pub(crate) output: Type,
    pub(crate) source: Box<str>,
    pub(crate) shared: Option<usize>,
}

impl Program {
    /// The static type of the result; dyn where only the run can tell.
    pub fn output_type(&self) -> &Type {
        &self.output
    }

    /// The text that it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it reads no variables but those of these slots, and asks nobody.
    pub fn reads_only(&self, slots: &[usize]) -> bool {
        let mut is_so = true;
        self.root.for_each(&mut |op| match op {
            Op::Variable { slot, .. } => is_so &= slots.contains(slot),
            Op::Call { func: Func::Host(_), .. } => is_so = false,
            _ => {}
        });
        is_so
    }

    /// Gives it a number; programs with the same number are the same expression, and [`crate::Evaluator::share`] evaluates
    /// them once.
    pub fn set_shared(&mut self, number: usize) {
        self.shared = Some(number);
    }

    /// The one place in a variable that the expression reads, as names from the variable on: `["spec", "replicas"]`.
    /// What is walked over or indexed counts up to there; a place on the way to another is no place of its own. `None`
    /// where it reads several places, the whole of the variable, or none, or any variable but those `beside` it.
    pub fn only_place(&self, slot: usize, beside: &[usize]) -> Option<Vec<&str>> {
        let mut places = Some(Vec::new());
        self.root.read_places(slot, beside, &mut places);
        let places = places?;
        let longest = places.iter().max_by_key(|place| place.len())?;
        let is_only = places.iter().all(|place| longest.starts_with(place));
        (is_only && !longest.is_empty()).then(|| longest.clone())
    }
}

impl Op {
    /// The names that lead from a variable to what this reads.
    fn place(&self, slot: usize) -> Option<Vec<&str>> {
        match self {
            Op::Variable { slot: found, .. } if *found == slot => Some(Vec::new()),
            Op::Select { operand, field }
            | Op::Test { operand, field }
            | Op::OptSelect { operand, field } => {
                let mut names = operand.place(slot)?;
                names.push(field);
                Some(names)
            }
            _ => None,
        }
    }

    /// Adds the places that are read; `None` once another variable is.
    fn read_places<'o>(&'o self, slot: usize, beside: &[usize], places: &mut Option<Vec<Vec<&'o str>>>) {
        if let Some(place) = self.place(slot) {
            return places.iter_mut().for_each(|places| places.push(place.clone()));
        }
        match self {
            Op::Variable { slot, .. } if !beside.contains(slot) => *places = None,
            _ => self.for_each_part(&mut |op| op.read_places(slot, beside, places)),
        }
    }

    /// Calls `found` with this and all that it is made of.
    fn for_each<'o>(&'o self, found: &mut dyn FnMut(&'o Op)) {
        found(self);
        self.for_each_part(&mut |part| part.for_each(found));
    }

    fn for_each_part<'o>(&'o self, found: &mut dyn FnMut(&'o Op)) {
        match self {
            Op::Variable { .. } | Op::Constant(_) | Op::Local(_) => {}
            Op::Select { operand, .. } | Op::Test { operand, .. } | Op::OptSelect { operand, .. } => {
                found(operand);
            }
            Op::And(terms) | Op::Or(terms) => terms.iter().for_each(found),
            Op::Call { args, .. } | Op::Search { args, .. } => args.iter().for_each(found),
            Op::List(items) => items.iter().for_each(|(item, _)| found(item)),
            Op::Map(entries) => entries.iter().for_each(|(key, value, _)| {
                found(key);
                found(value);
            }),
            Op::Object { fields, .. } => fields.iter().for_each(|(_, value, _)| found(value)),
            Op::Fold(fold) => {
                found(&fold.range);
                fold.filter.iter().for_each(&mut *found);
                found(&fold.body);
            }
            Op::Bind { value, body, .. } => {
                found(value);
                found(body);
            }
            Op::OptMap { range, body, .. } => {
                found(range);
                found(body);
            }
        }
    }
}
