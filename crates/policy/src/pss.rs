//! The Pod Security Standards, judged and worded as the API server's PodSecurity admission does.
//!
//! ```text
//! Pod ─► Facts (one walk, types checked) ─► checks of a level and version ─► Judgement
//! ```
//!
//! A pod is judged as the API server would store it: ports of a pod in the host's network get their host port,
//! AppArmor annotations are written into the fields that lack them, a volume without source is an `emptyDir`.
//!
//! Source of the rules: `k8s.io/pod-security-admission` (policy, api), up to v1.37.

mod checks;
mod engine;
mod facts;
mod labels;
mod legacy;
#[cfg(test)]
mod tests;
mod wording;

use std::fmt;
use std::str::FromStr;

use haechi_model::Span;
use haechi_objects::Pod;
use haechi_syntax::Node;

pub use engine::{PodSecurity, PodSecuritySet};
pub use labels::{LabelError, LevelVersion, NamespacePolicy};
pub use legacy::{LegacyPolicy, LegacyReason, read_legacy_policy};

use checks::CHECKS;
use facts::Facts;

/// The newest version of the standards that is known here.
pub const NEWEST: Version = Version::Minor(37);

/// How strict a standard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Everything is allowed.
    Privileged,
    /// Known ways to gain privileges are refused.
    Baseline,
    /// Current hardening practice is demanded.
    Restricted,
}

impl Level {
    /// From the most lenient to the strictest.
    pub const ALL: [Level; 3] = [Level::Privileged, Level::Baseline, Level::Restricted];

    /// The name in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no level or version; the message is the API server's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError(&'static str);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Level {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Level::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or(ParseError("must be one of privileged, baseline, restricted"))
    }
}

/// Which edition of the standards: each minor version of Kubernetes may change the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `v1.<minor>`; newer than the newest known one is judged as that.
    Minor(u16),
    /// Whatever is the newest one.
    Latest,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Latest => f.write_str("latest"),
            Version::Minor(minor) => write!(f, "v1.{minor}"),
        }
    }
}

impl FromStr for Version {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const ERROR: ParseError = ParseError("must be \"latest\" or \"v1.x\"");
        if text == "latest" {
            return Ok(Version::Latest);
        }
        let minor = text.strip_prefix("v1.").ok_or(ERROR)?;
        let is_number = !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || (minor.len() > 1 && minor.starts_with('0')) {
            return Err(ERROR);
        }
        // A number that fits no u16 is newer than anything known, as long as Go can read it.
        match minor.parse::<i64>() {
            Ok(minor) => Ok(Version::Minor(u16::try_from(minor).unwrap_or(u16::MAX))),
            Err(_) => Err(ERROR),
        }
    }
}

/// A value to point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Culprit<'d> {
    /// The value to change, or, where something is missing, the nearest thing that is there.
    pub node: Node<'d>,
    /// What is missing below `node`, as a path of keys (`securityContext.privileged`); empty if `node` itself is
    /// wrong.
    pub missing: &'static str,
}

impl Culprit<'_> {
    /// The short span to underline.
    pub fn span(&self) -> Span {
        self.node.anchor_span()
    }

    /// The path in the document, what is missing included.
    pub fn json_path(&self) -> String {
        let path = self.node.json_path();
        if self.missing.is_empty() { path } else { format!("{path}.{}", self.missing) }
    }
}

/// A check that the pod breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation<'d> {
    /// Id of the check upstream, for instance `runAsNonRoot`.
    pub check: &'static str,
    /// The level that the check belongs to.
    pub level: Level,
    /// The API server's short reason, for instance `host namespaces`.
    pub reason: &'static str,
    /// The API server's detail, for instance `hostPID=true`; never empty.
    pub detail: String,
    /// What to change.
    pub culprits: Vec<Culprit<'d>>,
}

impl fmt::Display for Violation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.detail)
    }
}

