//! What was known on a day: findings that a later scan leaves out, so that only new ones count.
//!
//! Findings are known by their fingerprints, which survive moved lines and renamed files. A fingerprint counts as often as
//! it stands in the file: a second finding like a known one is new.

use std::collections::BTreeMap;
use std::io;

use haechi_model::{Finding, ScanReport};
use serde::{Deserialize, Serialize};

const SCHEMA: &str = "haechi.baseline/v1";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    schema: String,
    findings: Vec<Known>,
}

/// Rule, resource and file stand there for people who read the file; only the fingerprint counts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    fingerprint: String,
    rule: String,
    resource: String,
    path: String,
}

impl Baseline {
    /// Everything that a scan found.
    pub(crate) fn of(report: &ScanReport) -> Self {
        let mut findings: Vec<Known> = report
            .findings
            .iter()
            .map(|finding| Known {
                fingerprint: finding.fingerprint.to_string(),
                rule: finding.rule.to_string(),
                resource: finding.resource.to_string(),
                path: finding.location.path.to_string(),
            })
            .collect();
        // An order of its own, so that the file changes little from scan to scan.
        findings.sort_by(|a, b| {
            (&a.resource, &a.rule, &a.fingerprint, &a.path).cmp(&(
                &b.resource,
                &b.rule,
                &b.fingerprint,
                &b.path,
            ))
        });
        Self { schema: SCHEMA.to_owned(), findings }
    }

    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if baseline.schema != SCHEMA {
            return Err(format!("schema `{}` is unknown, expected `{SCHEMA}`", baseline.schema));
        }
        Ok(baseline)
    }

    pub(crate) fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    pub(crate) fn len(&self) -> usize {
        self.findings.len()
    }

    /// Takes the known findings out of a report and returns how many of the baseline are no longer found.
    pub(crate) fn subtract(&self, report: &mut ScanReport) -> usize {
        let findings: Vec<&Finding> = report.findings.iter().collect();
        let (is_new, left) = self.compare(&findings);
        let mut is_new = is_new.into_iter();
        let before = report.findings.len();
        report.findings.retain(|_| is_new.next().unwrap_or(true));
        report.known = before - report.findings.len();
        left
    }

    /// Which findings, in the order of a report, are not known, and how many known ones are no longer found.
    pub(crate) fn compare(&self, findings: &[&Finding]) -> (Vec<bool>, usize) {
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for known in &self.findings {
            *left.entry(known.fingerprint.as_str()).or_default() += 1;
        }
        let is_new =
            findings.iter().map(|finding| match left.get_mut(finding.fingerprint.to_string().as_str()) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            });
        (is_new.collect(), left.values().sum())
    }
}
