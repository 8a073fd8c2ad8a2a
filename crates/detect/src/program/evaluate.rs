//! Holds events against a program.

use std::net::IpAddr;

use haechi_model::Detection;

use super::atom::Test;
use super::getter::{self, Getter, GetterId};
use super::index::RuleSet;
use super::residue::{Recalled, Residues};
use super::text::{self, PathSet, TextTest};
use super::{Node, NodeId, Program, Rule, SourceProgram, number};
use crate::condition::{Comparison, Modifier, Operator, Transformer};
use crate::event::Event;
use crate::extract::{self, Scratch, Seen, Slot, TextRef};
use crate::fields::{Source, SourceId};
use crate::json::Part;
use crate::target::Target;

/// How many rules may match one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuleMatching {
    /// Only the one that was defined first: Falco's default.
    #[default]
    First,
    /// All.
    All,
}

/// Holds one event after another against a program, reusing its memory.
#[derive(Debug)]
pub struct Matcher<'p> {
    program: &'p Program,
    matching: RuleMatching,
    state: State,
    candidates: RuleSet,
    residues: Residues,
    matched: Vec<&'p Rule>,
}

/// What is known about the event at hand.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Distinguishes what is known about this event from what was about earlier ones.
    epoch: u32,
    source: Option<SourceId>,
    /// Epoch and truth of each node.
    nodes: Vec<u32>,
    /// Epoch and value of each getter.
    slots: Vec<(u32, Slot)>,
    /// Epoch and truth of each need.
    needs: Vec<u32>,
    seen: Seen,
    scratch: Scratch,
    /// Bytes under way through a function.
    spare: Vec<u8>,
}

impl<'p> Matcher<'p> {
    /// Ready for the first event.
    pub fn new(program: &'p Program, matching: RuleMatching) -> Self {
        Self {
            program,
            matching,
            state: State::default(),
            candidates: RuleSet::new(),
            residues: Residues::default(),
            matched: Vec::new(),
        }
    }

    /// Whether there are rules about a source.
    pub fn has_rules(&self, source: SourceId) -> bool {
        !self.program.rules(source).is_empty()
    }

    /// The rules that match an event, in the order of their definition.
    pub fn matches(&mut self, event: &Event<'_>) -> &[&'p Rule] {
        self.matched.clear();
        let program = self.program;
        if let Some(source) = program.sources.get(usize::from(event.source))
            && !source.rules.is_empty()
        {
            self.state.begin(event.source, source);
            if self.narrow(source, event) {
                self.run(source, event);
            }
        }
        &self.matched
    }

    /// Holds the event against the candidates.
    fn run(&mut self, source: &'p SourceProgram, event: &Event<'_>) {
        for word in 0..self.candidates.len() {
            let mut bits = self.candidates.get(word).copied().unwrap_or(0);
            while bits != 0 {
                let position = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let Some(rule) = source.rules.get(position) else { continue };
                if self.state.node(source, rule.root, event) {
                    self.matched.push(rule);
                    if self.matching == RuleMatching::First {
                        return;
                    }
                }
            }
        }
    }

