//! What fields there are, of which type, for which event source, and where their values come from.

mod cloudtrail;
mod event_types;
mod findings;
mod generic;
mod k8s_audit;
mod saas;
mod source;
mod syscall;
pub(crate) mod vpc_flow;

pub use source::{Source, SourceId};

use crate::extract::Special;

/// The type of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// A text.
    Text,
    /// Bytes that need not be a text.
    Bytes,
    /// An integer with sign.
    Signed,
    /// An integer without sign.
    Unsigned,
    /// `true` or `false`.
    Boolean,
    /// An IP address.
    Address,
    /// An IP address that is held against networks.
    Network,
    /// A port, or the name of its service.
    Port,
    /// Nanoseconds.
    Duration,
    /// Nanoseconds since 1970.
    Time,
    /// A fraction; only integers can be held against it.
    Float,
    /// Whatever the event says: `evt.rawarg`.
    Dynamic,
}

impl Type {
    /// Falco's name of the type, for messages.
    pub const fn falco_name(self) -> &'static str {
        match self {
            Type::Text => "CHARBUF",
            Type::Bytes => "BYTEBUF",
            Type::Signed => "INT64",
            Type::Unsigned => "UINT64",
            Type::Boolean => "BOOL",
            Type::Address => "IPADDR",
            Type::Network => "IPNET",
            Type::Port => "PORT",
            Type::Duration => "RELTIME",
            Type::Time => "ABSTIME",
            Type::Float => "DOUBLE",
            Type::Dynamic => "DYNAMIC",
        }
    }

    /// Whether the type is a kind of number.
    pub const fn is_number(self) -> bool {
        matches!(self, Type::Signed | Type::Unsigned | Type::Port | Type::Duration | Type::Time | Type::Float)
    }
}

/// What may stand in brackets behind a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Whether it has to stand there.
    pub required: bool,
    /// Whether it may be a number.
    pub index: bool,
    /// Whether it may be any text.
    pub key: bool,
    /// Whether it may also follow a dot: `evt.arg.flags`.
    pub dotted: bool,
}

impl Argument {
    const REQUIRED_KEY: Argument = Argument { required: true, index: false, key: true, dotted: false };
    const REQUIRED_INDEX: Argument = Argument { required: true, index: true, key: false, dotted: false };
    const REQUIRED_EITHER: Argument = Argument { required: true, index: true, key: true, dotted: false };
    const OPTIONAL_INDEX: Argument = Argument { required: false, index: true, key: false, dotted: false };
    const OPTIONAL_EITHER: Argument = Argument { required: false, index: true, key: true, dotted: false };
    const DOTTED: Argument = Argument { required: true, index: true, key: true, dotted: true };
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extract {
    /// The JSON value under these keys; a text as it is, anything else as JSON, also `null`.
    Path(&'static [&'static str]),
    /// As `Path`, but `null` is no value.
    PathNotNull(&'static [&'static str]),
    /// Something of its own.
    Special(Special),
    /// A column of a flow log.
    Column(u8),
    /// What the recorded event says under the name of the field.
    Reported,
}

/// A field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name.
    pub name: &'static str,
    /// The type of its value, or of each value of a list.
    pub ty: Type,
    /// Whether it yields a list.
    pub is_list: bool,
    /// What may stand in brackets.
    pub argument: Option<Argument>,
    /// Cannot be printed.
    pub is_filter_only: bool,
    /// Cannot be part of a condition.
    pub is_print_only: bool,
    /// Cannot be held against another field.
    pub has_no_right_side: bool,
    /// Cannot stand in a function.
    pub has_no_function: bool,
    /// Where its value comes from.
    pub(crate) extract: Extract,
}

macro_rules! typed {
    ($($function:ident => $ty:ident),+ $(,)?) => {
        $(
            const fn $function(name: &'static str) -> Self {
                Self::new(name, Type::$ty)
            }
        )+
    };
}

impl Field {
    const fn new(name: &'static str, ty: Type) -> Self {
        Self {
            name,
            ty,
            is_list: false,
            argument: None,
            is_filter_only: false,
            is_print_only: false,
            has_no_right_side: false,
            has_no_function: false,
            extract: Extract::Reported,
        }
    }

    typed! {
        text => Text,
        bytes => Bytes,
        signed => Signed,
        unsigned => Unsigned,
        boolean => Boolean,
        address => Address,
        network => Network,
        port => Port,
        duration => Duration,
        time => Time,
        float => Float,
        dynamic => Dynamic,
    }

    const fn path(name: &'static str, keys: &'static [&'static str]) -> Self {
        Self::text(name).from(Extract::Path(keys))
    }

    const fn special(name: &'static str, special: Special) -> Self {
        Self::text(name).from(Extract::Special(special))
    }

    const fn from(mut self, extract: Extract) -> Self {
        self.extract = extract;
        self
    }

    const fn list(mut self) -> Self {
        self.is_list = true;
        self
    }

    const fn argument(mut self, argument: Argument) -> Self {
        self.argument = Some(argument);
        self
    }

    const fn filter_only(mut self) -> Self {
        self.is_filter_only = true;
        self
    }

    const fn print_only(mut self) -> Self {
        self.is_print_only = true;
        self
    }

    const fn no_right_side(mut self) -> Self {
        self.has_no_right_side = true;
        self
    }

    const fn no_function(mut self) -> Self {
        self.has_no_function = true;
        self
    }
}

/// A field as a rule names it, with its argument resolved.
#[derive(Debug, Clone)]
pub struct FieldRef {
    /// The source of the rule.
    pub source: SourceId,
    /// The field.
    pub field: &'static Field,
    /// What stands in brackets or behind the dot.
    pub argument: Option<String>,
    /// The argument as a number, where the field takes one and it is one.
    pub index: Option<u64>,
    /// The argument as the steps of a JSON pointer, where it is one.
    pub(crate) steps: Vec<String>,
}

impl FieldRef {
    /// The field itself.
    pub fn field(&self) -> &'static Field {
        self.field
    }

    /// As the rule writes it: `name` or `name[argument]`.
    pub fn printed(&self) -> String {
        match &self.argument {
            Some(argument) => format!("{}[{argument}]", self.field.name),
            None => self.field.name.to_owned(),
        }
    }

    fn identity(&self) -> (SourceId, &str, Option<&str>) {
        (self.source, self.field.name, self.argument.as_deref())
    }
}

impl PartialEq for FieldRef {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for FieldRef {}

impl std::hash::Hash for FieldRef {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// Whether `name` is an event type that the kernel sensor knows.
pub fn is_event_type(name: &str) -> bool {
    event_types::EVENT_TYPES.binary_search(&name).is_ok()
}

/// How many event types there are.
pub fn event_type_count() -> usize {
    event_types::EVENT_TYPES.len()
}
