//! Evaluates a program: depth first, one literal after the other, results handed on as they come.
//!
//! What is hot is kept small: a frame is a range of one stack that only grows, arguments are the first slots of the
//! frame of what is called, and an error is one pointer wide, so that results stay as small as values.

mod bodies;
mod memo;
mod rules;
mod shared;
mod terms;
mod with;

use std::fmt;

use self::memo::Memo;
use self::shared::Shared;
use super::builtins::Regexes;
use super::compile::Program;
use super::value::Value;
use crate::gatekeeper::{ExternalData, ExternalError};
use crate::mistake::{Mistake, mistake};

/// Deepest nesting of calls and of literals that iterate.
const DEPTH: usize = 200;

/// Slots that are made at once when the stack is too short.
const SLOTS: usize = 64;

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
    Conflict { rule: String, is_function: bool },
    /// An expression in a template string has two values at once.
    TemplateConflict,
    /// A partial object has two values for one key.
    KeyConflict(String),
    /// A regular expression that is too large to be compiled in time.
    Regex(String),
    /// The time is asked for, and the caller gave none.
    NoClock,
    /// A provider of external data gave no answer.
    External { provider: String, why: ExternalError },
}

impl EvalError {
    /// What a user is told; OPA's own words where it has some.
    pub(crate) fn mistake(&self) -> Mistake {
        match self {
            EvalError::Budget => mistake!("eval-steps", "stopped: the policy takes too many steps"),
            EvalError::Depth => mistake!("eval-depth", "stopped: the policy nests too deep"),
            EvalError::Conflict { rule, is_function: false } => mistake!(
                "eval-conflict",
                "eval_conflict_error: complete rules must not produce multiple outputs: `{rule}`",
                rule = rule,
            ),
            EvalError::Conflict { rule, is_function: true } => mistake!(
                "eval-function-conflict",
                "eval_conflict_error: functions must not produce multiple outputs for same inputs: `{rule}`",
                rule = rule,
            ),
            EvalError::TemplateConflict => mistake!(
                "eval-template-conflict",
                "eval_conflict_error: template-strings must not produce multiple outputs"
            ),
            EvalError::KeyConflict(rule) => mistake!(
                "eval-key-conflict",
                "eval_conflict_error: object keys must be unique: `{rule}`",
                rule = rule,
            ),
            EvalError::Regex(pattern) => mistake!(
                "eval-regex",
                "stopped: the regular expression `{pattern}` is too large",
                pattern = pattern,
            ),
            EvalError::NoClock => {
                mistake!("no-clock", "the policy asks for the time, and none was given")
            }
            EvalError::External { provider, why } => {
                let cause = why.mistake();
                mistake!(
                    "provider",
                    "{detail}: the policy asks the provider `{provider}`",
                    detail = cause,
                    provider = provider,
                )
                .because(cause)
            }
        }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistake().fmt(f)
    }
}

/// Why it ended, in one pointer.
pub(crate) type Result<T> = std::result::Result<T, Box<EvalError>>;

/// Whether to look for further results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Stop,
}

/// What a policy may look at.
#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    /// `input.review`
    pub(crate) review: Value<'a>,
    /// `input.review.object`
    pub(crate) object: Option<Value<'a>>,
    /// `input.review.object.spec`
    pub(crate) spec: Option<Value<'a>>,
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
    /// Frames, one behind the other. A slot is written before it is read, by the order of the literals; what an earlier
    /// frame left there is never seen.
    stack: Vec<Option<Value<'a>>>,
    /// Where the next frame begins.
    top: usize,
    /// Values of rules without arguments, once they are known.
    known: Vec<Option<Option<Value<'a>>>>,
    /// Values of terms without variables, once they are known.
    closed: Vec<Option<Option<Value<'a>>>>,
    /// Calls of functions with their results.
    memo: Memo<'a>,
    /// What constraints of one template have in common.
    shared: Shared<'a>,
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
        let mut shared = Shared::default();
        shared.forget(program.shared);
        Self {
            program,
            input,
            whole: None,
            is_replaced: false,
            regexes,
            stack: Vec::new(),
            top: 0,
            known,
            closed: vec![None; program.closed.len()],
            memo: Memo::default(),
            shared,
            budget,
            depth: 0,
            ordered: 0,
        }
    }

    /// Makes ready for other parameters, and maybe another program, on the same review, inventory, providers and time; memory
    /// is kept, and with the same program whatever does not depend on the parameters.
    pub(crate) fn restart(&mut self, program: &'a Program, input: Input<'a>, budget: u64) {
        if std::ptr::eq(self.program, program) {
            self.shared.next_constraint();
            self.memo.next_constraint();
        } else {
            self.shared.forget(program.shared);
            self.memo.forget();
        }
        self.program = program;
        self.input = input;
        self.whole = None;
        self.is_replaced = false;
        self.top = 0;
        self.known.clear();
        self.known.resize(program.rules.len(), None);
        self.closed.clear();
        self.closed.resize(program.closed.len(), None);
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

    /// Steps that are left.
    #[cfg(test)]
    pub(crate) fn left(&self) -> u64 {
        self.budget
    }

    /// Takes steps off the budget.
    #[inline]
    pub(crate) fn spend(&mut self, steps: u64) -> Result<()> {
        match self.budget.checked_sub(steps) {
            Some(budget) => {
                self.budget = budget;
                Ok(())
            }
            None => over_budget(),
        }
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

    #[inline]
    fn slot(&self, base: usize, slot: usize) -> Option<&Value<'a>> {
        self.stack.get(base + slot).and_then(Option::as_ref)
    }

    #[inline]
    fn set_slot(&mut self, base: usize, slot: usize, value: Value<'a>) {
        if let Some(place) = self.stack.get_mut(base + slot) {
            *place = Some(value);
        }
    }

    /// Makes room for slots from `base` on.
    #[inline]
    fn reserve(&mut self, base: usize, slots: usize) {
        self.top = base + slots;
        if self.stack.len() < self.top {
            self.stack.resize(self.top + SLOTS, None);
        }
    }

    /// Runs `work` one level deeper.
    #[inline]
    fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(EvalError::Depth.into());
        }
        let result = work(self);
        self.depth -= 1;
        result
    }
}

#[cold]
fn over_budget() -> Result<()> {
    Err(EvalError::Budget.into())
}