    /// One of the rules that matched the event which was looked at last.
    pub fn matched(&self, index: usize) -> Option<&'p Rule> {
        self.matched.get(index).copied()
    }

    /// Leaves the rules among the candidates that the event's discriminating values do not rule out; tells whether there
    /// are some.
    fn narrow(&mut self, source: &SourceProgram, event: &Event<'_>) -> bool {
        let is_new = match self.residues.recall(source, &mut self.state, event, &mut self.candidates) {
            Recalled::Known => return self.candidates.iter().any(|word| *word != 0),
            Recalled::New => true,
            Recalled::Untold => false,
        };
        source.index.start(&mut self.candidates);
        for (field, getter) in source.index.getters() {
            let value = match self.state.slot(source, getter, event) {
                Slot::Text(text) => Some(self.state.scratch.bytes(event, text)),
                Slot::Absent => None,
                // Several values at once: the index says nothing about them.
                _ => continue,
            };
            if !source.index.narrow(field, value, &mut self.candidates) {
                break;
            }
        }
        if is_new {
            self.residues.learn(source, &mut self.state, event, &mut self.candidates);
        }
        self.candidates.iter().any(|word| *word != 0)
    }

    /// What there is to tell about a rule that matched the event which was looked at last.
    pub fn detection(&mut self, rule: &Rule, event: &Event<'_>) -> Detection {
        let none = Detection {
            rule: rule.info.name.clone(),
            source: Source::at(event.source).map_or("", |source| source.name).into(),
            priority: rule.info.priority,
            tags: rule.info.tags.clone(),
            time_ns: event.time_ns,
            event_number: event.number,
            event_id: None,
            namespace: None,
            resource: None,
            message: String::new(),
            fields: Vec::new(),
        };
        let Some(source) = self.program.sources.get(usize::from(event.source)) else { return none };
        let Target { namespace, resource } = event.target();
        Detection {
            namespace,
            resource,
            message: rule.output.message(source, &mut self.state, event),
            fields: rule.output.values(source, &mut self.state, event),
            event_id: event.id(),
            ..none
        }
    }
}

impl State {
    pub(crate) fn begin(&mut self, id: SourceId, source: &SourceProgram) {
        self.scratch.clear();
        self.seen = Seen::default();
        self.epoch = self.epoch.wrapping_add(1) & (u32::MAX >> 1);
        if self.source != Some(id) || self.epoch == 0 {
            self.epoch = 1;
            self.source = Some(id);
            self.nodes.clear();
            self.nodes.resize(source.nodes.len(), 0);
            self.slots.clear();
            self.slots.resize(source.getters.len(), (0, Slot::Absent));
            self.needs.clear();
            self.needs.resize(source.needs.len(), 0);
        }
    }

    /// Whether a node holds.
    #[inline(always)]
    pub(crate) fn node(&mut self, source: &SourceProgram, id: NodeId, event: &Event<'_>) -> bool {
        match self.nodes.get(id as usize) {
            Some(known) if known >> 1 == self.epoch => known & 1 == 1,
            _ => self.new_node(source, id, event),
        }
    }

    fn new_node(&mut self, source: &SourceProgram, id: NodeId, event: &Event<'_>) -> bool {
        let holds = match source.nodes.get(id as usize) {
            Some(Node::Constant(value)) => *value,
            Some(Node::Atom(atom)) => source.atoms.get(*atom as usize).is_some_and(|atom| match atom.test {
                Test::TimeDigits(is_equal, time) => (event.time_ns == time) == is_equal,
                _ => {
                    let slot = self.slot(source, atom.left, event);
                    self.test(source, &atom.test, slot, event)
                }
            }),
            Some(Node::Not(child)) => !self.node(source, *child, event),
            Some(Node::And(children)) => children.iter().all(|child| self.node(source, *child, event)),
            Some(Node::Or(children)) => children.iter().any(|child| self.node(source, *child, event)),
            None => false,
        };
        if let Some(known) = self.nodes.get_mut(id as usize) {
            *known = self.epoch << 1 | u32::from(holds);
        }
        holds
    }

    /// The value of a getter.
    #[inline(always)]
    pub(crate) fn slot(&mut self, source: &SourceProgram, id: GetterId, event: &Event<'_>) -> Slot {
        match self.slots.get(id as usize) {
            Some((epoch, slot)) if *epoch == self.epoch => *slot,
            _ => self.new_slot(source, id, event),
        }
    }

