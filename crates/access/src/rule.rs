//! One policy rule, and what it allows: `RuleAllows` of Kubernetes' RBAC authorizer on interned texts.

use haechi_model::Span;
use serde::{Deserialize, Serialize};

use crate::symbols::{Symbol, Symbols};

/// A rule as it stands in a role: every list as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyRule {
    /// Verbs; `*` is every verb.
    pub verbs: Vec<String>,
    /// API groups, `""` is the core group, `*` every group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    /// `pods`, `pods/log`, `*/scale`, `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Names of objects; empty is every name, and requests without a name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    /// Paths that are no resources; a `*` at the end is any rest.
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub non_resource_urls: Vec<String>,
}

/// Where something stands: a source of the snapshot and the bytes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Index into the snapshot's sources; `u32::MAX` for what no file holds.
    pub source: u32,
    /// The bytes.
    pub span: Span,
}

impl Place {
    /// What stands in no file: roles that Kubernetes creates, generated data.
    pub const NOWHERE: Place = Place { source: u32::MAX, span: Span::at(0) };
}

/// A list in which `*` stands for everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    pub(crate) any: bool,
    pub(crate) named: Box<[Symbol]>,
}

impl Choice {
    fn compile(texts: &[String], symbols: &mut Symbols) -> Self {
        Choice {
            any: texts.iter().any(|text| text == "*"),
            named: texts.iter().map(|text| symbols.intern(text)).collect(),
        }
    }

    pub(crate) fn has(&self, wanted: Option<Symbol>) -> bool {
        self.any || wanted.is_some_and(|wanted| self.named.contains(&wanted))
    }
}

/// A rule ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) verbs: Choice,
    pub(crate) groups: Choice,
    pub(crate) resources: Choice,
    /// Empty: every name.
    pub(crate) names: Box<[Symbol]>,
    pub(crate) urls: Box<[Symbol]>,
    /// Part of it could not be read and stands for "anything": a match is a perhaps.
    pub(crate) is_doubtful: bool,
    pub(crate) place: Place,
    /// One bit per verb (see [`verb_bit`]), so that most rules are told apart by one instruction.
    pub(crate) verb_bits: u64,
}

/// The bit of a verb. Verbs share bits where there are more than 63; all bits are set for `*`.
pub(crate) fn verb_bit(verb: Symbol) -> u64 {
    1 << (verb.index() % 63)
}

/// A request, with its texts looked up once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probe<'r> {
    pub(crate) verb: Option<Symbol>,
    pub(crate) verb_bits: u64,
    pub(crate) target: ProbeTarget<'r>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum ProbeTarget<'r> {
    Resource {
        group: Option<Symbol>,
        /// `pods` or `pods/log`.
        combined: Option<Symbol>,
        /// `*/log` where there is a subresource.
        any_parent: Option<Symbol>,
        name: Option<Symbol>,
    },
    Url(&'r str),
}

impl Rule {
    pub(crate) fn compile(rule: &PolicyRule, is_doubtful: bool, place: Place, symbols: &mut Symbols) -> Self {
        let verbs = Choice::compile(&rule.verbs, symbols);
        let verb_bits = if verbs.any {
            u64::MAX
        } else {
            verbs.named.iter().fold(0, |bits, verb| bits | verb_bit(*verb))
        };
        Rule {
            verb_bits,
            verbs,
            groups: Choice::compile(&rule.api_groups, symbols),
            resources: Choice::compile(&rule.resources, symbols),
            names: rule.resource_names.iter().map(|name| symbols.intern(name)).collect(),
            urls: rule.non_resource_urls.iter().map(|url| symbols.intern(url)).collect(),
            is_doubtful,
            place,
        }
    }

    pub(crate) fn allows(&self, probe: &Probe<'_>, symbols: &Symbols) -> bool {
        if !self.verbs.has(probe.verb) {
            return false;
        }
        match probe.target {
            ProbeTarget::Resource { group, combined, any_parent, name } => {
                self.groups.has(group) && self.has_resource(combined, any_parent) && self.has_name(name)
            }
            ProbeTarget::Url(path) => self.urls.iter().any(|url| url_matches(symbols.text(*url), path)),
        }
    }

    pub(crate) fn has_resource(&self, combined: Option<Symbol>, any_parent: Option<Symbol>) -> bool {
        self.resources.has(combined)
            || any_parent.is_some_and(|any_parent| self.resources.named.contains(&any_parent))
    }

    pub(crate) fn has_name(&self, name: Option<Symbol>) -> bool {
        self.names.is_empty() || name.is_some_and(|name| self.names.contains(&name))
    }

    /// The rule as it was written.
    pub(crate) fn written(&self, symbols: &Symbols) -> PolicyRule {
        let texts = |list: &[Symbol]| list.iter().map(|symbol| symbols.text(*symbol).to_owned()).collect();
        PolicyRule {
            verbs: texts(&self.verbs.named),
            api_groups: texts(&self.groups.named),
            resources: texts(&self.resources.named),
            resource_names: texts(&self.names),
            non_resource_urls: texts(&self.urls),
        }
    }
}

/// `NonResourceURLMatches`: `*`, the same path, or a prefix before trailing stars (all of them are stripped).
pub(crate) fn url_matches(pattern: &str, path: &str) -> bool {
    pattern == "*"
        || pattern == path
        || (pattern.ends_with('*') && path.starts_with(pattern.trim_end_matches('*')))
}

#[cfg(test)]
mod tests {
    use super::url_matches;

    #[test]
    fn only_trailing_stars_are_wild() {
        assert!(url_matches("/api/**", "/api/v1"));
        assert!(!url_matches("/api/*", "/api"));
        assert!(!url_matches("/*/x", "/a/x"));
        assert!(url_matches("/*/x", "/*/x"));
    }
}
