use serde::Serialize;

use crate::Severity;

/// What another tool, benchmark or catalogue calls the same rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PeerId {
    /// The other tool or benchmark, in lower case: `kubescape`, `cis`, `trivy`, `checkov`, `attack` …
    pub peer: &'static str,
    /// Its id there: `C-0057`, `5.2.2`, `KSV-0017`, `CKV_K8S_16`, `T1611` …
    pub id: &'static str,
}

/// What is known of a built-in rule apart from its text, which is found under its slug in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RuleInfo {
    /// Kebab-case id that names the bad thing. Never reused.
    pub slug: &'static str,
    /// The group it belongs to: `workload`, `image`, `rbac`, `network` …
    pub area: &'static str,
    /// How bad a violation is unless the finding says otherwise.
    pub severity: Severity,
    /// The version of Haechi that first had it.
    pub since: &'static str,
    /// Whether it is new and may still change.
    pub preview: bool,
    /// Where the reasons are written down: addresses of public documents.
    pub references: &'static [&'static str],
    /// The same rule elsewhere.
    pub peers: &'static [PeerId],
}
