//! Why a rule matched an event, or did not, check by check.

use super::builder::AtomKey;
use super::evaluate::State;
use super::template::print;
use super::{Getter, GetterId, Program, Rule, SourceProgram};
use crate::condition::{Comparison, Expr, Operand, Operator, Right};
use crate::event::Event;
use crate::extract::Slot;

/// What came out of a part of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It does not hold, because the event has no such field.
    Missing,
}

impl Verdict {
    /// Whether the part holds.
    pub fn holds(self) -> bool {
        self == Verdict::Holds
    }
}

/// A part of a condition with what came out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What came out.
    pub verdict: Verdict,
    /// `and`, `or`, `not`, or the check as text.
    pub text: String,
    /// For a check: the value that the event has, as text output shows it.
    pub value: Option<String>,
    /// The parts of an `and`, `or` or `not`.
    pub parts: Vec<Explanation>,
}

impl Explanation {
    /// The checks that decide: those that made an `and` fail or an `or` hold, with everything in between.
    pub fn deciding(&self) -> Vec<&Explanation> {
        let mut out = Vec::new();
        self.collect_deciding(&mut out);
        out
    }

    fn collect_deciding<'s>(&'s self, out: &mut Vec<&'s Explanation>) {
        if self.parts.is_empty() {
            out.push(self);
            return;
        }
        let holds = self.verdict.holds();
        let decides = |part: &&Explanation| self.text == "not" || part.verdict.holds() == holds;
        self.parts.iter().filter(decides).for_each(|part| part.collect_deciding(out));
    }
}

impl Program {
    /// Why a rule of this program matches the event, or not.
    pub fn explain(&self, rule: &Rule, event: &Event<'_>) -> Option<Explanation> {
        let source = self.sources.get(usize::from(rule.info.source))?;
        let mut state = State::default();
        state.begin(rule.info.source, source);
        Some(explain(source, &mut state, &rule.condition, event))
    }
}

fn explain(source: &SourceProgram, state: &mut State, expr: &Expr, event: &Event<'_>) -> Explanation {
    let verdict = |holds: bool| if holds { Verdict::Holds } else { Verdict::Fails };
    let logical = |text: &str, holds: bool, parts: Vec<Explanation>| Explanation {
        verdict: verdict(holds),
        text: text.into(),
        value: None,
        parts,
    };
    match expr {
        Expr::And(children, _) => {
            let parts: Vec<_> = children.iter().map(|child| explain(source, state, child, event)).collect();
            logical("and", parts.iter().all(|part| part.verdict.holds()), parts)
        }
        Expr::Or(children, _) => {
            let parts: Vec<_> = children.iter().map(|child| explain(source, state, child, event)).collect();
            logical("or", parts.iter().any(|part| part.verdict.holds()), parts)
        }
        Expr::Not(child, _) => {
            let part = explain(source, state, child, event);
            logical("not", !part.verdict.holds(), vec![part])
        }
        Expr::Macro(name, _) => logical(name, false, Vec::new()),
        Expr::Exists(left, _) => {
            let key = |left| AtomKey::Constants(left, Operator::plain(Comparison::Exists), Vec::new());
            check(source, state, expr, left, key, event)
        }
        Expr::Check { left, operator, right, .. } => {
            let other = match right {
                Right::Operand(other) => getter(source, other),
                Right::Value(..) | Right::List(..) => None,
            };
            let key = |left| match right {
                Right::Value(value, _) => AtomKey::Constants(left, *operator, vec![value.clone()]),
                Right::List(values, _) => AtomKey::Constants(left, *operator, values.clone()),
                Right::Operand(_) => AtomKey::Other(left, *operator, other.unwrap_or(u32::MAX)),
            };
            check(source, state, expr, left, key, event)
        }
    }
}

fn check(
    source: &SourceProgram,
    state: &mut State,
    expr: &Expr,
    left: &Operand,
    key: impl FnOnce(GetterId) -> AtomKey,
    event: &Event<'_>,
) -> Explanation {
    let text = expr.to_string();
    let Some(left) = getter(source, left) else {
        return Explanation { verdict: Verdict::Fails, text, value: None, parts: Vec::new() };
    };
    let slot = state.slot(source, left, event);
    let value = match slot {
        Slot::Absent => None,
        slot => Some(print(slot, state.scratch(), event).into_owned()),
    };
    let atom = source.tables.atoms.get(&key(left));
    let node = atom.and_then(|atom| source.tables.nodes.get(&super::Node::Atom(*atom)));
    let holds = match node {
        Some(node) => state.node(source, *node, event),
        // Checks that always or never hold are not compiled: `evt.num = 0`.
        None => matches!(expr, Expr::Check { operator, .. }
            if matches!(operator.comparison, Comparison::Ne | Comparison::Gt | Comparison::Ge)),
    };
    let verdict = match (holds, &value) {
        (true, _) => Verdict::Holds,
        (false, Some(_)) => Verdict::Fails,
        (false, None) => Verdict::Missing,
    };
    Explanation { verdict, text, value, parts: Vec::new() }
}

/// The getter that an operand was compiled to.
fn getter(source: &SourceProgram, operand: &Operand) -> Option<GetterId> {
    let wanted = match operand {
        Operand::Field(field) => {
            let is_it = |getter: &Getter| match getter {
                Getter::Field(known) => {
                    let written = match &field.argument {
                        Some(argument) => format!("{}[{argument}]", field.name),
                        None => field.name.clone(),
                    };
                    known.printed() == written
                        || known
                            .argument
                            .as_ref()
                            .is_some_and(|argument| format!("{}.{argument}", known.field().name) == written)
                }
                _ => false,
            };
            let found = source.getters.iter().position(is_it)?;
            return u32::try_from(found).ok();
        }
        Operand::Value(value, _) => Getter::Constant(value.clone()),
        Operand::List(items, _) => {
            Getter::List(items.iter().map(|item| getter(source, item)).collect::<Option<_>>()?)
        }
        Operand::Transform { function, arguments, selector, .. } => {
            let arguments: Vec<_> =
                arguments.iter().map(|argument| getter(source, argument)).collect::<Option<_>>()?;
            if *function == crate::condition::Transformer::Val {
                return arguments.first().copied();
            }
            let selector = selector.as_deref().and_then(|text| text.as_bytes().first().copied());
            Getter::Function { function: *function, arguments, selector }
        }
    };
    source.tables.getters.get(&wanted).copied()
}
