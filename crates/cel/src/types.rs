//! Static types, and when one may stand where another is wanted: the rules of the reference implementation.

use std::fmt;
use std::sync::Arc;

/// A static type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// Known only at run time; fits everywhere.
    Dyn,
    /// Of an expression that is wrong already; fits everywhere, so that one mistake is told once.
    Error,
    /// `null`
    Null,
    /// `bool`
    Bool,
    /// `int`, 64 bits with sign.
    Int,
    /// `uint`, 64 bits without sign.
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `google.protobuf.Duration`
    Duration,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `list(T)`
    List(Arc<Type>),
    /// `map(K, V)`
    Map(Arc<(Type, Type)>),
    /// `optional_type(T)`
    Optional(Arc<Type>),
    /// The type of a type.
    Type(Arc<Type>),
    /// A message or another named type; its fields, if any, are declared in the environment.
    Object(Arc<str>),
    /// A named type without fields that is no message.
    Opaque(Arc<str>),
    /// A type yet to be found; numbered per expression.
    Param(u32),
}

impl Type {
    /// `list(element)`
    pub fn list(element: Type) -> Self {
        Type::List(Arc::new(element))
    }

    /// `map(key, value)`
    pub fn map(key: Type, value: Type) -> Self {
        Type::Map(Arc::new((key, value)))
    }

    /// `optional_type(value)`
    pub fn optional(value: Type) -> Self {
        Type::Optional(Arc::new(value))
    }

    /// A named type with fields.
    pub fn object(name: &str) -> Self {
        Type::Object(name.into())
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Type::Dyn)
    }

    pub(crate) fn is_dyn_or_error(&self) -> bool {
        matches!(self, Type::Dyn | Type::Error)
    }

    /// The name at run time, as `type()` shows it.
    pub fn runtime_name(&self) -> &str {
        match self {
            Type::Dyn => "dyn",
            Type::Error => "!error!",
            Type::Null => "null_type",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Duration => "google.protobuf.Duration",
            Type::Timestamp => "google.protobuf.Timestamp",
            Type::List(_) => "list",
            Type::Map(_) => "map",
            Type::Optional(_) => "optional_type",
            Type::Type(_) => "type",
            Type::Object(name) | Type::Opaque(name) => name,
            Type::Param(_) => "type parameter",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Null => f.write_str("null"),
            Type::Duration => f.write_str("duration"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::List(element) => write!(f, "list({element})"),
            Type::Map(entry) => write!(f, "map({}, {})", entry.0, entry.1),
            Type::Optional(value) => write!(f, "optional_type({value})"),
            Type::Type(inner) => write!(f, "type({inner})"),
            Type::Param(index) => write!(f, "_var{index}"),
            other => f.write_str(other.runtime_name()),
        }
    }
}

/// What is known of the type parameters of one expression.
#[derive(Debug, Clone, Default)]
pub(crate) struct Substitutions {
    /// By number of the parameter.
    known: Vec<Option<Type>>,
    /// Assignments since the last checkpoint with what was known before, so that a failed attempt is undone.
    journal: Vec<(u32, Option<Type>)>,
}

impl Substitutions {
    pub(crate) fn fresh(&mut self) -> Type {
        self.known.push(None);
        Type::Param(u32::try_from(self.known.len() - 1).unwrap_or(u32::MAX))
    }

    fn find(&self, index: u32) -> Option<&Type> {
        self.known.get(index as usize)?.as_ref()
    }

    fn set(&mut self, index: u32, value: Type) {
        if let Some(slot) = self.known.get_mut(index as usize) {
            self.journal.push((index, slot.replace(value)));
        }
    }

    /// Whether two types agree, one of them perhaps the more general; remembers what that says of parameters.
    pub(crate) fn unify(&mut self, one: &Type, other: &Type) -> bool {
        let checkpoint = self.journal.len();
        let fits = self.fits(one, other);
        if !fits {
            self.undo(checkpoint);
        }
        fits
    }

