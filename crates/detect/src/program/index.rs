//! Which rules an event can match, told by few of its fields.
//!
//! A rule that holds only where `ka.verb` is `create` needs no look at an event whose verb is `get`. For each
//! discriminating field of a source, the values that a rule allows are worked out from its condition; at run time
//! the sets of rules that allow the event's values are intersected.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::atom::Test;
use super::getter::{Getter, GetterId};
use super::text::TextTest;
use super::{Node, NodeId, SourceProgram};
use crate::condition::Comparison;
use crate::extract::Special;
use crate::fields::{Extract, FieldRef, Source, Type};

/// The rules that each value of each discriminating field allows.
#[derive(Debug, Default)]
pub(crate) struct Index {
    fields: Vec<FieldIndex>,
    /// Fields with few values that come again and again, the discriminating ones among them.
    repeated: Vec<GetterId>,
    /// Rules that can match at all.
    all: RuleSet,
}

#[derive(Debug)]
struct FieldIndex {
    getter: GetterId,
    /// Sorted by length, then bytes.
    values: Vec<(Box<[u8]>, RuleSet)>,
    /// For any other value, and for none.
    other: RuleSet,
}

/// A set of rules by their position.
pub(crate) type RuleSet = Vec<u64>;

/// The values that a condition allows a field to have.
#[derive(Debug, Clone)]
enum Allowed {
    Any,
    Only(BTreeSet<Vec<u8>>),
}

impl Index {
    pub(crate) fn build(program: &SourceProgram, source: &Source) -> Self {
        let words = program.rules.len().div_ceil(64);
        let mut all = vec![0; words];
        for (position, rule) in program.rules.iter().enumerate() {
            let never = matches!(program.nodes.get(rule.root as usize), Some(Node::Constant(false)));
            if rule.info.enabled && !never {
                set(&mut all, position);
            }
        }
        let mut fields = Vec::new();
        for (getter, allowed) in discriminators(program, source) {
            let mut other = vec![0; words];
            let mut values: BTreeMap<(usize, Vec<u8>), RuleSet> = BTreeMap::new();
            for (position, allowed) in allowed.iter().enumerate() {
                match allowed {
                    Allowed::Any => set(&mut other, position),
                    Allowed::Only(only) => {
                        for value in only {
                            let rules = values.entry((value.len(), value.clone())).or_default();
                            rules.resize(words, 0);
                            set(rules, position);
                        }
                    }
                }
            }
            let values = values
                .into_iter()
                .map(|((_, value), mut rules)| {
                    rules.iter_mut().zip(&other).for_each(|(rules, other)| *rules |= other);
                    (value.into_boxed_slice(), rules)
                })
                .collect();
            fields.push(FieldIndex { getter, values, other });
        }
        let mut repeated: Vec<GetterId> = fields.iter().map(|field| field.getter).collect();
        let more = (0u32..).zip(&program.getters).filter_map(|(id, getter)| match getter {
            Getter::Field(field) => {
                let is_named = field.argument.is_none() && source.repeated.contains(&field.field().name);
                is_named.then_some(id)
            }
            _ => None,
        });
        repeated.extend(more);
        Self { fields, repeated, all }
    }

    /// Fields with few values that come again and again.
    pub(crate) fn repeated(&self) -> &[GetterId] {
        &self.repeated
    }

    /// The discriminating fields, the best first.
    pub(crate) fn getters(&self) -> impl Iterator<Item = (usize, GetterId)> {
        self.fields.iter().map(|field| field.getter).enumerate()
    }

    /// All rules that can match at all.
    pub(crate) fn start(&self, candidates: &mut RuleSet) {
        candidates.clear();
        candidates.extend_from_slice(&self.all);
    }

    /// Takes away the rules that do not allow that value of the field; tells whether some are left.
    pub(crate) fn narrow(&self, field: usize, value: Option<&[u8]>, candidates: &mut RuleSet) -> bool {
        let Some(field) = self.fields.get(field) else { return true };
        let found = value.and_then(|value| {
            let at = field
                .values
                .binary_search_by(|(known, _)| (known.len(), &**known).cmp(&(value.len(), value)))
                .ok()?;
            field.values.get(at)
        });
        let rules = found.map_or(&field.other, |(_, rules)| rules);
        let mut any = 0;
        for (candidates, rules) in candidates.iter_mut().zip(rules) {
            *candidates &= rules;
            any |= *candidates;
        }
        any != 0
    }
}

