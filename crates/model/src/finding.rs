use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Fix, Location, ResourceRef, Severity};

/// Which kind of rule made a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleSource {
    /// A built-in check; its text is found under its slug.
    Check,
    /// The Pod Security Standards; the message is the API server's own.
    PodSecurity,
    /// A policy that the user brings; the message is the policy's own.
    Policy,
}

/// A value that a message needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ArgValue {
    /// A number; languages may choose a plural form by it.
    Number(i64),
    /// A text, shown as it is.
    Text(String),
}

impl From<&str> for ArgValue {
    fn from(text: &str) -> Self {
        ArgValue::Text(text.to_owned())
    }
}

impl From<String> for ArgValue {
    fn from(text: String) -> Self {
        ArgValue::Text(text)
    }
}

impl From<i64> for ArgValue {
    fn from(number: i64) -> Self {
        ArgValue::Number(number)
    }
}

impl fmt::Display for ArgValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgValue::Number(number) => write!(f, "{number}"),
            ArgValue::Text(text) => f.write_str(text),
        }
    }
}

/// A named value for a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Arg {
    /// The name that the message refers to, for instance `container`.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: ArgValue,
}

/// Identity of a finding that survives moved lines and renamed files: 128 bits over the rule, the resource and
/// the part of it that is concerned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Hashes `parts`; the lengths are part of the hash, so that `["a", "bc"]` and `["ab", "c"]` differ.
    pub fn of<'p>(parts: impl IntoIterator<Item = &'p str>) -> Self {
        let mut builder = FingerprintBuilder::default();
        for part in parts {
            builder.push(part);
        }
        builder.finish()
    }
}

/// Computes a [`Fingerprint`] part by part.
#[derive(Debug, Clone, Default)]
pub struct FingerprintBuilder(Sha256);

impl FingerprintBuilder {
    /// Adds one part.
    pub fn push(&mut self, part: &str) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
    }

    /// The fingerprint of the parts so far.
    pub fn finish(self) -> Fingerprint {
        let digest = self.0.finalize();
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = from;
        }
        Fingerprint(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A static violation: a rule that an object breaks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Id of the rule: a check's slug, or the name of a policy.
    pub rule: Cow<'static, str>,
    /// Which engine the rule belongs to.
    pub source: RuleSource,
    /// How bad it is.
    pub severity: Severity,
    /// The object that breaks the rule.
    pub resource: ResourceRef,
    /// The value to change.
    pub location: Location,
    /// What the message needs, in the order given by the rule.
    pub args: Vec<Arg>,
    /// Identity across scans.
    pub fingerprint: Fingerprint,
    /// A mechanical remedy, where there is one.
    pub fix: Option<Fix>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_depends_on_where_parts_end() {
        assert_ne!(Fingerprint::of(["a", "bc"]), Fingerprint::of(["ab", "c"]));
        assert_eq!(Fingerprint::of(["a", "bc"]), Fingerprint::of(["a", "bc"]));
    }

    #[test]
    fn fingerprint_is_printed_as_thirty_two_hex_digits() {
        assert_eq!(Fingerprint::of(["x"]).to_string().len(), 32);
    }
}