    /// As [`Substitutions::unify`] for lists of the same length, all or nothing.
    pub(crate) fn unify_all(&mut self, ones: &[Type], others: &[Type]) -> bool {
        let checkpoint = self.journal.len();
        let fits =
            ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| self.fits(one, other));
        if !fits {
            self.undo(checkpoint);
        }
        fits
    }

    fn undo(&mut self, checkpoint: usize) {
        while self.journal.len() > checkpoint {
            let Some((index, before)) = self.journal.pop() else { return };
            if let Some(slot) = self.known.get_mut(index as usize) {
                *slot = before;
            }
        }
    }

    fn fits(&mut self, one: &Type, other: &Type) -> bool {
        if let Type::Param(index) = other {
            let (valid, had) = self.substitute_param(one, *index);
            if valid {
                return true;
            }
            if had {
                return false;
            }
        }
        if let Type::Param(index) = one {
            return self.substitute_param(other, *index).0;
        }
        if one.is_dyn_or_error() || other.is_dyn_or_error() {
            return true;
        }
        match (one, other) {
            (Type::Null, other) | (other, Type::Null) => is_nullable(other),
            (Type::List(one), Type::List(other)) | (Type::Optional(one), Type::Optional(other)) => {
                self.fits(one, other)
            }
            (Type::Map(one), Type::Map(other)) => self.fits(&one.0, &other.0) && self.fits(&one.1, &other.1),
            (Type::Type(_), Type::Type(_)) => true,
            (one, other) => one == other,
        }
    }

    /// Whether `candidate` may be what the parameter stands for, and whether the parameter was known before.
    fn substitute_param(&mut self, candidate: &Type, index: u32) -> (bool, bool) {
        if *candidate == Type::Param(index) {
            return (true, true);
        }
        if let Some(known) = self.find(index).cloned() {
            if *candidate == known {
                return (true, true);
            }
            if !self.fits(candidate, &known) {
                return (false, true);
            }
            let general =
                if is_equal_or_less_specific(candidate, &known) { candidate.clone() } else { known };
            if self.is_free_of(index, &general) {
                self.set(index, general);
            }
            return (true, true);
        }
        if self.is_free_of(index, candidate) {
            self.set(index, candidate.clone());
            return (true, false);
        }
        (false, false)
    }

    /// Whether the parameter does not occur within `within`.
    fn is_free_of(&self, index: u32, within: &Type) -> bool {
        match within {
            Type::Param(inner) if *inner == index => false,
            Type::Param(inner) => match self.find(*inner) {
                Some(known) => self.is_free_of(index, known),
                None => true,
            },
            Type::List(inner) | Type::Optional(inner) | Type::Type(inner) => self.is_free_of(index, inner),
            Type::Map(entry) => self.is_free_of(index, &entry.0) && self.is_free_of(index, &entry.1),
            _ => true,
        }
    }

    /// The type with what is known of its parameters put in; with `to_dyn`, unknown ones are dyn.
    pub(crate) fn resolve(&self, of: &Type, to_dyn: bool) -> Type {
        match of {
            Type::Param(index) => match self.find(*index) {
                Some(known) => self.resolve(known, to_dyn),
                None if to_dyn => Type::Dyn,
                None => of.clone(),
            },
            Type::List(inner) => Type::list(self.resolve(inner, to_dyn)),
            Type::Optional(inner) => Type::optional(self.resolve(inner, to_dyn)),
            Type::Type(inner) => Type::Type(Arc::new(self.resolve(inner, to_dyn))),
            Type::Map(entry) => Type::map(self.resolve(&entry.0, to_dyn), self.resolve(&entry.1, to_dyn)),
            other => other.clone(),
        }
    }
}

fn is_nullable(of: &Type) -> bool {
    matches!(
        of,
        Type::Null | Type::Duration | Type::Timestamp | Type::Object(_) | Type::Opaque(_) | Type::Optional(_)
    )
}

pub(crate) fn is_equal_or_less_specific(one: &Type, other: &Type) -> bool {
    if one.is_dyn() || matches!(one, Type::Param(_)) {
        return true;
    }
    if other.is_dyn() || matches!(other, Type::Param(_)) {
        return false;
    }
    match (one, other) {
        (Type::List(one), Type::List(other)) | (Type::Optional(one), Type::Optional(other)) => {
            is_equal_or_less_specific(one, other)
        }
        (Type::Map(one), Type::Map(other)) => {
            is_equal_or_less_specific(&one.0, &other.0) && is_equal_or_less_specific(&one.1, &other.1)
        }
        (Type::Type(_), Type::Type(_)) => true,
        (one, other) => one == other,
    }
}
