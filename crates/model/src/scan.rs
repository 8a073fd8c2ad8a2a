use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::{Finding, FixSafety, Problem, ResourceRef};

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

/// Where a suppression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionSource {
    /// A comment in the manifest.
    Comment,
    /// An annotation of the object or its pod template.
    Annotation,
    /// The configuration file.
    Config,
}

/// A finding that somebody accepted, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// What was found.
    pub finding: Finding,
    /// Why it is accepted, as written.
    pub reason: String,
    /// Where that is written.
    pub source: SuppressionSource,
}

/// A text that a program made of templates. A finding whose place in the templates is not certain points into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rendered {
    /// What was rendered, as the user would name it: the folder of a kustomization or chart.
    pub folder: Arc<str>,
    /// The file that says what to render: the kustomization, or `Chart.yaml`.
    pub from: Arc<str>,
}

/// The result of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanReport {
    /// Violations, ordered by file, place and rule.
    pub findings: Vec<Finding>,
    /// Violations that were accepted, in the same order.
    pub suppressed: Vec<Suppressed>,
    /// How many violations were left out because the baseline knows them.
    pub known: usize,
    /// What was fixed, as it was found before: places and texts are those of the files as they were.
    pub fixed: Vec<Finding>,
    /// What could not be read or judged, ordered by file and place.
    pub problems: Vec<Problem>,
    /// What was looked at.
    pub counts: ScanCounts,
    /// Who owns an object, by the label that was asked for; objects without an owner are left out.
    pub owners: BTreeMap<ResourceRef, String>,
    /// Rendered texts by the path that locations in them name. No file has that path.
    pub rendered: BTreeMap<Arc<str>, Rendered>,
}

impl ScanReport {
    /// How many findings have a safe remedy, and how many an unsafe one.
    pub fn fixable(&self) -> (usize, usize) {
        let count = |safety| {
            let has = |finding: &&Finding| finding.fix.as_ref().is_some_and(|fix| fix.safety == safety);
            self.findings.iter().filter(has).count()
        };
        (count(FixSafety::Safe), count(FixSafety::Unsafe))
    }

    /// Whether everything that was asked for was judged. A scan that judged nothing is not complete.
    pub fn is_complete(&self) -> bool {
        self.counts.objects > 0 && !self.problems.iter().any(|problem| problem.kind.is_incomplete())
    }
}
