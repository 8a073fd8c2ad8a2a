//! Which rules are left once the values that come again and again are known.
//!
//! A log has millions of events, and few combinations of verb, resource, stage and user. For each combination the rules
//! that it rules out are worked out once, in three-valued logic: a check of these values is true or false, any other
//! one is unknown, and only a condition that is false whatever the unknown is rules its rule out.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::atom::Test;
use super::evaluate::State;
use super::index::RuleSet;
use super::{Node, NodeId, SourceProgram};
use crate::event::Event;
use crate::extract::Slot;

/// What is known about combinations. Memory is bounded: beyond that many it begins anew.
#[derive(Debug, Default)]
pub(crate) struct Residues {
    /// Quick to hash, and seeded: who chooses names chooses no collisions.
    known: HashMap<Box<[u8]>, RuleSet, RandomState>,
    /// The combination at hand.
    key: Vec<u8>,
}

const CAPACITY: usize = 4096;

/// What is known about a combination.
pub(crate) enum Recalled {
    /// The rules that are left.
    Known,
    /// Nothing yet.
    New,
    /// Nothing, and nothing is to be kept: a value is too long, or none that has a text.
    Untold,
}

impl Residues {
    /// Looks up the event's combination.
    pub(crate) fn recall(
        &mut self,
        source: &SourceProgram,
        state: &mut State,
        event: &Event<'_>,
        left: &mut RuleSet,
    ) -> Recalled {
        let repeated = source.index.repeated();
        if repeated.is_empty() {
            return Recalled::Untold;
        }
        self.key.clear();
        self.key.push(event.source);
        for getter in repeated {
            let value = match state.slot(source, *getter, event) {
                Slot::Text(text) => Some(state.scratch().bytes(event, text)),
                Slot::Absent => None,
                _ => return Recalled::Untold,
            };
            // Lengths keep apart where one value ends and the next begins; 0 is none at all.
            match value.map_or(Ok(0), |value| u8::try_from(value.len() + 1)) {
                Ok(length) => self.key.push(length),
                Err(_) => return Recalled::Untold,
            }
            self.key.extend_from_slice(value.unwrap_or_default());
        }
        match self.known.get(self.key.as_slice()) {
            Some(known) => {
                left.clear();
                left.extend_from_slice(known);
                Recalled::Known
            }
            None => Recalled::New,
        }
    }

    /// Takes away the rules that the combination, looked up before, rules out, and keeps what is left.
    pub(crate) fn learn(
        &mut self,
        source: &SourceProgram,
        state: &mut State,
        event: &Event<'_>,
        left: &mut RuleSet,
    ) {
        for (position, rule) in source.rules.iter().enumerate() {
            if let Some(word) = left.get_mut(position / 64)
                && *word >> (position % 64) & 1 == 1
                && holds(source, state, event, rule.root) == Some(false)
            {
                *word &= !(1 << (position % 64));
            }
        }
        if self.known.len() >= CAPACITY {
            self.known.clear();
        }
        self.known.insert(self.key.as_slice().into(), left.clone());
    }
}

/// Whether a node holds, as far as the repeated values tell.
fn holds(source: &SourceProgram, state: &mut State, event: &Event<'_>, node: NodeId) -> Option<bool> {
    match source.nodes.get(node as usize)? {
        Node::Constant(value) => Some(*value),
        Node::Atom(at) => {
            let atom = source.atoms.get(*at as usize)?;
            let is_told =
                source.index.repeated().contains(&atom.left) && !matches!(atom.test, Test::Other(..));
            is_told.then(|| state.node(source, node, event))
        }
        Node::Not(child) => holds(source, state, event, *child).map(|holds| !holds),
        Node::And(children) => junction(source, state, event, children, false),
        Node::Or(children) => junction(source, state, event, children, true),
    }
}

/// `decisive` is the truth of one part that decides the whole.
fn junction(
    source: &SourceProgram,
    state: &mut State,
    event: &Event<'_>,
    children: &[NodeId],
    decisive: bool,
) -> Option<bool> {
    let mut all_known = true;
    for child in children {
        match holds(source, state, event, *child) {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decisive)
}
