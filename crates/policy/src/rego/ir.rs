//! What is evaluated: names are slots, literals stand in an order that binds before it needs, and it is fixed which
//! occurrence of a variable binds it.

use super::builtins::Builtin;
use super::value::{Type, Value, compare, compare_equal};

/// A term that has at most one value once the slots before it are filled.
#[derive(Debug)]
pub(crate) enum Term {
    Const(Value<'static>),
    Slot(usize),
    Array(Box<[Term]>),
    /// Whether the keys are texts of the policy, in order and each once.
    Object(Box<[(Term, Term)]>, bool),
    Set(Box<[Term]>),
    /// A reference of names that stand in the policy.
    Path(Head, Box<[Box<str>]>),
    Get(Head, Box<[Key]>),
    Compare(Compare, Box<(Term, Term)>),
    /// `is_string(x)` and its like.
    Is(Type, Box<Term>),
    /// `sprintf` with its list written out.
    Sprintf(Box<Term>, Box<[Term]>),
    /// A term without variables that is worth remembering, and where.
    Closed(usize, Box<Term>),
    Call(Func, Box<[Term]>),
    Compr(Box<Compr>),
}

/// Where a reference begins.
#[derive(Debug)]
pub(crate) enum Head {
    Input,
    /// `input.review`
    Review,
    /// `input.review.object`
    Object,
    /// `input.review.object.spec`, which most policies are about.
    Spec,
    /// `input.parameters`
    Parameters,
    Inventory,
    Rule(usize),
    Term(Box<Term>),
}

/// A step of a reference that has one value.
#[derive(Debug)]
pub(crate) enum Key {
    /// A text that stands in the policy.
    Field(Box<str>),
    /// Another constant.
    Const(Value<'static>),
    Term(Term),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Compare {
    /// The comparison that a builtin is, if it is one.
    pub(crate) fn of(builtin: &Builtin) -> Option<Self> {
        Some(match builtin.name {
            "equal" => Compare::Equal,
            "neq" => Compare::Unequal,
            "lt" => Compare::Less,
            "lte" => Compare::LessOrEqual,
            "gt" => Compare::Greater,
            "gte" => Compare::GreaterOrEqual,
            _ => return None,
        })
    }

    /// Whether it holds.
    pub(crate) fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        match self {
            Compare::Equal => compare_equal(left, right),
            Compare::Unequal => !compare_equal(left, right),
            Compare::Less => compare(left, right).is_lt(),
            Compare::LessOrEqual => compare(left, right).is_le(),
            Compare::Greater => compare(left, right).is_gt(),
            Compare::GreaterOrEqual => compare(left, right).is_ge(),
        }
    }
}

/// What is called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Func {
    Rule(usize),
    Builtin(&'static Builtin),
}

/// What a comprehension makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComprKind {
    Array,
    Set,
    Object,
}

/// A comprehension.
#[derive(Debug)]
pub(crate) struct Compr {
    pub(crate) kind: ComprKind,
    /// The key of an object.
    pub(crate) key: Option<Term>,
    pub(crate) value: Term,
    pub(crate) body: Box<[Lit]>,
}

/// What a value is matched with.
#[derive(Debug)]
pub(crate) enum Pattern {
    Any,
    Bind(usize),
    Equal(Term),
    Array(Box<[Pattern]>),
    Object(Box<[(Term, Pattern)]>),
}

impl Rule {
    /// Adds a definition.
    pub(crate) fn define(&mut self, definition: Definition) {
        self.slots = self.slots.max(definition.slots);
        self.definitions.push(definition);
        let mut branches = self.definitions.iter().flat_map(|definition| &definition.branches);
        let first = branches.next().and_then(Branch::constant);
        self.is_constant = first.is_some_and(|first| {
            branches.all(|other| other.constant().is_some_and(|other| compare_equal(first, other)))
        });
    }

    /// Looks at all definitions, once they are there.
    pub(crate) fn plan(&mut self) {
        self.by_text = ByText::of(&self.definitions);
        let bodies =
            self.definitions.iter().flat_map(|definition| &definition.branches).map(|branch| &branch.body);
        let is_dear = |lit: &Lit| match lit {
            Lit::Test(term) | Lit::Bind(_, term) | Lit::Match(_, term) => term.is_dear(),
            Lit::Not(body) => body.iter().any(|lit| !matches!(lit, Lit::Test(term) if !term.is_dear())),
            Lit::Iterate { .. } | Lit::SomeIn { .. } | Lit::Every { .. } | Lit::With(_) => true,
        };
        let lits: Vec<&Lit> = bodies.flatten().collect();
        self.is_dear = lits.len() > 3 || lits.into_iter().any(is_dear);
    }
}

impl Branch {
    /// The constant that comes of the body.
    fn constant(&self) -> Option<&Value<'static>> {
        match &self.value {
            Term::Const(constant) if self.key.is_none() => Some(constant),
            _ => None,
        }
    }
}

impl Term {
    /// Whether it reads a slot; those of comprehensions are left out.
    pub(crate) fn has_slot(&self) -> bool {
        match self {
            Term::Slot(_) => true,
            Term::Const(_) | Term::Compr(_) | Term::Closed(..) => false,
            Term::Array(items) | Term::Set(items) | Term::Call(_, items) => items.iter().any(Term::has_slot),
            Term::Object(entries, _) => entries.iter().any(|(key, value)| key.has_slot() || value.has_slot()),
            Term::Get(head, path) => {
                matches!(head, Head::Term(head) if head.has_slot())
                    || path.iter().any(|key| matches!(key, Key::Term(key) if key.has_slot()))
            }
            Term::Path(head, _) => matches!(head, Head::Term(head) if head.has_slot()),
            Term::Compare(_, sides) => sides.0.has_slot() || sides.1.has_slot(),
            Term::Is(_, term) => term.has_slot(),
            Term::Sprintf(format, values) => format.has_slot() || values.iter().any(Term::has_slot),
        }
    }

