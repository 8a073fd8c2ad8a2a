//! What an operator sets for admission.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use haechi_objects::PodTemplates;
use haechi_policy::pss::LevelVersion;
use haechi_policy::{Actions, FailMode};

use super::ChosenCheck;

/// What is done about a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforcement {
    /// The request is refused.
    Deny,
    /// The user is told.
    Warn,
    /// It is written into the audit log.
    Audit,
    /// It is counted.
    DryRun,
}

impl Enforcement {
    /// All of them, the strictest first.
    pub const ALL: [Enforcement; 4] =
        [Enforcement::Deny, Enforcement::Warn, Enforcement::Audit, Enforcement::DryRun];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Enforcement::Deny => "deny",
            Enforcement::Warn => "warn",
            Enforcement::Audit => "audit",
            Enforcement::DryRun => "dryrun",
        }
    }

    /// The same for verdicts.
    pub const fn actions(self) -> Actions {
        match self {
            Enforcement::Deny => Actions::DENY,
            Enforcement::Warn => Actions::WARN,
            Enforcement::Audit => Actions::AUDIT,
            Enforcement::DryRun => Actions::DRY_RUN,
        }
    }
}

/// A word that is no enforcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseEnforcementError(String);

impl fmt::Display for ParseEnforcementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is none of deny, warn, audit, dryrun", self.0)
    }
}

impl std::error::Error for ParseEnforcementError {}

impl FromStr for Enforcement {
    type Err = ParseEnforcementError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|enforcement| enforcement.as_str() == text);
        found.ok_or_else(|| ParseEnforcementError(text.to_owned()))
    }
}

/// What goes before a policy's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyOverride {
    /// What is done about its violations.
    pub enforcement: Option<Enforcement>,
    /// What its errors mean.
    pub on_error: Option<FailMode>,
}

/// What an operator sets for admission.
#[derive(Debug, Clone)]
pub struct AdmissionSettings {
    /// Files and folders with policies, and with the objects that these take as parameters.
    pub policies: Vec<PathBuf>,
    /// Files and folders with objects of the cluster that policies look up. Without any, a policy that looks some up
    /// cannot tell.
    pub inventory: Vec<PathBuf>,
    /// Built-in checks that are asked, with what is done about their findings.
    pub checks: Vec<ChosenCheck>,
    /// The Pod Security Standard where the labels of a namespace are not known or say nothing.
    pub pod_security: Option<LevelVersion>,
    /// What goes before the policies' own words, by the policy as verdicts name it.
    pub overrides: BTreeMap<String, PolicyOverride>,
    /// Namespaces in which nothing is asked.
    pub exempt: BTreeSet<String>,
    /// Takes the Rego of templates that have CEL too.
    pub rego_first: bool,
    /// Further kinds that hold a pod template.
    pub templates: PodTemplates,
    /// What checks can be told.
    pub check_options: haechi_checks::Options,
    /// Most time for one answer, whatever the API server allows.
    pub deadline: Duration,
    /// Threads that judge.
    pub workers: usize,
    /// Requests that wait for one of them.
    pub queue: usize,
    /// How often the folders are looked at.
    pub poll: Duration,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self {
            policies: Vec::new(),
            inventory: Vec::new(),
            checks: Vec::new(),
            pod_security: None,
            overrides: BTreeMap::new(),
            exempt: BTreeSet::new(),
            rego_first: false,
            templates: PodTemplates::default(),
            check_options: haechi_checks::Options::default(),
            deadline: Duration::from_secs(9),
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            queue: 256,
            poll: Duration::from_secs(5),
        }
    }
}