/// So many fields are looked at before the rules are.
const MOST_FIELDS: usize = 4;

/// The fields that tell most about which rules can match, with the values that each rule allows them: those that the
/// source names, then what can be read at once and decides on a quarter of the rules or more.
fn discriminators(program: &SourceProgram, source: &Source) -> Vec<(GetterId, Vec<Allowed>)> {
    let mut found = Vec::new();
    for (position, getter) in program.getters.iter().enumerate() {
        let Getter::Field(field) = getter else { continue };
        let name = field.field().name;
        let named = source.discriminators.iter().position(|known| *known == name && field.argument.is_none());
        if named.is_none() && !is_at_hand(field) {
            continue;
        }
        let getter = u32::try_from(position).unwrap_or(u32::MAX);
        let mut memo = HashMap::new();
        let allowed: Vec<Allowed> =
            program.rules.iter().map(|rule| allowed(program, getter, rule.root, &mut memo)).collect();
        let decided = allowed.iter().filter(|allowed| matches!(allowed, Allowed::Only(_))).count();
        if named.is_some() || (decided > 1 && decided * 4 >= program.rules.len()) {
            found.push(((named.unwrap_or(usize::MAX), usize::MAX - decided), getter, allowed));
        }
    }
    found.sort_by_key(|(order, _, _)| *order);
    found.truncate(MOST_FIELDS);
    found.into_iter().map(|(_, getter, allowed)| (getter, allowed)).collect()
}

/// Whether a field is one text near the root of the event.
fn is_at_hand(field: &FieldRef) -> bool {
    let definition = field.field();
    let depth = match definition.extract {
        Extract::Path(keys) | Extract::PathNotNull(keys) => keys.len(),
        Extract::Special(Special::JsonPointer) => field.steps.len(),
        Extract::Column(_) => 1,
        Extract::Special(_) | Extract::Reported => return false,
    };
    (1..=2).contains(&depth) && !definition.is_list && matches!(definition.ty, Type::Text | Type::Dynamic)
}

fn set(rules: &mut RuleSet, position: usize) {
    if let Some(word) = rules.get_mut(position / 64) {
        *word |= 1 << (position % 64);
    }
}

fn allowed(
    program: &SourceProgram,
    getter: GetterId,
    node: NodeId,
    memo: &mut HashMap<NodeId, Allowed>,
) -> Allowed {
    if let Some(known) = memo.get(&node) {
        return known.clone();
    }
    let result = match program.nodes.get(node as usize) {
        Some(Node::Constant(false)) => Allowed::Only(BTreeSet::new()),
        Some(Node::And(children)) => {
            let children = children.iter().map(|child| allowed(program, getter, *child, memo));
            children.fold(Allowed::Any, |one, other| match (one, other) {
                (Allowed::Any, only) | (only, Allowed::Any) => only,
                (Allowed::Only(one), Allowed::Only(other)) => {
                    Allowed::Only(one.intersection(&other).cloned().collect())
                }
            })
        }
        Some(Node::Or(children)) => {
            let children = children.iter().map(|child| allowed(program, getter, *child, memo));
            children.fold(Allowed::Only(BTreeSet::new()), |one, other| match (one, other) {
                (Allowed::Any, _) | (_, Allowed::Any) => Allowed::Any,
                (Allowed::Only(mut one), Allowed::Only(other)) => {
                    one.extend(other);
                    Allowed::Only(one)
                }
            })
        }
        Some(Node::Atom(atom)) => match program.atoms.get(*atom as usize) {
            Some(atom) if atom.left == getter => match &atom.test {
                Test::Text(TextTest::Order(Comparison::Eq, value)) => {
                    Allowed::Only(BTreeSet::from([value.to_vec()]))
                }
                Test::TextIn(values) => Allowed::Only(values.values().map(<[u8]>::to_vec).collect()),
                Test::Never => Allowed::Only(BTreeSet::new()),
                _ => Allowed::Any,
            },
            _ => Allowed::Any,
        },
        // What a negation excludes is not worth the room: nearly every value stays allowed.
        Some(Node::Not(_) | Node::Constant(true)) | None => Allowed::Any,
    };
    memo.insert(node, result.clone());
    result
}
