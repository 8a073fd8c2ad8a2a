use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ResourceRef;

/// How urgent a detection is: Falco's eight levels, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// The system cannot be used.
    Emergency,
    /// Somebody has to act at once.
    Alert,
    /// A critical condition.
    Critical,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// Normal, but worth a look.
    Notice,
    /// For information.
    Informational,
    /// For debugging rules.
    Debug,
}

impl Priority {
    /// All levels, the most urgent first.
    pub const ALL: [Priority; 8] = [
        Priority::Emergency,
        Priority::Alert,
        Priority::Critical,
        Priority::Error,
        Priority::Warning,
        Priority::Notice,
        Priority::Informational,
        Priority::Debug,
    ];

    /// The name as Falco writes it in its output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Priority::Emergency => "Emergency",
            Priority::Alert => "Alert",
            Priority::Critical => "Critical",
            Priority::Error => "Error",
            Priority::Warning => "Warning",
            Priority::Notice => "Notice",
            Priority::Informational => "Informational",
            Priority::Debug => "Debug",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No priority is called so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsePriorityError(pub String);

impl fmt::Display for ParsePriorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown priority `{}`", self.0)
    }
}

impl std::error::Error for ParsePriorityError {}

impl FromStr for Priority {
    type Err = ParsePriorityError;

    /// Reads a name in any case; `info` stands for `Informational`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Priority::ALL.into_iter().find(|priority| priority.as_str().eq_ignore_ascii_case(text));
        match named {
            Some(priority) => Ok(priority),
            None if text.eq_ignore_ascii_case("info") => Ok(Priority::Informational),
            None => Err(ParsePriorityError(text.to_owned())),
        }
    }
}

/// The value of a field of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// The event has no such field.
    Null,
    /// A boolean.
    Bool(bool),
    /// An unsigned number.
    Unsigned(u64),
    /// A signed number.
    Signed(i64),
    /// A fraction.
    Float(f64),
    /// A text.
    Text(String),
    /// A list of values.
    List(Vec<FieldValue>),
}

/// A rule that matched an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Name of the rule.
    pub rule: Arc<str>,
    /// The event source that the rule is about: `k8s_audit`, `aws_cloudtrail`, `syscall` …
    pub source: Arc<str>,
    /// How urgent it is.
    pub priority: Priority,
    /// The rule's tags, sorted.
    pub tags: Arc<[String]>,
    /// When the event happened, in nanoseconds since 1970 (UTC); event time, never the time of reading.
    pub time_ns: u64,
    /// Number of the event in its stream, one-based.
    pub event_number: u64,
    /// What identifies the event at its origin (audit id and stage, CloudTrail event id), where it has such.
    pub event_id: Option<String>,
    /// The Kubernetes namespace that the event is about, where it is about one.
    pub namespace: Option<String>,
    /// The Kubernetes object that the event is about, where it names a single one.
    pub resource: Option<ResourceRef>,
    /// The rule's output with the fields filled in, without time and priority.
    pub message: String,
    /// The fields that the output names, with their values, sorted by name.
    pub fields: Vec<(String, FieldValue)>,
}

#[cfg(test)]
mod tests {
    use super::Priority;

    #[test]
    fn priorities_are_read_in_any_case() {
        assert_eq!("WARNING".parse(), Ok(Priority::Warning));
        assert_eq!("info".parse(), Ok(Priority::Informational));
        assert!("urgent".parse::<Priority>().is_err());
        assert!(Priority::Critical < Priority::Warning);
    }
}