    /// Whether it takes more than some look-ups.
    fn is_dear(&self) -> bool {
        match self {
            Term::Const(_) | Term::Slot(_) | Term::Path(..) | Term::Get(..) | Term::Closed(..) => false,
            Term::Compare(_, sides) => sides.0.is_dear() || sides.1.is_dear(),
            Term::Is(_, term) => term.is_dear(),
            Term::Array(_)
            | Term::Object(..)
            | Term::Set(_)
            | Term::Sprintf(..)
            | Term::Call(..)
            | Term::Compr(_) => true,
        }
    }
}

impl Pattern {
    /// The constant that a value must be.
    pub(crate) fn constant(&self) -> Option<&Value<'static>> {
        match self {
            Pattern::Equal(Term::Const(constant)) => Some(constant),
            _ => None,
        }
    }
}

/// One step of a reference that is walked.
#[derive(Debug)]
pub(crate) enum Step {
    Key(Key),
    Each(Pattern),
}

/// A literal.
#[derive(Debug)]
pub(crate) enum Lit {
    /// Defined and not false.
    Test(Term),
    /// The value of the term is put into the slot.
    Bind(usize, Term),
    Match(Pattern, Term),
    /// Walks a reference; without a pattern the value at its end must be neither undefined nor false.
    Iterate {
        head: Head,
        steps: Box<[Step]>,
        then: Option<Pattern>,
    },
    SomeIn {
        key: Option<Pattern>,
        value: Pattern,
        collection: Term,
    },
    Every {
        key: Option<usize>,
        value: Option<usize>,
        collection: Term,
        body: Box<[Lit]>,
    },
    Not(Box<[Lit]>),
    /// The body, with something else in the place of `input` or of the inventory.
    With(Box<With>),
}

/// `… with target as value`
#[derive(Debug)]
pub(crate) struct With {
    pub(crate) values: Box<[(WithTarget, Term)]>,
    pub(crate) body: Box<[Lit]>,
    /// Slots that the body fills.
    pub(crate) binds: Box<[usize]>,
}

/// What is replaced: a document, or a field of it.
#[derive(Debug, Clone)]
pub(crate) struct WithTarget {
    pub(crate) head: Replaced,
    /// Texts.
    pub(crate) path: Vec<Value<'static>>,
}

/// The documents that can be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaced {
    Input,
    Inventory,
}

/// What kind of rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    Complete,
    Function,
    PartialSet,
    PartialObject,
}

/// All definitions of one name.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) kind: RuleKind,
    pub(crate) default: Option<Term>,
    pub(crate) definitions: Vec<Definition>,
    /// Slots that the largest definition needs.
    pub(crate) slots: usize,
    /// Whether all definitions give one and the same constant.
    pub(crate) is_constant: bool,
    /// Whether a call is worth remembering.
    pub(crate) is_dear: bool,
    /// Whether it is the same for all constraints of the template on one request.
    pub(crate) is_same: bool,
    /// The number under which its value is shared.
    pub(crate) shared: Option<usize>,
    /// The definitions by the text that they want for an argument, if all want one.
    pub(crate) by_text: Option<ByText>,
}

/// Definitions by a text.
#[derive(Debug)]
pub(crate) struct ByText {
    /// Which argument it is.
    pub(crate) arg: usize,
    /// In order.
    texts: Box<[(Box<str>, usize)]>,
}

impl ByText {
    /// `None` where a search costs more than it saves.
    fn of(definitions: &[Definition]) -> Option<Self> {
        let text_at = |definition: &Definition, arg: usize| {
            let (_, pattern) = definition.args.iter().find(|(index, _)| *index == arg)?;
            pattern.constant()?.as_str().map(Box::from)
        };
        let first = definitions.first().filter(|_| definitions.len() > 3)?;
        let arg = first.args.iter().map(|(index, _)| *index).find(|arg| text_at(first, *arg).is_some())?;
        let texts =
            definitions.iter().enumerate().map(|(at, definition)| Some((text_at(definition, arg)?, at)));
        let mut texts: Vec<(Box<str>, usize)> = texts.collect::<Option<_>>()?;
        texts.sort();
        Some(Self { arg, texts: texts.into() })
    }

    /// The indices of the definitions that want a text.
    pub(crate) fn find(&self, text: &str) -> impl Iterator<Item = usize> {
        let start = self.texts.partition_point(|(known, _)| **known < *text);
        let rest = self.texts.get(start..).unwrap_or_default();
        rest.iter().take_while(move |(known, _)| **known == *text).map(|(_, at)| *at)
    }
}

/// One definition.
#[derive(Debug)]
pub(crate) struct Definition {
    /// What arguments must look like; those that just have a name are in the slot of their index.
    pub(crate) args: Box<[(usize, Pattern)]>,
    /// Slots that it needs, the arguments first.
    pub(crate) slots: usize,
    /// The body and what comes of it, then its alternatives in order.
    pub(crate) branches: Box<[Branch]>,
    /// The number under which its results are shared where those of the rule are not.
    pub(crate) shared: Option<usize>,
}

/// A body and its result.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) body: Box<[Lit]>,
    pub(crate) key: Option<Term>,
    pub(crate) value: Term,
}