/// A check that could not be judged, because a value that it reads has a type that the API server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unjudged<'d> {
    /// Id of the check.
    pub check: &'static str,
    /// The malformed value.
    pub node: Node<'d>,
    /// The type that the field has.
    pub expected: &'static str,
}

/// The three answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The pod meets the level.
    Meets,
    /// Nothing forbidden was found, but not everything could be judged.
    Unknown,
    /// The pod breaks at least one check.
    Violates,
}

/// What a level says of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement<'d> {
    /// Checks that are broken for certain, in the API server's order.
    pub violations: Vec<Violation<'d>>,
    /// Checks that could not be judged.
    pub unjudged: Vec<Unjudged<'d>>,
}

impl Judgement<'_> {
    /// The answer.
    pub fn standing(&self) -> Standing {
        match (self.violations.is_empty(), self.unjudged.is_empty()) {
            (false, _) => Standing::Violates,
            (true, false) => Standing::Unknown,
            (true, true) => Standing::Meets,
        }
    }

    /// What the API server says after `violates PodSecurity "level:version": `.
    pub fn message(&self) -> String {
        let texts: Vec<String> = self.violations.iter().map(Violation::to_string).collect();
        texts.join(", ")
    }
}

/// Judges pods by the standards of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standards {
    newest: u16,
}

impl Default for Standards {
    fn default() -> Self {
        Self::new(NEWEST)
    }
}

impl Standards {
    /// The standards as an API server of that version knows them: `latest` and newer versions are read as
    /// `newest`.
    pub fn new(newest: Version) -> Self {
        let known = match NEWEST {
            Version::Minor(minor) => minor,
            Version::Latest => u16::MAX,
        };
        match newest {
            Version::Minor(minor) => Self { newest: minor.min(known) },
            Version::Latest => Self { newest: known },
        }
    }

    /// The minor version that a policy version stands for.
    pub fn resolve(self, version: Version) -> u16 {
        match version {
            Version::Latest => self.newest,
            Version::Minor(minor) => minor.min(self.newest),
        }
    }

    /// Judges a pod by a level. Allocates nothing for a pod that meets it.
    pub fn judge<'d>(self, pod: Pod<'d>, level: Level, version: Version) -> Judgement<'d> {
        match level {
            Level::Privileged => Judgement::default(),
            _ => judge(&Facts::of(pod), level, self.resolve(version)),
        }
    }

    /// The strictest level that the pod meets, or `None` where that cannot be told because of malformed values.
    pub fn level_of(self, pod: Pod<'_>, version: Version) -> Option<Level> {
        let minor = self.resolve(version);
        let facts = Facts::of(pod);
        let restricted = judge(&facts, Level::Restricted, minor);
        if restricted.standing() == Standing::Meets {
            return Some(Level::Restricted);
        }
        // The restricted level contains the baseline, in stricter words: what is unknown there may be a pass here.
        let baseline = judge(&facts, Level::Baseline, minor);
        match (baseline.standing(), restricted.standing()) {
            (Standing::Violates, _) => Some(Level::Privileged),
            (Standing::Meets, Standing::Violates) => Some(Level::Baseline),
            _ => None,
        }
    }
}

fn judge<'d>(facts: &Facts<'d>, level: Level, minor: u16) -> Judgement<'d> {
    let mut judgement = Judgement::default();
    for (index, check) in CHECKS.iter().enumerate() {
        let Some(revision) = check.revision(minor) else { continue };
        let is_overridden = level == Level::Restricted && check.is_overridden(minor);
        if check.level > level || is_overridden {
            continue;
        }
        if let Some(malformed) = facts.malformed_for(index) {
            judgement.unjudged.push(Unjudged {
                check: check.id,
                node: malformed.node,
                expected: malformed.expected,
            });
        } else if let Some(broken) = (revision.run)(facts) {
            judgement.violations.push(Violation {
                check: check.id,
                level: check.level,
                reason: broken.reason,
                detail: broken.detail,
                culprits: broken.culprits,
            });
        }
    }
    judgement
}
