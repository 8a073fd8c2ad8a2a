//! Findings over time: when each was first and last seen, and when it was fixed.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::{Fingerprint, ResourceRef, Severity};

use crate::StoreError;

/// A finding that a scan has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFinding {
    /// Its identity across scans of the same cluster.
    pub fingerprint: Fingerprint,
    /// Id of the rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The object that breaks the rule.
    pub resource: ResourceRef,
    /// The whole finding as JSON.
    pub body: String,
}

/// What a scan has really read and judged. A finding that it did not see again is fixed only if it lies within.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Rules that were asked and answered; `None` stands for all that there are.
    pub rules: Option<BTreeSet<String>>,
    /// Kinds that were listed as a whole; `None` stands for all.
    pub kinds: Option<BTreeSet<String>>,
    /// Namespaces that were read as a whole (`None` in the set: objects without namespace); `None` stands for all.
    pub namespaces: Option<BTreeSet<Option<String>>>,
}

impl Coverage {
    /// Whether a finding of this rule about this object would have been seen again.
    pub fn covers(&self, rule: &str, kind: &str, namespace: Option<&str>) -> bool {
        self.rules.as_ref().is_none_or(|rules| rules.contains(rule))
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(kind))
            && self
                .namespaces
                .as_ref()
                .is_none_or(|namespaces| namespaces.contains(&namespace.map(str::to_owned)))
    }
}

/// The result of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRun {
    /// What was scanned, as the user calls it.
    pub cluster: String,
    /// When the scan began to read, in microseconds since 1970. Scans may arrive out of order.
    pub at_us: i64,
    /// What it covered; `None` for a scan that is incomplete: it adds findings, and marks none as fixed.
    pub covered: Option<Coverage>,
    /// All that it found.
    pub findings: Vec<SeenFinding>,
}

/// What a scan has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanChanges {
    /// Seen for the first time.
    pub new: Vec<Fingerprint>,
    /// Seen again after they were fixed.
    pub reopened: Vec<Fingerprint>,
    /// Covered and not seen any more.
    pub fixed: Vec<Fingerprint>,
    /// Seen as before.
    pub unchanged: u64,
}

/// A finding with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFinding {
    /// What was scanned.
    pub cluster: String,
    /// What the last scan that saw it said.
    pub finding: SeenFinding,
    /// When it was first seen, in microseconds since 1970.
    pub first_seen_us: i64,
    /// When it was last seen.
    pub last_seen_us: i64,
    /// When a scan that covered it did not see it any more.
    pub fixed_us: Option<i64>,
    /// How often it came back after it was fixed.
    pub reopened: u32,
}

/// Which findings to list: the worst first, then by cluster and fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingQuery {
    /// Only of this cluster.
    pub cluster: Option<String>,
    /// Only of this rule.
    pub rule: Option<String>,
    /// Only about objects in this namespace.
    pub namespace: Option<String>,
    /// Only this bad, or worse.
    pub at_least: Option<Severity>,
    /// Only fixed ones, or only those that are not; both if none.
    pub is_fixed: Option<bool>,
    /// Go on behind this one, the last of the page before: its severity, cluster and fingerprint.
    pub after: Option<(Severity, String, Fingerprint)>,
    /// At most so many, and at most 10,000.
    pub limit: u32,
}

/// Keeps findings.
pub trait FindingStore {
    /// Brings the findings of a cluster up to date with a scan.
    ///
    /// # Errors
    /// When a finding is beyond the bounds, or it could not be committed; then nothing has changed.
    fn put_scan(&self, run: ScanRun) -> Result<ScanChanges, StoreError>;

    /// Findings with their histories.
    ///
    /// # Errors
    /// When they cannot be read.
    fn findings(&self, query: &FindingQuery) -> Result<Vec<StoredFinding>, StoreError>;

    /// Numbers of findings that are not fixed, by cluster and severity.
    ///
    /// # Errors
    /// When they cannot be read.
    fn finding_counts(&self) -> Result<BTreeMap<String, BTreeMap<Severity, u64>>, StoreError>;

    /// The latest time that anything is known of about a cluster's findings, in microseconds since 1970. Who scans one after the other
    /// goes on behind it, whatever the clock says: an earlier scan would change nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    fn last_scan_us(&self, cluster: &str) -> Result<Option<i64>, StoreError>;
}
