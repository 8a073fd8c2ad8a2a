//! What rule files define, before it is compiled.

use std::collections::BTreeSet;
use std::sync::Arc;

use haechi_model::Priority;

use super::context::{Context, Place};
use crate::fields::SourceId;

/// A version: `major.minor.patch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version {
    /// Changes that break.
    pub major: u64,
    /// Additions.
    pub minor: u64,
    /// Mends.
    pub patch: u64,
}

impl Version {
    /// Reads `x.y.z`; what follows the third number is ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        let last = parts.next()?;
        let digits = last.bytes().take_while(u8::is_ascii_digit).count();
        Some(Self { major, minor, patch: last.get(..digits)?.parse().ok()? })
    }

    /// Whether something of this version serves who asks for `required`.
    pub fn serves(self, required: Version) -> bool {
        self.major == required.major && (self.minor, self.patch) >= (required.minor, required.patch)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A plugin, and the version of it that rules need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRequirement {
    /// The plugin.
    pub name: String,
    /// Its lowest version.
    pub version: String,
}

/// Text with the places in rule files that it was put together from.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) places: Vec<Place>,
}

impl Text {
    pub(crate) fn append(&mut self, other: &Text) {
        self.text.push(' ');
        self.text.push_str(&other.text);
        self.places.extend_from_slice(&other.places);
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ListInfo {
    pub(crate) name: String,
    pub(crate) items: Vec<String>,
    pub(crate) context: Context,
    /// When it was first defined, and when it was changed last, among all items.
    pub(crate) index: u32,
    pub(crate) visibility: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct MacroInfo {
    pub(crate) name: String,
    pub(crate) condition: Text,
    pub(crate) context: Context,
    pub(crate) condition_context: Context,
    pub(crate) index: u32,
    pub(crate) visibility: u32,
}

/// A text, or a list of such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    One(String),
    Many(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(crate) struct ExceptionInfo {
    pub(crate) name: String,
    pub(crate) fields: Option<Entry>,
    pub(crate) comps: Option<Entry>,
    pub(crate) values: Vec<Entry>,
    pub(crate) context: Context,
}

#[derive(Debug, Clone)]
pub(crate) struct RuleDefinition {
    pub(crate) name: Arc<str>,
    pub(crate) condition: Text,
    pub(crate) output: String,
    pub(crate) description: String,
    pub(crate) priority: Priority,
    pub(crate) source_name: String,
    /// Nothing for events that nobody provides: the rule is skipped.
    pub(crate) source: Option<SourceId>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) exceptions: Vec<ExceptionInfo>,
    pub(crate) enabled: bool,
    pub(crate) warn_event_types: bool,
    pub(crate) skip_if_unknown: bool,
    pub(crate) context: Context,
    pub(crate) condition_context: Context,
    pub(crate) output_context: Context,
    pub(crate) index: u32,
    /// What changed the rule after its definition, for explanations.
    pub(crate) changes: Vec<Change>,
}

/// A later item that changed a rule.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it did: `append condition`, `replace priority`, `redefine`, `enabled` …
    pub what: String,
    /// Where.
    pub place: Place,
}

/// What an item with `append` or `override` changes.
#[derive(Debug, Clone)]
pub(crate) struct RuleUpdate {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) condition: Option<Text>,
    pub(crate) output: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) tags: Option<BTreeSet<String>>,
    pub(crate) exceptions: Option<Vec<ExceptionInfo>>,
    pub(crate) priority: Option<Priority>,
    pub(crate) enabled: Option<bool>,
    pub(crate) warn_event_types: Option<bool>,
    pub(crate) skip_if_unknown: Option<bool>,
    /// Properties of captures, which we do not make: they only count as something to replace.
    pub(crate) has_capture: bool,
    pub(crate) context: Context,
}

impl RuleUpdate {
    pub(crate) fn new(name: &str, context: &Context) -> Self {
        Self {
            name: name.to_owned(),
            source: String::new(),
            condition: None,
            output: None,
            description: None,
            tags: None,
            exceptions: None,
            priority: None,
            enabled: None,
            warn_event_types: None,
            skip_if_unknown: None,
            has_capture: false,
            context: context.clone(),
        }
    }

    pub(crate) fn has_any(&self) -> bool {
        self.condition.is_some()
            || self.output.is_some()
            || self.description.is_some()
            || self.tags.is_some()
            || self.exceptions.is_some()
            || self.priority.is_some()
            || self.enabled.is_some()
            || self.warn_event_types.is_some()
            || self.skip_if_unknown.is_some()
            || self.has_capture
    }

    /// What is changed, in words.
    pub(crate) fn changed(&self) -> String {
        let keys = [
            ("condition", self.condition.is_some()),
            ("output", self.output.is_some()),
            ("desc", self.description.is_some()),
            ("tags", self.tags.is_some()),
            ("exceptions", self.exceptions.is_some()),
            ("priority", self.priority.is_some()),
            ("enabled", self.enabled.is_some()),
            ("warn_evttypes", self.warn_event_types.is_some()),
            ("skip-if-unknown-filter", self.skip_if_unknown.is_some()),
        ];
        let changed: Vec<_> = keys.iter().filter(|(_, is)| *is).map(|(key, _)| *key).collect();
        changed.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_serve_older_ones_of_their_major() {
        let version = |text: &str| Version::parse(text).unwrap();
        assert!(version("0.63.0").serves(version("0.26.0")));
        assert!(!version("0.63.0").serves(version("0.64.0")));
        assert!(!version("1.0.0").serves(version("0.9.0")));
        assert!(Version::parse("seven").is_none() && Version::parse("1.2").is_none());
    }
}