    fn new_slot(&mut self, source: &SourceProgram, id: GetterId, event: &Event<'_>) -> Slot {
        let slot = match source.getters.get(id as usize) {
            Some(Getter::Field(_)) if self.lacks_need(source, id, event) => Slot::Absent,
            Some(Getter::Field(field)) => extract::extract(field, event, &mut self.scratch),
            Some(Getter::Constant(bytes)) => Slot::Text(self.scratch.store(bytes)),
            Some(Getter::List(items)) => self.list(source, items, event),
            Some(Getter::Function { function, arguments, selector }) => {
                self.function(source, *function, arguments, *selector, event)
            }
            None => Slot::Absent,
        };
        if let Some(known) = self.slots.get_mut(id as usize) {
            *known = (self.epoch, slot);
        }
        slot
    }

    /// Whether the event has for certain not what the getter needs.
    fn lacks_need(&mut self, source: &SourceProgram, id: GetterId, event: &Event<'_>) -> bool {
        let Some(Some(need)) = source.need_of.get(id as usize) else { return false };
        let need = *need as usize;
        let Some(known) = self.needs.get_mut(need) else { return false };
        if *known >> 1 != self.epoch {
            let may = source.needs.may_be_met(need, event, &mut self.seen);
            *known = self.epoch << 1 | u32::from(may);
        }
        *known & 1 == 0
    }

    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Items that have no value make the whole list have none, as Falco's list does.
    fn list(&mut self, source: &SourceProgram, items: &[GetterId], event: &Event<'_>) -> Slot {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match self.slot(source, *item, event) {
                Slot::Absent => return Slot::Absent,
                Slot::List(part) => values.extend_from_slice(self.scratch.items(part)),
                slot => {
                    let text = self.printed(slot, event);
                    values.push(Slot::Text(text));
                }
            }
        }
        let start = self.scratch.list_start();
        self.scratch.list.extend(values);
        // An empty list that is written as such is a value.
        Slot::List(Part { start, end: self.scratch.list_start() })
    }

    /// A value as text, for functions that join values.
    fn printed(&mut self, slot: Slot, event: &Event<'_>) -> TextRef {
        match slot {
            Slot::Text(text) => text,
            slot => {
                let text = super::template::print(slot, &self.scratch, event).into_owned();
                self.scratch.store(text.as_bytes())
            }
        }
    }

    fn function(
        &mut self,
        source: &SourceProgram,
        function: Transformer,
        arguments: &[GetterId],
        selector: Option<u8>,
        event: &Event<'_>,
    ) -> Slot {
        let slots: Vec<Slot> = arguments.iter().map(|argument| self.slot(source, *argument, event)).collect();
        if slots.iter().any(|slot| matches!(slot, Slot::Absent)) {
            return Slot::Absent;
        }
        match (function, slots.as_slice()) {
            (Transformer::Len, [Slot::List(items)]) => Slot::Unsigned(u64::from(items.end - items.start)),
            (Transformer::Len, [Slot::Text(text)]) => {
                let length = self.scratch.bytes(event, *text).len();
                Slot::Unsigned(u64::try_from(length).unwrap_or(u64::MAX))
            }
            (Transformer::Join, [separator, Slot::List(items)]) => {
                let separator = self.printed(*separator, event);
                let separator = self.scratch.bytes(event, separator).to_vec();
                let items = self.scratch.items(*items).to_vec();
                self.concatenate(&items, &separator, event)
            }
            (Transformer::Concat, slots) => self.concatenate(slots, b"", event),
            (Transformer::GetOpt, [Slot::List(items), Slot::Text(options)]) => {
                self.getopt(*items, *options, selector, event)
            }
            (function, [Slot::Text(text)]) => self.map_text(function, *text, event),
            (function, [Slot::List(items)]) => {
                let mut out = Vec::new();
                for item in self.scratch.items(*items).to_vec() {
                    match item {
                        Slot::Text(text) => match self.map_text(function, text, event) {
                            Slot::Absent => return Slot::Absent,
                            slot => out.push(slot),
                        },
                        _ => return Slot::Absent,
                    }
                }
                let start = self.scratch.list_start();
                self.scratch.list.extend(out);
                self.scratch.list_since(start)
            }
            _ => Slot::Absent,
        }
    }

    fn map_text(&mut self, function: Transformer, text: TextRef, event: &Event<'_>) -> Slot {
        let mut out = std::mem::take(&mut self.spare);
        out.clear();
        let done = getter::apply(function, self.scratch.bytes(event, text), &mut out);
        let slot = if done { Slot::Text(self.scratch.store(&out)) } else { Slot::Absent };
        self.spare = out;
        slot
    }

    fn concatenate(&mut self, items: &[Slot], separator: &[u8], event: &Event<'_>) -> Slot {
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(separator);
            }
            let text = self.printed(*item, event);
            out.extend_from_slice(self.scratch.bytes(event, text));
        }
        Slot::Text(self.scratch.store(&out))
    }

    fn getopt(&mut self, items: Part, options: TextRef, selector: Option<u8>, event: &Event<'_>) -> Slot {
        let texts: Vec<Vec<u8>> = self.texts(items, event).map(<[u8]>::to_vec).collect();
        let arguments: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        let options = self.scratch.bytes(event, options).to_vec();
        let mut found = Vec::new();
        let selected = getter::getopt(&arguments, &options, selector, |text| found.push(text.to_vec()));
        if selector.is_some() {
            return match selected {
                Some(text) => Slot::Text(self.scratch.store(text)),
                None => Slot::Absent,
            };
        }
        let texts: Vec<TextRef> = found.iter().map(|text| self.scratch.store(text)).collect();
        self.scratch.collect(texts)
    }

    fn texts<'a>(&'a self, items: Part, event: &'a Event<'a>) -> impl Iterator<Item = &'a [u8]> {
        self.scratch.items(items).iter().filter_map(|item| match item {
            Slot::Text(text) => Some(self.scratch.bytes(event, *text)),
            _ => None,
        })
    }

    fn test(&mut self, source: &SourceProgram, test: &Test, slot: Slot, event: &Event<'_>) -> bool {
        match (test, slot) {
            // A field without value passes no test, not even `!=`.
            (_, Slot::Absent) | (Test::Never, _) => false,
            (Test::Exists, _) => true,
            (Test::TimeDigits(is_equal, time), _) => (event.time_ns == *time) == *is_equal,
            (Test::Other(operator, other), left) => match self.slot(source, *other, event) {
                Slot::Absent => false,
                right => self.compare(*operator, left, right, event),
            },
            (Test::AllTextsIn(set), Slot::List(items)) => {
                self.texts(items, event).all(|text| set.contains(text))
            }
            (Test::Modified(modifier, tests), slot) => {
                let mut passed = 0usize;
                for test in tests {
                    let holds = self.test(source, test, slot, event);
                    match (modifier, holds) {
                        (Modifier::AnyOf, true) => return true,
                        (Modifier::AllOf, false) => return false,
                        (_, holds) => passed += usize::from(holds),
                    }
                }
                match modifier {
                    Modifier::OneOf => passed == 1,
                    Modifier::AnyOf => false,
                    Modifier::AllOf => true,
                }
            }
            // Every end of the connection has to differ.
            (
                Test::Addresses(false, _) | Test::Networks(false, _) | Test::Number(Comparison::Ne, _),
                Slot::List(items),
            ) => self.scratch.items(items).iter().all(|item| self.test_one(test, *item, event)),
            (_, Slot::List(items)) => {
                self.scratch.items(items).iter().any(|item| self.test_one(test, *item, event))
            }
            (_, slot) => self.test_one(test, slot, event),
        }
    }

    fn test_one(&self, test: &Test, slot: Slot, event: &Event<'_>) -> bool {
        match (test, slot) {
            (Test::Text(test), Slot::Text(text)) => test.holds(self.scratch.bytes(event, text)),
            (Test::TextIn(set) | Test::AllTextsIn(set), Slot::Text(text)) => {
                set.contains(self.scratch.bytes(event, text))
            }
            // `evt.rawarg` is of the type that the event gives it, which no rule tells.
            (Test::Text(TextTest::Order(comparison, value)), slot) => {
                let value = std::str::from_utf8(value).ok().and_then(|value| value.parse::<i128>().ok());
                integer(slot)
                    .zip(value)
                    .is_some_and(|(number, value)| number::order(*comparison, &number, &value))
            }
            (Test::TextIn(set), slot @ (Slot::Signed(_) | Slot::Unsigned(_))) => {
                integer(slot).is_some_and(|number| set.contains(number.to_string().as_bytes()))
            }
            (Test::Paths(paths), Slot::Text(text)) => paths.matches(self.scratch.bytes(event, text)),
            (Test::Number(comparison, value), slot) => {
                integer(slot).is_some_and(|number| number::order(*comparison, &number, value))
            }
            (Test::NumberIn(values), slot) => {
                integer(slot).is_some_and(|number| values.binary_search(&number).is_ok())
            }
            (Test::Float(comparison, value), Slot::Float(number)) => {
                number::order(*comparison, &number, value)
            }
            (Test::FloatIn(values), Slot::Float(number)) => values.contains(&number),
            (Test::Boolean { when_true, when_false }, Slot::Boolean(value)) => {
                if value {
                    *when_true
                } else {
                    *when_false
                }
            }
            (Test::Addresses(positive, values), Slot::Address(address)) => {
                values.contains(&address) == *positive
            }
            (Test::Networks(positive, values), Slot::Address(address)) => {
                values.iter().any(|network| network.contains(address)) == *positive
            }
            _ => false,
        }
    }

    /// Compares two fields of the same type.
    fn compare(&self, operator: Operator, left: Slot, right: Slot, event: &Event<'_>) -> bool {
        let rights: Vec<Slot> = match right {
            Slot::List(items) => self.scratch.items(items).to_vec(),
            single => vec![single],
        };
        let is_in =
            |left: &Slot| rights.iter().any(|right| self.compare_one(Comparison::Eq, *left, *right, event));
        match (operator.comparison, left) {
            (Comparison::In, Slot::List(items)) => self.scratch.items(items).iter().all(is_in),
            (Comparison::Intersects, Slot::List(items)) => self.scratch.items(items).iter().any(is_in),
            (Comparison::In | Comparison::Intersects, left) => is_in(&left),
            (comparison, left) => {
                rights.first().is_some_and(|right| self.compare_one(comparison, left, *right, event))
            }
        }
    }

    fn compare_one(&self, comparison: Comparison, left: Slot, right: Slot, event: &Event<'_>) -> bool {
        match (left, right) {
            (Slot::Text(left), Slot::Text(right)) => {
                let (left, right) = (self.scratch.bytes(event, left), self.scratch.bytes(event, right));
                match comparison {
                    Comparison::Eq
                    | Comparison::Ne
                    | Comparison::Lt
                    | Comparison::Le
                    | Comparison::Gt
                    | Comparison::Ge => text::order(comparison, left, right),
                    Comparison::StartsWith => left.starts_with(right),
                    Comparison::EndsWith => left.ends_with(right),
                    Comparison::PMatch => PathSet::new([right]).matches(left),
                    _ => TextTest::new(comparison, right).is_ok_and(|test| test.holds(left)),
                }
            }
            (Slot::Float(left), Slot::Float(right)) => number::order(comparison, &left, &right),
            (Slot::Boolean(left), Slot::Boolean(right)) => number::order(comparison, &left, &right),
            (Slot::Address(left), Slot::Address(right)) => number::order::<IpAddr>(comparison, &left, &right),
            (left, right) => match (integer(left), integer(right)) {
                (Some(left), Some(right)) => number::order(comparison, &left, &right),
                _ => false,
            },
        }
    }
}

fn integer(slot: Slot) -> Option<i128> {
    match slot {
        Slot::Unsigned(number) => Some(i128::from(number)),
        Slot::Signed(number) => Some(i128::from(number)),
        _ => None,
    }
}
