//! Why an expression has no result.

use std::fmt;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailKind {
    /// The expression went wrong: a missing key, a division by zero …
    Error,
    /// It would cost more than is allowed.
    Budget,
    /// It asked for what nobody here knows.
    Unknown,
}

/// What went wrong, for whoever tells it in other words than [`Fail::message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<'f> {
    /// A map or an object does not have this key.
    NoSuchKey(&'f str),
    /// An operator or a function was given values that it does not take.
    NoSuchOverload,
    /// A list or a text does not have this index.
    NoSuchIndex(&'f str),
    /// A number was divided by zero.
    DivisionByZero,
    /// The remainder of a division by zero was asked for.
    ModulusByZero,
    /// A value of this kind is too large for its type.
    Overflow(&'f str),
    /// It asked for this, which is not known here.
    NotKnown(&'f str),
    /// It asked what the authorizer allows, and no roles are at hand.
    NoRoles,
    /// It costs more than the API server allows.
    CostLimit,
    /// It takes too long, or makes too much.
    WorkLimit,
    /// Its variables refer to one another too deeply.
    DepthLimit,
    /// A variable that it uses has no value, and why.
    Variable(&'f str, &'f Fail),
    /// Anything else: the message has all that there is.
    Other,
}

/// A reason whose text lies in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Topic {
    NoSuchKey,
    NoSuchOverload,
    NoSuchIndex,
    DivisionByZero,
    ModulusByZero,
    Overflow,
    NotKnown,
    NoRoles,
    CostLimit,
    WorkLimit,
    DepthLimit,
    Variable(Box<str>, Fail),
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    kind: FailKind,
    message: String,
    topic: Topic,
    /// Where in the message stands what the reason names.
    from: usize,
    to: usize,
}

/// Why an expression has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fail(Box<Failure>);

impl Fail {
    fn new(kind: FailKind, topic: Topic, message: String) -> Self {
        Self(Box::new(Failure { kind, message, topic, from: 0, to: 0 }))
    }

    /// A failure whose message is three parts, of which the second is what it is about.
    fn about(kind: FailKind, topic: Topic, before: &str, what: impl fmt::Display, after: &str) -> Self {
        let mut message = format!("{before}{what}");
        let (from, to) = (before.len(), message.len());
        message.push_str(after);
        Self(Box::new(Failure { kind, message, topic, from, to }))
    }

    /// An error of the expression.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(FailKind::Error, Topic::Other, message.into())
    }

    /// Something that is not known here.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(FailKind::Unknown, Topic::Other, message.into())
    }

    pub(crate) fn no_such_overload() -> Self {
        Self::new(FailKind::Error, Topic::NoSuchOverload, "no such overload".to_owned())
    }

    pub(crate) fn no_such_key(key: impl fmt::Display) -> Self {
        Self::about(FailKind::Error, Topic::NoSuchKey, "no such key: ", key, "")
    }

    pub(crate) fn out_of_bounds(index: impl fmt::Display) -> Self {
        Self::about(FailKind::Error, Topic::NoSuchIndex, "index out of bounds: ", index, "")
    }

    pub(crate) fn out_of_range(index: impl fmt::Display) -> Self {
        Self::about(FailKind::Error, Topic::NoSuchIndex, "index out of range: ", index, "")
    }

    pub(crate) fn division_by_zero() -> Self {
        Self::new(FailKind::Error, Topic::DivisionByZero, "division by zero".to_owned())
    }

    pub(crate) fn modulus_by_zero() -> Self {
        Self::new(FailKind::Error, Topic::ModulusByZero, "modulus by zero".to_owned())
    }

    pub(crate) fn overflow(of: &str) -> Self {
        Self::about(FailKind::Error, Topic::Overflow, "", of, " overflow")
    }

    pub(crate) fn not_known(name: &str) -> Self {
        Self::about(FailKind::Unknown, Topic::NotKnown, "`", name, "` is not known here")
    }

    pub(crate) fn no_roles() -> Self {
        let message = "unknown what the authorizer allows: no roles are at hand";
        Self::new(FailKind::Unknown, Topic::NoRoles, message.to_owned())
    }

    pub(crate) fn cost_limit() -> Self {
        let message = "operation cancelled: actual cost limit exceeded";
        Self::new(FailKind::Budget, Topic::CostLimit, message.to_owned())
    }

    pub(crate) fn work_limit() -> Self {
        let message = "operation cancelled: it takes too long or makes too much";
        Self::new(FailKind::Budget, Topic::WorkLimit, message.to_owned())
    }

    pub(crate) fn depth_limit() -> Self {
        let message = "operation cancelled: variables refer to one another too deeply";
        Self::new(FailKind::Budget, Topic::DepthLimit, message.to_owned())
    }

    /// The same failure, met in a variable.
    pub(crate) fn in_variable(self, name: &str) -> Self {
        let message = format!("composited variable \"{name}\" fails to evaluate: {}", self.message());
        Self::new(self.kind(), Topic::Variable(name.into(), self), message)
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> FailKind {
        self.0.kind
    }

    /// What went wrong, in the words of the API server where it has some.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What went wrong, for other words.
    pub fn reason(&self) -> Reason<'_> {
        let what = self.0.message.get(self.0.from..self.0.to).unwrap_or_default();
        match &self.0.topic {
            Topic::NoSuchKey => Reason::NoSuchKey(what),
            Topic::NoSuchOverload => Reason::NoSuchOverload,
            Topic::NoSuchIndex => Reason::NoSuchIndex(what),
            Topic::DivisionByZero => Reason::DivisionByZero,
            Topic::ModulusByZero => Reason::ModulusByZero,
            Topic::Overflow => Reason::Overflow(what),
            Topic::NotKnown => Reason::NotKnown(what),
            Topic::NoRoles => Reason::NoRoles,
            Topic::CostLimit => Reason::CostLimit,
            Topic::WorkLimit => Reason::WorkLimit,
            Topic::DepthLimit => Reason::DepthLimit,
            Topic::Variable(name, cause) => Reason::Variable(name, cause),
            Topic::Other => Reason::Other,
        }
    }

    /// Whether no other operand can make up for it.
    pub(crate) fn is_final(&self) -> bool {
        self.kind() == FailKind::Budget
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Fail {}
