//! The standards that a namespace asks for by its labels.

use std::fmt;

use haechi_objects::Labels;
use haechi_syntax::Node;

use super::{Level, ParseError, Version};
use crate::go;

/// A level in one of its editions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LevelVersion {
    /// How strict.
    pub level: Level,
    /// Which edition.
    pub version: Version,
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}

impl Default for LevelVersion {
    /// What the API server does unless it is configured otherwise.
    fn default() -> Self {
        Self { level: Level::Privileged, version: Version::Latest }
    }
}

/// A label that the API server refuses, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelError<'d> {
    /// The label.
    pub label: &'static str,
    /// Its value, if it is there as a node.
    pub node: Option<Node<'d>>,
    /// `metadata.labels[…]: Invalid value: …`
    pub message: String,
}

/// What a namespace asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NamespacePolicy {
    /// Pods that break it are refused.
    pub enforce: LevelVersion,
    /// Pods that break it are noted in the audit log.
    pub audit: LevelVersion,
    /// Users whose pods break it are told.
    pub warn: LevelVersion,
}

impl NamespacePolicy {
    /// Reads the labels of a namespace; what they leave open is as in `defaults`. A label that cannot be read makes
    /// an error, and: `enforce` fails closed (`restricted`), `audit` and `warn` fail open (`privileged`), a version
    /// becomes `latest`, as in the API server.
    pub fn from_labels(labels: Labels<'_>, defaults: NamespacePolicy) -> (Self, Vec<LabelError<'_>>) {
        let mut policy = defaults;
        let mut errors = Vec::new();
        let enforce = read::<Level>(labels, "pod-security.kubernetes.io/enforce", &mut errors);
        if let Some(level) = enforce {
            policy.enforce.level = level.unwrap_or(Level::Restricted);
        }
        if let Some(version) = read(labels, "pod-security.kubernetes.io/enforce-version", &mut errors) {
            policy.enforce.version = version.unwrap_or(Version::Latest);
        }
        if let Some(level) = read(labels, "pod-security.kubernetes.io/audit", &mut errors) {
            policy.audit.level = level.unwrap_or(Level::Privileged);
        }
        if let Some(version) = read(labels, "pod-security.kubernetes.io/audit-version", &mut errors) {
            policy.audit.version = version.unwrap_or(Version::Latest);
        }
        let warn = read(labels, "pod-security.kubernetes.io/warn", &mut errors);
        if let Some(level) = warn {
            policy.warn.level = level.unwrap_or(Level::Privileged);
        }
        let warn_version = read(labels, "pod-security.kubernetes.io/warn-version", &mut errors);
        if let Some(version) = warn_version {
            policy.warn.version = version.unwrap_or(Version::Latest);
        }
        // Users are warned of what is enforced, unless they said what to be warned of.
        if warn.is_none() && enforce.flatten().is_some_and(|level| level > policy.warn.level) {
            policy.warn.level = policy.enforce.level;
            if warn_version.is_none() {
                policy.warn.version = policy.enforce.version;
            }
        }
        (policy, errors)
    }
}

/// `None`: no such label; `Some(None)`: one that cannot be read.
fn read<'d, T: std::str::FromStr<Err = ParseError>>(
    labels: Labels<'d>,
    label: &'static str,
    errors: &mut Vec<LabelError<'d>>,
) -> Option<Option<T>> {
    let node = labels.node().and_then(|labels| labels.entry(label)).map(|entry| entry.value)?;
    let Some(text) = labels.get(label) else {
        let message = format!("metadata.labels[{label}]: a label's value is text; put it in quotes");
        errors.push(LabelError { label, node: Some(node), message });
        return Some(None);
    };
    match text.parse() {
        Ok(value) => Some(Some(value)),
        Err(error) => {
            let message = format!("metadata.labels[{label}]: Invalid value: {}: {error}", go::quote(text));
            errors.push(LabelError { label, node: Some(node), message });
            Some(None)
        }
    }
}
