use serde::Serialize;

use crate::{Finding, Problem};

/// How much a scan looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ScanCounts {
    /// Files opened.
    pub files: usize,
    /// Documents read in them, empty ones not counted.
    pub documents: usize,
    /// Kubernetes objects judged; items of lists count one each.
    pub objects: usize,
    /// Rules that were asked.
    pub rules: usize,
}

/// The result of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanReport {
    /// Violations, ordered by file, place and rule.
    pub findings: Vec<Finding>,
    /// What could not be read or judged, ordered by file and place.
    pub problems: Vec<Problem>,
    /// What was looked at.
    pub counts: ScanCounts,
}

impl ScanReport {
    /// Whether everything that was asked for was judged. A scan that judged nothing is not complete.
    pub fn is_complete(&self) -> bool {
        self.counts.objects > 0 && !self.problems.iter().any(|problem| problem.kind.is_incomplete())
    }
}
