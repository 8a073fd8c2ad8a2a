use serde::{Deserialize, Serialize};

use crate::{Position, Span};

/// Whether a fix may be applied without a person looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixSafety {
    /// The workload behaves as before.
    Safe,
    /// The workload may run otherwise than before, or not at all, for instance because it relied on what is taken away.
    Unsafe,
}

impl FixSafety {
    /// The name in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            FixSafety::Safe => "safe",
            FixSafety::Unsafe => "unsafe",
        }
    }
}

/// One replacement of bytes in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Edit {
    /// What to replace, in bytes; empty for an insertion.
    pub span: Span,
    /// Where that begins.
    pub start: Position,
    /// Where it ends: the character after the last one.
    pub end: Position,
    /// What to put there.
    pub text: String,
}

/// A value to write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NewValue {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text; quoted where it would not be read as one.
    Text(String),
    /// A list.
    List(Vec<NewValue>),
    /// A map; keys are unique.
    Map(Vec<(String, NewValue)>),
}

impl From<bool> for NewValue {
    fn from(value: bool) -> Self {
        NewValue::Bool(value)
    }
}

impl From<i64> for NewValue {
    fn from(value: i64) -> Self {
        NewValue::Int(value)
    }
}

impl From<&str> for NewValue {
    fn from(value: &str) -> Self {
        NewValue::Text(value.to_owned())
    }
}

impl From<&[&str]> for NewValue {
    fn from(values: &[&str]) -> Self {
        NewValue::List(values.iter().map(|value| NewValue::from(*value)).collect())
    }
}

/// What an edit means for the value that it changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The scalar becomes this value.
    Replace(NewValue),
    /// The map has this entry, whatever it had under the key before.
    Set(String, NewValue),
    /// The list has this item at its end.
    Append(NewValue),
    /// The map has this key no more.
    Remove(String),
    /// The list has the item at this index no more.
    RemoveItem(usize),
    /// The first key of the map is called by the second name.
    Rename(String, String),
}

/// What a fix makes of a document: nothing else of it may change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Alteration {
    /// Index of the document in its file, from zero, broken and empty ones counted.
    pub document: usize,
    /// Number of the value among those of its document.
    pub node: u32,
    /// What becomes of it.
    pub action: Action,
}

/// A mechanical remedy for a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fix {
    /// Edits of the finding's own file, in order, not overlapping.
    pub edits: Vec<Edit>,
    /// What they mean.
    pub alteration: Alteration,
    /// In how many places of the document the edited text counts: more than one where an anchor is used by aliases.
    /// The fix is right only together with those of as many findings that need the same edits.
    pub places: u64,
    /// Whether applying it may change behaviour.
    pub safety: FixSafety,
}
